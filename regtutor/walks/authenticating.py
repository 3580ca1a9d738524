"""The authentication of walks: a response to each challenge, with the scheme that it names.

A password is sent only after a challenge that asks for it, and only to the server that the challenge names: the
registry for Basic, the realm for Bearer. One token is requested for each set of scopes, and kept with the Registry
until it expires. The refused requests and those to the token server are part of the transcript.

Sources: CNCF Distribution 2.8.3, "How to authenticate"
<https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/token.md#how-to-authenticate>; RFC 9110,
11.6.1 WWW-Authenticate <https://www.rfc-editor.org/rfc/rfc9110.html#section-11.6.1>.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from regtutor.client.registry import Registry
from regtutor.client.tokens import atoms
from regtutor.errors import (
    ConnectionFailed,
    InsecureTokenServer,
    InvalidChallenge,
    RegtutorError,
    ScopeNotGranted,
    TokenRefused,
)
from regtutor.exchange import Exchange
from regtutor.message import Request
from regtutor.protocol.challenges import Challenge, challenges
from regtutor.protocol.endpoints import SENT_TO_A_SESSION, Match, identify
from regtutor.protocol.tokens import Token
from regtutor.protocol.urls import same_origin
from regtutor.steps.sender import Sender
from regtutor.steps.token import request_token

TRIES = 3
"""The most times that one request is sent: without a token, with a token, and with the token of a second challenge."""

_ACTIONS = {"GET": "pull", "HEAD": "pull", "DELETE": "delete"}

Send = Callable[[Request], Exchange]


class Authenticating:
    """Sends the requests of a walk to one registry, and responds to its challenges.

    Parameters
    ----------
    sender: a Registry, or an object that sends to the Registry in its attribute ``reg``. The credentials and the
        tokens are those of that Registry. For any other sender nothing is added, and no challenge is met.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        found = getattr(sender, "reg", sender)
        self._reg = found if isinstance(found, Registry) else None

    def send(self, request: Request, send: Send) -> Exchange:
        """Send a request, and send it again with credentials after a challenge, at most :data:`TRIES` times.

        Parameters
        ----------
        request: without credentials. A request that has its own ``Authorization`` is sent once, unchanged.
        send: sends one request and adds the exchange to the transcript.

        Returns
        -------
        The last exchange of ``request``: a refusal if there are no credentials, or if they were refused.

        Raises
        ------
        TokenRefused: if the token server issues no token.
        ScopeNotGranted: if the token that it issues does not permit the request.
        InsecureTokenServer: if the registry is on https and its token server is not; nothing was sent there.
        """
        reg = self._reg
        if reg is None or request.header("Authorization") or not _is_own(reg, request):
            return send(request)
        if isinstance(reg.armed, Token) and reg.credentials is None:
            return send(request)  # there is nothing to get another token with
        return _Meeting(reg, request, send).run()


def _is_own(reg: Registry, request: Request) -> bool:
    """Return whether a request goes to the registry itself: other hosts get no credentials, and can demand none."""
    try:
        return same_origin(reg.resolve(request.target), reg.url)
    except RegtutorError:
        return False  # sending it raises an error with the reason


