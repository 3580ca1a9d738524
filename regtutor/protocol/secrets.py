"""Redaction: the functions that remove secrets; :mod:`regtutor.protocol.secret_names` has the names of secrets.

Redaction happens once, when a record is made. :data:`REDACTED` replaces each secret, so that a reader still sees that
there was one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_plus

from regtutor.protocol.secret_names import ENDINGS, FIELDS, HEADERS, QUERY, is_secret, words

REDACTED = "<redacted>"

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
_LONGEST_NAME = 102
_HEADER_IN_TEXT = re.compile(
    r"(?P<lead>^|\n|\\n|\\r)(?P<name>[<>]? ?[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100})(?P<colon>:[ \t]*+)"
    r"(?P<value>(?:(?!\\[rn])[^\r\n<>\"])*+(?:<redacted>)?)",
    re.IGNORECASE,
)
# Words have no digits, and capitals only where they begin.
_CREDENTIALS_IN_TEXT = re.compile(
    r"\b(?P<scheme>(?i:basic|bearer)) +(?=[\w+/=.~-]*(?:[0-9=+_]|[a-z][A-Z]))(?P<value>[\w+/=.~-]{16,}+)"
)
_USERINFO_IN_URL = re.compile(r"^((?:[a-zA-Z][a-zA-Z0-9+.-]*:)?//)[^/?#]*@")
_USERINFO_IN_TEXT = re.compile(r"(//)[^/?#\s\"<>]*@")


def redact_url(url: str) -> str:
    """Return ``url`` (absolute, or a target, and nothing else) without its userinfo and secret query values."""
    if "@" in url:
        url = _USERINFO_IN_URL.sub(_userinfo, url)
    return _PAIR_IN_URL.sub(_pair, url) if "=" in url else url


def redact_address(text: str) -> str:
    """Redact ``text``, an address as a user types it; its scheme can be missing, and its password can have a slash."""
    found = _SCHEME.match(text)
    mark, rest = (found[0], text[found.end() :]) if found else ("", text)
    userinfo, host = split_userinfo(rest)
    shown = f"{REDACTED}@{host}" if userinfo else rest
    return redact_url(f"{mark}{shown}") if mark else redact_url(f"//{shown}").removeprefix("//")


_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{0,40}://")
_DIGEST_FOLLOWS = re.compile(r"(?:sha[0-9]|blake|md5)[a-z0-9]{0,9}(?:[+._-][a-z0-9]{1,20}){0,9}:", re.IGNORECASE)


def split_userinfo(rest: str) -> tuple[str, str]:
    """Split an address without its scheme at the last ``@`` that begins no digest: the userinfo, and the rest."""
    at = rest.rfind("@")
    if at >= 0 and _DIGEST_FOLLOWS.match(rest, at + 1):
        at = rest.rfind("@", 0, at)
    return (rest[:at], rest[at + 1 :]) if at >= 0 else ("", rest)


def redact_text(text: str) -> str:
    """Return ``text`` without the secrets in it: of URLs, of lines that are headers, and tokens.

    Each pattern is tried only if the text has the characters without which it cannot match.
    """
    if "@" in text:
        text = _USERINFO_IN_TEXT.sub(_userinfo, text)
    if "=" in text:
        text = _PAIR_IN_TEXT.sub(_pair, text)
    if ":" in text and _may_be_a_header(text):
        text = _HEADER_IN_TEXT.sub(_header, text)
    if " " in text and _names_a_scheme(text):
        text = _CREDENTIALS_IN_TEXT.sub(rf"\g<scheme> {REDACTED}", text)
    return _JWT.sub(REDACTED, text) if "eyJ" in text else text


def _may_be_a_header(text: str) -> bool:
    """Whether a line of ``text`` can be a secret header; of a single line, its name says so."""
    if "\n" in text or "\\" in text:
        return True
    end = text.index(":")
    return end <= _LONGEST_NAME and _is_secret_header(text[:end].lstrip("<> "))


def _names_a_scheme(text: str) -> bool:
    if not text.isascii():  # the pattern ignores case in more alphabets than lower() changes
        return True
    lowered = text.lower()
    return "basic " in lowered or "bearer " in lowered


def _header(match: re.Match[str]) -> str:
    name = match["name"].lstrip("<> ")
    if not _is_secret_header(name):
        return match[0]
    shown = redact_header(name, match["value"])
    return f"{match['lead']}{match['name']}{match['colon']}{shown}"


def _is_secret_header(name: str) -> bool:
    """Whether a line that begins with ``name`` and a colon is a secret header, and not "token: ..." in a sentence."""
    return is_secret(name, "header") and ("-" in name or name.lower() in HEADERS)


def _userinfo(match: re.Match[str]) -> str:
    return f"{match[1]}{REDACTED}@"


def _pair(match: re.Match[str]) -> str:
    secret = is_secret(unquote_plus(match["name"][:-1]), "query")
    return f"{match['lead']}{match['name']}{REDACTED}" if secret else match[0]


def redact_header(name: str, value: str) -> str:
    """Return the value of the header ``name`` without secrets, for a record."""
    if is_secret(name, "header"):
        scheme, _, rest = value.partition(" ")
        return f"{scheme} {REDACTED}" if rest and scheme.lower() in _SCHEMES else REDACTED
    return redact_url(value) if name.lower() in HEADERS_THAT_ARE_URLS else redact_text(value)


def redact_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return all ``headers``, in order, without secrets, for a record."""
    return tuple([_WITHOUT_SECRETS.get((name, value)) or _shown_header(name, value) for name, value in headers])


