"""A notebook of the course, from a clean kernel to its end."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import nbformat
import pytest
from nbclient import NotebookClient

from regtutor.backends.container_image import BUILT, build_image
from regtutor.backends.engine import Engine
from regtutor.backends.keeper import Keeper
from regtutor.lessons.catalog import lesson_numbered
from regtutor.lessons.editions import learners_edition

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


class Execute(Protocol):
    """Runs a notebook; gives what each of its code cells puts out, as text, by the cell's id."""

    def __call__(
        self, name: str, variables: Mapping[str, str], *, typed: Mapping[str, str] = {}, after: Sequence[str] = ()
    ) -> dict[str, str]:
        """Run the notebook called ``name`` in a kernel whose environment has ``variables``.

        Parameters
        ----------
        typed: cell's id -> what a learner types in the place of the ``None`` in it.
        after: code of further cells; they are called ``after-0`` and so on.
        """
        ...


@pytest.fixture
def execute(tmp_path: Path) -> Execute:
    def run(
        name: str, variables: Mapping[str, str], *, typed: Mapping[str, str] = {}, after: Sequence[str] = ()
    ) -> dict[str, str]:
        notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
        for cell in notebook.cells:
            if cell.id in typed:
                assert cell.source.count("None") == 1
                cell.source = cell.source.replace("None", typed[cell.id])
        for number, source in enumerate(after):
            notebook.cells.append(nbformat.v4.new_code_cell(source, id=f"after-{number}"))
        client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
        client.execute(env={**os.environ, **variables})
        return {cell.id: text_of(cell) for cell in notebook.cells if cell.cell_type == "code"}

    return run


class Solved(Protocol):
    """Runs a lesson; gives what each of its code cells puts out, as text, by the cell's id."""

    def __call__(self, number: str, variables: Mapping[str, str]) -> dict[str, str]:
        """Run lesson ``number`` with its solutions in a kernel whose environment has ``variables``."""
        ...


@pytest.fixture
def solved(tmp_path: Path) -> Solved:
    def run(number: str, variables: Mapping[str, str]) -> dict[str, str]:
        notebook = nbformat.reads(learners_edition(lesson_numbered(number), solved=True), as_version=4)
        client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
        client.execute(env={**os.environ, "REGTUTOR_PROGRESS": str(tmp_path / "progress.json"), **variables})
        return {cell.id: text_of(cell) for cell in notebook.cells if cell.cell_type == "code"}

    return run


def text_of(cell: Any) -> str:
    return "\n".join(
        output.text if output.output_type == "stream" else output.data.get("text/plain", "") for output in cell.outputs
    )


@pytest.fixture
def container(podman: str, registry_binary: str) -> Iterator[dict[str, str]]:
    """The environment of a kernel that is to start the registry's container; its image is there meanwhile."""
    with Keeper() as keeper:
        build_image(Engine(podman), keeper, registry_binary, BUILT)
    yield {"REGTUTOR_REGISTRY": "container", "REGTUTOR_ENGINE": podman}
    # Its presence would change what open_registry chooses in other tests.
    subprocess.run([podman, "rmi", "--force", BUILT], capture_output=True, timeout=60, check=True)
