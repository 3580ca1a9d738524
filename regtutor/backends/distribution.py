"""What the native and the container registry share: CNCF Distribution's binary, its settings, its log.

Knows how to recognise the binary and how to configure it; not how to start it.
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
VARIABLE = "REGTUTOR_BINARY"
PROGRAMS = ("docker-registry", "registry")  # Debian's and Ubuntu's name, and the project's own

_VERSION = re.compile(r"\A\S+ github\.com/(?:docker|distribution)/distribution\S* v?(\S+)")
_VERSION_SECONDS = 5.0
LOG_LINES = 20
_REASONS = ("panic:", "configuration error:", "Error:")  # a reason comes first, and a long stack trace after it
LOG_BYTES = 4 * 1024 * 1024

_HOW = (
    "Install it (Debian, Ubuntu: apt-get install docker-registry), or give its path: "
    'rt.open_registry("native", binary="/path/to/registry"), or use rt.open_registry("embedded"), which needs nothing'
)


def find_binary(binary: str | Path | None = None) -> Path:
    """Return the registry binary: ``binary``, else ``$REGTUTOR_BINARY``, else the first Distribution on PATH.

    Raises
    ------
    BackendMissing: if there is none, or ``binary`` is something else.
    """
    binary = binary or os.environ.get(VARIABLE)
    if binary:
        path = shutil.which(str(binary)) or str(binary)
        version(path)
        return Path(path).absolute()
    for program in PROGRAMS:
        found = shutil.which(program)
        if found is not None and _version_line(found)[0]:
            return Path(found).absolute()
    raise BackendMissing("There is no registry binary", f"neither {' nor '.join(PROGRAMS)} is on PATH", _HOW)


def version(binary: str | Path) -> str:
    """The version of a Distribution binary, such as ``2.8.2+ds1``.

    Raises
    ------
    BackendMissing: if the file is no Distribution binary.
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
        return "", f"it did not answer --version within {_VERSION_SECONDS:g} s"
    except OSError as error:
        return "", f"it cannot be run: {error.strerror or error}"
    text = done.stdout.decode(errors="replace")
    match = _VERSION.match(text)
    first = (text or done.stderr.decode(errors="replace")).strip().partition("\n")[0][:120]
    return (match[1], "") if match else ("", f"to --version it answers {first!r}")


def checked_settings(settings: Mapping[str, str] | None) -> dict[str, str]:
    """The learner's own settings, ``REGISTRY_...`` variables, with those that every registry of ours gets.

    Source: Distribution, "Configuring a registry", "Override specific configuration options"
    <https://distribution.github.io/distribution/about/configuration/#override-specific-configuration-options>.

    Raises
    ------
    BackendFailed: for a name that Distribution would not look at.
    """
    for name in settings or {}:
        if not name.startswith("REGISTRY_"):
            raise BackendFailed(
                f"{name} is not a setting of the registry",
                "Distribution looks at variables that are REGISTRY_ and then the path in its configuration",
                'For example settings={"REGISTRY_STORAGE_DELETE_ENABLED": "false"}',
            )
    # Version 3 would otherwise look for a trace collector, and log that there is none.
    return {"OTEL_TRACES_EXPORTER": "none", "REGISTRY_HTTP_SECRET": secrets.token_hex(16), **(settings or {})}


def quoted(value: str) -> str:
    """A text as a setting: Distribution reads values as YAML, of which a JSON string is a part."""
    return json.dumps(value)


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with ``settings``, and with no other setting of a registry that may stand in it."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("REGISTRY_", "OTEL_"))}
    return {**own, **settings}


def did_not_start(what: str, why: str, log: str, instead: str) -> BackendFailed:
    """The error for a registry that was started in vain, with the part of its log that tells the reason."""
    lines = log.splitlines()
    # Not always at a line's start: an engine may join what the registry wrote in pieces.
    reason = next((at for at, line in enumerate(lines) if any(word in line for word in _REASONS)), None)
    shown = lines[-LOG_LINES:] if reason is None else lines[reason : reason + LOG_LINES]
    next_ = f"Read its log below; a wrong setting is named there. {instead}"
    return BackendFailed(f"{what} did not start", why, next_, log="\n".join(shown))
