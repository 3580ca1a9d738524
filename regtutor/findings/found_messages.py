"""The messages of ``client_messages.py`` in what another client printed, found in linear time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from regtutor.findings.client_messages import CLIENT_MESSAGES, ClientMessage
from regtutor.printable import visible

LIMIT = 256 * 1024
"""The most characters of a text that are searched."""

_ADDRESS = re.compile(r"https?://([A-Za-z0-9._-]{1,253}(?::[0-9]{1,5})?)", re.IGNORECASE)
_REPOSITORY = re.compile(r"repository \[([A-Za-z0-9._-]{1,253}(?::[0-9]{1,5})?)/", re.IGNORECASE)


@dataclass(frozen=True)
class FoundMessage:
    """A message in a text: its row, and the host of the registry that the text names, or ``HOST``."""

    message: ClientMessage
    host: str

    @property
    def next(self) -> str:
        """The next step, with the host of the registry."""
        return self.message.next.replace("HOST", self.host)


def messages_in(text: str) -> tuple[FoundMessage, ...]:
    """Return the known messages in what a client printed, the most specific first; only :data:`LIMIT` is searched."""
    searched = text[:LIMIT]
    lowered, host = searched.lower(), _host_in(searched)
    found = [FoundMessage(row, host) for row in CLIENT_MESSAGES if any(part in lowered for part in row.parts)]
    hidden = {name for each in found for name in each.message.hides}
    return tuple(each for each in found if each.message.shown not in hidden)


def _host_in(text: str) -> str:
    """Return the host of the registry that the text names first, or ``HOST``."""
    found = _REPOSITORY.search(text) or _ADDRESS.search(text)
    return found[1] if found else "HOST"


def as_json(found: tuple[FoundMessage, ...]) -> list[dict[str, Any]]:
    """Return the messages as plain values for JSON."""
    return [
        {
            "message": each.message.shown,
            "clients": each.message.clients,
            "meaning": each.message.meaning,
            "causes": [{"cause": cause.cause, "sign": cause.sign} for cause in each.message.causes],
            "next": each.next,
            "sources": list(each.message.sources),
        }
        for each in found
    ]


def as_text(found: tuple[FoundMessage, ...]) -> str:
    """Return the messages with their causes and next steps, for a terminal."""
    return "\n\n".join("\n".join(map(visible, _lines(each))) for each in found)


def _lines(found: FoundMessage) -> Iterator[str]:
    row = found.message
    yield f"! {row.shown}"
    yield f"    {row.meaning}."
    for number, cause in enumerate(row.causes, 1):
        yield f"    {number}. {cause.cause.replace('HOST', found.host)}"
        yield f"       a sign of it: {cause.sign.replace('HOST', found.host)}"
    yield f"    next: {found.next}"
    yield f"    reported in {', '.join(row.sources)}"
