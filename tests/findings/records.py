"""Exchanges that tests of findings are about: written by hand, or kept while a registry is asked."""

from __future__ import annotations

import gzip
import json
from typing import Any

import regtutor as rt
from regtutor.errors import ConnectionFailed
from regtutor.exchange import BodyRecord, Exchange, RequestRecord, ResponseRecord
from regtutor.findings import Finding, Findings
from regtutor.message import Request
from regtutor.protocol.digests import sha256
from regtutor.protocol.media_types import MANIFEST_TYPES, OCI_MANIFEST


class Recording:
    """Sends to a registry, and keeps every exchange, also one that broke off."""

    def __init__(self, registry: rt.Registry) -> None:
        self._registry, self.made = registry, []  # type: ignore[var-annotated]

    def send(self, request: Request) -> Exchange:
        try:
            exchange = self._registry.send(request)
        except ConnectionFailed as error:
            assert error.exchange is not None
            exchange = error.exchange
        self.made.append(exchange)
        return exchange


def exchange(
    step: str = "get_blob",
    method: str = "GET",
    target: str = "/v2/library/hello/blobs/sha256:" + "0" * 64,
    status: int = 200,
    *,
    sent: tuple[tuple[str, str], ...] = (),
    received: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
    answer: bytes = b"",
    url: str = "http://127.0.0.1:5000",
) -> Exchange:
    """A record written by hand, for what no registry here answers."""
    request = RequestRecord(method, target, sent, record(body, "sent", dict(sent)))
    response = ResponseRecord(status, "", received, record(answer, "received", dict(received)))
    return Exchange(step, url + target, request, response)


def record(data: bytes, fate: str, headers: dict[str, str]) -> BodyRecord:
    media_type = headers.get("Content-Type", "")
    return BodyRecord(len(data), sha256(data), data, fate, media_type) if data else BodyRecord()


def refused(status: int, *codes: str, message: str = "", **others: Any) -> Exchange:
    errors = {"errors": [{"code": code, "message": message} for code in codes]}
    return exchange(status=status, answer=json.dumps(errors).encode(), **others)


def named(findings: Findings, name: str) -> Finding:
    (found,) = [item for item in findings if item.name.lower() == name.lower()]
    return found


SESSION = "/v2/library/hello/blobs/uploads/11111111-1111-1111-1111-111111111111"
MANIFEST = "/v2/library/hello/manifests/v1"
PATCH = {"step": "patch_upload", "method": "PATCH", "target": f"{SESSION}?_state=a"}
PUT = {"step": "put_blob", "method": "PUT", "target": f"{SESSION}?_state=a&digest=sha256:{'0' * 64}"}
PUT_MANIFEST = {"step": "put_manifest", "method": "PUT", "target": MANIFEST}
GET_MANIFEST = {"step": "get_manifest", "target": MANIFEST}
DIGEST = "Docker-Content-Digest"
TYPED = (("Content-Type", OCI_MANIFEST),)
ALL_TYPES = (("Accept", ", ".join(MANIFEST_TYPES)),)


PACKED = gzip.compress(b"abc", mtime=0)
DELETE = {"step": "delete_blob", "method": "DELETE"}
