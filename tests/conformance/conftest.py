"""The registries that the requirements are tried on: ``embedded`` and ``in_process``.

Another one can be tried by hand, to be counted and not to pass: ``REGTUTOR_CONFORMANCE=native``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from regtutor.backends.opening import open_registry
from tests.conformance.speaking import Speaker
from tests.contract.conducting import InProcessSender, Sends
from tests.contract.socket_sender import SocketSender

REGISTRIES = os.environ.get("REGTUTOR_CONFORMANCE", "in_process embedded").split()
ALGORITHMS = ("sha256", "sha512")


@pytest.fixture(scope="session", params=REGISTRIES)
def sender(request: pytest.FixtureRequest) -> Iterator[Sends]:
    """What takes literal requests to the registry."""
    with open_registry(request.param, quiet=True) as registry:
        yield InProcessSender(registry) if request.param == "in_process" else SocketSender(registry.url)


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    return count()


@pytest.fixture
def speaker(sender: Sends, numbers: Iterator[int]) -> Speaker:
    """For a repository that only this test uses."""
    return Speaker(sender, f"conformance/test{next(numbers)}")


@pytest.fixture
def another(sender: Sends, numbers: Iterator[int]) -> Callable[[], Speaker]:
    """Makes speakers for further repositories."""
    return lambda: Speaker(sender, f"conformance/test{next(numbers)}")


@pytest.fixture(params=ALGORITHMS)
def algorithm(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name
