"""Live messages: bodies of every kind, Locations, and drafts that are edited."""

from __future__ import annotations

import hashlib
import io
import pickle
from pathlib import Path

import pytest

from regtutor.errors import InvalidBody, LocationLost
from regtutor.message import CHUNK, Body, Location, Request, body_of, digest_of

DATA = bytes(range(256)) * 3000
DIGEST = "sha256:" + hashlib.sha256(DATA).hexdigest()


class Layer:
    digest = DIGEST
    size = len(DATA)

    def open(self):
        return io.BytesIO(DATA)


@pytest.fixture
def path(tmp_path):
    (tmp_path / "layer.tar").write_bytes(DATA)
    return tmp_path / "layer.tar"


# -- bodies --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [bytes, bytearray, memoryview, io.BytesIO, lambda data: Layer(), lambda data: body_of(data)],  # noqa: ARG005
    ids=["bytes", "bytearray", "memoryview", "open file", "layer", "body"],
)
def test_anything_that_a_step_takes_gives_the_same_bytes_twice(kind):
    body = body_of(kind(DATA))
    assert body.size == len(DATA)
    for _ in range(2):
        assert b"".join(body.chunks()) == DATA
    assert body.read() == DATA
    assert digest_of(body) == DIGEST


@pytest.mark.parametrize("form", [str, Path])
def test_a_path_is_a_body_and_its_label(path, form):
    body = body_of(form(path))
    assert (body.size, body.label, body.read()) == (len(DATA), str(path), DATA)


def test_chunks_are_bounded():
    sizes = [len(chunk) for chunk in body_of(DATA).chunks()]
    assert sizes == [CHUNK, CHUNK, len(DATA) - 2 * CHUNK]


def test_an_open_file_is_sent_from_where_it_stands_and_stays_open(path):
    with path.open("rb") as file:
        file.seek(1000)
        body = body_of(file)
        assert (body.size, body.read(), body.read()) == (len(DATA) - 1000, DATA[1000:], DATA[1000:])
        assert not file.closed


def test_a_layer_is_not_read_to_learn_its_digest():
    class Unread(Layer):
        def open(self):
            raise AssertionError("must not be opened")

    assert digest_of(body_of(Unread())) == DIGEST


@pytest.mark.parametrize("content", [None, 5, ["a"], io.StringIO("text"), "/no/such/file"])
def test_anything_else_is_refused_by_name(content):
    with pytest.raises(InvalidBody) as caught:
        body_of(content)
    assert caught.value.next


def test_a_text_instead_of_a_path_is_cut_short_in_the_error():
    with pytest.raises(InvalidBody, match="is the path of a file") as caught:
        body_of("{" + "x" * 5000)
    assert len(str(caught.value)) < 300 and "text.encode()" in str(caught.value)


def test_a_directory_and_a_pipe_are_refused_by_name(tmp_path):
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    for content in (tmp_path, Pipe(b"abc")):
        with pytest.raises(InvalidBody):
            body_of(content)


def test_a_body_shows_no_bytes():
    assert repr(Body(3, lambda: io.BytesIO(b"abc"), "bytes")) == "Body(size=3, label='bytes', digest=None)"


# -- Locations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "followed"),
    [
        ("http://other/x/../y?a=%7e", "http://other/x/../y?a=%7e"),
        ("/v2/a/%2f/../b?", "http://host:5000/v2/a/%2f/../b?"),
        ("//other:1/x/./y", "http://other:1/x/./y"),
        ("?_state=x", "http://host:5000/v2/uploads/1?_state=x"),
        ("2?_state=x", "http://host:5000/v2/uploads/2?_state=x"),
    ],
)
def test_a_location_is_resolved_without_rewriting_it(value, followed):
    assert Location(value, "http://host:5000/v2/uploads/1?old=1").follow() == followed


@pytest.mark.parametrize(
    ("location", "whole"),
    [
        ("/u", "/u?digest=sha256:0"),
        ("/u?", "/u?&digest=sha256:0"),
        ("/u?_state=a%3D", "/u?_state=a%3D&digest=sha256:0"),
        ("/u?a=1#f", "/u?a=1&digest=sha256:0#f"),
    ],
)
def test_only_the_query_is_appended(location, whole):
    assert Location(location).with_query(digest="sha256:0").follow() == whole


def test_a_value_of_the_query_cannot_end_it_or_the_line():
    appended = Location("/u?a=1").with_query(digest="sha256:0&x=#\r\n y").follow()
    assert appended == "/u?a=1&digest=sha256:0%26x%3D%23%0D%0A%20y"


