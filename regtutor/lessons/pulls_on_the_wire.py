"""Requests that show what proves the bytes of a pull; the lesson about pulling ends its questions with them."""

from __future__ import annotations

from regtutor.content.sample.image import sample_image, sample_index
from regtutor.exchange import Exchange
from regtutor.lessons.evidence import Stage
from regtutor.steps import draft, get_blob, get_manifest, head_blob
from regtutor.walks.pushing import push_image

TAG = "v1"
BASE = sample_index().images[1].layers[0]


def moved_tag(stage: Stage) -> list[Exchange]:
    """A tag before and after a second push, and the first image by its digest."""
    repository, first = stage.scratch(), sample_image("v1")
    push_image(stage.reg, first, repository, TAG, progress=False)
    told = [get_manifest(stage.reg, repository, TAG)]
    push_image(stage.reg, sample_image("v2"), repository, TAG, progress=False)
    return [*told, get_manifest(stage.reg, repository, TAG), get_manifest(stage.reg, repository, first.digest)]


def header_without_bytes(stage: Stage) -> list[Exchange]:
    """HEAD of a blob: the registry sends the digest, and not a single byte."""
    repository = stage.scratch()
    stage.upload(repository, BASE)
    return [head_blob(stage.reg, repository, BASE.digest), get_blob(stage.reg, repository, BASE.digest)]


def ignored_range(stage: Stage) -> list[Exchange]:
    """A Range that the registry supports, and one that it ignores."""
    repository = stage.scratch()
    push_image(stage.reg, sample_image(), repository, TAG, progress=False)
    changes = {"Range": "bytes=500-"}
    return [
        stage.reg.send(draft(get_blob, repository, sample_image().layers[1].digest).edit(headers=changes)),
        stage.reg.send(draft(get_manifest, repository, TAG).edit(headers=changes)),
    ]
