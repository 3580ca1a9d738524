"""Upload sessions: start, state, continuation and end."""

from __future__ import annotations

import re
import socket
from urllib.parse import urlsplit

import pytest

from regtutor.backends.opening import open_registry
from tests.conformance.requirement import proves
from tests.conformance.speaking import Speaker, digest_of, with_digest
from tests.contract.language import Answered
from tests.contract.socket_sender import SocketSender

BLOB = bytes(range(250))
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def uuid_of(location: str) -> str:
    found = UUID.search(urlsplit(location).path)
    assert found, f"no UUID in {location}"
    return found[0]


@proves("session", "session-uuid", "session-location", "chunks-post", "chunk-least")
@pytest.mark.parametrize("length", ["\nContent-Length: 0", ""], ids=["Content-Length: 0", "no Content-Length"])
def test_a_session_gets_202_and_a_location_with_a_uuid_of_its_own(speaker: Speaker, length: str) -> None:
    opened = [speaker.ask("POST /v2/{repository}/blobs/uploads/ HTTP/1.1" + length) for _ in range(2)]
    assert [answer.status for answer in opened] == [202, 202]
    assert all(answer.all("OCI-Chunk-Min-Length") == [] for answer in opened)
    first, second = (uuid_of(answer.all("Location")[0]) for answer in opened)
    assert first != second
    origins = {bool(urlsplit(answer.all("Location")[0]).scheme) for answer in opened}
    assert len(origins) == 1  # absolute or relative, but always the same


@proves("chunk", "status", "closing", "chunk-least", "last-chunk")
def test_each_chunk_gets_202_a_location_and_the_range_that_has_arrived(speaker: Speaker, algorithm: str) -> None:
    location, digest = speaker.session(), digest_of(BLOB, algorithm)
    for first, last in ((0, 0), (1, 100), (101, 249)):
        answer = speaker.patch(location, first, BLOB[first : last + 1])
        assert answer.status == 202
        assert answer.all("Range") == [f"0-{last}"]
        (location,) = answer.all("Location")
        uuid_of(location)
        location = _checked_status(speaker, location, f"0-{last}")
        assert speaker.blob(digest).status == 404
    assert speaker.close(location, digest).status == 201
    assert speaker.blob(digest).body == BLOB


def _checked_status(speaker: Speaker, location: str, range: str) -> str:
    """The Location of a status request, which says that ``range`` is there."""
    answer = speaker.ask("GET {location} HTTP/1.1", location=location)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.all("Range") == [range]
    (found,) = answer.all("Location")
    return found


@proves("status")
def test_a_session_without_bytes_has_a_status(speaker: Speaker) -> None:
    location = _checked_status(speaker, speaker.session(), "0-0")
    assert speaker.close(location, digest_of(BLOB), BLOB).status == 201


@proves("status")
def test_a_session_that_has_ended_or_never_was_gets_404(speaker: Speaker) -> None:
    location = speaker.session()
    elsewhere = location.replace(uuid_of(location), "00000000-0000-4000-8000-000000000000")
    assert speaker.close(location, digest_of(BLOB), BLOB).status == 201
    for gone in (location, elsewhere):
        assert speaker.ask("GET {location} HTTP/1.1", location=gone).status == 404
        assert speaker.patch(gone, 0, BLOB).status == 404
        assert speaker.close(gone, digest_of(BLOB), BLOB).status == 404


@proves("chunk-order")
@pytest.mark.parametrize("with_put", [False, True], ids=["PATCH", "PUT"])
@pytest.mark.parametrize("first", [0, 50, 150], ids=["from the start", "overlapping", "with a gap"])
def test_a_chunk_out_of_order_gets_416_and_the_session_goes_on(
    speaker: Speaker, first: int, with_put: bool, algorithm: str
) -> None:
    digest = digest_of(BLOB, algorithm)
    (location,) = speaker.patch(speaker.session(), 0, BLOB[:100]).all("Location")
    wrong = (
        speaker.close(location, digest, BLOB[first:], first)
        if with_put
        else speaker.patch(location, first, BLOB[first : first + 100])
    )
    assert wrong.status == 416
    location = _checked_status(speaker, location, "0-99")
    assert speaker.close(location, digest, BLOB[100:], 100).status == 201
    assert speaker.blob(digest).body == BLOB


