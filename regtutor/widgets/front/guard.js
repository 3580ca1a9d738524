// Stands inside a box of ipywidgets' own controls, which have no script of ours: keeps key presses in the box, and says
// when the kernel does not answer to a click.
import { asking, h, keepKeys } from "./view.js";

/** The box that is guarded: the nearest element around this view that has the class. */
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
    // The views in the box ask questions of their own.
    if (!control || (control.closest(".regtutor-view") ?? null) !== null) return;
    // What goes wrong is shown by the question itself.
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
