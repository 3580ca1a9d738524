// One exchange, line by line in the order of the wire; each line is a button that opens its explanation in place.
// It draws the data of exchange_data.py, and depends on neither models nor kernels: any view can use it.

import { h } from "./view.js";
import { drawCommand } from "./curl_command.js";

/**
 * @typedef {{ text: string, url: string } | null} Clause
 * @typedef {{ text?: string, few?: number, note?: string }} BodyText
 * @typedef {{ way: "sent" | "received" | "said" | "inside", part: string, before: string, head: string, rest: string, at: string,
 *   meaning: string, rule: string, badge: string, clause: Clause, known: boolean, warned: string[], body: BodyText }} ExchangeLine
 * @typedef {{ name: string, meaning: string, next: string, rule: string, badge: string, clause: Clause, line: number | null }} Diagnosis
 * @typedef {{ title?: { step: string, status: string, outcome: "good" | "quiet" | "bad" | "none", meaning: string, facts: string[] },
 *   lines: ExchangeLine[], diagnoses?: Diagnosis[], levels?: { rule: string, meaning: string }[], notes?: string[],
 *   curl?: { command: string, none: string } }} ExchangeData
 * @typedef {{ button: HTMLElement, panel: HTMLElement, preview: HTMLElement | null, line: ExchangeLine }} DrawnLine
 * @typedef {{ opened?: number[], changed?: (opened: number[]) => void, compact?: boolean }} DrawOptions
 */

const WAY_MARKS = { sent: ">", received: "<", said: "*", inside: "" };
const WAY_WORDS = { sent: "sent: ", received: "received: ", said: "about it: ", inside: "in the body: " };
const RUN_LABELS = {
  sent: "the client sends",
  interim: "the registry sends an interim response",
  good: "the registry responds",
  quiet: "the registry responds",
  bad: "the registry refuses",
  said: "no response",
};

/** @type {WeakMap<HTMLElement, (opened: number[]) => void>} */
const openers = new WeakMap();

/**
 * The picture of one exchange.
 * @param {ExchangeData} data from exchange_data.py
 * @param {DrawOptions} [options] the numbers of the open lines, the function to call when the user changes them, and
 *   whether it is compact: without title and curl, sent and received lines side by side, each on one row until it is open
 * @returns {HTMLElement}
 */
export function drawExchange(data, options = {}) {
  if (!data.title) return h("p", { class: "regtutor-exchange-none" }, "Nothing has been sent yet.");
  /** @type {DrawnLine[]} */
  const drawn = [];
  const opened = new Set(options.opened ?? []);
  const all = h("button", { type: "button", class: "regtutor-exchange-all" });
  const show = () => {
    drawn.forEach((line, number) => setLineOpen(line, opened.has(number)));
    all.textContent = drawn.every((_, number) => opened.has(number)) ? "Close all" : "Explain all";
  };
  /** @param {number[]} numbers @param {boolean} open */
  const turn = (numbers, open) => {
    for (const number of numbers) open ? opened.add(number) : opened.delete(number);
    show();
    options.changed?.([...opened].sort((a, b) => a - b));
  };
  const message = h("div", { class: "regtutor-exchange-lines" });
  const sides = { sent: h("div", { class: "regtutor-exchange-side" }), came: h("div", { class: "regtutor-exchange-side" }) };
  for (const run of runsOf(data)) {
    const drawnRun = drawRun(run, data, drawn, turn, opened);
    (options.compact ? sides[run.kind === "sent" ? "sent" : "came"] : message).append(drawnRun);
  }
  if (options.compact) message.append(sides.sent, sides.came);
  roveLines(message, drawn);
  all.addEventListener("click", () => turn([...drawn.keys()], all.textContent === "Explain all"));
  /** @param {number} number */
  const goTo = (number) => {
    turn([number], true);
    drawn[number].button.focus();
  };
  const root = h(
    "div",
    { class: options.compact ? "regtutor-exchange regtutor-exchange-compact" : "regtutor-exchange" },
    options.compact ? null : drawExchangeTitle(data, all),
    ...(data.diagnoses ?? []).map((found) => drawDiagnosis(found, data.lines, goTo)),
    message,
    ...(data.notes ?? []).map((note) => h("p", { class: "regtutor-exchange-fact" }, `* ${note}`)),
    options.compact ? h("div", { class: "regtutor-exchange-foot" }, all, drawLevels(data.levels ?? [])) : null,
    options.compact ? null : drawCurl(data.curl),
    options.compact ? null : drawLevels(data.levels ?? []),
  );
  openers.set(root, (numbers) => {
    opened.clear();
    for (const number of numbers) opened.add(number);
    show();
  });
  show();
  return root;
}

/**
 * Opens these lines of a picture, and closes the others.
 * @param {HTMLElement} picture the result of {@link drawExchange}
 * @param {number[]} opened
 */
export function openLines(picture, opened) {
  openers.get(picture)?.(opened);
}

/**
 * @param {ExchangeData} data
 * @param {HTMLElement} all
 */
