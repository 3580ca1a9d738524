"""The embedded registry with the quirks of Distribution 3.1 answers as was seen and read of that; none is here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from regtutor.backends.opening import open_registry
from tests.contract.conducting import Sends, conduct
from tests.contract.language import Row
from tests.contract.socket_sender import SocketSender
from tests.contract.tables.distribution_3 import ROWS


@pytest.fixture(scope="module")
def as_3_1() -> Iterator[Sends]:
    with open_registry("embedded", quiet=True, quirks="distribution-3.1") as opened:
        yield SocketSender(opened.url)


@pytest.mark.parametrize(("number", "row"), list(enumerate(ROWS)), ids=[row.name for row in ROWS])
def test_it_answers_as_3_1_was_seen_or_read_to_do(as_3_1: Sends, row: Row, number: int) -> None:
    seen, values = conduct(row, number, as_3_1)
    assert row.answer.complaints(seen, values) == [], f"{row.source}\n  seen: {seen}"
