"""A registry whose requests carry a token."""

from __future__ import annotations

from regtutor.client.registry import Registry
from regtutor.errors import InvalidArgument
from regtutor.exchange import Exchange
from regtutor.protocol.tokens import Token


def with_token(reg: Registry, token: Token | str | Exchange) -> Registry:
    """Return the same registry on the same connections; every request then carries the token.

    The token (``Authorization: Bearer ...``) is sent only to this host, never to the target of a redirect.

    Parameters
    ----------
    reg: the registry that accepts the token.
    token: a token, its text, or the exchange of :func:`~regtutor.request_token` that received it.

    Raises
    ------
    InvalidArgument: if the exchange has no token, such as a refusal, or an exchange that was loaded from a file.
    InvalidCredentials: if the text is not a token.

    Source: RFC 6750, 2.1 Authorization Request Header Field <https://www.rfc-editor.org/rfc/rfc6750.html#section-2.1>.
    """
    held = token.token if isinstance(token, Exchange) else token
    if held is None:
        raise InvalidArgument(
            "This exchange has no token",
            f"it is {token!r}, and a loaded record never has a token",
            "Request a token with rt.request_token, and check the status",
        )
    return reg.with_auth(token=held)
