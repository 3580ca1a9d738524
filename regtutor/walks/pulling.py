"""The pull: the manifest, of an index those that are wanted, then every blob that they name.

What comes is verified before it is kept, and put in place when everything is there. Where that is, the destination
knows: see ``content.destination``.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from regtutor.content.destination import Destination
from regtutor.content.documents import MAX_CONFIG, ConfigView, read_small, view_config
from regtutor.content.files import FilePart
from regtutor.content.image import Manifest
from regtutor.content.platforms import machine_platform, matches, parse_platform, shown
from regtutor.errors import BadManifest, CannotSave, NoSuchPlatform, PullFailed
from regtutor.exchange import Exchange
from regtutor.message import Request
from regtutor.protocol.manifests import Descriptor, Platform
from regtutor.protocol.media_types import kind_of
from regtutor.walks.driving import Walk
from regtutor.walks.fetching import fetch_blob, fetch_manifest
from regtutor.walks.indexes import fetch_children

ALL = "all"
"""In place of a platform: the index with every image that it names."""


def pull(repository: str, reference: str, into: Destination, *, platform: str | Platform | None = None) -> Walk:
    """The requests of a pull: the manifest, of an index those that are wanted, then every blob that they name.

    Parameters
    ----------
    repository, reference: what to pull: a tag or a digest.
    into: where it goes, see :func:`regtutor.content.destination.destination`.
    platform: which image of an index, such as ``linux/arm64``; ``"all"`` for the whole index; by default this
        machine's, else the only one.

    Returns
    -------
    Notes: one for each layer that was not fetched because its manifest says where else its bytes are.

    Raises
    ------
    PullFailed: if the registry answers anything that ends the pull.
    ContentMismatch: if what comes is not what its digest says; nothing of that blob is kept.
    NoSuchPlatform: if the index has no image for the platform; the error lists those that are there.
    CannotSave: if it cannot be kept in this form, or not be written.
    PullLocked: if another pull writes there.
    ConnectionFailed: as :func:`~regtutor.walks.fetching.fetch_blob` says.
    After each of them a further pull goes on from what came and is right.
    """
    with into.incoming.alone():
        return (yield from _pull(repository, reference, into, platform))


def _pull(repository: str, reference: str, into: Destination, platform: str | Platform | None) -> Walk:
    top = yield from fetch_manifest(repository, reference)
    wanted = None if platform in (None, ALL) else parse_platform(platform or "")
    entry = None
    if top.view.kind == "index" and platform != ALL:
        top, entry = yield from _choose(repository, top, wanted)
    if reason := into.refusal(top.view):
        raise CannotSave(f"{repository}:{reference} cannot be kept in this form", reason)
    manifests = [top]
    if top.view.kind == "index":
        manifests = [*(yield from fetch_children(repository, top)), top]
    runs_on = entry.platform if entry else None
    notes: dict[str, str] = {}
    for manifest in manifests:
        found = yield from _blobs(repository, manifest, into, wanted)
        runs_on = runs_on or (found if manifest is top else None)
        into.incoming.keep(manifest.digest, manifest.data)
        notes |= dict(_elsewhere(manifest))
    into.finish(top, "" if ":" in reference else reference, runs_on)
    return tuple(notes.values())


def _choose(
    repository: str, index: Manifest, wanted: Platform | None
) -> Generator[Request, Exchange, tuple[Manifest, Descriptor]]:
    """The manifest for the platform; indexes within the index are fetched only if it is not in the index itself."""
    entries = [entry for entry in index.view.manifests if kind_of(entry.media_type) == "manifest"]
    found = _fitting(entries, wanted)
    fetched: dict[str, Manifest] = {}
    if found is None:
        nested = yield from fetch_children(repository, index, kind="index")
        entries += [entry for inner in nested for entry in inner.view.manifests if kind_of(entry.media_type) != "index"]
        fetched = {inner.digest: inner for inner in nested}
        found = _fitting(entries, wanted)
    if found is None:
        raise NoSuchPlatform(
            f"{repository} has no image for {wanted or machine_platform()} under this reference",
            f"its index lists images for {shown([entry.platform for entry in entries])}",
            "Choose one of them: --platform, or platform= in Python; 'all' takes the whole index",
        )
    manifest = fetched.get(found.digest) or (yield from fetch_manifest(repository, found.digest, entry=found))
    return manifest, found


def _fitting(entries: list[Descriptor], wanted: Platform | None) -> Descriptor | None:
    """The first for the platform; without one that for this machine, else the only one."""
    for entry in entries:
        if matches(wanted or machine_platform(), entry.platform):
            return entry
    real = [entry for entry in entries if entry.platform is None or entry.platform.os != "unknown"]
    return real[0] if wanted is None and len(real) == 1 else None


def _blobs(
    repository: str, manifest: Manifest, into: Destination, wanted: Platform | None
) -> Generator[Request, Exchange, Platform | None]:
    """The config first, since it says whether this is the right image; then the layers. What it runs on, if known."""
    view, found = manifest.view, None
    if view.config is not None:
        yield from fetch_blob(repository, view.config, into.incoming)
        found = _config(into, view.config).platform
        if wanted is not None and found is not None and not matches(wanted, found):
            raise NoSuchPlatform(f"{repository} has no image for {wanted}", f"its config says that it is for {found}")
    for layer in view.layers:
        if not layer.foreign:
            yield from fetch_blob(repository, layer, into.incoming)
    return found


def _config(into: Destination, config: Descriptor) -> ConfigView:
    if kind_of(config.media_type) != "config":
        return ConfigView()
    part = FilePart(into.incoming.path(config.digest), 0, config.size, "the config")
    try:
        return view_config(part, read_small(part, MAX_CONFIG))
    except BadManifest as error:
        raise PullFailed(f"The config {config.digest} was not taken", error.why) from error


def _elsewhere(manifest: Manifest) -> Iterator[tuple[str, str]]:
    for layer in manifest.view.layers:
        if layer.foreign:
            where = ", ".join(layer.urls)
            yield layer.digest, f"{layer.digest} was not pulled: {layer.media_type} layers are fetched from {where}"
