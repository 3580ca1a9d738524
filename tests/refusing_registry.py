"""A server on loopback that answers as a test says: for registries that refuse, which none of the real ones will."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Reply = tuple[int, Mapping[str, str], bytes]
"""Status, headers, body."""

NOT_FOUND: Reply = (404, {}, b"")
UNAUTHORIZED: Reply = (
    401,
    {"Content-Type": "application/json", "WWW-Authenticate": 'Basic realm="lessons"'},
    b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":null}]}',
)
TOO_LARGE: Reply = (413, {"Content-Type": "text/html"}, b"<html><h1>413 Request Entity Too Large</h1></html>")


@dataclass
class RefusingRegistry:
    """Its ``url``, the requests that it got as ``"METHOD target"``, and how many body bytes came with them."""

    url: str
    asked: list[str] = field(default_factory=list)
    received: int = 0


@contextmanager
def refusing_registry(reply: Callable[[str, str], Reply]) -> Iterator[RefusingRegistry]:
    """Answer each request with what ``reply`` gives for its method and target, before any body is read."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def handle_expect_100(self) -> bool:
            return True  # the answer comes first

        def answer(self) -> None:
            registry.asked.append(f"{self.command} {self.path}")
            if self.headers.get("Expect") is None:
                registry.received += len(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            status, headers, body = reply(self.command, self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Connection", "close")
            self.close_connection = True
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, *_args: object) -> None:
            """Tests look at ``asked``."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    registry = RefusingRegistry(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
