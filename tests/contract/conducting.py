"""Carries out a row at a registry: the given states, then the request, then what came back."""

from __future__ import annotations

from io import BytesIO
from typing import Protocol

from regtutor.client.registry import Registry
from regtutor.message import Body, Request
from tests.contract.language import Answered, Row, Sent
from tests.contract.preparations import CONTENT, PREPARATIONS


class Sends(Protocol):
    """Takes a literal request and returns the response."""

    def send(self, sent: Sent, values: dict[str, str]) -> Answered: ...


class InProcessSender:
    """For the registry that has no socket: the request goes to it as a Request of regtutor."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def send(self, sent: Sent, values: dict[str, str]) -> Answered:
        method, target, headers = sent.filled(values)
        streamed = ("Transfer-Encoding", "chunked") in headers
        data = _unframed(sent.body) if streamed else sent.body
        has_body = data or streamed or "Content-Length" in dict(headers)
        body = Body(len(data), lambda: BytesIO(data)) if has_body else None
        exchange = self._registry.send(Request("contract", method, target, tuple(headers), body))
        assert exchange.response is not None, exchange.error
        interims = tuple(interim.status for interim in exchange.interims)
        return Answered(exchange.response.status, exchange.response.headers, exchange.content, interims)


def _unframed(body: bytes) -> bytes:
    """Return the content of a body in chunked transfer coding: without a socket, no other code decodes it."""
    lines = BytesIO(body)
    return b"".join(iter(lambda: lines.read(int(lines.readline(), 16) + 2)[:-2], b""))


def conduct(row: Row, number: int, sender: Sends) -> tuple[Answered, dict[str, str]]:
    """Return the response to ``row``, in repositories that only this row uses, and the values that it used.

    Parameters
    ----------
    number: tells this row's repositories from others'.
    """
    own = f"row{number}"
    values = {
        **CONTENT,
        "repository": f"{own}/hello",
        "other": f"{own}/other",
        "other_encoded": f"{own}%2Fother",
        "nobody": f"{own}/nobody",
    }
    for state in row.given:
        for sent, status in PREPARATIONS[state]:
            seen = sender.send(sent, values)
            assert seen.status == status, f"{state}: {sent.head}\nwas answered {seen}"
            _follow(seen, values)
    return sender.send(row.sent, values), values


def _follow(seen: Answered, values: dict[str, str]) -> None:
    if seen.status == 202 and seen.all("Location"):
        (location,) = seen.all("Location")
        values["former_location"] = values.get("location", "")
        values["location"] = location
        values["location_path"] = location.partition("?")[0]
        values["location_elsewhere"] = location.replace(values["repository"], values["other"])
