// A transcript as a timeline: rows that are filtered here, of which the page holds only those in sight; what is inside
// an exchange is asked for when it is opened.

import { follow, frame, h } from "./view.js";
import { drawExchange } from "./exchange_lines.js";
import { longList } from "./long_list.js";
import { PART_WORDS, axisOf, drawBar, drawTicks, isRefused, showBytes, showTime, statusText } from "./timeline.js";

/**
 * @typedef {import("./timeline.js").Row} Row
 * @typedef {import("./timeline.js").Axis} Axis
 * @typedef {import("@anywidget/types").AnyModel} Model
 * @typedef {{ row: Row, text: string }} Listed a row, and the text that the filter looks into
 */

/** Methods that have a button of their own. */
const MOST_METHODS = 8;

/** Milliseconds after the last key until the kernel is told what the filter is. */
const TYPING = 300;

/** @param {Model} model @returns {(cells: unknown[]) => Listed} */
function listing(model) {
  const columns = /** @type {string[]} */ (model.get("columns"));
  return (cells) => {
    const row = /** @type {Row} */ (Object.fromEntries(columns.map((name, index) => [name, cells[index]])));
    const text = [row.step, row.method, row.target, statusText(row), row.error].join(" ").toLowerCase();
    return { row, text };
  };
}

/**
 * Puts the newest rows where they belong, once, whichever view of the model does it first.
 * @param {Model} model
 * @param {{ start: number, rows: unknown[][] }} latest
 * @returns {boolean} whether rows before them are missing
 */
function lengthen(model, latest) {
  const rows = /** @type {unknown[][]} */ (model.get("rows"));
  if (latest.rows === undefined) return false;
  if (latest.start > rows.length) return true;
  for (const row of latest.rows.slice(rows.length - latest.start)) rows.push(row);
  return false;
}

/** @param {Model} model @param {Listed[]} all @returns {number[]} the indexes of the rows that pass the filter */
function passing(model, all) {
  const words = String(model.get("words")).toLowerCase().split(/\s+/).filter(Boolean);
  const method = model.get("method");
  const refusedOnly = model.get("refused_only");
  const found = [];
  for (let index = 0; index < all.length; index += 1) {
    const { row, text } = all[index];
    if (method && row.method !== method) continue;
    if (refusedOnly && !isRefused(row)) continue;
    if (words.every((word) => text.includes(word))) found.push(index);
  }
  return found;
}

/** @param {string} text @param {string} [of] @param {string} [title] */
function figure(text, of = "", title = "") {
  return h("span", { class: "regtutor-figure", title }, h("strong", {}, text), of && ` ${of}`);
}

/** @param {Listed[]} all @param {number[]} shown @param {number} unseen */
function summaryOf(all, shown, unseen) {
  const total = { up: 0, down: 0, refused: 0, pauses: 0, cut: 0, untimed: 0 };
  for (const index of shown) {
    const { row } = all[index];
    total.up += row.up;
    total.down += row.down;
    total.refused += isRefused(row) ? 1 : 0;
    total.untimed += row.timed ? 0 : 1;
    total.pauses += row.pause > 0 ? 1 : 0;
    total.cut += row.pause;
  }
  const part = shown.length < all.length;
  const axis = axisOf(shown.map((index) => all[index].row));
  const length = shown.length ? axis.to - axis.from : 0;
  const count = shown.length.toLocaleString("en");
  const refused = figure(total.refused ? total.refused.toLocaleString("en") : "none", "refused");
  refused.classList.add(total.refused ? "regtutor-refused" : "regtutor-answered");
  const figures = h(
    "div",
    { class: "regtutor-figures", role: "status" },
    figure(count, part ? `of ${all.length.toLocaleString("en")} requests` : all.length === 1 ? "request" : "requests"),
    figure(showBytes(total.up), total.up < 10000 ? "bytes up" : "up", `${total.up.toLocaleString("en")} bytes`),
    figure(showBytes(total.down), total.down < 10000 ? "bytes down" : "down", `${total.down.toLocaleString("en")} bytes`),
    figure(showTime(length + (part ? 0 : total.cut)), part ? "from first to last" : ""),
    refused,
  );
  const remarks = [];
  if (total.pauses) {
    const many = total.pauses === 1 ? "A pause is" : `${total.pauses.toLocaleString("en")} pauses are`;
    remarks.push(`${many} drawn ${showTime(total.cut)} shorter than in truth (dotted).`);
  }
  if (total.untimed === all.length && all.length) remarks.push("The records do not say when they began: drawn one after another.");
  else if (total.untimed) {
    const many = total.untimed === 1 ? "One record does" : `${total.untimed.toLocaleString("en")} records do`;
    remarks.push(`${many} not say when it began: drawn behind those before it.`);
  }
  if (unseen) remarks.push(`${unseen.toLocaleString("en")} more are not shown.`);
  return [figures, ...remarks.map((text) => h("p", { class: "regtutor-remark" }, text))];
}

