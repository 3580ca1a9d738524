"""The storage tree in a real JupyterLab and a real Chromium: by mouse, by keyboard, and with more files than fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.axe import assert_accessible
from tests.browser.lab import Lab

pytestmark = pytest.mark.browser

ROOT = '[data-testid="registry-tree"]'
HELLO = "docker/registry/v2/repositories/library/hello"

SET_UP = """import regtutor as rt
from regtutor.storage_tree import StorageTree
reg = rt.open_registry("embedded")
layer = rt.sample_image().layers[0]
start = rt.start_upload(reg, "library/hello")
view = rt.RegistryTree(reg)
view"""
MANY = """big = StorageTree.of((f"docker/registry/v2/blobs/sha256/ab/{i:064x}/data", i) for i in range(20_000))
rt.RegistryTree(big, StorageTree())"""


def row(root: Locator, path: str) -> Locator:
    """The row of a path."""
    return root.locator(f'[data-path="{path}"]')


def test_the_tree_shows_what_a_request_changed_and_explains_it_by_mouse_and_by_keys(
    lab: Lab, node_package: Callable[[str], Path]
) -> None:
    lab.open_cells("tree.ipynb", SET_UP, MANY)
    lab.run_all()
    root = lab.page.locator(ROOT).first
    expect(root).to_have_attribute("data-ready", "true")
    expect(root).to_have_attribute("data-changed", "0")
    refresh_shows_the_change(lab, root)
    keys_move_and_open_and_delete_no_cell(lab, root)
    assert_accessible(lab.page, ROOT, node_package("axe-core"))
    take_pictures(lab, root)
    reloading_keeps_what_was_opened(lab)
    many_files_are_shown_a_few_at_a_time(lab)


def refresh_shows_the_change(lab: Lab, root: Locator) -> None:
    """The upload session goes, and the blob and its link come."""
    lab.ask_kernel("rt.put_blob(reg, start.location, layer)")
    root.get_by_role("button", name="Refresh").click()
    expect(root).to_have_attribute("data-changed", "4")
    expect(root.locator(".regtutor-said")).to_have_text(
        "1 new file in blobs, 1 new file in library/hello/_layers, 2 files gone from library/hello/_uploads."
    )
    kinds = root.locator("[role=treeitem]").evaluate_all("rows => rows.map(row => row.dataset.kind)")
    assert {"new", "gone", ""} == set(kinds)
    row(root, f"{HELLO}/_uploads").click()
    expect(root.locator(".regtutor-what")).to_contain_text("Open upload sessions")
    expect(row(root, f"{HELLO}/_uploads")).to_have_attribute("aria-expanded", "true")
    row(root, f"{HELLO}/_uploads").click()
    expect(row(root, f"{HELLO}/_uploads")).to_have_attribute("aria-expanded", "false")


def keys_move_and_open_and_delete_no_cell(lab: Lab, root: Locator) -> None:
    """As in the ARIA tree pattern; ``d d`` is for JupyterLab only where no tree has the focus."""
    cells = lab.kinds()
    press = lab.page.keyboard.press
    uploads = row(root, f"{HELLO}/_uploads")
    expect(uploads).to_be_focused()
    press("ArrowRight")
    expect(uploads).to_have_attribute("aria-expanded", "true")
    press("ArrowRight")
    expect(uploads).not_to_be_focused()
    press("ArrowLeft")
    press("ArrowLeft")
    expect(uploads).to_be_focused()
    press("Home")
    expect(root.locator("[role=treeitem]").first).to_be_focused()
    press("End")
    expect(root.locator("[role=treeitem]").last).to_be_focused()
    press("ArrowUp")
    press("d")
    press("d")
    assert lab.kinds() == cells
    expect(root.locator("[role=treeitem][tabindex='0']")).to_have_count(1)


def take_pictures(lab: Lab, root: Locator) -> None:
    """Light, dark, and narrow."""
    root.locator('[data-kind="gone"]').first.click()
    root.locator('[data-kind="new"]').first.click()
    root.scroll_into_view_if_needed()
    lab.picture("registry-tree-light")
    lab.theme("dark")
    lab.picture("registry-tree-dark")
    lab.picture("registry-tree-800", width=800)
    assert root.evaluate("root => root.scrollWidth <= root.clientWidth")
    lab.theme("light")


def reloading_keeps_what_was_opened(lab: Lab) -> None:
    """The kernel has the state; the page comes back with it."""
    row(lab.page.locator(ROOT).first, "docker/registry/v2/repositories").locator(".regtutor-twist").click()
    lab.save()
    lab.reload()
    root = lab.page.locator(ROOT).first
    expect(root).to_have_attribute("data-changed", "4")
    expect(row(root, "docker/registry/v2/repositories")).to_have_attribute("aria-expanded", "false")


def many_files_are_shown_a_few_at_a_time(lab: Lab) -> None:
    """A page of a folder, and more of it on demand."""
    root = lab.page.locator(ROOT).last
    rows = root.locator("[role=treeitem]")
    first = rows.count()
    assert 50 < first < 500
    more = root.locator(".regtutor-more").last
    more.scroll_into_view_if_needed()
    more.click()
    expect(rows).to_have_count(first + 100)