def test_locations_are_equal_by_what_is_followed_where_both_still_have_it():
    one, other = Location("http://h/u?token=a"), Location("http://h/u?token=b")
    assert one != other
    assert one == Location("http://h/u?token=a") and hash(one) == hash(Location("http://h/u?token=a"))
    assert one == pickle.loads(pickle.dumps(other))


def test_a_location_prints_redacted_and_is_followed_whole():
    location = Location("https://me:pw@h/b?sig=abc&x=1")
    assert str(location) == "https://<redacted>@h/b?sig=<redacted>&x=1"
    assert location.follow() == "https://me:pw@h/b?sig=abc&x=1"


def test_a_location_that_held_a_secret_cannot_be_followed_after_loading():
    location = pickle.loads(pickle.dumps(Location("https://h/b?sig=abc")))
    with pytest.raises(LocationLost, match="cannot be followed") as caught:
        location.follow()
    assert caught.value.next
    assert str(location) == "https://h/b?sig=<redacted>"


def test_one_without_a_secret_can():
    location = Location("https://h/b?_state=abc")
    assert pickle.loads(pickle.dumps(location)).follow() == location.follow()
    assert pickle.loads(pickle.dumps(location)) == location


# -- drafts --------------------------------------------------------------------------------------------------------


DRAFT = Request("put_blob", "PUT", "/u", (("Content-Type", "a/b"), ("Content-Length", "3"), ("X-A", "1"), ("x-a", "2")),
                body_of(b"abc"))  # fmt: skip


def test_a_request_takes_headers_as_a_mapping_and_a_body_as_bytes(tmp_path):
    path = tmp_path / "body"
    path.write_bytes(b"abc")
    for body in (b"abc", path, str(path), body_of(b"abc")):
        request = Request("mine", "PUT", "/u", {"Content-Type": "a/b"}, body)
        assert request.headers[0] == ("Content-Type", "a/b")
        assert b"".join(request.body.chunks()) == b"abc"
        assert "a/b" in repr(request)
    assert Request("mine", "PUT", "/u", {"Content-Type": "a/b"}, b"abc").header("Content-Length") == "3"
    assert Request("mine", "PUT", "/u", {"content-length": "9"}, b"abc").headers == (("content-length", "9"),)
    assert Request("mine", "PUT", "/u", body=b"abc").edit(body=b"longer").header("Content-Length") == "6"


def test_a_digest_is_not_a_body():
    digest = "sha256:" + "0" * 64
    with pytest.raises(InvalidBody, match=r"A digest cannot be sent as a body: sha256:0+ is the name .*Give the blob"):
        body_of(digest)


def test_editing_leaves_the_draft_alone():
    before = DRAFT.headers
    edited = DRAFT.edit(method="POST", target="/v", headers={"Content-Type": None}, step="mine")
    assert (edited.method, edited.target, edited.step) == ("POST", "/v", "mine")
    assert (DRAFT.method, DRAFT.target, DRAFT.headers) == ("PUT", "/u", before)


def test_headers_are_changed_in_place_matched_without_case():
    edited = DRAFT.edit(headers={"content-TYPE": "c/d", "X-New": "n"})
    assert [name for name, _ in edited.headers] == ["Content-Type", "Content-Length", "X-A", "x-a", "X-New"]
    assert edited.header("content-type") == "c/d"


def test_none_takes_every_header_of_that_name_away():
    assert [name for name, _ in DRAFT.edit(headers={"X-A": None}).headers] == ["Content-Type", "Content-Length"]


def test_a_repeated_header_is_replaced_by_one():
    assert DRAFT.edit(headers={"X-A": "3"}).headers[2:] == (("X-A", "3"),)


def test_a_sequence_replaces_all_headers():
    assert DRAFT.edit(headers=[("B", "2"), ("A", "1"), ("B", "3")]).headers == (("B", "2"), ("A", "1"), ("B", "3"))


def test_content_length_follows_a_new_body_unless_it_is_named():
    assert DRAFT.edit(body=b"longer").header("Content-Length") == "6"
    assert DRAFT.edit(body=b"longer", headers={"Content-Length": "1"}).header("Content-Length") == "1"
    assert DRAFT.edit(body=b"longer", headers={"Content-Length": None}).header("Content-Length") is None
    assert DRAFT.edit(body=b"").header("Content-Length") == "0"


def test_a_missing_header_is_none():
    assert DRAFT.header("Authorization") is None
