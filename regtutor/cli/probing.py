"""The command that finds out what a registry can do."""

from __future__ import annotations

import click

from regtutor.cli.invocation import REFUSED, Asking, asking, teaching, tell


@click.command(short_help="Find out what a registry supports.")
@click.argument("url", metavar="URL")
@click.option("--write", is_flag=True, help="Also push to scratch repositories, and then delete what was pushed.")
@click.option("--repository", metavar="NAME", help="The repository to read. Default: the first one in the catalog.")
@click.option("--tag", help="The tag to read. Default: the first tag of the repository.")
@click.option(
    "--scratch",
    metavar="PREFIX",
    default="",
    help="With --write: the namespace of the scratch repositories, such as me/.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the card as JSON.")
@asking
@teaching
def probe(
    url: str, write: bool, repository: str | None, tag: str | None, scratch: str, as_json: bool, asking: Asking
) -> None:
    """Find out what a registry can do, and print a capability card. Without --write it changes nothing.

    Each line has the verdict, the registry's response, and the level and section of the document. --trace saves the
    exchanges that prove the verdicts. The names of the scratch repositories begin with regtutor-probe-; the last lines
    name what could not be deleted.
    """
    from regtutor import probe as find_out
    from regtutor.exchange import Transcript

    with asking.connect(url) as reg, asking.traced() as keep:
        card = find_out(reg, repository, tag, write=write, scratch=scratch, watch=asking.watch)
        keep(Transcript.of(card.exchanges, card.exchanges.title))  # the card itself has the notes
    tell(card.as_json() if as_json else card.as_text())
    if not any(exchange.response for exchange in card.exchanges):
        raise SystemExit(REFUSED)
