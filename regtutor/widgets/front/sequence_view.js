// The sequence diagram: an item for each exchange, between the lifelines of the client and of each registry. Arrows are
// HTML elements with small SVG heads, so that their texts wrap without any measuring.

import { follow, frame, h, s } from "./view.js";

/**
 * @typedef {{ number: number, step: string, method: string, target: string, short: string, registry: string, up: string,
 *   interims: string[], answer: string, down: string, meaning: string, outcome: string, detour: boolean,
 *   sentence: string }} Item
 * @typedef {{ name: string, digest: string, short: string, size: number, amount: string }} Blob
 * @typedef {{ registries: string[], items: Item[], dims: boolean, before: number, after: number,
 *   blobs: Blob[], hidden: number }} Scene
 * @typedef {{ names: string[], client: number }} Actors
 * @typedef {{ key: string, root: HTMLElement, button: HTMLElement, item: Item }} Drawn
 * @typedef {{ root: HTMLElement, bar: HTMLElement, fill: HTMLElement, fate: HTMLElement, blob: Blob }} Bar
 */

/** The width in pixels from which on the blobs are next to the diagram. */
const WIDE = 760;

/** @param {Scene} scene @returns {Actors} the client stands between two registries, and to the left of one or many */
function actorsOf(scene) {
  const names = [...scene.registries];
  const client = names.length === 2 ? 1 : 0;
  names.splice(client, 0, "client");
  return { names, client };
}

/** @param {Actors} actors @param {string} registry */
function laneOf(actors, registry) {
  const lane = actors.names.findIndex((name, index) => index !== actors.client && name === registry);
  if (lane >= 0) return lane;
  return actors.client === 0 ? 1 : 0;
}

/** @param {Actors} actors */
function lifelines(actors) {
  return actors.names.map((_, index) => {
    const line = h("span", { class: "regtutor-seq-life", "aria-hidden": "true" });
    line.style.setProperty("--at", String(index / (actors.names.length - 1)));
    return line;
  });
}

/** @param {Actors} actors @param {number} lane @param {...(Node | null)} children the content between two lifelines */
function span(actors, lane, ...children) {
  const last = actors.names.length - 1;
  const away = lane < actors.client ? " regtutor-leftwards" : "";
  const element = h("span", { class: `regtutor-seq-span${away}` }, ...children);
  element.style.setProperty("--low", String(Math.min(lane, actors.client) / last));
  element.style.setProperty("--high", String(Math.max(lane, actors.client) / last));
  return element;
}

function head() {
  return s("svg", { class: "regtutor-seq-head", viewBox: "0 0 9 11" }, s("path", { d: "M9 5.5L0 0.5v10z" }));
}

function cross() {
  return s("svg", { class: "regtutor-seq-cross", viewBox: "0 0 13 13" }, s("path", { d: "M2 2l9 9m0-9l-9 9" }));
}

/** @param {"" | "start" | "end"} [piece] the short line at an arrow's start or end, or the line between them */
function line(piece = "") {
  return h("span", { class: piece ? `regtutor-seq-line regtutor-${piece}` : "regtutor-seq-line" });
}

/** @param {string} text */
function on(text) {
  return h("span", { class: "regtutor-seq-on" }, text);
}

/** @param {string} text */
function size(text) {
  return text ? h("span", { class: "regtutor-seq-on regtutor-seq-size" }, text) : null;
}

/** @param {string} kind @param {boolean} leftwards @param {...(Node | null)} parts from its tail to its head */
function arrow(kind, leftwards, ...parts) {
  return h("span", { class: `regtutor-seq-arrow ${kind}${leftwards ? " regtutor-leftwards" : ""}` }, ...parts);
}

/** @param {Item} item @param {boolean} leftwards */
function requestArrow(item, leftwards) {
  const number = h("span", { class: "regtutor-seq-number" }, item.number);
  const before = [line("start"), on(item.step || item.method), line(), ...(item.up ? [size(item.up), line("end")] : [])];
  const end = item.outcome === "none" ? [cross(), h("span", { class: "regtutor-seq-void" })] : [head()];
  return arrow("regtutor-seq-request", leftwards, number, ...before, ...end);
}

