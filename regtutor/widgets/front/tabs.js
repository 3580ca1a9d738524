// A row of tabs: the box around it shows the panel of the selected tab. Choosing a tab works without a kernel.

import { follow, frame, h } from "./view.js";

/** The nearest element around this view whose parts are the panels. */
const BOX = ".regtutor-tabbed";

/** @type {import("@anywidget/types").Render} */
function render({ model, el, signal }) {
  const view = frame(model, el, "tabs", "Parts of the stepper");
  /** @type {Record<string, string>} */
  const labels = model.get("labels");
  const names = Object.keys(labels);
  const own = Math.random().toString(36).slice(2);
  /** @type {HTMLElement | null} */
  let box = null;
  const marks = Object.fromEntries(names.map((name) => [name, h("span", { class: "regtutor-tab-mark" })]));
  const tabs = names.map((name) =>
    h(
      "button",
      {
        type: "button",
        class: "regtutor-tab",
        role: "tab",
        id: `regtutor-tab-${own}-${name}`,
        "data-tab": name,
        onclick: () => choose(name),
      },
      labels[name],
      marks[name],
    ),
  );
  const row = h("div", { class: "regtutor-tab-row", role: "tablist", "aria-label": "More about the last request" }, ...tabs);
  view.body.append(row);

  /** @param {string} name */
  function choose(name) {
    model.set("selected", name);
    try {
      model.save_changes();
    } catch {
      // Without a kernel, the choice is kept in the page alone.
    }
    show();
  }

  function show() {
    const selected = model.get("selected");
    tabs.forEach((tab, index) => {
      const on = names[index] === selected;
      tab.setAttribute("aria-selected", String(on));
      tab.setAttribute("tabindex", on ? "0" : "-1");
    });
    for (const name of names) {
      const text = model.get("marks")[name] ?? "";
      marks[name].textContent = text ? ` ${text}` : "";
    }
    if (box === null) return;
    for (const name of names) {
      for (const panel of box.querySelectorAll(`:scope > .regtutor-panel-${name}`)) {
        panel.classList.toggle("regtutor-panel-hidden", name !== selected);
        panel.id ||= `regtutor-panel-${own}-${name}`;
        panel.setAttribute("role", "tabpanel");
        panel.setAttribute("aria-labelledby", `regtutor-tab-${own}-${name}`);
        tabs[names.indexOf(name)].setAttribute("aria-controls", panel.id);
      }
    }
    view.drawn({ selected });
  }

  row.addEventListener("keydown", (event) => {
    const at = tabs.indexOf(/** @type {HTMLElement} */ (event.target));
    /** @type {Record<string, number>} */
    const ways = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tabs.length - 1 };
    if (at < 0 || event.ctrlKey || event.altKey || event.metaKey || !(event.key in ways)) return;
    event.preventDefault();
    const to = (ways[event.key] + tabs.length) % tabs.length;
    choose(names[to]);
    tabs[to].focus();
  });

  const parts = new MutationObserver(show);
  const attach = () => {
    if (signal?.aborted) return;
    box = el.closest(BOX);
    if (box === null) {
      requestAnimationFrame(attach); // not on the page yet
      return;
    }
    parts.observe(box, { childList: true });
    show();
  };
  const end = follow(model, ["selected", "marks"], show);
  attach();
  return () => {
    end();
    parts.disconnect();
    view.close();
  };
}

export default { render };
