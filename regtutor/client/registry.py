"""A registry as a client sees it: an address, and ``send``.

``Registry`` holds what belongs to the address (credentials, the transport, who started it). It knows nothing of any
particular request: steps build those. What travels, and how it is recorded, is the business of the transport:
``wire/transport.py`` over a socket, or a call into an embedded App in the same process.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol
from urllib.parse import urlsplit

from regtutor.client.mount_sources import PushedBlobs
from regtutor.errors import InvalidArgument, InvalidCredentials, InvalidURL, NotObservable
from regtutor.exchange import Exchange
from regtutor.message import HeaderList, Location, Request
from regtutor.protocol.secrets import redact_url
from regtutor.protocol.urls import same_origin
from regtutor.storage_tree import StorageTree


class Transport(Protocol):
    """How one request travels and becomes a record."""

    def send(self, request: Request, url: str, headers: HeaderList, registry: str) -> Exchange:
        """Send ``request`` to the absolute ``url`` with exactly these ``headers`` plus what the transport must add.

        Raises
        ------
        ConnectionFailed: if no complete answer came; it carries the partial exchange.
        """
        ...

    def close(self) -> None:
        """Close what is open; a second call does nothing."""
        ...


class Host(Protocol):
    """The machine, container or directory of a registry that we started: where its log and its storage are."""

    @property
    def name(self) -> str:
        """A short name for tables: ``embedded``, ``in_process``, ``native``, ``container``."""
        ...

    def logs(self) -> str:
        """What the registry has logged so far."""
        ...

    def tree(self) -> StorageTree:
        """Its storage at this moment."""
        ...

    def close(self) -> None:
        """Stop the registry and remove what was made for it; a second call does nothing."""
        ...


@dataclass(frozen=True)
class Credentials:
    """A user name and a password, sent as Basic; the password is not shown by repr.

    Raises
    ------
    InvalidCredentials: for an empty user name, and for one with a colon, which would end it (RFC 7617, section 2).
    """

    username: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.username or ":" in self.username:
            raise InvalidCredentials(
                "This user name cannot be sent",
                "it holds a colon, and the first one ends the name" if self.username else "it is empty",
                "Give the name alone (--username, or username= in Python) and the password by itself",
            )

    def header(self) -> str:
        """The value of the Authorization header.

        Source: RFC 7617, section 2 <https://www.rfc-editor.org/rfc/rfc7617.html#section-2>.
        """
        pair = base64.b64encode(f"{self.username}:{self.password}".encode())
        return f"Basic {pair.decode()}"


class Registry:
    """A registry at a URL.

    Parameters
    ----------
    url: scheme, host and port, such as ``http://127.0.0.1:5000``.
    transport: what sends; see :class:`Transport`.
    credentials: attached to requests for this host only, or None.
    host: where it runs, for ``logs`` and ``tree``; None for a registry that is only known by its URL.
    """

    def __init__(
        self, url: str, transport: Transport, *, credentials: Credentials | None = None, host: Host | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self.credentials = credentials
        self.host = host
        self.pushed = PushedBlobs()
        self._transport = transport

    @property
    def name(self) -> str:
        """Its name in tables and records: the host's name, or else host and port of the URL."""
        return self.host.name if self.host else urlsplit(self.url).netloc.rpartition("@")[2]

    @property
    def transport(self) -> Transport:
        """How requests travel to it."""
        return self._transport

    def send(self, request: Request) -> Exchange:
        """Send one request, once: no redirect is followed, nothing is tried again, no token is fetched.

        Parameters
        ----------
        request: from a step's draft, edited or not. A path-only target is sent to this registry; an absolute one goes
            where it says, and takes no credentials to another host.

        Returns
        -------
        The exchange, whatever the status.

        Raises
        ------
        ConnectionFailed: if no complete answer came.
        InvalidArgument: for anything but a Request.
        InvalidURL: for a target that is neither a path nor an absolute http or https URL.
        """
        if not isinstance(request, Request):
            kind = type(request).__name__
            raise InvalidArgument(
                f"What is to be sent is of the type {kind}",
                "a registry is sent a Request",
                "Make one, for example with rt.draft(rt.check_api), or have a step make and send it: rt.check_api(reg)",
            )
        url = self._resolve(request.target)
        exchange = self._transport.send(request, url, self._headers(request, url), self.name)
        self.pushed.note(request, exchange)
        return exchange

    def _resolve(self, target: str | Location) -> str:
        whole = target.follow() if isinstance(target, Location) else target
        if whole.lower().startswith(("http://", "https://")):
            return whole
        if not whole.startswith("/"):
            raise InvalidURL(
                f"{redact_url(whole)!r} is no target of a request",
                "a target is a path that begins with '/', or an absolute http or https URL",
                "Begin it with '/'",
            )
        return self.url + whole

    def _headers(self, request: Request, url: str) -> HeaderList:
        own = same_origin(url, self.url)
        if self.credentials is None or not own or request.header("Authorization") is not None:
            return request.headers
        return (*request.headers, ("Authorization", self.credentials.header()))

    def with_auth(self, username: str, password: str) -> Registry:
        """The same registry on the same connections, asked as ``username``; both remember what either has pushed."""
        other = Registry(self.url, self._transport, credentials=Credentials(username, password), host=self.host)
        other.pushed = self.pushed
        return other

    def logs(self) -> str:
        """What the registry has logged; :class:`~regtutor.errors.NotObservable` where it is only known by its URL."""
        return self._behind("log").logs()

    def tree(self) -> StorageTree:
        """The registry's storage; :class:`~regtutor.errors.NotObservable` where it is only known by its URL."""
        return self._behind("storage").tree()

    def _behind(self, what: str) -> Host:
        if self.host is None:
            raise NotObservable(
                f"The {what} of {redact_url(self.url)} cannot be seen",
                "regtutor did not start this registry and knows only its URL",
                "Look on the machine where it runs, or use rt.open_registry() to start one here",
            )
        return self.host

    def close(self) -> None:
        """Close the connections, and stop the registry if regtutor started it; a second call does nothing."""
        self._transport.close()
        if self.host is not None:
            self.host.close()

    def __enter__(self) -> Registry:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Registry {self.name} at {redact_url(self.url)}>"