/** @param {string} kind @param {string} text @param {string} amount @param {boolean} leftwards */
function answerArrow(kind, text, amount, leftwards) {
  const before = amount ? [line("end"), size(amount), line()] : [line()];
  return arrow(kind, leftwards, ...before, on(text), line("end"), head());
}

/** @param {Item} item */
function words(item) {
  return h(
    "span",
    { class: "regtutor-seq-words" },
    h(
      "span",
      { class: "regtutor-seq-what", title: `${item.method} ${item.target}` },
      h("b", {}, item.method),
      ` ${item.short}`,
    ),
    item.detour ? h("span", { class: "regtutor-seq-yours", title: "You changed this request" }, "yours") : null,
  );
}

/** @param {Item} item @param {Actors} actors @param {() => void} chosen @returns {Drawn} */
function drawItem(item, actors, chosen) {
  const lane = laneOf(actors, item.registry);
  const away = lane < actors.client;
  const kind = `regtutor-${item.outcome}`;
  const lost = item.outcome === "none";
  const seen = span(
    actors,
    lane,
    words(item),
    requestArrow(item, away),
    ...item.interims.map((text) => answerArrow("regtutor-seq-interim", text, "", !away)),
    lost
      ? arrow(kind, away, h("span", { class: "regtutor-seq-on regtutor-seq-lost" }, item.answer))
      : answerArrow(`regtutor-seq-answer ${kind}`, item.answer, item.down, !away),
    h("span", { class: "regtutor-seq-meaning" }, item.meaning),
  );
  // Screen readers skip the picture: the button behind it has the same content as a sentence.
  seen.setAttribute("aria-hidden", "true");
  const button = h("button", { class: "regtutor-seq-item", type: "button", tabindex: "-1" });
  const detour = item.detour ? " regtutor-seq-detour" : "";
  const root = h("li", { class: `regtutor-seq-exchange${detour}`, onclick: chosen }, button, ...lifelines(actors), seen);
  return { key: JSON.stringify(item), root, button, item };
}

/** @param {{ text: string, to: string }} ghost @param {Actors} actors */
function drawGhost(ghost, actors) {
  const lane = laneOf(actors, ghost.to);
  const number = h("span", { class: "regtutor-seq-number", "aria-hidden": "true" }, "?");
  const way = arrow("", lane < actors.client, number, line("start"), on(`next: ${ghost.text}`), line(), head());
  return h("li", { class: "regtutor-seq-ghost" }, ...lifelines(actors), span(actors, lane, way));
}

/** @param {Blob} blob @returns {Bar} */
function drawBar(blob) {
  const fate = h("span", { class: "regtutor-seq-fate" });
  const fill = h("div", { class: "regtutor-seq-fill" });
  const bar = h(
    "div",
    {
      class: "regtutor-seq-bar",
      role: "progressbar",
      "aria-label": `${blob.name}, ${blob.short}, ${blob.amount}`,
      "aria-valuemin": 0,
      "aria-valuemax": Math.max(blob.size, 1),
    },
    fill,
  );
  const about = h(
    "span",
    { class: "regtutor-seq-blob-about" },
    h("code", { title: blob.digest }, blob.short),
    blob.amount,
  );
  const text = h("div", { class: "regtutor-seq-blob-text" }, h("span", { class: "regtutor-seq-blob-name" }, blob.name), about, fate);
  return { root: h("li", { class: "regtutor-seq-blob" }, text, bar), bar, fill, fate, blob };
}

/** @param {Bar} bar @param {{ sent: number, fate: string, text: string }} state */
function moveBar(bar, state) {
  const whole = Math.max(bar.blob.size, 1);
  const sent = Math.min(state.sent, whole);
  bar.fill.style.width = `${(100 * sent) / whole}%`;
  bar.fate.textContent = state.text;
  bar.root.dataset.fate = state.fate;
  bar.bar.setAttribute("aria-valuenow", String(sent));
  bar.bar.setAttribute("aria-valuetext", state.text);
}

