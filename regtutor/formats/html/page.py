"""A transcript as one HTML page that stands alone: no script, nothing that is fetched, light and dark.

The pieces are those of ``html_view``; here is only what makes a page of them.
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

# A page from a file may fetch nothing and run nothing, whatever a registry sent.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page_of(transcript: Transcript) -> str:
    """The transcript as a whole HTML document; every exchange opens to all of it, without a script.

    Parameters
    ----------
    transcript: what was recorded.
    """
    title = escape(transcript.title or "Transcript")
    untitled = replace(transcript, title="")  # the heading says it
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
    """What is wrong with the exchanges, or a known trap, under the number and the step of each."""
    found = ((number, exchange, diagnoses_html(explain(exchange))) for number, exchange in enumerate(transcript, 1))
    told = "".join(f"<p>{number} <b>{escape(exchange.step)}</b></p>{html}" for number, exchange, html in found if html)
    return f"<section><h2>What stands out</h2>{told}</section>" if told else ""
