"""The files of the course: find its notebooks, copy them for a learner, and open JupyterLab.

The wheel contains the course as ``regtutor/lessons/course``; in a checkout it is ``notebooks/``. A later version of
regtutor updates a learner's copy, but never writes to a file that the learner has edited: a manifest in the copy holds
the digest of each file that was written, which distinguishes an edited file from an older one.

This module does not depend on registries, and starts no program except JupyterLab.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import NoReturn
from urllib.parse import quote

from regtutor.backends.processes import become, runs_as_root
from regtutor.errors import CourseError

DEFAULT_TARGET = Path("regtutor-notebooks")
MANIFEST = ".regtutor-notebooks.json"
FORMAT = "regtutor-notebooks/1"

EXPORTS = "exports"
"""The folder next to the notebooks into which they export transcripts; it is nobody's part of the course."""

FIRST = "00_start_here.ipynb"
"""The notebook that is open when JupyterLab starts."""

SETTINGS = Path(__file__).resolve().parent / "jupyter"
"""The folder with JupyterLab's settings for the course."""

_CONFIG_PATH = "JUPYTER_CONFIG_PATH"
_OPEN = "--LabApp.default_url=/lab/tree/"
_PACKAGE = Path(__file__).resolve().parent.parent


class Outcome(StrEnum):
    """The outcome of copying one file of the course."""

    COPIED = "copied"
    """The file did not exist, and was copied."""
    UNCHANGED = "unchanged"
    """The file is the same as in this version of the course."""
    UPDATED = "updated"
    """The file came from an older version and was not edited, so it was replaced."""
    KEPT = "kept"
    """The path is the learner's: an edited file, a link, or not a file. Nothing was written."""
    OFFERED = "offered"
    """The file is the learner's, and the course has a newer one, which was written next to it (``Copy.beside``)."""


_LEARNERS = {
    Outcome.KEPT: "yours, left unchanged",
    Outcome.OFFERED: "yours, left unchanged; the newer version is {0.beside}",
}


@dataclass(frozen=True)
class Copy:
    """One file of the course in the learner's copy: its path, and the outcome of copying it."""

    path: Path
    outcome: Outcome
    beside: Path | None = None


def course_directory() -> Path:
    """Return the directory that holds the course's notebooks.

    Returns
    -------
    Path
        The wheel's own, or ``notebooks/`` of the checkout that this package is imported from.

    Raises
    ------
    CourseError
        If neither exists.
    """
    packaged = _PACKAGE / "lessons" / "course"
    checkout = _PACKAGE.parent
    if packaged.is_dir():
        return packaged
    if (checkout / "pyproject.toml").is_file() and (checkout / "notebooks").is_dir():
        return checkout / "notebooks"
    raise CourseError(
        "The course's notebooks are missing",
        f"this installation of regtutor has neither {packaged} nor a notebooks folder beside it",
        "Install regtutor again: pip install --force-reinstall regtutor",
    )


def copy_notebooks(target: Path = DEFAULT_TARGET) -> list[Copy]:
    """Copy the course to ``target``, or update the copy there. An edited file is never overwritten.

    Parameters
    ----------
    target:
        A directory; created if it does not exist. A link is refused, and links below it are left alone.

    Returns
    -------
    list of Copy
        One for each file of the course, in the order of their names.

    Raises
    ------
    CourseError
        If ``target`` is a file or a link, or cannot be written to.
    """
    course = course_directory()
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise CourseError(
            f"The course cannot be copied to {target}",
            "a link or a file with that name exists, and is not followed or replaced",
            "Move it, or choose another directory.",
        )
    try:
        target.mkdir(parents=True, exist_ok=True)
        digests = _read_manifest(target)
        copies = [_copy_one(course / name, target, name, digests) for name in _files(course)]
        _write(target / MANIFEST, json.dumps({"format": FORMAT, "files": digests}, indent=1, sort_keys=True).encode())
    except OSError as error:
        raise CourseError(
            f"The course cannot be copied to {target}", str(error), "Fix this, or choose another directory."
        ) from error
    return copies


