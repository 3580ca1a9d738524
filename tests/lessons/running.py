"""Run the cells of a lesson in this process, as a kernel would: with a learner's answers, or as they are."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from IPython.core.inputtransformer2 import TransformerManager
from IPython.utils.text import DollarFormatter

from regtutor.lessons import session
from regtutor.lessons.source import Cell


class Terminal:
    """What ``!curl ...`` in a cell needs of IPython."""

    def __init__(self, names: dict[str, Any]) -> None:
        self._names = names

    def system(self, command: str) -> None:
        shown = DollarFormatter().vformat(command, (), self._names)
        subprocess.run(shown, shell=True, check=False, timeout=30, capture_output=True)

    def getoutput(self, command: str) -> list[str]:
        shown = DollarFormatter().vformat(command, (), self._names)
        done = subprocess.run(shown, shell=True, check=False, timeout=30, capture_output=True, text=True)
        return done.stdout.splitlines()


class Learner:
    """One kernel: the names that the cells have made so far."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"display": print}
        self.names["get_ipython"] = lambda: Terminal(self.names)

    def run(self, code: str) -> Any:
        """Run a cell; gives the value of its last line, or None."""
        tree = ast.parse(TransformerManager().transform_cell(code))
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "<cell>", "exec"), self.names)
        if last is None:
            return None
        assert isinstance(last, ast.Expr)
        return eval(compile(ast.Expression(last.value), "<cell>", "eval"), self.names)

    def run_cell(self, cell: Cell, *, solved: bool = True) -> Any:
        return self.run(cell.solution if solved and cell.solution else cell.text)


@contextmanager
def kernel(registry: str, home: Path) -> Iterator[Learner]:
    """A kernel in which no lesson has begun, with this registry and a file of progress of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGTUTOR_REGISTRY", registry)
        patch.setenv("REGTUTOR_PROGRESS", str(home / "progress.json"))
        patch.setenv("REGTUTOR_ENGINE", "no-such-engine")  # a test in a real kernel runs what was pushed
        patch.chdir(home)
        try:
            yield Learner()
        finally:
            if session._current is not None:
                session._current.close()
            session._current = None


def next_task_cell(cells: list[Cell], cell: Cell) -> Cell:
    """The first cell after ``cell`` that looks at a task."""
    return next(each for each in cells[cells.index(cell) + 1 :] if each.tasks)
