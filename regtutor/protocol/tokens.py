"""A bearer token: live, and readable without its secret.

A registry accepts a token until it expires. Most are JWTs: their payload says for whom and for what they hold, and is
decoded here without verification, since only the registry has to verify them. A client must treat a token as opaque;
what is decoded is for the reader.

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
"""Seconds that a token is valid if the response does not say it."""

LIMIT = 1024 * 1024
"""The most bytes of a token response that are read."""

_LONGEST = 400 * 24 * 3600.0
_SENDABLE = re.compile(r"[!-~]+")
_JWT = re.compile(rb"(?<![\w.-])eyJ[\w-]*+\.[\w-]++(?:\.[\w-]*+)*+")


class Token:
    """A token as the token server gave it.

    It prints without its secret. The secret, and the refresh token if one came with it, are kept in private fields that
    are neither saved nor pickled; an unpickled token says that it can no longer be sent.

    Attributes
    ----------
    claims: the payload of a JWT, decoded and not verified: ``aud``, ``exp``, ``access`` and others; empty for an opaque
        token.
    expires_at: when it expires, by this machine's clock, in UTC.
    lifetime: how many seconds it was valid when it came.
    granted: repository -> the actions that the token permits, such as ``{"library/hello": ("pull", "push")}``; another
        resource's name is preceded by its type (``registry:catalog``). None if neither the token nor the response says.
    """

    __slots__ = ("_refresh", "_whole", "claims", "expires_at", "granted", "lifetime")

    def __init__(
        self, value: str, *, expires_in: float | None = None, scope: str | None = None, refresh_token: str | None = None
    ) -> None:
        if not _SENDABLE.fullmatch(value):
            raise InvalidCredentials(
                "This token cannot be sent",
                "it is empty" if not value else "it has a blank, or a character that is not ASCII",
                "Give the token alone, without the word Bearer",
            )
        self._whole: str | None = value
        self._refresh = refresh_token
        self.claims: Mapping[str, Any] = _payload(value)
        self.lifetime = _seconds(expires_in) or _lifetime(self.claims) or LIFETIME
        self.expires_at = datetime.now(UTC) + timedelta(seconds=self.lifetime)
        self.granted = _granted(self.claims, scope)

    @classmethod
    def from_response(cls, body: bytes) -> Token | None:
        """The token in the body of a token server's response; None if it holds none.

        Parameters
        ----------
        body: the whole body, just received: its time of validity starts now.
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
        """Return the token itself, as it is sent.

        Raises
        ------
        TokenLost: if it was unpickled, which keeps no secret.
        """
        return self._kept(self._whole)

    def refresh(self) -> str:
        """Return the refresh token that came with it, for ``rt.request_token(..., refresh_token=...)``.

        Raises
        ------
        TokenLost: if none came, or if it was unpickled.
        """
        return self._kept(self._refresh)

    @staticmethod
    def _kept(value: str | None) -> str:
        if value is None:
            raise TokenLost(
                "This token cannot be sent",
                "its secret is not here: a record keeps none, and a refresh token comes only if it was requested",
                "Request a token again with rt.request_token",
            )
        return value

    @property
    def can_refresh(self) -> bool:
        """Whether a refresh token came with it."""
        return self._refresh is not None

    def header(self) -> str:
        """The value of the Authorization header.

        Source: RFC 6750, 2.1 Authorization Request Header Field
        <https://www.rfc-editor.org/rfc/rfc6750.html#section-2.1>.
        """
        return f"Bearer {self.follow()}"

    @property
    def fresh(self) -> bool:
        """Whether it can still be sent: a tenth of its lifetime, at most 10 s, is left for clocks that differ."""
        return datetime.now(UTC) + timedelta(seconds=min(self.lifetime / 10, 10.0)) < self.expires_at

    def permits(self, scopes: Iterable[str]) -> bool:
        """Whether it grants every action of ``scopes``; True as well if it does not say what it grants."""
        return not self.missing(scopes)

    def missing(self, scopes: Iterable[str]) -> tuple[str, ...]:
        """The part of ``scopes`` that it does not grant, as scopes; empty if it does not say what it grants."""
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
        said = "an opaque token" if self.granted is None else f"grants {dict(self.granted)}"
        return f"<Token {REDACTED}, {said}, expires at {self.expires_at:%Y-%m-%d %H:%M:%S} UTC>"

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
    """A scope's resource and its actions: ``("library/hello", ("pull",))`` for ``repository:library/hello:pull``.

    The name of a resource that is not a repository is preceded by its type. A name may itself hold a colon.

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
    """``value`` as a time of validity; None if it is not a positive number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return None
    return min(float(value), _LONGEST) if value < _LONGEST else _LONGEST


def _lifetime(claims: Mapping[str, Any]) -> float | None:
    """By the clock of the token server alone, so that a clock here that differs does not matter."""
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
    """A token server's response as it may be recorded, whatever type it says it has.

    Parameters
    ----------
    media_type: its Content-Type.
    body: its body, or the first part of it.
    """
    return _JWT.sub(REDACTED.encode(), redact_body(media_type, redact_body("application/json", body)))
