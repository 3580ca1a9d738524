"""What every test may use: components that are really there, or a skip that says how to get them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from regtutor.backends.opening import open_registry
from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_image
from regtutor.exchange import Transcript
from regtutor.walks.pushing import push_image
from tests.soak import pytest_configure  # noqa: F401 - a hook of pytest
from tests.workers import pytest_collection_finish, pytest_collection_modifyitems  # noqa: F401 - pytest's hooks

CONTAINERS_CONF = Path(__file__).parent / "containers.conf"
NODE_MODULES = Path(__file__).parent / "front" / "node_modules"
settings.register_profile("regtutor", deadline=None)  # a busy machine is no failure
settings.load_profile("regtutor")
IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def missing(reason: str) -> None:
    """Skip because a component is missing; in CI, where everything must be there, fail instead."""
    if IN_CI:
        pytest.fail(f"CI must have every component: {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_for_the_disk() -> Iterator[None]:
    """Stores written in this process need not outlive a power cut: half of the time of many tests was fsync."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _descriptor: None)
        yield


@pytest.fixture(scope="session")
def require_program() -> Callable[[str, str], str]:
    """``require_program("skopeo", "skopeo")`` gives the program's path, or skips and names the package that has it."""

    def require(name: str, package: str) -> str:
        path = shutil.which(name)
        if path is None:
            missing(f"{name} is not on PATH; on Debian: apt-get install {package}")
        assert path is not None
        return path

    return require


@pytest.fixture(scope="session")
def node_package() -> Callable[[str], Path]:
    """``node_package("axe-core")`` gives the directory of a package that npm installed, or skips and says how."""

    def require(name: str) -> Path:
        directory = NODE_MODULES / name
        if not (directory / "package.json").is_file():
            missing(f"{name} is not in {NODE_MODULES.parent}; `make front` installs it with npm")
        return directory

    return require


@pytest.fixture(scope="session")
def registry_binary(require_program: Callable[[str, str], str]) -> str:
    return os.environ.get("REGTUTOR_BINARY") or require_program("docker-registry", "docker-registry")


@pytest.fixture(scope="session")
def podman(require_program: Callable[[str, str], str]) -> Iterator[str]:
    """A podman whose images and containers are its own: what these tests see there, they made."""
    program = require_program("podman", "podman runc slirp4netns")
    home = Path(tempfile.mkdtemp(prefix="podman-"))  # podman takes no path of more than 50 characters
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
def pushed() -> Transcript:
    """A push of the sample image to the embedded registry."""
    with open_registry("embedded", quiet=True) as registry:
        return push_image(registry, sample_image(), "library/hello", "v1", progress=False)


@pytest.fixture
def reg() -> Iterator[Registry]:
    """The embedded registry on a socket."""
    with open_registry("embedded", quiet=True) as registry:
        yield registry


@pytest.fixture(params=["in_process", "embedded", pytest.param("native", marks=pytest.mark.registry)])
def any_reg(request: pytest.FixtureRequest, require_program: Callable[[str, str], str]) -> Iterator[Registry]:
    """Each registry that can be had without a container engine."""
    if request.param == "native":
        require_program("docker-registry", "docker-registry")
    with open_registry(request.param, quiet=True) as registry:
        yield registry
