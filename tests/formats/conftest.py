"""A server that keeps what it was sent, for the tests of commands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.formats.wire import Wire


@pytest.fixture
def wire() -> Iterator[Wire]:
    server = Wire()
    yield server
    server.close()
