"""Registries that walks are tried on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from regtutor.backends.opening import open_registry
from regtutor.client.registry import Registry


@pytest.fixture(autouse=True)
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that walks would have waited; no test waits."""
    seconds: list[float] = []
    monkeypatch.setattr("regtutor.walks.driving.sleep", seconds.append)
    return seconds


@pytest.fixture
def embedded() -> Iterator[Registry]:
    with open_registry("embedded", quiet=True) as registry:
        yield registry


@pytest.fixture
def native(registry_binary: str) -> Iterator[Registry]:
    with open_registry("native", quiet=True, binary=registry_binary) as registry:
        yield registry


@pytest.fixture(params=["embedded", pytest.param("native", marks=pytest.mark.registry)])
def reg(request: pytest.FixtureRequest) -> Registry:
    """Each registry that an image can be pushed to."""
    registry: Registry = request.getfixturevalue(request.param)
    return registry
