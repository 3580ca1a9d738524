"""The token server: it asks for a name and a password, and issues signed tokens for what the policy allows.

Knows requests and responses; knows nothing of sockets. It tells nobody whether a name or a password was wrong.

Source: CNCF Distribution 2.8.3, "Token Authentication Specification"
<https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/token.md> (GET) and "Oauth2 Token
Authentication" <https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/oauth.md> (POST).
"""

from __future__ import annotations

import datetime
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qs

from regtutor.protocol.endpoints import split_target
from regtutor.server.http import Head, Response
from regtutor.server.receiving import BodySink, Handling, InMemory, receives
from regtutor.server.respond import JSON, Refusal, respond
from regtutor.server.token.key import SigningKey
from regtutor.server.token.policy import Policy
from regtutor.server.token.scopes import MalformedScope, Scope, parse_scopes

PATH = "/token"
SERVICE = "regtutor-registry"
ISSUER = "regtutor-token-server"

DEFAULT_SECONDS = 5 * 60
"""How long a token is valid. Distribution's specification wants 60 at least, since old clients take no less."""

LARGEST_FORM = 64 * 1024
_FORM = "application/x-www-form-urlencoded"
_NO_STORE = ("Cache-Control", "no-store")  # RFC 6749, section 5.1
_TRUE = frozenset({"1", "t", "T", "true", "True", "TRUE"})


class Passwords(Protocol):
    """Names and passwords."""

    def accepts(self, name: bytes, password: bytes) -> bool:
        """Whether they fit; takes as long for a name that does not exist."""
        ...

    def refusal(self, head: Head) -> Response | None:
        """None for an Authorization header that fits, else the 401 with a Basic challenge."""
        ...

    def name(self, head: Head) -> str | None:
        """The name in the Authorization header; None without a Basic one."""
        ...


class _OAuthError(Exception):
    """A refusal in the form of RFC 6749, section 5.2."""

    def __init__(self, error: str, given: str, expected: str) -> None:
        super().__init__(error)
        self.error, self.given, self.expected = error, given, expected


