"""The line that the log of a registry has for each request."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache

from regtutor.protocol.secrets import redact_text, redact_url
from regtutor.server.shell.head import UNKNOWN_LINE
from regtutor.server.shell.request_line import Line


@lru_cache(maxsize=2)
def _time(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(second))


class RequestLog:
    """Writes the line of one request.

    Parameters
    ----------
    to: called with the line.
    client: the address of the client.

    Attributes
    ----------
    line: the request line.
    bytes_in: the number of bytes of the body that have arrived.
    note: what else to say after the status.
    """

    def __init__(self, to: Callable[[str], None], client: str) -> None:
        self.to, self._client = to, client
        self.line: Line = UNKNOWN_LINE
        self.bytes_in, self.note = 0, ""
        self.restart()

    def restart(self) -> None:
        """The request begins now."""
        self._began = time.monotonic()

    def write(self, status: str, bytes_out: int) -> None:
        """Write the line: time, client, method, target without secrets, status, bytes in and out, and duration."""
        milliseconds = (time.monotonic() - self._began) * 1000
        request = f"{self.line.method} {redact_url(self.line.path)} {status}"
        if self.note:
            request += f" {redact_text(self.note)}"
        if not (request.isascii() and request.isprintable()):
            request = ascii(request)
        now = _time(int(time.time()))
        traffic = f"in={self.bytes_in} out={bytes_out} {milliseconds:.1f}ms"
        self.to(f"{now} {self._client} {request} {traffic}")
