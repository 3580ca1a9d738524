"""The effect of a push by hand on a repository, and the requests that it did not need."""

from __future__ import annotations

from collections.abc import Sequence

from regtutor.content.image import Image
from regtutor.exchange import Exchange
from regtutor.lessons.evidence import Evidence, endpoint_of, field_of
from regtutor.lessons.lesson import Point

SENT = ("put_blob", "post_blob")
"""The requests that send the end of a blob, or all of it."""

_OF_A_PUSH = ("start_upload", "mount_blob", *SENT, "patch_upload", "put_manifest")


def brought_by(exchange: Exchange) -> str | None:
    """Return the digest of the blob that its repository has got by this exchange; None for any other."""
    if exchange.status != 201 or endpoint_of(exchange) not in (*SENT, "mount_blob"):
        return None
    return field_of(exchange, "mount") or field_of(exchange, "digest")


def left_out(push: Sequence[Exchange], image: Image) -> list[str]:
    """Return the names of the blobs of ``image`` that the requests of ``push`` have not brought."""
    got = {brought_by(each) for each in push}
    names = {blob.digest: f"layer {number}" for number, blob in enumerate(image.layers, 1)}
    return [name for digest, name in {**names, image.config.digest: "the config"}.items() if digest not in got]


def not_needed(push: Sequence[Exchange]) -> list[Exchange]:
    """Return the requests that the push can do without: others than those of an upload, and repeated ones.

    A request that was refused does not count: the learner has made up for it with a further one.
    """
    spare: list[Exchange] = []
    got: set[str | None] = set()
    used = {field_of(each, "session") for each in push if endpoint_of(each) == "put_blob"}
    for exchange in push:
        name, brought = endpoint_of(exchange), brought_by(exchange)
        session = str(exchange.location or "").partition("?")[0].rpartition("/")[2]
        unused = name == "start_upload" and exchange.ok and session not in used
        if name not in _OF_A_PUSH or unused or (brought is not None and brought in got):
            spare.append(exchange)
        got.add(brought)
    return spare


def not_pushed(seen: Evidence, name: str, tag: str, image: Image, called: str) -> Point:
    """Say why ``{me}/name:tag`` is not ``image``, or that requests of the learner have not made it so."""
    image_name = f"{seen.repository(name)}:{tag}"
    if seen.digest(name, tag) == image.digest:
        return Point(False, f"{image_name} is {called}, but you have not pushed it request by request.")
    last = seen.attempt.latest("put_manifest", to=name)
    why = "" if last is None or last.ok else f" The manifest was {last.meaning}."
    return Point(False, f"{image_name} is not {called} yet.{why}", last)


def bytes_accepted(push: Sequence[Exchange]) -> int:
    """Return how many bytes of bodies the registry accepted."""
    return sum(each.bytes_up for each in push if each.ok)
