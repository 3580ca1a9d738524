"""What axe-core says of one widget: what it finds wrong, and which of its rules it could try at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

FAILING = ("serious", "critical")
"""The impacts that no widget of ours may have."""

TALL = 5000
"""Height of the window during a scan: axe-core passes over what is scrolled out of it."""

# JupyterLab's body clips and is 0 high (its parts are placed absolutely): axe-core would take every text for hidden.
SPREAD = """() => {
  document.body.style.minHeight = "100vh";
  const shell = document.querySelector(".jp-LabShell");
  return !shell || shell.getBoundingClientRect().height >= window.innerHeight;
}"""

# The whole page is JupyterLab's, and has findings of its own: only what is below the selector is scanned.
RUN = """async selector => {
  const found = await axe.run({include: [[selector]]}, {resultTypes: ["violations", "passes", "incomplete"]});
  document.body.style.minHeight = "";
  const told = rule => ({rule: rule.id, impact: rule.impact, help: rule.help, url: rule.helpUrl,
    places: rule.nodes.map(node => [node.target.join(" "), node.html, node.failureSummary ?? ""])});
  return {passed: found.passes.map(rule => rule.id), violations: found.violations.map(told),
    undecided: found.incomplete.map(told)};
}"""


@dataclass(frozen=True)
class Finding:
    """A rule of axe-core, with the places on the page where it does not hold.

    Attributes
    ----------
    impact: ``minor``, ``moderate``, ``serious`` or ``critical``.
    places: for each place, its selector, its HTML and what would mend it.
    """

    rule: str
    impact: str
    help: str
    url: str
    places: tuple[tuple[str, str, str], ...]

    def as_text(self) -> str:
        """The rule, then for each place where it is and what would mend it."""
        lines = [f"{self.impact}: {self.rule}: {self.help} ({self.url})"]
        for target, html, summary in self.places:
            lines += [f"  at {target}", f"     {html[:300]}", *(f"     {line}" for line in summary.splitlines())]
        return "\n".join(lines)


@dataclass(frozen=True)
class Scan:
    """What one scan said.

    Attributes
    ----------
    passed: the rules that were tried and hold.
    violations: what is wrong.
    undecided: what axe-core leaves to people, such as contrast over a picture.
    """

    passed: tuple[str, ...]
    violations: tuple[Finding, ...]
    undecided: tuple[Finding, ...]

    @property
    def failing(self) -> tuple[Finding, ...]:
        """The violations that no widget may have."""
        return tuple(one for one in self.violations if one.impact in FAILING)


def scan(page: Page, selector: str, axe_core: Path) -> Scan:
    """Scan what is below ``selector``.

    Parameters
    ----------
    selector: CSS of the widget's root; if nothing on the page fits it, axe-core raises.
    axe_core: where the npm package is, from ``node_package("axe-core")``.
    """
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate((axe_core / "axe.min.js").read_text("utf-8"))
    usual = page.viewport_size
    assert usual is not None
    page.set_viewport_size({**usual, "height": TALL})
    page.wait_for_function(SPREAD)
    said: dict[str, Any] = page.evaluate(RUN, selector)
    page.set_viewport_size(usual)
    violations, undecided = (
        tuple(Finding(**{**found, "places": tuple(map(tuple, found["places"]))}) for found in said[kind])
        for kind in ("violations", "undecided")
    )
    return Scan(tuple(said["passed"]), violations, undecided)


def assert_accessible(page: Page, selector: str, axe_core: Path, rules: tuple[str, ...] = ("color-contrast",)) -> None:
    """Scan, and fail on a serious or critical violation, or when one of ``rules`` found nothing that it could pass."""
    found = scan(page, selector, axe_core)
    assert not found.failing, f"below {selector}:\n" + "\n".join(one.as_text() for one in found.failing)
    left = "\n".join(one.as_text() for one in found.undecided)
    assert set(rules) <= set(found.passed), f"below {selector}, axe-core could only try {found.passed}\n{left}"
