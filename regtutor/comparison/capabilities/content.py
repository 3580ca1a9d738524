"""The content that a probe reads, and the content that it pushes to its scratch repository."""

from __future__ import annotations

import json
from typing import Any

from regtutor.comparison.capabilities.trial import NotTried, Subject, Trial, followed
from regtutor.exchange import Exchange
from regtutor.protocol.digests import sha256
from regtutor.protocol.media_types import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
)

LAYER = b"a layer of the probe"
CONFIG = json.dumps(
    {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "history": [{"created": "2024-01-01T00:00:00Z", "created_by": "regtutor"}],
        "rootfs": {"type": "layers", "diff_ids": [sha256(LAYER)]},
    }
).encode()
"""A config with the fields that a registry needs to convert its manifest to Version 2, Schema 1."""

TAGS = ("one", "two")
MOST_LOOKED_AT = 5
"""The most repositories of the catalog in which the probe looks for a tag."""


def descriptor(data: bytes, media_type: str, **fields: Any) -> dict[str, Any]:
    """Return a descriptor of ``data``."""
    return {"mediaType": media_type, "digest": sha256(data), "size": len(data), **fields}


def manifest(media_type: str = OCI_MANIFEST, *, layer: bytes = LAYER, **fields: Any) -> bytes:
    """Return a manifest of the probe's config and one layer, with further fields."""
    docker = media_type == DOCKER_MANIFEST
    value = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": descriptor(CONFIG, DOCKER_CONFIG if docker else OCI_CONFIG),
        "layers": [descriptor(layer, DOCKER_LAYER if docker else OCI_LAYER)],
        **fields,
    }
    return json.dumps(value, separators=(",", ":")).encode()


def push(trial: Trial, repository: str, *tags: str) -> Exchange:
    """Push the probe's config, layer and manifest, and return the response to the last PUT.

    Raises
    ------
    NotTried: if the registry refuses any of it.
    """
    for data in (CONFIG, LAYER):
        location = followed(trial.ask("start_upload", repository))
        _stored(trial.ask("put_blob", location, data))
    for tag in tags:
        last = _stored(trial.ask("put_manifest", repository, tag, manifest(), media_type=OCI_MANIFEST))
    return last


def _stored(exchange: Exchange) -> Exchange:
    if exchange.status != 201:
        raise NotTried(f"{exchange.request_name} was refused: {exchange.status}")
    return exchange


def prepare(trial: Trial) -> str:
    """Push the content of all write trials: two tags in one repository, and one in another; return the name."""
    push(trial, trial.repository, *TAGS)
    push(trial, f"{trial.repository}-2", TAGS[0])
    data = manifest()
    trial.subject = Subject(trial.repository, TAGS[0], sha256(data), sha256(LAYER), len(LAYER))
    return trial.repository


def find(trial: Trial, repository: str | None, tag: str | None) -> str:
    """Find a manifest and a blob to read, in ``repository`` or in the first one of the catalog; return its name.

    Raises
    ------
    NotTried: if nothing is found.
    """
    names = [repository] if repository else _texts(trial.ask("list_repositories", n=MOST_LOOKED_AT), "repositories")
    found = (
        (name, reference)
        for name in names[:MOST_LOOKED_AT]
        for reference in ([tag] if tag else _texts(trial.ask("list_tags", name), "tags")[:1])
    )
    name, reference = next(found, ("", ""))
    if not name:
        where = f"{repository} lists no tag" if repository else "the catalog names no repository with a tag"
        raise NotTried(f"{where}: give repository and tag, or allow write=True")
    document = _image(trial, name, reference)
    parts = [*document.get("layers", []), document.get("config", {})]
    part = next((each for each in parts if isinstance(each, dict) and "digest" in each), {})
    head = trial.ask("head_manifest", name, reference)
    digest = head.headers.get("Docker-Content-Digest") or ""
    trial.subject = Subject(name, reference, digest, str(part.get("digest", "")), int(part.get("size", 0)))
    return f"{name}:{reference}"


def _image(trial: Trial, name: str, reference: str) -> dict[str, Any]:
    """Return the manifest of an image; for an index, the manifest of its first image."""
    document = _json(trial.ask("get_manifest", name, reference))
    children = document.get("manifests")
    if isinstance(children, list) and children and isinstance(children[0], dict):
        return _json(trial.ask("get_manifest", name, str(children[0].get("digest"))))
    return document


def _texts(exchange: Exchange, name: str) -> list[str]:
    items = _json(exchange).get(name)
    return [str(item) for item in items] if isinstance(items, list) else []


def _json(exchange: Exchange) -> dict[str, Any]:
    try:
        value = exchange.json() if exchange.ok else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
