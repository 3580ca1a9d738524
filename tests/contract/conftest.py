"""The registries that the contract is held against."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from regtutor.backends.distribution import version
from regtutor.backends.opening import open_registry
from regtutor.client.registry import Registry
from tests.conftest import missing
from tests.contract.conducting import InProcessSender, Sends
from tests.contract.socket_sender import SocketSender

AS_2_8 = "embedded-as-2.8"
"""The embedded registry with the quirks of Distribution 2.8: its cells are those of the real one."""

REGISTRIES = (
    "in_process",
    "embedded",
    AS_2_8,
    pytest.param("native", marks=pytest.mark.registry),
    pytest.param("container", marks=pytest.mark.container),
)
FAMILY = {
    "in_process": "embedded",
    "embedded": "embedded",
    AS_2_8: "distribution",
    "native": "distribution",
    "container": "distribution",
}
"""The name of a registry in the cells of the table."""


@pytest.fixture(scope="session")
def distribution_binary(registry_binary: str) -> str:
    """CNCF Distribution 2.8, whose responses are in the table."""
    if not version(registry_binary).startswith("2.8."):
        missing(f"the table has the responses of Distribution 2.8, and {registry_binary} is {version(registry_binary)}")
    return registry_binary


DISTRIBUTION_3 = "REGTUTOR_DISTRIBUTION_3"


def binary_of_3(given: str | None) -> str:
    """The path of a Distribution 3 that the environment names; pytest skips without one.

    Raises
    ------
    BackendMissing: if the named file is not a registry of CNCF Distribution.
    """
    if not given:
        pytest.skip(f"set {DISTRIBUTION_3}=PATH to the binary of CNCF Distribution 3 to compare the imitation with it")
    assert version(given).startswith("3."), f"{DISTRIBUTION_3}={given} is CNCF Distribution {version(given)}, not 3"
    return given


@pytest.fixture(scope="module")
def distribution_3_binary() -> str:
    return binary_of_3(os.environ.get(DISTRIBUTION_3))


@pytest.fixture(scope="module", params=REGISTRIES)
def registry(request: pytest.FixtureRequest) -> Iterator[tuple[str, Registry]]:
    """Each registry by its name, one for all rows."""
    name = request.param
    options: dict[str, Any] = {}
    if name == AS_2_8:
        options = {"quirks": "distribution-2.8"}
    elif FAMILY[name] == "distribution":
        options = {"binary": request.getfixturevalue("distribution_binary")}
    if name == "container":
        options |= {"engine": request.getfixturevalue("podman"), "build": True}
    with open_registry("embedded" if name == AS_2_8 else name, quiet=True, **options) as opened:
        yield name, opened


@pytest.fixture(scope="module")
def sender(registry: tuple[str, Registry]) -> Sends:
    """The sender of literal requests to the registry."""
    name, opened = registry
    return InProcessSender(opened) if name == "in_process" else SocketSender(opened.url)
