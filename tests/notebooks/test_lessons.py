"""The first lessons in a real kernel, with the answers of a learner who has finished; on the container as well.

``tests/lessons`` runs every lesson without a kernel, on the embedded and on the native registry.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from regtutor.lessons.catalog import course
from tests.notebooks.conftest import Solved

GREETING = "Hello from regtutor"
ON_THE_CONTAINER = ("01", "02", "06", "08")

pytestmark = pytest.mark.notebook


def assert_done(cells: dict[str, str], registry: str) -> None:
    assert f"Registry: {registry} at http://127.0.0.1:" in cells["begin"]
    reports = {name: text for name, text in cells.items() if name.endswith("-task")}
    assert len(reports) >= 4
    assert [name for name, text in reports.items() if ": done" not in text] == []


def test_the_first_lesson_on_the_embedded_registry(solved: Solved) -> None:
    cells = solved("00", {"REGTUTOR_REGISTRY": "embedded"})
    assert_done(cells, "embedded")
    assert "200: this registry speaks the API" in cells["first"], "the response to the prediction is below its cell"
    assert "00 Start here" in cells["progress"] and "4 of 4" in cells["progress"]


def test_what_is_pushed_by_hand_runs(solved: Solved, podman: str) -> None:
    cells = solved("01", {"REGTUTOR_REGISTRY": "embedded", "REGTUTOR_ENGINE": podman})
    assert_done(cells, "embedded")
    assert GREETING in cells["run"]
    assert "done" in cells["raw-task"], "curl in a terminal cell"


def test_what_is_built_by_hand_runs(solved: Solved, podman: str) -> None:
    cells = solved("03", {"REGTUTOR_REGISTRY": "embedded", "REGTUTOR_ENGINE": podman})
    assert_done(cells, "embedded")
    unpacked, _, ran = cells["run"].partition("$ ")
    printed = f"{GREETING}: this program was stored in a registry, layer by layer.\nThis image was built by hand.\n"
    assert printed in unpacked and printed in ran, "the text says what the container prints"


def test_the_stepper_lesson_on_the_embedded_registry(solved: Solved) -> None:
    cells = solved("02", {"REGTUTOR_REGISTRY": "embedded"})
    assert_done(cells, "embedded")
    assert "PushStepper" in cells["stepper"]


@pytest.mark.registry
def test_the_lesson_on_tokens_ends_behind_nginx(
    solved: Solved, registry_binary: str, require_program: Callable[[str, str], str]
) -> None:
    nginx = require_program("nginx", "nginx-light")
    settings = {"REGTUTOR_REGISTRY": "native", "REGTUTOR_BINARY": registry_binary, "REGTUTOR_NGINX": nginx}
    cells = solved("09", settings)
    assert_done(cells, "native")
    assert "Registry: native behind nginx at https://127.0.0.1:" in cells["secured"]
    assert cells["through"].count("request_token") == 3


def test_without_nginx_the_lesson_on_tokens_says_so_and_serves_tls_itself(solved: Solved) -> None:
    cells = solved("09", {"REGTUTOR_REGISTRY": "embedded", "REGTUTOR_NGINX": "no-such-nginx"})
    assert_done(cells, "embedded")
    assert "no-such-nginx is not installed, so this registry serves TLS itself" in cells["secured"]
    assert cells["through"].count("request_token") == 3


@pytest.mark.container
@pytest.mark.parametrize("number", [entry.number for entry in course() if entry.number in ON_THE_CONTAINER])
def test_on_the_registry_container(number: str, solved: Solved, container: dict[str, str]) -> None:
    cells = solved(number, container)
    assert_done(cells, "container")
    if number == "01":
        assert GREETING in cells["run"]