@proves("chunk-order", "chunk-range")
@pytest.mark.parametrize("with_put", [False, True], ids=["PATCH", "PUT"])
def test_the_first_chunk_begins_with_0(speaker: Speaker, with_put: bool) -> None:
    location = speaker.session()
    wrong = (
        speaker.close(location, digest_of(BLOB), BLOB[100:], 100)
        if with_put
        else speaker.patch(location, 100, BLOB[100:])
    )
    assert wrong.status == 416
    location = _checked_status(speaker, location, "0-0")
    assert speaker.close(location, digest_of(BLOB), BLOB).status == 201


@proves("chunk-order", "status")
def test_a_chunk_that_is_sent_again_gets_416_and_its_old_location_tells_the_status(speaker: Speaker) -> None:
    former = speaker.session()
    assert speaker.patch(former, 0, BLOB[:100]).status == 202
    assert speaker.patch(former, 0, BLOB[:100]).status == 416
    location = _checked_status(speaker, former, "0-99")
    (location,) = speaker.patch(location, 100, BLOB[100:]).all("Location")
    assert speaker.close(location, digest_of(BLOB)).status == 201


@proves("chunk-range")
@pytest.mark.parametrize("range", ["bytes 0-99", "0-99/250", "0-", "-99", "99-0", "0-100", "0-98", "zero-99"])
def test_a_content_range_in_another_syntax_or_of_another_length_is_refused(speaker: Speaker, range: str) -> None:
    location = speaker.session()
    answer = speaker.ask(
        "PATCH {location} HTTP/1.1\nContent-Range: {range}\nContent-Length: {length}",
        BLOB[:100],
        location=location,
        range=range,
    )
    assert answer.status in (400, 416), answer
    location = _checked_status(speaker, location, "0-0")
    assert speaker.close(location, digest_of(BLOB), BLOB).status == 201


@proves("closing-digest")
@pytest.mark.parametrize(
    "digest",
    ["", "digest=", "digest=sha256:abc", "digest=md5:d41d8cd98f00b204e9800998ecf8427e", "digest={chunk}"],
    ids=["none", "empty", "malformed", "of an unknown algorithm", "of the last chunk"],
)
def test_a_closing_put_without_the_digest_of_the_whole_blob_is_refused(speaker: Speaker, digest: str) -> None:
    (location,) = speaker.patch(speaker.session(), 0, BLOB[:100]).all("Location")
    query = digest.format(chunk=digest_of(BLOB[100:]))
    joined = f"{location}{'&' if '?' in location else '?'}{query}" if query else location
    answer = speaker.ask("PUT {location} HTTP/1.1\nContent-Length: {length}", BLOB[100:], location=joined)
    assert answer.status == 400, answer
    assert speaker.blob(digest_of(BLOB[100:])).status == 404
    assert speaker.blob(digest_of(BLOB)).status == 404


@proves("cancel")
def test_a_cancelled_session_gets_204_and_is_gone(speaker: Speaker) -> None:
    (location,) = speaker.patch(speaker.session(), 0, BLOB[:100]).all("Location")
    assert speaker.ask("DELETE {location} HTTP/1.1", location=location).status == 204
    assert speaker.patch(location, 100, BLOB[100:]).status == 404
    assert speaker.ask("DELETE {location} HTTP/1.1", location=location).status == 404


@proves("single-post-size")
@pytest.mark.parametrize("way", ["POST", "PUT"])
def test_a_body_that_is_cut_off_on_the_wire_never_becomes_a_blob(way: str) -> None:
    digest = digest_of(BLOB[:100])
    with open_registry("embedded", quiet=True) as registry:
        speaker, where = Speaker(SocketSender(registry.url), "conformance/cut"), urlsplit(registry.url)
        at = f"/v2/{speaker.repository}/blobs/uploads/" if way == "POST" else speaker.session()
        with socket.create_connection((where.hostname or "", where.port or 0), 20) as connection:
            head = f"{way} {with_digest(at, digest)} HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Length: 250\r\n\r\n"
            connection.sendall(head.replace(registry.url, "").encode() + BLOB[:100])
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)  # the registry has noticed: it answers, or closes
        assert speaker.blob(digest).status == 404


@proves("put-blob")
def test_the_same_blob_can_be_pushed_twice(speaker: Speaker, algorithm: str) -> None:
    answers: list[Answered] = [speaker.close(speaker.session(), digest_of(BLOB, algorithm), BLOB) for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 201]
