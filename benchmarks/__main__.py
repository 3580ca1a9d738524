"""``python -m benchmarks``: measure every subject, or some, and write the page with the results."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import click

from benchmarks.machine import described
from benchmarks.measuring import Report
from benchmarks.page import written
from benchmarks.setting import Setting
from benchmarks.subjects import SUBJECTS

_HERE = Path(__file__).parent


@click.command()
@click.option("--only", multiple=True, type=click.Choice(list(SUBJECTS)), help="Measure only this subject; repeatable.")
@click.option("--quick", is_flag=True, help="Tiny work, in seconds: it shows that every subject works, no more.")
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), help="The folder for results.md and the plots.")
@click.option(
    "--program",
    "programs",
    nargs=2,
    multiple=True,
    metavar="NAME PATH",
    help="A program that is not on PATH, such as crane, olareg or distribution-3; repeatable.",
)
def main(only: tuple[str, ...], quick: bool, to: Path | None, programs: tuple[tuple[str, str], ...]) -> None:
    """Measure, and write results.md with its plots.

    A run of all subjects is written to benchmarks/. A quick run, or a run of some subjects, is printed, unless --to
    names a folder.
    """
    with tempfile.TemporaryDirectory(prefix="regtutor-bench-") as folder:
        setting = Setting(Path(folder), quick, dict(programs))
        machine = list(described(setting))
        target = to or (Path(folder) if quick or only else _HERE)
        target.mkdir(exist_ok=True)
        reports: dict[str, tuple[str, Report, float]] = {}
        for name in only or SUBJECTS:
            reports[name] = _reported(name, setting)
            page = written(target, machine, reports, quick=quick)  # a run that is ended keeps what it has measured
        click.echo(page.read_text() if target == Path(folder) else f"The results are in {page}")


def _reported(name: str, setting: Setting) -> tuple[str, Report, float]:
    subject = SUBJECTS[name]
    heading = (subject.__doc__ or name).partition("\n")[0]
    click.echo(f"{name}: {heading}", err=True)
    begun = time.perf_counter()
    report = subject(setting)
    return heading, report, time.perf_counter() - begun


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
