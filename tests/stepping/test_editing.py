"""A learner's version of a request, without a registry."""

from __future__ import annotations

import hashlib
import io
import tracemalloc
from typing import Any

import pytest

from regtutor.errors import InvalidArgument
from regtutor.message import Body, Location, Request, body_of
from regtutor.stepping.editing import BODIES, Version, bodies_for

DATA = bytes(range(200)) * 5


def put(target: str | Location = "/v2/a?digest=x", **headers: str) -> Request:
    pairs = (("Content-Type", "application/octet-stream"), ("Content-Length", str(len(DATA))), *headers.items())
    return Request("put_blob", "PUT", target, pairs, body_of(DATA))


def test_nothing_changed_is_no_edit() -> None:
    version = Version.of(put())
    shown = version.draft
    again = version.edit(method=shown.method, target=shown.target, headers=shown.headers, body=shown.body)
    assert again.request == version.original
    assert not again.draft.edited


def test_what_was_changed_is_said_in_a_few_words() -> None:
    version = Version.of(put()).edit(
        method="POST", target="/v2/b", headers=[("content-type", "text/plain"), ("X-Own", "1")], body="empty"
    )
    assert version.draft.edits == (
        "method PUT -> POST",
        "target changed",
        "Content-Type application/octet-stream -> text/plain",
        "X-Own added",
        "Content-Length removed",
        "body: empty",
    )


def test_a_header_may_be_there_twice_and_in_another_order() -> None:
    headers = put().headers
    twice = Version.of(put()).edit(headers=[*headers, headers[0]])
    assert twice.request.headers == (*headers, headers[0])
    assert twice.draft.edits == ("Content-Type 1 times -> 2 times",)
    turned = Version.of(put()).edit(headers=headers[::-1])
    assert turned.draft.edits == ("headers in a different order or spelling",)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("as it is", DATA),
        ("empty", b""),
        ("one byte changed", bytes([DATA[0] ^ 1]) + DATA[1:]),
        ("the first half", DATA[:500]),
        ("one byte more", DATA + b"\n"),
    ],
)
def test_a_body_is_made_of_the_original_each_time_and_content_length_follows(name: str, expected: bytes) -> None:
    request = Version.of(put()).edit(body=name).request
    assert request.body is not None
    assert (request.body.read(), request.body.read()) == (expected, expected)
    assert b"".join(request.body.chunks(7)) == expected
    assert request.body.size == len(expected)
    assert request.header("Content-Length") == str(len(expected))


def test_no_body_has_no_length_and_the_body_that_comes_back_has_its_own() -> None:
    bare = Version.of(put()).edit(body="none")
    assert (bare.request.body, bare.request.header("Content-Length")) == (None, None)
    back = bare.edit(headers=bare.draft.headers, body="as it is")
    assert not back.draft.edited or back.draft.edits == ("headers in a different order or spelling",)
    assert back.request.header("Content-Length") == str(len(DATA))


def test_a_length_that_was_changed_on_purpose_stays() -> None:
    wrong = Version.of(put()).edit(headers=[("Content-Length", "5")])
    half = wrong.edit(headers=wrong.draft.headers, body="the first half")
    assert half.request.header("Content-Length") == "5"
    gone = Version.of(put()).edit(headers=[], body="the first half")
    assert gone.request.headers == ()


def test_a_length_that_is_not_reached_is_warned_of() -> None:
    wrong = Version.of(put()).edit(headers=[("Content-Length", "5000")])
    assert "announces 5000 bytes, but the body has 1000" in wrong.draft.warning
    assert Version.of(put()).draft.warning == ""


def test_a_body_that_is_announced_as_chunked_and_not_there_is_warned_of() -> None:
    head = Version.of(Request("head_blob", "HEAD", "/v2/a")).edit(headers=[("Transfer-Encoding", "chunked")])
    assert "announces a body, but the request has none" in head.draft.warning
    stream = Request("patch_upload", "PATCH", "/v2/a", (("Transfer-Encoding", "chunked"),), body_of(DATA))
    assert Version.of(stream).draft.warning == ""


def test_a_body_of_unknown_length_stays_one() -> None:
    stream = Request("patch_upload", "PATCH", "/v2/a", (("Transfer-Encoding", "chunked"),), body_of(DATA))
    assert Version.of(stream).edit(body="the first half").request.headers == stream.headers


