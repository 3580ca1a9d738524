"""The commands of the command line, each imported only when it is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

import click


class Commands(Mapping[str, click.Command]):
    """The commands by their names, in the order of the help.

    A command that is looked up is imported with its module. The modules of the others cost nothing, so that every
    command starts as fast as its own module allows.

    Parameters
    ----------
    modules: the name of each command, and of the module in ``regtutor.cli`` that has a function of the same name.
    """

    def __init__(self, modules: Mapping[str, str]) -> None:
        self._modules = modules

    def __getitem__(self, name: str) -> click.Command:
        command: click.Command = getattr(import_module(f"regtutor.cli.{self._modules[name]}"), name)
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)
