"""A stepper on the page: its buttons, its fields, and the text of its parts, by the names that learners see."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Locator, expect

# What is wider than the element that holds it, but for scrolled regions, cut texts and what only screen readers read.
STANDING_OUT = """root => [root, ...root.querySelectorAll("*")].filter(one => {
  const { display, overflowX, position } = getComputedStyle(one);
  const cut = ["hidden", "auto"].includes(overflowX) || position === "absolute" || display === "inline";
  return one.clientWidth > 0 && !cut
    && one.scrollWidth > one.clientWidth + 1
    && !one.closest(".regtutor-scroll") && !one.matches("select, option, input, .regtutor-edit-headers textarea");
}).map(one => `${one.scrollWidth} > ${one.clientWidth}: ${one.outerHTML.slice(0, 160)}`)"""

BOXES = """(root, selectors) => Object.fromEntries(Object.entries(selectors).map(([name, selector]) => {
  const element = selector ? root.querySelector(selector) : root;
  if (!element || element.getClientRects().length === 0) return [name, null];
  const box = element.getBoundingClientRect();
  // What the boxes around an element cut off cannot be seen.
  let [left, top, right, bottom] = [box.left, box.top, box.right, box.bottom];
  for (let around = element.parentElement; around !== document.body; around = around.parentElement) {
    if (getComputedStyle(around).overflow === "visible") continue;
    const frame = around.getBoundingClientRect();
    [left, top] = [Math.max(left, frame.left), Math.max(top, frame.top)];
    [right, bottom] = [Math.min(right, frame.right), Math.min(bottom, frame.bottom)];
  }
  return [name, { left: box.left, top: box.top, right: box.right, bottom: box.bottom,
    seen: right > left && bottom > top ? (right - left) * (bottom - top) / (box.width * box.height) : 0 }];
}))"""


@dataclass(frozen=True)
class Box:
    """Where an element is on the page, in pixels, and which part of it can be seen, from 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float
    seen: float

    @property
    def height(self) -> float:
        return self.bottom - self.top


class Stepper:
    """One place where a stepper is shown.

    Parameters
    ----------
    root: the element that is the whole stepper.
    """

    def __init__(self, root: Locator) -> None:
        self.root = root

    # finding

    def part(self, name: str) -> Locator:
        """A part of ipywidgets by its class name, without ``regtutor-``."""
        return self.root.locator(f".jupyter-widgets.regtutor-{name}")

    def view(self, name: str) -> Locator:
        """One of the views, once it says that it is drawn."""
        view = self.root.get_by_test_id(name)
        expect(view).to_have_attribute("data-ready", "true")
        return view

    def field(self, label: str) -> Locator:
        """A control by its label."""
        return self.root.locator("input, select, textarea").and_(self.root.get_by_label(label, exact=True))

    @property
    def headers(self) -> Locator:
        """The field for the headers of the request about to be sent."""
        return self.field("Headers")

    @property
    def trouble(self) -> Locator:
        """Where it is said that the kernel does not answer."""
        return self.root.get_by_test_id("guard-trouble")

    # doing

    def click(self, name: str) -> None:
        """Press a button."""
        self.part(name).click()

    def choose(self, label: str, option: str) -> None:
        """Choose in a list."""
        self.field(label).select_option(label=option)

    def tab(self, name: str) -> None:
        """Show one of the tabs."""
        self.root.get_by_role("tab", name=name).click()

    def send(self, first: int, last: int) -> None:
        """Press Send for the requests ``first`` to ``last``, and look for each state."""
        for number in range(first, last + 1):
            self.click("send")
            self.at(number, number)

    def run_to_the_end(self) -> None:
        """Press Run to the end, and wait until the walk is complete."""
        self.click("run")
        self.shows("position", "The walk is complete")

    # looking

    def at(self, number: int, sent: int) -> None:
        """Wait until the state after request ``number`` of ``sent`` is shown, in the strip as well."""
        place = self.part("position").locator(f"[data-number='{number}'][data-sent='{sent}']")
        expect(place).to_have_count(1)
        expect(self.view("walk-strip")).to_have_attribute("data-index", str(number - 1))

    def shows(self, name: str, text: str) -> None:
        """Wait until a part holds ``text``."""
        expect(self.part(name)).to_contain_text(text)

    def number(self) -> int:
        """The request whose answer is shown; 0 before the first."""
        place = self.part("position").locator("[data-number]")
        return int(place.get_attribute("data-number") or 0)

    def boxes(self, **selectors: str) -> dict[str, Box]:
        """The boxes of elements in the stepper; an element that is not there, or hidden, is left out."""
        found = self.root.evaluate(BOXES, selectors)
        return {name: Box(**box) for name, box in found.items() if box is not None}

    def standing_out(self) -> list[str]:
        """What is wider than its place, unless it can be scrolled on purpose."""
        found: list[str] = self.root.evaluate(STANDING_OUT)
        return found
