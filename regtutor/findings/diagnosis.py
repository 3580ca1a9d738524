"""Traps, which detect a problem in an exchange, and the diagnoses that they yield.

A trap is a function of an exchange, decorated with :func:`trap`, which declares the endpoints, statuses and error codes
that it applies to. A diagnosis is a Finding that points at the line that shows the problem and states the next step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from regtutor.exchange import Exchange, HeaderView
from regtutor.findings.finding import Finding
from regtutor.protocol.citations import Citation, Document, Level


def issue(number: int, about: str, repository: str = "distribution/distribution") -> Citation:
    """Return a citation of an issue or pull request that describes a trap; by default, of CNCF Distribution."""
    url = f"https://github.com/{repository}/issues/{number}"
    return Citation(Document(f"{repository}#{number}", url), about)


Look = Callable[[Exchange], Iterator[Finding]]
"""A function that looks for one trap in an exchange and yields its diagnosis, if it finds the trap."""

REFUSED = tuple(range(400, 600))
"""The statuses of a refusal."""

NO_RESPONSE = (None,)
"""The status of an exchange without a final response."""


@dataclass(frozen=True)
class Trap:
    """A problem, and the exchanges in which to look for it.

    Attributes
    ----------
    name: the name of the function that looks for it.
    about: the first line of that function's docstring.
    endpoints: the names of the endpoints; empty for any request, including one that matches no endpoint.
    statuses: the statuses of the response; empty for any, None for no final response.
    codes: error codes, of which the response must have at least one; empty for any response.
    look: the function.
    of_pages: whether it also applies to a page that came instead of the API's response.
    """

    name: str
    about: str
    endpoints: frozenset[str]
    statuses: frozenset[int | None]
    codes: frozenset[str]
    look: Look
    of_pages: bool = False

    def is_for(self, endpoint: str, status: int | None, codes: Iterable[str]) -> bool:
        """Whether it applies to an exchange with this ``endpoint`` (``""`` for no endpoint), status and error codes."""
        return (
            (not self.endpoints or endpoint in self.endpoints)
            and (not self.statuses or status in self.statuses)
            and (not self.codes or not self.codes.isdisjoint(codes))
        )


def trap(
    *,
    endpoints: Iterable[str] = (),
    statuses: Iterable[int | None] = (),
    codes: Iterable[str] = (),
    of_pages: bool = False,
) -> Callable[[Look], Trap]:
    """Make a function a trap of the same name that applies only to these exchanges; see :class:`Trap`."""

    def made(look: Look) -> Trap:
        about = (look.__doc__ or "").partition("\n")[0]
        return Trap(look.__name__, about, frozenset(endpoints), frozenset(statuses), frozenset(codes), look, of_pages)

    return made


def diagnosis(
    name: str,
    meaning: str,
    next: str,
    citation: Citation,
    *,
    shown: tuple[str, str, str],
    level: Level,
    condition: str = "",
) -> Finding:
    """Return a diagnosis with this ``name``.

    Parameters
    ----------
    shown: the part, the line and the value that show the problem.
    level, condition: how strongly the cited clause requires the behavior that is missing, and when it does.
    """
    part, line, value = shown
    return Finding(line, part, name, value, meaning, level, citation, "diagnosis", next, condition=condition)


def by_request_line(exchange: Exchange) -> tuple[str, str, str]:
    """The problem is visible in the request line."""
    line = f"> {exchange.request.start_line}" if exchange.method else "* no request"
    return "request", line, exchange.target


def by_status(exchange: Exchange) -> tuple[str, str, str]:
    """The problem is visible in the status line."""
    return "response", f"< {exchange.response.start_line}" if exchange.response else "", str(exchange.status or "")


def by_sent(exchange: Exchange, name: str) -> tuple[str, str, str]:
    """The problem is visible in a header of the request: in its value, or because it is missing."""
    return _by_header(">", "request header", exchange.request_headers, name)


def by_received(exchange: Exchange, name: str) -> tuple[str, str, str]:
    """The problem is visible in a header of the response: in its value, or because it is missing."""
    return _by_header("<", "response header", exchange.headers, name)


def _by_header(mark: str, part: str, headers: HeaderView, name: str) -> tuple[str, str, str]:
    value = headers.get(name)
    return part, "" if value is None else f"{mark} {name}: {value}", value or ""


def codes_of(exchange: Exchange) -> tuple[str, ...]:
    """Return the error codes of the response, in order."""
    return exchange.codes
