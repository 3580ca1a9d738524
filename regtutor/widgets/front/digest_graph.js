// The graph of digests: columns of buttons with lines between them, and below them the details of the chosen one.

import { follow, frame, h, s } from "./view.js";

/**
 * @typedef {{ id: string, kind: string, head: string, short: string, size: string, state: string, said: string,
 *   named: number, more: number }} Item
 * @typedef {{ said: string, asks: boolean, columns: Item[][], edges: [string, string][], unfetched: number,
 *   requests: number, left: number }} Drawing
 * @typedef {{ id: string, kind: string, title: string, state: string, said: string, facts: [string, string][],
 *   meaning: string, exchanges: string[], check: { good: boolean, text: string } | null, error: string,
 *   json: string[][], left: number, files: [string, string, string][], curl: string,
 *   note: string, can: { again: boolean, referrers: boolean }, asks: boolean }} About
 */

/** The sign of each state, shown in addition to its words. @type {Record<string, string>} */
const SIGNS = { named: "○", fetched: "✓", there: "✓", missing: "✗", wrong: "✗", failed: "✗" };

/** @param {Item} item */
function nodeButton(item) {
  const usual = ["named", "fetched", "there"].includes(item.state);
  return h(
    "button",
    {
      type: "button",
      class: `regtutor-node regtutor-kind-${item.kind} regtutor-is-${item.state}`,
      "data-digest": item.id,
      "data-state": item.state,
      title: `${item.id.replace(/^tag:/, "")}\n${item.said}`,
      tabindex: "-1",
    },
    h("span", { class: "regtutor-node-kind" }, item.kind, item.head ? h("span", { class: "regtutor-node-head" }, ` ${item.head}`) : null),
    // In a narrow node, the line breaks after the algorithm.
    h("span", { class: "regtutor-node-digest" }, ...item.short.split(/(?<=:)/).flatMap((part) => [h("wbr"), part])),
    h(
      "span",
      { class: "regtutor-node-size" },
      h("span", { class: "regtutor-node-state", "aria-hidden": "true" }, SIGNS[item.state]),
      usual && item.size ? ` ${item.size}` : ` ${item.said}`,
      usual && item.size ? h("span", { class: "regtutor-heard" }, `, ${item.said}`) : null,
      item.named > 1 ? h("span", { class: "regtutor-node-named", "aria-hidden": "true" }, `×${item.named}`) : null,
      item.named > 1 ? h("span", { class: "regtutor-heard" }, `, named ${item.named} times`) : null,
    ),
  );
}

/** The kinds of nodes in a column. @param {Item[]} column */
function caption(column) {
  return [...new Set(column.map((item) => item.kind))].join(", ");
}

/**
 * A curve from the right edge of one box to the left edge of another.
 * @param {DOMRect} from
 * @param {DOMRect} to
 * @param {DOMRect} ground
 */
function curve(from, to, ground) {
  const [x, y] = [from.right - ground.left, from.top + from.height / 2 - ground.top];
  const [toX, toY] = [to.left - ground.left, to.top + to.height / 2 - ground.top];
  const bend = Math.max((toX - x) / 2, 12);
  return `M${x} ${y}C${x + bend} ${y} ${toX - bend} ${toY} ${toX} ${toY}`;
}

/** @param {About} about */
function facts(about) {
  const list = h("dl", { class: "regtutor-facts" });
  for (const [name, value] of about.facts) {
    const meaning = name === "media type" && about.meaning ? h("span", { class: "regtutor-muted" }, ` ${about.meaning}`) : null;
    list.append(h("dt", {}, name), h("dd", {}, h("code", {}, value), meaning));
  }
  return list;
}

/** The JSON, in which digests are links. @param {string[][]} pieces @param {number} left */
function json(pieces, left) {
  if (pieces.length < 2 && !pieces[0]?.[0]) return null;
  const text = h("pre", { class: "regtutor-json", tabindex: "0", role: "region", "aria-label": "The JSON, one value on each line" });
  for (const [piece, digest, what] of pieces) {
    text.append(digest ? h("button", { type: "button", class: "regtutor-link", "data-digest": digest, title: what }, piece) : piece);
  }
  if (left) text.append(`\n… ${left.toLocaleString("en")} more characters are not shown.`);
  return text;
}