function drawExchangeTitle(data, all) {
  const title = /** @type {NonNullable<ExchangeData["title"]>} */ (data.title);
  return h(
    "div",
    { class: "regtutor-exchange-head" },
    h(
      "div",
      { class: "regtutor-exchange-title" },
      h("code", {}, title.step),
      " ",
      h("strong", { class: `regtutor-${title.outcome === "none" ? "bad" : title.outcome}` }, title.status),
      ` ${title.meaning}`,
      h("div", { class: "regtutor-exchange-fact" }, title.facts.join(" \u00b7 ")),
      h("div", { class: "regtutor-exchange-fact" }, "Choose a line to read what it means."),
    ),
    all,
  );
}

/**
 * @param {Diagnosis} found
 * @param {ExchangeLine[]} lines
 * @param {(number: number) => void} goTo
 */
function drawDiagnosis(found, lines, goTo) {
  const place = found.line;
  const line = place === null ? null : lines[place];
  return h(
    "div",
    { class: "regtutor-exchange-diagnosis", role: "note", "aria-label": `Diagnosis: ${found.name}` },
    h("div", {}, warningSign(), h("strong", {}, found.name), ": ", found.meaning, ". ", ...ruleAndClause(found)),
    h("div", {}, h("em", {}, "Try next: "), found.next, "."),
    line &&
      h(
        "button",
        { type: "button", class: "regtutor-exchange-go", onclick: () => goTo(/** @type {number} */ (place)) },
        "Show the line: ",
        h("code", {}, shortLine(line)),
      ),
  );
}

/**
 * The legend of the badges.
 * @param {{ rule: string, meaning: string }[]} levels
 */
function drawLevels(levels) {
  if (!levels.length) return null;
  const rows = levels.map(({ rule, meaning }) => h("div", {}, ...ruleAndClause({ rule, badge: rule, clause: null }), ` ${meaning}`));
  return h("details", { class: "regtutor-exchange-levels" }, h("summary", {}, "The levels"), ...rows);
}

/** @param {ExchangeLine} line */
function shortLine(line) {
  const text = [WAY_MARKS[line.way], line.before, line.head, line.rest].filter(Boolean).join(" ");
  return text.length <= 60 ? text : `${text.slice(0, 59)}\u2026`;
}

function warningSign() {
  return h("span", { class: "regtutor-exchange-warning", "aria-hidden": "true" }, "\u26a0 ");
}

/**
 * Runs of consecutive lines in the same direction: their numbers and their kind.
 * @param {ExchangeData} data
 * @returns {{ kind: keyof typeof RUN_LABELS, numbers: number[] }[]}
 */
function runsOf(data) {
  /** @type {{ kind: keyof typeof RUN_LABELS, numbers: number[] }[]} */
  const runs = [];
  data.lines.forEach((line, number) => {
    const last = runs.at(-1);
    const kind = line.part === "cut" && last ? last.kind : kindOf(line, data);
    if (last?.kind === kind) last.numbers.push(number);
    else runs.push({ kind, numbers: [number] });
  });
  return runs;
}

/**
 * @param {ExchangeLine} line
 * @param {ExchangeData} data
 * @returns {keyof typeof RUN_LABELS}
 */
function kindOf(line, data) {
  if (line.way === "sent" || line.way === "said") return line.way;
  if (line.part.startsWith("interim")) return "interim";
  return data.title?.outcome === "none" ? "bad" : (data.title?.outcome ?? "bad");
}

/**
 * @param {{ kind: keyof typeof RUN_LABELS, numbers: number[] }} run
 * @param {ExchangeData} data
 * @param {DrawnLine[]} drawn
 * @param {(numbers: number[], open: boolean) => void} turn
 * @param {Set<number>} opened
 */
function drawRun(run, data, drawn, turn, opened) {
  const label = RUN_LABELS[run.kind];
  const group = h(
    "div",
    { class: `regtutor-exchange-run regtutor-${run.kind}`, role: "group", "aria-label": label },
    h("div", { class: "regtutor-exchange-way", "aria-hidden": "true" }, label),
  );
  for (const number of run.numbers) {
    const line = drawExchangeLine(data.lines[number], () => turn([number], !opened.has(number)));
    line.button.dataset.line = String(number);
    drawn[number] = line;
    group.append(line.button);
    if (line.preview) group.append(line.preview);
    group.append(line.panel);
  }
  return group;
}

/**
 * @param {ExchangeLine} line
 * @param {() => void} clicked
 * @returns {DrawnLine}
 */
