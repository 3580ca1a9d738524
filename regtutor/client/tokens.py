"""The tokens of one registry: one for each set of scopes, until it expires."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from regtutor.protocol.tokens import Token

_TOKENS = 256


class HeldTokens:
    """Map sets of scopes to the tokens that were requested for them. The oldest are dropped after 256.

    Attributes
    ----------
    basic: whether the registry has required Basic.
    """

    def __init__(self) -> None:
        self.basic = False
        self._tokens: OrderedDict[frozenset[str], Token] = OrderedDict()

    def add(self, scopes: Iterable[str], token: Token) -> None:
        """Keep the token that was requested for ``scopes``."""
        key = frozenset(scopes)
        self._tokens.pop(key, None)
        self._tokens[key] = token
        if len(self._tokens) > _TOKENS:
            self._tokens.popitem(last=False)

    def find(self, scopes: Iterable[str]) -> Token | None:
        """Return the latest token that was requested for all of ``scopes``, or None if it is about to expire."""
        wanted = atoms(scopes)
        for key in reversed(list(self._tokens)):
            held = self._tokens.get(key)  # None: another thread has just dropped it
            if held is not None and not held.fresh:
                self._tokens.pop(key, None)
            elif held is not None and wanted <= atoms(key):
                return held
        return None

    def drop(self, token: Token) -> None:
        """Remove a token that the registry has refused."""
        for key in [key for key, held in list(self._tokens.items()) if held is token]:
            self._tokens.pop(key, None)

    def __repr__(self) -> str:
        return f"<HeldTokens: {len(self._tokens)}>"


def atoms(scopes: Iterable[str]) -> frozenset[str]:
    """Return each action of ``scopes`` as a separate scope."""
    found = set()
    for scope in scopes:
        resource, _, actions = scope.rpartition(":")
        found |= {f"{resource}:{action}" for action in actions.split(",")}
    return frozenset(found)
