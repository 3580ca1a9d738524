"""Requests that reach the deep paths: sessions that exist, digests that fit, tags that were pushed, ranges in order.

A :class:`Client` remembers what the registry gave it, as a real client does, and mixes that with everything wrong. Each
choice is made by a ``Random``, which hypothesis can provide.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

from regtutor.protocol.media_types import MANIFEST_TYPES, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST
from regtutor.server.http import Response
from tests.server.inline import digest, image_manifest

REPOSITORIES = ("a", "b/c", "library/hello")
NAMES = (
    "",
    "A",
    "..",
    "%2e%2e",
    "a/../../b",
    "a//b",
    "_uploads",
    "a/_manifests/tags",
    "a%00",
    "é",
    "a" * 256,
    "%",
    ".git",
)
TAGS = ("v1", "latest", "_", "V.2-x", "a" * 128, "a" * 129, "..", "%2e%2e%2f", "v 1", "-x", "")
DIGESTS = (
    "sha256:", "sha256:" + "0" * 64, "sha256:" + "A" * 64, "sha512:" + "0" * 128, "md5:" + "0" * 32, "sha256:../../x",
    "sha256%3A" + "0" * 64, "x", "", "sha256:" + "0" * 63, "sha256:%00" + "0" * 61,
)  # fmt: skip
QUERIES = (
    "n=0",
    "n=1",
    "n=-1",
    "n=x",
    "n=" + "9" * 30,
    "last=v1",
    "last=%ff",
    "n=1&last=a",
    "artifactType=x/y",
    "n",
    "&&&=",
)
RANGES = ("bytes=0-", "bytes=0-0", "bytes=-1", "bytes=1-0", "bytes=99-", "bytes=0-1,3-4", "bytes=", "x", "bytes=-0")
CONTENT_RANGES = ("0-0", "5-1", "-1", "x", "bytes 0-4/5", "0-" + "9" * 30, "")
ACCEPTS = ("*/*", OCI_MANIFEST, OCI_INDEX, "text/html", "", ",,", ", ".join(MANIFEST_TYPES))
BODIES = (b"", b"{}", b"null", b"[" * 5000, b'{"schemaVersion": 2}', b"\xff\xfe", b'{"a":' * 500, b" " * 100_000)


@dataclass
class Generated:
    """A request. ``cut`` is whether the client leaves before the end of its body."""

    method: str
    target: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    cut: bool = False
    about: Any = None


class Client:
    """Makes requests, and learns from the responses."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.sessions: dict[str, tuple[str, bytes]] = {}  # location to repository and bytes
        self.blobs: dict[tuple[str, str], bytes] = {}
        self.manifests: dict[tuple[str, str], bytes] = {}
        self.tags: dict[tuple[str, str], str] = {}

    def next(self) -> Generated:
        """A further request."""
        kinds = (
            self._start, self._patch, self._patch, self._put, self._put, self._post, self._mount, self._manifest,
            self._manifest, self._blob, self._get_manifest, self._list, self._delete, self._session, self._strange,
        )  # fmt: skip
        return self.rng.choice(kinds)()

    def learn(self, request: Generated, response: Response, body: bytes) -> None:
        """Remember what ``response`` says."""
        location = (response.header("Location") or "").partition("5000")[2]
        repository, kind, value = request.about or ("", "", None)
        if kind == "session" and request.method in ("PUT", "DELETE") and response.status < 300:
            self.sessions.pop(request.target.partition("&digest")[0], None)
        if response.status == 202 and location:
            before = self.sessions.pop(request.target, ("", b""))[1] if kind == "session" else b""
            self.sessions[location] = (repository, before + (value or b""))
        if response.status == 201 and kind in ("session", "blob"):
            self.blobs[repository, response.header("Docker-Content-Digest") or ""] = value
        if response.status == 201 and kind == "manifest":
            name = response.header("Docker-Content-Digest") or ""
            self.manifests[repository, name] = request.body
            tag = request.target.rpartition("/")[2]
            if ":" not in tag:
                self.tags[repository, tag] = name
        if response.status == 202 and kind == "delete":
            self.blobs.pop((repository, value), None)
            self.manifests.pop((repository, value), None)
            self.tags.pop((repository, value), None)
            for key in [key for key, name in self.tags.items() if (key[0], name) == (repository, value)]:
                del self.tags[key]
        if request.method == "GET" and response.status == 200 and kind == "blob":
            assert body == self.blobs.get((repository, value), body)

    def _some(self, known: Any, others: tuple[str, ...]) -> str:
        """Mostly something that exists."""
        known = sorted(known)
        return str(self.rng.choice(known if known and self.rng.random() < 0.8 else others))

    def _repository(self) -> str:
        return self._some(REPOSITORIES, NAMES)

    def _content(self) -> bytes:
        return bytes([self.rng.randrange(4)]) * self.rng.choice((0, 1, 5, 100, 70_000))

    def _digest(self, data: bytes) -> str:
        right = digest(data, self.rng.choice(("sha256", "sha256", "sha512")))
        return right if self.rng.random() < 0.8 else self.rng.choice(DIGESTS)

    def _start(self) -> Generated:
        repository = self._repository()
        return Generated("POST", f"/v2/{repository}/blobs/uploads/", about=(repository, "start", b""))

    def _open(self) -> tuple[str, str, bytes]:
        if not self.sessions or self.rng.random() < 0.1:
            id = "00000000-0000-4000-8000-000000000000"
            return self.rng.choice((f"/v2/a/blobs/uploads/{id}?_state=x", "/v2/a/blobs/uploads/../x?_state=")), "a", b""
        location = self.rng.choice(sorted(self.sessions))
        return (location, *self.sessions[location])

    def _ranged(self, start: int, body: bytes) -> list[tuple[str, str]]:
        chosen = self.rng.random()
        if chosen < 0.4 or not body:
            return []
        right = f"{start}-{start + len(body) - 1}"
        return [("Content-Range", right if chosen < 0.8 else self.rng.choice(CONTENT_RANGES))]

    def _patch(self) -> Generated:
        location, repository, before = self._open()
        body = self._content()
        about = (repository, "session", body)
        cut = self.rng.random() < 0.1
        return Generated("PATCH", location, self._ranged(len(before), body), body, cut, about)

    def _put(self) -> Generated:
        location, repository, before = self._open()
        body = self._content()
        target = f"{location}&digest={self._digest(before + body)}"
        about = (repository, "session", before + body)
        return Generated("PUT", target, self._ranged(len(before), body), body, self.rng.random() < 0.1, about)

    def _post(self) -> Generated:
        repository, body = self._repository(), self._content()
        target = f"/v2/{repository}/blobs/uploads/?digest={self._digest(body)}"
        return Generated("POST", target, [], body, self.rng.random() < 0.1, (repository, "blob", body))

    def _mount(self) -> Generated:
        name = self._some({name for _, name in self.blobs}, DIGESTS)
        repository = self._repository()
        target = f"/v2/{repository}/blobs/uploads/?mount={name}&from={self._repository()}"
        return Generated("POST", target, about=(repository, "start", b""))

    def _manifest(self) -> Generated:
        repository = self._repository()
        body, kind = self._document(repository)
        reference = self._some({tag for _, tag in self.tags}, TAGS) if self.rng.random() < 0.6 else self._digest(body)
        if self.rng.random() < 0.1:
            kind = self.rng.choice(("", "text/plain", OCI_INDEX, OCI_CONFIG))
        target = f"/v2/{repository}/manifests/{reference}"
        return Generated("PUT", target, [("Content-Type", kind)], body, False, (repository, "manifest", body))

    def _document(self, repository: str) -> tuple[bytes, str]:
        chosen = self.rng.random()
        blobs = [data for (place, _), data in sorted(self.blobs.items()) if place == repository]
        children = [
            {"mediaType": OCI_MANIFEST, "digest": name, "size": len(data)}
            for (place, name), data in sorted(self.manifests.items())
            if place == repository
        ]
        if chosen < 0.2:
            return self.rng.choice(BODIES), OCI_MANIFEST
        if chosen < 0.4:
            index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children[:3]}
            return json.dumps(index).encode(), OCI_INDEX
        subject = self.rng.choice(children) if children and chosen < 0.7 else None
        config = self.rng.choice(blobs) if blobs else b"{}"
        return image_manifest(
            config, *blobs[:2], subject=subject, artifactType="x/y" if subject else None
        ), OCI_MANIFEST

    def _blob(self) -> Generated:
        repository, name = self._known(self.blobs, DIGESTS)
        headers = [("Range", self.rng.choice(RANGES))] if self.rng.random() < 0.4 else []
        method = self.rng.choice(("GET", "HEAD"))
        return Generated(method, f"/v2/{repository}/blobs/{name}", headers, about=(repository, "blob", name))

    def _get_manifest(self) -> Generated:
        repository, name = self._known(self.rng.choice((self.tags, self.manifests)), TAGS)
        headers = [("Accept", self.rng.choice(ACCEPTS))] if self.rng.random() < 0.5 else []
        if self.rng.random() < 0.2:
            headers.append(("If-None-Match", f'"{self.tags.get((repository, name), name)}"'))
        return Generated(self.rng.choice(("GET", "HEAD")), f"/v2/{repository}/manifests/{name}", headers)

    def _list(self) -> Generated:
        repository, name = self._known(self.manifests, DIGESTS)
        path = self.rng.choice((f"/v2/{repository}/tags/list", "/v2/_catalog", f"/v2/{repository}/referrers/{name}"))
        return Generated("GET", f"{path}?{self.rng.choice(QUERIES)}" if self.rng.random() < 0.5 else path)

    def _delete(self) -> Generated:
        known = self.rng.choice((self.blobs, self.manifests, self.tags))
        repository, name = self._known(known, TAGS)
        path = "blobs" if known is self.blobs else "manifests"
        return Generated("DELETE", f"/v2/{repository}/{path}/{name}", about=(repository, "delete", name))

    def _session(self) -> Generated:
        location, repository, _ = self._open()
        method = self.rng.choice(("GET", "HEAD", "DELETE"))
        return Generated(method, location, about=(repository, "session" if method == "DELETE" else "state", b""))

    def _known(self, known: dict[tuple[str, str], Any], others: tuple[str, ...]) -> tuple[str, str]:
        if known and self.rng.random() < 0.85:
            return self.rng.choice(sorted(known))
        return self._repository(), self.rng.choice(others)

    def _strange(self) -> Generated:
        method = self.rng.choice(("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO", "HEAD"))
        target = self.rng.choice(
            ("/v2", "/v2/", "/", "/token", "/v2/../../etc/passwd", "/v2/%2e%2e/%2e%2e/x/blobs/uploads/", "//v2/",
             "/v2/?x", "/v2/a/blobs/uploads", "/v2/a/blobs/uploads/?digest", "/v2/a/manifests/", "/v2/" + "a/" * 2000,
             "/v2/%zz/tags/list")
        )  # fmt: skip
        return Generated(method, target, body=self.rng.choice((b"", b"x", b"{}")))
