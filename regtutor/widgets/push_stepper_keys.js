/* JupyterLab takes a key press on a widget's button for a command to the notebook: "d d" would delete the cell. So key
   presses end at the stepper, but for those with Ctrl, Alt or Meta, and Shift+Enter, which runs the cell.
   "this" is an element within the stepper; the CSS starts an animation on it as soon as it is on the page. */
const root = this.closest(".regtutor-stepper");
if (root && !root.regtutorKeys) {
  root.regtutorKeys = true;
  root.addEventListener("keydown", (event) => {
    const meant = event.ctrlKey || event.altKey || event.metaKey || (event.shiftKey && event.key === "Enter");
    if (!meant) event.stopPropagation();
  });
}
