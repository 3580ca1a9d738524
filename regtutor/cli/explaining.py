"""What saved exchanges say, line by line, and what went wrong in them."""

from __future__ import annotations

from pathlib import Path

import click

from regtutor.cli.answering import teaching
from regtutor.cli.saved import SAVED, loaded


@click.command()
@click.argument("file", type=SAVED)
@teaching
def explain(file: Path) -> None:
    """Explain every line of the exchanges in FILE, and what went wrong in them.

    FILE is what --trace or rt.save wrote, HAR, or what curl -v printed; - is standard input. No registry is asked.
    """
    from regtutor import explain as explained
    from regtutor.protocol.text import visible

    transcript = loaded(file)
    for number, exchange in enumerate(transcript):
        click.echo(f"{chr(10) if number else ''}{explained(exchange)}")
    for note in transcript.notes:
        click.echo(f"\n* {visible(note)}")
