"""No row of a table is there twice. In a dict the later row would replace the earlier one, and nothing would say so."""

from __future__ import annotations

import ast
import contextlib
import importlib
import pkgutil
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

import regtutor
import regtutor.cli
from regtutor.findings.traps import TRAPS
from regtutor.protocol.endpoints import ENDPOINTS
from regtutor.server.quirks.table import QUIRKS
from tests.conformance.table import REQUIREMENTS
from tests.contract.table import ROWS

FOLDERS = (Path(regtutor.__file__).parent, *(Path(__file__).parent / name for name in ("contract", "conformance")))
PACKAGE = [
    "regtutor",
    *(module.name for module in pkgutil.walk_packages(regtutor.__path__, "regtutor.") if "__main__" not in module.name),
]

TABLES: dict[str, Iterable[Hashable]] = {
    "the names of endpoints": [row.name for row in ENDPOINTS],
    "the requests of endpoints": [(row.method, row.template, row.query) for row in ENDPOINTS],
    "the meanings of quirks": [quirk.meaning for quirk in QUIRKS.values()],
    "the ids of requirements": [row.id for row in REQUIREMENTS],
    "the rows of the contract": [row.name for row in ROWS],
    "the names of traps": [trap.name for trap in TRAPS],
    "what traps are about": [trap.about for trap in TRAPS],
}
"""Tables that are read from top to bottom; those that become dicts are found by their source."""


def repeated(keys: Iterable[Hashable]) -> list[Hashable]:
    return [key for key, count in Counter(keys).items() if count > 1]


def statements(source: str) -> Iterator[ast.expr]:
    """The values that a module assigns at its top level: its tables."""
    for statement in ast.parse(source).body:
        if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
            yield statement.value


def keys_of_tables(module: ModuleType, source: str) -> Iterator[tuple[str, list[Hashable]]]:
    """Each dict that the module makes from rows, and the keys that its rows have, before one replaces another."""
    for value in statements(source):
        for node in ast.walk(value):
            if isinstance(node, ast.DictComp):
                keys = ast.fix_missing_locations(ast.Expression(ast.ListComp(node.key, node.generators)))
                yield ast.unparse(node), eval(compile(keys, module.__name__, "eval"), dict(vars(module)))


@pytest.mark.parametrize("name", TABLES)
def test_no_row_is_in_a_table_twice(name: str) -> None:
    assert repeated(TABLES[name]) == []


def test_no_row_replaces_another_in_a_dict_made_from_rows() -> None:
    found = {}
    for module in map(importlib.import_module, PACKAGE):
        source = Path(str(module.__file__)).read_text(encoding="utf-8")
        found.update({f"{module.__name__}: {table}": keys for table, keys in keys_of_tables(module, source)})
    assert len(found) >= 8
    assert {table: repeated(keys) for table, keys in found.items() if repeated(keys)} == {}


def test_no_dict_is_written_with_a_key_twice() -> None:
    found = {
        f"{path.name}:{node.lineno}": twice
        for folder in FOLDERS
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Dict) and (twice := repeated(ast.unparse(key) for key in node.keys if key is not None))
    }
    assert found == {}


def test_no_two_files_make_a_diagnosis_of_the_same_name() -> None:
    makers: set[tuple[str, str]] = set()
    for path in (FOLDERS[0] / "findings").rglob("*.py"):
        for function in ast.parse(path.read_text(encoding="utf-8")).body:
            makers |= {(name, path.name) for name in diagnoses_in(function)}
    assert len(makers) > 30
    assert [(name, maker) for name, maker in makers if name in repeated(name for name, _ in makers)] == []


def diagnoses_in(node: ast.AST) -> Iterator[str]:
    """The names of the diagnoses that are made in ``node``."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "diagnosis":
            yield ast.unparse(call.args[0])


PRINTABLE = "[!-~]+"
"""The target of a request, and the bytes of a media type: two rules that happen to have the same characters."""


def patterns_of(module: ModuleType, source: str) -> Iterator[str | bytes]:
    """The regular expressions that a module gives to ``re``, except those that it makes from a function's arguments."""
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("re.") and call.args:
            with contextlib.suppress(NameError):
                found = eval(ast.unparse(call.args[0]), dict(vars(module)))
                if isinstance(found, str | bytes):
                    yield found


def test_no_two_modules_compile_the_same_regular_expression() -> None:
    makers: dict[str | bytes, set[str]] = {}
    for module in map(importlib.import_module, PACKAGE):
        for pattern in patterns_of(module, Path(str(module.__file__)).read_text(encoding="utf-8")):
            makers.setdefault(pattern, set()).add(module.__name__)
    assert len(makers) > 80
    twice = {pattern for pattern, modules in makers.items() if len(modules) > 1}
    assert {pattern: makers[pattern] for pattern in twice - {PRINTABLE}} == {}


def test_a_regular_expression_that_two_modules_compile_is_seen() -> None:
    source = "import re\n_PART = '[a-z]'\nNAME = re.compile(rf'{_PART}+')\ndef f(t): return re.search(t, '')\n"
    module = ModuleType("made_up")
    exec(source, vars(module))
    assert list(patterns_of(module, source)) == ["[a-z]+"]


def test_no_two_commands_have_the_same_name() -> None:
    commands = {
        id(value): value
        for module in pkgutil.iter_modules(regtutor.cli.__path__, "regtutor.cli.")
        for value in vars(importlib.import_module(module.name)).values()
        if isinstance(value, click.Command)
    }
    assert sorted(str(one.name) for one in commands.values()) == sorted(regtutor.cli.main.commands)


def test_a_row_that_replaces_another_is_seen() -> None:
    source = "ROWS = ('a', 'b', 'a')\nBY_NAME = {row: 1 for row in ROWS}\n"
    module = ModuleType("made_up")
    exec(source, vars(module))
    assert [repeated(keys) for _, keys in keys_of_tables(module, source)] == [["a"]]
