"""The two registries of lesson 08 beside its own: one whose disk can be seen and cleaned, one that deletes nothing."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

from regtutor.backends.opening import open_registry
from regtutor.client.registry import Registry
from regtutor.content.image import Image
from regtutor.content.index import Index
from regtutor.content.sample.image import sample_image, sample_index
from regtutor.lessons.evidence import Stage
from regtutor.lessons.session import current
from regtutor.steps import head_manifest
from regtutor.walks.pushing import push_image

INDEX = sample_index("v3")
"""The index ``all`` of ``{me}/disk``; its manifests have no tag."""

OLD, NEW = sample_image("v4"), sample_image("v5")
"""The images ``old`` and ``new`` of ``{me}/memory``. They share all layers except the last."""

_OFF: dict[str, dict[str, Any]] = {
    "embedded": {"deletes": False},
    "native": {"settings": {"REGISTRY_STORAGE_DELETE_ENABLED": "false"}},
    "container": {"settings": {"REGISTRY_STORAGE_DELETE_ENABLED": "false"}},
}


def with_disk() -> Registry:
    """Return a registry of regtutor, whose garbage can be collected while it runs, and print its address.

    ``{me}/disk`` has the sample images ``v1`` and ``v2`` and the index ``all``; ``{me}/memory`` has two more images.
    A second call returns the same registry, and pushes what is missing.
    """
    which = "in_process" if sys.platform == "emscripten" else "embedded"
    reg = current().open_beside("disk", partial(open_registry, which, quiet=True), _fill)
    print(f"Registry: {reg.name} at {reg.url}")
    return reg


def without_deletion() -> Registry:
    """Return a registry of the same kind as the lesson's that deletes nothing, and print its address.

    ``{me}/hello`` has the sample image ``v1``.
    """
    now = current()
    which = now.reg.name if now.reg.name in _OFF else "embedded"
    if sys.platform == "emscripten":
        opened = partial(open_registry, "in_process", quiet=True, deletes=False)
    else:
        opened = partial(open_registry, which, quiet=True, **_OFF[which])
    reg = now.open_beside("no deletion", opened, partial(push_if_missing, name="hello", tag="v1", image=sample_image()))
    print(f"Registry: {reg.name} at {reg.url}, without deletion")
    return reg


def push_if_missing(stage: Stage, name: str, tag: str, image: Image | Index) -> None:
    """Push ``image`` to ``{me}/name``, unless the tag leads to it already; one request then."""
    there = head_manifest(stage.reg, stage.repository(name), tag)
    if there.headers.get("Docker-Content-Digest") != image.manifest.digest:
        push_image(stage.reg, image, stage.repository(name), tag, progress=False)


def _fill(stage: Stage) -> None:
    for tag in ("v1", "v2"):
        push_if_missing(stage, "disk", tag, sample_image(tag))
    push_if_missing(stage, "disk", "all", INDEX)
    push_if_missing(stage, "memory", "old", OLD)
    push_if_missing(stage, "memory", "new", NEW)
