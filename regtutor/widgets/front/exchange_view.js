// One exchange, alone in a cell or as a part of the stepper. Python owns the data and the list of open lines.

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
  const report = () => drawn({ lines: model.get("data").lines.length, opened: model.get("opened").length });
  const endData = follow(model, ["data"], () => {
    picture = drawExchange(model.get("data"), { opened: model.get("opened"), changed, compact: model.get("compact") });
    body.replaceChildren(picture);
    report();
  });
  const endOpened = follow(model, ["opened"], () => {
    openLines(picture, model.get("opened"));
    report();
  });
  return () => {
    endData();
    endOpened();
    close();
  };
}

export default { render };
