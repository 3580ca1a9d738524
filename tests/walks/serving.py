"""A server on loopback that has one image and gives it as a test says: cut, redirected, or with other bytes."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from regtutor.content.image import Config, Image, Layer, Manifest
from regtutor.content.sample.image import sample_layer
from regtutor.protocol.media_types import OCI_CONFIG, OCI_MANIFEST


@dataclass(frozen=True)
class Asked:
    """A request as the server got it; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]

    @property
    def start(self) -> int | None:
        """Where its Range begins."""
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("range", ""))
        return int(match[1]) if match else None


@dataclass(frozen=True)
class Answer:
    """An answer; after ``cut`` bytes of the body the connection ends, although Content-Length announced it all."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None


Script = Callable[[Asked], Answer]


@dataclass
class Server:
    """Its ``url`` and the requests that it got."""

    url: str
    asked: list[Asked] = field(default_factory=list)

    def blob_requests(self, digest: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path.endswith(digest)]


@contextmanager
def serving(script: Script) -> Iterator[Server]:
    """Answer each request with what ``script`` gives for it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_GET(self) -> None:
            asked = Asked(self.command, self.path, {name.lower(): value for name, value in self.headers.items()})
            server.asked.append(asked)
            answer = script(asked)
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body[: answer.cut])
            self.close_connection = answer.cut is not None

        def log_message(self, *_args: object) -> None:
            """Tests look at ``asked``."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{listener.server_port}")
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join(5)


def an_image(*layers: Layer, **fields: object) -> Image:
    """An image of ``layers``; its config says nothing of them."""
    config = Config(b'{"architecture": "amd64", "os": "linux"}', OCI_CONFIG)
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": OCI_CONFIG, "digest": config.digest, "size": config.size},
        "layers": [
            {"mediaType": layer.media_type, "digest": layer.digest, "size": layer.size, "urls": list(layer.urls)}
            for layer in layers
        ],
        **fields,
    }
    return Image(Manifest(json.dumps(manifest).encode(), OCI_MANIFEST), config, layers)


LARGE = sample_layer(300_000, seed=7)
LARGE_BYTES = LARGE.open().read()
IMAGE = an_image(LARGE)


def honest(image: Image = IMAGE, tag: str = "v1") -> Script:
    """A registry that has ``image`` under ``tag``, knows Range and gives ETags."""
    blobs = {blob.digest: blob.open().read() for blob in image.blobs}

    def answer(asked: Asked) -> Answer:
        name = asked.path.rpartition("/")[2]
        if "/manifests/" in asked.path and name in (tag, image.digest):
            headers = {"Content-Type": image.media_type, "Docker-Content-Digest": image.digest}
            return Answer(200, image.manifest.data, headers)
        if name not in blobs:
            return Answer(404)
        data, etag = blobs[name], f'"{name}"'
        if asked.start is None or asked.headers.get("if-range", etag) != etag:
            return Answer(200, data, {"ETag": etag})
        if asked.start >= len(data):
            return Answer(416, headers={"Content-Range": f"bytes */{len(data)}"})
        span = {"Content-Range": f"bytes {asked.start}-{len(data) - 1}/{len(data)}", "ETag": etag}
        return Answer(206, data[asked.start :], span)

    return answer