/** The files of a layer. @param {[string, string, string][]} files */
function fileList(files) {
  if (!files.length) return null;
  const rows = files.map(([mode, size, name]) => h("tr", {}, h("td", {}, mode), h("td", { class: "regtutor-number" }, size), h("td", {}, name)));
  return h(
    "div",
    { class: "regtutor-files", tabindex: "0", role: "region", "aria-label": "Files in this layer" },
    h("table", {}, h("thead", {}, h("tr", {}, ...["mode", "bytes", "name"].map((name) => h("th", { scope: "col" }, name)))), h("tbody", {}, ...rows)),
  );
}

/** The details of one node. @param {HTMLElement} place @param {About} about */
function describe(place, about) {
  const bad = ["missing", "wrong", "failed"].includes(about.state);
  const check = about.check;
  place.replaceChildren(
    h("div", { class: "regtutor-title" }, h("b", {}, about.kind), " ", h("code", {}, about.title), h("span", { class: bad ? "regtutor-bad" : "regtutor-muted" }, ` ${about.said}`)),
    ...about.exchanges.map((line) => h("div", { class: "regtutor-exchange" }, h("code", {}, line))),
  );
  if (!about.asks) place.append(h("div", { class: "regtutor-muted" }, "Read from the given image: nothing was fetched."));
  if (check) place.append(h("div", { class: check.good ? "regtutor-good" : "regtutor-bad" }, `${check.good ? "✓" : "✗"} ${check.text}`));
  if (about.note) place.append(h("div", {}, h("b", {}, about.note)));
  if (about.error) place.append(h("div", { class: "regtutor-bad" }, `✗ ${about.error}`));
  place.append(facts(about));
  const buttons = h("div", { class: "regtutor-buttons" });
  if (about.can.again) buttons.append(h("button", { type: "button", "data-ask": "again" }, "Fetch again"));
  if (about.can.referrers) buttons.append(h("button", { type: "button", "data-ask": "referrers" }, "List referrers"));
  place.append(buttons);
  for (const part of [json(about.json, about.left), fileList(about.files)]) if (part) place.append(part);
  if (about.curl) {
    place.append(h("details", {}, h("summary", {}, "The same request with curl"), h("pre", { class: "regtutor-curl", tabindex: "0" }, about.curl)));
  }
}

