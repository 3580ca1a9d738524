"""A registry as a client sees it: an address, and ``send``.

``Registry`` holds what belongs to the address (credentials, the transport, who started it). It knows nothing of any
particular request: steps build those. What travels, and how it is recorded, is the business of the transport:
``wire/transport.py`` over a socket, or a call into an embedded App in the same process.
"""

from __future__ import annotations

from types import TracebackType
from typing import Protocol
from urllib.parse import urlsplit

from regtutor.client.credentials import Credentials
from regtutor.client.mount_sources import PushedBlobs
from regtutor.client.tokens import HeldTokens
from regtutor.errors import InvalidArgument, InvalidURL, NotObservable
from regtutor.exchange import Exchange
from regtutor.message import HeaderList, Location, Request
from regtutor.protocol.secrets import redact_url
from regtutor.protocol.tokens import Token
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


class Registry:
    """A registry at a URL.

    Parameters
    ----------
    url: scheme, host and port, such as ``http://127.0.0.1:5000``.
    transport: what sends; see :class:`Transport`.
    credentials: what a login and a walk authenticate with when a challenge asks for it, or None.
    armed: what every request to this host carries unasked, or None; see :meth:`with_auth`.
    host: where it runs, for ``logs`` and ``tree``; None for a registry that is only known by its URL.
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
        self.armed = armed
        self.pushed = PushedBlobs()
        self.tokens = HeldTokens()
        self._transport = transport

    @property
    def name(self) -> str:
        """Its name in tables and records: the host's name, or else host and port of the URL."""
        return self.host.name if self.host else urlsplit(self.url).netloc.rpartition("@")[2]

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
        url = self.resolve(request.target)
        exchange = self._transport.send(request, url, self._headers(request, url), self.name)
        self.pushed.note(request, exchange)
        return exchange

    def resolve(self, target: str | Location) -> str:
        """The URL of a target: an absolute one as it is, a path on this registry; InvalidURL for any other text."""
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
        if self.armed is None or not same_origin(url, self.url) or request.header("Authorization") is not None:
            return request.headers
        if request.step == "request_token":  # the step itself says what the token server is given
            return request.headers
        return (*request.headers, ("Authorization", self.armed.header()))

    def with_auth(
        self, username: str | None = None, password: str | None = None, *, token: Token | str | None = None
    ) -> Registry:
        """Return the same registry on the same connections, whose every request carries these credentials unasked.

        They go to this host only, and never to where a redirect leads. Both remember what either has pushed.

        Parameters
        ----------
        username, password: sent as Basic.
        token: sent as Bearer instead: a token, or its text.

        Raises
        ------
        InvalidCredentials: for a user name or a token that cannot be sent.
        InvalidArgument: if neither a user name nor a token is given.
        """
        if token is not None:
            return self._derived(self.credentials, Token(token) if isinstance(token, str) else token)
        if username is None:
            raise InvalidArgument(
                "There is nothing to authenticate with",
                "a user name or a token is needed",
                "Write reg.with_auth(username, password), or reg.with_auth(token=...)",
            )
        given = Credentials(username, password or "")
        return self._derived(given, given)

    def with_credentials(self, credentials: Credentials | None) -> Registry:
        """Return the same registry on the same connections, with credentials that only a challenge makes it send."""
        return self._derived(credentials, None)

    def armed_with(self, armed: Credentials | Token | None) -> Registry:
        """Return the same registry with the same credentials and tokens, whose requests carry ``armed`` unasked."""
        other = self._derived(self.credentials, armed)
        other.tokens = self.tokens
        return other

    def _derived(self, credentials: Credentials | None, armed: Credentials | Token | None) -> Registry:
        other = Registry(self.url, self._transport, credentials=credentials, host=self.host, armed=armed)
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
