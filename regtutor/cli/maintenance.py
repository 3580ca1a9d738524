"""Commands for a registry's directory: garbage collection, and a check of everything."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from regtutor.cli.invocation import say, teaching
from regtutor.protocol.text import visible

_PROBLEMS = 1
_DIRECTORY = click.Path(file_okay=False, path_type=Path)


@click.command(short_help="Remove what no manifest needs.")
@click.argument("root", metavar="ROOT", type=_DIRECTORY)
@click.option("--dry-run", is_flag=True, help="Only list what would be removed.")
@click.option(
    "--untagged",
    is_flag=True,
    help="Remove manifests that no tag leads to, except children of a living index and referrers of a living subject.",
)
@teaching
def gc(root: Path, dry_run: bool, untagged: bool) -> None:
    """Collect the garbage of a registry's directory: blobs that no manifest names, and abandoned uploads.

    Each line is one item: kind, repository, name, bytes and reason. The last line, on standard error, is the sum. An
    embedded registry that runs on the directory is never disturbed: the command then refuses. Stop any other registry
    first.
    """
    from regtutor.backends.maintenance import garbage_in

    garbage = garbage_in(root, dry_run=dry_run, untagged=untagged)
    _print((item.kind, item.repository or "-", item.name, str(item.size), item.why) for item in garbage)
    done = "To remove" if dry_run else "Removed"
    say(f"{done}: {len(garbage)}, with {sum(item.size for item in garbage)} bytes.")


@click.command(short_help="Check everything that a registry stores.")
@click.argument("root", metavar="ROOT", type=_DIRECTORY)
@click.option(
    "--sparse-indexes",
    is_flag=True,
    help="The registry permits an index without the manifests that it lists: a manifest that only an index lacks is a "
    "note.",
)
@teaching
def fsck(root: Path, sparse_indexes: bool) -> None:
    """Check a registry's directory: every link, every blob against its digest, every manifest's blobs and children.

    Each line is one problem: kind, repository, name, file, reason and what mends it. Nothing is changed, and the
    registry can be running. The exit status is 0 if everything is whole, and 1 if there is a problem. Notes are no
    problems.
    """
    from regtutor.backends.maintenance import problems_in

    found = problems_in(root, sparse_indexes=sparse_indexes)
    problems = [one for one in found if not one.is_note]
    _print((one.kind, one.repository or "-", one.name, str(one.path), f"{one.why}. {one.next}.") for one in found)
    notes = f" Notes: {len(found) - len(problems)}." if len(found) > len(problems) else ""
    say((f"Problems: {len(problems)}." if problems else "No problems found.") + notes)
    sys.exit(_PROBLEMS if problems else 0)


def _print(lines: Iterable[Sequence[str]]) -> None:
    """Print lines of columns that are as wide as their widest cell."""
    rows = [[visible(cell) for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
