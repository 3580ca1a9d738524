"""Checking everything that a store contains. It writes nothing, so the registry can be running."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from regtutor.protocol.digests import Digest
from regtutor.server.names import is_repository
from regtutor.server.storage.layout import DamagedLink, Layout, StoredBlob, digests_in, names_in, read_link
from regtutor.server.storage.purging import AGE, OF_A_REPOSITORY, last_change, sessions_in
from regtutor.server.storage.walking import Repository, read, stored

OWN = ".regtutor"


@dataclass(frozen=True)
class Problem:
    """One thing that is not as it should be.

    Attributes
    ----------
    kind: ``damaged blob``, ``missing blob``, ``damaged link``, ``missing child``, ``tag to nothing``, ``misplaced``,
        ``left over`` or ``note``.
    repository: its repository; empty for bytes, which are stored once for all of them.
    name: a digest, a tag, or the name of a file.
    why: what is wrong.
    next: what mends it.
    path: the file.
    """

    kind: str
    repository: str
    name: str
    why: str
    next: str
    path: Path

    @property
    def is_note(self) -> bool:
        """Whether it is only worth knowing, and nothing is wrong."""
        return self.kind == _NOTE


_NOTE = "note"
_PUSH = "Push it again"


def check(root: Path | str, *, sparse_indexes: bool = False) -> list[Problem]:
    """Read every link and every blob below ``root``, and compare the blobs with their digests.

    Parameters
    ----------
    root: the directory of a registry, of this one or of CNCF Distribution. Nothing is written there.
    sparse_indexes: whether the registry permits an index without the manifests that it lists, as ``Settings`` does. A
        manifest that only an index lacks is then a note.
    """
    layout = Layout(root)
    found = [*_blobs(layout), *_misplaced(layout)]
    for name in layout.repositories():
        found += [*_links(layout, name)]
        repository = read(layout, name)
        found += [*_manifests(layout, repository, sparse_indexes), *_tags(layout, repository)]
    return [*found, *_left_over(layout)]


def _blobs(layout: Layout) -> Iterator[Problem]:
    for digest, path in stored(layout):
        try:
            status = path.lstat()
        except NotADirectoryError:
            yield Problem("misplaced", "", str(digest), _NO_DIRECTORY, _PUSH_CONTENT, path.parent)
            continue
        except OSError:
            continue  # a directory without bytes, as after a crash; a link to it is reported with the repository
        if not stat.S_ISREG(status.st_mode):
            yield Problem("damaged blob", "", str(digest), "it is not a regular file", _PUSH, path)
        elif not StoredBlob(digest, path, status.st_size).matches():
            why = f"its {status.st_size} bytes do not match its digest"
            yield Problem("damaged blob", "", str(digest), why, _PUSH, path)


def _links(layout: Layout, name: str) -> Iterator[Problem]:
    """The links of a repository that are damaged, or that lead to no bytes."""
    layers = layout.repository_path(name) / "_layers"
    for folder, what in ((layers, "blob"), (layout.revisions_path(name), "manifest")):
        for digest in digests_in(folder):
            path = folder / digest.algorithm / digest.encoded / "link"
            try:
                target = read_link(path)
            except DamagedLink as error:
                yield Problem("damaged link", name, str(digest), str(error), f"Push the {what} again", path)
                continue
            if target is not None and not layout.blob_path(target).exists():
                why = f"the repository has a link to this {what}, but its bytes do not exist"
                yield Problem("missing blob", name, str(digest), why, f"Push the {what} again, or delete it", path)


def _misplaced(layout: Layout) -> Iterator[Problem]:
    """Files where a directory of a repository belongs."""
    for directory, _, files in os.walk(layout.repositories_path):
        place = Path(directory).relative_to(layout.repositories_path)
        below = [part for part in place.parts if part.startswith("_")]
        for name in sorted(files):
            if _is_misplaced(below[0] if below else "", name):
                repository = "/".join(takewhile(lambda part: not part.startswith("_"), (*place.parts, name)))
                yield Problem("misplaced", repository, name, _NO_DIRECTORY, _PUSH_CONTENT, Path(directory, name))


def _is_misplaced(below: str, name: str) -> bool:
    """Whether a directory belongs where the file ``name`` is: in ``_layers``, for example, or in a repository."""
    if below == "_uploads":
        return False
    return name != "link" if below else name in OF_A_REPOSITORY or is_repository(name)


_NO_DIRECTORY = "it is not a directory, but a directory belongs there"
_PUSH_CONTENT = "Push the content again; the registry then moves it into .regtutor"


def _manifests(layout: Layout, repository: Repository, sparse: bool) -> Iterator[Problem]:
    for digest, needs in repository.manifests.items():
        if needs is None:
            continue  # its bytes are reported already
        missing: list[tuple[str, Digest]] = [("blob", blob) for blob in sorted(needs.blobs)]
        missing += [("manifest", child) for child in sorted(needs.children)]
        for what, child in missing:
            if layout.blob(repository.name, child) is None and layout.manifest(repository.name, child) is None:
                why = f"it names the {what} {child}, which the repository does not have"
                path = layout.revision_link(repository.name, digest)
                next = f"Push the {what} to this repository, or delete the manifest"
                kind = _NOTE if sparse and what == "manifest" else "missing child"
                yield Problem(kind, repository.name, str(digest), why, next, path)


def _tags(layout: Layout, repository: Repository) -> Iterator[Problem]:
    for tag, digest in repository.tags.items():
        path = layout.tag_path(repository.name, tag) / "current" / "link"
        if digest is None:
            yield Problem("damaged link", repository.name, tag, "it contains no digest", "Push the tag again", path)
        elif digest not in repository.manifests:
            why = f"it points to {digest}, which is not a manifest of the repository"
            yield Problem("tag to nothing", repository.name, tag, why, "Push the tag again, or delete it", path)


def _left_over(layout: Layout) -> Iterator[Problem]:
    for name in sorted(names_in(layout.root / OWN)):
        if name.startswith(("unfinished-", "removed-")):
            why, next = "a request did not end", "Start the registry on this directory, which removes it"
            yield Problem("left over", "", name, why, next, layout.root / OWN / name)
    for path in sessions_in(layout.repositories_path):
        if last_change(path) < time.time() - AGE:
            repository = path.parent.parent.relative_to(layout.repositories_path).as_posix()
            why = f"an upload session to which no byte came for {AGE // 3600} hours"
            next = "Run the registry on this directory, or a garbage collection, which removes it"
            yield Problem("left over", repository, path.name, why, next, path)
