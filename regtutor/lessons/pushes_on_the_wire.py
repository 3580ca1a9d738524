"""Requests that show the order of a push and the address of a session; lesson 01 ends its questions with them."""

from __future__ import annotations

from regtutor.content.sample.image import sample_image
from regtutor.exchange import Exchange
from regtutor.lessons.evidence import Stage
from regtutor.message import Location
from regtutor.steps import draft, put_blob, put_manifest, start_upload


def manifest_first(stage: Stage) -> list[Exchange]:
    """The manifest first, then the blobs from the last to the first, then the manifest again."""
    image, repository = sample_image(), stage.scratch()
    told = [put_manifest(stage.reg, repository, "v1", image.manifest)]
    for blob in reversed(image.blobs):
        told.append(stage.upload(repository, blob))
    return [*told, put_manifest(stage.reg, repository, "v1", image.manifest)]


def no_config(stage: Stage) -> list[Exchange]:
    """All layers and no config, then the manifest."""
    image, repository = sample_image(), stage.scratch()
    for blob in image.layers:
        stage.upload(repository, blob)
    told = [put_manifest(stage.reg, repository, "v1", image.manifest)]
    told.append(stage.upload(repository, image.config))
    return [*told, put_manifest(stage.reg, repository, "v1", image.manifest)]


def changed_locations(stage: Stage) -> list[Exchange]:
    """The layer to a Location without its query, to one with a second question mark, and to one that is unchanged."""
    layer, repository = sample_image().layers[0], stage.scratch()
    told = []
    for change in ("no query", "a second question mark", "unchanged"):
        location = start_upload(stage.reg, repository).location or Location("")
        request = draft(put_blob, location, layer, expect_continue=False)
        path, whole = str(location).partition("?")[0], f"{location}?digest={layer.digest}"
        target = {"no query": f"{path}?digest={layer.digest}", "a second question mark": whole}.get(change)
        told.append(stage.reg.send(request.edit(target=target)))
    return told
