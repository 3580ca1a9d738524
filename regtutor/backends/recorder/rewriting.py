"""The lines that the proxy changes: Host towards the registry, and addresses of the registry towards the client.

Every other byte of a head stays as it is, in order, spelling and line ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from regtutor.protocol.secrets import redact_header
from regtutor.protocol.urls import PORTS, Address

_HOST = re.compile(rb"(?im)^(host[ \t]*+:[ \t]*+)((?:[^\r\n]*[^ \t\r\n])?)([ \t]*+\r?)$")
_LINE = re.compile(rb"(?m)^([!#$%&'*+.^_`|~0-9A-Za-z-]+)([ \t]*:)([^\r\n]*)")

_BEFORE_AN_ADDRESS: Mapping[bytes, bytes] = {
    b"location": rb"^[ \t]*",
    b"content-location": rb"^[ \t]*",
    b"link": rb"<[ \t]*",
    b"www-authenticate": rb"(?i:\brealm)[ \t]*=[ \t]*\"?",
}
"""Headers of a response that hold an address to follow (lower case), and what comes before it in the value."""


def with_host(head: bytes, authority: str) -> tuple[bytes, tuple[str, ...]]:
    """Name the registry in the Host lines of a request.

    Parameters
    ----------
    head: the request's head as the client sent it.
    authority: host and port of the registry.

    Returns
    -------
    The head to send, and the Host values that the client sent. A request without Host stays without it.
    """
    start = head.find(b"\n") + 1
    sent = tuple(match[2].decode("latin-1") for match in _HOST.finditer(head, start))
    lines = _HOST.sub(lambda match: match[1] + authority.encode("latin-1") + match[3], head[start:])
    return head[:start] + lines, sent


class Addresses:
    """Keeps the client on the proxy: replaces the registry's origin where a response says where to continue.

    Parameters
    ----------
    registry: the address of the registry.
    """

    def __init__(self, registry: Address) -> None:
        self._registry = registry.origin
        host = f"[{registry.host}]" if ":" in registry.host else registry.host
        port = rf":0*{registry.port}"
        if registry.port == PORTS[registry.scheme]:
            port = f"(?:{port}|:)?"
        origin = rf"(?P<scheme>(?i:{registry.scheme}:)?)//(?i:{re.escape(host)}){port}(?=[/?#\"'>;,\s]|$)"
        self._patterns = {
            name: re.compile(rb"(" + before + rb")" + origin.encode("latin-1"))
            for name, before in _BEFORE_AN_ADDRESS.items()
        }

    def rewritten(self, head: bytes, proxy: str) -> tuple[bytes, tuple[str, ...]]:
        """Point the addresses in the head of a response at the proxy.

        Parameters
        ----------
        head: as the registry sent it.
        proxy: the origin of the proxy, as the client names it: scheme, host and port.

        Returns
        -------
        The head to send to the client, and one sentence for each line that differs.
        """
        notes: list[str] = []

        def line(match: re.Match[bytes]) -> bytes:
            pattern = self._patterns.get(match[1].lower())
            value = pattern.sub(lambda found: _at_proxy(found, proxy), match[3]) if pattern else match[3]
            if value != match[3]:
                notes.append(
                    f"In {match[1].decode()} the client received {proxy}, this proxy, instead of {self._registry}"
                )
            return match[1] + match[2] + value

        start = head.find(b"\n") + 1
        return head[:start] + _LINE.sub(line, head[start:]), tuple(notes)

    def leading_away(self, head: bytes) -> Iterator[str]:
        """The absolute Locations in ``head`` that point to another origin, without secrets."""
        for match in _LINE.finditer(head, head.find(b"\n") + 1):
            value = match[3].strip()
            absolute = re.match(rb"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//", value)
            if match[1].lower() == b"location" and absolute and not self._patterns[b"location"].match(value):
                yield redact_header("Location", value.decode("latin-1"))


def _at_proxy(found: re.Match[bytes], proxy: str) -> bytes:
    scheme, _, authority = proxy.partition("//")
    origin = f"{scheme}//{authority}" if found["scheme"] else f"//{authority}"
    return found[1] + origin.encode("latin-1")
