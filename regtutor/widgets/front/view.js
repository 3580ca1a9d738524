// The common parts of all views: elements without a template language, a frame that keeps key presses inside, and
// messages to the kernel with a timeout. Data never becomes markup here: texts are set as text.

/** The seconds after which the user is told that the kernel does not respond. */
const PATIENCE = 5;

/** The advice after the kernel of a view has ended or was restarted: its variables are gone as well. */
export const GONE = "The kernel was restarted or has ended. Run the cells above first, then this cell.";

const SVG = "http://www.w3.org/2000/svg";

/**
 * An HTML element.
 * @param {string} tag
 * @param {Record<string, unknown>} [attributes] null, undefined and false are left out; a function is a listener
 * @param {...(Node | string | number | null | undefined | false)} children
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  dress(element, attributes, children);
  return element;
}

/**
 * An SVG element, as {@link h}.
 * @param {string} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {...(Node | string | number | null | undefined | false)} children
 * @returns {SVGElement}
 */
export function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  dress(element, attributes, children);
  return /** @type {SVGElement} */ (element);
}

/**
 * @param {Element} element
 * @param {Record<string, unknown>} attributes
 * @param {(Node | string | number | null | undefined | false)[]} children
 */
function dress(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.replace(/^on/, ""), /** @type {EventListener} */ (value));
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/**
 * JupyterLab treats a key press in a widget as a command to the notebook ("d d" deletes the cell), so key presses stop
 * at `element`, except those with Ctrl, Alt or Meta, and Shift+Enter, which runs the cell.
 * @param {HTMLElement} element
 */
export function keepKeys(element) {
  if (element.dataset.keysKept) return;
  element.dataset.keysKept = "true";
  element.addEventListener("keydown", (event) => {
    const command = event.ctrlKey || event.altKey || event.metaKey || (event.shiftKey && event.key === "Enter");
    if (!command) event.stopPropagation();
  });
}

/**
 * @typedef {(kind: string, values?: Record<string, unknown>) => Promise<any>} Ask
 * @typedef {{ body: HTMLElement, ask: Ask, drawn: (state?: Record<string, string | number>) => void,
 *   close: () => void }} Frame
 */

/**
 * The frame of a view: its root with a label, the line for errors, and `body`, into which the view draws. `ask` sends a
 * message to the view's Python side and resolves to the reply; on an error, it shows the error and rejects the promise.
 * `drawn` records on the root that everything is drawn, and the state.
 * @param {import("@anywidget/types").AnyModel} model
 * @param {HTMLElement} el
 * @param {string} name such as "exchange-view": the root's class and data-testid
 * @param {string} label for screen readers
 * @returns {Frame}
 */
export function frame(model, el, name, label) {
  const trouble = h("div", { class: "regtutor-trouble", role: "alert" });
  const body = h("div", { class: "regtutor-body" });
  const root = h(
    "div",
    { class: `regtutor-view regtutor-${name}`, "data-testid": name, role: "group", "aria-label": label },
    trouble,
    body,
  );
  keepKeys(root);
  el.append(root);
  const showError = () => {
    trouble.textContent = model.get("error") || "";
  };
  showError();
  model.on("change:error", showError);
  const { ask, close } = asking(model, trouble, showError);
  return {
    body,
    ask,
    drawn: (state = {}) => {
      for (const [key, value] of Object.entries(state)) root.dataset[key] = String(value);
      root.dataset.ready = "true";
    },
    close: () => {
      close();
      model.off("change:error", showError);
    },
  };
}

/**
 * @param {import("@anywidget/types").AnyModel} model
 * @param {HTMLElement} trouble
 * @param {() => void} calm restores the former content of `trouble`
 * @returns {{ ask: Ask, close: () => void }}
 */
export function asking(model, trouble, calm) {
  /** @type {Map<number, { settle: (reply: any) => void }>} */
  const open = new Map();
  let last = 0;
  /** @param {any} message */
  const received = (message) => {
    const waiting = open.get(message?.re);
    if (waiting === undefined) return;
    open.delete(message.re);
    waiting.settle(message);
  };
  model.on("msg:custom", received);
  /** @type {Ask} */
  const ask = (kind, values = {}) =>
    new Promise((resolve, reject) => {
      last += 1;
      const id = last;
      const late = setTimeout(() => {
        trouble.textContent =
          "The kernel does not respond. If it is busy, wait. If it was restarted, run the cells above first, then this cell.";
      }, PATIENCE * 1000);
      open.set(id, {
        settle: (reply) => {
          clearTimeout(late);
          calm();
          if (reply.error) reject(new Error(reply.error));
          else resolve(reply.value);
        },
      });
      try {
        model.send({ ...values, kind, id });
      } catch (error) {
        open.delete(id);
        clearTimeout(late);
        trouble.textContent = GONE;
        reject(error);
      }
    });
  // The widget manager reports this when the kernel is restarted, or has ended: from then on, a message cannot be sent.
  const changed = () => {
    ask("ping").catch(() => undefined); // A failure is shown.
  };
  model.on("comm_live_update", changed);
  return {
    ask,
    close: () => {
      model.off("msg:custom", received);
      model.off("comm_live_update", changed);
    },
  };
}

/**
 * Calls `draw` now and after each change of one of the traits; returns a function that ends this.
 * @param {import("@anywidget/types").AnyModel} model
 * @param {string[]} traits
 * @param {() => void} draw
 * @returns {() => void}
 */
export function follow(model, traits, draw) {
  for (const trait of traits) model.on(`change:${trait}`, draw);
  draw();
  return () => {
    for (const trait of traits) model.off(`change:${trait}`, draw);
  };
}
