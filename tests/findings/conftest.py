"""Every registry that is here, for what is said of its answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import regtutor as rt

KINDS = (
    "in_process",
    "embedded",
    pytest.param("native", marks=pytest.mark.registry),
    pytest.param("container", marks=pytest.mark.container),
)


@pytest.fixture(scope="package", params=KINDS)
def reg(request: pytest.FixtureRequest) -> Iterator[rt.Registry]:
    options: dict[str, Any] = {}
    if request.param in ("native", "container"):
        options["binary"] = request.getfixturevalue("registry_binary")
    if request.param == "container":
        options |= {"engine": request.getfixturevalue("podman"), "build": True}
    with rt.open_registry(request.param, quiet=True, **options) as opened:
        yield opened
