"""A registry as a client sees it: an address, and ``send``.

``Registry`` holds everything that belongs to the address: the credentials, the transport, and the host that runs the
registry. Steps build the requests. A transport sends and records them: ``wire/transport.py`` over a socket, or
``backends/in_process.py`` by a call into an embedded App in the same process.
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
    """Sends one request and returns the record of the exchange."""

    def send(self, request: Request, url: str, headers: HeaderList, registry: str) -> Exchange:
        """Send ``request`` to the absolute ``url`` with these exact ``headers`` and those that the transport must add.

        Raises
        ------
        ConnectionFailed: if no complete response came; it carries the partial exchange.
        """
        ...

    def close(self) -> None:
        """Close the open connections; a second call does nothing."""
        ...


class Host(Protocol):
    """The machine, container or directory of a registry that regtutor started; it has the log and the storage."""

    @property
    def name(self) -> str:
        """A short name for tables: ``embedded``, ``in_process``, ``native``, ``container``."""
        ...

    def logs(self) -> str:
        """Return the log of the registry so far."""
        ...

    def tree(self) -> StorageTree:
        """Return its storage at this moment."""
        ...

    def close(self) -> None:
        """Stop the registry and remove everything that was created for it; a second call does nothing."""
        ...


@dataclass(frozen=True)
class Credentials:
    """A user name and a password, sent with Basic authentication; repr does not show the password.

    Raises
    ------
    InvalidCredentials: if the user name is empty, or contains a colon, which would end it (RFC 7617, section 2).
    """

    username: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.username or ":" in self.username:
            raise InvalidCredentials(
                "This user name cannot be sent",
                "it contains a colon, and the first colon ends the name" if self.username else "it is empty",
                "Give only the name as --username (in Python username=), and the password separately",
            )

    def header(self) -> str:
        """Return the value of the Authorization header.

        Source: RFC 7617, section 2 <https://www.rfc-editor.org/rfc/rfc7617.html#section-2>.
        """
        pair = base64.b64encode(f"{self.username}:{self.password}".encode())
        return f"Basic {pair.decode()}"


class Registry:
    """A registry at a URL.

    Parameters
    ----------
    url: scheme, host and port, such as ``http://127.0.0.1:5000``.
    transport: sends the requests; see :class:`Transport`.
    credentials: added only to requests to the same scheme, host and port; or None.
    host: the host that runs it, for ``logs`` and ``tree``; None if only its URL is known.

    Attributes
    ----------
    why: the reason why ``open_registry`` chose this registry; empty if ``open_registry`` did not open it.
    """

    def __init__(
        self, url: str, transport: Transport, *, credentials: Credentials | None = None, host: Host | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self.credentials = credentials
        self.host = host
        self.why = ""
        self.pushed = PushedBlobs()
        self._transport = transport

    @property
    def name(self) -> str:
        """The name in tables and records: the name of the host, or else host and port of the URL."""
        return self.host.name if self.host else urlsplit(self.url).netloc.rpartition("@")[2]

    @property
    def transport(self) -> Transport:
        """How requests travel to it."""
        return self._transport

    def send(self, request: Request) -> Exchange:
        """Send one request, once: no redirect is followed, nothing is retried, and no token is fetched.

        Parameters
        ----------
        request: from the draft of a step, edited or not. If its target is a path, it is sent to this registry. An
            absolute target is sent to its own host, without the credentials if scheme, host or port differ.

        Returns
        -------
        The exchange, whatever the status.

        Raises
        ------
        ConnectionFailed: if no complete response came.
        InvalidArgument: if ``request`` is not a Request.
        InvalidURL: if the target is neither a path nor an absolute http or https URL.
        """
        if not isinstance(request, Request):
            kind = type(request).__name__
            raise InvalidArgument(
                f"An object of type {kind} cannot be sent",
                "send takes a Request",
                "Create one, for example with rt.draft(rt.check_api), or call a step that creates and sends it: "
                "rt.check_api(reg)",
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
                f"{redact_url(whole)!r} is not a valid request target",
                "a target is a path that begins with '/', or an absolute http or https URL",
                "Begin the path with '/'",
            )
        return self.url + whole

    def _headers(self, request: Request, url: str) -> HeaderList:
        own = same_origin(url, self.url)
        if self.credentials is None or not own or request.header("Authorization") is not None:
            return request.headers
        return (*request.headers, ("Authorization", self.credentials.header()))

    def with_auth(self, username: str, password: str) -> Registry:
        """Return the same registry, used as ``username``; both share their connections and the list of pushed blobs."""
        other = Registry(self.url, self._transport, credentials=Credentials(username, password), host=self.host)
        other.pushed = self.pushed
        other.why = self.why
        return other

    def logs(self) -> str:
        """Return the log of the registry.

        Raises
        ------
        NotObservable: if only its URL is known.
        """
        return self._known_host("log").logs()

    def tree(self) -> StorageTree:
        """Return the storage of the registry.

        Raises
        ------
        NotObservable: if only its URL is known.
        """
        return self._known_host("storage").tree()

    def _known_host(self, what: str) -> Host:
        if self.host is None:
            raise NotObservable(
                f"The {what} of {redact_url(self.url)} cannot be seen",
                "regtutor did not start this registry and has only its URL",
                "Look on the machine where it runs, or use rt.open_registry() to start a registry here",
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
