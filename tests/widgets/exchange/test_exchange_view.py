"""One exchange as JSON and as a widget, without a browser: order, warnings, bounds, and what stays open."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from typing import Any

import pytest

import regtutor as rt
from regtutor.client.registry import Registry
from regtutor.errors import InvalidArgument, InvalidHeader
from regtutor.exchange import BodyRecord, Exchange, ResponseRecord
from regtutor.widgets.exchange.body_text import FEW, MOST, body_text, indented
from regtutor.widgets.exchange.exchange_data import MOST_ALIKE, MOST_LINES, exchange_data, milliseconds
from regtutor.widgets.exchange.exchange_view import ExchangeView
from regtutor.widgets.view import VIEW
from tests.formats.hostile import FAILED, HOSTILE

HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What steers a terminal or turns the direction of a text around."""


@pytest.fixture
def stored(reg: Registry) -> Exchange:
    """A blob that was stored: with 100 Continue before its bytes."""
    start = rt.start_upload(reg, "library/hello")
    assert start.location is not None
    return rt.put_blob(reg, start.location, rt.sample_image().layers[0])


@pytest.fixture
def refused(reg: Registry) -> Exchange:
    """A blob that is not what its digest says."""
    start = rt.start_upload(reg, "library/hello")
    assert start.location is not None
    layers = rt.sample_image().layers
    return rt.put_blob(reg, start.location, layers[1], digest=layers[0].digest)


@pytest.fixture
def untyped(reg: Registry) -> Exchange:
    """A manifest that was sent without saying what it is."""
    draft = rt.draft(rt.put_manifest, "library/hello", "v1", rt.sample_image().manifest)
    return reg.send(draft.edit(headers={"Content-Type": None}))


def read(line: dict[str, Any]) -> str:
    return " ".join(line[piece] for piece in ("before", "head", "rest") if line[piece])


def texts(value: Any) -> list[str]:
    """Every text in some JSON."""
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in [key, *texts(item)]]
    return [text for item in value for text in texts(item)] if isinstance(value, list) else [str(value)]


def test_the_lines_come_in_the_order_of_the_wire_and_read_as_in_the_text(stored: Exchange) -> None:
    lines = exchange_data(stored)["lines"]
    marks = {"sent": ">", "received": "<", "said": "*"}
    told = [line for line in stored.as_text().splitlines() if len(line) > 1 and not line.startswith("*")]
    assert [f"{marks[line['way']]} {read(line)}" for line in lines] == told
    turns = [line["way"] for line in lines]
    assert [way for way, before in zip(turns, [None, *turns], strict=False) if way != before] == [
        "sent", "received", "sent", "received",
    ]  # fmt: skip
    timed = [(line["head"] or line["part"]) for line in lines if line["at"]]
    assert timed == ["PUT", "100 Continue", "request body", "201 Created"]


def test_every_line_has_its_meaning_with_its_own_values_a_rule_and_a_clause(stored: Exchange) -> None:
    lines = {line["head"] or line["part"]: line for line in exchange_data(stored)["lines"]}
    assert lines["Content-Length:"]["meaning"] == "there is no body"
    assert lines["request body"]["meaning"].startswith("the client sent 4631 bytes; their digest is sha256:")
    assert lines["Location:"]["rule"] == "required"
    assert lines["100 Continue"]["clause"] == {
        "text": "RFC 9110, 15.2.1 100 Continue",
        "url": "https://www.rfc-editor.org/rfc/rfc9110.html#section-15.2.1",
    }
    assert all(line["meaning"] and line["rule"] for line in lines.values())


def test_the_title_says_what_the_answer_means_how_long_it_took_and_how_much_went(refused: Exchange) -> None:
    title = exchange_data(refused)["title"]
    assert (title["step"], title["status"], title["outcome"]) == ("put_blob", "400", "bad")
    assert title["meaning"] == refused.meaning
    size = len(refused.content)
    assert title["facts"][1:] == ["2,583 bytes up", f"{size:,} bytes down", "registry embedded"]


@pytest.mark.parametrize(
    ("time", "text"), [(0, "0 ms"), (0.1234, "0.123 ms"), (36.94, "36.9 ms"), (1234.5, "1,234 ms")]
)
def test_times_have_three_digits_or_whole_milliseconds(time: float, text: str) -> None:
    assert milliseconds(time) == text


