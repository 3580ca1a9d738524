"""What every subject is given: how large the work is, where files go, and which programs exist."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Setting:
    """The setting of a run.

    Attributes
    ----------
    folder: a temporary folder for content; its disk is the one that is measured.
    quick: whether everything is tiny, so that the run shows only that each subject works.
    given: the paths of programs that are not on PATH, by name, such as ``olareg`` or ``distribution-3``.
    """

    folder: Path
    quick: bool = False
    given: Mapping[str, str] = field(default_factory=dict)

    def size(self, full: int, quick: int) -> int:
        """Return ``full``, or ``quick`` in a quick run."""
        return quick if self.quick else full

    def program(self, name: str) -> str | None:
        """Return the path of a program, or None if it is not installed."""
        return self.given.get(name) or shutil.which(name)
