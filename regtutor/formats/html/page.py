"""A transcript as one self-contained HTML page: no script, nothing loaded, for light and dark mode.

The parts come from ``records`` and ``findings``; this module joins them to a page.
"""

from __future__ import annotations

from dataclasses import replace
from html import escape

from regtutor.client.wire.head import default_user_agent
from regtutor.exchange import Transcript
from regtutor.findings import explain
from regtutor.formats.html.findings import diagnoses_html
from regtutor.formats.html.records import transcript_html
from regtutor.protocol.text import visible_lines

_STYLE = """
:root { color-scheme: light dark; --jp-code-font-family: ui-monospace, monospace; --jp-code-font-size: 13px;
  --jp-success-color1: #2e7d32; --jp-error-color1: #c62828; --jp-warn-color1: #b26a00; --jp-border-color1: #757575; }
body { margin: 1.5rem auto; padding: 0 1rem; max-width: 70rem; font: 15px/1.5 system-ui, sans-serif;
  background: #ffffff; color: #1b1b1b; }
h2 { font-size: 1.1rem; }
details { margin: 4px 0; }
footer { margin-top: 2rem; font-size: 13px; }
@media (prefers-color-scheme: dark) {
  :root { --jp-success-color1: #81c784; --jp-error-color1: #ef9a9a; --jp-border-color1: #9e9e9e; }
  body { background: #16181c; color: #e8e8e8; }
}
"""

# The page must not load or run anything, whatever a registry sent.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page_of(transcript: Transcript) -> str:
    """Return the transcript as an HTML document, in which each exchange can be opened without a script.

    Parameters
    ----------
    transcript: the recorded exchanges.
    """
    title = escape(transcript.title or "Transcript")
    untitled = replace(transcript, title="")  # the title is already the heading
    page = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{title}</h1>
<main>{_diagnoses(transcript)}{transcript_html(untitled, most=len(transcript))}</main>
<footer>Written by {default_user_agent()}</footer>
</body>
</html>
"""
    return visible_lines(page)


def _diagnoses(transcript: Transcript) -> str:
    """Return the diagnoses, under the number and the step of each exchange."""
    found = ((number, exchange, diagnoses_html(explain(exchange))) for number, exchange in enumerate(transcript, 1))
    rows = "".join(f"<p>{number} <b>{escape(exchange.step)}</b></p>{html}" for number, exchange, html in found if html)
    return f"<section><h2>Diagnoses</h2>{rows}</section>" if rows else ""
