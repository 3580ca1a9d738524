// A curl command with a button that copies it.

import { h } from "./view.js";

/**
 * @param {{ command: string, none: string }} curl the command, or why there is none
 * @returns {HTMLElement[]}
 */
export function drawCommand(curl) {
  if (!curl.command) return [h("p", {}, `${curl.none}.`)];
  const command = h("pre", { class: "regtutor-exchange-command" }, withoutLongBodies(curl.command));
  const status = h("span", { role: "status", class: "regtutor-exchange-fact" });
  const copy = h("button", { type: "button", class: "regtutor-exchange-copy", onclick: () => copyText(curl.command, command, status) }, "Copy");
  return [h("div", { class: "regtutor-exchange-copying" }, copy, " ", status), command];
}

// A body in Base64 is longer than everything else; a Location with its state is shorter than this.
const LONG_BASE64 = /[A-Za-z0-9+/=]{400,}/g;
const BASE64_SHOWN = 40;

/** @param {string} command the command as it is read: of a long body, only the beginning and its length */
function withoutLongBodies(command) {
  return command.replace(LONG_BASE64, (all) => `${all.slice(0, BASE64_SHOWN)}… [${all.length.toLocaleString("en")} characters: Copy has them all]`);
}

/**
 * Copies the command; if the browser does not permit that, shows all of it and selects it.
 * @param {string} command
 * @param {HTMLElement} text the element that shows it
 * @param {HTMLElement} status
 */
async function copyText(command, text, status) {
  try {
    await navigator.clipboard.writeText(command);
    status.textContent = "Copied.";
  } catch {
    text.textContent = command;
    window.getSelection()?.selectAllChildren(text);
    status.textContent = "This page is not allowed to copy. The command is selected: press Ctrl+C or Cmd+C.";
  }
}