class _Meeting:
    """One request, with the credentials that respond to its challenges."""

    def __init__(self, reg: Registry, request: Request, send: Send) -> None:
        self._reg, self._request, self._send = reg, request, send
        self._needed = scopes_of(request, reg)
        self._wanted = self._needed or (f"step:{request.step}:{request.method}",)
        self._asked: tuple[str, ...] = ()
        self._token = reg.tokens.find(self._wanted)
        self._fetched = False

    def run(self) -> Exchange:
        exchange = self._send(self._with_credentials())
        for _ in range(TRIES - 1):
            if not self._can_be_met(exchange):
                break
            exchange = self._send(self._with_credentials())
        if self._fetched and exchange.status in (401, 403):
            self._refused(exchange)
        return exchange

    def _with_credentials(self) -> Request:
        held = self._token
        if held is None and self._reg.tokens.basic and self._reg.credentials is not None:
            return self._with(self._reg.credentials.header())
        return self._request if held is None else self._with(held.header())

    def _with(self, authorization: str) -> Request:
        return self._request.edit(headers={"Authorization": authorization})

    def _can_be_met(self, exchange: Exchange) -> bool:
        """Return whether to send the request again: there are new credentials for the challenge."""
        if exchange.status not in (401, 403):
            return False
        offered = challenges(exchange)
        bearer = next((one for one in offered if one.is_of("Bearer")), None)
        if bearer is not None:
            return self._meet_bearer(bearer, exchange)
        wants_basic = exchange.status == 401 and any(one.is_of("Basic") for one in offered)
        return wants_basic and self._meet_basic()

    def _meet_basic(self) -> bool:
        credentials = self._reg.credentials
        if credentials is None or credentials.identity_token or self._reg.tokens.basic or self._reg.armed is not None:
            return False
        self._reg.tokens.basic = True
        return True

    def _meet_bearer(self, bearer: Challenge, exchange: Exchange) -> bool:
        if self._token is not None:
            self._reg.tokens.drop(self._token)
        scopes = self._scopes_for(bearer)
        if self._fetched and atoms(scopes) <= atoms(self._asked):  # a registry can change their order
            return False
        try:
            token = self._fetch(bearer, scopes)
        except (TokenRefused, InvalidChallenge) as error:
            if self._may_fail:
                return False
            error.exchange = error.exchange or exchange
            raise
        except InsecureTokenServer as error:
            error.exchange = exchange
            raise
        self._reg.tokens.add({*scopes, *self._wanted}, token)
        self._token, self._asked, self._fetched = token, scopes, True
        return True

    def _scopes_for(self, bearer: Challenge) -> tuple[str, ...]:
        """Return the scopes of the challenge, or those that the request needs; with pull on the source of a mount."""
        source = self._needed[1:] if self._request.step == "mount_blob" else ()
        asked = bearer.scopes or self._needed
        wider = (*asked, *(one for one in source if not _names(asked, one)))
        return (*wider, *(one for one in self._asked if not atoms([one]) <= atoms(wider)))

    def _fetch(self, bearer: Challenge, scopes: tuple[str, ...]) -> Token:
        try:
            exchange = self._send(self._token_request(bearer, scopes))
        except ConnectionFailed as error:
            host = urlsplit(bearer.realm).netloc or urlsplit(self._reg.url).netloc
            raise TokenRefused(
                f"The token server {host}, which the registry names, issued no token: {error.what}",
                error.why,
                error.next,
                exchange=error.exchange,
            ) from error
        if exchange.token is not None:
            return exchange.token
        host = urlsplit(exchange.url).netloc
        raise TokenRefused(
            f"The token server {host} issued no token: {exchange.status}, {exchange.meaning}",
            _reason(exchange) or f"a token for {' '.join(scopes) or 'the registry'} was requested",
            _after_refusal(exchange, self._reg.credentials is not None),
            exchange=exchange,
        )

    def _token_request(self, bearer: Challenge, scopes: tuple[str, ...]) -> Request:
        held = self._reg.credentials
        unsent = _Unsent(self._reg.url)
        if held is not None and held.identity_token:
            request = request_token(unsent, bearer, scopes=scopes, method="POST", refresh_token=held.identity_token)
        elif held is not None:
            request = request_token(unsent, bearer, scopes=scopes, username=held.username, password=held.password)
        else:
            request = request_token(unsent, bearer, scopes=scopes)
        assert isinstance(request, Request)
        return request.edit(side=self._request.side)

    @property
    def _may_fail(self) -> bool:
        """Whether the walk continues without this request: after a refused mount, it uploads the blob."""
        return self._request.step == "mount_blob"

    def _refused(self, exchange: Exchange) -> None:
        if self._may_fail:
            return
        token = self._token
        assert token is not None
        missing = token.missing(self._asked)
        named = any(one.error == "insufficient_scope" for one in challenges(exchange))
        unknown = token.granted is None and exchange.status == 401
        if not missing and not named and not unknown:
            return  # refused for a reason other than its scope
        lacking = missing or self._asked
        error = ScopeNotGranted(
            f"{exchange.method} {exchange.target.partition('?')[0]} is not permitted: {exchange.status}, "
            f"{exchange.meaning}",
            f"the token server did not grant {' '.join(missing)}"
            if missing
            else f"a token for {' '.join(self._asked) or 'the registry'} was requested, and the registry refuses it",
            _ask_for(lacking, self._reg),
            exchange=exchange,
        )
        error.scopes = lacking
        raise error


class _Unsent:
    """Has the address of a Registry, and returns the request instead of sending it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def send(self, request: Request) -> Exchange:
        return request  # type: ignore[return-value]  # as rt.draft does


def scopes_of(request: Request, reg: Registry) -> tuple[str, ...]:
    """Return the scopes that a request needs, its own repository first; empty if it names no repository.

    Source: CNCF Distribution 2.8.3, "Resource Scope Grammar"
    <https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/scope.md#resource-scope-grammar>.
    """
    target = reg.resolve(request.target)
    match: Match | None = identify(request.method, target, request.step)
    repository = match.path.get("repository") if match is not None else None
    if match is None or repository is None:
        return ()
    session = match.endpoint.name in SENT_TO_A_SESSION
    actions = "pull,push" if session else _ACTIONS.get(request.method, "pull,push")
    source = match.query.get("from") if match.endpoint.name == "mount_blob" else None
    named = f"repository:{repository}:{actions}"
    return (named, f"repository:{source}:pull") if source else (named,)


def _names(scopes: tuple[str, ...], scope: str) -> bool:
    resource = scope.rpartition(":")[0]
    return any(one.rpartition(":")[0] == resource for one in scopes)


def _reason(exchange: Exchange) -> str:
    """Return the reason in the response of the token server, in the form of the API or of OAuth2, shortened."""
    try:
        body = exchange.json()
    except ValueError:
        return ""
    fields = exchange.errors[0] if exchange.errors else body
    names = ("message", "error_description", "error")
    texts = [fields.get(name) for name in names] if isinstance(fields, dict) else []
    return next((f"its message is {text[:200]!r}" for text in texts if isinstance(text, str) and text), "")


def _after_refusal(exchange: Exchange, known: bool) -> str:
    if exchange.status in (400, 401, 403) and known:
        return "Check the user name, the password, and the rights of this user"
    if exchange.status in (400, 401, 403):
        return "Give your credentials: --username, or username= and password= in Python"
    if exchange.status is not None and 300 <= exchange.status < 400:
        return "Correct the realm: a redirect of a token server is not followed, because it would receive the password"
    return "Read this exchange in the transcript: the response is from the token server, not from the registry"


def _ask_for(scopes: tuple[str, ...], reg: Registry) -> str:
    """Return the advice to get access, in words."""
    wanted = " and ".join(_in_words(scope) for scope in scopes) or "access"
    if reg.credentials is None:
        return f"Give the credentials of a user who may {wanted}: --username, or username= and password= in Python"
    return f"Ask the operator to give {reg.credentials.username or 'this login'} the right to {wanted}"


def _in_words(scope: str) -> str:
    resource, _, actions = scope.rpartition(":")
    done = {"pull": "pull from", "push": "push to", "delete": "delete in"}
    words = " and ".join(done.get(action, f"do {action!r} in") for action in actions.split(",")) or "use"
    return f"{words} {resource.partition(':')[2] or resource}"
