"""An application without sockets: the registry, or the token server alone."""

from __future__ import annotations

from typing import Literal, Protocol

from regtutor.server.http import Head, Response
from regtutor.server.receiving import BodySink

LIST: Literal["list"] = "list"
CHANGE: Literal["change"] = "change"
PASSWORD: Literal["password"] = "password"

Work = Literal["list", "change", "password"]
"""Why a request can take long: it reads everything of a repository, changes what depends on that, or checks a password.

A server has threads of their own for each kind, so that none delays another.
"""


class Application(Protocol):
    """Responds to requests; ``shell`` puts it on a socket."""

    def begin(self, head: Head, *, scheme: str = "http") -> Response | BodySink:
        """Respond to the request, or accept it and ask for its body; see ``app.App.begin``."""
        ...

    def takes_long(self, head: Head) -> Work | None:
        """The reason why :meth:`begin` can take long for this request, so that a thread must call it; or None."""
        ...