def open_lab(target: Path, arguments: Sequence[str] = ()) -> NoReturn:
    """Copy the course to ``target`` and replace this process by JupyterLab; the exit status is that of JupyterLab.

    The process is replaced and has no child, so an interrupt, a signal or a closed terminal reaches JupyterLab itself
    and nothing is left behind. JupyterLab runs in this interpreter's environment and listens on loopback. A report of
    the copied, updated and kept files is printed first.

    Parameters
    ----------
    target:
        The learner's copy of the course, as for :func:`copy_notebooks`.
    arguments:
        Passed to JupyterLab unchanged, such as ``--no-browser``.

    Raises
    ------
    CourseError
        If JupyterLab is not installed, or the course cannot be copied.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise CourseError(
            "JupyterLab is not installed",
            f"{sys.executable} has no module named jupyterlab",
            "Install it: python -m pip install jupyterlab",
        )
    print(report(copy_notebooks(target), target), flush=True)
    sys.stderr.flush()
    os.environ.update(lab_variables(os.environ))
    become(lab_command(target, arguments))


def report(copies: Sequence[Copy], target: Path) -> str:
    """Return a report on the learner's copy: a summary line, then a line for each file that is the learner's own."""
    counted = Counter(copy.outcome for copy in copies)
    summary = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counted.items()))
    lines = [f"The course is in {target}: {summary}."]
    lines += [f"  {copy.path}: {_LEARNERS[copy.outcome].format(copy)}" for copy in copies if copy.outcome in _LEARNERS]
    return "\n".join(lines)


def lab_command(target: Path, arguments: Sequence[str] = ()) -> list[str]:
    """Return the command that opens JupyterLab on ``target``, starting with the interpreter.

    The first lesson is open, unless ``arguments`` name another notebook or a ``default_url``. JupyterLab refuses to run
    as root, as in a container, unless an option allows it.
    """
    as_root = ["--allow-root"] if runs_as_root() else []
    given = [_opening(each, target) for each in arguments]
    named = any(".default_url=" in each or _is_notebook(each) for each in given)
    first = [] if named else [f"{_OPEN}{FIRST}"]
    root_directory = f"--ServerApp.root_dir={target.resolve()}"
    return [sys.executable, "-m", "jupyterlab", root_directory, *first, *as_root, *given]


def _is_notebook(argument: str) -> bool:
    return argument.endswith(".ipynb") and not argument.startswith("-")


def _opening(argument: str, target: Path) -> str:
    """Return the option that opens a notebook of ``target``, given by its name or its path; another argument as it is.

    JupyterLab would look for the name in the current directory, and print an address that opens nothing.
    """
    for path in (target / argument, Path(argument)) if _is_notebook(argument) else ():
        if path.is_file() and path.resolve().is_relative_to(target.resolve()):
            name = path.resolve().relative_to(target.resolve()).as_posix()
            return f"{_OPEN}{quote(name)}"
    return argument


def lab_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for JupyterLab: that of this process, with the settings of the course added.

    The settings disable the window in which JupyterLab asks whether to fetch news; the user's own settings stay.
    """
    own = variables.get(_CONFIG_PATH)
    return {**variables, _CONFIG_PATH: os.pathsep.join([str(SETTINGS), *([own] if own else [])])}


def _files(course: Path) -> Iterator[str]:
    """Yield the names of the course's files, with "/" between their parts.

    Hidden files, caches, and what somebody exported are left out.
    """
    for path in sorted(course.rglob("*")):
        parts = path.relative_to(course).parts
        is_course = parts[0] != EXPORTS and not any(part.startswith((".", "__pycache__")) for part in parts)
        if is_course and path.is_file():
            yield PurePosixPath(*parts).as_posix()


def _copy_one(source: Path, target: Path, name: str, digests: dict[str, str]) -> Copy:
    """Copy one file, unless the existing one is the learner's, and store its digest in ``digests``."""
    path, content = target / name, source.read_bytes()
    new, last = _digest(content), digests.get(name)
    if _is_through_link(path, target) or (path.exists() and not path.is_file()):
        return Copy(path, Outcome.KEPT)
    found = _digest(path.read_bytes()) if path.exists() else None
    if found not in (new, last, None):
        return Copy(path, Outcome.KEPT) if new == last else _offer(path, target, name, content, digests)
    if found != new:
        _write(path, content)
    digests[name] = new
    return Copy(path, {None: Outcome.COPIED, new: Outcome.UNCHANGED}.get(found, Outcome.UPDATED))


def _offer(path: Path, target: Path, name: str, content: bytes, digests: dict[str, str]) -> Copy:
    """Write the course's newer file next to the learner's, unless the file there is the learner's as well."""
    beside = path.with_name(f"{path.stem}.new{path.suffix}")
    beside_name = beside.relative_to(target).as_posix()
    if os.path.lexists(beside) and (
        beside.is_symlink() or not beside.is_file() or _digest(beside.read_bytes()) != digests.get(beside_name)
    ):
        return Copy(path, Outcome.KEPT)
    _write(beside, content)
    digests[name] = digests[beside_name] = _digest(content)
    return Copy(path, Outcome.OFFERED, beside)


def _is_through_link(path: Path, target: Path) -> bool:
    """Return whether ``path``, or a directory between it and ``target``, is a symbolic link."""
    steps = [path, *path.parents]
    return any(step.is_symlink() for step in steps[: steps.index(target)])


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _read_manifest(target: Path) -> dict[str, str]:
    """Return the digest of each file that was written, by name. An unreadable manifest counts as empty.

    With an empty manifest, no existing file is replaced.
    """
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
    """Write a file atomically: a reader, or a crash, finds either the old file or the new one."""
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
