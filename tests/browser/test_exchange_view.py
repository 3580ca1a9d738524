"""One exchange in a real browser: opened by mouse and by keyboard, found open again, readable in both themes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.axe import assert_accessible
from tests.browser.lab import Lab

pytestmark = pytest.mark.browser

VIEW = "[data-testid=exchange-view]"

STORED = """
import regtutor as rt
reg = rt.open_registry("embedded", quiet=True)
image = rt.sample_image()
start = rt.start_upload(reg, "library/hello")
put = rt.put_blob(reg, start.location, image.layers[0])
view = rt.ExchangeView(put)
view
"""

REFUSED = """
start = rt.start_upload(reg, "library/hello")
wrong = rt.put_blob(reg, start.location, image.layers[1], digest=image.layers[0].digest)
rt.ExchangeView(wrong)
"""

UNTYPED = """
draft = rt.draft(rt.put_manifest, "library/hello", "v1", image.manifest)
view = rt.ExchangeView(reg.send(draft.edit(headers={"Content-Type": None})))
view.opened = [view.data["diagnoses"][0]["line"] or 0]
view
"""

HOSTILE = """
from dataclasses import replace
bad = "<img src=x onerror=alert(1)>\\x1b[31m\\u202edellac\\u0645\\u0631\\u062d\\u0628\\u0627"
bad_headers = (("X-Bad", bad), ("X-Long", "v" * 65536), *((f"X-{n}", str(n)) for n in range(1000)))
view = rt.ExchangeView(replace(put, response=replace(put.response, reason=bad, headers=bad_headers)))
view
"""


def test_lines_open_by_mouse_and_keyboard_and_stay_open_while_the_kernel_lives(lab: Lab) -> None:
    lab.open_cells("exchange.ipynb", STORED, "view")
    lab.run_all()
    view = lab.view("exchange-view")
    line = view.get_by_role("button", name="received: HTTP/1.1 100 Continue")
    meaning = view.get_by_text("Continue: the head is accepted; send the body.")
    expect(meaning).to_be_hidden()
    line.click()
    expect(meaning).to_be_visible()
    clause = view.get_by_role("link", name="RFC 9110, 15.2.1 100 Continue")
    expect(clause).to_have_attribute("rel", "noreferrer noopener")
    expect(clause).to_have_attribute("target", "_blank")
    line.click()
    expect(meaning).to_be_hidden()

    keyboard, focused = lab.page.keyboard, view.locator(":focus")
    line.focus()
    for key, name in [
        ("ArrowDown", "sent: [4631 bytes sent"),
        ("Home", "sent: PUT /v2/"),
        ("ArrowUp", "sent: PUT /v2/"),
        ("End", "received: Date"),
        ("ArrowUp", "received: Content-Length: 0"),
    ]:
        keyboard.press(key)
        expect(focused).to_contain_text(name)
    keyboard.press("Enter")
    expect(focused).to_have_attribute("aria-expanded", "true")
    expect(view.get_by_text("There is no body.")).to_be_visible()
    keyboard.press("Home")
    keyboard.press("Space")
    expect(view).to_have_attribute("data-opened", "2")
    for key in ("d", "d", "m", "x"):
        keyboard.press(key)
    assert lab.kinds() == ["code", "code"]
    expect(view.locator("[data-line][tabindex='0']")).to_have_count(1)

    both = lab.page.locator(VIEW)
    expect(both).to_have_count(2)
    expect(both.first).to_have_attribute("data-opened", "2")
    assert lab.ask_kernel("print(view.opened)") == "[0, 14]\n"
    lab.save()
    lab.reload()
    expect(lab.view("exchange-view")).to_have_attribute("data-opened", "2")
    expect(view.get_by_text("There is no body.")).to_be_visible()

    view.get_by_role("button", name="Explain all").click()
    expect(meaning).to_be_visible()
    view.get_by_role("button", name="Close all").click()
    expect(view.locator("[aria-expanded='true']")).to_have_count(0)

    view.get_by_text("The same request with curl").click()
    view.get_by_role("button", name="Copy").click()
    expect(view.get_by_role("status").last).not_to_be_empty()
    assert "curl --silent" in (view.locator("pre").last.text_content() or "")

    view.get_by_role("button", name="Explain all").click()
    lab.ask_kernel("view.exchange = start")
    expect(view.get_by_role("button", name="sent: POST /v2/library/hello/blobs/uploads/")).to_be_visible()
    expect(view).to_have_attribute("data-opened", "0")
    lab.ask_kernel("view.exchange = None")
    expect(view).to_contain_text("Nothing has been sent yet.")

    lab.ask_kernel("view.exchange = put")
    lab.restart()
    line.click()
    expect(meaning).to_be_visible()


def test_refusals_and_hostile_answers_are_readable_in_both_themes(
    lab: Lab, node_package: Callable[[str], Path]
) -> None:
    axe_core = node_package("axe-core")
    lab.open_cells("refused.ipynb", STORED, REFUSED, UNTYPED, HOSTILE)
    lab.run_all()
    stored, refused, untyped, hostile = (lab.output(number).locator(VIEW) for number in range(4))
    expect(hostile).to_have_attribute("data-ready", "true")

    note = refused.get_by_role("note").first
    note.get_by_role("button").click()
    expect(refused.locator(":focus")).to_have_attribute("aria-expanded", "true")
    expect(refused.locator(":focus")).to_contain_text("warning: ")
    stored.get_by_role("button", name="received: HTTP/1.1 100 Continue").click()
    stored.get_by_role("button", name="sent: Content-Length").click()
    stored.get_by_text("The same request with curl").click()

    expect(hostile.locator("img")).to_have_count(0)
    expect(hostile.locator("[data-line='11']")).to_contain_text(
        "X-Bad: <img src=x onerror=alert(1)>\\x1b[31m\\u202edellac"
    )
    expect(hostile).to_contain_text("[cut: 65,536 characters]")
    expect(hostile).to_contain_text("942 more lines (response header) are not shown")
    assert hostile.locator("[data-line]").count() < 100

    for scheme in lab.themes():
        for name, shown in [("stored", stored), ("refused", refused), ("untyped", untyped)]:
            lab.picture(f"exchange-{name}-{scheme}", of=shown)
            lab.picture(f"exchange-{name}-{scheme}-800", width=800, of=shown)
        assert_accessible(lab.page, VIEW, axe_core, ("button-name", "color-contrast", "link-name"))
    lab.picture("exchange-hostile", of=hostile)

    saved = lab.save()
    lab.open_as_strangers(saved, "strangers-refused.ipynb")
    shown = lab.output(1)
    expect(shown.get_by_role("img", name="The exchange as arrows: put_blob, 400")).to_be_visible()
    expect(shown.get_by_text("HTTP/1.1 400 Bad Request")).to_be_visible()
    expect(shown.locator("[data-testid], script, style")).to_have_count(0)
    lab.picture("exchange-static", of=shown)


def test_of_a_long_body_the_curl_command_shows_the_beginning_and_copies_all(lab: Lab) -> None:
    lab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    second = "rt.ExchangeView(rt.put_blob(reg, rt.start_upload(reg, 'library/hello').location, image.layers[1]))"
    lab.open_cells("long-body.ipynb", STORED, second)
    lab.run_all()
    view = lab.output(1).locator(VIEW)
    view.get_by_text("The same request with curl").click()
    command = view.locator("pre").last
    expect(command).to_contain_text("… [3,444 characters: Copy has them all]")
    shown = command.text_content() or ""
    view.get_by_role("button", name="Copy").click()
    expect(view.get_by_role("status").last).to_have_text("Copied.")
    copied = lab.page.evaluate("() => navigator.clipboard.readText()")
    beginning, rest = shown.split("… [3,444 characters: Copy has them all]")
    assert copied.startswith(beginning) and copied.endswith(rest)
    assert len(copied) == len(beginning) - 40 + 3444 + len(rest)
