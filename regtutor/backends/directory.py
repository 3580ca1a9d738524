"""Where a registry on this machine keeps its content: a given directory, which stays, or a temporary one."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from regtutor.errors import UnusableDirectory


def usable_directory(root: Path) -> Path:
    """``root``, made if missing, once a file could be written to it.

    Raises
    ------
    UnusableDirectory: if it cannot be made or written to.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root):
            return root.resolve()
    except OSError as error:
        raise UnusableDirectory(
            f"The registry cannot keep its content in {root}",
            error.strerror or str(error),
            "Give a directory that you may write to (--root, or root= in Python), or none for a temporary one",
        ) from error


def own_directory(root: str | Path | None, purpose: str) -> tuple[Path, Callable[[], None]]:
    """A directory to use, and what to call when it is done with.

    A temporary one belongs to a keeper, so that it goes even if this process is killed; in a browser, where there are
    no processes and the files end with the page, to this process.
    """
    if root is not None:
        return usable_directory(Path(root)), _leave
    if sys.platform == "emscripten":
        temporary = tempfile.TemporaryDirectory(prefix=f"regtutor-{purpose}-")
        return Path(temporary.name), temporary.cleanup
    from regtutor.backends.keeper import Keeper

    keeper = Keeper()
    return keeper.directory(purpose) / "storage", keeper.close


def _leave() -> None:
    """A directory that was given stays."""
