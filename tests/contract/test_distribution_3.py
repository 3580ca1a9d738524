"""The embedded registry with the quirks of Distribution 3.1 responds as was observed of that.

So does Distribution 3 itself, if ``$REGTUTOR_BINARY`` is one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from regtutor.backends.distribution import version
from regtutor.backends.opening import open_registry
from tests.contract.conducting import Sends, conduct
from tests.contract.language import Row
from tests.contract.socket_sender import SocketSender
from tests.contract.tables.distribution_3 import ROWS


def registries() -> list[str]:
    """The imitation, and ``native`` if the environment names a binary of version 3."""
    binary = os.environ.get("REGTUTOR_BINARY")
    return ["embedded", *(["native"] if binary and version(binary).startswith("3.") else [])]


@pytest.fixture(scope="module", params=registries())
def as_3_1(request: pytest.FixtureRequest) -> Iterator[Sends]:
    options = {"quirks": "distribution-3.1"} if request.param == "embedded" else {}
    with open_registry(request.param, quiet=True, **options) as opened:
        yield SocketSender(opened.url)


@pytest.mark.parametrize(("number", "row"), list(enumerate(ROWS)), ids=[row.name for row in ROWS])
def test_it_answers_as_3_1_was_seen_or_read_to_do(as_3_1: Sends, row: Row, number: int) -> None:
    seen, values = conduct(row, number, as_3_1)
    assert row.answer.complaints(seen, values) == [], f"{row.source}\n  seen: {seen}"
