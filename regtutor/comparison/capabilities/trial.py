"""A trial of one registry: send the requests of a probe within limits, and list the content that they leave."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any, BinaryIO

from regtutor.client.registry import Registry
from regtutor.client.wire.default_limits import SMALL_BODY
from regtutor.content.writing.staging import Receiver
from regtutor.errors import (
    ContentMismatch,
    InsecureTokenServer,
    InvalidChallenge,
    PullFailed,
    RegtutorError,
    ScopeNotGranted,
    TokenRefused,
)
from regtutor.exchange import Exchange
from regtutor.message import Location, Request
from regtutor.protocol.endpoints import LEAVES_A_SESSION_OPEN
from regtutor.protocol.urls import origin_form
from regtutor.steps import STEPS, draft
from regtutor.walks.authenticating import Authenticating

PREFIX = "regtutor-probe-"
"""The name of every scratch repository begins with this."""

MOST_REQUESTS = 250
MOST_FAILURES = 3
"""The failed connections in a row after which the probe stops."""


class NotTried(Exception):
    """A capability without a verdict; the text is the reason."""


class Stopped(NotTried):
    """No further request may be sent."""


@dataclass(frozen=True)
class Subject:
    """The content to read: a manifest of a ``repository``, by ``tag`` and ``digest``, and a ``blob`` that it names."""

    repository: str
    tag: str
    digest: str
    blob: str
    size: int


@dataclass
class Leftovers:
    """The content that the probe stored: manifests and blobs by repository and digest, tags, open sessions by path."""

    manifests: dict[tuple[str, str], None] = field(default_factory=dict)
    tags: dict[tuple[str, str], None] = field(default_factory=dict)
    blobs: dict[tuple[str, str], None] = field(default_factory=dict)
    sessions: dict[str, Location] = field(default_factory=dict)


class Trial:
    """The requests of a probe to one registry, with limits of time and number.

    Parameters
    ----------
    reg: the registry.
    limit: seconds for all requests.
    scratch: the first part of the scratch repositories' names, such as ``"me/"``.
    watch: is called with each exchange.
    """

    def __init__(
        self, reg: Registry, limit: float, scratch: str = "", watch: Callable[[Exchange], None] | None = None
    ) -> None:
        self._reg, self._watch = reg, watch
        self._authenticating = Authenticating(reg)
        self._deadline = time.monotonic() + limit
        self._failures = 0
        self.exchanges: list[Exchange] = []
        self.repository = f"{scratch}{PREFIX}{secrets.token_hex(4)}"
        self.subject: Subject | None = None
        self.leftovers = Leftovers()
        self._left = MOST_REQUESTS

    def more(self, seconds: float, requests: int) -> None:
        """Allow that much more, for the cleanup after a limit was reached."""
        self._deadline = max(self._deadline, time.monotonic() + seconds)
        self._left = max(self._left, requests)
        self._failures = 0

    def ask(self, step: str, *args: Any, edit: Mapping[str, str | None] | None = None, **kwargs: Any) -> Exchange:
        """Send the request of ``step``, with the headers of ``edit`` changed.

        Raises
        ------
        Stopped: if there is no time, no request or no connection left, and for 429.
        NotTried: for 401 and 403, if no token was granted, and if no response came.
        """
        if self._left <= 0 or time.monotonic() > self._deadline or self._failures >= MOST_FAILURES:
            reason = (
                "the registry does not respond"
                if self._failures >= MOST_FAILURES
                else "the limit of the probe is reached"
            )
            raise Stopped(reason)
        request = draft(STEPS[step], *args, **kwargs)
        if step == "get_blob":
            request = replace(request, into=self._bounded())
        exchange = self._sent(request.edit(headers=dict(edit)) if edit else request)
        if step != "check_api" and exchange.status in (401, 403):
            raise NotTried(f"{exchange.status}: credentials that permit it are required")
        if exchange.status == 429:
            raise Stopped("429: the registry refuses further requests for now")
        self._note(step, exchange)
        return exchange

    def _bounded(self) -> BinaryIO:
        """Return a file that accepts no more bytes than the blob to read has, or than a small response can have."""
        most = min(self.subject.size if self.subject else SMALL_BODY, SMALL_BODY)
        more = PullFailed(f"The response has more than {most:,} bytes", "the blob that was requested does not")
        return Receiver(BytesIO(), most, lambda: more)  # type: ignore[return-value]

    def _sent(self, request: Request) -> Exchange:
        """Send a request, with the tokens that the registry asks for; the check of the API goes without them."""
        send = self._once if request.step == "check_api" else self._with_tokens
        return send(request)

    def _with_tokens(self, request: Request) -> Exchange:
        try:
            return self._authenticating.send(request, self._once)
        except (TokenRefused, ScopeNotGranted, InvalidChallenge, InsecureTokenServer) as error:
            raise NotTried(error.why or error.what) from error

    def _once(self, request: Request) -> Exchange:
        self._left -= 1
        try:
            exchange = self._reg.send(request)
        except ContentMismatch as error:
            if error.exchange is None:
                raise
            exchange = error.exchange  # the bytes do not match the digest: a response like any other
        except RegtutorError as error:
            if error.exchange is not None and error.exchange.response is not None:
                exchange = error.exchange  # the body is incomplete, and the head is a response
            else:
                self._failures += 1
                if error.exchange is not None:
                    self._keep(error.exchange)
                raise NotTried(f"no response: {error.why or error.what}") from error
        self._failures = 0
        self._keep(exchange)
        return exchange

    def _keep(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        if self._watch is not None:
            self._watch(exchange)

    def _note(self, step: str, exchange: Exchange) -> None:
        """Note the content and sessions that this exchange created, and those that it removed."""
        match = exchange.endpoint
        fields = {**match.query, **match.path} if match else {}
        repository = fields.get("repository", self.repository)
        session = _session(exchange.location.follow()) if exchange.location and exchange.ok else ""
        if exchange.location and session and exchange.status in (202, 204) and step in LEAVES_A_SESSION_OPEN:
            self.leftovers.sessions[session] = exchange.location
        if (step, exchange.status) in (("put_blob", 201), ("cancel_upload", 204)):
            self.leftovers.sessions.pop(_session(exchange.url), None)
        digest = fields.get("digest") or fields.get("mount", "")
        if exchange.status == 201 and step in ("put_blob", "post_blob", "mount_blob") and digest:
            self.leftovers.blobs[repository, digest] = None
        if exchange.status == 201 and step == "put_manifest":
            self._note_manifest(repository, fields.get("reference", ""), exchange)

    def _note_manifest(self, repository: str, reference: str, exchange: Exchange) -> None:
        stored = exchange.headers.get("Docker-Content-Digest") or exchange.request.body.digest or ""
        self.leftovers.manifests[repository, stored] = None
        if ":" not in reference:
            self.leftovers.tags[repository, reference] = None

    def read(self) -> Subject:
        """Return the content to read.

        Raises
        ------
        NotTried: if the probe has no content.
        """
        if self.subject is None:
            raise NotTried("no content to read: name a repository and a tag, or allow write=True")
        return self.subject

    def opened(self) -> Location:
        """Open an upload session in the scratch repository, and return its Location.

        Raises
        ------
        NotTried: if the registry does not open a session.
        """
        return followed(self.ask("start_upload", self.repository))


def followed(exchange: Exchange) -> Location:
    """Return the Location of a successful response.

    Raises
    ------
    NotTried: if the registry refused, or sent no Location.
    """
    if not exchange.ok or exchange.location is None:
        what = "no Location" if exchange.ok else "a refusal"
        raise NotTried(f"{what} to {exchange.request_name}: {exchange.status}")
    return exchange.location


def _session(url: str) -> str:
    return origin_form(url).partition("?")[0]
