"""Lesson 09, from a clean kernel to its end, on each registry, with nginx and without."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from tests.notebooks.conftest import NOTEBOOKS, Execute

NOTEBOOK = "09_who_are_you.ipynb"
LOGIN = ["401 check_api", "200 request_token", "200 check_api"]
PUSH = [
    *("401 head_blob", "200 request_token", "404 head_blob"),
    *("401 start_upload", "200 request_token", "202 start_upload", "201 put_blob"),
    *3 * ["404 head_blob", "202 start_upload", "201 put_blob"],
    "201 put_manifest",
]

pytestmark = pytest.mark.notebook


def requests(table: str) -> list[str]:
    """The rows of a table as status and step."""
    rows = re.findall(r"^\d+ +(\w+) +[A-Z]+ +(\d{3})", table, re.MULTILINE)
    return [f"{status} {step}" for step, status in rows]


def assert_as_written(executed: dict[str, str]) -> None:
    """What the lesson says about each response."""
    cells = {name: " ".join(text.split()) for name, text in executed.items()}
    assert "users: learner/learner-password" in cells["code-01"]
    assert "< HTTP/1.1 401 Unauthorized" in cells["refused"]
    assert "'Bearer'" in cells["challenge"] and "/token'" in cells["challenge"]
    assert cells["anonymous"].startswith("(200, <Token <redacted>, grants {'private/plans': ()}")
    assert "Authorization: Basic <redacted>" in cells["asked"] and "'access'" in cells["claims"]
    assert "Bearer <redacted>" in cells["started"]
    assert cells["elsewhere"].startswith("(401,") and "'insufficient_scope'" in cells["elsewhere"]
    assert cells["cancel"].startswith("(401,") and ":delete" in cells["cancel"]
    assert cells["canceled"] == "204"
    assert cells["wrong"].startswith("(401,") and "'Basic'" in cells["wrong"]
    assert requests(executed["push"]) == [*LOGIN, *PUSH]
    assert (cells["private"], cells["missing"]) == ("(200, 401)", "401")
    assert cells["mount-one"].startswith("(401,") and cells["mount-one"].count("repository:") == 2
    assert cells["mount-both"] == "201"
    assert "'private/plans': ()" in cells["alice"] and "'library/copy': ('pull',)" in cells["alice"]
    assert requests(executed["secured-push"]) == [*LOGIN, *PUSH]


def hosts(cells: dict[str, str]) -> set[str]:
    return set(re.findall(r"https?://[\d.:]+", cells["secured-addresses"]))


def test_on_the_embedded_registry_without_nginx(execute: Execute) -> None:
    cells = execute(NOTEBOOK, {"REGTUTOR_REGISTRY": "embedded", "REGTUTOR_NGINX": "no-such-nginx"})
    assert_as_written(cells)
    assert "no-such-nginx is not installed, so this registry serves TLS itself" in cells["secured"]
    (host,) = hosts(cells)
    assert host.startswith("https://")


@pytest.mark.registry
def test_on_the_native_registry_and_behind_nginx(
    execute: Execute, registry_binary: str, require_program: Callable[[str, str], str]
) -> None:
    nginx = require_program("nginx", "nginx-light")
    environment = {"REGTUTOR_REGISTRY": "native", "REGTUTOR_BINARY": registry_binary, "REGTUTOR_NGINX": nginx}
    cells = execute(NOTEBOOK, environment)
    assert_as_written(cells)
    assert "Registry: native behind nginx at https://127.0.0.1:" in cells["secured"]
    assert len(hosts(cells)) == 1 and "/token" in cells["secured-addresses"]


def test_is_committed_without_outputs() -> None:
    notebook = json.loads((NOTEBOOKS / NOTEBOOK).read_text())
    assert [cell for cell in notebook["cells"] if cell.get("outputs") or cell.get("execution_count")] == []
