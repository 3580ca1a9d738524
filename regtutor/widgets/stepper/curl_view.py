"""The last request as a curl command, with a button that copies it."""

from __future__ import annotations

from typing import Any

import traitlets

from regtutor.exchange import Exchange
from regtutor.widgets.exchange.exchange_data import command_of
from regtutor.widgets.view import View, script, style

_NONE = {"command": "", "none": "Nothing has been sent yet"}


class CurlView(View):
    """A command that sends the request of an exchange again.

    Attributes
    ----------
    curl: ``command``, or ``none``, the reason why there is no command.
    """

    _esm = script("curl_view.js")
    _css = style("exchange_lines.css")

    curl = traitlets.Dict(_NONE).tag(sync=True)

    def show(self, exchange: Exchange | None) -> None:
        """Show the command for the request of ``exchange``; None shows that nothing has been sent."""
        self.curl = dict(_NONE) if exchange is None else command_of(exchange)

    def as_text(self) -> str:
        """Return the command, or the reason why it does not exist."""
        shown: dict[str, Any] = self.curl
        return str(shown["command"] or f"{shown['none']}.")
