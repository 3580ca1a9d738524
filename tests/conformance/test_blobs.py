"""Blobs: every way to push one, pulling by ranges, mounts."""

from __future__ import annotations

import pytest

from tests.conformance.requirement import proves
from tests.conformance.speaking import WAYS, Speaker, digest_of, single_post

BLOB = bytes(range(250))
CONTENTS = {"250 bytes": BLOB, "no byte": b"", "one byte": b"a", "an empty JSON object": b"{}"}
ABSENT = b"nobody pushed this"


@proves(
    "put-blob", "put-blob-pullable", "single-post", "single-post-created", "closed", "last-chunk", "blob-get", "chunk"
)
@pytest.mark.parametrize("data", CONTENTS.values(), ids=CONTENTS)
@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_push_a_blob_ends_in_201_and_a_location_that_gives_it(
    speaker: Speaker, way: str, data: bytes, algorithm: str
) -> None:
    digest = digest_of(data, algorithm)
    pushed = WAYS[way](speaker, digest, data)
    assert pushed.status == 201, pushed
    assert pushed.all("Docker-Content-Digest") == [digest]
    (location,) = pushed.all("Location")
    pulled = speaker.ask("GET {location} HTTP/1.1", location=location)
    assert (pulled.status, pulled.body) == (200, data)
    assert speaker.blob(digest).body == data


@proves("single-post", "single-post-created")
def test_a_single_post_is_enough(speaker: Speaker, algorithm: str) -> None:
    digest = digest_of(BLOB, algorithm)
    pushed = single_post(speaker, digest, BLOB)
    assert pushed.status == 201
    assert speaker.ask("GET {location} HTTP/1.1", location=pushed.all("Location")[0]).body == BLOB


@proves("wrong-digest")
@pytest.mark.parametrize("way", WAYS)
def test_bytes_that_do_not_have_the_digest_are_refused_and_not_stored(
    speaker: Speaker, way: str, algorithm: str
) -> None:
    digest = digest_of(ABSENT, algorithm)
    assert WAYS[way](speaker, digest, BLOB).status == 400
    assert speaker.blob(digest).status == 404
    assert speaker.blob(digest_of(BLOB, algorithm)).status == 404


@proves("blob-unknown", "head-unknown", "delete-blob-unknown")
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_a_blob_that_is_not_there_gets_404(speaker: Speaker, method: str, algorithm: str) -> None:
    WAYS["POST then PUT"](speaker, digest_of(BLOB, algorithm), BLOB)
    assert speaker.blob(digest_of(ABSENT, algorithm), method).status == 404


@proves("blob-unknown")
def test_a_blob_of_another_repository_is_not_there(speaker: Speaker, algorithm: str) -> None:
    digest = digest_of(BLOB, algorithm)
    assert WAYS["POST then PUT"](speaker.beside("other"), digest, BLOB).status == 201
    assert speaker.blob(digest).status == 404


PARTS = {
    "bytes=50-149": (50, 150),
    "bytes=50-": (50, 250),
    "bytes=-50": (200, 250),
    "bytes=200-500": (200, 250),
    "bytes=0-0": (0, 1),
    "bytes=-500": (0, 250),
}
"""Range -> the bytes that it asks for of 250, as (start, stop)."""


@proves("blob-range")
@pytest.mark.parametrize("asked", PARTS)
def test_a_range_gives_a_part_of_a_blob(speaker: Speaker, asked: str, algorithm: str) -> None:
    start, stop = PARTS[asked]
    WAYS["POST then PUT"](speaker, digest_of(BLOB, algorithm), BLOB)
    answer = speaker.blob(digest_of(BLOB, algorithm), range=asked)
    assert (answer.status, answer.body) == (206, BLOB[start:stop])
    assert answer.all("Content-Range") == [f"bytes {start}-{stop - 1}/250"]
    assert answer.all("Content-Length") == [str(stop - start)]


@proves("blob-range")
@pytest.mark.parametrize("asked", ["bytes=250-", "bytes=500-1000", "bytes=50-0", "bytes=-0"])
def test_a_range_that_cannot_be_gets_416(speaker: Speaker, asked: str) -> None:
    WAYS["POST then PUT"](speaker, digest_of(BLOB), BLOB)
    answer = speaker.blob(digest_of(BLOB), range=asked)
    assert answer.status == 416
    assert answer.all("Content-Range") == ["bytes */250"]


@proves("blob-range")
@pytest.mark.parametrize("asked", ["lines=1-2", "bytes"])
def test_a_range_in_another_unit_gets_the_whole_blob(speaker: Speaker, asked: str) -> None:
    WAYS["POST then PUT"](speaker, digest_of(BLOB), BLOB)
    answer = speaker.blob(digest_of(BLOB), range=asked)
    assert (answer.status, answer.body) == (200, BLOB)


MOUNT = "POST /v2/{repository}/blobs/uploads/?mount={digest}&from={source} HTTP/1.1\nContent-Length: 0"


@proves("mount", "mount-digest")
def test_a_mount_gets_201_and_a_location_that_gives_the_blob(speaker: Speaker, algorithm: str) -> None:
    digest, other = digest_of(BLOB, algorithm), speaker.beside("other")
    WAYS["POST then PUT"](other, digest, BLOB)
    mounted = speaker.ask(MOUNT, digest=digest, source=other.repository)
    assert mounted.status == 201
    assert mounted.all("Docker-Content-Digest") in ([], [digest])
    (location,) = mounted.all("Location")
    assert speaker.repository + "/blobs" in location
    assert speaker.ask("GET {location} HTTP/1.1", location=location).body == BLOB
    assert other.blob(digest, "DELETE").status == 202
    assert speaker.blob(digest).body == BLOB


@proves("mount-refused", "mount-anywhere")
@pytest.mark.parametrize(
    "query",
    ["?mount={digest}&from={absent}", "?mount={digest}&from={source}", "?mount={there}", "?from={source}"],
    ids=["no such repository", "not in that repository", "without from", "without mount"],
)
def test_a_mount_that_cannot_be_gets_202_and_a_session_that_works(speaker: Speaker, query: str, algorithm: str) -> None:
    other = speaker.beside("other")
    there = digest_of(BLOB, algorithm)
    assert WAYS["POST then PUT"](other, there, BLOB).status == 201
    digest = digest_of(ABSENT, algorithm)
    location = speaker.location(
        f"POST /v2/{{repository}}/blobs/uploads/{query} HTTP/1.1\nContent-Length: 0",
        digest=digest,
        there=there,
        source=other.repository,
        absent=f"{other.repository}/absent",
    )
    assert speaker.close(location, digest, ABSENT).status == 201
    assert speaker.blob(digest).body == ABSENT
