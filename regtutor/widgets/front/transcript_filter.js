// The filter of a timeline: it stores the user's input in the model; the view decides which rows pass.

import { h } from "./view.js";

/** @typedef {import("@anywidget/types").AnyModel} Model */

/** The most methods that have a button. */
const MOST_METHODS = 8;

/** The milliseconds after the last key until the filter is sent to the kernel. */
const TYPING = 300;

/**
 * A button that stays pressed.
 * @param {string} text @param {string} title @param {() => void} pressed
 */
function toggle(text, title, pressed) {
  return h("button", { type: "button", class: "regtutor-toggle", title, "aria-pressed": "false", onclick: pressed }, text);
}

/**
 * The filter: text, refused only, a method; and whether the axis covers the visible rows.
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
  const refused = toggle("Refused only", "Show only exchanges with a status of 400 or above (except a HEAD that finds nothing) or without a response", () =>
    set("refused_only", !model.get("refused_only")));
  const zoom = toggle("Zoom to visible rows", "The time axis covers the visible rows instead of all rows", () =>
    set("zoomed", !model.get("zoomed")));
  const methods = h("span", { class: "regtutor-methods", role: "group", "aria-label": "Show only one method" });
  /** @type {Map<string, HTMLElement>} */
  const buttons = new Map();
  /** @param {Map<string, number>} counts */
  const count = (counts) => {
    for (const [method, number] of counts) {
      let button = buttons.get(method);
      if (button === undefined && buttons.size < MOST_METHODS) {
        button = toggle("", `Show only ${method}`, () => set("method", model.get("method") === method ? "" : method));
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
