"""Asking an App without a socket, and what is pushed to it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from regtutor.protocol.media_types import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST
from regtutor.server.app import App
from regtutor.server.http import FileRange, Head, Response


def digest(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def image_manifest(config_data: bytes, /, *layer_data: bytes, **fields: Any) -> bytes:
    """An OCI manifest over these blobs; a field given as None is left out."""

    def descriptor(media_type: str, data: bytes) -> dict[str, Any]:
        return {"mediaType": media_type, "digest": digest(data), "size": len(data)}

    body = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(OCI_CONFIG, config_data),
        "layers": [descriptor(OCI_LAYER, layer) for layer in layer_data],
    }
    return json.dumps({key: value for key, value in (body | fields).items() if value is not None}).encode()


class Inline:
    """Asks an App without a socket; bodies that are parts of files are read."""

    def __init__(self, app: App) -> None:
        self.app = app

    def ask(self, method: str, target: str, body: bytes = b"", **headers: str) -> Response:
        pairs = {"Host": "r.example:5000"} | {name.replace("_", "-"): value for name, value in headers.items()}
        outcome = self.app.begin(Head(method, target, tuple(pairs.items())))
        if not isinstance(outcome, Response):
            outcome.write(body)
            outcome = outcome.finish()
        part = outcome.body
        if isinstance(part, FileRange):
            return Response(outcome.status, outcome.headers, part.path.read_bytes()[part.start : part.stop])
        return outcome

    def start(self, repository: str) -> str:
        """The target of a new upload session."""
        location = self.ask("POST", f"/v2/{repository}/blobs/uploads/").header("Location") or ""
        return location.removeprefix("http://r.example:5000")

    def push_blob(self, repository: str, data: bytes, algorithm: str = "sha256") -> str:
        name = digest(data, algorithm)
        assert self.ask("PUT", f"{self.start(repository)}&digest={name}", data).status == 201
        return name

    def push_image(self, repository: str, tag: str, *blobs: bytes) -> bytes:
        for blob in blobs:
            self.push_blob(repository, blob)
        manifest = image_manifest(*blobs)
        answer = self.ask("PUT", f"/v2/{repository}/manifests/{tag}", manifest, Content_Type=OCI_MANIFEST)
        assert answer.status == 201, answer.body
        return manifest


def faults(response: Response) -> list[dict[str, Any]]:
    """The entries of an error body."""
    assert isinstance(response.body, bytes)
    errors: list[dict[str, Any]] = json.loads(response.body)["errors"]
    return errors
