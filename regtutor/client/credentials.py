"""The user name and the password of a client."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from regtutor.errors import InvalidCredentials
from regtutor.protocol.unsaved import Unsaved


@dataclass(frozen=True)
class Credentials(Unsaved):
    """A user name and a password, sent with Basic authentication; repr does not show the password.

    Attributes
    ----------
    username, password: for the registry or its token server, whichever a challenge names.
    identity_token: a refresh token that a login has stored instead of a password, or ``""``; it is sent only to the
        token server.

    Raises
    ------
    InvalidCredentials: if the user name is empty, or contains a colon, which would end it (RFC 7617, section 2).
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
                "it contains a colon, and the first colon ends the name" if self.username else "it is empty",
                "Give only the name as --username (in Python username=), and the password separately",
            )

    def header(self) -> str:
        """Return the value of the Authorization header.

        Source: RFC 7617, section 2 <https://www.rfc-editor.org/rfc/rfc7617.html#section-2>.
        """
        pair = base64.b64encode(f"{self.username}:{self.password}".encode())
        return f"Basic {pair.decode()}"
