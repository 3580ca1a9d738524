"""One row of the table of documented requests, one step, one handler: the same name, in files of the same name."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import regtutor
from regtutor import steps
from regtutor.protocol.routes import ROUTES, Route

PACKAGE = Path(regtutor.__file__).parent
each_route = pytest.mark.parametrize("route", ROUTES, ids=[route.name for route in ROUTES])


def public_functions(package: str) -> dict[str, list[str]]:
    """File -> the names of its public functions that are requests, for each family of ``package``."""
    found: dict[str, list[str]] = {}
    for family in sorted({route.family for route in ROUTES}):
        module = importlib.import_module(f"{package}.{family}")
        functions = inspect.getmembers(module, inspect.isfunction)
        found[family] = [
            name for name, value in functions if value.__module__ == module.__name__ and not name.startswith("_")
        ]
    return found


def rows_by_family() -> dict[str, list[str]]:
    rows: dict[str, list[str]] = {}
    for route in ROUTES:
        rows.setdefault(route.family, []).append(route.name)
    return {family: sorted(names) for family, names in sorted(rows.items())}


def step_of(route: Route) -> Callable[..., Any]:
    return getattr(importlib.import_module(f"regtutor.steps.{route.family}"), route.name)


def test_each_row_has_a_step_in_the_file_of_its_family_and_there_is_no_other() -> None:
    assert public_functions("regtutor.steps") == rows_by_family()
    assert sorted(steps.STEPS) == sorted(route.name for route in ROUTES)


def test_each_row_has_a_handler_in_the_file_of_its_family_and_there_is_no_other() -> None:
    assert public_functions("regtutor.server.handlers") == rows_by_family()


def test_steps_and_handlers_stand_in_files_of_the_same_names() -> None:
    asking = {path.name for path in (PACKAGE / "steps").glob("*.py")} - {"sender.py"}
    assert asking == {path.name for path in (PACKAGE / "server" / "handlers").glob("*.py")}


@each_route
def test_the_row_names_its_clauses(route: Route) -> None:
    assert route.citations
    assert all(citation.url.startswith("https://") and citation.anchor for citation in route.citations)


@each_route
def test_the_step_s_docstring_has_the_method_the_path_and_the_url_of_a_clause(route: Route) -> None:
    text = inspect.getdoc(step_of(route)) or ""
    path = re.sub(r"\{(\w+)\}", r"<\1>", route.template)
    forms = (f"``{route.method} {path}", f"``{route.method} <Location>")
    assert any(form in text for form in (forms[:1] if "session" not in route.template else forms)), text
    assert any(f"<{citation.url}>" in text for citation in route.citations), text


@each_route
def test_the_step_s_docstring_has_every_documented_status(route: Route) -> None:
    text = inspect.getdoc(step_of(route)) or ""
    assert [status for status in route.statuses if not re.search(rf"\b{status}\b", text)] == []


@each_route
def test_the_handler_s_docstring_has_the_method_and_the_url_of_a_clause(route: Route) -> None:
    handler = getattr(importlib.import_module(f"regtutor.server.handlers.{route.family}"), route.name)
    text = inspect.getdoc(handler) or ""
    assert f"``{route.method} " in text
    assert any(f"<{citation.url}>" in text for citation in route.citations), text


@each_route
def test_a_step_has_at_most_15_lines_besides_its_docstring_and_ends_in_sending(route: Route) -> None:
    source = inspect.getsource(step_of(route))
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    first, last = function.body[1], function.body[-1]
    assert (function.end_lineno or 0) - first.lineno + 1 <= 15
    assert ast.unparse(last).startswith("return reg.send(")
