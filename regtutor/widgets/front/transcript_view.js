// A transcript as a timeline. Rows are filtered here, and the page contains only the visible ones; the content of an
// exchange is requested when it is opened.

import { follow, frame, h } from "./view.js";
import { drawExchange } from "./exchange_lines.js";
import { longList } from "./long_list.js";
import { axisOf, drawBar, drawTicks, isRefused, statusText } from "./timeline.js";
import { drawFilter } from "./transcript_filter.js";
import { drawHead, drawLegend, drawRow, summaryOf } from "./transcript_rows.js";

/**
 * @typedef {import("./timeline.js").Row} Row
 * @typedef {import("@anywidget/types").AnyModel} Model
 * @typedef {import("./transcript_rows.js").Listed} Listed
 */

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
 * Inserts the newest rows at their position, once, whichever view of the model does it first.
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

/**
 * The section with the open exchange.
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
    "aria-label": "The open exchange",
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
      () => {}, // The frame shows the error.
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
    closed: () => {
      list.activate(list.active());
      list.reveal();
    },
    ready: (index) => drawn({ opened: index }),
  });

  const refilter = () => {
    shown = passing(model, all);
    filter.show();
    summary.replaceChildren(...summaryOf(all, shown, model.get("unseen")));
    nothing.textContent = shown.length || !all.length ? "" : "No exchange matches the filter.";
    setAxis(0, shown.length);
    list.show(shown.length, Math.max(0, shown.findIndex((index) => index >= activeIndex)));
    drawn({ rows: all.length, shown: shown.length, active: activeIndex });
  };
  const grow = () => {
    if (lengthen(model, model.get("latest"))) {
      ask("rows", { start: model.get("rows").length }).then((reply) => {
        lengthen(model, reply);
        if (reply.rows.length) grow();
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
      if (model.get("opened") < 0) list.reveal(); // the page is shorter now
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
