// The guard of a box of plain ipywidgets controls.
import { guardBox } from "./guarding.js";

/** @type {import("@anywidget/types").Render} */
function render(props) {
  return guardBox(/** @type {any} */ (props));
}

export default { render };
