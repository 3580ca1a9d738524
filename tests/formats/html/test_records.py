"""HTML of records: everything is there, nothing that came over the wire is markup."""

from __future__ import annotations

from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any

import pytest

import regtutor as rt
from regtutor.exchange import BodyRecord, Exchange, Interim, RequestRecord, ResponseRecord, Transcript, WireEvent
from regtutor.formats.html import records
from regtutor.message import Location, Request, body_of
from regtutor.storage_tree import StorageTree

BAD = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><style>&amp;"
ALLOWED = {"div", "b", "i", "pre", "details", "summary", "table", "thead", "tbody", "tr", "th", "td", "code"}


class Outline(HTMLParser):
    """The text of some HTML, and a complaint about every tag or attribute that has no place in it."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(markup)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED
        assert {name for name, _ in attrs} <= ({"style", "open"} if tag == "details" else {"style"})
        assert "alert" not in str(attrs)
        self.open.append(tag)
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def bad_exchange() -> Exchange:
    body = BodyRecord(len(BAD), BAD, BAD.encode(), BAD, "text/html")
    return Exchange(
        BAD,
        f"http://h/{BAD}",
        RequestRecord(BAD, f"/{BAD}", ((BAD, BAD),), body, BAD),
        ResponseRecord(401, BAD, ((BAD, BAD),), body, BAD),
        (Interim(100, BAD, ((BAD, BAD),), 0.0, BAD),),
        (WireEvent(0.0, BAD, 0, BAD),),
        location=Location(BAD),
        registry=BAD,
        proxy=BAD,
    )


class BadImage:
    name = source = platform = BAD
    size = 3
    manifest = config = SimpleNamespace(media_type=BAD, size=3, digest=BAD)

    def rows(self) -> list[dict[str, str | int]]:
        return [{"media type": BAD, "size": 3, "digest": BAD, "diff ID": BAD}]


BAD_THINGS: dict[str, tuple[Any, Any]] = {
    "exchange": (records.exchange_html, bad_exchange()),
    "transcript": (records.transcript_html, Transcript((bad_exchange(),), BAD, (BAD,))),
    "long transcript": (records.transcript_html, Transcript((bad_exchange(),) * 201, BAD, (BAD,))),
    "draft": (records.request_html, Request(BAD, BAD, BAD, ((BAD, BAD),), body_of(b"x"))),
    "location": (records.location_html, Location(BAD)),
    "image": (records.image_html, BadImage()),
    "tree": (records.tree_html, StorageTree.of([(BAD, 3)])),
    "registry": (records.registry_html, SimpleNamespace(name=BAD, url=BAD, credentials=None, armed=None, host=None)),
}


@pytest.mark.parametrize("name", BAD_THINGS)
def test_nothing_that_came_from_elsewhere_is_markup(name: str) -> None:
    function, value = BAD_THINGS[name]
    assert "<script>alert(1)</" in Outline(function(value)).text  # a tree breaks its line at the slash


@pytest.fixture(scope="module")
def push() -> Transcript:
    with rt.open_registry("embedded", quiet=True) as reg:
        return rt.push_image(reg, rt.sample_image(), "library/hello", "v1")


def test_an_exchange_shows_every_line_of_both_messages(push: Transcript) -> None:
    put = next(exchange for exchange in push if exchange.step == "put_blob")
    text = Outline(records.exchange_html(put)).text
    lines = [put.request.start_line, "HTTP/1.1 100 Continue", put.response.start_line if put.response else "?"]
    lines += [
        f"{name}: {value}" for name, value in put.request.headers + (put.response.headers if put.response else ())
    ]
    assert [line for line in lines if line not in text] == []
    assert put.meaning in text and f"body sent: {put.bytes_up:,} bytes" in text


def test_a_manifest_is_readable_and_a_layer_is_hexadecimal(push: Transcript) -> None:
    assert '"schemaVersion"' in Outline(records.exchange_html(push[-1])).text
    put = next(exchange for exchange in push if exchange.step == "put_blob")
    assert "1f 8b 08" in Outline(records.exchange_html(put)).text


def test_a_body_that_is_cut_says_so() -> None:
    body = BodyRecord(9000, None, b"x" * 9000, "received", "text/plain")
    answer = ResponseRecord(200, "OK", (), body)
    text = Outline(records.exchange_html(Exchange("x", "", RequestRecord("GET", "/"), answer))).text
    assert text.rstrip().endswith("x\n...") and len(text) < 5000


def test_an_exchange_without_an_answer_says_why() -> None:
    lost = Exchange("check_api", "", RequestRecord("GET", "/"), error="the connection was closed")
    assert "no response: the connection was closed" in Outline(records.exchange_html(lost)).text
    withheld = Exchange("x", "", RequestRecord("PUT", "/", (), BodyRecord(fate="withheld")))
    assert "body withheld" in Outline(records.exchange_html(withheld)).text


def test_a_transcript_has_a_line_for_each_exchange_that_opens(push: Transcript) -> None:
    outline = Outline(records.transcript_html(push))
    bodies = sum(1 for x in push for b in (x.request.body, x.response and x.response.body) if b and b.preview)
    assert outline.tags.count("details") == len(push) + bodies
    assert f"{len(push)} exchanges, {push.bytes_up:,} bytes up" in outline.text


def test_a_long_transcript_is_only_counted(push: Transcript) -> None:
    one = Outline(records.transcript_html(Transcript.of([push[0]] * 200)))
    many = Outline(records.transcript_html(Transcript.of([push[0]] * 201)))
    assert one.tags.count("summary") >= 200
    assert many.tags.count("summary") == 0
    assert "head_blob404201" in many.text


def test_a_draft_shows_no_secret() -> None:
    draft = rt.draft(rt.put_blob, Location("http://h/v2/x?token=pw1"), b"abc").edit(
        headers={"Authorization": "Basic pw2"}
    )
    text = Outline(records.request_html(draft)).text
    assert "PUT /v2/x?token=" in text and "to http://h" in text
    assert "not sent" in text and "body: 3 bytes" in text and "pw" not in text
    assert "pw" not in records.location_html(Location("http://me:pw1@h/?token=pw2"))


def test_an_image_shows_whole_digests() -> None:
    image = rt.sample_image()
    text = Outline(records.image_html(image)).text
    wanted = [image.digest, image.config.digest, *(layer.digest for layer in image.layers)]
    assert [digest for digest in wanted if digest not in text] == []


def test_a_registry_is_shown_without_being_asked() -> None:
    reg = rt.connect("http://127.0.0.1:9", username="alice", password="swordfish")
    text = Outline(records.registry_html(reg)).text
    assert "127.0.0.1:9" in text and "credentials" in text
    assert "swordfish" not in text and "alice" not in text


def test_a_large_tree_is_cut_with_a_hint() -> None:
    tree = StorageTree.of((f"f{number:04}", 1) for number in range(1000))
    text = Outline(records.tree_html(tree)).text
    assert "1,000 files, 1,000 bytes" in text and "600 more lines" in text and "f0399" in text and "f0400" not in text


def test_what_a_refusal_says_is_unfolded() -> None:
    body = BodyRecord(2, None, b"{}", "received", "application/json")
    shown = [
        records.exchange_html(Exchange("check_api", "http://h/v2/", RequestRecord("GET", "/v2/"), response))
        for response in (ResponseRecord(200, "OK", (), body), ResponseRecord(401, "Unauthorized", (), body))
    ]
    assert ["<details open>" in html for html in shown] == [False, True]
