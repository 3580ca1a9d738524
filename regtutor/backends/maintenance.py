"""``collect_garbage`` and ``fsck``: the maintenance of a registry's directory while no registry, or any, runs on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from regtutor.errors import ServerError
from regtutor.server.storage.checking import Problem, check
from regtutor.server.storage.collecting import Garbage, collect
from regtutor.server.storage.store import OWN, Store
from regtutor.tables.storage import garbage_table, problems_table

if TYPE_CHECKING:
    import pandas as pd


def collect_garbage(root: str | Path, *, dry_run: bool = True, untagged: bool = False) -> pd.DataFrame:
    """List what no manifest needs any more in a registry's directory, and remove it if you say so.

    No embedded registry can be running on the directory; for a running one, use ``reg.collect_garbage()``. A directory
    of CNCF Distribution works as well, but whether that registry is running cannot be seen: stop it first.

    Parameters
    ----------
    root: the directory of the registry.
    dry_run: only list. With False, everything in the table was removed.
    untagged: whether manifests that no tag leads to are garbage too. The manifests that a living index lists, and those
        whose subject lives, such as signatures, stay.

    Returns
    -------
    One row for each thing that goes. ``kind`` is ``manifest``, ``link`` (of a blob, in a repository), ``blob`` (the
    bytes of a blob or manifest), or ``upload session`` (an abandoned one). ``repository`` is missing for bytes, which
    are stored once for all repositories. ``name`` is a digest, or the ID of the session; ``bytes`` (``int64``) are
    freed by the removal; ``why`` is the reason. The index ``n`` counts from 1.

    Raises
    ------
    StoreLocked: if an embedded registry runs on the directory.
    ServerError: if it is not the directory of a registry, or cannot be used.
    """
    return garbage_table(garbage_in(root, dry_run=dry_run, untagged=untagged))


def fsck(root: str | Path, *, sparse_indexes: bool = False) -> pd.DataFrame:
    """Check everything in a registry's directory: each link, each blob against its digest, each manifest's blobs.

    Nothing is changed, so a registry can be running. The name is that of Unix' check of a file system.

    Parameters
    ----------
    root: the directory of a registry, of regtutor or of CNCF Distribution.
    sparse_indexes: whether the registry permits an index without the manifests that it lists, as ``open_registry`` has
        it. A manifest that only an index lacks is then a note.

    Returns
    -------
    One row for each problem; an empty table means that everything is whole. ``kind`` is ``damaged blob``, ``missing
    blob``, ``damaged link``, ``missing child`` (of a manifest), ``tag to nothing``, ``misplaced`` (a file instead of
    a directory), ``left over`` or ``note``, which is not a problem; ``repository`` is missing for bytes; ``name`` is
    a digest, a tag or the name of a file; ``why`` is what is wrong; ``next`` mends it; ``file`` is the path. The index
    ``n`` counts from 1.

    Raises
    ------
    ServerError: if it is not the directory of a registry, or cannot be read.
    """
    return problems_table(problems_in(root, sparse_indexes=sparse_indexes))


def garbage_in(root: str | Path, *, dry_run: bool, untagged: bool) -> list[Garbage]:
    """The garbage as :func:`collect_garbage` lists it, as records."""
    with Store(_existing(root)) as store:
        return collect(store, dry_run=dry_run, untagged=untagged)


def problems_in(root: str | Path, *, sparse_indexes: bool = False) -> list[Problem]:
    """The problems as :func:`fsck` lists them, as records."""
    try:
        return check(_existing(root), sparse_indexes=sparse_indexes)
    except OSError as error:
        raise ServerError(
            f"The registry directory {root} cannot be read", error.strerror or str(error), "Run it as another user"
        ) from error


def _existing(root: str | Path) -> Path:
    path = Path(root)
    if not any((path / below).is_dir() for below in ("docker/registry/v2", OWN)):
        raise ServerError(
            f"{path} is not the directory of a registry",
            "it contains no docker/registry/v2",
            "Give the directory that the registry was started with, such as that of regtutor serve --root",
        )
    return path
