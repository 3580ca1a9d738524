"""How a diagnosis is made: a Finding that points at the line that shows it and says what to try next."""

from __future__ import annotations

from regtutor.exchange import Exchange, HeaderView
from regtutor.findings.finding import Finding
from regtutor.protocol.citations import Citation, Document, Rule


def issue(number: int, about: str, repository: str = "distribution/distribution") -> Citation:
    """An issue or pull request, of CNCF Distribution if no other ``repository`` is named, where a trap was found."""
    url = f"https://github.com/{repository}/issues/{number}"
    return Citation(Document(f"{repository}#{number}", url), about)


def diagnosis(
    name: str, meaning: str, next: str, citation: Citation, *, shown: tuple[str, str, str], rule: Rule = "required"
) -> Finding:
    """A diagnosis called ``name``; ``shown`` is the part, the line and the value by which it shows."""
    part, line, value = shown
    return Finding(line, part, name, value, meaning, rule, citation, "diagnosis", next)


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
