"""Each endpoint has a row, a step and a handler of the same name, in files of the same name, and its other entries."""

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
from regtutor.findings.request_purpose import MEANINGS
from regtutor.protocol.clauses import ACCESS_CLAUSES, ENDPOINT_CLAUSES
from regtutor.protocol.endpoints import ENDPOINTS, Endpoint
from regtutor.protocol.responses import documented
from tests.contract.table import ROWS

PACKAGE = Path(regtutor.__file__).parent
each_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=[endpoint.name for endpoint in ENDPOINTS])

WITHOUT_ACCESS_CLAUSE = {"check_api", "head_upload", "list_repositories", "get_referrers", "request_token"}
"""The endpoints that have no clause of 401, 403 and 429 in common: ``responses.py`` has rows for those that exist."""

APP = (PACKAGE / "server" / "app.py").read_text(encoding="utf-8")
"""As text, because the module cannot be imported while ``FAMILIES`` lacks a family."""

ENTRIES: dict[str, Callable[[Endpoint], object]] = {
    "its clauses: ENDPOINT_CLAUSES in regtutor/protocol/clauses.py": lambda row: ENDPOINT_CLAUSES.get(row.name),
    "the clause of 401, 403 and 429: ACCESS_CLAUSES in regtutor/protocol/clauses.py, or, if the document has none, "
    "WITHOUT_ACCESS_CLAUSE in tests/test_mirror.py": lambda row: (
        (row.name in ACCESS_CLAUSES) != (row.name in WITHOUT_ACCESS_CLAUSE)
    ),
    "its statuses: regtutor/protocol/responses.py": lambda row: documented(row.name),
    "its purpose: MEANINGS in regtutor/findings/request_purpose.py": lambda row: MEANINGS.get(row.name),
    "a step: STEPS in regtutor/steps/__init__.py": lambda row: row.name in steps.STEPS,
    "a name in the façade: _HOMES in regtutor/__init__.py": lambda row: row.name in regtutor.__all__,
    "the file of its handler: FAMILIES in regtutor/server/app.py": lambda row: f'"{row.family}": {row.family},' in APP,
    "a row of the contract: tests/contract/tables/": lambda row: (
        row.family == "token" or any(case.request == row.name for case in ROWS)
    ),
}
"""The entries that every endpoint needs besides its own row, and whether it has them."""


def missing_entries(endpoint: Endpoint) -> list[str]:
    return [entry for entry, found in ENTRIES.items() if not found(endpoint)]


@each_endpoint
def test_each_endpoint_has_all_its_entries(endpoint: Endpoint) -> None:
    missing = missing_entries(endpoint)
    assert not missing, "\n".join([f"the endpoint {endpoint.name} lacks:", *missing])


def test_every_missing_entry_of_an_endpoint_is_named() -> None:
    assert missing_entries(Endpoint("get_signature", "signatures", "", "GET", "/v2/{repository}/signature")) == [
        *ENTRIES
    ]


def test_the_endpoints_that_take_long_exist() -> None:
    (rows,) = re.findall(r"^TAKE_LONG: .+ = \{\n(.+?)^\}$", APP, re.MULTILINE | re.DOTALL)
    names = re.findall(r'"(\w+)": \w+,', rows)
    assert names and set(names) <= {endpoint.name for endpoint in ENDPOINTS}


def public_functions(package: str) -> dict[str, list[str]]:
    """File -> the names of its public functions that are requests, for each family of ``package``."""
    found: dict[str, list[str]] = {}
    for family in sorted({endpoint.family for endpoint in ENDPOINTS}):
        module = importlib.import_module(f"{package}.{family}")
        functions = inspect.getmembers(module, inspect.isfunction)
        found[family] = [
            name for name, value in functions if value.__module__ == module.__name__ and not name.startswith("_")
        ]
    return found


def rows_by_family() -> dict[str, list[str]]:
    rows: dict[str, list[str]] = {}
    for endpoint in ENDPOINTS:
        rows.setdefault(endpoint.family, []).append(endpoint.name)
    return {family: sorted(names) for family, names in sorted(rows.items())}


def step_of(endpoint: Endpoint) -> Callable[..., Any]:
    return getattr(importlib.import_module(f"regtutor.steps.{endpoint.family}"), endpoint.name)


def test_each_row_has_a_step_in_the_file_of_its_family_and_there_is_no_other() -> None:
    assert public_functions("regtutor.steps") == rows_by_family()
    assert sorted(steps.STEPS) == sorted(endpoint.name for endpoint in ENDPOINTS)


def test_each_row_has_a_handler_in_the_file_of_its_family_and_there_is_no_other() -> None:
    assert public_functions("regtutor.server.handlers") == rows_by_family()


def test_steps_and_handlers_are_in_files_of_the_same_names() -> None:
    asking = {path.name for path in (PACKAGE / "steps").glob("*.py")} - {"sender.py"}
    assert asking == {path.name for path in (PACKAGE / "server" / "handlers").glob("*.py")}


@pytest.mark.parametrize("family", rows_by_family())
def test_steps_and_handlers_of_a_family_can_be_read_side_by_side(family: str) -> None:
    asking, answering = (requests_in(PACKAGE / folder / f"{family}.py") for folder in ("steps", "server/handlers"))
    assert [function.name for function in asking] == [function.name for function in answering]
    for function in answering:
        first = function.body[1]
        assert (function.end_lineno or 0) - first.lineno + 1 <= 20, function.name


def requests_in(path: Path) -> list[ast.FunctionDef]:
    """The public functions in a file, in its order."""
    found = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
    return [function for function in found if not function.name.startswith("_")]


@each_endpoint
def test_the_row_names_its_clauses(endpoint: Endpoint) -> None:
    assert endpoint.citations
    assert all(citation.url.startswith("https://") and citation.anchor for citation in endpoint.citations)


@each_endpoint
def test_the_step_s_docstring_has_the_method_the_path_and_the_url_of_a_clause(endpoint: Endpoint) -> None:
    text = inspect.getdoc(step_of(endpoint)) or ""
    path = re.sub(r"\{(\w+)\}", r"<\1>", endpoint.template)
    forms = (f"``{endpoint.method} {path}", f"``{endpoint.method} <Location>")
    assert any(form in text for form in (forms[:1] if "session" not in endpoint.template else forms)), text
    assert any(f"<{citation.url}>" in text for citation in endpoint.citations), text


@each_endpoint
def test_the_step_s_docstring_has_every_documented_status(endpoint: Endpoint) -> None:
    text = inspect.getdoc(step_of(endpoint)) or ""
    assert [status for status in documented(endpoint.name) if not re.search(rf"\b{status}\b", text)] == []


@each_endpoint
def test_the_handler_s_docstring_has_the_method_and_the_url_of_a_clause(endpoint: Endpoint) -> None:
    handler = getattr(importlib.import_module(f"regtutor.server.handlers.{endpoint.family}"), endpoint.name)
    text = inspect.getdoc(handler) or ""
    assert f"``{endpoint.method} " in text
    assert any(f"<{citation.url}>" in text for citation in endpoint.citations), text


@each_endpoint
def test_a_step_has_at_most_15_lines_besides_its_docstring_and_ends_in_sending(endpoint: Endpoint) -> None:
    source = inspect.getsource(step_of(endpoint))
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    first, last = function.body[1], function.body[-1]
    assert (function.end_lineno or 0) - first.lineno + 1 <= 15
    assert ast.unparse(last).startswith("return reg.send(")
