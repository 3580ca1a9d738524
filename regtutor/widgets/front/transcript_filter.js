// The filter of a timeline: what is typed and pressed goes into the model; which rows pass is decided by the view.

import { h } from "./view.js";

/** @typedef {import("@anywidget/types").AnyModel} Model */

/** Methods that have a button of their own. */
const MOST_METHODS = 8;

/** Milliseconds after the last key until the kernel is told what the filter is. */
const TYPING = 300;

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
export function drawFilter(model) {
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
  const refused = toggle("Refused only", "answered 400 or above (but for a HEAD that finds nothing), or not at all", () =>
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