class Diagram {
  /** @param {import("@anywidget/types").AnyModel} model @param {import("./view.js").Frame} view */
  constructor(model, view) {
    this.model = model;
    this.view = view;
    /** @type {Drawn[]} */
    this.drawn = [];
    /** @type {Bar[]} */
    this.bars = [];
    this.actors = "";
    this.shown = -2;
    this.blobs = h("ul", { class: "regtutor-seq-blobs", "aria-label": "Blobs" });
    this.header = h("div", { class: "regtutor-seq-actors", "aria-hidden": "true" });
    this.earlier = h("p", { class: "regtutor-seq-note" });
    this.later = h("p", { class: "regtutor-seq-note" });
    this.list = h("ol", { class: "regtutor-seq-list", "aria-label": "Exchanges" });
    this.list.addEventListener("keydown", (event) => this.pressed(event));
    this.box = h("div", { class: "regtutor-seq-box" }, this.header, this.earlier, this.list, this.later);
    this.root = h("div", { class: "regtutor-seq" }, this.blobs, this.box);
    view.body.append(this.root);
    this.sized = new ResizeObserver(() => this.fit());
    this.sized.observe(view.body);
    this.sized.observe(this.box);
  }

  /** @returns {Scene} */
  get scene() {
    return this.model.get("scene");
  }

  draw() {
    const scene = this.scene;
    const actors = actorsOf(scene);
    this.drawActors(actors);
    this.drawItems(scene, actors);
    this.drawBlobs(scene);
    // The selection can arrive before the scene that contains it, when it is too early to scroll to it.
    this.shown = -2;
    this.relight();
  }

  /** @param {Actors} actors */
  drawActors(actors) {
    const key = actors.names.join("\n");
    if (key === this.actors) return;
    this.actors = key;
    this.drawn = [];
    this.header.replaceChildren(
      ...actors.names.map((name) => h("span", { class: "regtutor-seq-actor" }, h("span", { title: name }, name))),
    );
    this.list.setAttribute("aria-label", `Exchanges between the client and ${this.scene.registries.join(" and ")}`);
  }

  /** Items that are already drawn stay, and so does the focus. @param {Scene} scene @param {Actors} actors */
  drawItems(scene, actors) {
    const known = new Map(this.drawn.map((one) => [one.key, one]));
    this.drawn = scene.items.map((item) => {
      const key = JSON.stringify(item);
      const same = known.get(key);
      known.delete(key);
      return same || drawItem(item, actors, () => this.choose(item));
    });
    const ghost = this.model.get("ghost");
    const wanted = this.drawn.map((one) => one.root);
    if (ghost.text && scene.after === 0) wanted.push(drawGhost(ghost, actors));
    for (const child of [...this.list.children]) if (!wanted.includes(/** @type {HTMLElement} */ (child))) child.remove();
    wanted.forEach((root, index) => {
      if (this.list.children[index] !== root) this.list.insertBefore(root, this.list.children[index] || null);
    });
    const empty = wanted.length === 0 ? "No request has been sent yet." : "";
    this.note(this.earlier, scene.before ? `${scene.before.toLocaleString("en")} earlier exchanges are not drawn` : empty);
    this.note(this.later, scene.after ? `${scene.after.toLocaleString("en")} later exchanges are not drawn` : "");
  }

  /** @param {HTMLElement} place @param {string} text */
  note(place, text) {
    place.textContent = text;
    place.hidden = !text;
  }

  /** @param {Scene} scene */
  drawBlobs(scene) {
    this.bars = scene.blobs.map(drawBar);
    const more = scene.hidden ? h("li", { class: "regtutor-seq-note" }, `${scene.hidden} more blobs are not drawn`) : null;
    this.blobs.replaceChildren(...this.bars.map((bar) => bar.root), ...(more ? [more] : []));
    this.blobs.hidden = this.bars.length === 0;
    // A list that scrolls must be reachable by keyboard.
    if (this.bars.length > 6) this.blobs.setAttribute("tabindex", "0");
    else this.blobs.removeAttribute("tabindex");
    this.moveBars();
  }

