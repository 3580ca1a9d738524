"""CNCF Distribution's binary, settings and log, for the native and the container back end.

This module recognizes and configures the binary; it does not start it.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from regtutor.errors import BackendFailed, BackendMissing

CONTAINER_FILES = Path(__file__).with_name("container")
CONFIG = CONTAINER_FILES / "config.yml"
PROGRAMS = ("docker-registry", "registry")  # the name in Debian and Ubuntu, and the name that the project uses

_VERSION = re.compile(r"\A\S+ github\.com/(?:docker|distribution)/distribution\S* v?(\S+)")
_VERSION_SECONDS = 5.0
LOG_LINES = 20
_REASONS = ("panic:", "configuration error:", "Error:")  # the reason comes before a long stack trace
LOG_BYTES = 4 * 1024 * 1024

_HOW = (
    "Install it (Debian, Ubuntu: apt-get install docker-registry), or give its path: "
    'rt.open_registry("native", binary="/path/to/registry"), or use rt.open_registry("embedded"), which needs no binary'
)


def find_binary(binary: str | Path | None = None) -> Path:
    """Return the registry binary: ``binary`` itself, or the first program on PATH that is CNCF Distribution.

    Raises
    ------
    BackendMissing: if no binary is found, or ``binary`` is not CNCF Distribution.
    """
    if binary is not None:
        path = shutil.which(str(binary)) or str(binary)
        version(path)
        return Path(path).absolute()
    for program in PROGRAMS:
        found = shutil.which(program)
        if found is not None and _version_line(found)[0]:
            return Path(found).absolute()
    raise BackendMissing("No registry binary was found", f"neither {' nor '.join(PROGRAMS)} is on PATH", _HOW)


def version(binary: str | Path) -> str:
    """Return the version of a Distribution binary, such as ``2.8.2+ds1``.

    Raises
    ------
    BackendMissing: if the file is not a Distribution binary.
    """
    found, why = _version_line(binary)
    if not found:
        raise BackendMissing(f"{binary} is not a CNCF Distribution registry", why, _HOW)
    return found


def _version_line(binary: str | Path) -> tuple[str, str]:
    try:
        done = subprocess.run(
            [str(binary), "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_VERSION_SECONDS,
            env=environment({}),
        )
    except subprocess.TimeoutExpired:
        return "", f"it did not respond to --version within {_VERSION_SECONDS:g} s"
    except OSError as error:
        return "", f"it cannot be run: {error.strerror or error}"
    text = done.stdout.decode(errors="replace")
    match = _VERSION.match(text)
    first = (text or done.stderr.decode(errors="replace")).strip().partition("\n")[0][:120]
    return (match[1], "") if match else ("", f"with --version it prints {first!r}")


def checked_settings(settings: Mapping[str, str] | None) -> dict[str, str]:
    """Return the learner's settings (``REGISTRY_...`` variables), with the settings of every registry that we start.

    Source: Distribution, "Configuring a registry", "Override specific configuration options"
    <https://distribution.github.io/distribution/about/configuration/#override-specific-configuration-options>.

    Raises
    ------
    BackendFailed: for a name that Distribution would ignore.
    """
    for name in settings or {}:
        if not name.startswith("REGISTRY_"):
            raise BackendFailed(
                f"{name} is not a setting of the registry",
                "Distribution reads variables whose names are REGISTRY_ and the path in its configuration",
                'Use, for example, settings={"REGISTRY_STORAGE_DELETE_ENABLED": "false"}',
            )
    # Otherwise version 3 would try to reach a trace collector, and log that it cannot.
    return {"OTEL_TRACES_EXPORTER": "none", "REGISTRY_HTTP_SECRET": secrets.token_hex(16), **(settings or {})}


def quoted(value: str) -> str:
    """Return a text as a setting: Distribution reads values as YAML, and a JSON string is valid YAML."""
    return json.dumps(value)


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of this process with ``settings``, and without any other settings of a registry."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("REGISTRY_", "OTEL_"))}
    return {**own, **settings}


def did_not_start(what: str, why: str, log: str, instead: str) -> BackendFailed:
    """Return the error for a registry that did not start, with the part of its log that contains the reason."""
    lines = log.splitlines()
    # The reason is not always at the start of a line: an engine can join separate writes of the registry.
    reason = next((at for at, line in enumerate(lines) if any(word in line for word in _REASONS)), None)
    shown = lines[-LOG_LINES:] if reason is None else lines[reason : reason + LOG_LINES]
    next_ = f"Read its log below; if a setting is wrong, the log names it. {instead}"
    return BackendFailed(f"{what} did not start", why, next_, log="\n".join(shown))
