"""Which web pages may use the registry: none but those that it serves itself, and it serves none.

A registry without a password trusts whoever can connect to it. A browser on the same machine can, on behalf of any page
that it shows: with a cross-site POST, or after the page's own host name was made to resolve to 127.0.0.1 (DNS
rebinding). The headers tell such requests from those of a registry client.

Source: RFC 9110, "HTTP Semantics", sections 7.2 (Host) and 15.5.20 (421 Misdirected Request)
<https://www.rfc-editor.org/rfc/rfc9110.html>; RFC 6454, "The Web Origin Concept", section 7 (Origin)
<https://www.rfc-editor.org/rfc/rfc6454.html#section-7>; W3C, "Fetch Metadata Request Headers"
<https://www.w3.org/TR/fetch-metadata/>.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from regtutor.server.http import Response
from regtutor.server.respond import Refusal

ANY = "*"
"""Instead of a host name: every name is accepted."""

_PRIVATE = (".localhost", ".local", ".internal", ".home.arpa")
"""Names that the public DNS never resolves (RFC 6761, RFC 6762, RFC 8375; ICANN reserved ``.internal``)."""

_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class OriginCheck:
    """Checks Host, Origin and Sec-Fetch-Site.

    Parameters
    ----------
    host: the address or name that the server listens on.
    names: further host names of the registry, such as the one of a proxy in front of it; ``*`` for any name.
    url: the URL of the registry, for the next step of a refusal.
    """

    def __init__(self, host: str, names: Iterable[str] = ()) -> None:
        self._names = {name.lower().rstrip(".") for name in (host, socket.gethostname(), *names)}
        self._any = ANY in self._names

    def refusal(self, method: str, values: Mapping[str, str], url: str) -> Response | None:
        """The refusal of a request that a web page of another site can have caused; None for any other request.

        Parameters
        ----------
        values: the headers by name in lowercase.
        url: the URL of the registry.
        """
        if "host" in values and not self._serves(_name(values["host"])):
            return Refusal(
                "DENIED",
                given=f"Host: {values['host']}",
                expected="an IP address, a name without a dot, or a host name of this registry",
                next=f"Use {url}, or start the registry with --host-name {_name(values['host'])}",
                status=421,
            ).response()
        if method not in _READS and _is_cross_site(values):
            return Refusal(
                "DENIED",
                given=f"{method} from a web page of another site ({_given(values)})",
                expected="a request of a registry client",
                next="Send the request with a registry client, or with curl",
                status=403,
            ).response()
        return None

    def _serves(self, name: str) -> bool:
        # A name without a dot is not resolved by the public DNS, so no page on the Web has one.
        return self._any or "." not in name or name in self._names or name.endswith(_PRIVATE) or _is_address(name)


def _name(authority: str) -> str:
    """The host in ``authority``, without the port, in lowercase."""
    host = authority.partition("]")[0].lstrip("[") if authority.startswith("[") else authority.partition(":")[0]
    return host.lower().rstrip(".")


def _is_address(name: str) -> bool:
    """Whether ``name`` is an address. No name ends in a number, so ``127.1`` is one too (WHATWG, "URL", 3.5)."""
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_cross_site(values: Mapping[str, str]) -> bool:
    site = values.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = values.get("origin")
    if origin is None:
        return False
    hosts = {values.get("host", "").lower(), values.get("x-forwarded-host", "").lower()}
    try:
        return urlsplit(origin).netloc.lower() not in hosts - {""}
    except ValueError:
        return True


def _given(values: Mapping[str, str]) -> str:
    named = ((name, values.get(name.lower())) for name in ("Origin", "Sec-Fetch-Site"))
    return ", ".join(f"{name}: {value}" for name, value in named if value is not None)
