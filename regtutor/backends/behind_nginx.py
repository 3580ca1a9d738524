"""A registry behind nginx with TLS, as in production: nginx ends TLS, and passes ``/v2/`` and ``/token`` on."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from typing import Any

from regtutor.backends.access import Access
from regtutor.backends.certificate import certificate_files
from regtutor.backends.keeper import Keeper
from regtutor.backends.opening import open_registry
from regtutor.backends.readiness import READY_SECONDS, responds, wait_until_ready
from regtutor.client.connect import registry_of
from regtutor.client.registry import Registry
from regtutor.errors import BackendFailed, BackendMissing
from regtutor.storage_tree import StorageTree

VARIABLE = "REGTUTOR_NGINX"
"""The program, if it is not the ``nginx`` on PATH."""

_FOLDERS = "/usr/sbin:/usr/local/sbin:/usr/local/bin:/opt/homebrew/bin"  # a user's PATH on Debian has no /usr/sbin

CONFIGURATION = """\
daemon off; master_process off; pid {home}/pid; error_log {home}/log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        client_max_body_size 0;                       # a layer can have any size
        proxy_request_buffering off;                  # the registry sees a body as it arrives
        proxy_http_version 1.1;                       # or a body in chunks cannot pass
        proxy_set_header Host $http_host;             # with the port: Locations and the realm repeat it
        proxy_set_header X-Forwarded-Proto $scheme;   # or they would say http
        location / {{ proxy_pass {registry}; }}
        location = /token {{ proxy_pass {tokens}; }}
    }}
}}
"""
"""The configuration: what a registry behind nginx needs, and why."""


class NginxHost:
    """nginx, and the registry that it passes requests to.

    Attributes
    ----------
    name: such as ``native behind nginx``.
    registry: as it is without nginx: a Registry with its own URL.
    ca_file: signs nginx's certificate; the only file in its folder, for ``--cert-dir``.
    access: the users, if ``auth`` was given.
    """

    def __init__(self, keeper: Keeper, registry: Registry, ca_file: Path) -> None:
        self.registry, self.ca_file = registry, ca_file
        self.name = f"{registry.name} behind nginx"
        self.about = f"nginx with TLS in front of {getattr(registry.host, 'about', registry.url)}"
        self.access: Access | None = getattr(registry.host, "access", None)
        self._keeper = keeper

    def logs(self) -> str:
        """Return the log of the registry."""
        return self.registry.logs()

    def tree(self) -> StorageTree:
        """Return the storage of the registry."""
        return self.registry.tree()

    def close(self) -> None:
        """Stop nginx and the registry; a second call does nothing."""
        self._keeper.close()
        self.registry.close()


def open_behind_nginx(which: str = "embedded", *, auth: str | None = "token", **options: Any) -> Registry:
    """Start a registry, and nginx with TLS in front of it, both on free loopback ports.

    Parameters
    ----------
    which: ``embedded``, ``native`` or ``container``.
    auth, options: as for ``open_registry``. With ``token``, the realm in the registry's challenges is ``/token`` at
        nginx, which passes it to the token server.

    Returns
    -------
    A Registry that trusts nginx's certificate, whose CA is ``reg.host.ca_file``. nginx and the registry stop when it is
    closed or this process ends.

    Raises
    ------
    BackendMissing: if neither ``$REGTUTOR_NGINX`` nor ``nginx`` is installed, or as ``open_registry`` does.
    BackendFailed: if nginx does not start; the error contains its log.
    """
    program = _program()
    port = _free_port()
    url = f"https://127.0.0.1:{port}"
    registry = open_registry(which, quiet=True, auth=auth, **_with_realm(which, auth, url, options))
    keeper = None
    try:
        keeper = Keeper()
        ca_file = _start(keeper, program, port, registry)
    except BaseException:
        if keeper is not None:
            keeper.close()
        registry.close()
        raise
    return registry_of(NginxHost(keeper, registry, ca_file), url, ca_file)


def _program() -> str:
    name = os.environ.get(VARIABLE) or "nginx"
    program = shutil.which(name) or shutil.which(name, path=_FOLDERS)
    if program is None:
        raise BackendMissing(
            f"{name} is not installed", "it is not on PATH", "On Debian and Ubuntu, run apt-get install nginx-light"
        )
    return program


def _with_realm(which: str, auth: str | None, url: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return ``options`` with the address of nginx as the realm: Distribution does not take it from Host, as we do."""
    if which == "embedded" or auth != "token":
        return options
    return {**options, "settings": {"REGISTRY_AUTH_TOKEN_REALM": f"{url}/token", **options.get("settings", {})}}


def _start(keeper: Keeper, program: str, port: int, registry: Registry) -> Path:
    """Start nginx, and return the file of its CA."""
    home, trust = keeper.directory("nginx"), keeper.directory("ca")
    files = certificate_files("127.0.0.1", home, trust)
    server = getattr(getattr(registry.host, "distribution_access", None), "server", None)
    configuration = CONFIGURATION.format(
        home=home,
        port=port,
        certificate=files.certificate,
        key=files.key,
        registry=registry.url,
        tokens=server.url if server else registry.url,
    )
    (home / "nginx.conf").write_text(configuration)
    log = home / "log"
    pid = keeper.start([program, "-p", f"{home}/", "-c", str(home / "nginx.conf"), "-e", str(log)], env=None, log=log)
    if not wait_until_ready(lambda: responds(f"127.0.0.1:{port}"), lambda: keeper.status(pid) is not None):
        status = keeper.status(pid)
        why = f"it ended with status {status}" if status is not None else f"no response within {READY_SECONDS:g} s"
        shown = log.read_text(errors="replace")[-2000:] if log.exists() else ""
        raise BackendFailed("nginx did not start", why, "Read its log below, and start it again", log=shown)
    return files.ca_file


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
