"""The registries that the contract is held against."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from regtutor.backends.distribution import find_binary, version
from regtutor.backends.opening import open_registry
from regtutor.client.registry import Registry
from regtutor.errors import BackendMissing
from tests.conftest import missing
from tests.contract.conducting import InProcessSender, Sends
from tests.contract.socket_sender import SocketSender

REGISTRIES = (
    "in_process",
    "embedded",
    pytest.param("native", marks=pytest.mark.registry),
    pytest.param("container", marks=pytest.mark.container),
)
FAMILY = {"in_process": "embedded", "embedded": "embedded", "native": "distribution", "container": "distribution"}
"""The name under which a registry stands in the table's cells."""


@pytest.fixture(scope="session")
def distribution_binary(require_program: Callable[[str, str], str]) -> Path:
    """CNCF Distribution 2.8, whose answers the table holds."""
    require_program("docker-registry", "docker-registry")
    binary = find_binary()
    if not version(binary).startswith("2.8."):
        missing(f"the table holds the answers of Distribution 2.8, and {binary} is {version(binary)}")
    return binary


@pytest.fixture(scope="module", params=REGISTRIES)
def registry(request: pytest.FixtureRequest) -> Iterator[tuple[str, Registry]]:
    """Each registry by its name, one for all rows."""
    name, options = request.param, {}
    if FAMILY[name] == "distribution":
        binary = request.getfixturevalue("distribution_binary")
        options = {"binary": binary} if name == "native" else {"build": True, "binary": binary}
    try:
        opened = open_registry(name, quiet=True, **options)
    except BackendMissing as error:
        missing(str(error))
    with opened:
        yield name, opened


@pytest.fixture(scope="module")
def sender(registry: tuple[str, Registry]) -> Sends:
    """What takes literal requests to the registry."""
    name, opened = registry
    return InProcessSender(opened) if name == "in_process" else SocketSender(opened.url)
