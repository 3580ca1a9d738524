"""A bearer token, which can be sent and which prints without its secret.

A registry accepts a token until it expires. Most tokens are JWTs: the payload names the user and the granted
scopes. It is decoded here without verification, because only the registry has to verify a token. A client must treat a
token as opaque; the decoded payload is for the reader.

Sources: CNCF Distribution 2.8.3, "Token Response Fields"
<https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/token.md#token-response-fields>; RFC 7519,
3 JSON Web Token (JWT) Overview <https://www.rfc-editor.org/rfc/rfc7519.html#section-3>.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from regtutor.errors import InvalidCredentials, InvalidManifest, TokenLost
from regtutor.protocol.bounded_json import parse_json
from regtutor.protocol.secrets import REDACTED, redact_body

LIFETIME = 60.0
"""Seconds that a token is valid if the response does not name its lifetime."""

LIMIT = 1024 * 1024
"""The most bytes of a token response that are read."""

_LONGEST = 400 * 24 * 3600.0
_SENDABLE = re.compile(r"[!-~]+")
_JWT = re.compile(rb"(?<![\w.-])eyJ[\w-]*+\.[\w-]++(?:\.[\w-]*+)*+")


class Token:
    """A token that a token server issued.

    It prints without its secret. The secret, and the refresh token if there is one, are in private fields that are
    neither saved nor pickled; an unpickled token cannot be sent.

    Attributes
    ----------
    claims: the payload of a JWT, decoded and not verified: ``aud``, ``exp``, ``access`` and others; empty for an opaque
        token.
    expires_at: when it expires, by this machine's clock, in UTC.
    lifetime: the seconds that it was valid when it was received.
    granted: repository -> the actions that the token permits, such as ``{"library/hello": ("pull", "push")}``; another
        resource's name is preceded by its type (``registry:catalog``). None if unknown.
    """

    __slots__ = ("_refresh", "_whole", "claims", "expires_at", "granted", "lifetime")

    def __init__(
        self, value: str, *, expires_in: float | None = None, scope: str | None = None, refresh_token: str | None = None
    ) -> None:
        if not _SENDABLE.fullmatch(value):
            raise InvalidCredentials(
                "This token cannot be sent",
                "it is empty" if not value else "it contains a space or a character that is not ASCII",
                "Give only the token, without the word Bearer",
            )
        self._whole: str | None = value
        self._refresh = refresh_token
        self.claims: Mapping[str, Any] = _payload(value)
        self.lifetime = _seconds(expires_in) or _lifetime(self.claims) or LIFETIME
        self.expires_at = datetime.now(UTC) + timedelta(seconds=self.lifetime)
        self.granted = _granted(self.claims, scope)

    @classmethod
    def from_response(cls, body: bytes) -> Token | None:
        """Return the token in the body of a token server's response, or None if it has no token.

        Parameters
        ----------
        body: the whole body, just received: the lifetime of the token starts now.
        """
        try:
            fields = parse_json(body, LIMIT)
        except InvalidManifest:
            return None
        value = next((fields[name] for name in ("token", "access_token") if isinstance(fields.get(name), str)), "")
        if not _SENDABLE.fullmatch(value):
            return None
        scope, refresh = fields.get("scope"), fields.get("refresh_token")
        return cls(
            value,
            expires_in=fields.get("expires_in"),
            scope=scope if isinstance(scope, str) else None,
            refresh_token=refresh if isinstance(refresh, str) and refresh else None,
        )

    def follow(self) -> str:
        """Return the token itself, which is a secret.

        Raises
        ------
        TokenLost: if the token was unpickled, because a pickle has no secret.
        """
        return self._kept(self._whole)

    def refresh(self) -> str:
        """Return the refresh token that came with it, for ``rt.request_token(..., refresh_token=...)``.

        Raises
        ------
        TokenLost: if there was no refresh token, or if the token was unpickled.
        """
        return self._kept(self._refresh)

    @staticmethod
    def _kept(value: str | None) -> str:
        if value is None:
            raise TokenLost(
                "This token cannot be sent",
                "its secret was not saved: a record has none, and a token server sends a refresh token only on request",
                "Request a token again with rt.request_token",
            )
        return value

    @property
    def can_refresh(self) -> bool:
        """Whether a refresh token came with it."""
        return self._refresh is not None

    def header(self) -> str:
        """Return the value of the Authorization header.

        Source: RFC 6750, 2.1 Authorization Request Header Field
        <https://www.rfc-editor.org/rfc/rfc6750.html#section-2.1>.
        """
        return f"Bearer {self.follow()}"

    @property
    def fresh(self) -> bool:
        """Whether it is still valid, with a margin for clocks that differ: a tenth of its lifetime, at most 10 s."""
        return datetime.now(UTC) + timedelta(seconds=min(self.lifetime / 10, 10.0)) < self.expires_at

    def permits(self, scopes: Iterable[str]) -> bool:
        """Whether it grants every action of ``scopes``; also True if the granted scopes are not known."""
        return not self.missing(scopes)

    def missing(self, scopes: Iterable[str]) -> tuple[str, ...]:
        """Return the part of ``scopes`` that it does not grant; empty if the granted scopes are not known."""
        if self.granted is None:
            return ()
        found = []
        for scope in scopes:
            name, actions = split_scope(scope)
            left = [action for action in actions if action not in self.granted.get(name, ())]
            if left and "*" not in self.granted.get(name, ()):
                found.append(f"{scope.rpartition(':')[0]}:{','.join(left)}")
        return tuple(found)

    def __repr__(self) -> str:
        content = "an opaque token" if self.granted is None else f"grants {dict(self.granted)}"
        return f"<Token {REDACTED}, {content}, expires at {self.expires_at:%Y-%m-%d %H:%M:%S} UTC>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (dict(self.claims), self.expires_at, self.lifetime, self.granted)


def _unpickled(
    claims: Mapping[str, Any], expires_at: datetime, lifetime: float, granted: Mapping[str, tuple[str, ...]] | None
) -> Token:
    token = Token.__new__(Token)
    token._whole = token._refresh = None
    token.claims, token.expires_at, token.lifetime, token.granted = claims, expires_at, lifetime, granted
    return token


def split_scope(scope: str) -> tuple[str, tuple[str, ...]]:
    """Return the resource and the actions of a scope.

    For ``repository:library/hello:pull`` they are ``("library/hello", ("pull",))``. The name of a resource that is not
    a repository is preceded by its type. A name can contain a colon.

    Source: CNCF Distribution 2.8.3, "Resource Scope Grammar"
    <https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/scope.md#resource-scope-grammar>.
    """
    kind, _, rest = scope.partition(":")
    name, _, actions = rest.rpartition(":")
    return _resource(kind, name), tuple(action for action in actions.split(",") if action)


def _resource(kind: str, name: str) -> str:
    return name if kind.partition("(")[0] == "repository" else f"{kind}:{name}"


def _payload(token: str) -> Mapping[str, Any]:
    parts = token.split(".")
    if len(parts) != 3 or len(token) > LIMIT:
        return {}
    try:
        return parse_json(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)), LIMIT)
    except (ValueError, InvalidManifest):
        return {}


def _seconds(value: object) -> float | None:
    """Return ``value`` as a lifetime in seconds, or None if it is not a positive number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return None
    return min(float(value), _LONGEST) if value < _LONGEST else _LONGEST