function drawExchangeLine(line, clicked) {
  const panel = h("div", { class: "regtutor-exchange-meaning", id: uniqueId(), hidden: true });
  const button = h(
    "button",
    {
      type: "button",
      class: line.way === "inside" ? "regtutor-exchange-line regtutor-exchange-inside" : "regtutor-exchange-line",
      "aria-expanded": "false",
      "aria-controls": panel.id,
      tabindex: -1,
      title: line.rest.length > 2 * KEPT ? line.rest : null,
      onclick: clicked,
    },
    h("span", { class: "regtutor-exchange-mark", "aria-hidden": "true" }, WAY_MARKS[line.way]),
    h(
      "span",
      { class: "regtutor-exchange-text" },
      h("span", { class: "regtutor-heard" }, WAY_WORDS[line.way]),
      line.before && `${line.before} `,
      line.head && h("b", {}, line.head),
      line.head && line.rest && " ",
      value(line),
    ),
    line.warned.length > 0 &&
      h("span", {}, warningSign(), h("span", { class: "regtutor-heard" }, ` warning: ${line.warned.join(", ")}`)),
    line.at && h("span", { class: "regtutor-exchange-at" }, h("span", { class: "regtutor-heard" }, " at "), line.at),
  );
  const preview = line.body.text ? h("pre", { class: "regtutor-exchange-body" }) : null;
  return { button, panel, preview, line };
}

/** The characters at the end of a long value that stay visible when its middle is left out. */
const KEPT = 8;

/**
 * The value of a line in two parts: when the line is short of room, only the end of the first part is left out.
 * @param {ExchangeLine} line
 */
function value(line) {
  const isRequest = line.part === "request";
  const version = isRequest ? (line.rest.match(/ HTTP\/[\d.]+$/)?.[0] ?? "") : "";
  const text = line.rest.slice(0, line.rest.length - version.length);
  const long = text.length > 2 * KEPT;
  const split = long ? text.length - KEPT : text.length;
  const front = text.slice(0, split);
  return h(
    "span",
    { class: long ? "regtutor-exchange-value regtutor-long" : "regtutor-exchange-value" },
    h("span", {}, ...(isRequest ? breakable(front) : [front])),
    h("span", {}, text.slice(split)),
    version && h("span", { class: "regtutor-exchange-version" }, version),
  );
}

/**
 * A target that a narrow page prefers to break before the parameters of its query.
 * @param {string} target
 * @returns {(string | Node)[]}
 */
function breakable(target) {
  return target.split(/(?=[?&])/).flatMap((part, number) => (number ? [h("wbr"), part] : [part]));
}

/** An id that no other view on the page has. */
function uniqueId() {
  return `regtutor-${Math.random().toString(36).slice(2)}`;
}

/**
 * @param {DrawnLine} drawn
 * @param {boolean} open
 */
function setLineOpen(drawn, open) {
  const { button, panel, preview, line } = drawn;
  if (open && !panel.hasChildNodes()) panel.append(...explanation(line));
  button.setAttribute("aria-expanded", String(open));
  panel.hidden = !open;
  if (preview === null) return;
  const lines = (line.body.text ?? "").split("\n");
  const few = lines.slice(0, line.body.few);
  if (few.length && few.length < lines.length) few.push("\u2026");
  preview.textContent = (open ? lines : few).join("\n");
  preview.hidden = preview.textContent === "";
}

/**
 * @param {ExchangeLine} line
 * @returns {HTMLElement[]}
 */
function explanation(line) {
  const parts = [h("div", {}, capitalised(line.meaning), ". ", ...ruleAndClause(line))];
  if (line.body.note) parts.push(h("div", { class: "regtutor-exchange-fact" }, `Body: ${line.body.note}.`));
  if (line.warned.length) parts.push(h("div", {}, warningSign(), `${capitalised(line.warned.join("; "))}: see above.`));
  return parts;
}

/** @param {string} text */
function capitalised(text) {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/**
 * The rule as a badge, and the clause as a link.
 * @param {{ rule: string, badge: string, clause: Clause }} said
 * @returns {Node[]}
 */
function ruleAndClause({ rule, badge, clause }) {
  /** @type {Node[]} */
  const parts = [];
  if (rule) {
    const label = h("span", { class: "regtutor-heard" }, "rule: ");
    parts.push(h("span", { class: `regtutor-rule regtutor-rule-${rule.replaceAll(" ", "-")}` }, label, badge));
  }
  if (clause) {
    const link = h("a", { href: clause.url, target: "_blank", rel: "noreferrer noopener" }, clause.text);
    parts.push(document.createTextNode(" "), link);
  }
  return parts;
}

/**
 * Up, Down, Home and End move between the lines; Tab reaches one of them.
 * @param {HTMLElement} message
 * @param {DrawnLine[]} drawn
 */
function roveLines(message, drawn) {
  const buttons = drawn.map((line) => line.button);
  if (buttons.length) buttons[0].tabIndex = 0;
  message.addEventListener("focusin", (event) => {
    const here = buttons.indexOf(/** @type {HTMLElement} */ (event.target));
    if (here >= 0) buttons.forEach((button, number) => (button.tabIndex = number === here ? 0 : -1));
  });
  message.addEventListener("keydown", (event) => {
    const here = buttons.indexOf(/** @type {HTMLElement} */ (event.target));
    const there = { ArrowUp: here - 1, ArrowDown: here + 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (here < 0 || there === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    buttons[Math.max(0, Math.min(there, buttons.length - 1))].focus();
  });
}

/** @param {ExchangeData["curl"]} curl */
function drawCurl(curl) {
  if (!curl) return null;
  return h("details", { class: "regtutor-exchange-curl" }, h("summary", {}, "The same request with curl"), ...drawCommand(curl));
}
