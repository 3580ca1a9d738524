"""How a diagnosis is made: a trap says which exchanges it is for, and makes a Finding of what it sees in one of them.

A trap is a function of an exchange under :func:`trap`, which declares endpoints, statuses and error codes. The Finding
points at the line that shows what is wrong, and says what to try next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from regtutor.exchange import Exchange, HeaderView
from regtutor.findings.finding import Finding
from regtutor.protocol.citations import Citation, Document, Rule


def issue(number: int, about: str, repository: str = "distribution/distribution") -> Citation:
    """An issue or pull request, of CNCF Distribution if no other ``repository`` is named, where a trap was found."""
    url = f"https://github.com/{repository}/issues/{number}"
    return Citation(Document(f"{repository}#{number}", url), about)


Look = Callable[[Exchange], Iterator[Finding]]
"""Looks for one trap in an exchange, and yields its diagnosis, if it is there."""

REFUSED = tuple(range(400, 600))
"""The statuses of a refusal."""

NO_RESPONSE = (None,)
"""The status of an exchange without a final response."""


@dataclass(frozen=True)
class Trap:
    """Something that can be wrong, and the exchanges in which it is looked for.

    Attributes
    ----------
    name: of the function that looks for it.
    about: the first line of the function's docstring.
    endpoints: the names of the endpoints; empty for any request, also one that is no endpoint's.
    statuses: the statuses of the response; empty for any, None for no final response.
    codes: error codes of which the response has at least one; empty for any response.
    look: the function.
    """

    name: str
    about: str
    endpoints: frozenset[str]
    statuses: frozenset[int | None]
    codes: frozenset[str]
    look: Look

    def is_for(self, endpoint: str, status: int | None, codes: Iterable[str]) -> bool:
        """Whether it is looked for in an exchange with this ``endpoint`` (``""`` for none), status and error codes."""
        return (
            (not self.endpoints or endpoint in self.endpoints)
            and (not self.statuses or status in self.statuses)
            and (not self.codes or not self.codes.isdisjoint(codes))
        )


def trap(
    *, endpoints: Iterable[str] = (), statuses: Iterable[int | None] = (), codes: Iterable[str] = ()
) -> Callable[[Look], Trap]:
    """Make a function the trap of its name, which is looked for in these exchanges only; see :class:`Trap`."""

    def made(look: Look) -> Trap:
        about = (look.__doc__ or "").partition("\n")[0]
        return Trap(look.__name__, about, frozenset(endpoints), frozenset(statuses), frozenset(codes), look)

    return made


def diagnosis(
    name: str,
    meaning: str,
    next: str,
    citation: Citation,
    *,
    shown: tuple[str, str, str],
    rule: Rule,
    condition: str = "",
) -> Finding:
    """A diagnosis called ``name``.

    Parameters
    ----------
    shown: the part, the line and the value by which it shows.
    rule, condition: how strongly the clause that is cited asks for what was not done, and where it does.
    """
    part, line, value = shown
    return Finding(line, part, name, value, meaning, rule, citation, "diagnosis", next, condition=condition)


def by_request_line(exchange: Exchange) -> tuple[str, str, str]:
    """The request line shows it."""
    line = f"> {exchange.request.start_line}" if exchange.method else "* no request"
    return "request", line, exchange.target


def by_status(exchange: Exchange) -> tuple[str, str, str]:
    """The status line shows it."""
    return "response", f"< {exchange.response.start_line}" if exchange.response else "", str(exchange.status or "")


def by_sent(exchange: Exchange, name: str) -> tuple[str, str, str]:
    """A header of the request shows it, by its value or by not being there."""
    return _by_header(">", "request header", exchange.request_headers, name)


def by_received(exchange: Exchange, name: str) -> tuple[str, str, str]:
    """A header of the answer shows it, by its value or by not being there."""
    return _by_header("<", "response header", exchange.headers, name)


def _by_header(mark: str, part: str, headers: HeaderView, name: str) -> tuple[str, str, str]:
    value = headers.get(name)
    return part, "" if value is None else f"{mark} {name}: {value}", value or ""


def codes_of(exchange: Exchange) -> tuple[str, ...]:
    """The error codes of the answer, in order."""
    return tuple(str(entry.get("code", "")) for entry in exchange.errors)
