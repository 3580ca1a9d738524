"""The first notebook, from a clean kernel to its end, on each registry, as it stands."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from regtutor.backends.container_image import BUILT, build_image
from regtutor.backends.engine import Engine
from regtutor.backends.keeping import Keeper

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01_push_by_hand.ipynb"
GREETING = "Hello from regtutor"

pytestmark = pytest.mark.notebook


@pytest.fixture
def executed(tmp_path: Path) -> Callable[[dict[str, str]], list[str]]:
    """Runs the notebook in a kernel whose environment has these variables; gives each code cell's outputs as text."""

    def execute(variables: dict[str, str]) -> list[str]:
        notebook = nbformat.read(NOTEBOOK, as_version=4)
        client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
        client.execute(env=os.environ | variables)
        return [text_of(cell) for cell in notebook.cells if cell.cell_type == "code"]

    return execute


def text_of(cell: Any) -> str:
    return "\n".join(
        output.text if output.output_type == "stream" else output.data.get("text/plain", "") for output in cell.outputs
    )


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
def test_on_the_registry_container(
    executed: Callable[[dict[str, str]], list[str]], podman: str, registry_binary: str
) -> None:
    with Keeper() as keeper:
        build_image(Engine(podman), keeper, registry_binary, BUILT)
    try:
        outputs = executed({"REGTUTOR_REGISTRY": "container", "REGTUTOR_ENGINE": podman})
    finally:
        # Its presence would change what open_registry chooses in other tests.
        subprocess.run([podman, "rmi", "--force", BUILT], capture_output=True, timeout=60, check=True)
    assert_told(outputs, "container")
    assert any("missing signature key" in output for output in outputs), "why a Content-Type matters"
    assert any(GREETING in output for output in outputs), "podman ran what was pushed"


def test_without_an_engine_it_says_so_and_goes_on(executed: Callable[[dict[str, str]], list[str]]) -> None:
    outputs = executed({"REGTUTOR_REGISTRY": "embedded", "REGTUTOR_ENGINE": "no-such-engine"})
    assert any("There is no container engine" in output for output in outputs)
    assert "PushStepper" in outputs[-1]


def test_is_committed_without_outputs() -> None:
    notebook = json.loads(NOTEBOOK.read_text())
    assert [cell for cell in notebook["cells"] if cell.get("outputs") or cell.get("execution_count")] == []
