"""The course as files: where its notebooks are, a learner's own copy of them, and JupyterLab to read it in.

The wheel carries the course as ``regtutor/lessons/course``; in a checkout it is ``notebooks/``. A learner's copy is
brought up to date by a later version of regtutor, but a file that the learner has edited is never written to: a
manifest in the copy holds the digest of what was put there, which tells an edited file from an older one.

This module knows nothing of registries, and starts nothing but JupyterLab.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import NoReturn

from regtutor.backends.processes import become, runs_as_root
from regtutor.errors import CourseError

DEFAULT_TARGET = Path("regtutor-notebooks")
MANIFEST = ".regtutor-notebooks.json"
FORMAT = "regtutor-notebooks/1"

_PACKAGE = Path(__file__).resolve().parent.parent


class Outcome(StrEnum):
    """What happened to one file of the course."""

    COPIED = "copied"
    """It was not there."""
    UNCHANGED = "unchanged"
    """It is what this version of the course has."""
    UPDATED = "updated"
    """It was an older version's, unedited, and was replaced."""
    KEPT = "kept"
    """It is the learner's: edited, or a link, or no file at all. Nothing was written."""
    OFFERED = "offered"
    """It is the learner's and the course has a newer one, which is now beside it (``Copy.beside``)."""


_LEARNERS = {
    Outcome.KEPT: "yours, and left as it is",
    Outcome.OFFERED: "yours, and left as it is; the newer one is {0.beside}",
}


@dataclass(frozen=True)
class Copy:
    """One file of the course in the learner's copy: where it is, and what happened to it."""

    path: Path
    outcome: Outcome
    beside: Path | None = None


def course_directory() -> Path:
    """The directory that holds the course's notebooks.

    Returns
    -------
    Path
        The wheel's own, or ``notebooks/`` of the checkout that this package is imported from.

    Raises
    ------
    CourseError
        When neither is there.
    """
    packaged = _PACKAGE / "lessons" / "course"
    checkout = _PACKAGE.parent
    if packaged.is_dir():
        return packaged
    if (checkout / "pyproject.toml").is_file() and (checkout / "notebooks").is_dir():
        return checkout / "notebooks"
    raise CourseError(
        "The course's notebooks are not there",
        f"this installation of regtutor has neither {packaged} nor a notebooks folder beside it",
        "Install regtutor again: pip install --force-reinstall regtutor",
    )


def copy_notebooks(target: Path = DEFAULT_TARGET) -> list[Copy]:
    """Copy the course to ``target``, or bring the copy there up to date; never over an edited file.

    Parameters
    ----------
    target:
        A directory; made when it is not there. A link is refused, and links below it are left alone.

    Returns
    -------
    list of Copy
        One for each file of the course, in the order of their names.

    Raises
    ------
    CourseError
        When ``target`` is a file or a link, or cannot be written to.
    """
    course = course_directory()
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise CourseError(
            f"The course cannot be copied to {target}",
            "a link or a file has that name, and it is not followed or replaced",
            "Move it away, or name another directory.",
        )
    try:
        target.mkdir(parents=True, exist_ok=True)
        given = _read_manifest(target)
        copies = [_copy_one(course / name, target, name, given) for name in _files(course)]
        _write(target / MANIFEST, json.dumps({"format": FORMAT, "files": given}, indent=1, sort_keys=True).encode())
    except OSError as error:
        raise CourseError(
            f"The course cannot be copied to {target}", str(error), "Name another directory, or free this one."
        ) from error
    return copies