class TokenServer:
    """Issues tokens.

    Parameters
    ----------
    policy: the users and their rights.
    passwords: of the policy's users.
    key: signs the tokens.
    service: the registry that the tokens are for; their ``aud``.
    seconds: how long a token is valid.
    clock: the time in seconds since 1970.
    """

    def __init__(
        self,
        policy: Policy,
        passwords: Passwords,
        key: SigningKey,
        *,
        service: str = SERVICE,
        issuer: str = ISSUER,
        seconds: int = DEFAULT_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.policy, self.key, self.service, self.issuer, self.seconds = policy, key, service, issuer, seconds
        self._passwords, self._clock = passwords, clock
        self._refresh_tokens: dict[bytes, str] = {}  # by digest, so that memory shows none of them

    @staticmethod
    def takes(head: Head) -> bool:
        """Whether the request is for the token server, by its path."""
        return split_target(head.target)[0] == PATH

    def respond(self, head: Head) -> Response | BodySink:
        """Respond to a request to ``/token``; a POST needs its body first."""
        return _respond(self, head)

    def by_query(self, head: Head) -> Response:
        """Respond to ``GET /token?service=&scope=&account=&client_id=&offline_token=``, with or without Basic."""
        query = parse_qs(head.target.partition("?")[2], keep_blank_values=True)
        refused = self._unauthorized(head)
        if refused is not None:
            return refused
        account = self._passwords.name(head) or ""
        try:
            self._check_service(_first(query, "service"))
            token = self._token(account, _scopes(query.get("scope", ())))
        except _OAuthError as error:
            return _refusal(error).response()
        fields = {"token": token["access_token"], **token}
        del fields["scope"]
        if account and _first(query, "offline_token") in _TRUE:
            fields["refresh_token"] = self._new_refresh_token(account)
        return respond(200, ("Content-Type", JSON), _NO_STORE, body=json.dumps(fields).encode() + b"\n")

    def by_form(self, head: Head, form: bytes) -> Response:
        """Respond to ``POST /token`` with the body ``form``: OAuth2, with a password or with a refresh token."""
        try:
            fields = self._token_by_form(_form_fields(head, form))
        except _OAuthError as error:
            return _oauth_response(error)
        return respond(200, ("Content-Type", JSON), _NO_STORE, body=json.dumps(fields).encode() + b"\n")

    def _token_by_form(self, form: Mapping[str, list[str]]) -> dict[str, Any]:
        grants = {"password": self._by_password, "refresh_token": self._by_refresh_token}
        grant = _required(form, "grant_type")
        if grant not in grants:
            raise _OAuthError("unsupported_grant_type", "another grant_type", "password or refresh_token")
        self._check_service(_required(form, "service"))
        _required(form, "client_id")
        access_type = _first(form, "access_type") or "online"
        if access_type not in ("online", "offline"):
            raise _OAuthError("invalid_request", "another access_type", "online or offline")
        account, refresh_token = grants[grant](form)
        fields = self._token(account, _scopes(form.get("scope", ())))
        if refresh_token or access_type == "offline":
            fields["refresh_token"] = refresh_token or self._new_refresh_token(account)
        return fields

    def _by_password(self, form: Mapping[str, list[str]]) -> tuple[str, str]:
        name, password = _required(form, "username"), _required(form, "password")
        if not self._passwords.accepts(name.encode(), password.encode()):
            expected = "the name and the password of a user of this registry"
            raise _OAuthError("invalid_grant", "a name and a password that fit no user", expected)
        return name, ""

    def _by_refresh_token(self, form: Mapping[str, list[str]]) -> tuple[str, str]:
        token = _required(form, "refresh_token")
        account = self._refresh_tokens.get(_digest(token))
        if account is None:
            expected = "a refresh_token that this token server issued, since it started"
            raise _OAuthError("invalid_grant", "a refresh_token that is unknown", expected)
        return account, token

    def _unauthorized(self, head: Head) -> Response | None:
        if head.header("Authorization") is None and self.policy.public_pull:
            return None
        return self._passwords.refusal(head)

    def _check_service(self, service: str) -> None:
        if service != self.service:
            given = "another service" if service else "no service"
            expected = f"service={self.service}, as the registry's challenge says"
            raise _OAuthError("invalid_request", given, expected)

    def _token(self, account: str, asked: Iterable[Scope]) -> dict[str, Any]:
        granted = [scope.within(self.policy.allowed(account, scope)) for scope in asked]
        now = int(self._clock())
        claims = {
            "iss": self.issuer,
            "sub": account,
            "aud": self.service,
            "exp": now + self.seconds,
            "nbf": now,
            "iat": now,
            "jti": secrets.token_urlsafe(16),
            "access": [scope.entry() for scope in granted],
        }
        return {
            "access_token": self.key.sign(claims),
            "expires_in": self.seconds,
            "issued_at": datetime.datetime.fromtimestamp(now, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "scope": " ".join(str(scope) for scope in granted if scope.actions),
        }

    def _new_refresh_token(self, account: str) -> str:
        token = secrets.token_urlsafe(32)
        self._refresh_tokens[_digest(token)] = account
        return token


@receives
def _respond(server: TokenServer, head: Head) -> Handling:
    if head.method == "GET":
        return server.by_query(head)
    if head.method != "POST":
        allowed = (("Allow", "GET, POST"),)
        raise Refusal("UNSUPPORTED", given=head.method, expected="GET or POST", next=f"GET {PATH}", headers=allowed)
    form = InMemory(LARGEST_FORM)
    yield form
    if form.size > LARGEST_FORM:
        expected = f"{LARGEST_FORM} bytes at most"
        return _oauth_response(_OAuthError("invalid_request", "a form that is too long", expected))
    return server.by_form(head, form.data)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _form_fields(head: Head, form: bytes) -> Mapping[str, list[str]]:
    kind = (head.header("Content-Type") or "").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise _OAuthError("invalid_request", "a body of another type", f"Content-Type: {_FORM}")
    return parse_qs(form.decode("utf-8", "replace"), keep_blank_values=True)


def _first(fields: Mapping[str, list[str]], name: str) -> str:
    return fields.get(name, [""])[0]


def _required(form: Mapping[str, list[str]], name: str) -> str:
    value = _first(form, name)
    if not value:
        raise _OAuthError("invalid_request", f"no {name}", f"{name}=... in the form")
    return value


def _scopes(texts: Iterable[str]) -> tuple[Scope, ...]:
    try:
        return parse_scopes(texts)
    except MalformedScope:
        expected = "TYPE:NAME:ACTION,ACTION, such as repository:library/hello:pull,push"
        raise _OAuthError("invalid_scope", "a scope that is malformed", expected) from None


def _refusal(error: _OAuthError) -> Refusal:
    """The error in Distribution's form."""
    refused = error.error == "invalid_grant"
    next = "the same request with the expected value; the registry's WWW-Authenticate header has service and scope"
    code = "UNAUTHORIZED" if refused else "UNSUPPORTED"
    return Refusal(code, given=error.given, expected=error.expected, next=next, status=400)


def _oauth_response(error: _OAuthError) -> Response:
    """The error in both forms: OAuth2's ``error`` and ``error_description``, and Distribution's ``errors``."""
    whole = _refusal(error).response()
    assert isinstance(whole.body, bytes)
    described = {"error": error.error, "error_description": f"given: {error.given}; expected: {error.expected}"}
    body = json.dumps({**described, **json.loads(whole.body)}).encode() + b"\n"
    return respond(400, ("Content-Type", JSON), _NO_STORE, body=body)
