"""Credential helpers: programs called ``docker-credential-NAME`` that keep passwords in a keychain.

A helper is run without a shell, with limits on its time and its output. Its output is never shown.

Source: docker-credential-helpers, "Development"
<https://github.com/docker/docker-credential-helpers#development>.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from threading import Thread

from regtutor.client.credentials import Credentials
from regtutor.errors import InvalidCredentials, InvalidManifest, UnusableAuthFile
from regtutor.protocol.bounded_json import parse_json

TIME_LIMIT = 10.0
"""Seconds that a helper may take."""

_LIMIT = 1024 * 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_NOT_FOUND = b"credentials not found"


def ask_helper(name: str, server: str) -> Credentials | None:
    """Return the credentials that a helper has for ``server``, or None.

    Parameters
    ----------
    name: the part of the program's name after ``docker-credential-``.
    server: the registry, as the file that names the helper spells it.

    Raises
    ------
    UnusableAuthFile: if the helper does not exist, fails, takes too long or prints something else.
    """
    program = shutil.which(f"docker-credential-{name}") if _NAME.fullmatch(name) else None
    if program is None:
        raise _failed(name, "the program does not exist")
    status, printed = _run(name, program, server)
    if status != 0:
        if _NOT_FOUND in printed:
            return None
        raise _failed(name, f"it ended with status {status}")
    try:
        fields = parse_json(printed, _LIMIT)
        username, secret = fields.get("Username"), fields.get("Secret")
    except InvalidManifest:
        raise _failed(name, "it did not print a JSON object") from None
    if not isinstance(username, str) or not isinstance(secret, str):
        raise _failed(name, "it printed no Username and no Secret")
    if not username and not secret:
        return None
    try:
        return Credentials(username, "", secret) if username == "<token>" else Credentials(username, secret)
    except InvalidCredentials as error:
        raise _failed(name, error.why) from None


def _run(name: str, program: str, server: str) -> tuple[int, bytes]:
    """Return its exit status and its output."""
    read: list[bytes] = []
    try:
        process = subprocess.Popen(
            [program, "get"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError as error:
        raise _failed(name, error.strerror or str(error)) from error
    reader = Thread(target=_converse, args=(process, server.encode(), read), daemon=True)
    reader.start()
    reader.join(TIME_LIMIT)
    try:
        if not read or len(read[0]) > _LIMIT:
            raise _failed(name, f"it ran for more than {TIME_LIMIT:g} s, or printed more than {_LIMIT:,} bytes")
        return process.wait(TIME_LIMIT), read[0]
    except subprocess.TimeoutExpired:
        raise _failed(name, f"it ran for more than {TIME_LIMIT:g} s") from None
    finally:
        process.kill()
        process.wait()


def _converse(process: subprocess.Popen[bytes], given: bytes, read: list[bytes]) -> None:
    """Write to and read from the helper, in a thread: a child of the helper can keep the pipe open after its end."""
    assert process.stdin is not None and process.stdout is not None
    with process.stdout:
        try:
            with process.stdin:
                process.stdin.write(given)
        except OSError:
            pass  # it reads nothing
        read.append(process.stdout.read(_LIMIT + 1))


def _failed(name: str, why: str) -> UnusableAuthFile:
    return UnusableAuthFile(
        f"The credential helper docker-credential-{name} gave no credentials",
        why,
        "Run it by hand to see the cause, or use --username",
    )
