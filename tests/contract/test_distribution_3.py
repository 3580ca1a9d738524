"""The embedded registry with the quirks of Distribution 3.1 responds as a real 3.1.1 does.

``test_imitations.py`` compares these rows, and all others, with Distribution 3 itself, if there is one.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from regtutor.backends.opening import open_registry
from tests.contract.conducting import Sends, conduct
from tests.contract.language import Row
from tests.contract.socket_sender import SocketSender
from tests.contract.tables.distribution_3 import ROWS


@pytest.fixture(scope="module")
def imitation() -> Iterator[Sends]:
    with open_registry("embedded", quiet=True, quirks="distribution-3.1") as opened:
        yield SocketSender(opened.url)


@pytest.mark.parametrize(("number", "row"), list(enumerate(ROWS)), ids=[row.name for row in ROWS])
def test_the_imitation_answers_as_a_real_3_1_1_does(imitation: Sends, row: Row, number: int) -> None:
    seen, values = conduct(row, number, imitation)
    assert row.answer.complaints(seen, values) == [], f"{row.source}\n  seen: {seen}"
