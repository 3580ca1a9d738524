"""Redaction: tables of the secrets that no record may contain, and the functions that remove them.

Redaction happens once, when a record is made. :data:`REDACTED` replaces each secret, so that a reader still sees that
there was one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_plus

REDACTED = "<redacted>"

SECRET_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "x-registry-auth",
        "x-registry-config",
        "x-auth-token",
        "x-api-key",
        "api-key",
        "x-amz-security-token",
        "x-goog-iam-authorization-token",
        "private-token",
        "job-token",
        "deploy-token",
        "x-jfrog-art-api",
        "x-vault-token",
        "x-csrf-token",
        "x-harbor-csrf-token",
    }
)
"""Header names (lowercase) whose value is a secret; the name of the authentication scheme is kept."""

SECRET_QUERY_NAMES = frozenset(
    {
        "x-amz-signature",  # Amazon S3, and those that copy it
        "x-amz-credential",
        "x-amz-security-token",
        "x-goog-signature",  # Google Cloud Storage
        "x-goog-credential",
        "signature",  # Amazon's older form, CloudFront, Alibaba OSS
        "sig",  # Azure Blob Storage, also behind ghcr.io
        "hmac",
        "verify",  # Cloudflare, in front of Docker Hub
        "x-oss-signature",  # Alibaba OSS
        "x-oss-credential",
        "x-oss-security-token",
        "security-token",
        "q-signature",  # Tencent COS
        "x-cos-security-token",
        "x-obs-security-token",  # Huawei OBS
        "__token__",  # Akamai
        "__gda__",
        "hdnts",
        "hdnea",
        "token",
        "access_token",
        "private_token",  # GitLab
        "job_token",
        "api_key",
        "apikey",
        "jwt",
        "refresh_token",
        "id_token",
        "client_secret",
        "password",
        "secret",
        "assertion",
        "client_assertion",
        "identitytoken",
        "registrytoken",
    }
)
"""Query names (lowercase) whose value is a secret. Distribution's ``_state`` is not a credential and is shown."""

SECRET_FIELDS = frozenset(
    {
        "token",
        "access_token",
        "refresh_token",
        "id_token",
        "client_secret",
        "password",
        "auth",
        "secret",
        "assertion",
        "client_assertion",
        "identitytoken",
        "registrytoken",
    }
)
"""Names of JSON and form fields whose value is a secret."""

HEADERS_THAT_ARE_URLS = frozenset({"location", "content-location", "referer"})
"""Header names (lowercase) whose whole value is one URL; the values of other headers can contain URLs."""

_SCHEMES = ("basic", "bearer", "digest", "negotiate")
# Each repetition stops where another match could begin, so that no text takes more than linear time.
_NAME = r"[^=&#;?>\\\s\"]*="
_LEAD = rf"(?P<lead>[?&;#]|\\u0026)(?P<name>{_NAME})"
# A semicolon can separate pairs, and can also be part of a value.
_PAIR_IN_URL = re.compile(rf"{_LEAD}(?:[^&#;]|;(?!{_NAME}))*")
_PAIR_IN_TEXT = re.compile(rf"{_LEAD}(?:<redacted>|(?:[^&#;>\s\"]|;(?!{_NAME}))*)")
_JWT = re.compile(r"(?<![\w.-])eyJ[\w-]*+\.[\w-]++\.[\w-]*+")
_HEADER_IN_TEXT = re.compile(
    rf"(?P<lead>^|\n|\\n|\\r)(?P<name>[<>]? ?(?:{'|'.join(sorted(SECRET_HEADERS))}))(?P<colon>:[ \t]*)"
    r"(?P<value>(?:(?!\\[rn])[^\r\n<>\"])*(?:<redacted>)?)",
    re.IGNORECASE,
)
# Words have no digits, and capitals only where they begin.
_CREDENTIALS_IN_TEXT = re.compile(
    r"\b(?P<scheme>(?i:basic|bearer)) +(?=[\w+/=.~-]*(?:[0-9=+_]|[a-z][A-Z]))(?P<value>[\w+/=.~-]{16,}+)"
)
_MAY_HOLD_A_SECRET = re.compile(r"[=@:]|eyJ|(?:basic|bearer) ", re.IGNORECASE)
"""A character or a word that each secret in a text has, or has before it."""

_USERINFO_IN_URL = re.compile(r"^((?:[a-zA-Z][a-zA-Z0-9+.-]*:)?//)[^/?#]*@")
_USERINFO_IN_TEXT = re.compile(r"(//)[^/?#\s\"<>]*@")


def redact_url(url: str) -> str:
    """Return ``url`` (absolute, or a target, and nothing else) without its userinfo and secret query values."""
    if "=" not in url and "@" not in url:  # most URLs have no pair and no userinfo
        return url
    return _PAIR_IN_URL.sub(_pair, _USERINFO_IN_URL.sub(rf"\1{REDACTED}@", url))


