"""The two responses that the page of 2018 prints, as records, and what its upload session says about itself.

The page, *push镜像*, is where this course comes from. Its requests went through a proxy to a registry of that time.
"""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from regtutor.content.sample.image import sample_image
from regtutor.exchange import Exchange, Interim, RequestRecord, ResponseRecord
from regtutor.message import Location

_HOST = "http://192.168.1.103:8021"
_SESSION = (
    f"{_HOST}/v2/library/registry/blobs/uploads/91cbb0a1-c335-45ae-b155-86bf06897d9d"
    "?_state=YeQZM_9WTPi9Gxfgi6chPo7gZ0fRsJisqthEwHrrmTl7Ik5hbWUiOiJsaWJyYXJ5L3JlZ2lzdHJ5IiwiVVVJRCI6IjkxY2JiMGEx"
    "LWMzMzUtNDVhZS1iMTU1LTg2YmYwNjg5N2Q5ZCIsIk9mZnNldCI6MCwiU3RhcnRlZEF0IjoiMjAxOC0wOS0xM1QxMTowNToyNi45NzI2MjE4"
    "ODhaIn0%3D"
)
_DIGEST = "sha256:06ba8e23299fcf9dd9efb3c5acd4c9d03badac5392953001c75d38197113a63a"
_BLOB = f"{_HOST}/v2/library/registry/blobs/{_DIGEST}"
_SIGNATURE = 32
"""The bytes of the signature at the beginning of a ``_state``."""


def _headers(date: str, *more: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return (
        ("Server", "nginx/1.11.5"),
        ("Date", date),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", "0"),
        ("Connection", "keep-alive"),
        *more,
    )


_API = ("Docker-Distribution-Api-Version", "registry/2.0")

POST = Exchange(
    "start_upload",
    f"{_HOST}/v2/library/registry/blobs/uploads/",
    RequestRecord("POST", "/v2/library/registry/blobs/uploads/"),
    ResponseRecord(
        202,
        "Accepted",
        _headers(
            "Thu, 13 Sep 2018 11:05:26 GMT",
            _API,
            ("Docker-Upload-Uuid", "91cbb0a1-c335-45ae-b155-86bf06897d9d"),
            ("Location", _SESSION),
            ("Range", "0-0"),
        ),
    ),
    location=Location(_SESSION),
    registry="the page, 2018",
)
"""The page's first request. It printed the response only; the request is the page's command."""

PUT = Exchange(
    "put_blob",
    f"{_SESSION}&digest={_DIGEST}",
    RequestRecord("PUT", f"{_SESSION.removeprefix(_HOST)}&digest={_DIGEST}"),
    ResponseRecord(
        201,
        "Created",
        _headers("Thu, 13 Sep 2018 11:12:30 GMT", ("Docker-Content-Digest", _DIGEST), _API, ("Location", _BLOB)),
    ),
    (Interim(100, "Continue"),),
    location=Location(_BLOB),
    registry="the page, 2018",
)
"""The page's second request, with the interim response that curl printed."""


def state_of(location: Location | str | None) -> dict[str, Any] | None:
    """Return the content of a Location's ``_state``, as Distribution and regtutor's own registry write it.

    It is base64url of a signature (HMAC-SHA256), followed by JSON.

    Returns
    -------
    The JSON, with the first bytes of the signature; None if the Location has no such state.
    """
    values = parse_qs(urlsplit(str(location)).query).get("_state")
    if not values:
        return None
    raw = base64.urlsafe_b64decode(values[0] + "=" * (-len(values[0]) % 4))
    inner: dict[str, Any] = json.loads(raw[_SIGNATURE:])
    return {"signature": f"{raw[:8].hex()}...", **inner}


def schema_1() -> bytes:
    """Return an unsigned manifest of Version 2, Schema 1, the oldest kind; it names the layers of the sample image."""
    layers = [{"blobSum": layer.digest} for layer in reversed(sample_image().layers)]
    body = {
        "schemaVersion": 1,
        "name": "library/hello",
        "tag": "v1",
        "architecture": "amd64",
        "fsLayers": layers,
        "history": [{"v1Compatibility": "{}"} for _ in layers],
    }
    return json.dumps(body, indent=3).encode()
