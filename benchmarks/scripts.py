"""The scripts of the load generator: each yields requests as bytes, and ``b""`` at the end of a round."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator
from typing import Any
from urllib.parse import urlsplit

Script = Generator[bytes, Any, None]
_OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def same(_number: int, host: str, *, method: str, target: str) -> Script:
    """The same request again and again; each is a round."""
    length = "Content-Length: 0\r\n" if method == "POST" else ""
    request = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{length}Accept: {_OCI_MANIFEST}\r\n\r\n".encode()
    while True:
        yield request
        yield b""


def tagged(number: int, host: str, *, repository: str, config: str, size: int, run: str = "") -> Script:
    """PUT of a new manifest under a tag of its own; each is a round."""
    serial = 0
    while True:
        serial += 1
        data = _manifest(config, size, [], f"{run}-{number}-{serial}")
        yield _put(host, f"/v2/{repository}/manifests/t{run}-{number}-{serial}", data)
        yield b""


def pushes(number: int, host: str, *, layer: int, run: str = "") -> Script:
    """A whole push of a small image, as a client makes it: for each blob HEAD, POST and PUT, then the manifest."""
    serial = 0
    while True:
        serial += 1
        name = f"{run}-{number}-{serial}"
        repository = f"bench/learner-{number}"
        config = json.dumps({"architecture": "amd64", "os": "linux", "name": name}).encode()
        content = hashlib.sha256(name.encode()).digest() * (layer // 32)
        entries = []
        for blob in (content, config):
            digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
            entries.append({"digest": digest, "size": len(blob)})
            yield _request("HEAD", host, f"/v2/{repository}/blobs/{digest}")
            opened = yield _request("POST", host, f"/v2/{repository}/blobs/uploads/", b"")
            yield _put(host, _target(opened.head, digest), blob, "application/octet-stream")
        manifest = _manifest(entries[1]["digest"], entries[1]["size"], entries[:1], name)
        yield _put(host, f"/v2/{repository}/manifests/v{serial}", manifest)
        yield b""


def _manifest(config: str, size: int, layers: list[dict[str, Any]], name: str) -> bytes:
    whole = {
        "schemaVersion": 2,
        "mediaType": _OCI_MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": size},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", **layer} for layer in layers],
        "annotations": {"name": name},
    }
    return json.dumps(whole).encode()


def _target(head: bytes, digest: str) -> str:
    lines = head.decode("latin-1").split("\r\n")
    location = next(line.partition(":")[2].strip() for line in lines if line.lower().startswith("location:"))
    parts = urlsplit(location)
    return f"{parts.path}?{parts.query}{'&' if parts.query else ''}digest={digest}"


def _put(host: str, target: str, data: bytes, media_type: str = _OCI_MANIFEST) -> bytes:
    return _request("PUT", host, target, data, f"Content-Type: {media_type}\r\n")


def _request(method: str, host: str, target: str, data: bytes | None = None, headers: str = "") -> bytes:
    length = "" if data is None else f"Content-Length: {len(data)}\r\n"
    return f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{length}{headers}\r\n".encode() + (data or b"")
