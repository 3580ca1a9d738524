"""A registry whose requests carry a token."""

from __future__ import annotations

from regtutor.client.registry import Registry
from regtutor.errors import InvalidArgument
from regtutor.exchange import Exchange
from regtutor.protocol.tokens import Token


def with_token(reg: Registry, token: Token | str | Exchange) -> Registry:
    """Return the same registry on the same connections, whose every request carries the token.

    It goes to this host only (``Authorization: Bearer ...``), never to the host that a redirect leads to.

    Parameters
    ----------
    reg: the registry that accepts the token.
    token: a token, its text, or the exchange of :func:`~regtutor.request_token` that brought it.

    Raises
    ------
    InvalidArgument: for an exchange without a token, such as a refusal or one that was loaded from a file.
    InvalidCredentials: for a text that is not a token.

    Source: RFC 6750, 2.1 Authorization Request Header Field <https://www.rfc-editor.org/rfc/rfc6750.html#section-2.1>.
    """
    held = token.token if isinstance(token, Exchange) else token
    if held is None:
        raise InvalidArgument(
            "This exchange holds no token",
            f"it is {token!r}, and a record that was loaded keeps none",
            "Request one with rt.request_token, and see its status",
        )
    return reg.with_auth(token=held)