_WITHOUT_SECRETS: dict[tuple[str, str], tuple[str, str]] = {}
"""Headers that have no secret, each as its own value: the same few are in most messages, and are then one object."""

_MOST_REMEMBERED = 4096
_LONGEST_REMEMBERED = 512


def _shown_header(name: str, value: str) -> tuple[str, str]:
    shown = name, redact_header(name, value)
    if shown[1] == value and len(name) + len(value) <= _LONGEST_REMEMBERED:
        if len(_WITHOUT_SECRETS) >= _MOST_REMEMBERED:
            _WITHOUT_SECRETS.clear()
        _WITHOUT_SECRETS[shown] = shown
    return shown


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
        return _redact_json_text(body) if _may_hold_secrets(body) else body
    if kind == "application/x-www-form-urlencoded":
        return _redacted(body, lambda text: redact_url(f"?{text}").removeprefix("?"))
    if kind == "" or kind.startswith("text/") or kind.endswith(("/xml", "+xml")):
        return _redacted(body, redact_text)
    return body


_MAY_HOLD_SECRETS = re.compile(
    "|".join([*words(), *(f"{re.escape(name)}=" for name in QUERY), "@", r"\\u"]).encode(), re.IGNORECASE
)


def _parts() -> Iterable[bytes]:
    """Yield short strings: each match of :data:`_MAY_HOLD_SECRETS` has one of them, and they are found much faster."""
    longest = {max(name.split("-"), key=len) for name in (*ENDINGS, *FIELDS)}
    for part in longest:
        if not any(other in part for other in longest - {part}):
            yield part.encode()
    yield from (b"=", b"@", rb"\u")


_PARTS = tuple(_parts())


def _may_hold_secrets(body: bytes) -> bool:
    lowered = body.lower()
    for part in _PARTS:
        if part in lowered:
            return _MAY_HOLD_SECRETS.search(body) is not None
    return False


_TEXT_PAIR = re.compile(
    r'"(?P<name>[^"\\]{1,200})"(?P<colon>\s*+:\s*+)"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.IGNORECASE | re.DOTALL
)


def _text_pair(match: re.Match[str]) -> str:
    return f'"{match["name"]}"{match["colon"]}"{REDACTED}"' if is_secret(match["name"], "field") else match[0]


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
        return _redacted(body, lambda text: redact_text(_TEXT_PAIR.sub(_text_pair, text)))


def _redact_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            redact_text(key): REDACTED if is_secret(key, "field") and _is_plain(item) else _redact_json(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_redact_json(item) for item in value]
    return redact_text(value) if isinstance(value, str) else value


def _is_plain(value: Any) -> bool:
    """Whether a value can itself be the secret: not an object, whose fields have their own names, a bool, or null."""
    return not isinstance(value, dict | bool) and value is not None
