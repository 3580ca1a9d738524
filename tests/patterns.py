"""Every pattern of the package, found when its modules are imported, and how it is used."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import regtutor

PACKAGE = Path(regtutor.__file__).parent
ANYWHERE = {"search", "sub", "subn", "split", "findall", "finditer"}
"""The methods that try a pattern at each position."""


@dataclass(frozen=True)
class Found:
    """A pattern, and whether the code tries it at each position of a text."""

    module: str
    line: int
    pattern: re.Pattern[Any]
    anywhere: bool


def modules() -> Iterator[Path]:
    """The files of the package outside of the server, whose texts come from clients: tests/server tries those."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.relative_to(PACKAGE).parts[0] not in ("server", "__main__.py"):
            yield path


def _name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def compiled() -> dict[tuple[str, int], tuple[str | bytes, int]]:
    """Module and line of each ``re.compile`` that importing the package runs -> pattern and flags."""
    done = subprocess.run([sys.executable, "-c", _RECORD, *map(_name, modules())], capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return {(name, line): (text, flags) for name, line, text, flags in ast.literal_eval(done.stdout.decode())}


_RECORD = """
import re, sys, importlib
made, compiled = [], re.compile
def recording(pattern, flags=0):
    frame = sys._getframe(1)
    made.append((frame.f_globals.get("__name__"), frame.f_lineno, pattern, int(flags)))
    return compiled(pattern, flags)
re.compile = recording
for name in sys.argv[1:]:
    importlib.import_module(name)
print([each for each in made if str(each[0]).startswith("regtutor.")])
"""


def at_import() -> Iterator[Found]:
    """The patterns that modules compile when they are imported."""
    trees = {_name(path): ast.parse(path.read_text()) for path in modules()}
    for (name, line), (text, flags) in sorted(compiled().items()):
        if name in trees:
            yield Found(name, line, re.compile(text, flags), _tried_anywhere(trees[name], line))


def _tried_anywhere(tree: ast.Module, line: int) -> bool:
    """Whether a module uses the name that the pattern at ``line`` is bound to with a method of :data:`ANYWHERE`.

    A pattern in a table, such as a tuple, counts as if its module did, if it uses such a method at all.
    """
    bound = [
        node for node in tree.body if isinstance(node, ast.Assign) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    names = {
        node.targets[0].id
        for node in bound
        if isinstance(node.value, ast.Call) and isinstance(node.targets[0], ast.Name)
    }
    if names:
        return bool(names & _searched_names())
    return any(isinstance(node, ast.Attribute) and node.attr in ANYWHERE for node in ast.walk(tree))


@cache
def _searched_names() -> frozenset[str]:
    """The last names before ``.search``, ``.sub`` and their like, anywhere in the package."""
    found = set()
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in ANYWHERE:
                owner = node.value
                found.add(owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", ""))
    return frozenset(found)


def in_functions() -> Iterator[tuple[str, int, str, Any]]:
    """Calls such as ``re.sub(...)`` inside functions: module, line, method, and the literal pattern or None."""
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "re"
                and node.func.attr in {*ANYWHERE, "match", "fullmatch", "compile"}
            ):
                first = node.args[0]
                yield _name(path), node.lineno, node.func.attr, first.value if isinstance(first, ast.Constant) else None


def literal_calls() -> Iterator[Found]:
    """The patterns that are written out in a call of ``re.sub`` and its like."""
    for name, line, method, text in in_functions():
        if method != "compile" and text is not None:
            yield Found(name, line, re.compile(text), method in ANYWHERE)


def every() -> list[Found]:
    """Every pattern that can be found without running functions."""
    return [*at_import(), *literal_calls()]
