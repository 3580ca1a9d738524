"""Traps of bearer tokens: a refused token request, a token that does not suffice, a bad address in the challenge.

Each function looks for one problem, and yields a diagnosis if it finds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from regtutor.exchange import Exchange
from regtutor.findings.diagnosis import REFUSED, by_received, by_status, diagnosis, trap
from regtutor.findings.finding import Finding
from regtutor.protocol.challenges import Challenge, challenges
from regtutor.protocol.citations import MAY, OUTSIDE
from regtutor.protocol.clauses import (
    BEARER_CHALLENGE,
    BEARER_ERRORS,
    GETTING_A_TOKEN,
    HOW_TO_AUTHENTICATE,
    TOKEN_EXAMPLE,
)
from regtutor.protocol.secrets import redact_url

_CAUSES = {
    400: ("the request is malformed, or the token server accepts neither its grant nor its scope",
          "Compare service and scope with the challenge of the registry"),
    401: ("the token server does not accept this user name and password",
          "Correct the user name and the password; many registries require an access token instead of the password"),
    403: ("the token server does not permit this, even with the right password",
          "Ask its operator for access, or request fewer scopes"),
    404: ("nothing responds at this address, or the token server does not support POST",
          "Send a GET instead, and compare the address with the realm of the challenge"),
    405: ("the token server does not support this method", "Send a GET instead"),
}  # fmt: skip
"""Status -> the cause, and the next step."""


@trap(endpoints=("request_token",), statuses=REFUSED)
def no_token(exchange: Exchange) -> Iterator[Finding]:
    """The token server refused to issue a token."""
    cause, then = _CAUSES.get(
        exchange.status or 0,
        ("the token server failed, not the registry", "Retry, or read its log"),
    )
    yield diagnosis(
        "no token",
        f"{cause}; the registry did not receive this request",
        then,
        GETTING_A_TOKEN if exchange.method == "POST" else TOKEN_EXAMPLE,
        shown=by_status(exchange),
        level=MAY,
    )


def _bearer(exchange: Exchange) -> Challenge | None:
    return next((one for one in challenges(exchange) if one.is_of("Bearer")), None)


@trap(statuses=(401, 403))
def token_does_not_suffice(exchange: Exchange) -> Iterator[Finding]:
    """A token was sent, and the registry requires another one."""
    bearer = _bearer(exchange)
    if bearer is None or not exchange.request_headers.get("Authorization", "").startswith("Bearer"):
        return
    lacking = bearer.error == "insufficient_scope"
    wanted = " ".join(bearer.scopes) or "more than it has"
    described = bearer.parameters.get("error_description", "")
    yield diagnosis(
        "the token lacks a scope" if lacking else "the token is not accepted",
        (
            f"the token does not grant {wanted}"
            if lacking
            else "the token has expired, is for another registry, or is from an untrusted token server"
        )
        + (f": {described}" if described else ""),
        f"Request a token for {wanted}, and compare exchange.token.granted: the user may not do the rest",
        BEARER_ERRORS,
        shown=by_received(exchange, "WWW-Authenticate"),
        level=OUTSIDE,
    )


@trap(statuses=(401,))
def token_server_at_a_bad_address(exchange: Exchange) -> Iterator[Finding]:
    """The realm of the challenge is not a safe address for a password."""
    bearer = _bearer(exchange)
    if bearer is None:
        return
    absolute = re.match("(?i)(https?)://", bearer.realm)
    plain = absolute is not None and absolute[1].lower() == "http" and exchange.url.lower().startswith("https:")
    if absolute is None or plain:
        yield diagnosis(
            "token server on plain http" if plain else "realm without a host",
            f"the registry is on https, and its token server at {redact_url(bearer.realm)} is not: anyone on the "
            "network path could read the password and the token"
            if plain
            else f"the realm is {redact_url(bearer.realm)!r}: most clients accept only an absolute URL",
            "Correct the realm in the registry's configuration (Distribution: auth.token.realm); behind a proxy, "
            "use the address that clients see",
            HOW_TO_AUTHENTICATE if plain else BEARER_CHALLENGE,
            shown=by_received(exchange, "WWW-Authenticate"),
            level=MAY if plain else OUTSIDE,
        )