/** @param {Row} row @param {number} index @param {Axis} axis @param {boolean} isOpen */
function drawRow(row, index, axis, isOpen) {
  const kind = row.status === null ? "bad" : isRefused(row) ? "bad" : "good";
  const status = statusText(row);
  const trouble = row.error ? `, ${row.error}` : "";
  /** @param {string} name @param {string} text @param {string} [title] */
  const cell = (name, text, title) => h("span", { class: `regtutor-cell regtutor-cell-${name}`, title }, text);
  const answer = h(
    "span",
    { class: `regtutor-cell regtutor-cell-status regtutor-${kind}`, title: `${status}${trouble}` },
    h("span", { class: "regtutor-code" }, row.status === null ? "✕" : String(row.status)),
    ` ${isRefused(row) && row.error ? row.error : row.said}`,
  );
  return h(
    "div",
    { class: "regtutor-row", "aria-selected": String(isOpen), "data-index": index },
    cell("number", String(index + 1)),
    cell("step", row.step, row.step),
    drawRequest(row),
    answer,
    drawBytes(row),
    cell("ms", showTime(row.ms)),
    drawBar(row, axis),
  );
}

/** The method and the target; where it is narrow, what is before the target's last two parts is cut first. @param {Row} row */
function drawRequest(row) {
  const target = row.short || row.target;
  const [, before, last] = target.match(/^([^?]*?)((?:\/[^/?]*){1,2}(?:\?.*)?)$/) ?? ["", "", target];
  return h(
    "span",
    { class: "regtutor-cell regtutor-cell-request", title: `${row.method} ${row.target}` },
    h("b", {}, row.method, " "),
    h("span", { class: "regtutor-before" }, before),
    h("span", { class: "regtutor-last" }, last),
  );
}

/** Bytes of the bodies, with an arrow for each way that had some. @param {Row} row */
function drawBytes(row) {
  const ways = /** @type {[string, number, string][]} */ ([["↑", row.up, "up"], ["↓", row.down, "down"]]);
  const parts = ways.filter(([, bytes]) => bytes > 0).flatMap(([arrow, bytes, way]) => [
    h("span", { "aria-hidden": "true" }, `${arrow} `),
    `${showBytes(bytes)} `,
    h("span", { class: "regtutor-heard" }, `bytes ${way} `),
  ]);
  const title = ways.map(([, bytes, way]) => `${bytes.toLocaleString("en")} bytes ${way}`).join(", ");
  return h("span", { class: "regtutor-cell regtutor-cell-bytes", title }, ...parts);
}

/** The names of the columns, and the time axis. */
function drawHead() {
  const names = { number: "#", step: "step", request: "request", status: "answer", bytes: "body bytes", ms: "took" };
  const cells = Object.entries(names).map(([name, text]) =>
    h("span", { class: `regtutor-cell regtutor-cell-${name}` }, text),
  );
  const ticks = h("span", { class: "regtutor-track" });
  return { head: h("div", { class: "regtutor-row regtutor-row-head", "aria-hidden": "true" }, ...cells, ticks), ticks };
}

