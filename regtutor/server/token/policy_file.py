"""A policy in a file: JSON, or TOML if the name of the file ends with ``.toml``."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from regtutor.errors import ServerError
from regtutor.server.token.policy import Policy, policy_of

_MOST = 1024 * 1024
_EXAMPLE = (
    'For example {"users": {"ann": {"password": "...", "access": {"ann/*": "pull,push"}}}, "private": ["private/*"]}'
)


def policy_in(path: Path) -> Policy:
    """Read a policy.

    Parameters
    ----------
    path: the file; its fields are those of :func:`~regtutor.server.token.policy.policy_of`. A password in it is plain
        text or, better, a bcrypt hash.

    Raises
    ------
    ServerError: if the file cannot be read or parsed, or the policy is invalid. The error quotes nothing of the file.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MOST + 1).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8"
        raise ServerError(f"The policy {path} cannot be read", why, "Give a JSON or TOML file") from error
    if len(text) > _MOST:
        raise ServerError(f"The policy {path} is too long", f"it has more than {_MOST:,} characters", _EXAMPLE)
    try:
        data = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "it cannot be parsed"
        raise ServerError(f"The policy {path} is malformed", where, _EXAMPLE) from None
    if not isinstance(data, dict):
        raise ServerError(f"The policy {path} is malformed", "it is not an object", _EXAMPLE)
    return policy_of(data)
