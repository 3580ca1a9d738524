"""Building responses: successes, and refusals whose body says what to do next.

This module depends on neither sockets nor the store.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from regtutor.message import HeaderList
from regtutor.protocol.codes import CODES
from regtutor.server.http import FileRange, Response

API_VERSION = ("Docker-Distribution-Api-Version", "registry/2.0")
JSON = "application/json; charset=utf-8"
OUT_OF_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE})
"""The errors of a process, or a machine, that may open no more files."""

_WITHOUT_BODY = (204, 304)


def respond(status: int, *headers: tuple[str, str], body: bytes | FileRange = b"") -> Response:
    """Build a response with ``headers``, the API version, and the Content-Length of ``body`` (not for 204 and 304)."""
    size = body.stop - body.start if isinstance(body, FileRange) else len(body)
    length = () if status in _WITHOUT_BODY else (("Content-Length", str(size)),)
    return Response(status, (*headers, API_VERSION, *length), body)


def internal_failure(error: Exception, log: Callable[[str], None]) -> Response:
    """Build the response to an ``error`` inside the registry, and call ``log`` with a line that has its cause.

    It is 500 UNKNOWN, or 503 UNAVAILABLE if too many files are open.
    """
    if isinstance(error, OSError) and error.errno in OUT_OF_DESCRIPTORS:
        log(f"503 because of {type(error).__name__}: {error}")
        return Refusal(
            "UNAVAILABLE",
            given=error.strerror,
            expected="a registry that can open files",
            next="Send the same request again after the seconds in Retry-After",
            headers=(("Retry-After", "1"),),
        ).response()
    log(f"500 because of {type(error).__name__}: {error}")
    return Refusal(
        "UNKNOWN",
        given=_kind(error),
        expected="the registry to handle the request; the request may be valid",
        next="Send the same request again; the registry's log has the cause",
    ).response()


def _kind(error: Exception) -> str:
    """The kind of ``error``, without the paths of this machine."""
    reason = error.strerror if isinstance(error, OSError) else None
    return f"{type(error).__name__}: {reason}" if reason else type(error).__name__


@dataclass(frozen=True)
class Fault:
    """One entry of an error body: an error ``code`` of ``protocol.codes`` and the ``detail`` that explains it."""

    code: str
    detail: Any


class Refusal(Exception):
    """The registry refuses a request.

    Parameters
    ----------
    code: the error code, a row of ``protocol.codes.CODES``.
    given, expected, next: the offending value, a correct one, and the request to try next.
    status: the status of the response, if it is not the one in the row of the error code.
    headers: additional headers of the response.
    others: further faults, if there is more than one.
    """

    def __init__(
        self,
        code: str,
        *,
        given: Any = None,
        expected: Any = None,
        next: str = "",
        status: int | None = None,
        headers: HeaderList = (),
        others: tuple[Fault, ...] = (),
    ) -> None:
        super().__init__(code)
        values = {"given": given, "expected": expected, "next": next}
        self.faults = (Fault(code, {key: value for key, value in values.items() if value not in (None, "")}), *others)
        self.status = status or CODES[code].status
        self.headers = headers

    def response(self) -> Response:
        """The response, with the JSON body ``{"errors": [{"code", "message", "detail"}]}``.

        Source: OCI distribution-spec v1.1.1, "Error Codes"
        <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes>.
        """
        errors = [
            {"code": fault.code, "message": CODES[fault.code].meaning, "detail": fault.detail} for fault in self.faults
        ]
        body = json.dumps({"errors": errors}).encode() + b"\n"
        return respond(self.status, ("Content-Type", JSON), *self.headers, body=body)
