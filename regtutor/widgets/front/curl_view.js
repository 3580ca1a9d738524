// The last request of the stepper as a curl command.

import { follow, frame } from "./view.js";
import { drawCommand } from "./curl_command.js";

/** @param {{ model: import("@anywidget/types").AnyModel, el: HTMLElement }} props */
function render({ model, el }) {
  const { body, drawn, close } = frame(model, el, "curl-view", "The same request with curl");
  body.classList.add("regtutor-exchange");
  const end = follow(model, ["curl"], () => {
    body.replaceChildren(...drawCommand(model.get("curl")));
    drawn();
  });
  return () => {
    end();
    close();
  };
}

export default { render };
