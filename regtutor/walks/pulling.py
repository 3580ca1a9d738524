"""Pulling an image: the manifest (for an index, also the manifests of its images), then every blob that they name.

Each blob is verified before it is kept. The image appears at its destination only once it is complete;
``content/writing/destination.py`` writes it there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from regtutor.client.registry import Registry
from regtutor.content.image import Manifest
from regtutor.content.platforms import machine_platform, matches, parse_platform, shown
from regtutor.content.reading.documents import MAX_CONFIG, ConfigView, read_small, view_config
from regtutor.content.reading.files import FilePart
from regtutor.content.writing.destination import Destination, destination
from regtutor.errors import BadManifest, CannotSave, NoSuchPlatform, PullFailed
from regtutor.exchange import Exchange, Transcript
from regtutor.message import Request
from regtutor.protocol.manifests import Descriptor, Platform
from regtutor.protocol.media_types import kind_of
from regtutor.steps.sender import needs_registry
from regtutor.walks.driving import Walk, run
from regtutor.walks.fetching import fetch_blob, fetch_manifest
from regtutor.walks.indexes import fetch_children
from regtutor.walks.progress_bar import with_download_bar
from regtutor.walks.redirects import follows_redirects

ALL = "all"
"""Instead of a platform: the index with every image that it names."""


@needs_registry
def pull_image(
    reg: Registry,
    repository: str,
    reference: str,
    into: str | os.PathLike[str],
    *,
    platform: str | Platform | None = None,
    format: str = "oci",
    progress: bool = True,
    watch: Callable[[Exchange], None] | None = None,
) -> Transcript:
    """Pull an image and write it to disk: the manifest, then every blob that it names, each verified.

    Until all blobs are complete, they are kept in a folder beside ``into`` whose name ends in ``.pulling``. Blobs that
    are already there are not fetched again, and an interrupted transfer resumes, in this call or in the next one. Only
    one pull at a time can write to ``into``.

    Parameters
    ----------
    reg: the registry to pull from.
    repository, reference: what to pull: a tag such as ``"v1"``, or a digest.
    into: the folder (``"oci"``) or the file to write. The image is added to an OCI layout that exists; an archive that
        exists is replaced.
    platform: which image of an index, such as ``"linux/arm64"``; ``"all"`` for the index with every image; by default
        the image for this machine, else the only one.
    format: ``"oci"`` (an OCI layout), ``"oci-archive"`` (the same in a tar file), or ``"docker-archive"`` (for
        ``docker load`` and ``podman load``).
    progress: whether a long blob gets a progress bar.
    watch: called with each exchange as soon as it is made.

    Returns
    -------
    The transcript of every request that was made. Its notes name the layers that were not fetched because their
    manifest says where else to fetch them.

    Raises
    ------
    PullFailed: if the registry refused a request, or its response cannot be used.
    ContentMismatch: if a response does not match its digest or size; nothing of that blob was kept.
    NoSuchPlatform: if there is no image for the platform; the error lists the platforms of the index.
    CannotSave: if the image cannot be written there, or not in this format; PullLocked if another pull writes there.
    ConnectionFailed: if the registry could not be reached, or the connection was cut too often.
    Each error carries a ``transcript`` of the requests until then, if there were any.

    Sources: OCI distribution-spec v1.1.1, "Pull"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pull>; OCI image-spec v1.1.1,
    image-layout.md <https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md>.
    """
    if platform is not None and platform != ALL:
        platform = parse_platform(platform)  # a malformed one is reported before the first request
    place = destination(into, format, f"{urlsplit(reg.url).netloc.rpartition('@')[2]}/{repository}")
    walk = pull(repository, reference, place, platform=platform)
    title = f"pull of {repository}{'@' if ':' in reference else ':'}{reference} from {reg.name}"
    return run(walk, reg, prepare=with_download_bar if progress else None, watch=watch, title=title)


@follows_redirects
def pull(repository: str, reference: str, into: Destination, *, platform: str | Platform | None = None) -> Walk:
    """The walk of :func:`pull_image`, with the same parameters, except for one.

    Parameters
    ----------
    into: where the image is written, see :func:`regtutor.content.writing.destination.destination`.
    """
    with into.incoming.alone():
        return (yield from _pull(repository, reference, into, platform))


def _pull(repository: str, reference: str, into: Destination, platform: str | Platform | None) -> Walk:
    top = yield from fetch_manifest(repository, reference)
    wanted = None if platform in (None, ALL) else parse_platform(platform or "")
    entry, index = None, top
    if top.view.kind == "index" and platform != ALL:
        top, entry = yield from _choose(repository, top, wanted)
    if reason := into.refusal(top.view):
        raise CannotSave(f"{repository}:{reference} cannot be saved in this format", reason)
    manifests = [top]
    if top.view.kind == "index":
        manifests = [*(yield from fetch_children(repository, top)), top]
    runs_on = entry.platform if entry else None
    notes: dict[str, str] = dict(_others(entry, index))
    for manifest in manifests:
        config = yield from _blobs(repository, manifest, into, wanted)
        runs_on = runs_on or (config.platform if manifest is top else None)
        notes |= dict(_diff_ids(manifest, config))
        into.incoming.keep(manifest.digest, manifest.data)
        notes |= dict(_elsewhere(manifest))
    into.finish(top, "" if ":" in reference else reference, runs_on)
    return tuple(notes.values())


def _choose(
    repository: str, index: Manifest, wanted: Platform | None
) -> Generator[Request, Exchange, tuple[Manifest, Descriptor]]:
    """Return the manifest for the platform; nested indexes are fetched only if the index itself does not name it."""
    if index.view.is_cache and not index.view.children:
        raise PullFailed(
            f"{repository} has no image under this reference, but a build cache of BuildKit",
            "its index lists layers and the config of the cache, and no manifest",
            "Pull it with --platform all (platform='all' in Python), or copy it; buildctl and docker buildx read it "
            "with --import-cache and --cache-from",
        )
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
            "Choose one of them: --platform, or platform= in Python; 'all' pulls the whole index",
        )
    manifest = fetched.get(found.digest) or (yield from fetch_manifest(repository, found.digest, entry=found))
    return manifest, found


def _others(chosen: Descriptor | None, index: Manifest) -> Iterator[tuple[str, str]]:
    """Yield a note if the index has further images for the same platform, with other versions of its system.

    The first entry that matches is pulled, as OCI image-spec v1.1.1, image-index.md, recommends.
    """
    runs_on = chosen.platform if chosen else None
    if chosen is None or runs_on is None:
        return
    same = replace(runs_on, os_version="")
    found = [
        entry
        for entry in index.view.manifests
        if entry.digest != chosen.digest and entry.platform and replace(entry.platform, os_version="") == same
    ]
    if found:
        listed = ", ".join(str(entry.platform) for entry in found)
        yield (
            chosen.digest,
            f"{chosen.digest}, for {runs_on}, was the first that matches; further images of the index are for {listed}",
        )


def _fitting(entries: list[Descriptor], wanted: Platform | None) -> Descriptor | None:
    """Return the first entry for the platform; without a platform, the entry for this machine, else the only one."""
    for entry in entries:
        if matches(wanted or machine_platform(), entry.platform):
            return entry
    real = [entry for entry in entries if entry.platform is None or entry.platform.os != "unknown"]
    return real[0] if wanted is None and len(real) == 1 else None


def _blobs(
    repository: str, manifest: Manifest, into: Destination, wanted: Platform | None
) -> Generator[Request, Exchange, ConfigView]:
    """Fetch the config, which says whether this is the right image, then the layers; return the config."""
    view, found = manifest.view, ConfigView()
    if view.is_cache:
        for blob in view.blobs:
            yield from fetch_blob(repository, blob, into.incoming)
    if view.config is not None:
        yield from fetch_blob(repository, view.config, into.incoming)
        found = _config(into, view.config)
        if wanted is not None and found.platform is not None and not matches(wanted, found.platform):
            raise NoSuchPlatform(
                f"{repository} has no image for {wanted}", f"its config says that it is for {found.platform}"
            )
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
        raise PullFailed(f"The config {config.digest} was not accepted", error.why) from error


def _diff_ids(manifest: Manifest, config: ConfigView) -> Iterator[tuple[str, str]]:
    stated, layers = len(config.diff_ids), len(manifest.view.layers)
    if stated and stated != layers:
        yield (
            f"diff IDs of {manifest.digest}",
            f"{manifest.digest} was pulled as it is, but its config lists {stated} diff IDs for {layers} layers: no "
            "program can load or run this image",
        )


def _elsewhere(manifest: Manifest) -> Iterator[tuple[str, str]]:
    for layer in manifest.view.layers:
        if layer.foreign:
            where = ", ".join(layer.urls)
            yield layer.digest, f"{layer.digest} was not pulled: {layer.media_type} layers are fetched from {where}"