function drawLegend() {
  const entries = Object.entries(PART_WORDS).map(([part, words]) =>
    h("li", {}, h("span", { class: `regtutor-part regtutor-part-${part}` }), words),
  );
  const refused = h("li", {}, h("span", { class: "regtutor-legend-refused" }), "refused, or not answered");
  return h("ul", { class: "regtutor-legend", "aria-label": "What the colours of the bars mean" }, ...entries, refused);
}

/**
 * A button that stays pressed.
 * @param {string} text @param {string} title @param {() => void} pressed
 */
function toggle(text, title, pressed) {
  return h("button", { type: "button", class: "regtutor-toggle", title, "aria-pressed": "false", onclick: pressed }, text);
}

/**
 * The filter: text, refused only, a method; and whether the axis covers the rows in sight.
 * @param {Model} model
 */
function drawFilter(model) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typed;
  const tell = () => {
    clearTimeout(typed);
    typed = undefined;
    model.save_changes();
  };
  /** @param {string} trait @param {unknown} value */
  const set = (trait, value) => {
    model.set(trait, value);
    tell();
  };
  const words = /** @type {HTMLInputElement} */ (
    h("input", {
      type: "search",
      placeholder: "Filter: step, method, target, status, error",
      "aria-label": "Filter by step, method, target, status or error code",
      oninput: () => {
        model.set("words", words.value);
        clearTimeout(typed);
        typed = setTimeout(tell, TYPING);
      },
      onchange: () => tell(),
    })
  );
  const refused = toggle("Refused only", "answered 400 or above, or not at all", () =>
    set("refused_only", !model.get("refused_only")));
  const zoom = toggle("Zoom to rows in sight", "the time axis covers the rows in sight, not all of them", () =>
    set("zoomed", !model.get("zoomed")));
  const methods = h("span", { class: "regtutor-methods", role: "group", "aria-label": "Only one method" });
  /** @type {Map<string, HTMLElement>} */
  const buttons = new Map();
  /** @param {Map<string, number>} counts */
  const count = (counts) => {
    for (const [method, number] of counts) {
      let button = buttons.get(method);
      if (button === undefined && buttons.size < MOST_METHODS) {
        button = toggle("", `only ${method}`, () => set("method", model.get("method") === method ? "" : method));
        buttons.set(method, button);
        methods.append(button);
      }
      if (button) button.textContent = `${method} ${number.toLocaleString("en")}`;
    }
  };
  const show = () => {
    if (words.value !== model.get("words")) words.value = model.get("words");
    refused.setAttribute("aria-pressed", String(model.get("refused_only")));
    zoom.setAttribute("aria-pressed", String(model.get("zoomed")));
    for (const [method, button] of buttons) button.setAttribute("aria-pressed", String(model.get("method") === method));
  };
  const element = h("div", { class: "regtutor-filter", role: "search", "aria-label": "Filter the exchanges" }, words, refused, methods, zoom);
  return { element, count, show, close: () => typed !== undefined && tell() };
}

/**
 * What is shown of the exchange that is open.
 * @param {Model} model
 * @param {import("./view.js").Ask} ask
 * @param {{ number: (index: number) => string, closed: () => void, ready: (index: number) => void }} around
 */
function drawOpened(model, ask, around) {
  const close = () => {
    model.set("opened", -1);
    model.save_changes();
    around.closed();
  };
  const element = h("section", {
    class: "regtutor-opened",
    "aria-label": "The exchange that is open",
    onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && close(),
  });
  const show = () => {
    const index = model.get("opened");
    if (index < 0) {
      element.replaceChildren();
      around.ready(index);
      return;
    }
    ask("open", { index }).then(
      (data) => {
        if (model.get("opened") !== index) return;
        const button = h("button", { type: "button", onclick: close }, "Close");
        const title = h("div", { class: "regtutor-opened-title" }, h("strong", {}, around.number(index)), button);
        element.replaceChildren(title, drawExchange(data));
        around.ready(index);
      },
      () => {}, // The frame shows what went wrong.
    );
  };
  return { element, show };
}

