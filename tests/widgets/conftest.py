"""A fresh registry for each test: the embedded one on a socket, and CNCF Distribution's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from regtutor.backends.opening import open_registry
from regtutor.client.registry import Registry
from regtutor.content.sample import sample_image
from regtutor.exchange import Transcript
from regtutor.pushing import push_image


@pytest.fixture(scope="session")
def pushed() -> Transcript:
    """A push of the sample image to the embedded registry."""
    with open_registry("embedded", quiet=True) as registry:
        return push_image(registry, sample_image(), "library/hello", "v1")


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