def _lifetime(claims: Mapping[str, Any]) -> float | None:
    """Return the lifetime by the clock of the token server alone: a different clock on this machine has no effect."""
    ends, begins = claims.get("exp"), claims.get("iat", claims.get("nbf"))
    if isinstance(ends, int | float) and isinstance(begins, int | float):
        return _seconds(ends - begins)
    return None


def _granted(claims: Mapping[str, Any], scope: str | None) -> Mapping[str, tuple[str, ...]] | None:
    access = claims.get("access")
    if isinstance(access, list):
        pairs = [_entry(entry) for entry in access if isinstance(entry, Mapping)]
    elif scope is not None:
        pairs = [split_scope(one) for one in scope.split()]
    else:
        return None
    found: dict[str, tuple[str, ...]] = {}
    for name, actions in pairs:
        found[name] = tuple(dict.fromkeys((*found.get(name, ()), *actions)))
    return found


def _entry(entry: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    actions = entry.get("actions")
    named = tuple(str(action) for action in actions) if isinstance(actions, list) else ()
    return _resource(str(entry.get("type", "")), str(entry.get("name", ""))), named


def redact_token_response(media_type: str, body: bytes) -> bytes:
    """Return the body of a token server's response without its secrets, whatever its Content-Type.

    Parameters
    ----------
    media_type: its Content-Type.
    body: its body, or the first part of it.
    """
    return _JWT.sub(REDACTED.encode(), redact_body(media_type, redact_body("application/json", body)))
