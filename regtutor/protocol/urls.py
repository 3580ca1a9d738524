"""URLs and request targets, parsed without changing a byte, because registries compare and sign the URLs they send.

A target has one of two forms here: the origin-form (``/v2/...``) for a server, and the absolute-form
(``http://host/v2/...``) for a proxy.

Source: RFC 9112, "HTTP/1.1", section 3.2 <https://www.rfc-editor.org/rfc/rfc9112.html#section-3.2>.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

from regtutor.errors import InvalidURL
from regtutor.protocol.secrets import REDACTED, redact_address, redact_url

PORTS = {"http": 80, "https": 443}
"""The default port of each scheme."""

_URL = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<target>[^#]*)", re.IGNORECASE | re.DOTALL)
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._~-]+)(?::(?P<port>[0-9]{0,5}))?")
_ORIGIN = re.compile(r"[^/?#:]+://[^/?#]*")
_ADDRESS = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]{1,40}):/{1,9}+")
_UNSENDABLE = re.compile(r"[\x00-\x20\x7f]")


@dataclass(frozen=True)
class Address:
    """A parsed absolute URL, with every byte of its target unchanged.

    Attributes
    ----------
    scheme: ``http`` or ``https``.
    authority: host and port as they are in the URL, without userinfo.
    host: without brackets.
    port: the port in the URL, or the default port of the scheme.
    target: path and query as they are in the URL; an empty path is ``/``.
    userinfo: the part before ``@``, or ``""``.
    """

    scheme: str
    authority: str
    host: str
    port: int
    target: str = field(repr=False)
    userinfo: str = field(default="", repr=False)

    @property
    def origin(self) -> str:
        """Scheme, host and port, as a URL without a path."""
        return f"{self.scheme}://{self.authority}"

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def names_port(self) -> bool:
        """Whether the URL itself names the port."""
        return re.search(r":[0-9]+$", self.authority) is not None


def split_url(url: str) -> Address:
    """Split ``url`` into its parts.

    Raises
    ------
    InvalidURL: if it is not an absolute http or https URL with a host and a port that can be connected to.
    """
    match = _URL.fullmatch(url.partition("#")[0])
    shown = _without_userinfo(url)
    if match is None:
        raise InvalidURL(
            f"No request can be sent to {shown!r}",
            "it is not an absolute http or https URL",
            "Write http://host:port/path",
        )
    userinfo, _, authority = match["authority"].rpartition("@")
    found = _AUTHORITY.fullmatch(authority)
    port = int(found["port"] or PORTS[match["scheme"].lower()]) if found else 0
    if found is None or not 0 < port < 65536:
        raise InvalidURL(
            f"No request can be sent to {shown!r}",
            "the part between '//' and the path is not a host name with an optional port from 1 to 65535",
            "Begin the target with '/', and write a non-ASCII host name in its ASCII form (xn--...)",
        )
    target = match["target"]
    whole = target if target.startswith("/") else f"/{target}"
    return Address(match["scheme"].lower(), authority, found["host"].strip("[]"), port, whole, userinfo)


def address_of(reference: str, base: str) -> Address | None:
    """Resolve ``reference`` against the URL ``base``; None if no request can be sent to the result.

    Parameters
    ----------
    reference: the value of a ``Location``: an absolute URL, or a path that begins with a slash.
    base: the URL of the request.
    """
    try:
        return split_url(split_url(base).origin + reference if _is_path(reference) else reference)
    except InvalidURL:
        return None


def other_host(reference: str, base: str) -> str:
    """Return the host of ``reference`` if its host or port differs from that of the URL ``base``, else ``""``.

    Parameters
    ----------
    reference, base: as for :func:`address_of`.
    """
    there, here = address_of(reference, base), address_of(base, "")
    return there.host if there and here and there.authority != here.authority else ""


def _is_path(reference: str) -> bool:
    return reference.startswith("/") and not reference.startswith("//")


def _without_userinfo(url: str) -> str:
    """Return a malformed URL for an error message, without anything before an ``@``, which may be a password."""
    start, mark, rest = redact_url(url).rpartition("@")
    return f"{start.partition('//')[0]}//{REDACTED}@{rest}" if mark else start + rest


def same_origin(url: str, other: str) -> bool:
    """Whether two URLs have the same scheme, host (without case) and port.

    Raises
    ------
    InvalidURL: if no request can be sent to one of them.
    """
    one, two = split_url(url), split_url(other)
    return (one.scheme, one.host.lower(), one.port) == (two.scheme, two.host.lower(), two.port)


def address_instead_of_path(path: str | os.PathLike[str]) -> str:
    """Return ``path`` without its userinfo if it is an address, such as ``http://host/x``, else ``""``."""
    found = _ADDRESS.match(str(path))  # a Path has joined the two slashes
    return redact_address(f"{found[1]}://{str(path)[found.end() :]}") if found else ""


def split_origin(target: str) -> tuple[str, str]:
    """Split a URL or a target in absolute-form into its origin (``""`` without one) and the unchanged rest."""
    match = _ORIGIN.match(target)
    return (match[0], target[match.end() :]) if match else ("", target)


def origin_form(target: str) -> str:
    """Return ``target`` without its origin and otherwise unchanged; a missing path (as in ``*``) becomes ``/``."""
    if target.startswith("/"):
        return target
    origin, rest = split_origin(target)
    if rest.startswith("/"):
        return rest
    return f"/{rest}" if origin else "/"


def sendable_target(target: str) -> str:
    """Return ``target`` with spaces and control characters percent-encoded, because they would end the start line."""
    return _UNSENDABLE.sub(lambda match: f"%{ord(match[0]):02X}", target)
