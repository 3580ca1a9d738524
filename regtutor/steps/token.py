"""The step that requests a token. ``server/handlers/token.py`` responds to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote_plus, urlencode

from regtutor.client.credentials import Credentials
from regtutor.errors import InsecureTokenServer, InvalidArgument, InvalidChallenge
from regtutor.exchange import Exchange
from regtutor.message import HeaderList, Request, body_of
from regtutor.protocol.challenges import Challenge, with_pairs
from regtutor.protocol.secrets import REDACTED, redact_text
from regtutor.protocol.tokens import Token
from regtutor.steps.sender import Sender, refuse

_FORM = "application/x-www-form-urlencoded"
_ADDRESS = re.compile(r"https?://[^/]|/(?!/)", re.IGNORECASE)


def request_token(
    reg: Sender,
    challenge: Challenge,
    *,
    scopes: Sequence[str] = (),
    service: str | None = None,
    username: str | None = None,
    password: str | None = None,
    refresh_token: str | Token | None = None,
    method: str = "GET",
    client_id: str = "regtutor",
    offline: bool = False,
    account: str | None = None,
    insecure: bool = False,
) -> Exchange:
    """Request a token from the token server that a challenge names. ``exchange.token`` holds it.

    ``GET /token`` at the realm's address -> 200 (a token, which may grant less than was requested: compare
    ``exchange.token.granted``), 400 (the request is malformed), 401 (the user name or the password is wrong), 403 (the
    token server does not permit it). ``POST /token`` sends the same request as an OAuth2 form; not every token server
    supports it.

    Parameters
    ----------
    reg: the registry that sent the challenge. Its own credentials are not sent to the token server.
    challenge: a Bearer challenge, from ``rt.challenges(exchange)``. Its realm is the address, used unchanged.
    scopes: the requested scopes, such as ``"repository:library/hello:pull,push"``; by default those of the challenge.
        A mount needs two: push on its target, and pull on its source.
    service: the name of the registry; by default that of the challenge.
    username, password: sent with Basic by GET, and in the form by POST; without them the request is anonymous.
    refresh_token: sent by POST instead of a password: a text, or an earlier token that came with one.
    method: ``"GET"`` or ``"POST"``.
    client_id: the name of this program.
    offline: whether to request a refresh token too.
    account: the user name for the query, as Docker sends it to some token servers.
    insecure: whether a registry on https may name a token server on plain http.

    Returns
    -------
    The exchange, whatever its status. The record has neither the token nor the credentials.

    Raises
    ------
    InvalidChallenge: if the challenge names no token server.
    InsecureTokenServer: if the registry is on https and the token server on plain http, without ``insecure``.
        Nothing was sent.

    Sources: CNCF Distribution 2.8.3, "Requesting a Token"
    <https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/token.md#requesting-a-token>, and for POST
    "Getting a token"
    <https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/oauth.md#getting-a-token>.
    """
    if not hasattr(reg, "send"):  # not by the decorator, whose frame would hold the password
        refuse(reg, "request_token")
    realm = _realm(challenge, getattr(reg, "url", ""), insecure)
    named = service if service is not None else challenge.parameters.get("service", "")
    query = _Query(named, tuple(scopes) or challenge.scopes, client_id, offline)
    if method == "POST":
        request = _by_post(realm, query, _grant(username, password, refresh_token))
    else:
        _only_by_post(refresh_token)
        request = _by_query(realm, query, method, account, _basic(username, password))
    del password, refresh_token  # a traceback that shows locals must not show them
    return reg.send(request)


@dataclass(frozen=True)
class _Query:
    """The parts of a token request that are no secrets."""

    service: str
    scopes: Sequence[str]
    client_id: str
    offline: bool


def _by_post(realm: str, query: _Query, grant: list[tuple[str, str]]) -> Request:
    """Return the request as an OAuth2 form."""
    offline = "offline" if query.offline else ""
    form = _form(grant, query.scopes, service=query.service, client_id=query.client_id, access_type=offline)
    return Request("request_token", "POST", realm, _head(form), body_of(form))


def _by_query(realm: str, query: _Query, method: str, account: str | None, headers: HeaderList) -> Request:
    """Return the request as a GET, or as another method, with the query of Docker's token protocol."""
    pairs: list[tuple[str, str | None]] = [
        ("service", query.service),
        *(("scope", scope) for scope in query.scopes),
        ("account", account),
        ("client_id", query.client_id),
        ("offline_token", "true" if query.offline else None),
    ]
    target = with_pairs(realm, [(name, value) for name, value in pairs if value])
    return Request("request_token", method, target, headers)


def _realm(challenge: Challenge, registry: str, insecure: bool) -> str:
    """Return the address of the token server after checking it.

    Raises
    ------
    InvalidArgument, InvalidChallenge, InsecureTokenServer: as :func:`request_token` does.
    """
    if not isinstance(challenge, Challenge):
        raise InvalidArgument(
            f"The challenge is an object of type {type(challenge).__name__}",
            "a token is requested for one Challenge of a response",
            "Use one of rt.challenges(exchange)",
        )
    realm = challenge.realm
    if not challenge.is_of("Bearer") or not _ADDRESS.match(realm) or REDACTED in realm:
        raise InvalidChallenge(
            f"No token can be requested for this challenge: {challenge.scheme} with realm {redact_text(realm)!r}",
            "a token server's address is the realm of a Bearer challenge: an absolute URL, or a path of the registry",
            "For Basic, send the password to the registry itself: reg.with_auth(username, password)"
            if challenge.is_of("Basic")
            else "Read the challenge in exchange.headers.all('WWW-Authenticate')",
        )
    if realm.lower().startswith("http://") and registry.lower().startswith("https://") and not insecure:
        raise InsecureTokenServer(
            f"Nothing was sent to the token server at {redact_text(realm)}",
            "the registry is on https and names a token server on plain http: anyone on the network path could read "
            "the password and the token",
            "Ask the operator to correct the realm in the registry's configuration; insecure=True sends them anyway",
        )
    return realm


def _basic(username: str | None, password: str | None) -> HeaderList:
    return () if username is None else (("Authorization", Credentials(username, password or "").header()),)


def _only_by_post(refresh_token: str | Token | None) -> None:
    if refresh_token is not None:
        raise InvalidArgument(
            "A refresh token was given for a GET", "it is sent in a form, by POST", "Add method='POST'"
        )


def _grant(username: str | None, password: str | None, refresh_token: str | Token | None) -> list[tuple[str, str]]:
    """Return the pairs of the form that authenticate the client."""
    if refresh_token is not None:
        text = refresh_token.refresh() if isinstance(refresh_token, Token) else refresh_token
        return [("grant_type", "refresh_token"), ("refresh_token", text)]
    if username is None:
        return [("grant_type", "password")]
    return [("grant_type", "password"), ("username", username), ("password", password or "")]


def _form(secret: list[tuple[str, str]], scopes: Sequence[str], **others: str) -> bytes:
    pairs = [*secret, *others.items(), ("scope", " ".join(scopes))]
    kept = [(name, value) for name, value in pairs if value or name == "password"]
    return urlencode(kept, quote_via=quote_plus, safe=":/,").encode("ascii")


def _head(form: bytes) -> HeaderList:
    return (("Content-Type", _FORM), ("Content-Length", str(len(form))))
