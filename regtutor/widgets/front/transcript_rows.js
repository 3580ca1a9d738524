// The parts of a timeline: the summary, the names of the columns, the legend, a row. It keeps no state, sends nothing.

import { h } from "./view.js";
import { PART_WORDS, axisOf, drawBar, isRefused, showBytes, showTime, statusText } from "./timeline.js";

/**
 * @typedef {import("./timeline.js").Row} Row
 * @typedef {import("./timeline.js").Axis} Axis
 * @typedef {{ row: Row, text: string }} Listed a row, and the text that the filter searches
 */

/** @param {string} text @param {string} [of] @param {string} [title] */
function figure(text, of = "", title = "") {
  return h("span", { class: "regtutor-figure", title }, h("strong", {}, text), of && ` ${of}`);
}

/** @param {Listed[]} all @param {number[]} shown @param {number} unseen */
export function summaryOf(all, shown, unseen) {
  const total = { up: 0, down: 0, refused: 0, expected: 0, pauses: 0, cut: 0, untimed: 0 };
  for (const index of shown) {
    const { row } = all[index];
    total.up += row.up;
    total.down += row.down;
    total.refused += isRefused(row) ? 1 : 0;
    total.expected += row.expected ? 1 : 0;
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
    total.expected > 0 && figure(total.expected.toLocaleString("en"), "not found, as expected", "A HEAD, or a request for referrers, that found nothing: no error"),
  );
  const remarks = [];
  if (total.pauses) {
    const many = total.pauses === 1 ? "A pause is" : `${total.pauses.toLocaleString("en")} pauses are`;
    remarks.push(`${many} drawn ${showTime(total.cut)} shorter than in reality (dotted).`);
  }
  if (total.untimed === all.length && all.length) remarks.push("The records have no start times: they are drawn one after another.");
  else if (total.untimed) {
    const one = "One record has no start time: it is";
    const many = `${total.untimed.toLocaleString("en")} records have no start time: they are`;
    remarks.push(`${total.untimed === 1 ? one : many} drawn after the records before.`);
  }
  if (unseen) remarks.push(`${unseen.toLocaleString("en")} more are not shown.`);
  return [figures, ...remarks.map((text) => h("p", { class: "regtutor-remark" }, text))];
}

/** @param {Row} row @param {number} index @param {Axis} axis @param {boolean} isOpen */
export function drawRow(row, index, axis, isOpen) {
  const kind = row.outcome === "none" ? "bad" : row.outcome;
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

/** The method and the target; in a narrow row, the last two parts of the target are cut last. @param {Row} row */
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

/** The bytes of the bodies, with an arrow for each direction that had any. @param {Row} row */
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
export function drawHead() {
  const names = { number: "#", step: "step", request: "request", status: "response", bytes: "body bytes", ms: "took" };
  const cells = Object.entries(names).map(([name, text]) =>
    h("span", { class: `regtutor-cell regtutor-cell-${name}` }, text),
  );
  const ticks = h("span", { class: "regtutor-track" });
  return { head: h("div", { class: "regtutor-row regtutor-row-head", "aria-hidden": "true" }, ...cells, ticks), ticks };
}

export function drawLegend() {
  const entries = Object.entries(PART_WORDS).map(([part, words]) =>
    h("li", {}, h("span", { class: `regtutor-part regtutor-part-${part}` }), words),
  );
  const refused = h("li", {}, h("span", { class: "regtutor-legend-refused" }), "refused, or no response");
  return h("ul", { class: "regtutor-legend", "aria-label": "Meaning of the colours of the bars" }, ...entries, refused);
}
