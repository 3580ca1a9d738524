"""Scopes: which actions on which resources a token is asked for, and which ones it carries.

Source: CNCF Distribution 2.8.3, "Token Scope Documentation", "Resource Scope Grammar"
<https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/scope.md#resource-scope-grammar>.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

ANY_ACTION = "*"

# The name may hold one colon, that of a port: the last colon ends the name.
_SCOPE = re.compile(
    r"(?P<type>[a-z0-9]+)(?:\((?P<class>[a-z0-9]+)\))?:(?P<name>[^\s\"\\]+):(?P<actions>[a-z*]*(?:,[a-z*]*)*)"
)


class MalformedScope(ValueError):
    """A text that is not ``TYPE:NAME:ACTION,ACTION``; its argument is the text."""


@dataclass(frozen=True)
class Scope:
    """Actions on one resource.

    Attributes
    ----------
    type, name: the resource, such as ``repository`` and ``library/hello``.
    actions: such as ``pull`` and ``push``, in order.
    resource_class: what follows the type in parentheses; empty without.
    """

    type: str
    name: str
    actions: tuple[str, ...]
    resource_class: str = ""

    def __str__(self) -> str:
        kind = f"{self.type}({self.resource_class})" if self.resource_class else self.type
        return f"{kind}:{self.name}:{','.join(self.actions)}"

    def within(self, allowed: Iterable[str]) -> Scope:
        """The scope with those of its actions that are allowed; ``*`` asks for every allowed action."""
        permitted = tuple(dict.fromkeys(allowed))
        if ANY_ACTION in self.actions:
            return replace(self, actions=permitted)
        everything = ANY_ACTION in permitted
        return replace(self, actions=tuple(name for name in self.actions if everything or name in permitted))

    def entry(self) -> dict[str, Any]:
        """The entry of the token's ``access`` claim."""
        kind = {"class": self.resource_class} if self.resource_class else {}
        return {"type": self.type, **kind, "name": self.name, "actions": list(self.actions)}

    def is_granted_by(self, access: Any) -> bool:
        """Whether the ``access`` claim of a token grants every action; a malformed claim grants nothing."""
        granted: set[str] = set()
        for entry in access if isinstance(access, list) else []:
            same = isinstance(entry, dict) and (entry.get("type"), entry.get("name")) == (self.type, self.name)
            actions = entry.get("actions") if same else None
            granted.update(name for name in actions if isinstance(name, str)) if isinstance(actions, list) else None
        return ANY_ACTION in granted or granted.issuperset(self.actions)


def parse_scopes(texts: Iterable[str]) -> tuple[Scope, ...]:
    """The scopes in ``texts``: each text holds any number of them, with blanks between.

    Two scopes for one resource become one scope with the actions of both.

    Raises
    ------
    MalformedScope: for a text that is outside of the grammar.
    """
    found: dict[tuple[str, str, str], Scope] = {}
    for text in (part for whole in texts for part in whole.split()):
        scope = _parsed(text)
        key = (scope.type, scope.resource_class, scope.name)
        before = found[key].actions if key in found else ()
        found[key] = replace(scope, actions=tuple(dict.fromkeys((*before, *scope.actions))))
    return tuple(found.values())


def _parsed(text: str) -> Scope:
    match = _SCOPE.fullmatch(text)
    if match is None:
        raise MalformedScope(text)
    actions = tuple(action for action in match["actions"].split(",") if action)
    return Scope(match["type"], match["name"], actions, match["class"] or "")
