// The strip of a walk: groups of pills, one pill for each request, and a thin bar for each blob. Everything is redrawn
// at each change, and the focus stays on its pill.

import { follow, frame, h } from "./view.js";

/**
 * @typedef {{ index: number, number: number, method: string, status: string, outcome: string, detour: boolean,
 *   sentence: string, title: string }} Pill
 * @typedef {{ name: string, digest: string, title: string, amount: string, pills: Pill[],
 *   coming: { method: string, number: number } | null }} Group
 * @typedef {{ groups: Group[], hidden: number, before: number, after: number }} Scene
 * @typedef {{ sent: number, part: number, fate: string, text: string }} Bar
 */

class Strip {
  /** @param {import("@anywidget/types").AnyModel} model @param {import("./view.js").Frame} view */
  constructor(model, view) {
    this.model = model;
    this.view = view;
    /** @type {Map<number, HTMLElement>} */
    this.pills = new Map();
    /** @type {Map<string, { root: HTMLElement, fill: HTMLElement, bar: HTMLElement, fate: HTMLElement }>} */
    this.bars = new Map();
    this.list = h("ol", { class: "regtutor-strip", "aria-label": "The requests of this walk, by blob" });
    this.list.addEventListener("keydown", (event) => this.pressed(event));
    view.body.append(this.list);
    this.sized = new ResizeObserver(() => this.reveal(false));
    this.sized.observe(this.list);
    // A bar's text or the theme's fonts widen groups, which moves the pills behind them.
    this.grown = new ResizeObserver(() => this.reveal(true));
  }

  draw() {
    /** @type {Scene} */
    const scene = this.model.get("scene");
    const focused = [...this.pills].find(([, pill]) => pill === document.activeElement)?.[0];
    this.pills.clear();
    this.bars.clear();
    const left = scene.before ? h("li", { class: "regtutor-strip-note" }, `${scene.before} earlier`) : null;
    const more = scene.after + scene.hidden;
    const right = more ? h("li", { class: "regtutor-strip-note" }, `${more} more`) : null;
    const groups = scene.groups.map((group) => this.drawGroup(group));
    this.grown.disconnect();
    this.list.replaceChildren(...[left, ...groups, right].filter((part) => part !== null));
    for (const group of groups) this.grown.observe(group);
    this.moveBars();
    this.relight();
    if (focused !== undefined) this.pills.get(focused)?.focus({ preventScroll: true });
  }

  /** @param {Group} group */
  drawGroup(group) {
    const fate = h("span", { class: "regtutor-strip-fate" });
    const fill = h("div", { class: "regtutor-strip-fill" });
    const bar = group.digest
      ? h("div", { class: "regtutor-strip-bar", role: "progressbar", "aria-label": `${group.name}, ${group.amount}`, "aria-valuemin": 0, "aria-valuemax": 100 }, fill)
      : h("div", { class: "regtutor-strip-bar regtutor-strip-no-bar" });
    const pills = group.pills.map((pill) => this.drawPill(pill));
    if (group.coming) pills.push(drawComing(group.coming));
    const root = h(
      "li",
      { class: "regtutor-strip-group", title: group.title || null },
      h("div", { class: "regtutor-strip-name" }, h("b", {}, group.name), fate),
      bar,
      h("ol", { class: "regtutor-strip-pills", "aria-label": group.name }, ...pills),
    );
    if (group.digest) this.bars.set(group.digest, { root, fill, bar, fate });
    return root;
  }

  /** @param {Pill} pill */
  drawPill(pill) {
    const kind = `regtutor-${pill.outcome}${pill.detour ? " regtutor-detour" : ""}`;
    const button = h(
      "button",
      { type: "button", class: `regtutor-pill ${kind}`, tabindex: "-1", title: pill.title, onclick: () => this.choose(pill.index) },
      h("span", { class: "regtutor-heard" }, pill.sentence),
      h("span", { class: "regtutor-pill-sent", "aria-hidden": "true" }, pill.method, h("i", {}, "\u2192")),
      h("span", { class: "regtutor-pill-came", "aria-hidden": "true" }, h("i", {}, "\u2190"), pill.status),
    );
    button.dataset.index = String(pill.index);
    this.pills.set(pill.index, button);
    return h("li", {}, button);
  }

