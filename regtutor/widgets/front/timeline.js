// Bars on a time axis, and numbers in a readable form. It draws the rows of timeline.py, and keeps no state.

import { h } from "./view.js";

/**
 * @typedef {{ step: string, method: string, target: string, short: string, status: number | null,
 *   outcome: "good" | "quiet" | "bad" | "none", expected: boolean, said: string, error: string, up: number, down: number, left: number, ms: number, pause: number, timed: boolean,
 *   parts: [string, number][] }} Row
 * @typedef {{ from: number, to: number }} Axis
 */

/** The names of the phases of an exchange. @type {Record<string, string>} */
export const PART_WORDS = {
  begin: "connecting and sending the head",
  wait: "waiting for 100",
  body: "sending the body",
  answer: "waiting for the response",
  receive: "receiving the body",
};

/** @param {number} ms */
export function showTime(ms) {
  if (ms < 100) return `${Number(ms.toPrecision(3))} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60000) return `${Number((ms / 1000).toPrecision(3))} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60).toLocaleString("en")} min ${seconds % 60} s`;
}

/** A number of bytes in a few characters; a tooltip should have the exact number. @param {number} bytes */
export function showBytes(bytes) {
  if (bytes < 10000) return bytes.toLocaleString("en");
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes / 1000;
  while (value >= 1000 && units.length > 1) {
    value /= 1000;
    units.shift();
  }
  return `${value < 100 ? value.toPrecision(3) : Math.round(value)} ${units[0]}`;
}

/** The same as refused() in timeline.py: an expected 404 is not a refusal. @param {Row} row */
export function isRefused(row) {
  return row.outcome !== "good" && !row.expected;
}

/** @param {Row} row */
export function statusText(row) {
  return row.status === null ? row.said : `${row.status} ${row.said}`.trim();
}

/** From the first of the rows to the end of the last. @param {Iterable<Row>} rows @returns {Axis} */
export function axisOf(rows) {
  let from = Infinity;
  let to = -Infinity;
  for (const row of rows) {
    from = Math.min(from, row.left);
    to = Math.max(to, row.left + row.ms);
  }
  if (from > to) return { from: 0, to: 1 };
  return { from, to: Math.max(to, from + 0.01) };
}

/** @param {Axis} axis a step of 1, 2 or 5 times a power of ten, so that there are up to four of them */
function tickStep(axis) {
  const least = (axis.to - axis.from) / 4;
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((times) => times * power).find((step) => step >= least) ?? 10 * power;
}

/** @param {Axis} axis @returns {{ at: number, text: string }[]} `at` in percent of the axis */
export function ticksOf(axis) {
  const step = tickStep(axis);
  const inSeconds = axis.to >= 1000;
  const unit = inSeconds ? 1000 : 1;
  const digits = Math.max(0, -Math.floor(Math.log10(step / unit)));
  const ticks = [];
  for (let at = Math.ceil(axis.from / step) * step; at < axis.to && ticks.length < 10; at += step) {
    const percent = (100 * (at - axis.from)) / (axis.to - axis.from);
    if (percent <= 82) ticks.push({ at: percent, text: `${(at / unit).toFixed(digits)} ${inSeconds ? "s" : "ms"}` });
  }
  return ticks;
}

/** @param {Axis} axis */
export function drawTicks(axis) {
  return ticksOf(axis).map(({ at, text }) => {
    const tick = h("span", { class: "regtutor-tick" }, text);
    tick.style.left = `${at}%`;
    return tick;
  });
}

/** The bar of a row at its place on the axis, with adjacent parts. @param {Row} row @param {Axis} axis */
export function drawBar(row, axis) {
  const length = axis.to - axis.from;
  const bar = h("span", { class: isRefused(row) ? "regtutor-bar regtutor-bar-refused" : "regtutor-bar" });
  bar.style.left = `min(${(100 * (row.left - axis.from)) / length}%, 100% - 3px)`;
  bar.style.width = `${(100 * row.ms) / length}%`;
  for (const [part, ms] of row.parts) {
    const piece = h("span", { class: `regtutor-part regtutor-part-${part}` });
    piece.style.flexGrow = String(ms);
    bar.append(piece);
  }
  if (row.parts.length === 0) bar.append(h("span", { class: "regtutor-part regtutor-part-begin" }));
  const gap = row.pause > 0 && h("span", { class: "regtutor-pause" });
  if (gap) gap.style.left = bar.style.left;
  const lines = ticksOf(axis).map(({ at }) => {
    const line = h("span", { class: "regtutor-grid-line" });
    line.style.left = `${at}%`;
    return line;
  });
  return h("span", { class: "regtutor-track", title: barTitle(row), "aria-hidden": "true" }, ...lines, gap, bar);
}

/** @param {Row} row */
function barTitle(row) {
  const lines = [row.timed ? `${showTime(row.ms)} in all` : `${showTime(row.ms)}; the record has no start time`];
  for (const [part, ms] of row.parts) lines.push(`${PART_WORDS[part]}: ${showTime(ms)}`);
  if (row.pause > 0) lines.push(`after a pause, drawn ${showTime(row.pause)} shorter than it was`);
  return lines.join("\n");
}
