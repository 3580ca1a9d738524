"""The command line. Each command makes one call to the library.

Exit status: 0 on success, 1 if the registry refused a request or could not be reached, 2 for invalid arguments, or for
an image or a transcript that cannot be read, 130 after Ctrl-C.
"""

from __future__ import annotations

import click

from regtutor import __version__
from regtutor.cli.loading import Commands
from regtutor.cli.output import OutputGroup

_MODULES = {
    "push": "images",
    "pull": "images",
    "copy": "images",
    "inspect": "images",
    "tags": "repositories",
    "referrers": "repositories",
    "delete": "repositories",
    "check": "steps",
    "request": "steps",
    "probe": "probing",
    "login": "login",
    "logout": "login",
    "explain": "saved_exchanges",
    "show": "saved_exchanges",
    "export": "saved_exchanges",
    "record": "recording",
    "serve": "serving",
    "gc": "maintenance",
    "fsck": "maintenance",
    "demo": "serving",
    "lab": "serving",
    "progress": "course",
    "solutions": "course",
}
"""The module of each command, in the order of the README."""


@click.group(cls=OutputGroup, commands=Commands(_MODULES), context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="regtutor")
def main() -> None:
    """Learn how container registries work, request by request."""
