"""The learner's progress, in one file: tasks done, questions answered, predictions made.

The file is in the user's data folder, or where ``$REGTUTOR_PROGRESS`` says. Several kernels can write to it: each
change reads the file, changes it and replaces it, under a lock. A lesson never stops because progress cannot be kept.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from regtutor.errors import CannotSave
from regtutor.file_lock import lock_file
from regtutor.private_file import private_file

VARIABLE = "REGTUTOR_PROGRESS"
FORMAT = "regtutor-progress/1"
LARGEST = 4 * 1024 * 1024
"""The most bytes of a file that is read."""

_TRIES, _PAUSE = 50, 0.02
KINDS = ("tasks", "questions", "predictions")
"""The parts of a lesson whose results are kept."""

Entry = dict[str, Any]


def progress_path() -> Path:
    """Return the path of the learner's progress: ``$REGTUTOR_PROGRESS``, or a file in the user's data folder."""
    given = os.environ.get(VARIABLE)
    return Path(given).expanduser() if given else user_data_path("regtutor", appauthor=False) / "progress.json"


class ProgressFile:
    """The results of one learner.

    Parameters
    ----------
    path: of the file, which is created with the first result.

    Attributes
    ----------
    trouble: why results are not kept, or ``""``. They are then kept in memory.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trouble = ""
        self._memory: Entry = {}

    @property
    def learner(self) -> str:
        """Six characters that tell this learner's repositories from those of others; made once and then kept."""
        known = self.read().get("learner")
        if isinstance(known, str) and re.fullmatch(r"[a-z0-9]{1,12}", known):
            return known
        self.change(lambda data: data.setdefault("learner", secrets.token_hex(3)))
        return str(self.read()["learner"])

    def visit(self, url: str) -> int:
        """Count a kernel that begins with the registry at ``url``; return how many have, this one included."""

        def count(data: Entry) -> int:
            visits = data.setdefault("visits", {})
            visits[url] = count_in(visits, url) + 1
            return int(visits[url])

        return int(self.change(count))

    def entry(self, lesson: str, kind: str, name: str) -> Entry:
        """Return the results of one part of a lesson; empty if it has none."""
        found = self.read().get("lessons", {}).get(lesson, {}).get(kind, {}).get(name, {})
        return dict(found) if isinstance(found, dict) else {}

    def note(self, lesson: str, kind: str, name: str, change: Callable[[Entry], object]) -> None:
        """Change the results of one part of a lesson."""

        def within(data: Entry) -> None:
            names = data.setdefault("lessons", {}).setdefault(lesson, {}).setdefault(kind, {})
            if not isinstance(names.get(name), dict):  # somebody has edited the file
                names[name] = {}
            change(names[name])

        self.change(within)

    def read(self) -> Entry:
        """Return all results. An unreadable file counts as empty, and the next change renames it to ``.unreadable``."""
        if self.trouble:
            return self._memory
        data = _parsed(self.path)
        return data if data is not None else {}

    def change(self, change: Callable[[Entry], Any]) -> Any:
        """Apply ``change`` to the results and keep them; return its result."""
        try:
            with self._locked():
                data = self.read()
                result = change(data)
                if not self.trouble:
                    self._write(data)
                return result
        except (OSError, CannotSave) as error:
            self.trouble = f"Your progress is not kept: {error}"
            self._memory = _parsed(self.path) or {}
            return change(self._memory)

    def _write(self, data: Entry) -> None:
        if self.path.exists() and _parsed(self.path) is None:
            os.replace(self.path, self.path.with_name(self.path.name + ".unreadable"))
        text = json.dumps({"format": FORMAT, **data}, indent=1, sort_keys=True)
        with private_file(self.path) as file:
            file.write(text.encode())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock beside the file; after a second without it, continue: results are not worth a wait."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(_TRIES):
            with suppress(BlockingIOError):
                with lock_file(self.path.with_name(self.path.name + ".lock")):
                    yield
                return
            time.sleep(_PAUSE)
        yield


def count_in(entry: Entry, name: str) -> int:
    """Return the count ``name`` of ``entry``; 0 if it has none, or if somebody has written something else there."""
    found = entry.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else 0


def _parsed(path: Path) -> Entry | None:
    """Return the results in a file: empty if it does not exist, and None if it is not a file of results."""
    try:
        with path.open("rb") as file:
            data = json.loads(file.read(LARGEST))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        return None
    lessons = data.get("lessons", {})
    shaped = isinstance(lessons, dict) and all(
        isinstance(kinds, dict) and all(isinstance(names, dict) for names in kinds.values())
        for kinds in lessons.values()
    )
    return data if shaped and isinstance(data.get("visits", {}), dict) else None
