"""Findings as HTML: the diagnoses, and the message line by line; each line opens to its meaning.

As everywhere in this package, text is escaped, styles are inline and there is no script. This module does not depend
on how findings are made.
"""

from __future__ import annotations

from html import escape

from regtutor.findings.explanation import Explanation
from regtutor.findings.finding import Finding, Findings, legend
from regtutor.protocol.text import visible

_MONO = "font-family:var(--jp-code-font-family,monospace);font-size:var(--jp-code-font-size,13px);line-height:1.4"
# JupyterLab removes anywhere and var(...) from an untrusted notebook, and keeps the rest.
_BREAK = "word-wrap:break-word;overflow-wrap:anywhere"
_WRAP = f"white-space:pre-wrap;{_BREAK}"
_SUMMARY = f"cursor:pointer;{_BREAK}"
_INDENTED = f"margin:0 0 6px 18px;{_BREAK}"

MOST_EXCHANGES = 200
"""The most exchanges of a transcript that are all rendered."""

_WARNED = f"border-left:3px solid #f57c00;padding-left:10px;margin:6px 0;{_BREAK}"


def findings_html(findings: Findings) -> str:
    """Render the diagnoses, which are always visible, then each line of the message, which opens to its meaning.

    Parameters
    ----------
    findings: the result of ``regtutor.explain``.

    Returns
    -------
    HTML without script or style sheet; all text is escaped, and links lead to the clauses.
    """
    rows = "".join(_line(item) for item in findings.lines)
    title = f'<div style="{_BREAK}"><b>{_text(findings.title)}</b></div>'
    return f"<div>{title}{diagnoses_html(findings)}{rows}{_legend(findings)}</div>"


def explanation_html(explanation: Explanation) -> str:
    """Render the cause of a failure, then each exchange, which opens to its findings.

    Parameters
    ----------
    explanation: the result of ``regtutor.explain`` for a transcript.

    Returns
    -------
    HTML as that of :func:`findings_html`. A longer transcript than :data:`MOST_EXCHANGES` is rendered without the
    exchanges that have no diagnosis.
    """
    all_shown = len(explanation) <= MOST_EXCHANGES
    head = f"<b>{_text(explanation.title)}</b>: " if explanation.title else ""
    head += f"{len(explanation)} exchanges, {len(explanation.diagnoses)} diagnoses"
    cause = f"<div>The cause:{_diagnosis(explanation.cause)}</div>" if explanation.cause else ""
    rows = "".join(
        f'<details><summary style="{_SUMMARY}">{number} {_text(request)}{_names(findings)}</summary>'
        f'<div style="{_INDENTED}">{findings_html(findings)}</div></details>'
        for number, (request, findings) in enumerate(zip(explanation.requests, explanation, strict=True), 1)
        if all_shown or findings.diagnoses
    )
    notes = "".join(f'<div style="{_BREAK}">{_text(note)}</div>' for note in explanation.notes)
    return f'<div><div style="{_BREAK}">{head}</div>{cause}{rows}{notes}</div>'


def _names(findings: Findings) -> str:
    return "".join(f" <b>! {_text(item.name)}</b>" for item in findings.diagnoses)


def _legend(findings: Findings) -> str:
    rows = "; ".join(f"<b>{escape(rule)}</b>: {escape(meaning)}" for rule, meaning in legend(findings))
    return f'<div style="margin-top:6px;font-size:smaller;{_BREAK}"><i>The levels.</i> {rows}.</div>' if rows else ""


def diagnoses_html(findings: Findings) -> str:
    """Render only the diagnoses, as :func:`findings_html` does; return ``""`` if there are no diagnoses."""
    return "".join(_diagnosis(item) for item in findings.diagnoses)


def _line(finding: Finding) -> str:
    inside = "padding-left:24px;" if finding.part == "error code" else ""
    summary = f'<summary style="{inside}{_SUMMARY}"><code style="{_MONO};{_WRAP};color:inherit;background:none">'
    meaning = f'<div style="{_INDENTED}">{_text(finding.meaning)} {_source(finding)}</div>'
    return f"<details>{summary}{_text(finding.line)}</code></summary>{meaning}</details>"


def _diagnosis(finding: Finding) -> str:
    problem = f"<b>{_text(finding.name)}</b>: {_text(finding.meaning)} {_source(finding)}"
    return f'<div style="{_WARNED}">{problem}<div><i>next:</i> {_text(finding.next)}</div></div>'


def _source(finding: Finding) -> str:
    if finding.citation is None:
        return f"<i>({escape(finding.badge)})</i>"
    clause = f"{finding.citation.document.name}, {finding.citation.section}"
    link = f'<a href="{escape(finding.citation.url)}" rel="noreferrer noopener" target="_blank">{escape(clause)}</a>'
    colon = "" if finding.badge.endswith("defined in") else ":"
    return f"<i>({escape(finding.badge)}{colon} {link})</i>"


def _text(text: str) -> str:
    return escape(visible(text))
