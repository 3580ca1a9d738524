"""Views beside each other on one page: the style sheet of one view changes nothing in another."""

from __future__ import annotations

import pytest

from tests.browser.lab import Lab

pytestmark = pytest.mark.browser

SET_UP = """import regtutor as rt
reg = rt.open_registry("embedded", quiet=True)
image = rt.sample_image()
push = rt.push_image(reg, image, "library/hello", "v1")
stepper = rt.PushStepper(reg, image, "library/other", "v1")
_ = [stepper.send() for _ in range(3)]"""

VIEWS = {
    "stepper": "stepper",
    "transcript-view": "rt.TranscriptView(push)",
    "exchange-view": "rt.ExchangeView(push[-1])",
    "registry-tree": "rt.RegistryTree(stepper.states[2].tree, before=stepper.states[1].tree)",
    "digest-graph": "rt.DigestGraph(image)",
    "sequence-view": "rt.SequenceView.of(push)",
}
"""A view's name -> what shows it."""

RUN_ONE = "() => window.jupyterapp.commands.execute('notebook:run-cell-and-select-next')"

# What a rule that was meant for another view would change. Sizes that depend on the room are left out.
STYLES = """names => Object.fromEntries(names.map(name => {
  const roots = [...document.querySelectorAll(`.regtutor-${name}`)];
  const root = roots.find(one => !one.parentElement.closest(".regtutor-stepper"));
  const properties = [
    "align-items", "background-color", "background-image", "border-color", "border-style", "color", "cursor", "display",
    "fill", "flex-direction", "font-size", "font-weight", "gap", "grid-area", "list-style-type", "margin", "opacity",
    "overflow", "padding", "position", "stroke", "text-align", "text-overflow", "text-transform", "white-space",
  ];
  return [name, root && [root, ...root.querySelectorAll("*")].map(element => {
    const style = getComputedStyle(element);
    const classes = element.getAttribute("class") ?? "";
    return [`${element.tagName} ${classes}`, ...properties.map(property => `${property}: ${style[property]}`)];
  })];
}))"""


@pytest.mark.parametrize("order", [list(VIEWS), list(VIEWS)[::-1]], ids=["forward", "backward"])
def test_a_view_looks_the_same_whatever_other_views_are_on_the_page(lab: Lab, order: list[str]) -> None:
    lab.page.set_viewport_size({"width": 1200, "height": 900})
    lab.page.emulate_media(reduced_motion="reduce")
    lab.open_cells(f"together-{order[0]}.ipynb", SET_UP, *(VIEWS[name] for name in order))
    alone: dict[str, list[list[str]]] = {}
    lab.page.evaluate(RUN_ONE)
    for name in order:
        lab.page.evaluate(RUN_ONE)
        _ = lab.stepper() if name == "stepper" else lab.view(name)
        alone |= lab.page.evaluate(STYLES, [name])
    assert lab.errors() == []
    together = lab.page.evaluate(STYLES, order)
    changed = {name: differences(alone[name], together[name]) for name in order}
    assert {name: found for name, found in changed.items() if found} == {}


def differences(alone: list[list[str]], together: list[list[str]]) -> list[str]:
    """Each style that an element has only beside other views, with the style that it has alone."""
    assert [element for element, *_ in alone] == [element for element, *_ in together]
    return [
        f"{element}: {first} -> {second}"
        for (element, *ours), (_, *theirs) in zip(alone, together, strict=True)
        for first, second in zip(ours, theirs, strict=True)
        if first != second
    ]