def test_a_diagnosis_points_to_the_line_that_shows_it(refused: Exchange) -> None:
    data = exchange_data(refused)
    (found,) = data["diagnoses"]
    assert found["name"] == "the digest does not match the bytes"
    assert found["next"].startswith("Hash exactly the bytes that are sent")
    assert found["line"] == 0
    assert [line["warned"] for line in data["lines"]] == [[found["name"]], *([[]] * (len(data["lines"]) - 1))]
    assert "DIGEST_INVALID:" in [line["head"] for line in data["lines"]]


def test_for_a_header_that_is_missing_the_line_that_begins_the_message_is_warned(untyped: Exchange) -> None:
    data = exchange_data(untyped)
    (found,) = data["diagnoses"]
    assert (found["name"], found["line"]) == ("manifest without Content-Type", None)
    assert [read(line) for line in data["lines"] if line["warned"]] == [f"PUT {untyped.target} HTTP/1.1"]


def test_the_header_that_shows_it_is_found_however_it_is_spelt(stored: Exchange) -> None:
    request = replace(stored.request, headers=(*stored.request.headers[:1], ("content-LENGTH", "9")))
    data = exchange_data(replace(stored, request=request))
    warned = [(line["head"], line["warned"]) for line in data["lines"] if line["warned"]]
    assert warned == [("content-LENGTH:", ["Content-Length does not match the sent body"])]
    assert [found["line"] for found in data["diagnoses"]] == [2]


def test_no_answer_is_a_line_of_its_own() -> None:
    data = exchange_data(FAILED)
    assert data["title"]["status"] == "no response"
    assert [(line["way"], line["head"]) for line in data["lines"]] == [("sent", "GET"), ("said", "no response")]


def test_what_is_hostile_becomes_visible_text(stored: Exchange) -> None:
    for exchange in (HOSTILE, FAILED):
        found = [text for text in texts(exchange_data(exchange)) if HIDDEN.search(text)]
        assert found == []
        html = ExchangeView(exchange).static_html()
        assert HIDDEN.search(html) is None
        assert re.search(r"<(?:script|style|b>\s*<|svg)", html) is None


def test_a_thousand_long_headers_are_cut_and_it_is_said(stored: Exchange) -> None:
    assert stored.response is not None
    headers = tuple((f"X-{n}", "\x1b" * 65_536) for n in range(1000))
    huge = replace(stored, response=replace(stored.response, headers=headers))
    data = exchange_data(huge)
    assert len(json.dumps(data)) < 300_000
    lines = [line for line in data["lines"] if line["part"] == "response header"]
    assert len(lines) == MOST_ALIKE
    assert lines[0]["rest"].endswith("[cut: 65,536 characters]")
    assert read(data["lines"][-1]) == f"{1000 - MOST_ALIKE} more lines (response header) are not shown"
    assert data["curl"]["command"]
    assert len(ExchangeView(huge).static_html()) < 500_000
    page = ExchangeView(replace(huge, interims=stored.interims * 2000))
    assert len(page.data["lines"]) <= MOST_LINES + 2


def test_a_command_that_is_too_long_is_not_shown_and_it_is_said_how_to_have_it(stored: Exchange) -> None:
    request = replace(stored.request, headers=(*stored.request.headers, ("X-Long", "v" * 65_536)))
    curl = exchange_data(replace(stored, request=request))["curl"]
    assert curl["command"] == ""
    assert re.fullmatch(r"The command has 6[67],\d{3} characters: print\(rt\.curl\(exchange\)\)", curl["none"])
    assert exchange_data(stored)["curl"] == {"command": rt.curl(stored), "none": ""}


def test_json_is_indented_and_every_token_stays_as_it_was_written() -> None:
    text = '{"a":1e400, "a":[],"b":[{"c":"\\u00e9, [x]: {"}, null],"d":{}}'
    pretty = indented(text)
    assert pretty == (
        '{\n  "a": 1e400,\n  "a": [],\n'
        '  "b": [\n    {\n      "c": "\\u00e9, [x]: {"\n    },\n    null\n  ],\n  "d": {}\n}'
    )
    assert [indented(text) for text in ('"a"', "{", '{"a":1', "[" * 100_000, "<html>")] == [None] * 5


