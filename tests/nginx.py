"""nginx in front of a registry, on free loopback ports, with a configuration that a test writes."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

_CONFIGURATION = """
daemon off; master_process off; worker_processes 1; pid {home}/nginx.pid; error_log {home}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi; client_max_body_size 0;
  server {{ listen 127.0.0.1:{port}{tls}; {certificate} {server} }}
}}
"""


@dataclass(frozen=True)
class Front:
    """Host and port of nginx, and the file of the CA that signed its certificate."""

    host: str
    ca_file: str


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def nginx(
    program: str, home: Path, server: str, *, tls: bool = False, names: tuple[str, ...] = ("127.0.0.1",)
) -> Iterator[Front]:
    """Run nginx with the directives ``server``; with ``tls`` its certificate is for ``names``."""
    home.mkdir(parents=True, exist_ok=True)
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(home / "ca.pem"))
    ca.issue_cert(*names).private_key_and_cert_chain_pem.write_to_path(str(home / "server.pem"))
    port = free_port()
    certificate = f"ssl_certificate {home}/server.pem; ssl_certificate_key {home}/server.pem;" if tls else ""
    text = _CONFIGURATION.format(
        home=home, port=port, tls=" ssl" if tls else "", certificate=certificate, server=server
    )
    (home / "nginx.conf").write_text(text)
    process = subprocess.Popen(
        [program, "-c", str(home / "nginx.conf"), "-p", str(home), "-e", str(home / "error.log")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port, process)
        yield Front(f"127.0.0.1:{port}", str(home / "ca.pem"))
    finally:
        process.terminate()
        process.wait(10)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert process.poll() is None and time.monotonic() < until, "nginx did not start"
            time.sleep(0.02)
        else:
            return
