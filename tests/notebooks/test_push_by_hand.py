"""The first notebook, from a clean kernel to its end, on each registry, as it stands."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.notebooks.conftest import NOTEBOOKS, Execute

NOTEBOOK = "01_push_by_hand.ipynb"
GREETING = "Hello from regtutor"

pytestmark = pytest.mark.notebook


@pytest.fixture
def executed(execute: Execute) -> Callable[[dict[str, str]], list[str]]:
    """Runs the notebook in a kernel whose environment has these variables; gives each code cell's outputs as text."""
    return lambda variables: list(execute(NOTEBOOK, variables).values())


def assert_told(outputs: list[str], name: str) -> None:
    """What the story promises at each place, whatever the registry."""
    story = "\n".join(outputs)
    assert f"Registry: {name} at http://127.0.0.1:" in outputs[0]
    for line in (
        "< HTTP/1.1 202 Accepted",
        "< HTTP/1.1 100 Continue",
        "< HTTP/1.1 201 Created",
        "< HTTP/1.1 400 Bad Request",
        "DIGEST_INVALID",
        "cancel_upload",
        "MANIFEST_BLOB_UNKNOWN",
        "2018-09-13T11:05:26.972621888Z",
    ):
        assert line in story, line
    assert "4534" in story and "11748" in story, "the table of the bytes each push sent"


def test_on_the_embedded_registry(executed: Callable[[dict[str, str]], list[str]], podman: str) -> None:
    outputs = executed({"REGTUTOR_REGISTRY": "embedded", "REGTUTOR_ENGINE": podman})
    assert_told(outputs, "embedded")
    assert any(GREETING in output for output in outputs), "podman ran what was pushed"


@pytest.mark.registry
def test_on_the_native_registry(
    executed: Callable[[dict[str, str]], list[str]], registry_binary: str, podman: str
) -> None:
    outputs = executed({"REGTUTOR_REGISTRY": "native", "REGTUTOR_ENGINE": podman})
    assert_told(outputs, "native")
    assert any("missing signature key" in output for output in outputs), "why a Content-Type matters"
    assert any(GREETING in output for output in outputs), "podman ran what was pushed"


@pytest.mark.container
def test_on_the_registry_container(executed: Callable[[dict[str, str]], list[str]], container: dict[str, str]) -> None:
    outputs = executed(container)
    assert_told(outputs, "container")
    assert any("missing signature key" in output for output in outputs), "why a Content-Type matters"
    assert any(GREETING in output for output in outputs), "podman ran what was pushed"


def test_without_an_engine_it_says_so_and_goes_on(executed: Callable[[dict[str, str]], list[str]]) -> None:
    outputs = executed({"REGTUTOR_REGISTRY": "embedded", "REGTUTOR_ENGINE": "no-such-engine"})
    assert any("No container engine is available" in output for output in outputs)
    assert "PushStepper" in outputs[-1]


def test_is_committed_without_outputs() -> None:
    notebook = json.loads((NOTEBOOKS / NOTEBOOK).read_text())
    assert [cell for cell in notebook["cells"] if cell.get("outputs") or cell.get("execution_count")] == []
