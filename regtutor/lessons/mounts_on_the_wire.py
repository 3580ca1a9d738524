"""Requests that show to whom a blob belongs, and what 202 to a mount means; lesson 05 ends its questions with them."""

from __future__ import annotations

from regtutor.content.sample.image import sample_image
from regtutor.exchange import Exchange
from regtutor.lessons.evidence import Stage
from regtutor.message import body_of
from regtutor.protocol.digests import sha256
from regtutor.steps import get_blob, head_blob, mount_blob, put_blob

HELLO, CONFIG = "hello", sample_image().config


def elsewhere(stage: Stage) -> list[Exchange]:
    """A blob in one repository, looked for in another one before and after a mount."""
    first, second = stage.scratch(), stage.scratch()
    stage.upload(first, CONFIG)
    return [
        head_blob(stage.reg, first, CONFIG.digest),
        head_blob(stage.reg, second, CONFIG.digest),
        get_blob(stage.reg, second, CONFIG.digest),
        mount_blob(stage.reg, second, CONFIG.digest, source=first),
        head_blob(stage.reg, second, CONFIG.digest),
    ]


def mount_of_a_new_blob(stage: Stage) -> list[Exchange]:
    """A mount of a blob that nobody has, and a PUT to the Location in its response."""
    repository = stage.scratch()
    content = f"a blob for {repository}".encode()
    digest = sha256(body_of(content).chunks())
    told = [mount_blob(stage.reg, repository, digest, source=stage.repository(HELLO))]
    told.append(head_blob(stage.reg, repository, digest))
    told.append(put_blob(stage.reg, told[0].location or "", content))
    return [*told, head_blob(stage.reg, repository, digest)]
