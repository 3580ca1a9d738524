"""What saved exchanges say, line by line, and what went wrong in them."""

from __future__ import annotations

from pathlib import Path

import click

from regtutor.cli.answering import teaching


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@teaching
def explain(file: Path) -> None:
    """Explain every line of the exchanges in FILE, which --trace or rt.save wrote, and what went wrong.

    No registry is asked.
    """
    from regtutor import explain as explained
    from regtutor import load

    for number, exchange in enumerate(load(file)):
        click.echo(f"{chr(10) if number else ''}{explained(exchange)}")