/** @type {import("@anywidget/types").Render} */
function render({ model, el }) {
  const view = frame(model, el, "digest-graph", "Graph of digests");
  const said = h("span", { class: "regtutor-said" });
  const all = h("button", { type: "button" });
  const lines = s("svg", { class: "regtutor-lines", "aria-hidden": "true" });
  const columns = h("div", { class: "regtutor-columns" });
  const ground = h("div", { class: "regtutor-ground" }, lines, columns);
  const graph = h("div", { class: "regtutor-graph" }, ground);
  const left = h("div", { class: "regtutor-muted" });
  const about = h("div", { class: "regtutor-about", role: "region", "aria-label": "Details of the chosen digest" });
  view.body.append(h("div", { class: "regtutor-head" }, said, all), graph, left, about);

  const data = () => /** @type {Drawing} */ (model.get("data"));
  /** @param {string} digest @returns {HTMLElement | null} */
  const nodeOf = (digest) => columns.querySelector(`.regtutor-node[data-digest="${CSS.escape(digest)}"]`);

  const drawLines = () => {
    const area = ground.getBoundingClientRect();
    if (!area.width) return;
    lines.setAttribute("width", String(columns.scrollWidth));
    lines.setAttribute("height", String(columns.scrollHeight));
    lines.replaceChildren(
      ...data().edges.flatMap(([from, to]) => {
        const [start, end] = [nodeOf(from), nodeOf(to)];
        if (!start || !end) return [];
        const path = s("path", { d: curve(start.getBoundingClientRect(), end.getBoundingClientRect(), area), "data-from": from, "data-to": to });
        return [path];
      }),
    );
  };

  /** Highlights everything that has this digest, and the lines that end there. @param {string} digest */
  const light = (digest) => {
    for (const element of [...about.querySelectorAll("[data-digest]"), ...columns.querySelectorAll("[data-digest]")]) {
      element.classList.toggle("regtutor-lit", digest !== "" && element.getAttribute("data-digest") === digest);
    }
    for (const path of lines.children) {
      const ends = [path.getAttribute("data-from"), path.getAttribute("data-to")];
      path.classList.toggle("regtutor-lit", digest !== "" && ends.includes(digest));
    }
  };

  /** @param {boolean} focus */
  const mark = (focus) => {
    const chosen = model.get("selected");
    for (const node of columns.querySelectorAll(".regtutor-node")) {
      const is = node.getAttribute("data-digest") === chosen;
      node.setAttribute("tabindex", is ? "0" : "-1");
      node.setAttribute("aria-pressed", String(is));
    }
    if (!columns.querySelector(".regtutor-node[tabindex='0']")) columns.querySelector(".regtutor-node")?.setAttribute("tabindex", "0");
    if (focus) nodeOf(chosen)?.focus();
  };

  const draw = () => {
    const { said: title, asks, columns: every, unfetched, requests, left: rest } = data();
    const hadFocus = columns.contains(document.activeElement);
    said.textContent = asks ? `${title}: ${requests} request${requests === 1 ? "" : "s"} so far` : title;
    all.textContent = `Fetch all manifests (${unfetched})`;
    all.hidden = !asks || !unfetched;
    columns.replaceChildren(
      ...every.map((column) => {
        const list = h("ul", { "aria-label": caption(column) });
        for (const item of column) {
          const more = item.more
            ? h("button", { type: "button", class: "regtutor-link", "data-more": item.id }, `draw ${Math.min(item.more, 50)} more of ${item.more.toLocaleString("en")}`)
            : null;
          list.append(h("li", {}, nodeButton(item), more));
        }
        return h("div", { class: "regtutor-column" }, h("div", { class: "regtutor-caption", "aria-hidden": "true" }, caption(column)), list);
      }),
    );
    left.textContent = rest ? `${rest.toLocaleString("en")} more named digests are not drawn.` : "";
    mark(hadFocus);
    drawLines();
    view.drawn({ nodes: every.flat().length, requests, selected: model.get("selected") });
  };

  const drawAbout = () => {
    const held = about.contains(document.activeElement);
    describe(about, model.get("detail"));
    if (held) nodeOf(model.get("selected"))?.focus();
    view.drawn({ selected: model.get("selected"), state: model.get("detail").state });
  };

  /** @param {string} kind @param {string} [digest] */
  const ask = (kind, digest) => {
    const node = digest ? nodeOf(digest) : null;
    node?.setAttribute("aria-busy", "true");
    view
      .ask(kind, digest ? { digest } : {})
      .catch(() => undefined)
      .finally(() => node?.removeAttribute("aria-busy"));
  };

  /** The destination of each key: up and down in a column, left to a node that names it, right to one that it names. */
  /** @type {Record<string, (node: Element) => Element | null | undefined>} */
  const KEYS = {
    ArrowDown: (node) => node.closest("li")?.nextElementSibling?.querySelector(".regtutor-node"),
    ArrowUp: (node) => node.closest("li")?.previousElementSibling?.querySelector(".regtutor-node"),
    ArrowRight: (node) => nodeOf(data().edges.find(([from]) => from === node.getAttribute("data-digest"))?.[1] ?? ""),
    ArrowLeft: (node) => nodeOf(data().edges.find(([, to]) => to === node.getAttribute("data-digest"))?.[0] ?? ""),
    Home: () => columns.querySelector(".regtutor-node"),
    End: () => [...columns.querySelectorAll(".regtutor-node")].at(-1),
  };
  columns.addEventListener("keydown", (event) => {
    const node = event.target instanceof Element ? event.target.closest(".regtutor-node") : null;
    if (!node || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const to = KEYS[event.key]?.(node);
    if (!KEYS[event.key]) return;
    event.preventDefault();
    if (!(to instanceof HTMLElement)) return;
    for (const other of columns.querySelectorAll(".regtutor-node")) other.setAttribute("tabindex", "-1");
    to.setAttribute("tabindex", "0");
    to.focus();
  });
  view.body.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (!button) return;
    const { digest, ask: kind, more } = button.dataset;
    if (digest) ask("open", digest);
    else if (kind) ask(kind, model.get("selected"));
    else if (more) ask("more", more);
    else if (button === all) ask("all");
  });
  /** @param {Event} event */
  const pointed = (event) => {
    const holder = event.target instanceof Element ? event.target.closest("[data-digest]") : null;
    light(holder?.getAttribute("data-digest") ?? "");
  };
  for (const name of ["pointerover", "focusin"]) view.body.addEventListener(name, pointed);
  for (const name of ["pointerleave", "focusout"]) view.body.addEventListener(name, () => light(""));

  const resized = new ResizeObserver(drawLines);
  resized.observe(columns);
  const unfollow = [follow(model, ["data"], draw), follow(model, ["detail"], drawAbout), follow(model, ["selected"], () => mark(false))];
  return () => {
    resized.disconnect();
    for (const end of unfollow) end();
    view.close();
  };
}

export default { render };