  moveBars() {
    /** @type {Record<string, Bar>} */
    const states = this.model.get("bars");
    for (const [digest, { root, fill, bar, fate }] of this.bars) {
      const state = states[digest];
      if (!state) continue;
      root.dataset.fate = state.fate;
      fill.style.width = `${100 * state.part}%`;
      fate.textContent = state.fate === "waiting" ? "" : state.text;
      bar.setAttribute("aria-valuenow", String(Math.round(100 * state.part)));
      bar.setAttribute("aria-valuetext", state.text);
    }
  }

  relight() {
    const selected = this.model.get("selected");
    for (const [index, pill] of this.pills) {
      pill.classList.toggle("regtutor-lit", index === selected);
      pill.classList.toggle("regtutor-later", index > selected);
      if (index === selected) pill.setAttribute("aria-current", "step");
      else pill.removeAttribute("aria-current");
    }
    this.reachable(this.pills.has(selected) ? selected : [...this.pills.keys()][0]);
    this.reveal(true);
    this.view.drawn({ index: selected, count: this.pills.size });
  }

  /** Makes one pill reachable by Tab. @param {number | undefined} index */
  reachable(index) {
    for (const [other, pill] of this.pills) pill.setAttribute("tabindex", other === index ? "0" : "-1");
  }

  /** Scrolls the strip sideways, never the page, until the lit pill and the next request are visible.
   * @param {boolean} gently */
  reveal(gently) {
    const lit = this.pills.get(this.model.get("selected"));
    const coming = /** @type {HTMLElement | null} */ (this.list.querySelector(".regtutor-coming"));
    const first = lit ?? coming;
    if (!first || this.list.clientWidth === 0) return;
    const frame = this.list.getBoundingClientRect();
    /** @param {HTMLElement} one */
    const place = (one) => one.getBoundingClientRect().left - frame.left + this.list.scrollLeft;
    const next = coming && place(coming) > place(first) ? coming : first;
    const right = place(next) + next.offsetWidth + 12 - this.list.clientWidth;
    const left = place(first) - 12;
    const now = this.list.scrollLeft;
    const to = now > left ? left : now < right ? Math.min(right, left) : now;
    const still = !gently || window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (Math.abs(to - now) > 1) this.list.scrollTo({ left: to, behavior: still ? "auto" : "smooth" });
  }

  /** @param {number} index */
  choose(index) {
    this.reachable(index);
    this.view.ask("select", { index }).catch(() => {});
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const order = [...this.pills.keys()];
    const at = order.findIndex((index) => this.pills.get(index) === event.target);
    /** @type {Record<string, number>} */
    const ways = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: order.length - 1 };
    if (at < 0 || event.ctrlKey || event.altKey || event.metaKey || !(event.key in ways)) return;
    event.preventDefault();
    const to = order[Math.min(Math.max(ways[event.key], 0), order.length - 1)];
    this.reachable(to);
    this.pills.get(to)?.focus();
  }
}

/** @param {{ method: string, number: number }} coming */
function drawComing(coming) {
  return h(
    "li",
    {},
    h(
      "span",
      { class: "regtutor-pill regtutor-coming", title: `${coming.number}. next: ${coming.method}` },
      h("span", { class: "regtutor-heard" }, `next: ${coming.method}`),
      h("span", { class: "regtutor-pill-sent", "aria-hidden": "true" }, coming.method, h("i", {}, "\u2192")),
      h("span", { class: "regtutor-pill-came", "aria-hidden": "true" }, "next"),
    ),
  );
}

/** @param {{ model: import("@anywidget/types").AnyModel, el: HTMLElement }} context */
function render({ model, el }) {
  const view = frame(model, el, "walk-strip", "The requests of the walk");
  const strip = new Strip(model, view);
  const ends = [
    follow(model, ["scene"], () => strip.draw()),
    follow(model, ["bars"], () => strip.moveBars()),
    follow(model, ["selected"], () => strip.relight()),
  ];
  return () => {
    for (const end of ends) end();
    strip.sized.disconnect();
    strip.grown.disconnect();
    view.close();
  };
}

export default { render };
