"""Literal requests, one line of code each, and the ways to push a blob that are made of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.contract.conducting import Sends
from tests.contract.language import Answered, Sent

CHUNK = 100
"""Bytes that a chunk has where a blob is pushed in chunks."""


class Speaker:
    """Sends literal requests for one repository; ``{repository}`` and the names given to it are filled in.

    Parameters
    ----------
    sender: takes the requests to the registry.
    repository: one that nobody else uses.
    """

    def __init__(self, sender: Sends, repository: str) -> None:
        self.sender = sender
        self.repository = repository

    def ask(self, head: str, body: bytes = b"", **values: str) -> Answered:
        """The answer to a request, written as its head without Host; Content-Length is filled in as ``{length}``."""
        return self.sender.send(Sent(head, body), {"repository": self.repository, "length": str(len(body)), **values})

    def beside(self, name: str) -> Speaker:
        """The same for another repository."""
        return Speaker(self.sender, f"{self.repository}/{name}")

    def location(self, head: str, body: bytes = b"", *, status: int = 202, **values: str) -> str:
        """The Location of the answer to a request that must succeed with ``status``."""
        seen = self.ask(head, body, **values)
        assert seen.status == status, f"{head.strip().splitlines()[0]} {values}: {seen}"
        (location,) = seen.all("Location")
        return location

    def session(self) -> str:
        """The Location of a new upload session."""
        return self.location("POST /v2/{repository}/blobs/uploads/ HTTP/1.1\nContent-Length: 0")

    def patch(self, location: str, first: int, chunk: bytes) -> Answered:
        """PATCH of a chunk that begins at byte ``first``."""
        return self.ask(
            "PATCH {location} HTTP/1.1\nContent-Type: application/octet-stream\n"
            "Content-Range: {range}\nContent-Length: {length}",
            chunk,
            location=location,
            range=f"{first}-{first + len(chunk) - 1}",
        )

    def close(self, location: str, digest: str, chunk: bytes = b"", first: int | None = None) -> Answered:
        """PUT that closes a session, with the last bytes or none; ``first`` gives it a Content-Range."""
        ranged = "" if first is None else f"Content-Range: {first}-{first + len(chunk) - 1}\n"
        return self.ask(
            "PUT {location} HTTP/1.1\nContent-Type: application/octet-stream\n" + ranged + "Content-Length: {length}",
            chunk,
            location=with_digest(location, digest),
        )

    def put_manifest(self, reference: str, media_type: str, data: bytes) -> Answered:
        """PUT of a manifest."""
        return self.ask(
            "PUT /v2/{repository}/manifests/{reference} HTTP/1.1\nContent-Type: {type}\nContent-Length: {length}",
            data,
            reference=reference,
            type=media_type,
        )

    def manifest(self, reference: str, method: str = "GET") -> Answered:
        """GET, or another method without a body, of a manifest, with an Accept that permits all of them."""
        return self.ask(
            method + " /v2/{repository}/manifests/{reference} HTTP/1.1\n"
            "Accept: application/vnd.oci.image.index.v1+json\n"
            "Accept: application/vnd.oci.image.manifest.v1+json\n"
            "Accept: application/vnd.docker.distribution.manifest.v2+json\n"
            "Accept: application/vnd.docker.distribution.manifest.list.v2+json",
            reference=reference,
        )

    def blob(self, digest: str, method: str = "GET", range: str = "") -> Answered:
        """GET, or another method without a body, of a blob."""
        ranged = f"\nRange: {range}" if range else ""
        return self.ask(method + " /v2/{repository}/blobs/{digest} HTTP/1.1" + ranged, digest=digest)

    def tags(self, query: str = "") -> Answered:
        """GET of the list of tags."""
        return self.ask("GET /v2/{repository}/tags/list{query} HTTP/1.1", query=query)

    def referrers(self, digest: str, query: str = "") -> Answered:
        """GET of the referrers of a digest."""
        return self.ask("GET /v2/{repository}/referrers/{digest}{query} HTTP/1.1", digest=digest, query=query)


def with_digest(location: str, digest: str) -> str:
    """A session's Location with ``digest`` added to its query."""
    return f"{location}{'&' if '?' in location else '?'}digest={digest}"


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    """The digest of ``data``."""
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def parsed(answer: Answered) -> Any:
    """The JSON body of an answer."""
    return json.loads(answer.body)


def _single_put(speaker: Speaker, digest: str, data: bytes) -> Answered:
    return speaker.close(speaker.session(), digest, data)


def single_post(speaker: Speaker, digest: str, data: bytes) -> Answered:
    """POST of a blob, in one request."""
    return speaker.ask(
        "POST /v2/{repository}/blobs/uploads/?digest={digest} HTTP/1.1\n"
        "Content-Type: application/octet-stream\nContent-Length: {length}",
        data,
        digest=digest,
    )


def _single_post(speaker: Speaker, digest: str, data: bytes) -> Answered:
    """With the PUT that a client owes to a registry that opens a session instead."""
    answer = single_post(speaker, digest, data)
    return answer if answer.status != 202 else speaker.close(answer.all("Location")[0], digest, data)


def _patched(speaker: Speaker, location: str, data: bytes) -> str:
    """The Location after all of ``data`` has been sent in chunks."""
    for first in range(0, len(data), CHUNK):
        seen = speaker.patch(location, first, data[first : first + CHUNK])
        assert seen.status == 202, f"chunk from {first}: {seen}"
        (location,) = seen.all("Location")
    return location


def _chunks(speaker: Speaker, digest: str, data: bytes) -> Answered:
    return speaker.close(_patched(speaker, speaker.session(), data), digest)


def _chunks_and_put(speaker: Speaker, digest: str, data: bytes) -> Answered:
    first = max(len(data) - CHUNK, 0)
    location = _patched(speaker, speaker.session(), data[:first])
    return speaker.close(location, digest, data[first:], first if data else None)


def _stream(speaker: Speaker, digest: str, data: bytes) -> Answered:
    framed = b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data) if data else b"0\r\n\r\n"
    location = speaker.location(
        "PATCH {location} HTTP/1.1\nContent-Type: application/octet-stream\nTransfer-Encoding: chunked",
        framed,
        location=speaker.session(),
    )
    return speaker.close(location, digest)


def _unranged(speaker: Speaker, digest: str, data: bytes) -> Answered:
    location = speaker.location(
        "PATCH {location} HTTP/1.1\nContent-Type: application/octet-stream\nContent-Length: {length}",
        data,
        location=speaker.session(),
    )
    return speaker.close(location, digest)


WAYS: Mapping[str, Callable[[Speaker, str, bytes], Answered]] = {
    "POST then PUT": _single_put,
    "single POST": _single_post,
    "chunks": _chunks,
    "chunks, the last with PUT": _chunks_and_put,
    "stream": _stream,
    "one PATCH without a range": _unranged,
}
"""Every way to push a blob -> what carries it out: (speaker, digest, bytes) -> the last answer."""
