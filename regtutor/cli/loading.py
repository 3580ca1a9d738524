"""The commands by their names. Each is loaded when it is used, so that a command does not wait for the other ones."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, MutableMapping

import click


class Commands(MutableMapping[str, click.Command]):
    """A mapping of names to commands.

    Parameters
    ----------
    modules: for each name, the module of ``regtutor.cli`` that has a command of this name.
    """

    def __init__(self, modules: Mapping[str, str]) -> None:
        self._commands: dict[str, str | click.Command] = dict(modules)

    def __getitem__(self, name: str) -> click.Command:
        found = self._commands[name]
        if isinstance(found, str):
            module = importlib.import_module(f"regtutor.cli.{found}")
            found = self._commands[name] = getattr(module, name)
        return found

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._commands[name] = command

    def __delitem__(self, name: str) -> None:
        del self._commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._commands)

    def __len__(self) -> int:
        return len(self._commands)
