"""Findings as HTML: the message line by line; each line opens to its meaning.

As everywhere in this package, text is escaped, styles are inline and there is no script. This module does not depend
on how findings are made.
"""

from __future__ import annotations

from html import escape

from regtutor.findings.finding import Finding, Findings
from regtutor.protocol.text import visible

_MONO = "font-family:var(--jp-code-font-family,monospace);font-size:var(--jp-code-font-size,13px);line-height:1.4"
# JupyterLab removes anywhere and var(...) from an untrusted notebook, and keeps the rest.
_BREAK = "word-wrap:break-word;overflow-wrap:anywhere"
_WRAP = f"white-space:pre-wrap;{_BREAK}"
_SUMMARY = f"cursor:pointer;{_BREAK}"
_INDENTED = f"margin:0 0 6px 18px;{_BREAK}"
_WARNED = f"border-left:3px solid #f57c00;padding-left:10px;margin:6px 0;{_BREAK}"


def findings_html(findings: Findings) -> str:
    """Render each line of the message, which opens to its meaning, and the diagnoses, which are always visible.

    Parameters
    ----------
    findings: the result of ``regtutor.explain``.

    Returns
    -------
    HTML without script or style sheet; all text is escaped, and links lead to the clauses.
    """
    rows = "".join(_diagnosis(item) if item.kind == "diagnosis" else _line(item) for item in findings)
    return f'<div><div style="{_BREAK}"><b>{_text(findings.title)}</b></div>{rows}</div>'


def diagnoses_html(findings: Findings) -> str:
    """Render only the diagnoses, as :func:`findings_html` does; return ``""`` if there are no diagnoses."""
    return "".join(_diagnosis(item) for item in findings.diagnoses)


def _line(finding: Finding) -> str:
    summary = f'<summary style="{_SUMMARY}"><code style="{_MONO};{_WRAP};color:inherit;background:none">'
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
