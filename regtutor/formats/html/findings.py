"""Findings as HTML: the message line by line, each line opening to what it means where it stands.

As everything here: escaped, without script, inline styles only. Nothing is known of how findings come to be.
"""

from __future__ import annotations

from html import escape

from regtutor.findings.finding import Finding, Findings
from regtutor.protocol.text import visible

_MONO = "font-family:var(--jp-code-font-family,monospace);font-size:var(--jp-code-font-size,13px);line-height:1.4"
# JupyterLab takes anywhere and var(...) out of a notebook that somebody else made, and leaves the rest.
_BREAK = "word-wrap:break-word;overflow-wrap:anywhere"
_WRAP = f"white-space:pre-wrap;{_BREAK}"
_SUMMARY = f"cursor:pointer;{_BREAK}"
_INDENTED = f"margin:0 0 6px 18px;{_BREAK}"
_WARNED = f"border-left:3px solid #f57c00;padding-left:10px;margin:6px 0;{_BREAK}"


def findings_html(findings: Findings) -> str:
    """Each line of the message, which opens to its meaning, and the diagnoses, which are open.

    Parameters
    ----------
    findings: what ``regtutor.explain`` gave.

    Returns
    -------
    HTML that needs neither script nor style sheet; every text in it is escaped, and links lead to the clauses.
    """
    rows = "".join(_diagnosis(item) if item.kind == "diagnosis" else _line(item) for item in findings)
    return f'<div><div style="{_BREAK}"><b>{_text(findings.title)}</b></div>{rows}</div>'


def diagnoses_html(findings: Findings) -> str:
    """The diagnoses alone, as :func:`findings_html` shows them; ``""`` if there are none."""
    return "".join(_diagnosis(item) for item in findings.diagnoses)


def _line(finding: Finding) -> str:
    summary = f'<summary style="{_SUMMARY}"><code style="{_MONO};{_WRAP};color:inherit;background:none">'
    meaning = f'<div style="{_INDENTED}">{_text(finding.meaning)} {_source(finding)}</div>'
    return f"<details>{summary}{_text(finding.line)}</code></summary>{meaning}</details>"


def _diagnosis(finding: Finding) -> str:
    said = f"<b>{_text(finding.name)}</b>: {_text(finding.meaning)} {_source(finding)}"
    return f'<div style="{_WARNED}">{said}<div><i>next:</i> {_text(finding.next)}</div></div>'


def _source(finding: Finding) -> str:
    if finding.citation is None:
        return f"<i>({escape(finding.badge)})</i>"
    clause = f"{finding.citation.document.name}, {finding.citation.section}"
    link = f'<a href="{escape(finding.citation.url)}" rel="noreferrer noopener" target="_blank">{escape(clause)}</a>'
    colon = "" if finding.badge.endswith("defined in") else ":"
    return f"<i>({escape(finding.badge)}{colon} {link})</i>"


def _text(text: str) -> str:
    return escape(visible(text))