def test_a_request_without_a_body_may_get_one() -> None:
    bare = Request("head_blob", "HEAD", "/v2/a")
    assert bodies_for(None) == ("as it is", "empty", "one byte more")
    version = Version.of(bare).edit(body="one byte more")
    assert version.request.body is not None
    assert version.request.body.read() == b"\n"
    assert version.request.header("Content-Length") == "1"


def test_only_bodies_that_differ_are_offered() -> None:
    assert bodies_for(body_of(DATA)) == tuple(BODIES)
    assert bodies_for(body_of(b"")) == ("as it is", "none", "one byte more")


def test_a_large_body_is_changed_in_constant_memory() -> None:
    size = 64 * 1024 * 1024
    request = Request("put_blob", "PUT", "/v2/a", (), Body(size, lambda: _Zeros(size)))  # type: ignore[arg-type, return-value]
    tracemalloc.start()
    for name in ("one byte changed", "the first half", "one byte more"):
        body = Version.of(request).edit(body=name).request.body
        assert body is not None
        digest = hashlib.sha256()
        for chunk in body.chunks():
            digest.update(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * 1024 * 1024


class _Zeros(io.RawIOBase):
    def __init__(self, left: int) -> None:
        self.left = left

    def read(self, size: int = -1) -> bytes:
        piece = bytes(min(size, self.left))
        self.left -= len(piece)
        return piece


SECRET = Location("http://r:5000/v2/a/uploads/1?X-Amz-Signature=abc&digest=x")


def test_the_target_as_it_was_shown_is_sent_with_its_secret() -> None:
    version = Version.of(put(SECRET))
    shown = version.draft
    assert (shown.origin, shown.target) == ("http://r:5000", "/v2/a/uploads/1?X-Amz-Signature=<redacted>&digest=x")
    same = version.edit(target=shown.target, method="POST")
    assert same.request.target == SECRET
    assert same.draft.edits == ("method PUT -> POST",)


def test_a_changed_target_stays_at_its_origin_unless_it_names_another() -> None:
    version = Version.of(put(SECRET))
    assert version.edit(target="/v2/b").request.target == "http://r:5000/v2/b"
    assert version.edit(target="http://other/v2/b").request.target == "http://other/v2/b"
    assert version.edit(target="/v2/b").edit(target=version.draft.target).request.target == SECRET
    assert Version.of(put()).edit(target="/v2/b").request.target == "/v2/b"


def test_a_changed_target_cannot_hold_what_stands_for_a_secret() -> None:
    with pytest.raises(InvalidArgument, match="replaces a secret"):
        Version.of(put(SECRET)).edit(target="/v2/a/uploads/1?X-Amz-Signature=<redacted>")


def test_a_header_as_it_was_shown_is_sent_with_its_secret() -> None:
    version = Version.of(put(Authorization="Basic c2VjcmV0"))
    assert "c2VjcmV0" not in str(version.draft)
    same = version.edit(headers=version.draft.headers)
    assert same.request.header("Authorization") == "Basic c2VjcmV0"
    assert not same.draft.edited
    other = version.edit(headers=[*put().headers, ("Authorization", "Basic b3RoZXI=")])
    assert other.draft.edits == ("Authorization Basic <redacted> -> Basic <redacted>",)
    with pytest.raises(InvalidArgument, match="replaces a secret"):
        version.edit(headers=[("Authorization", "Bearer <redacted>")])


def test_of_two_headers_that_differ_in_their_secrets_each_stays_what_it_is() -> None:
    both = (("Authorization", "Basic Zmlyc3Q="), ("Authorization", "Basic c2Vjb25k"))
    version = Version.of(put()).edit(headers=both)
    assert version.edit(method="POST", headers=version.draft.headers).request.headers == both
    thrice = version.edit(headers=[*version.draft.headers, version.draft.headers[0]])
    assert thrice.request.headers == (*both, both[1])


@pytest.mark.parametrize(
    "change",
    [{"method": 5}, {"target": b"/v2/"}, {"headers": 5}, {"headers": [("X",)]}, {"headers": [("X", 5)]}],
)
def test_what_is_no_text_is_named(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match=r"of type|is not a list of headers"):
        Version.of(put()).edit(**change)


def test_a_body_that_is_not_in_the_table_is_named() -> None:
    with pytest.raises(InvalidArgument, match="There is no body called 'all of it'"):
        Version.of(put()).edit(body="all of it")


def test_half_a_character_cannot_be_sent() -> None:
    with pytest.raises(InvalidArgument, match="half of a character"):
        Version.of(put()).edit(target="/v2/\ud800")
