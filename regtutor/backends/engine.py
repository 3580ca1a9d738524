"""A container engine by its command line: docker or podman, each call within a time limit.

Knows what the two have in common and the one thing in which they differ here (TLS towards a loopback registry); it
knows nothing of registries.
"""

from __future__ import annotations

import os
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from regtutor.backends.asking import ask_all
from regtutor.backends.processes import APART
from regtutor.errors import BackendFailed, BackendMissing
from regtutor.storage_tree import StorageTree

ENGINES = ("docker", "podman")
ANSWER_SECONDS = 2.0  # a docker command without its daemon is common: it must not hold anybody up
CALL_SECONDS = 7.0  # with the time to find the engine, under ten seconds
COPY_SECONDS = 60.0
MOST_ENTRIES = 200_000
_COPIES = 2  # a file that vanishes during the copy, such as a finished upload's, makes it fail
_PIECE = 64 * 1024
_FOLDER = -1

_HOW = (
    "Install podman or docker and start its service, or set REGTUTOR_ENGINE to the one to use, "
    'or use rt.open_registry("embedded"), which needs neither'
)


@dataclass(frozen=True)
class Engine:
    """An engine that answered; ``program`` is its command's path."""

    program: str

    @property
    def name(self) -> str:
        """The command's name."""
        return os.path.basename(self.program)

    @property
    def is_podman(self) -> bool:
        """Whether the command is podman, under whichever name."""
        return "podman" in self._call("--version").lower()

    def has_image(self, image: str) -> bool:
        """Whether ``image`` is present; nothing is downloaded."""
        return _run(self.program, "image", "inspect", image).returncode == 0

    def address(self, container: str, port: str) -> str:
        """Where on the host's loopback a container's port is published, such as ``127.0.0.1:41234``."""
        lines = self._call("port", container, port).split()
        return next((line for line in lines if line.startswith("127.")), lines[0] if lines else "")

    def running(self, container: str) -> bool:
        """Whether the container runs now."""
        done = _run(self.program, "inspect", "--format", "{{.State.Running}}", container)
        return done.stdout.strip() == b"true"

    def logs(self, container: str, lines: int = 20_000) -> str:
        """What the container wrote to both its outputs; at most the last ``lines``."""
        return self._call("logs", "--tail", str(lines), container)

    def tree(self, container: str, path: str) -> StorageTree:
        """What is below ``path`` in a container, by the engine's copy command; contents pass by and are not kept.

        Raises
        ------
        BackendFailed: if the copy fails, takes over a minute, or has more files than can be shown.
        """
        argv = [self.program, "cp", f"{container}:{path}", "-"]
        for _ in range(_COPIES):
            entries, complaint = _copied(argv)
            if not complaint:
                files = [(name, size) for name, size in entries if size != _FOLDER]
                return StorageTree.of(files, [name for name, size in entries if size == _FOLDER])
        raise _failed(argv, complaint)

    def plain_http(self, reference: str) -> list[str]:
        """The option with which this engine pulls from a registry without TLS: for loopback, as docker does unasked."""
        host = urlsplit("//" + reference).hostname or ""
        loopback = host == "localhost" or host.startswith("127.")
        return ["--tls-verify=false"] if loopback and "/" in reference and self.is_podman else []

    def _call(self, *arguments: str) -> str:
        done = _run(self.program, *arguments)
        text = done.stdout.decode(errors="replace")
        if done.returncode != 0:
            raise _failed([self.program, *arguments], text)
        return text


def find_engine(engine: str | None = None, *, limit: float = ANSWER_SECONDS, again: bool = True) -> Engine:
    """Return the engine to use: ``engine``, else ``$REGTUTOR_ENGINE``, else the first of docker and podman that works.

    Parameters
    ----------
    limit: seconds that each engine has to respond; all are asked at the same time.
    again: whether an engine that did not respond earlier in this process is asked again.

    Raises
    ------
    BackendMissing: if no engine responds in time; it says what each one said.
    """
    wanted = engine or os.environ.get("REGTUTOR_ENGINE")
    said = ask_all((wanted,) if wanted else ENGINES, _trouble, limit=limit, again=again)
    found = next((program for program, trouble in said.values() if not trouble), None)
    if found is None:
        reasons = "; ".join(f"{name} {trouble}" for name, (_, trouble) in said.items())
        raise BackendMissing("There is no container engine", reasons, _HOW)
    return Engine(found)


def _trouble(program: str, limit: float) -> str:
    try:
        done = _run(program, "info", limit=limit)
    except BackendFailed as error:
        return f"does not answer ({error.why})"
    lines = done.stdout.decode(errors="replace").strip().splitlines()
    return f"does not answer ({lines[-1].strip() if lines else 'no message'})" if done.returncode else ""


def _copied(argv: list[str]) -> tuple[list[tuple[str, int]], str]:
    """The entries of the archive that ``argv`` writes, and what went wrong, or an empty text."""
    with tempfile.TemporaryFile() as words:
        copying = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=words)
        watchdog = threading.Timer(COPY_SECONDS, copying.kill)
        watchdog.start()
        entries: list[tuple[str, int]] = []
        trouble = ""
        try:
            assert copying.stdout
            with copying.stdout as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
                entries += _entries(archive)
                while stream.read(_PIECE):  # the padding, so that it can end by itself
                    pass
            status = copying.wait(COPY_SECONDS)
            trouble = f"it ended with status {status}" if status else ""
        except tarfile.TarError as error:
            trouble = str(error)
        finally:
            watchdog.cancel()
            copying.kill()
            copying.wait(CALL_SECONDS)
        words.seek(0)
        said = words.read(_PIECE).decode(errors="replace").strip()
    if len(entries) > MOST_ENTRIES:
        trouble = f"there are more than {MOST_ENTRIES} files"
    return entries, (said or trouble) if trouble else ""


def _entries(archive: tarfile.TarFile) -> Iterator[tuple[str, int]]:
    """Name below the copied directory, and size; at most one more than is allowed."""
    for count, member in enumerate(archive):
        archive.members = []  # type: ignore[attr-defined]  # else it keeps each header
        inside = member.name.removeprefix("./").partition("/")[2].rstrip("/")
        if inside:
            yield inside, _FOLDER if member.isdir() else member.size
        if count > MOST_ENTRIES:
            return


def _run(program: str, *arguments: str, limit: float = CALL_SECONDS) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=limit,
            **APART,
        )
    except subprocess.TimeoutExpired as error:
        raise _failed([program, *arguments], f"no answer within {limit:g} s") from error
    except OSError as error:
        raise _failed([program, *arguments], error.strerror or str(error)) from error


def _failed(argv: list[str], why: str) -> BackendFailed:
    lines = why.strip().splitlines()
    return BackendFailed(
        f"The command {' '.join(argv)} failed", lines[-1] if lines else "it gave no reason", "Try it in a terminal"
    )
