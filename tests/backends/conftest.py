"""An image of the registry for these tests, and a directory for their temporary files."""

from __future__ import annotations

from pathlib import Path

import pytest

from regtutor.backends.container_image import build_image
from regtutor.backends.engine import Engine
from regtutor.backends.keeper import Keeper

IMAGE = "localhost/regtutor-test:latest"


@pytest.fixture(scope="session")
def image(podman: str, registry_binary: str) -> str:
    """The registry image, built from Debian's binary."""
    with Keeper() as keeper:
        return build_image(Engine(podman), keeper, registry_binary, IMAGE)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory for temporary files, empty, of this process and of those that it starts."""
    directory = tmp_path / "temporary"
    directory.mkdir()
    monkeypatch.setenv("TMPDIR", str(directory))
    monkeypatch.setattr("tempfile.tempdir", None)
    return directory
