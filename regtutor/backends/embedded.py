"""``embedded``: our own registry on a loopback socket, in a thread of this process."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path

from regtutor.backends.attached import attached
from regtutor.backends.local import LocalHost, local_host
from regtutor.client.registry import Registry
from regtutor.server.app import App
from regtutor.server.listen import Server

_ABOUT = "regtutor's own registry, in a thread of this process"


def open_embedded(root: str | Path | None = None, port: int = 0) -> Registry:
    """Start the embedded registry on a loopback port.

    Parameters
    ----------
    root: the directory of its storage, made if missing, and kept; by default a temporary one, deleted with it.
    port: 0 for a free one.

    Returns
    -------
    A Registry; closing it, and the end of this process, end it.

    Raises
    ------
    BackendFailed: if the directory cannot be used.
    StoreLocked: if another embedded registry uses it.
    ServerError: if the port is taken.
    """
    server, host = _start(root, port)
    return attached(server.url, host)


def serve_embedded(root: str | Path | None = None, port: int = 5000, *, say: Callable[[str], object] = print) -> None:
    """Run the embedded registry until Ctrl-C or SIGTERM, and say each request as it is answered.

    Parameters
    ----------
    root, port: as for :func:`open_embedded`.
    say: gets each line.
    """
    ended = threading.Event()
    server, host = _start(root, port, say)
    before = signal.signal(signal.SIGTERM, lambda _number, _frame: ended.set())
    try:
        kept = "and stays" if root is not None else "and is deleted at the end"
        say(f"A registry at {server.url}; its content is in {host.root} {kept}. Ctrl-C ends it.")
        ended.wait()
    except KeyboardInterrupt:
        say("")
    finally:
        signal.signal(signal.SIGTERM, before)
        host.close()


def _start(root: str | Path | None, port: int, log: Callable[[str], object] | None = None) -> tuple[Server, LocalHost]:
    host = local_host("embedded", _ABOUT, root)
    try:
        server = Server(App(host.store), port=port, log=log).start()
    except BaseException:
        host.close()
        raise
    host.runs(server.log_lines, server.close)
    return server, host
