"""A container engine, docker or podman, through its command line; each call has a time limit.

The module handles the one difference between the two that matters here (TLS for a registry on loopback). It does not
depend on registries.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from regtutor.backends.processes import APART
from regtutor.errors import BackendFailed, BackendMissing
from regtutor.storage_tree import StorageTree

ENGINES = ("docker", "podman")
ANSWER_SECONDS = 2.0  # a docker command without a running daemon is common, and must not cause a long wait
CALL_SECONDS = 15.0
COPY_SECONDS = 60.0
MOST_ENTRIES = 200_000
_COPIES = 2  # a copy fails if a file disappears meanwhile, such as the data of a completed upload
_PIECE = 64 * 1024
_FOLDER = -1

_HOW = (
    "Install podman or docker and start its service, or set REGTUTOR_ENGINE to the one to use, "
    'or use rt.open_registry("embedded"), which needs neither'
)


@dataclass(frozen=True)
class Engine:
    """An engine that responds; ``program`` is the path of its command."""

    program: str

    @property
    def name(self) -> str:
        """The name of the command."""
        return os.path.basename(self.program)

    @property
    def is_podman(self) -> bool:
        """Whether the command is podman, under whichever name."""
        return "podman" in self._call("--version").lower()

    def has_image(self, image: str) -> bool:
        """Whether ``image`` is present; nothing is downloaded."""
        return _run(self.program, "image", "inspect", image).returncode == 0

    def address(self, container: str, port: str) -> str:
        """Return the address on loopback that publishes a port of the container, such as ``127.0.0.1:41234``."""
        lines = self._call("port", container, port).split()
        return next((line for line in lines if line.startswith("127.")), lines[0] if lines else "")

    def running(self, container: str) -> bool:
        """Whether the container is running."""
        done = _run(self.program, "inspect", "--format", "{{.State.Running}}", container)
        return done.stdout.strip() == b"true"

    def logs(self, container: str, lines: int = 20_000) -> str:
        """Return the standard output and error of the container; at most the last ``lines``."""
        return self._call("logs", "--tail", str(lines), container)

    def tree(self, container: str, path: str) -> StorageTree:
        """Return the files below ``path`` in a container, through the copy command of the engine; contents are dropped.

        Raises
        ------
        BackendFailed: if the copy fails, takes more than a minute, or contains too many files.
        """
        argv = [self.program, "cp", f"{container}:{path}", "-"]
        for _ in range(_COPIES):
            entries, complaint = _copied(argv)
            if not complaint:
                files = [(name, size) for name, size in entries if size != _FOLDER]
                return StorageTree.of(files, [name for name, size in entries if size == _FOLDER])
        raise _failed(argv, complaint)

    def plain_http(self, reference: str) -> list[str]:
        """Return the option that allows pulls without TLS from a registry on loopback; docker needs no option."""
        host = urlsplit("//" + reference).hostname or ""
        loopback = host == "localhost" or host.startswith("127.")
        return ["--tls-verify=false"] if loopback and "/" in reference and self.is_podman else []

    def _call(self, *arguments: str) -> str:
        done = _run(self.program, *arguments)
        text = done.stdout.decode(errors="replace")
        if done.returncode != 0:
            raise _failed([self.program, *arguments], text)
        return text


def find_engine(engine: str | None = None) -> Engine:
    """Return ``engine``, else the engine in ``$REGTUTOR_ENGINE``, else the first of docker and podman that responds.

    Raises
    ------
    BackendMissing: if no engine responds within 2 s; the error contains the reason for each.
    """
    wanted = engine or os.environ.get("REGTUTOR_ENGINE")
    reasons = []
    for name in (wanted,) if wanted else ENGINES:
        program = shutil.which(name)
        trouble = _trouble(program) if program else "is not installed"
        if program and not trouble:
            return Engine(program)
        reasons.append(f"{name} {trouble}")
    raise BackendMissing("No container engine is available", "; ".join(reasons), _HOW)


def _trouble(program: str) -> str:
    try:
        done = _run(program, "info", limit=ANSWER_SECONDS)
    except BackendFailed as error:
        return f"does not respond ({error.why})"
    lines = done.stdout.decode(errors="replace").strip().splitlines()
    return f"does not respond ({lines[-1].strip() if lines else 'no message'})" if done.returncode else ""


def _copied(argv: list[str]) -> tuple[list[tuple[str, int]], str]:
    """Return the entries of the archive that ``argv`` writes, and the error message, or an empty text."""
    with tempfile.TemporaryFile() as errors:
        copying = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
        watchdog = threading.Timer(COPY_SECONDS, copying.kill)
        watchdog.start()
        entries: list[tuple[str, int]] = []
        trouble = ""
        try:
            assert copying.stdout
            with copying.stdout as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
                entries += _entries(archive)
                while stream.read(_PIECE):  # read the padding, so that the command can end by itself
                    pass
            status = copying.wait(COPY_SECONDS)
            trouble = f"it ended with status {status}" if status else ""
        except tarfile.TarError as error:
            trouble = str(error)
        finally:
            watchdog.cancel()
            copying.kill()
            copying.wait(CALL_SECONDS)
        errors.seek(0)
        message = errors.read(_PIECE).decode(errors="replace").strip()
    if len(entries) > MOST_ENTRIES:
        trouble = f"it contains more than {MOST_ENTRIES} files"
    return entries, (message or trouble) if trouble else ""


def _entries(archive: tarfile.TarFile) -> Iterator[tuple[str, int]]:
    """Yield name (below the copied directory) and size of each entry; stop one entry above the limit."""
    for count, member in enumerate(archive):
        archive.members = []  # type: ignore[attr-defined]  # otherwise it keeps every header
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
        raise _failed([program, *arguments], f"no response within {limit:g} s") from error
    except OSError as error:
        raise _failed([program, *arguments], error.strerror or str(error)) from error


def _failed(argv: list[str], why: str) -> BackendFailed:
    lines = why.strip().splitlines()
    return BackendFailed(
        f"The command {' '.join(argv)} failed", lines[-1] if lines else "it printed no reason", "Run it in a terminal"
    )
