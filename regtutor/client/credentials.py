"""A user name and a password, with which a client authenticates. repr shows no secret."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from regtutor.errors import InvalidCredentials


@dataclass(frozen=True)
class Credentials:
    """A user name and a password, sent as Basic; the password is not shown by repr.

    Attributes
    ----------
    username, password: for the registry or its token server, whichever a challenge names.
    identity_token: a refresh token that a login has left instead of a password, or ``""``; it is sent to the token
        server only.

    Raises
    ------
    InvalidCredentials: for an empty user name, and for one with a colon, which would end it (RFC 7617, section 2).
    """

    username: str
    password: str = field(repr=False)
    identity_token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.identity_token:
            return
        if not self.username or ":" in self.username:
            raise InvalidCredentials(
                "This user name cannot be sent",
                "it holds a colon, and the first one ends the name" if self.username else "it is empty",
                "Give the name alone (--username, or username= in Python) and the password by itself",
            )

    def header(self) -> str:
        """The value of the Authorization header.

        Source: RFC 7617, section 2 <https://www.rfc-editor.org/rfc/rfc7617.html#section-2>.
        """
        pair = base64.b64encode(f"{self.username}:{self.password}".encode())
        return f"Basic {pair.decode()}"
