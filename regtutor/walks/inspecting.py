"""Inspecting an image in a repository: its manifest and its config, without its layers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from regtutor.client.registry import Registry
from regtutor.content.image import Config, Manifest
from regtutor.content.reading.documents import MAX_CONFIG
from regtutor.errors import InvalidManifest, PullFailed
from regtutor.exchange import Exchange, Transcript
from regtutor.printable import visible
from regtutor.protocol.bounded_json import parse_json
from regtutor.protocol.manifests import Descriptor
from regtutor.protocol.media_types import kind_of
from regtutor.steps.sender import needs_registry
from regtutor.walks.driving import Walk, run
from regtutor.walks.fetching import fetch_manifest, fetch_small
from regtutor.walks.redirects import follows_redirects


@needs_registry
def inspect_image(
    reg: Registry, repository: str, reference: str, *, watch: Callable[[Exchange], None] | None = None
) -> Inspection:
    """Inspect an image, an index or an artifact: fetch its manifest, and the config of an image, but no layers.

    Parameters
    ----------
    reg: the registry.
    repository, reference: what to inspect: a tag or a digest.
    watch: called with each exchange as soon as it is made.

    Returns
    -------
    An :class:`Inspection`: print it, or read its ``rows``, ``manifest`` and ``config``.

    Raises
    ------
    PullFailed: if the registry refused a request, or the manifest or config cannot be read.
    ContentMismatch: if a response does not match its digest or size.
    ConnectionFailed: if the registry could not be reached.

    Source: OCI distribution-spec v1.1.1, "Pulling manifests"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests>.
    """
    result = Seen()
    title = f"inspection of {repository}, {reference}, on {reg.name}"
    transcript = run(inspect(repository, reference, result), reg, watch=watch, title=title)
    assert result.manifest is not None  # the walk ends without one only by an error
    return Inspection(result.manifest, result.config, transcript)


@dataclass
class Seen:
    """Filled in by :func:`inspect`: the manifest, and the config of an image."""

    manifest: Manifest | None = None
    config: Config | None = None


@follows_redirects
def inspect(repository: str, reference: str, seen: Seen) -> Walk:
    """The walk of :func:`inspect_image`, with the same parameters and one more.

    Parameters
    ----------
    seen: receives the result.
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


_SETTINGS = ("User", "Entrypoint", "Cmd", "WorkingDir", "Env", "ExposedPorts", "Volumes", "Labels")
"""The fields of the config's ``config`` object that are shown (OCI image-spec v1.1.1, config.md, "Properties")."""


@dataclass(frozen=True)
class Inspection:
    """The result of :func:`inspect_image`; print it to read it.

    Attributes
    ----------
    manifest: the manifest or the index, byte for byte; ``manifest.view`` has its fields.
    config: the config of an image; None for an index or an artifact.
    transcript: every request that was made.
    """

    manifest: Manifest
    config: Config | None
    transcript: Transcript

    @property
    def rows(self) -> list[dict[str, str | int]]:
        """One mapping for each layer, from the base upwards, or for each entry of an index; sizes are in bytes."""
        view = self.manifest.view
        if view.kind == "index":
            return [_listed(entry) for entry in view.manifests]
        diff_ids = self._diff_ids(len(view.layers))
        return [
            {"media type": layer.media_type, "size": layer.size, "digest": layer.digest, "diff ID": diff_id}
            for layer, diff_id in zip(view.layers, diff_ids, strict=True)
        ]

    def _diff_ids(self, count: int) -> Sequence[str]:
        rootfs = self._config_body().get("rootfs")
        found = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
        fits = isinstance(found, list) and len(found) == count and all(isinstance(text, str) for text in found)
        return found if fits else [""] * count  # type: ignore[return-value]

    def _config_body(self) -> dict[str, Any]:
        return parse_json(self.config.data, self.config.size) if self.config else {}

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Names and values of the manifest and the config, in order; text from the image is quoted as JSON."""
        view = self.manifest.view
        facts: list[tuple[str, str]] = [
            (view.kind, self.manifest.media_type),
            ("digest", self.manifest.digest),
            ("size", f"{self.manifest.size:,} bytes"),
        ]
        if view.artifact_type:
            facts.append(("artifact type", _quoted(view.artifact_type)))
        if view.subject:
            facts.append(("subject", view.subject.digest))
        facts += [(f"annotation {_quoted(name)}", _quoted(value)) for name, value in view.annotations.items()]
        if view.config:
            facts.append(("config", f"{view.config.digest}, {view.config.size:,} bytes, {view.config.media_type}"))
        return [*facts, *self._settings()]

    def as_text(self) -> str:
        """Return the manifest and the config as lines of text."""
        facts = self.facts
        width = max(len(name) for name, _ in facts)
        lines = [*(f"{name:{width}}  {value}" for name, value in facts), "", *_table(self.rows)]
        return "\n".join(visible(line) for line in lines)

    def _settings(self) -> Iterator[tuple[str, str]]:
        body = self._config_body()
        if not body:
            return
        platform = [body.get(name) for name in ("os", "architecture", "variant")]
        yield "platform", "/".join(_quoted(part).strip('"') for part in platform if part)
        for name in ("created", "author"):
            if body.get(name):
                yield name, _quoted(body[name])
        run = body.get("config")
        for name in _SETTINGS:
            if isinstance(run, dict) and run.get(name):
                yield name, _quoted(run[name])

    def __str__(self) -> str:
        return self.as_text()

    __repr__ = __str__


def _listed(entry: Descriptor) -> dict[str, str | int]:
    platform = _quoted(str(entry.platform)).strip('"') if entry.platform else ""
    return {"platform": platform, "media type": entry.media_type, "size": entry.size, "digest": entry.digest}


def _quoted(value: object) -> str:
    """Return ``value`` as JSON in ASCII, so that text from an image cannot send control characters to a terminal."""
    return json.dumps(value)


def _table(rows: list[dict[str, str | int]]) -> Iterator[str]:
    if not rows:
        return
    lines = [list(rows[0])]
    lines += [[f"{cell:,}" if isinstance(cell, int) else cell for cell in row.values()] for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (
            f"{cell:>{width}}" if name == "size" else f"{cell:{width}}"
            for name, cell, width in zip(rows[0], line, widths, strict=True)
        )
        yield "  ".join(cells).rstrip()
