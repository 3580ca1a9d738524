"""The storage directory of a registry on this machine: a given directory, which is kept, or a temporary one."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from regtutor.errors import UnusableDirectory


def usable_directory(root: Path) -> Path:
    """Create ``root`` if it does not exist, check that files can be written to it, and return its full path.

    Raises
    ------
    UnusableDirectory: if it cannot be created or written to.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root):
            return root.resolve()
    except OSError as error:
        raise UnusableDirectory(
            f"The registry cannot store its content in {root}",
            error.strerror or str(error),
            "Give a directory that you can write to (--root, or root= in Python), or omit it to use a temporary one",
        ) from error


def own_directory(root: str | Path | None, purpose: str) -> tuple[Path, Callable[[], None]]:
    """Return a directory, and the function to call when it is no longer needed.

    A temporary directory belongs to a keeper, which deletes it even if this process is killed. In a browser, which has
    no processes and deletes the files with the page, it belongs to this process.
    """
    if root is not None:
        return usable_directory(Path(root)), _keep
    if sys.platform == "emscripten":
        temporary = tempfile.TemporaryDirectory(prefix=f"regtutor-{purpose}-")
        return Path(temporary.name), temporary.cleanup
    from regtutor.backends.keeper import Keeper

    keeper = Keeper()
    return keeper.directory(purpose) / "storage", keeper.close


def _keep() -> None:
    """Do nothing: a given directory is kept."""
