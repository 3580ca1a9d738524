"""compare and compare_walk: each difference has a verdict with its clause; an error stops only its own registry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import regtutor as rt
from regtutor.comparison.aligning import aligned
from regtutor.comparison.comparing import named
from regtutor.comparison.records import Comparison, Row
from regtutor.comparison.verdicts import compared
from regtutor.errors import InvalidArgument
from regtutor.exchange import BodyRecord, RequestRecord, ResponseRecord
from regtutor.formats.html.comparison import comparison_html
from regtutor.protocol.digests import sha256
from regtutor.walks import push

IMAGE = rt.sample_image()
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def two() -> Iterator[dict[str, rt.Registry]]:
    """The embedded registry, and one with the quirks of Distribution 2.8."""
    with (
        rt.open_registry("embedded", quiet=True) as own,
        rt.open_registry("embedded", quirks="distribution-2.8", quiet=True) as imitation,
    ):
        yield {"own": own, "imitation": imitation}


def row(comparison: Comparison, name: str, number: int = 0) -> Row:
    (found,) = [each for each in comparison.rows if each.name == name and each.number == number]
    return found


def test_host_session_and_date_are_differences_of_an_instance(two: dict[str, rt.Registry]) -> None:
    comparison = rt.compare(lambda reg: rt.start_upload(reg, "a/b"), two)
    assert row(comparison, "status").values == ("202", "202")
    assert row(comparison, "Location").verdict == "per instance"
    assert row(comparison, "Docker-Upload-UUID").verdict == "per instance"
    assert {each.verdict for each in comparison.differences} <= {"per instance", "allowed"}
    assert comparison.title == "POST /v2/a/b/blobs/uploads/, on own, imitation"


def test_a_missing_referrers_api_is_allowed_with_its_clause(two: dict[str, rt.Registry]) -> None:
    status = row(rt.compare(lambda reg: rt.get_referrers(reg, "a/b", IMAGE.digest), two), "status")
    assert (status.values, status.verdict, status.level) == (("200", "404"), "allowed", "allowed")
    assert "spec.md#endpoints" in status.clause


def test_a_chunk_out_of_order_depends_on_the_condition_of_the_requirement(two: dict[str, rt.Registry]) -> None:
    def gap(reg: rt.Registry) -> rt.Exchange:
        return rt.patch_upload(reg, rt.start_upload(reg, "a/b").location, b"x" * 10, start=100)  # type: ignore[arg-type]

    status = row(rt.compare(gap, two), "status")
    assert (status.values, status.verdict, status.level) == (("416", "202"), "depends", "required")
    assert "416 is required if the chunk is out of order" in status.reason
    assert "pushing-a-blob-in-chunks" in status.clause


@pytest.mark.registry
def test_the_native_registry_beside_the_embedded_one(two: dict[str, rt.Registry], registry_binary: str) -> None:
    with rt.open_registry("native", binary=registry_binary, quiet=True) as native:
        comparison = rt.compare(lambda reg: rt.check_api(reg), {"own": two["own"], "native": native})
        missing = rt.compare(lambda reg: rt.head_blob(reg, "a/b", IMAGE.digest), [two["own"], native])
    sniffing = row(comparison, "X-Content-Type-Options")
    assert (sniffing.values, sniffing.verdict) == ((None, "nosniff"), "allowed")
    assert not [each for each in comparison.rows + missing.rows if each.verdict == "differs"]


def test_a_registry_that_cannot_be_reached_has_its_error_and_stops_no_other(two: dict[str, rt.Registry]) -> None:
    comparison = rt.compare(rt.check_api, [rt.connect(NOWHERE), two["own"]])
    assert comparison.names == ("127.0.0.1:9", "embedded")
    assert row(comparison, "status").values == (None, "200")
    assert comparison.differences == ()
    summary = comparison.summary
    assert "refused the connection" in summary.loc["127.0.0.1:9", "error"]
    assert summary.loc["embedded", "status"] == 200
    assert "127.0.0.1:9  not compared: " in comparison.as_text()


def test_only_unreachable_registries_are_a_comparison_too() -> None:
    comparison = rt.compare(rt.check_api, [rt.connect(NOWHERE)])
    assert len(comparison.table) == len(comparison.rows) and comparison.registries[0].error
    assert "not compared" in comparison.as_text() and NOWHERE in comparison_html(comparison)


def test_a_push_is_compared_request_by_request(two: dict[str, rt.Registry]) -> None:
    comparison = rt.compare_walk(lambda reg: rt.push_image(reg, IMAGE, "a/b", "v1", progress=False), two)
    requests = {each.number: each.request for each in comparison.rows}
    assert len(requests) == 3 * 4 + 1 and requests[13] == "put_manifest"
    assert {each.verdict for each in comparison.rows if each.name == "status"} == {"same"}
    assert len(comparison.exchanges) == 26
    assert comparison.title == "push of a/b:v1, on own, imitation"
    assert any(len(group) > 3 for group in comparison.grouped)


def test_a_walk_without_a_parameter_and_one_that_stops(two: dict[str, rt.Registry]) -> None:
    registries = {**two, "gone": rt.connect(NOWHERE)}
    comparison = rt.compare_walk(lambda: push(IMAGE, "a/b", "v1"), registries)
    assert [bool(each.error) for each in comparison.registries] == [False, False, True]
    assert {each.verdict for each in comparison.rows if each.name == "status"} == {"same"}


def test_requests_that_only_one_registry_led_to_are_named(two: dict[str, rt.Registry]) -> None:
    rt.push_image(two["own"], IMAGE, "a/b", "v1", progress=False)
    comparison = rt.compare_walk(lambda: push(IMAGE, "a/b", "v1"), two)
    assert row(comparison, "status", 1).values == ("200", "404")
    opened = row(comparison, "status", 2)
    assert (opened.request, opened.values, opened.verdict) == ("start_upload", (None, "202"), "depends")


def test_a_walk_itself_is_for_one_registry(two: dict[str, rt.Registry]) -> None:
    assert rt.compare_walk(push(IMAGE, "a/b", "v1"), two["own"]).registries[0].error == ""
    with pytest.raises(InvalidArgument, match="driven only once"):
        rt.compare_walk(push(IMAGE, "a/b", "v1"), two)


@pytest.mark.parametrize("given", [[], {}, ["http://127.0.0.1:5000"], "http://127.0.0.1:5000", [None], 5])
def test_anything_but_registries_is_refused(given: Any) -> None:
    with pytest.raises(InvalidArgument, match="registry"):
        rt.compare(rt.check_api, given)


def test_anything_but_an_exchange_is_refused(two: dict[str, rt.Registry]) -> None:
    with pytest.raises(InvalidArgument, match="returned a int"):
        rt.compare(lambda _: 5, two)  # type: ignore[arg-type, return-value]
    with pytest.raises(InvalidArgument, match="returned a NoneType"):
        rt.compare_walk(lambda _: None, two)  # type: ignore[arg-type, return-value]


def test_registries_of_the_same_name_are_numbered() -> None:
    reg = rt.connect(NOWHERE)
    assert list(named([reg, reg, reg])) == ["127.0.0.1:9", "127.0.0.1:9 2", "127.0.0.1:9 3"]


def test_as_table_json_text_and_html(two: dict[str, rt.Registry]) -> None:
    comparison = rt.compare(lambda reg: rt.get_referrers(reg, "a/b", IMAGE.digest), two)
    table = comparison.table
    assert list(table.columns) == [
        "request",
        "part",
        "name",
        "own",
        "imitation",
        "verdict",
        "reason",
        "level",
        "clause",
    ]
    value = json.loads(comparison.as_json())
    assert value["rows"][0]["values"] == {"own": "200", "imitation": "404"}
    html = comparison_html(comparison)
    assert "allowed" in html and "<script" not in html and "spec.md#endpoints" in html
    assert all(each.name in html for each in comparison.rows)


def exchange(status: int, headers: dict[str, str], body: bytes = b"", step: str = "get_manifest") -> rt.Exchange:
    target = {"get_manifest": "/v2/a/manifests/v1", "patch_upload": "/v2/a/blobs/uploads/x"}[step]
    method = {"get_manifest": "GET", "patch_upload": "PATCH"}[step]
    kept = BodyRecord(len(body), sha256(body), body, "received", headers.get("Content-Type", ""))
    response = ResponseRecord(status, "", tuple(headers.items()), kept)
    return rt.Exchange(step, f"http://h{target}", RequestRecord(method, target), response)


def verdict_of(name: str, *exchanges: rt.Exchange) -> tuple[str, str | None]:
    (found,) = [each for each in compared(0, exchanges, [False] * len(exchanges)) if each.name == name]
    return found.verdict, found.level


@pytest.mark.parametrize(
    ("name", "first", "second", "expected"),
    [
        ("ETag", '"a"', '"b"', ("allowed", "allowed")),
        ("Content-Type", "application/json", "application/json; charset=utf-8", ("allowed", "allowed")),
        ("Content-Type", "application/json", "text/plain", ("differs", "recommended")),
        ("Docker-Content-Digest", "sha256:" + "a" * 64, "sha256:" + "b" * 64, ("differs", "recommended")),
        ("Server", "one", "two", ("allowed", "not in the registry documents")),
        ("X-Request-Id", "1", "2", ("per instance", None)),
        ("X-Storage", "1", "2", ("differs", "not in the registry documents")),
        ("Date", "Mon", "Tue", ("per instance", "allowed")),
    ],
)
def test_the_verdict_on_two_values(name: str, first: str, second: str, expected: tuple[str, str]) -> None:
    assert verdict_of(name, exchange(200, {name: first}), exchange(200, {name: second})) == expected


def test_a_required_header_that_is_missing_differs() -> None:
    whole = exchange(202, {"Location": "/v2/a/blobs/uploads/x", "Range": "0-9"}, step="patch_upload")
    without = exchange(202, {"Location": "/v2/a/blobs/uploads/x"}, step="patch_upload")
    assert verdict_of("Range", whole, without) == ("differs", "required")


def test_an_undocumented_status_differs() -> None:
    fine, broken = exchange(202, {}, step="patch_upload"), exchange(500, {}, step="patch_upload")
    assert verdict_of("status", fine, broken) == ("differs", "not in the registry documents")


def test_other_bytes_of_a_manifest_differ_and_other_words_of_an_error_do_not() -> None:
    assert verdict_of("digest", exchange(200, {}, b"{}"), exchange(200, {}, b"{ }"))[0] == "differs"
    errors = [b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "%s"}]}' % text for text in (b"gone", b"no such")]
    refusals = [exchange(404, {}, body) for body in errors]
    assert verdict_of("digest", *refusals)[0] == "allowed"
    lengths = [exchange(404, {"Content-Length": str(len(body))}, body) for body in errors]
    assert verdict_of("Content-Length", *lengths)[0] == "allowed"
    assert verdict_of("error codes", *refusals)[0] == "same"


def test_what_a_registry_sent_is_escaped_and_control_characters_are_visible() -> None:
    hostile = exchange(200, {"X-Storage": "<script>alert(1)</script>\x1b[31m"})
    rows = tuple(compared(0, [hostile, exchange(200, {"X-Storage": "1"})], [False, False]))
    reached = rt.compare(rt.check_api, [rt.connect(NOWHERE)] * 2).registries
    comparison = Comparison("<b>", reached, rows)
    assert "<script>" not in comparison_html(comparison) and "<b></b>" not in comparison_html(comparison)
    assert "\x1b" not in comparison.as_text() + comparison_html(comparison)


def test_requests_are_aligned_by_what_they_ask(two: dict[str, rt.Registry]) -> None:
    one = rt.push_image(two["own"], IMAGE, "a/b", "v1", progress=False)
    other = rt.Transcript.of(one[1:])
    lines = aligned([one, other])
    assert len(lines) == len(one) and lines[0] == (one[0], None) and lines[1] == (one[1], one[1])
