"""Traps for errors of other programs: JSON that is not the API's, and the XML of object stores behind a redirect.

Each function looks for one problem, and yields a diagnosis if it finds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from regtutor.exchange import Exchange
from regtutor.findings.diagnosis import REFUSED, by_status, diagnosis, trap
from regtutor.findings.finding import Finding
from regtutor.protocol.citations import MUST, OUTSIDE, Citation, Document
from regtutor.protocol.clauses import ERROR_CODES

_HAS_A_TRAP = (401, 413, 429)
"""Statuses with the same meaning and the same next step, whatever the body is."""

_KEYS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"kind", "apiVersion", "status"}), "the Kubernetes API"),
    (frozenset({"timestamp", "status", "error", "path"}), "a Spring application"),
    (frozenset({"type", "title", "status"}), "a program with problem details (RFC 9457)"),
    (frozenset({"detail"}), "a Python web application"),
)
"""Keys of a JSON object -> the program that writes them; the first match counts."""

_TEXTS: Mapping[str, str] = {
    "no route matched": "Kong",
    "missing authentication token": "an AWS API gateway",
    "internal server error": "an API gateway",
    "page not found": "another web application",
}
"""A part of the message, in lowercase -> the program that writes it."""

_S3 = Document("Amazon S3, error responses", "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html")
_CODE = re.compile(r"<Error\b[^>]{0,200}>.{0,500}?<Code>([A-Za-z0-9.]{1,60})</Code>", re.DOTALL)
_MESSAGE = re.compile(r"<Message>([^<]{1,300})")

_MOST = 4096
"""How many characters of a body are searched."""

_AGAIN = "Request the blob from the registry again, and follow the new Location at once"


@dataclass(frozen=True)
class _StoreError:
    """An error of an object store: the name of the diagnosis, the reason, and the next step."""

    name: str
    why: str
    next: str


_EXPIRED = _StoreError("the signed address has expired", "it is valid for only a few minutes", _AGAIN)
_ALTERED = _StoreError(
    "the signature does not match the request",
    "the signature is for another method, host, path, query or header",
    "Follow the Location unchanged, with the same method. A proxy on the way must not change it or add headers",
)
_GONE = _StoreError(
    "the object store does not have the blob",
    "the registry links to content that its storage has lost",
    "Tell the operator, and push the image again",
)
_STORE_ERRORS: Mapping[str, _StoreError] = {
    "ExpiredToken": _EXPIRED,
    "AuthenticationFailed": _EXPIRED,  # Azure's code, also for a signature that is not yet valid
    "RequestTimeTooSkewed": _StoreError(
        "the clocks differ",
        "the clock of the registry, which signed the address, and that of the object store differ by minutes",
        "Set the clock of the registry's machine",
    ),
    "SignatureDoesNotMatch": _ALTERED,
    "NoSuchKey": _GONE,
    "BlobNotFound": _GONE,
    "NoSuchBucket": _StoreError(
        "the object store does not have the bucket",
        "the storage of the registry names another bucket",
        "Tell the operator",
    ),
    "SlowDown": _StoreError("the object store limits requests", "too many came at once", "Send fewer requests at once"),
}
"""The code of an error -> its diagnosis."""

_BOTH = re.compile("only one auth mechanism", re.IGNORECASE)
_PASSED_ON = _StoreError(
    "credentials were sent to the object store",
    "the address is signed, and the client sent Authorization as well",
    "Do not send Authorization to another host after a redirect",
)


@trap(statuses=REFUSED)
def error_of_an_object_store(exchange: Exchange) -> Iterator[Finding]:
    """The body is the XML of an object store, to which the registry sent the client."""
    text = exchange.text[:_MOST]
    code = _CODE.search(text)
    if code is None:
        return
    message = _MESSAGE.search(text)
    said = message[1].strip() if message else ""
    expired = code[1] == "AccessDenied" and "expired" in said.lower()
    other = _StoreError("an error of an object store", "the registry's storage refused the request", _AGAIN)
    known = _PASSED_ON if _BOTH.search(said) else _EXPIRED if expired else _STORE_ERRORS.get(code[1], other)
    quoted = f"{code[1]}: {said}" if said else code[1]
    yield diagnosis(
        known.name,
        f"the body is the XML of an object store ({quoted}), not the API's: {known.why}",
        known.next,
        Citation(_S3, "List of error codes"),
        shown=by_status(exchange),
        level=OUTSIDE,
    )


@trap(statuses=REFUSED)
def json_of_another_program(exchange: Exchange) -> Iterator[Finding]:
    """The body is JSON, and not in the form of the API's errors."""
    body = _foreign_object(exchange)
    if not body:
        return
    message = next((str(body[name]) for name in ("message", "error", "detail", "title") if body.get(name)), "")
    quoted = f" ({message[:120]!r})" if message else ""
    yield diagnosis(
        "JSON of another program",
        f"the body is JSON without a list of errors{quoted}: {_program(body, message)} responded, or the registry does "
        "not follow the specification",
        "Check with regtutor check HOST that a registry is at this address. Look into the log of the proxy in front "
        f"of it for {exchange.method} {exchange.shown_target.partition('?')[0]}",
        ERROR_CODES,
        shown=by_status(exchange),
        level=MUST,
        condition="if the body is JSON",
    )


def is_of_another_program(exchange: Exchange) -> bool:
    """Return whether the body is an error in the form of another program."""
    return _CODE.search(exchange.text[:_MOST]) is not None or bool(_foreign_object(exchange))


def _foreign_object(exchange: Exchange) -> dict[str, Any]:
    """Return the JSON object of a body that is not in the form of the API's errors; otherwise an empty one."""
    matched, status = exchange.endpoint, exchange.status
    if matched is None or matched.endpoint.is_at_the_token_server or status in _HAS_A_TRAP:
        return {}
    try:
        body = exchange.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) and not isinstance(body.get("errors"), list) else {}


def _program(body: dict[str, Any], message: str) -> str:
    by_text = next((name for text, name in _TEXTS.items() if text in message.lower()), "")
    return by_text or next((name for keys, name in _KEYS if keys <= set(body)), "another program")
