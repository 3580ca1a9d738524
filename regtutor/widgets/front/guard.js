// The guard of a box of plain ipywidgets controls, which have no script of this project: it keeps key presses in the
// box, and reports a click to which the kernel does not respond.
import { asking, h, keepKeys } from "./view.js";

/** The guarded box: the nearest element around this view that has the class. */
const BOX = ".regtutor-guarded";
const CONTROLS = "button, select, input, textarea";

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  const trouble = h("div", { class: "regtutor-trouble", role: "alert", "data-testid": "guard-trouble" });
  el.classList.add("regtutor-view");
  el.append(trouble);
  const { ask, close } = asking(model, trouble, () => {
    trouble.textContent = "";
  });
  /** @type {HTMLElement | null} */
  let box = null;
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
    keepKeys(box);
    box.addEventListener("click", used);
    box.addEventListener("change", used);
    el.dataset.ready = "true";
  };
  attach();
  return () => {
    close();
    box?.removeEventListener("click", used);
    box?.removeEventListener("change", used);
    box = null;
  };
}

export default { render };
