"""What every test may use: components that are really there, or a skip that says how to get them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import pytest

IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def missing(reason: str) -> None:
    """Skip because a component is missing; in CI, where everything must be there, fail instead."""
    if IN_CI:
        pytest.fail(f"CI must have every component: {reason}", pytrace=False)
    pytest.skip(reason)


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
