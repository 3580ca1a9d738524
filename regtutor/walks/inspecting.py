"""A look at what is in a repository, without fetching its layers: the manifest, and an image's config."""

from __future__ import annotations

from dataclasses import dataclass

from regtutor.content.documents import MAX_CONFIG
from regtutor.content.image import Config, Manifest
from regtutor.errors import InvalidManifest, PullFailed
from regtutor.protocol.bounded_json import parse_json
from regtutor.protocol.media_types import kind_of
from regtutor.walks.driving import Walk
from regtutor.walks.fetching import fetch_manifest, fetch_small


@dataclass
class Seen:
    """What :func:`inspect` has found so far: the manifest, and the config of an image."""

    manifest: Manifest | None = None
    config: Config | None = None


def inspect(repository: str, reference: str, seen: Seen) -> Walk:
    """The requests of a look: the manifest, then the config if it is that of an image.

    Parameters
    ----------
    repository, reference: what to look at: a tag or a digest.
    seen: what was found is put there.

    Raises
    ------
    PullFailed: if the registry does not give it.
    ContentMismatch: if what comes is not what its digest says.
    """
    seen.manifest = yield from fetch_manifest(repository, reference)
    config = seen.manifest.view.config
    if config is not None and kind_of(config.media_type) == "config":
        data = yield from fetch_small(repository, config, MAX_CONFIG)
        try:
            parse_json(data, MAX_CONFIG)
        except InvalidManifest as error:
            raise PullFailed("The config of the image cannot be read", error.why) from error
        seen.config = Config(data, config.media_type, config.digest)
    return ()
