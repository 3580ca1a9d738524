"""The registry's side of tokens: which scopes a request needs, and the 401 that says where to get a token for them.

Source: CNCF Distribution 2.8.3, "Token Authentication Specification"
<https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/token.md>, and its code
<https://github.com/distribution/distribution/blob/v2.8.3/registry/handlers/app.go#L808-L956>; RFC 6750, section 3
<https://www.rfc-editor.org/rfc/rfc6750.html#section-3>.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from regtutor.protocol.endpoints import paths_like, split_target
from regtutor.server.call import Call
from regtutor.server.http import Head, Response
from regtutor.server.respond import Refusal
from regtutor.server.token.issuing import PATH, TokenServer
from regtutor.server.token.key import InvalidToken
from regtutor.server.token.scopes import ANY_ACTION, Scope

ACTIONS_OF_METHODS: Mapping[str, tuple[str, ...]] = {
    "GET": ("pull",),
    "HEAD": ("pull",),
    "POST": ("pull", "push"),
    "PUT": ("pull", "push"),
    "PATCH": ("pull", "push"),
    "DELETE": ("delete",),
}
"""The actions on its repository that a request needs, by its method; also for a DELETE of an upload session."""

CATALOG = Scope("registry", "catalog", (ANY_ACTION,))


def needed_scopes(head: Head) -> tuple[Scope, ...] | None:
    """The scopes that a token must grant for this request: empty if any valid token does, None if it needs no token.

    A path that no endpoint has needs no token: its response says only that it does not exist.
    """
    rows = paths_like(head.target)
    if not rows:
        return None
    endpoint, fields = rows[0]
    if "repository" not in fields:
        return (CATALOG,) if endpoint.family == "catalog" else ()
    repository = fields["repository"]
    needed = [Scope("repository", repository, ACTIONS_OF_METHODS.get(head.method, ()))]
    source = split_target(head.target)[1].get("from")
    if source == repository:
        needed = [replace(needed[0], actions=tuple(dict.fromkeys((*needed[0].actions, "pull"))))]
    elif source:
        needed.append(Scope("repository", source, ("pull",)))
    return tuple(needed)


@dataclass(frozen=True)
class TokenGuard:
    """Lets a request pass that carries a token for what it does."""

    tokens: TokenServer

    def refusal(self, call: Call) -> Response | None:
        """None for a request that may pass, else the 401 with a Bearer challenge.

        Distribution responds 401 also where a valid token does not grant enough: the client can then ask for a token
        with the scope that the challenge names.
        """
        needed = needed_scopes(call.head)
        if needed is None:
            return None
        token = _bearer(call.head)
        if token is None:
            return self._challenge(call, needed, "", "no bearer token")
        try:
            claims = self.tokens.key.claims(token, issuer=self.tokens.issuer, audience=self.tokens.service)
        except InvalidToken as error:
            return self._challenge(call, needed, "invalid_token", str(error))
        if all(scope.is_granted_by(claims.get("access")) for scope in needed):
            return None
        return self._challenge(call, needed, "insufficient_scope", "a valid token that does not grant this")

    def _challenge(self, call: Call, needed: tuple[Scope, ...], error: str, given: str) -> Response:
        realm = call.url("check_api").removesuffix("/v2/") + PATH
        scope = " ".join(str(scope) for scope in needed)
        values = {"realm": realm, "service": self.tokens.service, "scope": scope, "error": error}
        challenge = ",".join(f"{name}={_quoted(value)}" for name, value in values.items() if value)
        query = f"service={self.tokens.service}" + (f"&scope={scope}" if scope else "")
        return Refusal(
            "UNAUTHORIZED",
            given=given,
            expected=f"Authorization: Bearer, with a token for {scope or 'this registry'}",
            next=f"GET {realm}?{query}, then the same request with the token",
            headers=(("WWW-Authenticate", f"Bearer {challenge}"),),
        ).response()


def _quoted(value: str) -> str:
    """``value`` as a quoted-string of RFC 9110, section 5.6.4; what a header cannot hold is left out."""
    printable = "".join(sign for sign in value if " " <= sign <= "~")
    return '"' + printable.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _bearer(head: Head) -> str | None:
    given = [value for name, value in head.headers if name.lower() == "authorization"]
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None
