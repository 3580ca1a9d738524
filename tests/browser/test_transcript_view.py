"""A transcript in a real browser: 5,000 rows by keyboard and mouse, a filter that is kept, rows that come later."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.axe import assert_accessible
from tests.browser.lab import Lab

pytestmark = pytest.mark.browser

VIEW = "[data-testid=transcript-view]"

MOST_IN_PAGE = 40
"""Rows that may be in the page, however many there are."""

PUSHED = """
import regtutor as rt
reg = rt.open_registry("embedded", quiet=True)
pushed = rt.push_image(reg, rt.sample_image(), "library/hello", "v1")
"""

SHORT = "view = rt.TranscriptView(pushed)\nview"

TIMES = """
from dataclasses import replace
from datetime import datetime, timedelta
from regtutor.widgets.transcript.timeline import TimeAxis, real_duration, rows_of
each = real_duration(rows_of(pushed.exchanges, TimeAxis())) + 5
begin = datetime.fromisoformat(pushed[0].started)
def at(round):
    moved = timedelta(milliseconds=each) * round
    return [replace(e, started=(datetime.fromisoformat(e.started) + moved).isoformat()) for e in pushed]
"""

LONG = (
    TIMES
    + """
many = rt.Transcript.of([e for round in range(385) for e in at(round)][:5000], "a long push")
view = rt.TranscriptView(many)
view
"""
)

HOSTILE = """
from regtutor.exchange import *
bad = "<img src=x onerror=alert(1)>\\x1b[31m\\u202e" + "x" * 3000
broken = Exchange(bad, "http://127.0.0.1:1/", RequestRecord("GET", "/v2/" + bad), error=bad)
paused = replace(pushed[0], started=(begin + timedelta(minutes=5)).isoformat())
rt.TranscriptView(rt.Transcript.of([*pushed, paused, *at(3400)[1:4], broken], bad, [bad]))
"""


def rows(view: Locator) -> Locator:
    return view.get_by_role("option")


def focused(view: Locator, number: int, count: int) -> None:
    """Wait until row ``number`` of ``count`` has the focus, in sight, and is the one that Tab finds."""
    row = view.locator("[role=option]:focus")
    expect(row).to_have_attribute("aria-posinset", str(number))
    expect(row).to_have_attribute("aria-setsize", str(count))
    expect(row).to_be_in_viewport()
    expect(view.locator("[role=option][tabindex='0']")).to_have_count(1)
    assert rows(view).count() <= MOST_IN_PAGE


def test_5000_exchanges_are_walked_filtered_and_opened_with_few_rows_in_the_page(lab: Lab) -> None:
    lab.open_cells("long.ipynb", PUSHED, LONG, "# the last cell")
    lab.run_all()
    view, keyboard = lab.view("transcript-view"), lab.page.keyboard
    expect(view).to_have_attribute("data-shown", "5000")
    assert 14 <= rows(view).count() <= MOST_IN_PAGE

    rows(view).first.focus()
    for key, number in [("ArrowDown", 2), ("PageDown", 15), ("ArrowUp", 14), ("End", 5000), ("PageUp", 4987),
                        ("Home", 1), ("ArrowUp", 1)]:  # fmt: skip
        keyboard.press(key)
        focused(view, number, 5000)
    for share in range(11):
        most = view.get_by_role("listbox").evaluate(SCROLL, share / 10)
        assert most <= MOST_IN_PAGE
    expect(rows(view).locator("text=/^5000$/")).to_have_count(1)

    rows(view).first.scroll_into_view_if_needed()
    take_pictures(lab, view, "transcript-5000")
    before = lab.kinds()
    # JupyterLab may have taken the focus while it changed its theme for the pictures.
    view.locator("[role=option][tabindex='0']").focus()
    keyboard.press("End")
    keyboard.press("Enter")
    expect(view).to_have_attribute("data-opened", "4999")
    expect(view.get_by_text("Exchange 5,000 of 5,000")).to_be_visible()
    expect(rows(view).and_(view.locator("[aria-selected=true]"))).to_have_attribute("aria-posinset", "5000")
    for key in ("d", "d", "m", "Escape"):
        keyboard.press(key)
    expect(view).to_have_attribute("data-opened", "-1")
    focused(view, 5000, 5000)
    assert lab.kinds() == before

    view.get_by_role("searchbox").fill("put manifest 201")
    expect(view).to_have_attribute("data-shown", "384")
    view.get_by_role("button", name="Refused only").click()
    expect(view.get_by_text("No exchange matches the filter.")).to_be_visible()
    view.get_by_role("searchbox").fill("")
    expect(view).to_have_attribute("data-shown", "0")  # a HEAD that finds nothing is no refusal
    view.get_by_role("button", name="Refused only").click()
    expect(view).to_have_attribute("data-shown", "5000")
    view.get_by_role("button", name="HEAD").click()
    expect(view).to_have_attribute("data-shown", "1539")


@pytest.mark.parametrize("leave", ["[role=option]:focus", ".regtutor-opened button"], ids=["the list", "the exchange"])
def test_the_row_of_an_exchange_is_in_sight_when_that_is_closed(lab: Lab, leave: str) -> None:
    lab.page.set_viewport_size({"width": 1280, "height": 420})
    lab.open_cells("closed.ipynb", PUSHED, SHORT)
    lab.run_all()
    view = lab.view("transcript-view")
    rows(view).first.focus()
    lab.page.keyboard.press("Enter")
    expect(view).to_have_attribute("data-opened", "0")
    view.locator(".regtutor-opened").evaluate("opened => opened.scrollIntoView({block: 'end'})")
    expect(rows(view).first).not_to_be_in_viewport()
    view.locator(leave).first.evaluate("element => element.focus({preventScroll: true})")
    lab.page.keyboard.press("Escape")
    expect(view).to_have_attribute("data-opened", "-1")
    focused(view, 1, 13)


SCROLL = """(list, share) => new Promise(done => {
  list.scrollTop = share * (list.scrollHeight - list.clientHeight);
  requestAnimationFrame(() => requestAnimationFrame(() => done(list.querySelectorAll("[role=option]").length)));
})"""


def test_what_is_open_and_the_filter_are_kept_and_rows_come_one_by_one(lab: Lab) -> None:
    lab.open_cells("kept.ipynb", PUSHED, SHORT, "view")
    lab.run_all()
    both = lab.page.locator(VIEW)
    expect(both).to_have_count(2)
    view = lab.view("transcript-view")
    view.get_by_role("searchbox").fill("uploads")
    expect(view).to_have_attribute("data-shown", "8")
    rows(view).nth(1).click()
    expect(view.locator(".regtutor-opened")).to_contain_text("Docker-Content-Digest")
    for one in both.all():
        expect(one).to_have_attribute("data-shown", "8")
        expect(one).to_have_attribute("data-opened", "2")
    lab.ask_kernel("view.add(pushed[1]); view.add(pushed[2], pushed[3])")
    for one in both.all():
        expect(one).to_have_attribute("data-rows", "16")
        expect(one).to_have_attribute("data-shown", "10")
    expect(view.locator(":focus")).to_have_attribute("data-index", "2")
    assert json.loads(lab.ask_kernel("import json; print(json.dumps([view.words, view.opened]))")) == ["uploads", 2]
    lab.save()
    lab.reload()
    view = lab.view("transcript-view")
    expect(view).to_have_attribute("data-rows", "16")
    expect(view).to_have_attribute("data-shown", "10")
    expect(view).to_have_attribute("data-opened", "2")
    expect(view.get_by_role("searchbox")).to_have_value("uploads")
    view.get_by_role("button", name="Close").click()
    expect(view.locator(":focus")).to_have_attribute("role", "option")

    lab.ask_kernel("lost = rt.get_manifest(reg, 'library/hello', 'nowhere'); view.add(lost)")
    lab.ask_kernel("view.words, view.refused_only, view.opened = '', True, 0")
    expect(view).to_have_attribute("data-shown", "1")
    expect(view).to_have_attribute("data-opened", "0")
    lab.ask_kernel("view.rows.append(view.rows[-1]); view._exchanges.append(lost); view.add(lost)")
    expect(view).to_have_attribute("data-rows", "19")
    expect(view).to_have_attribute("data-shown", "3")

    lab.restart()
    rows(view).nth(1).click()
    expect(view.get_by_role("alert")).to_contain_text("kernel")


def test_it_is_readable_in_both_themes_and_in_a_narrow_window(lab: Lab, node_package: Callable[[str], Path]) -> None:
    axe_core = node_package("axe-core")
    lab.open_cells("looks.ipynb", PUSHED, SHORT, TIMES + HOSTILE, "view.snapshot()")
    lab.run_all()
    short, hostile = (lab.output(number).locator(VIEW) for number in (1, 2))
    expect(hostile).to_have_attribute("data-ready", "true")
    expect(hostile.locator("img")).to_have_count(0)
    expect(hostile).to_contain_text("<img src=x onerror=alert(1)>\\x1b[31m\\u202e")
    expect(hostile).to_contain_text("2 pauses are drawn")
    expect(hostile).to_contain_text("One record has no start time")
    rows(short).nth(2).click()
    expect(short.locator(".regtutor-exchange")).to_be_visible()
    for view in (short, hostile):
        assert view.evaluate("view => view.scrollWidth - view.clientWidth") <= 0
    take_pictures(lab, short, "transcript-short")
    take_pictures(lab, hostile, "transcript-hostile")
    for _ in lab.themes():
        assert_accessible(lab.page, VIEW, axe_core)

    lab.open_as_strangers(lab.save(), "looks.ipynb")
    still = lab.output(3)
    expect(still.get_by_role("row")).to_have_count(14)
    expect(still.get_by_role("img")).to_be_visible()
    bar = still.locator("[style*=background-color]").nth(2)
    expect(bar).to_have_css("height", "3px")
    expect(bar).not_to_have_css("margin-left", "0px")
    lab.picture("transcript-still-untrusted")


def take_pictures(lab: Lab, view: Locator, name: str) -> None:
    """In both themes, and in a narrow window."""
    for scheme in lab.themes():
        view.evaluate("view => view.scrollIntoView({block: 'start'})")
        lab.picture(f"{name}-{scheme}")
        lab.picture(f"{name}-{scheme}-800", width=800)


TABLE = "rt.summary_table([*pushed[:3], refused])"

TELLING = """
import regtutor as rt
reg = rt.open_registry("embedded", quiet=True)
pushed = rt.push_image(reg, rt.sample_image(), "library/hello", "v1", progress=False)
refused = rt.put_manifest(reg, "library/empty", "v1", rt.sample_image().manifest)
huge = [rt.get_manifest(reg, "library/hello", "no-such-tag"), refused]
view = rt.TranscriptView(rt.Transcript.of([*pushed, *huge], "a push, and two refusals"))
view
"""

CUT = """root => [...root.querySelectorAll(".regtutor-long-row")].flatMap(row =>
  [...row.querySelectorAll(".regtutor-cell-status, .regtutor-cell-bytes, .regtutor-cell-ms")]
    .filter(cell => cell.scrollWidth > cell.clientWidth + 1).map(cell => cell.textContent))"""


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1024, 768)])
def test_status_code_and_bytes_are_whole_beside_jupyterlabs_side_bar(lab: Lab, width: int, height: int) -> None:
    lab.page.set_viewport_size({"width": width, "height": height})
    lab.open_cells(f"telling-{width}.ipynb", TELLING, TABLE, side_bar=True)
    lab.run_all()
    view = lab.view("transcript-view")
    expect(view).to_contain_text("MANIFEST_BLOB_UNKNOWN")
    expect(view.locator(".regtutor-figures")).to_contain_text("2 refused")
    expect(view.locator(".regtutor-figures")).to_contain_text("4 not found, as expected")
    assert view.evaluate(CUT) == []
    for scheme in lab.themes():
        lab.window(f"transcript-{width}-{scheme}")
    table = lab.output(1).locator("table")
    table.scroll_into_view_if_needed()
    assert table.evaluate("table => table.getBoundingClientRect().width <= table.parentElement.clientWidth + 1")
    assert table.locator("td").first.evaluate("cell => getComputedStyle(cell).textAlign") == "left"
    expect(table).to_contain_text("&digest=sha256:")
    lab.window(f"table-{width}")
