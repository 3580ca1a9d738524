"""Commands of the course: the learner's progress, and the teacher's edition."""

from __future__ import annotations

from pathlib import Path

import click

from regtutor.cli.invocation import teaching, tell

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(short_help="Show your progress in the course.")
@click.option(
    "--file",
    "path",
    type=_FILE,
    help="The file with the progress. Default: $REGTUTOR_PROGRESS, or a file in your data folder.",
)
@teaching
def progress(path: Path | None) -> None:
    """Print what you have done in the course, by lesson and by concept, and the file that has it."""
    from regtutor.lessons.progress_file import ProgressFile, progress_path
    from regtutor.lessons.progress_report import report_of

    results = ProgressFile(path or progress_path())
    tell(report_of(results).text)
    tell(f"\nThe file with your progress: {results.path}")


@click.command(short_help="Write the course with its solutions.")
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
@teaching
def solutions(target: Path) -> None:
    """Write the teacher's edition to the folder TARGET: an nbgrader course with a solution for each task."""
    from regtutor.lessons.editions import write_teachers_course

    paths = write_teachers_course(target)
    tell(f"{len(paths)} lessons with solutions are in {target / 'source'}.")
    tell(f"For the learners' edition: cd {target} && nbgrader generate_assignment {paths[0].stem}")
