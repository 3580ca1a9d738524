"""One exchange as plain JSON for a view: its lines in the order of the wire, explained, and the diagnoses.

Everything is bounded and made visible here (control characters and direction marks are written out), so that the
browser only has to draw it. This module does not depend on widgets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any

from regtutor.errors import InvalidArgument, InvalidHeader, InvalidURL
from regtutor.exchange import Exchange
from regtutor.findings import Finding, Findings, explain
from regtutor.findings.finding import legend
from regtutor.formats import curl
from regtutor.protocol.citations import Citation
from regtutor.protocol.text import cut, visible, visible_lines
from regtutor.widgets.exchange.body_text import body_text

MOST_ALIKE = 60
"""The most lines of one part of a message that are shown, such as the headers of a response."""

MOST_LINES = 300
"""The most lines of an exchange that are shown."""

LONGEST = 600
"""The most characters of a name, a value or a meaning that are shown."""

LONGEST_COMMAND = 16 * 1024
"""The most characters of a curl command that are shown."""

_WAYS = {">": "sent", "<": "received", "*": "said"}
_HEADER_PARTS = ("request header", "interim header", "response header")
_STATUS_PARTS = ("interim", "response")

Json = dict[str, Any]


def exchange_data(exchange: Exchange | None) -> Json:
    """Return an exchange as JSON for a view.

    Parameters
    ----------
    exchange: the record; None returns ``{"lines": []}``, which is displayed as nothing sent yet.

    Returns
    -------
    ``title``: ``step``, ``status``, ``ok``, ``meaning``, and the ``facts`` below them (time, bytes, registry).
    ``lines``: each with ``way`` (``sent``, ``received``, ``said``, or ``inside`` the body above), ``part``, its text in
    three pieces (``before``, ``head``, which is emphasised, and ``rest``; a space between them), ``meaning``,
    ``rule``, ``badge`` (the rule as it is shown, with its condition), ``clause`` (text and url, or None), ``known``,
    ``at`` (when, or ``""``), ``warned`` (names of the diagnoses that point to it), ``body`` (see :func:`body_text`).
    ``diagnoses``: ``name``, ``meaning``, ``next``, ``rule``, ``badge``, ``clause``, and ``line`` (the index of
    a line, or None).
    ``levels``: the ``rule`` of each badge with its ``meaning``, for a legend. ``notes``: the notes of the recorder.
    ``curl``: ``command``, or ``none``, the reason why there is no command.

    Raises
    ------
    InvalidArgument: for anything that is not an exchange.
    """
    if exchange is None:
        return {"lines": []}
    if not isinstance(exchange, Exchange):
        raise InvalidArgument(
            f"An object of type {type(exchange).__name__} cannot be shown as an exchange",
            "this view shows one exchange",
            "Give the exchange that a step returns; rt.TranscriptView shows a transcript",
        )
    findings = explain(exchange)
    explained = [finding for finding in findings if finding.kind == "line"]
    shown = list(_bounded(explained))
    places = {id(finding): number for number, finding in enumerate(shown) if isinstance(finding, Finding)}
    lines = [_cut_off(item) if isinstance(item, str) else _line(item, exchange) for item in shown]
    for found in findings.diagnoses:
        warned = _where(found, explained, places, _warned)
        if warned is not None:
            lines[warned]["warned"].append(shortened(found.name))
    return {
        "title": _title(exchange),
        "lines": lines,
        "diagnoses": [_diagnosis(found, _where(found, explained, places, _shows)) for found in findings.diagnoses],
        "levels": [{"rule": rule, "meaning": meaning} for rule, meaning in legend(findings)],
        "notes": [shortened(event.note) for event in exchange.events if event.note][:MOST_ALIKE],
        "curl": command_of(exchange),
    }


def bounded_findings(exchange: Exchange) -> Findings:
    """Return the diagnoses of an exchange and then its lines, bounded in number and length.

    A line states how many lines are left out.
    """
    findings = explain(exchange)
    lines = _bounded([finding for finding in findings if finding.kind == "line"])
    items = (
        Finding(f"* {item}", "", "", "", "print(exchange) shows all of them", "not in the registry documents")
        if isinstance(item, str)
        else _short_finding(item)
        for item in (*findings.diagnoses, *lines)
    )
    return Findings(tuple(items), shortened(findings.title))


def shortened(text: str) -> str:
    """Return ``text`` as one visible line of a bounded length; a cut line states the original length."""
    if len(text) <= LONGEST:
        return cut(visible(text), 2 * LONGEST)
    return f"{cut(visible(text[:LONGEST]), LONGEST)} [cut: {len(text):,} characters]"


def _short_finding(finding: Finding) -> Finding:
    return replace(
        finding,
        line=shortened(finding.line),
        name=shortened(finding.name),
        value=shortened(finding.value),
        meaning=shortened(finding.meaning),
        next=shortened(finding.next),
    )


def _bounded(findings: Iterable[Finding]) -> Iterator[Finding | str]:
    """Yield the lines that are shown, and one text for those that are left out."""
    shown = 0
    for part, group in groupby(findings, key=lambda finding: finding.part):
        alike = list(group)
        taken = alike[: max(0, min(MOST_ALIKE, MOST_LINES - shown))]
        yield from taken
        shown += len(taken)
        if taken and len(alike) > len(taken):
            yield f"{len(alike) - len(taken):,} more lines ({part}) are not shown"


def _title(exchange: Exchange) -> Json:
    request, response = exchange.request, exchange.response
    facts = [
        milliseconds(exchange.milliseconds),
        f"{request.body.size:,} bytes up",
        f"{response.body.size if response else 0:,} bytes down",
        exchange.registry and f"registry {exchange.registry}",
        exchange.proxy and f"through the proxy {exchange.proxy}",
    ]
    return {
        "step": shortened(exchange.step),
        "status": "no response" if response is None else str(response.status),
        "outcome": exchange.outcome,
        "meaning": shortened(exchange.error if response is None else exchange.meaning),
        "facts": [shortened(fact) for fact in facts if fact],
    }


def milliseconds(value: float) -> str:
    """Return a time in a short form: three digits, or whole milliseconds."""
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.3g} ms" if value >= 0.001 else "0 ms"


def _line(finding: Finding, exchange: Exchange) -> Json:
    before, head, rest = _pieces(finding)
    body = {"request body": exchange.request.body, "response body": exchange.response and exchange.response.body}
    record = body.get(finding.part)
    return {
        "way": "inside" if finding.part == "error code" else _WAYS.get(finding.line[:1], "said"),
        "part": finding.part,
        "before": shortened(before),
        "head": shortened(head),
        "rest": shortened(rest),
        "at": _at(finding, exchange),
        "warned": [],
        "body": body_text(record) if record else {},
        **_explanation(finding),
    }


def _explanation(finding: Finding) -> Json:
    return {
        "meaning": shortened(finding.meaning),
        "rule": finding.level,
        "badge": finding.badge,
        "clause": _clause(finding.citation),
        "known": finding.known,
    }


def _clause(citation: Citation | None) -> Json | None:
    if citation is None or not citation.url.startswith("https://"):
        return None
    return {"text": f"{citation.document.name}, {citation.section}", "url": citation.url}


def _cut_off(text: str) -> Json:
    about = {"meaning": "print(exchange) shows all of them", "rule": "", "badge": "", "clause": None, "known": True}
    empty = {"before": "", "head": "", "at": "", "warned": [], "body": {}}
    return {"way": "said", "part": "cut", "rest": text, **empty, **about}


def _pieces(finding: Finding) -> tuple[str, str, str]:
    """Split a line before and after its emphasised part: a method, a status, a header's name or an error code."""
    text = finding.line[2:]
    if finding.part in _STATUS_PARTS:
        head = f"{finding.name} {finding.value}".rstrip()
        return (text.removesuffix(head).rstrip(), head, "") if text.endswith(head) else ("", text, "")
    if finding.part == "request":
        return "", finding.name, text.removeprefix(finding.name).lstrip()
    if finding.part in (*_HEADER_PARTS, "error code"):
        return "", f"{finding.name}:", finding.value
    return "", "", text


