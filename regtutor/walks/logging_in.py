"""Log in to a registry: send a request, receive the challenge, and authenticate with the scheme that it names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from regtutor.client.credentials import Credentials
from regtutor.client.registry import Registry
from regtutor.errors import LoginFailed
from regtutor.exchange import Exchange, Transcript
from regtutor.printable import visible
from regtutor.protocol.challenges import challenges
from regtutor.protocol.tokens import Token
from regtutor.steps import check_api, draft
from regtutor.steps.sender import needs_registry
from regtutor.walks.driving import Walk, run


@dataclass(frozen=True)
class Login:
    """The result of a login.

    Attributes
    ----------
    registry: the registry to continue with. Its steps send the accepted credentials: Basic with each request, or the
        token. Walks request further tokens themselves.
    transcript: every request that was made.
    scheme: ``Basic``, ``Bearer``, or ``""`` if the registry required no credentials and received none.
    token: the token that was accepted, or None.
    """

    registry: Registry
    transcript: Transcript
    scheme: str = ""
    token: Token | None = None

    def __str__(self) -> str:
        how = f"with {self.scheme}" if self.scheme else "without credentials, and received none"
        return visible(f"{self.registry.name} accepts requests {how}")


@needs_registry
def login(
    reg: Registry,
    username: str | None = None,
    password: str | None = None,
    *,
    watch: Callable[[Exchange], None] | None = None,
) -> Login:
    """Log in to a registry: send a request, and authenticate with the scheme that its challenge names.

    ``GET /v2/`` is sent without credentials. A registry that responds 401 names a scheme: Basic, and ``GET /v2/`` is
    sent again with the user name and the password; or Bearer, and a token is requested from the token server first. A
    registry that responds 200 receives no credentials.

    Parameters
    ----------
    reg: the registry; it is not changed.
    username, password: by default those of ``reg``; without any, the login is anonymous.
    watch: is called with each exchange as soon as it is complete.

    Returns
    -------
    A :class:`Login`: ``login.registry`` sends the accepted credentials, ``login.transcript`` has every request.

    Raises
    ------
    LoginFailed: if the registry does not accept the credentials, or the server is not a registry.
    TokenRefused: if the token server does not accept them.
    InsecureTokenServer: if the token server uses plain http and the registry https; nothing was sent to it.
    ConnectionFailed: if the registry could not be reached.
    Each error has a ``transcript`` of the requests so far.

    Sources: OCI distribution-spec v1.1.1, "Determining Support"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#determining-support>; CNCF Distribution
    2.8.3, "How to authenticate"
    <https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/token.md#how-to-authenticate>.
    """
    given = reg.credentials if username is None else Credentials(username, password or "")
    held = reg.with_credentials(given)
    transcript = run(_asking(), held, watch=watch, title=f"login to {reg.name}")
    scheme = transcript[-1].request_headers.get("Authorization", "").partition(" ")[0]
    token = next((exchange.token for exchange in reversed(transcript) if exchange.token is not None), None)
    if scheme == "Basic":
        return Login(held.armed_with(given), transcript, scheme)
    if scheme == "Bearer" and token is not None:
        return Login(held.armed_with(token), transcript, scheme, token)
    return Login(held, transcript)


def _asking() -> Walk:
    """Yield one request. The code that drives the walk responds to the challenge."""
    exchange = yield draft(check_api)
    if exchange.status == 200:
        return ()
    schemes = " or ".join(one.scheme for one in challenges(exchange)) or "no scheme"
    known = "Authorization" in exchange.request_headers
    raise LoginFailed(
        f"The login failed at {exchange.method} {exchange.target}: {exchange.status}, {exchange.meaning}",
        f"the registry requires {schemes}, and {'refused the credentials' if known else 'no credentials were sent'}"
        if exchange.status == 401
        else "a registry responds 200 or 401 here",
        _next(exchange, known),
        exchange=exchange,
    )


def _next(exchange: Exchange, known: bool) -> str:
    if exchange.status != 401:
        return "Check that this is the address of a registry"
    if known:
        return "Check the user name and the password"
    return "Give a user name and a password: --username, or username= and password= in Python"
