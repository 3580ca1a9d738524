// A curl command with a button that copies it.

import { h } from "./view.js";

/**
 * @param {{ command: string, none: string }} curl the command, or why there is none
 * @returns {HTMLElement[]}
 */
export function drawCommand(curl) {
  if (!curl.command) return [h("p", {}, `${curl.none}.`)];
  const command = h("pre", { class: "regtutor-exchange-command" }, curl.command);
  const status = h("span", { role: "status", class: "regtutor-exchange-fact" });
  const copy = h("button", { type: "button", class: "regtutor-exchange-copy", onclick: () => copyText(command, status) }, "Copy");
  return [h("div", { class: "regtutor-exchange-copying" }, copy, " ", status), command];
}

/**
 * Copies the text; if the browser does not permit that, selects it.
 * @param {HTMLElement} text
 * @param {HTMLElement} status
 */
async function copyText(text, status) {
  try {
    await navigator.clipboard.writeText(text.textContent ?? "");
    status.textContent = "Copied.";
  } catch {
    window.getSelection()?.selectAllChildren(text);
    status.textContent = "This page is not allowed to copy. The command is selected: press Ctrl+C or Cmd+C.";
  }
}
