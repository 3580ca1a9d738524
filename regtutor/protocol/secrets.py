"""What must never enter a record, as tables, and the functions that take it out.

Redaction happens once, when a record is made. What is taken out is replaced by :data:`REDACTED`, so that a reader still
sees that something was there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_plus

REDACTED = "<redacted>"

SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
"""Header names (lower case) whose value is a secret; an auth scheme's name is kept."""

SECRET_QUERY_NAMES = frozenset(
    {
        "x-amz-signature",
        "x-amz-credential",
        "x-amz-security-token",
        "x-goog-signature",
        "x-goog-credential",
        "signature",
        "sig",
        "token",
        "access_token",
        "refresh_token",
        "client_secret",
        "password",
    }
)
"""Query names (lower case) whose value is a secret. Distribution's ``_state`` is no credential and is shown."""

SECRET_FIELDS = frozenset({"token", "access_token", "refresh_token", "id_token", "client_secret", "password", "auth"})
"""Names of JSON and form fields whose value is a secret."""

HEADERS_WITH_URLS = frozenset({"location", "link", "content-location", "referer", "origin", "www-authenticate"})
"""Header names (lower case) that can hold a URL, whose query is looked through as well."""

_SCHEMES = ("basic", "bearer", "digest", "negotiate")
_PAIR = re.compile(r"(?P<lead>[?&;])(?P<name>[^=&#;>\s\"]*)=(?P<value><redacted>|[^&#;>\s\"]*)")
_USERINFO = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*:)?//(?P<userinfo>[^/?#\s]*)@")


def redact_url(url: str) -> str:
    """``url`` (absolute, a target, or a text that holds URLs) without its userinfo and secret query values."""

    def pair(match: re.Match[str]) -> str:
        if unquote_plus(match["name"]).lower() not in SECRET_QUERY_NAMES:
            return match[0]
        return f"{match['lead']}{match['name']}={REDACTED}"

    def userinfo(match: re.Match[str]) -> str:
        return f"{match['scheme'] or ''}//{REDACTED}@"

    return _PAIR.sub(pair, _USERINFO.sub(userinfo, url))


def redact_header(name: str, value: str) -> str:
    """The value of the header ``name`` as it may be recorded."""
    key = name.lower()
    if key in SECRET_HEADERS:
        scheme, _, rest = value.partition(" ")
        return f"{scheme} {REDACTED}" if rest and scheme.lower() in _SCHEMES else REDACTED
    return redact_url(value) if key in HEADERS_WITH_URLS else value


def redact_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """All ``headers``, in order, as they may be recorded."""
    return tuple((name, redact_header(name, value)) for name, value in headers)


def redact_body(media_type: str, body: bytes) -> bytes:
    """A recorded body: tokens and passwords taken out of JSON objects and of forms, anything else as it is.

    Parameters
    ----------
    media_type: the Content-Type header's value, with or without parameters.
    body: the bytes, or their first part.
    """
    kind = media_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return redact_url("?" + body.decode("utf-8", "replace")).removeprefix("?").encode()
    if kind != "application/json" and not kind.endswith("+json"):
        return body
    if not any(f'"{name}"'.encode() in body for name in SECRET_FIELDS):
        return body
    return _redact_json_text(body)


def _redact_json_text(body: bytes) -> bytes:
    try:
        return json.dumps(_redact_json(json.loads(body))).encode()
    except (ValueError, RecursionError):
        names = "|".join(sorted(SECRET_FIELDS))
        pattern = rf'"({names})"(\s*:\s*)"(?:[^"\\]|\\.)*("|$)'
        text = body.decode("utf-8", "replace")
        return re.sub(pattern, lambda m: f'"{m[1]}"{m[2]}"{REDACTED}"', text).encode()


def _redact_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: REDACTED if key in SECRET_FIELDS and isinstance(item, str) else _redact_json(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_redact_json(item) for item in value]
    return value
