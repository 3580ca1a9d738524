"""A registry as a client sees it: an address, and ``send``.

``Registry`` holds everything that belongs to the address: the credentials, the transport, and the host that runs the
registry. Steps build the requests. A transport sends and records them: ``wire/transport.py`` over a socket, or
``backends/in_process.py`` by a call into an embedded App in the same process.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Protocol
from urllib.parse import urlsplit

from regtutor.client.credentials import Credentials
from regtutor.client.mount_sources import PushedBlobs
from regtutor.client.tokens import HeldTokens
from regtutor.errors import InvalidArgument, InvalidURL, NotObservable
from regtutor.exchange import Exchange
from regtutor.message import HeaderList, Location, Request
from regtutor.printable import visible
from regtutor.protocol.secrets import redact_url
from regtutor.protocol.tokens import Token
from regtutor.protocol.unsaved import Unsaved, forget_locals
from regtutor.protocol.urls import same_origin
from regtutor.storage_tree import StorageTree

_LEADS_ELSEWHERE = "this client requests no other kind of address. If a registry sent it, correct its configuration"


class Transport(Protocol):
    """Sends one request and returns the record of the exchange. Several threads can use it at the same time."""

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


class Registry(Unsaved):
    """A registry at a URL.

    Parameters
    ----------
    url: scheme, host and port, such as ``http://127.0.0.1:5000``.
    transport: sends the requests; see :class:`Transport`.
    credentials: what a login and a walk send after a challenge that asks for them; or None.
    armed: what every request to the same scheme, host and port carries, also without a challenge, or None; see
        :meth:`with_auth`.
    host: the host that runs it, for ``logs`` and ``tree``; None if only its URL is known.

    Attributes
    ----------
    why: the reason why ``open_registry`` chose this registry; empty if ``open_registry`` did not open it.
    """

    def __init__(
        self,
        url: str,
        transport: Transport,
        *,
        credentials: Credentials | None = None,
        host: Host | None = None,
        armed: Credentials | Token | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.credentials = credentials
        self.host = host
        self.why = ""
        self.armed = armed
        self.pushed = PushedBlobs()
        self.tokens = HeldTokens()
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
        try:
            exchange = self._dispatched(request)
        except BaseException as error:
            forget_locals(error)
            raise
        self.pushed.note(request, exchange)
        return exchange

    def _dispatched(self, request: Request) -> Exchange:
        url = self.resolve(request.target)
        return self._transport.send(request, url, self._headers(request, url), self.name)

    def resolve(self, target: str | Location) -> str:
        """The URL of a target: an absolute one as it is, a path on this registry; InvalidURL for any other text."""
        whole = target.follow() if isinstance(target, Location) else target
        if whole.lower().startswith(("http://", "https://")):
            return whole
        if not whole.startswith("/"):
            raise InvalidURL(
                f"{redact_url(whole)!r} is not a valid request target",
                "a target is a path that begins with '/', or an absolute http or https URL",
                f"Nothing was sent: {_LEADS_ELSEWHERE}" if "://" in whole else "Begin the path with '/'",
            )
        return self.url + whole

    def _headers(self, request: Request, url: str) -> HeaderList:
        if self.armed is None or not same_origin(url, self.url) or request.header("Authorization") is not None:
            return request.headers
        if request.step == "request_token":  # the step adds its own credentials for the token server
            return request.headers
        return (*request.headers, ("Authorization", self.armed.header()))

    def with_auth(
        self, username: str | None = None, password: str | None = None, *, token: Token | str | None = None
    ) -> Registry:
        """Return the same registry on the same connections; every request then carries these credentials.

        They are sent only to this host, never to the target of a redirect. Both share the list of pushed blobs.

        Parameters
        ----------
        username, password: sent with Basic authentication.
        token: sent with Bearer authentication instead: a token, or its text.

        Raises
        ------
        InvalidCredentials: if the user name or the token cannot be sent.
        InvalidArgument: if neither a user name nor a token is given.
        """
        if token is not None:
            return self._derived(self.credentials, Token(token) if isinstance(token, str) else token)
        if username is None:
            raise InvalidArgument(
                "No credentials were given",
                "with_auth needs a user name or a token",
                "Use reg.with_auth(username, password), or reg.with_auth(token=...)",
            )
        given = Credentials(username, password or "")
        return self._derived(given, given)

    def with_credentials(self, credentials: Credentials | None) -> Registry:
        """Return the same registry on the same connections, with credentials that are sent only after a challenge."""
        return self._derived(credentials, None)

    def armed_with(self, armed: Credentials | Token | None) -> Registry:
        """Return the same registry with the same credentials and tokens; every request then carries ``armed``."""
        other = self._derived(self.credentials, armed)
        other.tokens = self.tokens
        return other

    def _derived(self, credentials: Credentials | None, armed: Credentials | Token | None) -> Registry:
        other = Registry(self.url, self._transport, credentials=credentials, host=self.host, armed=armed)
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

    def collect_garbage(self, *, dry_run: bool = True, untagged: bool = False) -> Any:
        """List what no manifest of an embedded registry needs any more, and remove it if you say so.

        The registry serves meanwhile. Content that arrived within the last hour and is not named by a manifest yet
        stays, because its push may be in progress.

        Parameters
        ----------
        dry_run, untagged: as for ``rt.collect_garbage``.

        Returns
        -------
        The table of ``rt.collect_garbage``.

        Raises
        ------
        NotObservable: for any other registry.
        """
        collect = getattr(self.host, "collect_garbage", None)
        if collect is None:
            raise NotObservable(
                f"regtutor cannot collect the garbage of {self.name}",
                "it can do this only for its own registry, embedded or in_process",
                "Stop the registry, and use rt.collect_garbage on its directory, or its own command",
            )
        return collect(dry_run=dry_run, untagged=untagged)

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
        return visible(f"<Registry {self.name} at {redact_url(self.url)}>")
