// The registry's storage as a tree. The rows come from the kernel; missing rows are requested when a folder is opened.

import { follow, frame, h } from "./view.js";

/**
 * @typedef {{ path: string, of: string, folder: boolean, parts: [string, string, number][], size: number, files: number,
 *   kind: "" | "new" | "changed" | "gone", inside: number[], total: number, open: boolean }} Row
 * @typedef {{ row: Row, level: number, place: number, more: number }} Line a row, or, if `more` is not 0, an offer of
 *   that number of further rows of the folder `row`
 */

const SIGNS = { new: "+", changed: "~", gone: "−", "": "" };
const KINDS = /** @type {const} */ (["new", "changed", "gone"]);

/** @param {number} number @param {string} word */
function counted(number, word) {
  return `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
}

/** @type {Row} */
const ROOT = { path: "", of: "", folder: true, parts: [], size: 0, files: 0, kind: "", inside: [0, 0, 0], total: 0, open: true };

/**
 * The rows received so far, by folder.
 * @param {Row[]} rows
 */
function byFolder(rows) {
  /** @type {Map<string, Row[]>} */
  const below = new Map();
  for (const row of rows) below.set(row.of, [...(below.get(row.of) ?? []), row]);
  return below;
}

/**
 * The visible lines, from top to bottom.
 * @param {Map<string, Row[]>} below
 * @param {number} total rows at the top
 * @param {Record<string, boolean>} opened
 * @returns {Line[]}
 */
function seen(below, total, opened) {
  /** @type {Line[]} */
  const lines = [];
  /** @param {Row} folder @param {number} level */
  const walk = (folder, level) => {
    const rows = below.get(folder.path) ?? [];
    rows.forEach((row, index) => {
      lines.push({ row, level, place: index + 1, more: 0 });
      if (row.total && (opened[row.path] ?? row.open)) walk(row, level + 1);
    });
    const more = folder.total - rows.length;
    if (more > 0) lines.push({ row: folder, level, place: folder.total, more });
  };
  walk({ ...ROOT, total }, 1);
  return lines;
}

/** The key of a line, which stays the same when lines are drawn again. @param {Line} line */
function keyOf(line) {
  return line.more ? `${line.row.path}/…more` : line.row.path;
}

/** @param {Row} row */
function amount(row) {
  if (!row.folder) return row.kind === "gone" ? "" : counted(row.size, "byte");
  if (!row.total) return "empty";
  return row.files ? `${counted(row.files, "file")}, ${counted(row.size, "byte")}` : row.kind ? "" : "empty now";
}

/** The changes in a folder, as signs with numbers, and as words for screen readers. @param {Row} row */
function marks(row) {
  if (!row.total || row.kind) return [];
  return KINDS.flatMap((kind, index) => {
    const number = row.inside[index];
    if (!number) return [];
    return h(
      "span",
      { class: `regtutor-mark regtutor-${kind}`, title: `${number} ${kind} in here` },
      h("span", { "aria-hidden": "true" }, `${SIGNS[kind]}${number}`),
      h("span", { class: "regtutor-heard" }, ` ${number} ${kind}`),
    );
  });
}

/**
 * @param {Line} line
 * @param {boolean} isOpen
 * @param {number} siblings
 * @param {string[]} words
 */
function rowElement(line, isOpen, siblings, words) {
  const { row, level, more } = line;
  const holds = !more && row.total > 0;
  const kind = more ? "" : row.kind;
  const element = h("div", {
    class: `regtutor-row${kind ? ` regtutor-${kind}` : ""}`,
    role: "treeitem",
    tabindex: "-1",
    "aria-level": level,
    "aria-setsize": siblings,
    "aria-posinset": line.place,
    "aria-expanded": holds ? String(isOpen) : null,
    "aria-selected": "false",
    "data-path": keyOf(line),
    "data-kind": kind,
  });
  element.style.setProperty("--level", String(level - 1));
  if (more) {
    element.classList.add("regtutor-more");
    element.append(h("span", { class: "regtutor-twist" }), `… ${counted(more, "more row")} not shown: press Enter or click`);
    return element;
  }
  const name = h("span", { class: "regtutor-name" });
  for (const [shown, whole, word] of row.parts) {
    const title = [whole, words[word] ?? ""].filter(Boolean).join(": ");
    name.append(h("span", { title: title || null }, shown));
  }
  const sign = h("span", { class: "regtutor-sign" }, kind ? `${SIGNS[kind]} ${kind}` : "");
  element.append(
    h("span", { class: "regtutor-twist", "aria-hidden": "true" }, holds ? (isOpen ? "▾" : "▸") : ""),
    name,
    h("span", { class: "regtutor-about" }, sign, ...marks(row), h("span", { class: "regtutor-amount" }, amount(row))),
  );
  return element;
}

/**
 * The explanation of one row, with a line for each known part of its path.
 * @param {HTMLElement} place
 * @param {Row | undefined} row
 * @param {string[]} words
 */
function explain(place, row, words) {
  place.replaceChildren(h("div", { class: "regtutor-caption" }, "What is this?"));
  if (!row) {
    place.append(h("div", { class: "regtutor-muted" }, "Choose a line of the tree."));
    return;
  }
  place.append(h("code", {}, row.path + (row.folder ? "/" : "")));
  const known = row.parts.filter(([, , word]) => word >= 0);
  for (const [shown, , word] of known) {
    place.append(h("div", {}, known.length > 1 ? h("code", {}, `${shown} `) : null, words[word]));
  }
  if (!known.length) place.append(h("div", { class: "regtutor-muted" }, "This is not a part of the known layout."));
}

/** @type {import("@anywidget/types").Render} */
function render({ model, el }) {
  const view = frame(model, el, "registry-tree", "The registry's storage on disk");
  const said = h("p", { class: "regtutor-said", "aria-live": "polite" });
  const refresh = h("button", { type: "button", class: "regtutor-refresh" }, "Refresh");
  const tree = h("div", { class: "regtutor-tree", role: "tree", "aria-label": "Files and folders of the storage" });
  const what = h("div", { class: "regtutor-what", "aria-live": "polite" });
  view.body.append(h("div", { class: "regtutor-head" }, said, refresh), tree, what);

  /** @type {Map<string, Row[]>} */
  let below = new Map();
  /** @type {Line[]} */
  let lines = [];
  /** @type {Set<string>} folders whose rows have been requested and not received yet */
  const asked = new Set();
  let version = 0;

  const opened = () => /** @type {Record<string, boolean>} */ (model.get("opened") ?? {});
  const data = () => model.get("data");
  /** @param {Row} row */
  const isOpen = (row) => opened()[row.path] ?? row.open;
  const at = () => lines.findIndex((line) => keyOf(line) === model.get("selected"));

  /** Requests the next rows of a folder. @param {Row} folder */
  const fetchMore = (folder) => {
    if (asked.has(folder.path)) return;
    asked.add(folder.path);
    const [start, mine] = [below.get(folder.path)?.length ?? 0, version];
    view
      .ask("children", { path: folder.path, start })
      .then((/** @type {{ rows: Row[] }} */ reply) => {
        if (mine !== version) return;
        below.set(folder.path, [...(below.get(folder.path) ?? []), ...reply.rows]);
        asked.delete(folder.path);
        paint();
      })
      .catch(() => asked.delete(folder.path));
  };

  const paint = () => {
    const hadFocus = tree.contains(document.activeElement);
    lines = seen(below, data().total ?? 0, opened());
    const words = data().words ?? [];
    const totals = new Map([["", data().total ?? 0]]);
    for (const { row, more } of lines) if (!more) totals.set(row.path, row.total);
    tree.replaceChildren(
      ...lines.map((line) => {
        const siblings = totals.get(line.more ? line.row.path : line.row.of) ?? 1;
        return rowElement(line, isOpen(line.row), siblings, words);
      }),
    );
    tree.hidden = !lines.length;
    what.hidden = !lines.length;
    mark(hadFocus);
    for (const { row, more } of lines) if (!more && row.total && isOpen(row) && !below.has(row.path)) fetchMore(row);
    view.drawn({ rows: lines.length, changed: data().changed ?? 0, selected: model.get("selected") });
  };

  /** @param {boolean} focus */
  const mark = (focus) => {
    const found = at();
    [...tree.children].forEach((element, index) => {
      element.setAttribute("tabindex", index === Math.max(found, 0) ? "0" : "-1");
      element.setAttribute("aria-selected", String(index === found));
    });
    const line = lines[found];
    explain(what, line && !line.more ? line.row : undefined, data().words ?? []);
    if (focus) /** @type {HTMLElement | undefined} */ (tree.children[Math.max(found, 0)])?.focus();
    view.drawn({ selected: model.get("selected") });
  };

  /** @param {number} index */
  const choose = (index) => {
    const line = lines[Math.min(Math.max(index, 0), lines.length - 1)];
    if (!line) return;
    model.set("selected", keyOf(line));
    model.save_changes();
    mark(true);
  };

  /** @param {Row} row @param {boolean} open */
  const toggle = (row, open) => {
    model.set("opened", { ...opened(), [row.path]: open });
    model.save_changes();
    paint();
  };

  /** @param {Line} line */
  const act = (line) => {
    if (line.more) fetchMore(line.row);
    else if (line.row.total) toggle(line.row, !isOpen(line.row));
  };

  /** @type {Record<string, (index: number, line: Line) => void>} */
  const KEYS = {
    ArrowDown: (index) => choose(index + 1),
    ArrowUp: (index) => choose(index - 1),
    Home: () => choose(0),
    End: () => choose(lines.length - 1),
    Enter: (_index, line) => act(line),
    " ": (_index, line) => act(line),
    ArrowRight: (index, line) => {
      if (line.more || !line.row.total) return;
      if (isOpen(line.row)) choose(index + 1);
      else toggle(line.row, true);
    },
    ArrowLeft: (index, line) => {
      if (!line.more && line.row.total && isOpen(line.row)) toggle(line.row, false);
      else choose(lines.findIndex((other) => !other.more && other.row.path === (line.more ? line.row.path : line.row.of)));
    },
  };

  /** @param {EventTarget | null} target */
  const indexOf = (target) => {
    const element = target instanceof Element ? target.closest("[role=treeitem]") : null;
    return element ? [...tree.children].indexOf(element) : -1;
  };
  tree.addEventListener("keydown", (event) => {
    const index = indexOf(event.target);
    const act = KEYS[event.key];
    if (index < 0 || !act || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (model.get("selected") !== keyOf(lines[index])) choose(index);
    act(index, lines[index]);
  });
  tree.addEventListener("click", (event) => {
    const index = indexOf(event.target);
    if (index < 0) return;
    const line = lines[index];
    const again = model.get("selected") === keyOf(line);
    const twisted = event.target instanceof Element && event.target.classList.contains("regtutor-twist");
    choose(index);
    // A first click selects a line to explain it: it can open the line, but does not close it.
    if (line.more || again || twisted || !isOpen(line.row)) act(line);
  });
  refresh.addEventListener("click", () => {
    refresh.setAttribute("disabled", "");
    view
      .ask("refresh")
      .catch(() => undefined)
      .finally(() => refresh.removeAttribute("disabled"));
  });

  let revealed = false;
  /** Scrolls the box of the tree, never the page, until the first change, and the row above it, are visible; once for each state. */
  const reveal = () => {
    if (revealed || tree.clientHeight === 0) return;
    revealed = true;
    const change = tree.querySelector("[data-kind]:not([data-kind=''])");
    const first = change?.previousElementSibling ?? change;
    tree.scrollTop += first ? first.getBoundingClientRect().top - tree.getBoundingClientRect().top : -tree.scrollTop;
  };
  const sized = new ResizeObserver(reveal);
  sized.observe(tree);

  const unfollow = follow(model, ["data"], () => {
    version += 1;
    asked.clear();
    below = byFolder(data().rows ?? []);
    said.textContent = data().said ?? "";
    refresh.hidden = !data().refresh;
    paint();
    revealed = false;
    reveal();
  });
  model.on("change:opened", paint);
  return () => {
    unfollow();
    sized.disconnect();
    model.off("change:opened", paint);
    view.close();
  };
}

export default { render };
