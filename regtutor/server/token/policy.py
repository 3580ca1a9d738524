"""The rights of users in a registry, as data: users, private repositories, namespaces.

A pattern names repositories: ``*`` every repository, ``alice/*`` those of one namespace, ``private/plans`` one alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from regtutor.errors import ServerError
from regtutor.server.token.scopes import ANY_ACTION, Scope

ACTIONS = ("pull", "push", "delete")

_NAME = re.compile(r"(?!#)[^:\x00-\x1f\x7f]+")  # what an entry of a password file can hold

_EXAMPLE = (
    "For example policy={'users': {'ann': {'password': '...', 'access': {'*': 'pull', 'ann/*': 'pull,push'}}}, "
    "'private': ['private/*']}"
)


@dataclass(frozen=True)
class User:
    """One user.

    Attributes
    ----------
    name: without a colon (RFC 7617, section 2).
    password: in plain text, or its bcrypt hash; repr does not show it.
    access: for each pattern the actions that the user may take, such as ``{"alice/*": ("pull", "push", "delete")}``.
    catalog: whether the user may list the repositories.
    """

    name: str
    password: str = field(repr=False)
    access: Mapping[str, tuple[str, ...]]
    catalog: bool = False


@dataclass(frozen=True)
class Policy:
    """The rules of a registry.

    Attributes
    ----------
    users: by name.
    private: patterns of the repositories that only users with access to them may pull.
    public_pull: whether everybody, also without a name, may pull the other repositories.
    """

    users: Mapping[str, User]
    private: tuple[str, ...] = ()
    public_pull: bool = True

    def allowed(self, account: str, scope: Scope) -> tuple[str, ...]:
        """The actions that ``account`` may take on the resource of ``scope``; an empty account is anonymous."""
        user = self.users.get(account)
        if (scope.type, scope.name) == ("registry", "catalog"):
            return (ANY_ACTION,) if user is not None and user.catalog else ()
        if scope.type != "repository":
            return ()
        own = user.access.items() if user is not None else ()
        granted = {action for pattern, actions in own if fnmatchcase(scope.name, pattern) for action in actions}
        if self.public_pull and not any(fnmatchcase(scope.name, pattern) for pattern in self.private):
            granted.add("pull")
        return tuple(action for action in ACTIONS if action in granted)


def full_access(users: Mapping[str, str]) -> Policy:
    """The policy under which each of ``users``, name and password, may do everything; everybody may pull.

    Raises
    ------
    ServerError: for a name or a password that Basic cannot carry.
    """
    return Policy({name: _checked(User(name, password, {"*": ACTIONS}, True)) for name, password in users.items()})


def policy_of(data: Mapping[str, Any]) -> Policy:
    """A policy from plain data.

    Parameters
    ----------
    data: ``users`` maps a name to ``password`` (plain text or a bcrypt hash), ``access`` (pattern to actions, with
        commas between) and ``catalog`` (true or false). ``private`` is a list of patterns, ``public_pull`` true or
        false.

    Raises
    ------
    ServerError: for a field, an action or a user that is invalid.
    """
    _known(data, ("users", "private", "public_pull"), "the policy")
    users = data.get("users", {})
    if not isinstance(users, Mapping):
        raise ServerError("The policy is invalid", "users is not a mapping from names to users", _EXAMPLE)
    private = data.get("private", ())
    if isinstance(private, str) or not all(isinstance(pattern, str) for pattern in private):
        raise ServerError("The policy is invalid", "private is not a list of patterns", _EXAMPLE)
    parsed = {name: _user_of(name, fields) for name, fields in users.items()}
    return Policy(parsed, tuple(private), bool(data.get("public_pull", True)))


def _user_of(name: str, fields: Any) -> User:
    if not isinstance(fields, Mapping):
        raise ServerError("The policy is invalid", f"the user {name!r} is not a mapping of fields", _EXAMPLE)
    _known(fields, ("password", "access", "catalog"), f"the user {name!r}")
    access = {
        pattern: tuple(action.strip() for action in actions.split(",") if action.strip())
        for pattern, actions in fields.get("access", {}).items()
    }
    wrong = [action for actions in access.values() for action in actions if action not in ACTIONS]
    if wrong:
        why = f"the user {name!r} has the action {wrong[0]!r}, and there are {', '.join(ACTIONS)}"
        raise ServerError("The policy is invalid", why, _EXAMPLE)
    return _checked(User(name, fields.get("password", ""), access, bool(fields.get("catalog", False))))


def _known(data: Mapping[str, Any], names: tuple[str, ...], where: str) -> None:
    unknown = [name for name in data if name not in names]
    if unknown:
        why = f"{where} has the field {unknown[0]!r}, and there are {', '.join(names)}"
        raise ServerError("The policy is invalid", why, _EXAMPLE)


def _checked(user: User) -> User:
    """``user``, whose password is never named in an error."""
    if not isinstance(user.name, str) or not _NAME.fullmatch(user.name):
        why = "it is empty, or has a colon, or begins with #"
        raise ServerError(f"The user name {user.name!r} is invalid", why, _EXAMPLE)
    if not isinstance(user.password, str) or not user.password or "\0" in user.password:
        raise ServerError(f"The user {user.name!r} has no usable password", "it is empty or not a text", _EXAMPLE)
    return user


LESSON_USERS: Mapping[str, Any] = {
    "learner": {"password": "learner-password", "access": {"*": "pull,push,delete"}, "catalog": True},
    "reader": {"password": "reader-password", "access": {"*": "pull"}},
    "alice": {"password": "alice-password", "access": {"alice/*": "pull,push,delete"}},
}
"""The users of the lessons. Their passwords are public: use them on loopback only."""

LESSON_POLICY = policy_of({"users": LESSON_USERS, "private": ["private/*"]})
"""learner may do everything, reader pulls everything, alice owns ``alice/*``. Everybody pulls what is not private."""
