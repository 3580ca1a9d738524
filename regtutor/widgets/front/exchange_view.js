// One exchange, by itself in a cell or as a part of the stepper: what it shows and what is open are Python's.

import { follow, frame } from "./view.js";
import { drawExchange, openLines } from "./exchange_lines.js";

/**
 * @param {{ model: import("@anywidget/types").AnyModel, el: HTMLElement }} props
 */
function render({ model, el }) {
  const { body, drawn, close } = frame(model, el, "exchange-view", "One exchange");
  /** @type {HTMLElement} */
  let picture;
  /** @param {number[]} opened */
  const changed = (opened) => {
    model.set("opened", opened);
    model.save_changes();
  };
  const said = () => drawn({ lines: model.get("data").lines.length, opened: model.get("opened").length });
  const endData = follow(model, ["data"], () => {
    picture = drawExchange(model.get("data"), { opened: model.get("opened"), changed });
    body.replaceChildren(picture);
    said();
  });
  const endOpened = follow(model, ["opened"], () => {
    openLines(picture, model.get("opened"));
    said();
  });
  return () => {
    endData();
    endOpened();
    close();
  };
}

export default { render };