def redact_address(text: str) -> str:
    """Redact ``text``, an address as a user types it, like :func:`redact_url`; its scheme can be missing."""
    return redact_url(text) if "://" in text else redact_url(f"//{text}").removeprefix("//")


def redact_text(text: str) -> str:
    """Return ``text`` without the secrets in it: of URLs, of lines that are headers, and tokens."""
    if _MAY_HOLD_A_SECRET.search(text) is None:  # as in most headers, reasons and notes
        return text
    found = _PAIR_IN_TEXT.sub(_pair, _USERINFO_IN_TEXT.sub(rf"\1{REDACTED}@", text))
    found = _CREDENTIALS_IN_TEXT.sub(rf"\g<scheme> {REDACTED}", _HEADER_IN_TEXT.sub(_header, found))
    return _JWT.sub(REDACTED, found)


def _header(match: re.Match[str]) -> str:
    shown = redact_header(match["name"].lstrip("<> "), match["value"])
    return f"{match['lead']}{match['name']}{match['colon']}{shown}"


def _pair(match: re.Match[str]) -> str:
    secret = unquote_plus(match["name"][:-1]).lower() in SECRET_QUERY_NAMES
    return f"{match['lead']}{match['name']}{REDACTED}" if secret else match[0]


def redact_header(name: str, value: str) -> str:
    """Return the value of the header ``name`` without secrets, for a record."""
    key = name.lower()
    if key in SECRET_HEADERS:
        scheme, _, rest = value.partition(" ")
        return f"{scheme} {REDACTED}" if rest and scheme.lower() in _SCHEMES else REDACTED
    return redact_url(value) if key in HEADERS_THAT_ARE_URLS else redact_text(value)


def redact_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return all ``headers``, in order, without secrets, for a record."""
    return tuple((name, redact_header(name, value)) for name, value in headers)


def redact_body(media_type: str, body: bytes) -> bytes:
    """Return ``body`` without the secrets in JSON, in forms and in URLs in text; anything else is unchanged.

    Parameters
    ----------
    media_type: the Content-Type header's value, with or without parameters. A body without a type, or of the type plain
        text, is treated as JSON if it begins like JSON.
    body: the bytes, or their first part.
    """
    if not body:
        return body
    kind = media_type.partition(";")[0].strip().lower()
    looks_like_json = kind in ("", "text/plain") and body.lstrip()[:1] in (b"{", b"[")
    if kind == "application/json" or kind.endswith(("+json", "+prettyjws")) or looks_like_json:
        return _redact_json_text(body) if _MAY_HOLD_SECRETS.search(body) else body
    if kind == "application/x-www-form-urlencoded":
        return _redacted(body, lambda text: redact_url(f"?{text}").removeprefix("?"))
    if kind == "" or kind.startswith("text/") or kind.endswith(("/xml", "+xml")):
        return _redacted(body, redact_text)
    return body


_MAY_HOLD_SECRETS = re.compile(
    "|".join(
        [*(f'"{name}"' for name in SECRET_FIELDS), *(f"{name}=" for name in SECRET_QUERY_NAMES), "@", r"\\u"]
    ).encode(),
    re.IGNORECASE,
)
_SECRET_PAIR = re.compile(
    rf'"(?P<name>{"|".join(sorted(SECRET_FIELDS))})"(?P<colon>\s*:\s*)"(?:[^"\\]|\\.)*(?:"|\\?$)',
    re.IGNORECASE | re.DOTALL,
)


def _redacted(body: bytes, redact: Callable[[str], str]) -> bytes:
    """Return ``body`` itself if nothing is redacted, so that bytes that are not UTF-8 are unchanged."""
    text = body.decode("utf-8", "surrogateescape")
    found = redact(text)
    return body if found == text else found.encode("utf-8", "surrogateescape")


def _redact_json_text(body: bytes) -> bytes:
    try:
        value = json.loads(body)
        redacted = _redact_json(value)
        return body if redacted == value else json.dumps(redacted).encode()
    except (ValueError, RecursionError):  # only the first part of the JSON, or not JSON
        return _redacted(body, lambda text: redact_text(_SECRET_PAIR.sub(rf'"\g<name>"\g<colon>"{REDACTED}"', text)))


def _redact_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            redact_text(key): REDACTED if key.lower() in SECRET_FIELDS and _is_plain(item) else _redact_json(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_redact_json(item) for item in value]
    return redact_text(value) if isinstance(value, str) else value


def _is_plain(value: Any) -> bool:
    """Whether a value can itself be the secret: not an object, whose fields have their own names, a bool, or null."""
    return not isinstance(value, dict | bool) and value is not None
