"""Each endpoint has one handler of the same name, in the file of the same family."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from regtutor.protocol.endpoints import ENDPOINTS, Endpoint
from regtutor.server import handlers
from regtutor.server.app import FAMILIES, HANDLERS

FILES = [path for path in Path(handlers.__path__[0]).glob("*.py") if path.stem != "__init__"]


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_a_documented_request_is_answered_by_the_handler_of_its_name(endpoint: Endpoint) -> None:
    module = importlib.import_module(f"regtutor.server.handlers.{endpoint.family}")
    assert HANDLERS[endpoint.name] is getattr(module, endpoint.name)
    assert HANDLERS[endpoint.name].__module__ == module.__name__


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_public_function_in_a_file_of_handlers_is_a_documented_request_of_that_family(path: Path) -> None:
    functions = {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}
    public = {name for name in functions if not name.startswith("_")}
    assert public == {endpoint.name for endpoint in ENDPOINTS if endpoint.family == path.stem}


def test_every_file_of_handlers_is_a_family() -> None:
    assert {path.stem for path in FILES} == set(FAMILIES)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_a_handler_says_which_request_it_answers_and_where_that_is_specified(endpoint: Endpoint) -> None:
    doc = inspect.getdoc(HANDLERS[endpoint.name]) or ""
    assert doc.startswith(f"``{endpoint.method} ")
    assert endpoint.citations[0].url in doc
    assert endpoint.end in doc


def test_the_app_can_be_imported_where_there_are_no_threads_sockets_or_tornado() -> None:
    script = "import sys, regtutor.server.app; print(*sorted({'tornado', 'requests', 'fcntl'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == ""
