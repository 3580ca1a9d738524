"""The back end ``native``: a CNCF Distribution binary of this machine, started on a free loopback port."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from regtutor.backends import distribution
from regtutor.backends.access import Access, DistributionAccess, access_of, distribution_access
from regtutor.backends.directory import usable_directory
from regtutor.backends.keeper import Keeper
from regtutor.backends.readiness import READY_SECONDS, responds, wait_until_ready
from regtutor.client.connect import registry_of
from regtutor.client.registry import Registry
from regtutor.errors import BackendFailed
from regtutor.storage_tree import StorageTree

_ATTEMPTS = 5
_TAKEN = "address already in use"
_LISTENING = "listening on"
_SILENT_SECONDS = 1.0  # by then, a registry that cannot use its port has ended


class NativeHost:
    """A running registry process, with its log and its storage directory."""

    name = "native"
    access: Access | None = None
    distribution_access = DistributionAccess()

    def __init__(self, keeper: Keeper, pid: int, log: Path, root: Path, about: str) -> None:
        self.keeper, self.pid, self.root, self.about = keeper, pid, root, about
        self._log = log
        self._last_log: str | None = None

    def logs(self) -> str:
        """Return the log, or the end of a very long one; after :meth:`close`, the log up to that time."""
        if self._last_log is not None:
            return self._last_log
        with self._log.open("rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - distribution.LOG_BYTES))
            return log.read().decode(errors="replace")

    def tree(self) -> StorageTree:
        """Return the storage directory; a temporary one is empty after closing."""
        return StorageTree.of_directory(self.root)

    def ended(self) -> bool:
        """Whether the process has stopped."""
        return self.keeper.status(self.pid) is not None

    def close(self) -> None:
        """Stop the process, and delete a temporary storage directory; a second call does nothing."""
        if self._last_log is None:
            self._last_log = self.logs()
            self.distribution_access.close()
            self.keeper.close()

    def lets_in(self, access: Access, given: DistributionAccess) -> None:
        """Keep the users, and the token server to stop at the end; ``about`` names the users."""
        self.access, self.distribution_access, self.about = access, given, f"{self.about}; {access.about}"


def open_native(
    binary: str | Path | None = None,
    root: str | Path | None = None,
    *,
    settings: Mapping[str, str] | None = None,
    auth: str | None = None,
    users: Mapping[str, str] | None = None,
    policy: Mapping[str, Any] | None = None,
    token_seconds: int | None = None,
) -> Registry:
    """Start a CNCF Distribution binary on a free loopback port.

    Parameters
    ----------
    binary: the path of the binary; by default ``$REGTUTOR_BINARY``, else ``docker-registry`` or ``registry`` on PATH.
    root: the storage directory, created if it does not exist, and kept; by default a temporary directory, which is
        deleted when the registry is closed.
    settings: changes to the bundled configuration, such as ``{"REGISTRY_STORAGE_DELETE_ENABLED": "false"}``.
    auth: ``token`` asks for tokens of a token server in a thread of this process; ``basic`` asks for a name and a
        password. The Registry has no credentials; ``reg.host.about`` names the users.
    users: name to password, for users who may do everything; by default the users of the lessons.
    policy: users with rules of their own, as plain data, with ``auth="token"``; see ``server.token.policy.policy_of``.
    token_seconds: how long a token is valid; by default 300.

    Returns
    -------
    A Registry; the binary stops when the Registry is closed or this process ends.

    Raises
    ------
    BackendMissing: if no binary is found, or it is not CNCF Distribution.
    BackendFailed: if the registry does not start; the error contains the end of its log.
    """
    program = distribution.find_binary(binary)
    own = distribution.checked_settings(settings)
    access = access_of(auth, users, policy, token_seconds)
    keeper, given = Keeper(), DistributionAccess()
    try:
        home = keeper.directory("native")
        storage = usable_directory(home / "storage" if root is None else Path(root))
        given = distribution_access(access, home)
        own = {"REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY": distribution.quoted(str(storage)), **given.settings, **own}
        host, address = _start(keeper, program, home / "log", storage, own)
        if access is not None:
            host.lets_in(access, given)
        return registry_of(host, f"http://{address}")
    except BaseException:
        given.close()
        keeper.close()
        raise


def _start(
    keeper: Keeper, program: Path, log: Path, storage: Path, settings: Mapping[str, str]
) -> tuple[NativeHost, str]:
    """Start the binary on a free port; if another program takes that port first, try another port."""
    for attempt in range(_ATTEMPTS):
        own_log = log.with_suffix(f".{attempt}")
        address = f"127.0.0.1:{_free_port()}"
        env = distribution.environment({**settings, "REGISTRY_HTTP_ADDR": address})
        pid = keeper.start([str(program), "serve", str(distribution.CONFIG)], env=env, log=own_log)
        host = NativeHost(
            keeper, pid, own_log, storage, f"CNCF Distribution {distribution.version(program)}, {program}"
        )
        if wait_until_ready(_listens(host, address), host.ended):
            return host, address
        if _TAKEN not in host.logs():
            break
    raise _failure(program, host)


def _listens(host: NativeHost, address: str) -> Callable[[], bool]:
    """Return a check that the registry itself listens, by its log: another program can have taken the port.

    After a second, the log is not required, because a log level can suppress the line.
    """
    soon = time.monotonic() + _SILENT_SECONDS
    return lambda: (_LISTENING in host.logs() or time.monotonic() > soon) and responds(address)


def _failure(program: Path, host: NativeHost) -> BackendFailed:
    status = host.keeper.status(host.pid)
    why = f"It ended with status {status}" if status is not None else f"It did not respond within {READY_SECONDS:g} s"
    return distribution.did_not_start(
        f"The registry {program}", why, host.logs(), 'Or use rt.open_registry("embedded"), which needs no binary'
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