def open_lab(target: Path, arguments: Sequence[str] = ()) -> NoReturn:
    """Copy the course to ``target`` and become JupyterLab on it; the exit status is JupyterLab's own.

    The process is replaced and has no child, so that an interrupt, a signal or a closed terminal reaches JupyterLab
    itself and nothing is left behind. It runs in this interpreter's environment and listens on loopback. What was
    copied, updated or kept is printed first.

    Parameters
    ----------
    target:
        The learner's copy of the course, as for :func:`copy_notebooks`.
    arguments:
        Handed to JupyterLab as they are, such as ``--no-browser``.

    Raises
    ------
    CourseError
        When JupyterLab is not installed, or the course cannot be copied.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise CourseError(
            "JupyterLab is not installed",
            f"{sys.executable} has no module named jupyterlab",
            "Install it: python -m pip install jupyterlab",
        )
    print(report(copy_notebooks(target), target), flush=True)
    sys.stderr.flush()
    become(lab_command(target, arguments))


def report(copies: Sequence[Copy], target: Path) -> str:
    """What happened to the learner's copy, in lines: first a summary, then each file that is the learner's own."""
    counted = Counter(copy.outcome for copy in copies)
    summary = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counted.items()))
    lines = [f"The course is in {target}: {summary}."]
    lines += [f"  {copy.path}: {_LEARNERS[copy.outcome].format(copy)}" for copy in copies if copy.outcome in _LEARNERS]
    return "\n".join(lines)


def lab_command(target: Path, arguments: Sequence[str] = ()) -> list[str]:
    """The command that opens JupyterLab on ``target``, the interpreter first.

    JupyterLab refuses to run as root unless it is told that this is meant, as it is in a container.
    """
    as_root = ["--allow-root"] if runs_as_root() else []
    root_directory = f"--ServerApp.root_dir={target.resolve()}"
    return [sys.executable, "-m", "jupyterlab", root_directory, *as_root, *arguments]


def _files(course: Path) -> Iterator[str]:
    """The names of the course's files, "/" between their parts; hidden ones and caches are no part of it."""
    for path in sorted(course.rglob("*")):
        parts = path.relative_to(course).parts
        if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in parts):
            yield PurePosixPath(*parts).as_posix()


def _copy_one(source: Path, target: Path, name: str, given: dict[str, str]) -> Copy:
    """Copy one file, unless what is there is the learner's; ``given`` then holds what the learner has been given."""
    path, content = target / name, source.read_bytes()
    new, last = _digest(content), given.get(name)
    if _is_through_link(path, target) or (path.exists() and not path.is_file()):
        return Copy(path, Outcome.KEPT)
    found = _digest(path.read_bytes()) if path.exists() else None
    if found not in (new, last, None):
        return Copy(path, Outcome.KEPT) if new == last else _offer(path, target, name, content, given)
    if found != new:
        _write(path, content)
    given[name] = new
    return Copy(path, {None: Outcome.COPIED, new: Outcome.UNCHANGED}.get(found, Outcome.UPDATED))


def _offer(path: Path, target: Path, name: str, content: bytes, given: dict[str, str]) -> Copy:
    """Put the course's newer file beside the learner's, unless what is beside it is the learner's as well."""
    beside = path.with_name(f"{path.stem}.new{path.suffix}")
    beside_name = beside.relative_to(target).as_posix()
    if os.path.lexists(beside) and (
        beside.is_symlink() or not beside.is_file() or _digest(beside.read_bytes()) != given.get(beside_name)
    ):
        return Copy(path, Outcome.KEPT)
    _write(beside, content)
    given[name] = given[beside_name] = _digest(content)
    return Copy(path, Outcome.OFFERED, beside)


def _is_through_link(path: Path, target: Path) -> bool:
    """Whether ``path``, or a directory between it and ``target``, is a symbolic link."""
    steps = [path, *path.parents]
    return any(step.is_symlink() for step in steps[: steps.index(target)])


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _read_manifest(target: Path) -> dict[str, str]:
    """What the learner was given: digest by name. One that cannot be read counts as empty: then nothing is replaced."""
    path = target / MANIFEST
    if path.is_symlink() or not path.is_file():
        return {}
    try:
        manifest = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return {}
    if (
        not isinstance(manifest, dict)
        or manifest.get("format") != FORMAT
        or not isinstance(manifest.get("files"), dict)
    ):
        return {}
    return {str(name): str(digest) for name, digest in manifest["files"].items()}


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: a reader or a crash sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
