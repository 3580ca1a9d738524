"""The embedded registry behind each of its doors: over HTTP or TLS, for everybody or with a password."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bcrypt

from regtutor.backends.local_host import LocalHost
from regtutor.backends.opening import open_registry
from regtutor.client.registry import Registry
from regtutor.protocol.endpoints import parse

NAME, PASSWORD = "ann", "pass-word-1"

DOORS = ("http", "tls", "password", "tls and password")


@dataclass(frozen=True)
class Door:
    """How clients come in.

    Attributes
    ----------
    reg: the registry, as somebody whom it lets in.
    home: a directory for a client's own settings.
    ca_file: what its certificate is signed by; None over plain HTTP.
    password: what it asks NAME for; None if it asks nobody.
    """

    reg: Registry
    home: Path
    ca_file: Path | None
    password: str | None

    @property
    def host(self) -> str:
        """Host and port, as references begin."""
        return self.reg.url.partition("://")[2]

    def trust(self, side: str = "") -> tuple[str, ...]:
        """Options of skopeo, podman and buildah; ``side`` is ``src-`` or ``dest-`` for commands that have two."""
        return (f"--{side}cert-dir", str(self.ca_file.parent)) if self.ca_file else (f"--{side}tls-verify=false",)

    def flags(self, side: str = "") -> tuple[str, ...]:
        """The same, with name and password where they are asked for."""
        creds = (f"--{side}creds", f"{NAME}:{self.password}") if self.password else ()
        return (*self.trust(side), *creds)

    def settings(self, *, logged_in: bool = False) -> dict[str, str]:
        """The same as files, for commands that have no such options; the variables that name them.

        The password is there only when ``logged_in``, as ``login`` would have written it.
        """
        if self.ca_file:
            self._write(f".config/containers/certs.d/{self.host}/ca.crt", self.ca_file.read_text())
        self._write(
            "registries.conf", "" if self.ca_file else f'[[registry]]\nlocation = "{self.host}"\ninsecure = true\n'
        )
        auth = base64.b64encode(f"{NAME}:{self.password}".encode()).decode()
        written = json.dumps({"auths": {self.host: {"auth": auth}} if logged_in and self.password else {}})
        self._write("auth.json", written)
        self._write(".docker/config.json", written)  # podman manifest inspect (4.3) looks nowhere else
        return {
            "HOME": str(self.home),
            "REGISTRY_AUTH_FILE": str(self.home / "auth.json"),
            "CONTAINERS_REGISTRIES_CONF": str(self.home / "registries.conf"),
        }

    def _write(self, name: str, text: str) -> None:
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def sent(self) -> Counter[str]:
        """How often each documented request was let in so far, as ``METHOD name status``; but for ``GET /v2/``."""
        return Counter(f"{method} {name} {status}" for method, name, status in self._requests() if status != "401")

    def refused(self) -> Counter[str]:
        """How often each was answered 401, as ``METHOD name``."""
        return Counter(f"{method} {name}" for method, name, status in self._requests() if status == "401")

    def _requests(self) -> Iterator[tuple[str, str, str]]:
        for line in self.reg.logs().splitlines():
            _, _, method, target, status, *_ = line.split()
            match = parse(method, target) or parse("GET", target)
            if match is not None and match.endpoint.name != "check_api":
                yield method, match.endpoint.name, status


@contextmanager
def open_door(kind: str, folder: Path) -> Iterator[Door]:
    options: dict[str, Any] = {"tls": "tls" in kind}
    password = PASSWORD if "password" in kind else None
    if password:
        options["htpasswd"] = folder / "htpasswd"
        hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
        options["htpasswd"].write_text(f"{NAME}:{hashed}\n")
    with open_registry("embedded", quiet=True, **options) as reg:
        assert isinstance(reg.host, LocalHost)
        allowed = reg.with_auth(NAME, password) if password else reg
        (folder / "home").mkdir()
        yield Door(allowed, folder / "home", reg.host.ca_file, password)
        assert PASSWORD not in reg.logs()
