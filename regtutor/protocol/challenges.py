"""The challenges of a 401: which schemes a server accepts, and with which parameters.

One ``WWW-Authenticate`` line can have several challenges, a response can have several lines, and commas separate both
challenges and their parameters. Each parameter belongs to the scheme that precedes it.

Sources: RFC 9110, 11.6.1 WWW-Authenticate <https://www.rfc-editor.org/rfc/rfc9110.html#section-11.6.1>; for the scheme
Bearer RFC 6750, 3 The WWW-Authenticate Response Header Field <https://www.rfc-editor.org/rfc/rfc6750.html#section-3>.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from regtutor.exchange import Exchange

# Possessive repetitions never match the same text twice, so that no text takes more than linear time.
_BETWEEN = re.compile(r"[\s,]*+")
_WORD = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++")
_EQUALS = re.compile(r"[ \t]*+=[ \t]*+")
_TOKEN68 = re.compile(r"[ \t]++([A-Za-z0-9\-._~+/]++=*+)[ \t]*+(?=,|\Z)")
_QUOTED = re.compile(r'"((?:[^"\\]++|\\.)*+)"?', re.DOTALL)
_BARE = re.compile(r'[^\s,"]*+')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True)
class Challenge:
    """One challenge: how a client can authenticate.

    Attributes
    ----------
    scheme: the authentication scheme as the server spells it, such as ``Basic`` or ``Bearer``; case is ignored.
    parameters: name in lower case -> value, quotes and escapes removed. The first of a repeated name counts, except
        that the values of a repeated ``scope`` are joined by a space.
    token68: the data of a scheme that has one text instead of parameters, or ``""``.
    """

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    token68: str = ""

    def is_of(self, scheme: str) -> bool:
        """Whether this is a challenge of ``scheme``, compared without case."""
        return self.scheme.lower() == scheme.lower()

    @property
    def realm(self) -> str:
        """For Bearer the address of the token server, otherwise a name to show to the user; ``""`` if it is missing."""
        return self.parameters.get("realm", "")

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes that a token must have for this request, such as ``repository:library/hello:pull,push``."""
        return tuple(self.parameters.get("scope", "").split())

    @property
    def error(self) -> str:
        """Why a token was refused, such as ``invalid_token`` or ``insufficient_scope``; ``""`` if it is missing."""
        return self.parameters.get("error", "")


def challenges(exchange: Exchange) -> tuple[Challenge, ...]:
    """Return the challenges of an exchange's response, in order; empty if it has no ``WWW-Authenticate``.

    Parameters
    ----------
    exchange: usually one with status 401.

    Source: RFC 9110, 11.6.1 WWW-Authenticate <https://www.rfc-editor.org/rfc/rfc9110.html#section-11.6.1>.
    """
    return parse_challenges(exchange.headers.all("WWW-Authenticate"))


def parse_challenges(lines: Iterable[str]) -> tuple[Challenge, ...]:
    """Return the challenges in the values of all ``WWW-Authenticate`` lines of one response.

    Malformed text is skipped, and the rest is still read. The time is linear in the length of the text.

    Parameters
    ----------
    lines: the values, in order; the parameters of a challenge may continue in the next line.
    """
    found: list[tuple[str, dict[str, str], str]] = []
    for line in lines:
        at = 0
        while at < len(line):
            at = _next_element(line, at, found)
    return tuple(Challenge(scheme, parameters, token68) for scheme, parameters, token68 in found)


def _next_element(line: str, at: int, found: list[tuple[str, dict[str, str], str]]) -> int:
    """Read one scheme or one parameter at ``at``, and return the position of the next one."""
    at = _BETWEEN.match(line, at).end()  # type: ignore[union-attr]  # it matches the empty text too
    word = _WORD.match(line, at)
    if word is None:
        quoted = _QUOTED.match(line, at)
        return quoted.end() if quoted else at + 1
    equals = _EQUALS.match(line, word.end())
    if equals is None:
        token68 = _TOKEN68.match(line, word.end())
        found.append((word[0], {}, token68[1] if token68 else ""))
        return token68.end() if token68 else word.end()
    value, end = _value(line, equals.end())
    if found:
        _add(found[-1][1], word[0].lower(), value)
    return end


def _value(line: str, at: int) -> tuple[str, int]:
    quoted = _QUOTED.match(line, at)
    if quoted is not None:
        return _ESCAPED.sub(r"\1", quoted[1]), quoted.end()
    bare = _BARE.match(line, at)
    assert bare is not None
    return bare[0], bare.end()


def _add(parameters: dict[str, str], name: str, value: str) -> None:
    if name == "scope" and name in parameters:
        value = f"{parameters[name]} {value}"
    elif name in parameters:
        return
    parameters[name] = value


def token_query(challenge: Challenge) -> list[tuple[str, str]]:
    """Return the pairs that a ``GET`` to the token server has for ``challenge``: its service, and a pair per scope."""
    service = challenge.parameters.get("service")
    return [*([("service", service)] if service else []), *(("scope", scope) for scope in challenge.scopes)]


def with_pairs(realm: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Return the address ``realm`` with ``name=value`` pairs appended, by ``?``, or by ``&`` if it has a query.

    ``realm`` is not changed, except that a fragment is removed, because a fragment is never sent.

    Parameters
    ----------
    realm: the address of a token server, as its challenge gives it.
    pairs: names and values, in order; a name may be repeated.
    """
    address = realm.partition("#")[0]
    query = "&".join(f"{quote(name)}={quote(value, safe='/:,')}" for name, value in pairs)
    if not query:
        return address
    return f"{address}{'' if address.endswith(('?', '&')) else '&' if '?' in address else '?'}{query}"
