"""Makes docs/messages.md from the table of client messages; a test compares the page::

python -m tests.findings.messages_page
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from regtutor.findings.client_messages import CLIENT_MESSAGES, ClientMessage

PAGE = Path(__file__).parents[2] / "docs" / "messages.md"

HEAD = """\
# What other clients print when a push or pull fails

<!-- `python -m tests.findings.messages_page` makes this page from `regtutor/findings/client_messages.py`. -->

`regtutor explain -` reads such a text and prints the rows that are in it: `docker push ... 2>&1 | regtutor explain -`.
Each message has its likely causes, with a sign that tells each cause apart, the next step, and reports of the message.
HOST is the registry, with its port.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *("\n".join(_section(row)) for row in CLIENT_MESSAGES)])


def _section(row: ClientMessage) -> Iterator[str]:
    yield f"## `{row.shown}`\n"
    yield f"From {row.clients}: {row.meaning}.\n"
    yield "| likely cause | a sign of it |"
    yield "|---|---|"
    for cause in row.causes:
        yield f"| {_cell(cause.cause)} | {_cell(cause.sign)} |"
    links = ", ".join(f"[{_name(url)}]({url})" for url in row.sources)
    yield f"\nNext: {_cell(row.next)}. Reports: {links}.\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _name(url: str) -> str:
    path = url.removeprefix("https://").removeprefix("github.com/")
    return path.replace("/issues/", "#")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
