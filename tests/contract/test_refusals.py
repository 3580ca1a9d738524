"""Every refusal of the embedded registry says what it was given, what it expected, and which request to try next."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import regtutor.server
from regtutor.backends.opening import open_registry
from regtutor.client.registry import Registry
from regtutor.protocol.codes import CODES
from tests.contract.conducting import InProcessSender, conduct
from tests.contract.language import Answer, Row
from tests.contract.table import ROWS


def own_answer(row: Row) -> Answer:
    """The responses of the embedded registry."""
    return row.differs["embedded"].answer if "embedded" in row.differs else row.answer


REFUSED = [(number, row) for number, row in enumerate(ROWS) if own_answer(row).errors]

ELSEWHERE = {
    "DENIED": "requests that web pages cause: tests/server/shell/test_origin_check.py",
    "TOOMANYREQUESTS": "passwords that wait: tests/server/shell/test_password_queue.py",
    "UNAVAILABLE": "too many connections or open files: tests/server/shell/test_descriptors.py",
    "UNAUTHORIZED": "only where names and passwords are asked for: tests/server/shell/test_authentication.py",
    "UNKNOWN": "a failure of its own: tests/server/shell/test_listen.py",
}
"""Codes that no row of the table has, and where they are tested."""


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    with open_registry("in_process", quiet=True) as opened:
        yield opened


@pytest.mark.parametrize(("number", "row"), REFUSED, ids=[row.name for _, row in REFUSED])
def test_a_refusal_has_its_status_its_code_and_a_detail_of_three_parts(
    registry: Registry, row: Row, number: int
) -> None:
    seen, _ = conduct(row, number, InProcessSender(registry))
    entries: list[dict[str, Any]] = json.loads(seen.body)["errors"]
    assert [entry["code"] for entry in entries] == list(own_answer(row).errors or ())
    for entry in entries:
        assert entry["message"] == CODES[entry["code"]].meaning
        assert list(entry["detail"]) == ["given", "expected", "next"], entry
        assert all(entry["detail"].values()), entry
        assert _names_a_request(entry["detail"]["next"]), entry
        assert entry["detail"]["next"].split()[0] in {*METHODS, *VERBS}, entry


METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
VERBS = {"Add", "Ask", "Move", "Send", "Upload"}
"""The imperatives with which the next step begins, besides the methods."""


def _names_a_request(text: str) -> bool:
    """A method and a path, or the same request with something changed."""
    words = text.replace(",", " ").split()
    return bool(METHODS & set(words)) or "the same request" in text


def nodes_of_the_server() -> Iterator[tuple[Path, ast.AST]]:
    """The source of the server, except for the quirks, which refuse as other registries do."""
    for path in Path(regtutor.server.__path__[0]).rglob("*.py"):
        if "quirks" not in path.parts:
            yield from ((path, node) for node in ast.walk(ast.parse(path.read_text())))


def codes_in_the_server() -> set[str]:
    """Every code that the server's source names."""
    constants = {node.value for _, node in nodes_of_the_server() if isinstance(node, ast.Constant)}
    return {code for code in CODES if code in constants}


def test_every_refusal_in_the_source_is_given_the_three_parts() -> None:
    calls = [
        (path, node)
        for path, node in nodes_of_the_server()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refusal"
    ]
    assert len(calls) > 20
    short = [
        f"{path.name}:{call.lineno}"
        for path, call in calls
        if not {"given", "expected", "next"} <= (names := {keyword.arg for keyword in call.keywords})
        and None not in names
    ]
    assert short == []


def test_every_code_that_the_registry_can_give_is_refused_in_a_row_or_elsewhere() -> None:
    in_rows = {code for _, row in REFUSED for code in own_answer(row).errors or ()}
    assert codes_in_the_server() - in_rows == set(ELSEWHERE)