@pytest.mark.parametrize(
    ("preview", "size", "few", "note"),
    [
        (b'{"errors":[]}', 13, 3, "indented here, not on the wire"),
        (b'{\n  "a": 1\n}\n', 13, 3, ""),
        (b"line\n" * 1000, 5000, FEW, "800 more lines are not shown"),
        (
            b"a\r\nb" + b"x" * 4092,
            9999,
            2,
            "the first 4,096 of 9,999 bytes were recorded; lines are cut at 400 characters",
        ),
        (b"\x1f\x8b\x08\x00" * 1024, 10**10, 0, "the first 64 of 10,000,000,000 bytes, in hexadecimal"),
        (b"\x00\x01AZ", 4, 0, "its bytes, in hexadecimal"),
        ("\u20ac".encode() * 1365 + b"\xe2", 99_999, 1, "the first 4,096 of 99,999 bytes were recorded"),
    ],
)
def test_a_body_is_shown_in_part_and_it_is_said_how(preview: bytes, size: int, few: int, note: str) -> None:
    shown = body_text(BodyRecord(size, None, preview, "received"))
    assert shown["few"] == few
    assert str(shown["note"]).startswith(note) and bool(note) == bool(shown["note"])
    assert len(str(shown["text"]).split("\n")) <= MOST
    assert HIDDEN.search(str(shown["text"])) is None


def test_a_body_of_which_nothing_was_kept_shows_nothing() -> None:
    assert body_text(BodyRecord(10, "sha256:0", b"", "sent")) == {}


def test_what_is_open_stays_open_until_another_exchange_is_shown(stored: Exchange, refused: Exchange) -> None:
    view = ExchangeView(stored)
    view.set_state({"opened": [9, 0, 9]})
    assert view.opened == [0, 9]
    view.exchange = stored
    assert view.opened == [0, 9]
    view.exchange = refused
    assert (view.opened, view.exchange) == ([], refused)
    assert view.data["title"]["status"] == "400"
    assert ExchangeView(stored).opened == []


def test_a_click_that_comes_late_opens_no_line_that_there_is_not(stored: Exchange) -> None:
    view = ExchangeView(stored)
    view.exchange = None
    view.set_state({"opened": [3]})
    assert view.opened == []


def test_another_exchange_is_one_message(stored: Exchange, refused: Exchange) -> None:
    sent: list[Any] = []

    class Watched(ExchangeView):
        def send_state(self, key: Any = None) -> None:
            sent.append({key} if isinstance(key, str) else set(key or ()))

    view = Watched(stored)
    view.opened = [1]
    sent.clear()
    view.exchange = refused
    assert sent == [{"data", "opened"}]


def test_what_is_no_exchange_is_refused_by_name_and_changes_nothing(stored: Exchange) -> None:
    view = ExchangeView(stored)
    with pytest.raises(InvalidArgument, match="type Transcript"):
        view.exchange = rt.Transcript.of([stored])  # type: ignore[assignment]
    assert view.exchange is stored
    with pytest.raises(InvalidArgument, match="type str"):
        ExchangeView("GET / HTTP/1.1")  # type: ignore[arg-type]


def test_nothing_sent_yet_is_said() -> None:
    view = ExchangeView()
    assert view.data == {"lines": []}
    assert view.as_text() == "Nothing has been sent yet."
    assert "Nothing has been sent yet." in view.static_html()


def test_the_static_form_has_the_diagnosis_the_lines_and_a_picture_and_only_inline_styles(refused: Exchange) -> None:
    view = ExchangeView(refused)
    bundle, _metadata = view._repr_mimebundle_()
    assert set(bundle) == {VIEW, "text/html", "text/plain"}
    assert bundle["text/plain"] == refused.as_text()
    html = bundle["text/html"]
    assert html.index("Hash exactly the bytes") < html.index("<details>") < html.index("<img ")
    assert html.count("<details>") == len(view.data["lines"])
    assert re.search(r"<(?:script|style|svg)", html) is None
    encoded = re.search(r'base64,([^"]+)"', html)
    assert encoded is not None
    svg = base64.b64decode(encoded[1]).decode()
    assert "400 Bad Request" in svg
    assert "Content-Type" not in svg, "headers stand in the lines"


def test_a_body_in_an_answer_without_headers_is_no_trouble() -> None:
    answer = ResponseRecord(200, "", (), BodyRecord(2, None, b"ok", "received"))
    data = exchange_data(replace(FAILED, response=answer, error=""))
    assert [(line["head"], line["body"].get("text")) for line in data["lines"][1:]] == [("200", None), ("", "ok")]


def test_half_a_character_from_an_edited_file_is_shown_and_has_no_command() -> None:
    half = replace(FAILED, request=replace(FAILED.request, headers=(("X-Half", "\ud800"),)))
    view = ExchangeView(half)
    assert "half a character" in view.data["curl"]["none"]
    assert "\\ud800" in str(view.data["lines"]) + view.static_html()
    with pytest.raises(InvalidHeader, match="half a character"):
        rt.curl(half)
