"""An application without sockets: the registry, or the token server alone."""

from __future__ import annotations

from typing import Protocol

from regtutor.server.http import Head, Response
from regtutor.server.receiving import BodySink


class Application(Protocol):
    """Responds to requests; ``shell`` puts it on a socket."""

    def begin(self, head: Head, *, scheme: str = "http") -> Response | BodySink:
        """Respond to the request, or accept it and ask for its body; see ``app.App.begin``."""
        ...

    def takes_long(self, head: Head) -> bool:
        """Whether :meth:`begin` may take long for this request, so that a thread must call it."""
        ...
