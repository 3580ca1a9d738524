"""Points of a task about an image that a learner pushed: whether it is there, and whether its config fits."""

from __future__ import annotations

import io
import json
from collections.abc import Generator, Iterator

from regtutor.errors import CourseError
from regtutor.exchange import Exchange
from regtutor.lessons.evidence import Evidence, Stage, field_of
from regtutor.lessons.image_parts import Unpacked, UnpackedLayer, unpack
from regtutor.lessons.lesson import Point, point
from regtutor.protocol.text import listed
from regtutor.steps import get_blob


def unpacked(seen: Evidence, name: str, tag: str) -> Generator[Point, None, Unpacked | None]:
    """Yield what is known of ``{me}/name:tag``, and return it unpacked, or None if it is not there."""
    repository, there = seen.repository(name), seen.digest(name, tag) is not None
    sent = seen.attempt
    last = sent.latest("put_manifest", to=name, reference=tag) if there else sent.latest("put_manifest", to=name)
    if last is not None and last.status != 201:
        yield Point(
            False, f"The response to the manifest was {last.status}: {last.meaning}.{_absent(seen, last)}", last
        )
        return None
    if not there:
        other = sent.latest("put_manifest")
        missing = "No manifest has been sent yet" if other is None else "The last manifest has another name"
        yield Point(False, f"{repository} has no tag {tag} yet. {missing}.", other)
        return None
    try:
        image = unpack(seen.reg, repository, tag)
    except CourseError as error:
        yield Point(False, f"{error.what}: {error.why}.", last)
        return None
    yield Point(True, f"The registry accepted the manifest as {repository}:{tag}.", last)
    return image


def _absent(seen: Evidence, put: Exchange) -> str:
    """Return a sentence that names what the manifest of ``put`` names and its repository does not have."""
    try:
        sent = json.loads(put.request.body.text)
        parts = {"the config": sent["config"]["digest"]}
        parts |= {f"layer {number}": layer["digest"] for number, layer in enumerate(sent["layers"], 1)}
    except (ValueError, LookupError, TypeError):
        return ""
    name = (field_of(put, "repository") or "").removeprefix(seen.repository(""))
    absent = [part for part, digest in parts.items() if not seen.has_blob(name, str(digest))]
    return f" Not there yet: {listed(absent)}." if absent else ""


def fitting(image: Unpacked) -> Iterator[Point]:
    """Yield whether the diff IDs of the config are those of the layers."""
    wrong = [(number, layer) for number, layer in enumerate(image.layers, 1) if not layer.fits]
    if not wrong and image.spare:
        yield Point(False, f"The config lists more diff IDs than there are layers: {image.spare} more.")
    elif not wrong:
        yield Point(True, "The config lists the diff ID of each layer, in their order.")
    if sorted(layer.listed for layer in image.layers) == sorted(layer.diff_id for layer in image.layers) and wrong:
        yield Point(False, "The config lists the diff IDs of these layers, in another order than the manifest.")
        return
    for number, layer in wrong:
        yield Point(False, _misfit(number, layer))


def _misfit(number: int, layer: UnpackedLayer) -> str:
    if layer.listed == layer.digest:
        return f"For layer {number} the config lists the digest of the compressed layer, not its diff ID."
    listed = f"it has {layer.listed}" if layer.listed else "it has nothing"
    return f"The config does not list the diff ID of layer {number} ({layer.diff_id}): {listed} there."


def typed(seen: Evidence, name: str, tag: str, media_type: str) -> Iterator[Point]:
    """Yield whether the manifest gives the first layer this media type."""
    manifest = seen.manifest(name, tag)
    layers = manifest.json().get("layers") if manifest is not None else []
    kind = str(layers[0].get("mediaType"))
    yield point(
        kind == media_type, "Its media type says so.", f"Its media type is {kind}, and these bytes are of another one."
    )


def bytes_changed(seen: Stage, name: str, digest: str, original: bytes) -> int:
    """Return in how many bytes the blob ``digest`` of ``{me}/name`` differs from ``original``."""
    file = io.BytesIO()
    get_blob(seen.reg, seen.repository(name), digest, into=file)
    other = file.getvalue()
    pairs = zip(original, other, strict=False)
    return sum(a != b for a, b in pairs) + abs(len(original) - len(other))