_EVENTS = {
    "request": "head sent",
    "request body": "body sent",
    "response": "head received",
    "response body": "body received",
}


def _at(finding: Finding, exchange: Exchange) -> str:
    """Return when this part of the message went over the wire."""
    if finding.part == "interim":
        return next((milliseconds(i.at * 1000) for i in exchange.interims if finding.line[2:] == i.start_line), "")
    kind = _EVENTS.get(finding.part)
    return next((milliseconds(event.at * 1000) for event in exchange.events if event.kind == kind), "")


def _where(
    diagnosis: Finding, lines: list[Finding], places: dict[int, int], fits: Callable[[Finding, Finding], bool]
) -> int | None:
    """Return the number of the first line that fits a diagnosis, or None if no line does or if it is not shown."""
    return next((places.get(id(line)) for line in lines if fits(line, diagnosis)), None)


def _shows(line: Finding, diagnosis: Finding) -> bool:
    """Whether the diagnosis is about this line; header names are compared without case."""
    if line.part != diagnosis.part or not diagnosis.line:
        return False
    if line.part in _HEADER_PARTS:
        name, _, value = diagnosis.line[2:].partition(": ")
        return line.name.lower() == name.lower() and line.value == value
    return line.line == diagnosis.line


def _warned(line: Finding, diagnosis: Finding) -> bool:
    """Whether this line gets the warning sign; a missing header marks the first line of the message."""
    return _shows(line, diagnosis) or (not diagnosis.line and f"{line.part} header" == diagnosis.part)


def _diagnosis(finding: Finding, place: int | None) -> Json:
    return {"name": shortened(finding.name), "next": shortened(finding.next), "line": place, **_explanation(finding)}


def command_of(exchange: Exchange) -> Json:
    """Return the curl command of an exchange as ``command``, or ``none``, the reason why there is no command."""
    try:
        command = curl(exchange)
    except (InvalidURL, InvalidHeader) as error:
        return {"command": "", "none": shortened(f"No curl command is possible: {error}")}
    if len(command) > LONGEST_COMMAND:
        return {"command": "", "none": f"The command has {len(command):,} characters: print(rt.curl(exchange))"}
    return {"command": visible_lines(command), "none": ""}
