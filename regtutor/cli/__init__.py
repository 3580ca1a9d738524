"""The command line. Each command makes one call to the library.

Exit status: 0 on success, 1 if the registry refused a request or could not be reached, 2 for invalid arguments, or for
an image or a transcript that cannot be read.
"""

from __future__ import annotations

import click

from regtutor import __version__
from regtutor.cli import (
    course,
    images,
    login,
    maintenance,
    probing,
    recording,
    repositories,
    saved_exchanges,
    serving,
    steps,
)
from regtutor.cli.output import OutputGroup


@click.group(cls=OutputGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="regtutor")
def main() -> None:
    """Learn how container registries work, request by request."""


for _command in (
    images.push,
    images.pull,
    images.copy,
    images.inspect,
    repositories.tags,
    repositories.referrers,
    repositories.delete,
    steps.check,
    steps.request,
    probing.probe,
    login.login,
    login.logout,
    saved_exchanges.explain,
    saved_exchanges.show,
    saved_exchanges.export,
    recording.record,
    serving.serve,
    maintenance.gc,
    maintenance.fsck,
    serving.demo,
    serving.lab,
    course.progress,
    course.solutions,
):
    main.add_command(_command)
