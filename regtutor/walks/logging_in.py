"""The login: a client asks, is challenged, and responds in the scheme that was asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from regtutor.client.credentials import Credentials
from regtutor.client.registry import Registry
from regtutor.errors import LoginFailed
from regtutor.exchange import Exchange, Transcript
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
    registry: the registry to continue with. Its steps send what the registry has accepted: Basic with each request, or
        the token; walks get further tokens by themselves.
    transcript: every request that was made.
    scheme: ``Basic``, ``Bearer``, or ``""`` if the registry asked for no credentials and received none.
    token: the token that was accepted, or None.
    """

    registry: Registry
    transcript: Transcript
    scheme: str = ""
    token: Token | None = None

    def __str__(self) -> str:
        said = f"by {self.scheme}" if self.scheme else "without credentials: it did not ask for any"
        return f"{self.registry.name} accepts requests {said}"


@needs_registry
def login(
    reg: Registry,
    username: str | None = None,
    password: str | None = None,
    *,
    watch: Callable[[Exchange], None] | None = None,
) -> Login:
    """Log in to a registry: ask, be challenged, and respond in the scheme that was asked for.

    ``GET /v2/`` is sent without credentials. A registry that responds 401 names a scheme: Basic, and ``GET /v2/`` is
    sent again with the user name and the password; or Bearer, and a token is requested from the token server first. A
    registry that responds 200 receives no credentials.

    Parameters
    ----------
    reg: the registry; it is not changed.
    username, password: by default those that it holds, else the login is anonymous.
    watch: is called with each exchange as soon as it is made.

    Returns
    -------
    A :class:`Login`: ``login.registry`` sends what was accepted, ``login.transcript`` shows every request.

    Raises
    ------
    LoginFailed: if the registry does not accept the credentials, or nothing there speaks the API.
    TokenRefused: if the token server does not accept them.
    InsecureTokenServer: if the password would be readable on the way to the token server.
    ConnectionFailed: if one of the two could not be reached.
    Each of them carries a ``transcript`` of the requests until then.

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
    """One request; what drives the walk meets the challenge."""
    exchange = yield draft(check_api)
    if exchange.status == 200:
        return ()
    schemes = " or ".join(one.scheme for one in challenges(exchange)) or "no scheme"
    known = "Authorization" in exchange.request_headers
    raise LoginFailed(
        f"The login failed at {exchange.method} {exchange.target}: {exchange.status}, {exchange.meaning}",
        f"the registry asks for {schemes}, and {'does not accept what was sent' if known else 'nothing was sent'}"
        if exchange.status == 401
        else "a registry responds 200 or 401 here",
        _next(exchange, known),
        exchange=exchange,
    )


def _next(exchange: Exchange, known: bool) -> str:
    if exchange.status != 401:
        return "See whether this is the address of a registry"
    if known:
        return "See whether the user name and the password are right"
    return "Give a user name and a password: --username, or username= and password= in Python"