/** @param {{ model: Model, el: HTMLElement }} props */
function render({ model, el }) {
  const { body, ask, drawn, close } = frame(model, el, "transcript-view", model.get("title") || "Transcript");
  const toListed = listing(model);
  /** @type {Listed[]} */
  const all = [];
  /** @type {number[]} */
  let shown = [];
  let axis = axisOf([]);
  let activeIndex = Math.max(0, model.get("opened"));

  const { head, ticks } = drawHead();
  const summary = h("div", { class: "regtutor-summary" });
  const filter = drawFilter(model);
  const nothing = h("p", { class: "regtutor-remark" });
  /** @param {number} first @param {number} last the rows that the axis covers, if it is zoomed */
  const setAxis = (first, last) => {
    const covered = model.get("zoomed") ? shown.slice(first, last).map((index) => all[index].row) : all.map(({ row }) => row);
    axis = axisOf(covered);
    ticks.replaceChildren(...drawTicks(axis));
  };
  const list = longList({
    label: "Exchanges",
    draw: (position) => {
      const index = shown[position];
      return drawRow(all[index].row, index, axis, index === model.get("opened"));
    },
    choose: (position) => {
      model.set("opened", model.get("opened") === shown[position] ? -1 : shown[position]);
      model.save_changes();
    },
    leave: () => {
      model.set("opened", -1);
      model.save_changes();
    },
    moved: (first, last) => {
      if (!model.get("zoomed")) return;
      setAxis(first, last);
      for (const row of list.element.querySelectorAll("[data-index]")) {
        row.lastElementChild?.replaceWith(drawBar(all[Number(row.getAttribute("data-index"))].row, axis));
      }
    },
    activated: (position) => {
      activeIndex = shown[position] ?? 0;
      drawn({ active: activeIndex });
    },
  });
  const opened = drawOpened(model, ask, {
    number: (index) => `Exchange ${(index + 1).toLocaleString("en")} of ${all.length.toLocaleString("en")}`,
    closed: () => list.activate(list.active()),
    ready: (index) => drawn({ opened: index }),
  });

  const refilter = () => {
    shown = passing(model, all);
    filter.show();
    summary.replaceChildren(...summaryOf(all, shown, model.get("unseen")));
    nothing.textContent = shown.length || !all.length ? "" : "No exchange passes the filter.";
    setAxis(0, shown.length);
    list.show(shown.length, Math.max(0, shown.findIndex((index) => index >= activeIndex)));
    drawn({ rows: all.length, shown: shown.length, active: activeIndex });
  };
  const grow = () => {
    if (lengthen(model, model.get("latest"))) {
      ask("rows", { start: model.get("rows").length }).then((answer) => {
        lengthen(model, answer);
        if (answer.rows.length) grow();
      }, () => {});
    }
    const rows = model.get("rows");
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const cells of rows.slice(all.length)) all.push(toListed(cells));
    for (const { row } of all) counts.set(row.method, (counts.get(row.method) ?? 0) + 1);
    filter.count(counts);
    refilter();
  };
  const notes = model.get("notes").map((/** @type {string} */ note) => h("p", { class: "regtutor-remark" }, note));
  const title = model.get("title") && h("div", { class: "regtutor-title" }, model.get("title"));
  body.append(h("div", { class: "regtutor-timeline" }, title || "", summary, ...notes, filter.element, drawLegend(), head, list.element, nothing), opened.element);
  const ends = [
    follow(model, ["latest", "unseen"], grow),
    follow(model, ["words", "refused_only", "method", "zoomed"], refilter),
    follow(model, ["opened"], () => {
      opened.show();
      for (const row of list.element.querySelectorAll("[data-index]")) {
        row.setAttribute("aria-selected", String(Number(row.getAttribute("data-index")) === model.get("opened")));
      }
    }),
  ];
  if (model.get("opened") >= 0) list.activate(shown.indexOf(model.get("opened")), false);
  return () => {
    for (const end of ends) end();
    list.close();
    filter.close();
    close();
  };
}

export default { render };