  moveBars() {
    const states = this.model.get("bars");
    for (const bar of this.bars) if (states[bar.blob.digest]) moveBar(bar, states[bar.blob.digest]);
  }

  /** Puts the blobs next to the diagram if there is room, and keeps the highlighted item visible. */
  fit() {
    this.root.classList.toggle("regtutor-wide", this.view.body.clientWidth >= WIDE);
    this.reveal(this.lit(), false);
  }

  lit() {
    return this.drawn[this.model.get("selected") - this.scene.before];
  }

  relight() {
    const selected = this.model.get("selected") - this.scene.before;
    this.drawn.forEach((one, index) => {
      const later = this.scene.dims && index > selected;
      one.root.classList.toggle("regtutor-lit", index === selected);
      one.root.classList.toggle("regtutor-later", later);
      one.button.setAttribute("aria-label", later ? `${one.item.sentence} (later than the current state)` : one.item.sentence);
      if (index === selected) one.button.setAttribute("aria-current", "step");
      else one.button.removeAttribute("aria-current");
    });
    this.reachable(Math.max(selected, 0));
    const moved = this.shown !== selected + this.scene.before;
    this.shown = selected + this.scene.before;
    if (moved && this.shown < 0) this.box.scrollTo({ top: 0 });
    else if (moved) this.reveal(this.lit(), true);
    this.view.drawn({ index: this.shown, count: this.drawn.length });
  }

  /** Makes one item reachable by Tab. @param {number} index */
  reachable(index) {
    this.drawn.forEach((one, other) => one.button.setAttribute("tabindex", other === index ? "0" : "-1"));
  }

  /** Scrolls the box, never the page, until the item is visible; after the last item, the next request as well.
   * @param {Drawn | undefined} one @param {boolean} gently */
  reveal(one, gently) {
    if (one === undefined || this.box.clientHeight === 0) return;
    const next = one.root.nextElementSibling;
    const last = next && next.classList.contains("regtutor-seq-ghost") ? /** @type {HTMLElement} */ (next) : one.root;
    const top = one.root.offsetTop - this.header.offsetHeight - 8;
    const bottom = last.offsetTop + last.offsetHeight + 8 - this.box.clientHeight;
    const now = this.box.scrollTop;
    const to = now > top ? top : now < bottom ? Math.min(bottom, top) : now;
    const still = !gently || window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (to !== now) this.box.scrollTo({ top: to, behavior: still ? "auto" : "smooth" });
  }

  /** @param {Item} item */
  choose(item) {
    const index = this.drawn.findIndex((one) => one.item === item);
    this.reachable(index);
    this.drawn[index].button.focus({ preventScroll: true });
    this.view.ask("select", { index: index + this.scene.before }).catch(() => {});
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const at = this.drawn.findIndex((one) => one.button === event.target);
    const last = this.drawn.length - 1;
    /** @type {Record<string, number>} */
    const ways = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: last };
    if (at < 0 || event.ctrlKey || event.altKey || event.metaKey || !(event.key in ways)) return;
    event.preventDefault();
    const to = Math.min(Math.max(ways[event.key], 0), last);
    this.reachable(to);
    this.drawn[to].button.focus({ preventScroll: true });
    this.reveal(this.drawn[to], false);
  }
}

/** @param {{ model: import("@anywidget/types").AnyModel, el: HTMLElement }} context */
function render({ model, el }) {
  const view = frame(model, el, "sequence-view", "The requests as a sequence diagram");
  const diagram = new Diagram(model, view);
  const ends = [
    follow(model, ["scene", "ghost"], () => diagram.draw()),
    follow(model, ["bars"], () => diagram.moveBars()),
    follow(model, ["selected"], () => diagram.relight()),
  ];
  return () => {
    for (const end of ends) end();
    diagram.sized.disconnect();
    view.close();
  };
}

export default { render };
