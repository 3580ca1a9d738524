// The frame of the stepper: the guard of its box, its shortcuts, and a target that is one line until it has the focus.
import { guardBox } from "./guarding.js";

const BUTTONS = { back: ".regtutor-back", forward: ".regtutor-forward", send: ".regtutor-send" };
const NEXT = ".regtutor-next";

/** @param {KeyboardEvent} event @returns {keyof typeof BUTTONS | null} */
function shortcut(event) {
  if (event.metaKey || event.shiftKey) return null;
  if (event.altKey && !event.ctrlKey) return event.key === "ArrowLeft" ? "back" : event.key === "ArrowRight" ? "forward" : null;
  return event.ctrlKey && !event.altKey && event.key === "Enter" ? "send" : null;
}

/**
 * Alt+Left and Alt+Right press Back and Forward; Ctrl+Enter presses Send. The focus stays where it is.
 * @param {HTMLElement} box
 */
function followKeys(box) {
  /** @param {KeyboardEvent} event */
  const pressed = (event) => {
    const name = shortcut(event);
    if (name === null) return;
    // JupyterLab would run the cell, and the browser would leave the page.
    event.preventDefault();
    event.stopImmediatePropagation();
    const field = document.activeElement;
    // A field is read when it is left; here it is not.
    if (field instanceof HTMLElement && box.contains(field)) field.dispatchEvent(new Event("change", { bubbles: true }));
    const button = /** @type {HTMLButtonElement | null} */ (box.querySelector(`button${BUTTONS[name]}`));
    if (button && !button.disabled) button.click();
  };
  // While it goes down: the text fields of ipywidgets let no key press come up.
  box.addEventListener("keydown", pressed, true);
  return () => box.removeEventListener("keydown", pressed, true);
}

/**
 * A field that is disabled, or hidden, loses the focus: it goes to the form around it, and back once the field can be
 * used again. Without this, the next key would go to the notebook.
 * @param {HTMLElement} box
 */
function keepFocus(box) {
  /** @type {HTMLElement | null} */
  let wanted = null;
  const form = () => /** @type {HTMLElement | null} */ (box.querySelector(NEXT));
  /** @param {HTMLElement} one */
  const usable = (one) => one.isConnected && !(/** @type {HTMLButtonElement} */ (one).disabled) && one.offsetParent !== null;
  /** @param {FocusEvent} event */
  const entered = (event) => {
    if (event.target instanceof HTMLElement && event.target !== form()) wanted = event.target;
  };
  /** @param {FocusEvent} event */
  const left = (event) => {
    const to = event.relatedTarget;
    if (to instanceof Node && !box.contains(to)) wanted = null;
  };
  /** @param {Event} event */
  const elsewhere = (event) => {
    if (event.target instanceof Node && !box.contains(event.target)) wanted = null;
  };
  const settle = () => {
    const now = document.activeElement;
    if (wanted === null || (now !== document.body && now !== null && now !== form() && usable(/** @type {HTMLElement} */ (now)))) return;
    if (usable(wanted)) {
      if (now !== wanted) wanted.focus({ preventScroll: true });
      return;
    }
    const place = form();
    if (place && now !== place) {
      place.tabIndex = -1;
      place.focus({ preventScroll: true });
    }
  };
  const changes = new MutationObserver(() => requestAnimationFrame(settle));
  changes.observe(box, { subtree: true, childList: true, attributeFilter: ["disabled", "style", "class"] });
  box.addEventListener("focusin", entered);
  box.addEventListener("focusout", left);
  document.addEventListener("pointerdown", elsewhere);
  return () => {
    changes.disconnect();
    box.removeEventListener("focusin", entered);
    box.removeEventListener("focusout", left);
    document.removeEventListener("pointerdown", elsewhere);
  };
}

/**
 * Shows a long target with its middle left out, over its field, until the field has the focus.
 * @param {HTMLElement} box
 * @param {import("@anywidget/types").AnyModel} model
 */
function shortenTarget(box, model) {
  /** @type {HTMLElement | null} */
  let field = null;
  const fit = () => {
    const found = /** @type {HTMLElement | null} */ (box.querySelector(".regtutor-edit-target"));
    if (found !== field) {
      if (field) sized.unobserve(field);
      if (found) sized.observe(found);
      field = found;
    }
    if (!field) return;
    const width = field.clientWidth - 14;
    const style = getComputedStyle(field.querySelector("textarea") ?? field);
    const room = Math.max(8, Math.floor(width / (parseFloat(style.fontSize) * 0.605)));
    /** @type {string} */
    const target = model.get("target");
    const front = Math.ceil(room * 0.6) - 1;
    field.dataset.shown = target.length <= room ? "" : `${target.slice(0, front)}\u2026${target.slice(front + 1 - room)}`;
  };
  const sized = new ResizeObserver(fit);
  const parts = new MutationObserver(fit);
  parts.observe(box, { subtree: true, childList: true });
  model.on("change:target", fit);
  fit();
  return () => {
    sized.disconnect();
    parts.disconnect();
    model.off("change:target", fit);
  };
}

/** @type {import("@anywidget/types").Render} */
function render(props) {
  return guardBox(/** @type {any} */ (props), (box) => {
    const ends = [followKeys(box), keepFocus(box), shortenTarget(box, props.model)];
    return () => ends.forEach((end) => end());
  });
}

export default { render };
