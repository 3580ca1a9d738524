// Keeps key presses in a box of plain ipywidgets controls, which have no script of this project, and reports a kernel
// that does not respond, or that is gone.
import { asking, h, keepKeys } from "./view.js";

/** The guarded box: the nearest element around the view that has the class. */
const BOX = ".regtutor-guarded";
const CONTROLS = "button, select, input, textarea";

/**
 * @param {{ model: import("@anywidget/types").AnyModel, el: HTMLElement, signal?: AbortSignal }} props
 * @param {(box: HTMLElement) => () => void} [more] called once the box is on the page; returns a function that ends it
 * @returns {() => void} ends everything
 */
export function guardBox({ model, el, signal }, more) {
  const trouble = h("div", { class: "regtutor-trouble", role: "alert", "data-testid": "guard-trouble" });
  el.classList.add("regtutor-view");
  el.append(trouble);
  const { ask, close } = asking(model, trouble, () => {
    trouble.textContent = "";
  });
  /** @type {HTMLElement | null} */
  let box = null;
  let end = () => {};
  /** @param {Event} event */
  const used = (event) => {
    const control = event.target instanceof Element && event.target.closest(CONTROLS);
    // The views in the box send their own messages.
    if (!control || (control.closest(".regtutor-view") ?? null) !== null) return;
    // Failures are shown by asking().
    ask("ping").catch(() => undefined);
  };
  const attach = () => {
    if (signal?.aborted) return;
    box = el.closest(BOX);
    if (box === null) {
      requestAnimationFrame(attach); // not on the page yet
      return;
    }
    // Before keepKeys, so that a shortcut of the box is handled first.
    end = more?.(box) ?? end;
    keepKeys(box);
    box.addEventListener("click", used);
    box.addEventListener("change", used);
    el.dataset.ready = "true";
  };
  attach();
  return () => {
    close();
    end();
    box?.removeEventListener("click", used);
    box?.removeEventListener("change", used);
    box = null;
  };
}
