"""The long tests, marked ``soak``: they run only if ``-m`` names the marker, as ``make soak`` does."""

from __future__ import annotations

import pytest


def with_default(expression: str) -> str:
    """The expression of ``-m``, which leaves out the long tests unless it names them.

    ``-m`` in ``addopts`` would be replaced by the ``-m`` of a caller: ``-m "not registry"`` would run for hours.
    """
    if "soak" in expression:
        return expression
    return f"({expression}) and not soak" if expression else "not soak"


def pytest_configure(config: pytest.Config) -> None:
    config.option.markexpr = with_default(config.option.markexpr)
