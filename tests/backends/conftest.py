"""A podman of its own for these tests, an image in it, and a directory for their temporary files."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from regtutor.backends.container_image import build_image
from regtutor.backends.engine import Engine
from regtutor.backends.keeping import Keeper

Require = Callable[[str, str], str]
CONTAINERS_CONF = Path(__file__).parent.parent / "containers.conf"
IMAGE = "localhost/regtutor-test:latest"


@pytest.fixture(scope="session")
def registry_binary(require_program: Require) -> str:
    return require_program("docker-registry", "docker-registry")


@pytest.fixture(scope="session")
def podman(require_program: Require, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A podman whose images and containers are its own: what these tests see there, they made."""
    program = require_program("podman", "podman runc slirp4netns")
    home = tmp_path_factory.mktemp("podman")
    conf = os.environ.get("CONTAINERS_CONF", str(CONTAINERS_CONF) if _bare_machine() else "")
    wrapper = home / "bin" / "podman"
    wrapper.parent.mkdir()
    wrapper.write_text(
        f"#!/bin/sh\nexport PATH='{os.environ['PATH']}'\n"  # whatever a test makes of it: podman calls its runtime
        + (f"export CONTAINERS_CONF='{conf}'\n" if conf else "")
        + f"exec '{program}' --root '{home}/images' --runroot '{home}/run' \"$@\"\n"
    )
    wrapper.chmod(0o755)
    yield str(wrapper)
    subprocess.run([wrapper, "rm", "--force", "--all"], capture_output=True, timeout=60)
    subprocess.run([wrapper, "rmi", "--force", "--all"], capture_output=True, timeout=60)
    shutil.rmtree(home, ignore_errors=True)


def _bare_machine() -> bool:
    return os.geteuid() == 0 and not Path("/run/systemd/system").exists()


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
