"""Credentials that other programs have stored: auth files of podman, skopeo and docker, and credential helpers.

A file is a JSON object whose ``auths`` has a key for each registry, or for a repository in it, with user name and
password in base64. ``credHelpers`` and ``credsStore`` name programs that are run instead.

Sources: containers-auth.json(5) <https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md>;
docker login, "Credential stores" <https://docs.docker.com/reference/cli/docker/login/#credential-stores>.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regtutor.client.credentials import Credentials
from regtutor.errors import CannotSave, InvalidCredentials, InvalidManifest, UnusableAuthFile
from regtutor.private_file import private_file
from regtutor.protocol.bounded_json import parse_json

HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")
"""The names of Docker Hub; its key is a URL: ``https://index.docker.io/v1/``."""

_HUB_KEY = "https://index.docker.io/v1/"
_LIMIT = 4 * 1024 * 1024
_LEGACY = re.compile(r"https?://([^/]+)(?:/.*)?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Stored:
    """Stored credentials, and their ``source``: a file, or a helper that a file names."""

    credentials: Credentials
    source: str


def auth_files(environ: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """Return the auth files to read, in order.

    The file that REGISTRY_AUTH_FILE names is the only one. Without it: podman's file, the file in the user's
    configuration, and docker's file.
    """
    if environ.get("REGISTRY_AUTH_FILE"):
        return (Path(environ["REGISTRY_AUTH_FILE"]),)
    home = Path(environ.get("HOME") or Path.home())
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    docker = Path(environ.get("DOCKER_CONFIG") or home / ".docker")
    return (*_runtime(environ, home), config / "containers/auth.json", docker / "config.json")


def default_auth_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the file that a login writes, the same as podman's."""
    return auth_files(environ)[0]


def _runtime(environ: Mapping[str, str], home: Path) -> tuple[Path, ...]:
    if environ.get("XDG_RUNTIME_DIR"):
        return (Path(environ["XDG_RUNTIME_DIR"]) / "containers/auth.json",)
    if not home.is_dir():
        return ()
    folder = Path(f"/run/containers/{home.stat().st_uid}")
    return (folder / "auth.json",) if folder.is_dir() and os.access(folder, os.W_OK) else ()


def stored_credentials(
    host: str, repository: str = "", *, path: Path | None = None, environ: Mapping[str, str] = os.environ
) -> Stored | None:
    """Return the credentials that are stored for a registry, or None.

    In each file the most specific key counts: ``host/namespace/name`` before ``host/namespace`` before ``host``.

    Parameters
    ----------
    host: host and port, as they are written in a reference.
    repository: the repository that the credentials are for, or ``""``.
    path: the only file to read; by default :func:`auth_files`.

    Raises
    ------
    UnusableAuthFile: if a file cannot be read, or a helper does not work.
    """
    for file in auth_files(environ) if path is None else (path,):
        content = _read(file)
        for key in _keys(host, repository):
            found = _in_file(content, key, file)
            if found is not None:
                return found
    return None


def _keys(host: str, repository: str) -> Iterator[str]:
    parts = repository.split("/") if repository else []
    names = HUB if host.lower() in HUB else (host,)
    for size in range(len(parts), -1, -1):
        yield from ("/".join((name, *parts[:size])) for name in names)


def _in_file(content: Mapping[str, Any], key: str, file: Path) -> Stored | None:
    helper = _helper(content, key)
    if helper:
        from regtutor.client.credential_helpers import ask_helper  # only here: most files name none

        given = ask_helper(helper, _HUB_KEY if key in HUB else key)
        if given is not None:
            return Stored(given, f"docker-credential-{helper}, which {file} names")
    auths = content.get("auths")
    for name, entry in auths.items() if isinstance(auths, Mapping) else ():
        if _same(name, key) and isinstance(entry, Mapping):
            held = _entry(entry, name, file)
            if held is not None:
                return Stored(held, str(file))
    return None


def _helper(content: Mapping[str, Any], key: str) -> str:
    """Return the helper for ``key``, or ``""``; the general store has only whole registries."""
    named = content.get("credHelpers")
    for name, helper in named.items() if isinstance(named, Mapping) else ():
        if _same(name, key) and isinstance(helper, str):
            return helper
    store = content.get("credsStore")
    return store if isinstance(store, str) and "/" not in key else ""


def _same(name: str, key: str) -> bool:
    """Return whether an entry is for ``key``. Docker's old names are URLs, of which only the host counts."""
    legacy = _LEGACY.fullmatch(name)
    host, slash, rest = (legacy[1] if legacy else name).partition("/")
    wanted, other_slash, other = key.partition("/")
    if host.lower() in HUB and wanted.lower() in HUB:
        host = wanted
    return (host.lower(), slash, rest) == (wanted.lower(), other_slash, other)


def _entry(entry: Mapping[str, Any], name: str, file: Path) -> Credentials | None:
    identity = entry.get("identitytoken")
    identity = identity if isinstance(identity, str) else ""
    username, password = entry.get("username"), entry.get("password")
    if isinstance(entry.get("auth"), str) and entry["auth"]:
        username, password = _decoded(entry["auth"], name, file)
    if not isinstance(username, str) or not (username or identity):
        return Credentials("<token>", "", identity) if identity else None
    try:
        return Credentials(username, password if isinstance(password, str) else "", identity)
    except InvalidCredentials as error:
        raise _unusable(file, f"its entry for {name!r} has a user name that cannot be sent") from error


def _decoded(text: str, name: str, file: Path) -> tuple[str, str]:
    try:
        username, colon, password = base64.b64decode(text, validate=True).decode().rstrip("\0").partition(":")
    except (binascii.Error, ValueError):
        colon = ""
    if not colon:
        raise _unusable(file, f'the "auth" of its entry for {name!r} is not a user name and a password in base64')
    return username, password


def _read(file: Path) -> dict[str, Any]:
    """Return the content of a file; empty if it does not exist."""
    try:
        with file.open("rb") as opened:
            data = opened.read(_LIMIT + 1)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise _unusable(file, error.strerror or str(error)) from error
    if not data.strip():
        return {}
    try:
        return parse_json(data, _LIMIT)
    except InvalidManifest as error:
        raise _unusable(file, error.why) from None  # the parser's error quotes nothing, and holds the whole text


def _unusable(file: Path, why: str) -> UnusableAuthFile:
    return UnusableAuthFile(
        f"The credentials in {file} cannot be used", why, "Correct or delete the file, or name another: --authfile FILE"
    )


def store_credentials(host: str, credentials: Credentials, path: Path) -> None:
    """Write the credentials for ``host`` to an auth file in podman's format; other entries do not change.

    Only their owner can read the file, and the folder if it is created.

    Raises
    ------
    UnusableAuthFile: if the file cannot be read or written.
    """
    content = _read(path)
    auths = content.get("auths")
    kept = {name: entry for name, entry in (auths if isinstance(auths, dict) else {}).items() if not _same(name, host)}
    pair = base64.b64encode(f"{credentials.username}:{credentials.password}".encode()).decode()
    _write(path, {**content, "auths": {**kept, host: {"auth": pair}}})


def remove_credentials(host: str, path: Path) -> bool:
    """Delete the entries for ``host`` from an auth file, and return whether there were any.

    Raises
    ------
    UnusableAuthFile: if the file cannot be read or written.
    """
    content = _read(path)
    auths = content.get("auths")
    if not isinstance(auths, dict):
        return False
    kept = {name: entry for name, entry in auths.items() if not _same(name, host)}
    if len(kept) == len(auths):
        return False
    _write(path, {**content, "auths": kept})
    return True


def _write(path: Path, content: Mapping[str, Any]) -> None:
    """Replace the file in one step; it is never readable by others and never incomplete."""
    whole = Path(os.path.realpath(path))
    try:
        whole.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with private_file(whole) as file:
            file.write((json.dumps(content, indent="\t") + "\n").encode())
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    except CannotSave as error:
        raise _unusable(path, error.why) from error
