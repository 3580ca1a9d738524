"""The graph of digests in a real JupyterLab and a real Chromium: every digest is a link that fetches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from regtutor.content.sample.image import sample_index
from tests.browser.axe import assert_accessible
from tests.browser.lab import Lab

pytestmark = pytest.mark.browser

ROOT = "[data-testid='digest-graph']"
INDEX = sample_index()
AMD64, ARM64 = INDEX.images
SHARED = AMD64.layers[0].digest

SET_UP = """import regtutor as rt
reg = rt.open_registry("embedded")
rt.push_image(reg, rt.sample_index(), "library/hello", "v1")
graph = rt.DigestGraph(reg, "library/hello", "v1")
graph"""


def node(root: Locator, digest: str) -> Locator:
    """The node of a digest."""
    return root.locator(f'.regtutor-node[data-digest="{digest}"]')


def link(root: Locator, digest: str) -> Locator:
    """The link to a digest in the JSON."""
    return root.locator(f'.regtutor-json .regtutor-link[data-digest="{digest}"]')


def test_digests_are_links_that_fetch_by_mouse_and_by_keys(lab: Lab, node_package: Callable[[str], Path]) -> None:
    lab.open_cells("graph.ipynb", SET_UP, "rt.DigestGraph(rt.sample_index())")
    lab.run_all()
    root = lab.page.locator(ROOT).first
    expect(root).to_have_attribute("data-nodes", "4")
    links_in_the_json_fetch(root)
    keys_lead_along_the_lines(lab, root)
    the_same_digest_is_lit_everywhere(root)
    assert_accessible(lab.page, ROOT, node_package("axe-core"))
    take_pictures(lab, root)
    what_is_gone_is_shown(lab, root)
    lab.save()
    lab.reload()
    again = lab.page.locator(ROOT).first
    expect(again).to_have_attribute("data-state", "missing")
    at_hand = lab.page.locator(ROOT).last
    expect(at_hand).to_contain_text("nothing was fetched")
    expect(at_hand.get_by_role("button", name="Fetch again")).to_have_count(0)


def links_in_the_json_fetch(root: Locator) -> None:
    """The index's JSON leads to a manifest, and that to its config and layers."""
    link(root, AMD64.digest).click()
    expect(root).to_have_attribute("data-selected", AMD64.digest)
    expect(root.locator(".regtutor-about .regtutor-good")).to_contain_text("the expected digest")
    expect(root.locator(".regtutor-exchange")).to_contain_text("→ 200 OK")
    link(root, AMD64.layers[1].digest).click()
    expect(root.locator(".regtutor-files")).to_contain_text("bin/greet")
    root.get_by_role("button", name="Fetch all manifests (1)").click()
    expect(root).to_have_attribute("data-requests", "4")
    expect(node(root, ARM64.digest)).to_have_attribute("data-state", "fetched")
    expect(node(root, SHARED)).to_contain_text("\N{MULTIPLICATION SIGN}2")
    expect(root.locator(".regtutor-lines path")).to_have_count(1 + 2 + 4 + 4)


def keys_lead_along_the_lines(lab: Lab, root: Locator) -> None:
    """Arrow keys move, Enter fetches, and ``d d`` deletes no cell."""
    cells = lab.kinds()
    press = lab.page.keyboard.press
    node(root, AMD64.layers[1].digest).focus()
    press("ArrowLeft")
    expect(node(root, AMD64.digest)).to_be_focused()
    press("ArrowDown")
    expect(node(root, ARM64.digest)).to_be_focused()
    press("ArrowRight")
    expect(node(root, ARM64.config.digest)).to_be_focused()
    press("Enter")
    expect(root).to_have_attribute("data-selected", ARM64.config.digest)
    expect(node(root, ARM64.config.digest)).to_be_focused()
    expect(root.locator(".regtutor-json")).to_contain_text('"architecture": "arm64"')
    press("d")
    press("d")
    assert lab.kinds() == cells
    expect(root.locator(".regtutor-node[tabindex='0']")).to_have_count(1)


def the_same_digest_is_lit_everywhere(root: Locator) -> None:
    """A link in the JSON lights its node and the lines to it."""
    link(root, SHARED).hover()
    expect(node(root, SHARED)).to_have_class("regtutor-node regtutor-kind-layer regtutor-is-named regtutor-lit")
    expect(root.locator(".regtutor-lines path.regtutor-lit")).to_have_count(2)


def take_pictures(lab: Lab, root: Locator) -> None:
    """Light, dark, and narrow."""
    for digest, name in ((ARM64.digest, "manifest"), (SHARED, "layer")):
        node(root, digest).click()
        expect(root).to_have_attribute("data-selected", digest)
        expect(root.locator(".regtutor-exchange")).to_have_count(1)
        lab.picture(f"digest-graph-{name}-light")
        lab.theme("dark")
        lab.picture(f"digest-graph-{name}-dark")
        lab.picture(f"digest-graph-{name}-800", width=800)
        assert root.evaluate("root => root.scrollWidth <= root.clientWidth")
        lab.theme("light")


def what_is_gone_is_shown(lab: Lab, root: Locator) -> None:
    """A layer that was deleted is drawn as missing, with the answer that says so."""
    lab.ask_kernel(f'rt.delete_blob(reg, "library/hello", "{SHARED}")')
    root.get_by_role("button", name="Fetch again").click()
    expect(root).to_have_attribute("data-state", "missing")
    expect(node(root, SHARED)).to_contain_text("missing")
    expect(root.locator(".regtutor-exchange")).to_contain_text("→ 404")
    lab.picture("digest-graph-missing-light")
