"""Run a pushed image with a container engine, which proves that it is one."""

from __future__ import annotations

import subprocess
from urllib.parse import urlsplit

from regtutor.backends.engine import Engine, find_engine
from regtutor.client.registry import Registry
from regtutor.errors import BackendError

_SECONDS = 90
_PULLED = ("Writing manifest to image destination", "Downloaded newer image")
"""The lines of podman and of docker after a complete pull."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def run_from(reg: Registry, repository: str, tag: str) -> str:
    """Have podman or docker pull ``repository:tag`` from ``reg`` and run it. The engine's copy is removed afterwards.

    Parameters
    ----------
    reg: a registry that listens on a loopback port.
    repository, tag: the pushed image.

    Returns
    -------
    The command line and the output of the container; or, if no engine is installed or it cannot reach this registry, a
    sentence that says so.
    """
    host = urlsplit(reg.url)
    if host.hostname not in _LOOPBACK or not host.port:
        return f"Not run: {reg.url} is not a loopback address with a port, so no engine pulls from it here."
    try:
        engine = find_engine()
        return _run(engine, f"{host.netloc}/{repository}:{tag}")
    except BackendError as error:
        return f"Not run: {error}"


def _run(engine: Engine, image: str) -> str:
    command = [engine.program, "run", "--rm", *engine.plain_http(image), image]
    shown = f"$ {' '.join(command)}\n"
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        return f"{shown}It did not end within {_SECONDS} s and was stopped."
    finally:
        subprocess.run([engine.program, "rmi", "--force", image], capture_output=True, timeout=_SECONDS, check=False)
    return shown + (done.stdout if done.returncode == 0 else _failure(engine, done.returncode, done.stderr))


def _failure(engine: Engine, status: int, stderr: str) -> str:
    """Return why the image did not run; after a complete pull, the push is not the reason."""
    ended = f"It ended with status {status}:\n{stderr}"
    if not any(line in stderr for line in _PULLED):
        return ended
    return (
        f"{engine.name} pulled the whole image, so your push is complete.\n"
        f"It could not start the container on this machine; that is no fault of the image.\n{ended}"
    )
