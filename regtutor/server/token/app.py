"""The token server alone, beside a registry of another make: what a socket needs, and nothing of registries."""

from __future__ import annotations

from regtutor.server.application import PASSWORD, Work
from regtutor.server.http import Head, Response
from regtutor.server.receiving import BodySink
from regtutor.server.respond import Refusal
from regtutor.server.token.issuing import PATH, TokenServer


class TokenApp:
    """Responds to ``/token`` and to nothing else."""

    def __init__(self, tokens: TokenServer) -> None:
        self.tokens = tokens

    def begin(self, head: Head, *, scheme: str = "http") -> Response | BodySink:  # noqa: ARG002 - as every app has it
        """Respond, or ask for the body first; see ``server.app.App.begin``."""
        if not self.tokens.takes(head):
            next = f"GET {PATH}?service={self.tokens.service}"
            return Refusal("UNSUPPORTED", given="another path", expected=PATH, next=next, status=404).response()
        try:
            return self.tokens.respond(head)
        except Refusal as refusal:
            return refusal.response()

    def takes_long(self, head: Head) -> Work | None:
        """Whether :meth:`begin` checks a password, which is slow on purpose."""
        return PASSWORD if head.header("Authorization") is not None else None
