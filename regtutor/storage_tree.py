"""The storage of a registry at one moment, as a record of its files and their sizes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from regtutor.printable import visible


@dataclass(frozen=True)
class StorageTree:
    """A registry's storage at one moment: every file below its root with its size, and the empty directories.

    Attributes
    ----------
    files: paths relative to the root (separated by slashes), with sizes in bytes; sorted by path.
    folders: empty directories, sorted.
    """

    files: tuple[tuple[str, int], ...] = ()
    folders: tuple[str, ...] = ()

    @classmethod
    def of(cls, files: Iterable[tuple[str, int]], folders: Iterable[str] = ()) -> StorageTree:
        """Return a tree of ``files`` and ``folders``; a folder that is not empty is left out."""
        sorted_files = tuple(sorted(files))
        names = sorted(set(folders))
        used: set[str] = set()
        for path in (*(path for path, _ in sorted_files), *names):
            # A parent that is in `used` has its own parents there too. Stopping there saves time, because a push reads
            # the tree after each request.
            while (path := path.rpartition("/")[0]) and path not in used:
                used.add(path)
        return cls(sorted_files, tuple(name for name in names if name not in used))

    @classmethod
    def of_directory(cls, root: Path) -> StorageTree:
        """Return the tree below ``root``. Files that vanish while it is read are left out; links are not followed."""
        files: list[tuple[str, int]] = []
        folders: list[str] = []
        for folder, subfolders, names in os.walk(root):
            inside = os.path.relpath(folder, root).replace(os.sep, "/")
            above = "" if inside == "." else f"{inside}/"
            folders += [f"{above}{name}" for name in subfolders]
            for name in names:
                try:
                    files.append((f"{above}{name}", os.lstat(os.path.join(folder, name)).st_size))
                except FileNotFoundError:
                    continue
        return cls.of(files, folders)

    @property
    def size(self) -> int:
        """How many bytes all files have together."""
        return sum(size for _, size in self.files)

    def __iter__(self) -> Iterator[tuple[str, int]]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)

    def as_text(self) -> str:
        """Return the tree as indented text, one line for each directory and file."""
        lines: list[str] = []
        shown: tuple[str, ...] = ()
        entries = sorted([*((path, size) for path, size in self.files), *((path, -1) for path in self.folders)])
        for path, size in entries:
            parts = tuple(path.split("/"))
            common = 0
            while common < min(len(shown), len(parts) - 1) and shown[common] == parts[common]:
                common += 1
            for depth in range(common, len(parts) - 1):
                lines.append("  " * depth + parts[depth] + "/")
            lines.append("  " * (len(parts) - 1) + (f"{parts[-1]}  {size} bytes" if size >= 0 else f"{parts[-1]}/"))
            shown = parts if size < 0 else parts[:-1]
        return "\n".join(visible(line) for line in lines) or "(empty)"

    def __str__(self) -> str:
        return self.as_text()

    def __repr__(self) -> str:
        return f"<StorageTree: {len(self.files)} files, {self.size} bytes>"
