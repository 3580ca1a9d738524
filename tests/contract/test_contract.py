"""Every registry answers every literal request as the contract says, or as its own cell says."""

from __future__ import annotations

import pytest

from regtutor.client.registry import Registry
from tests.contract.cells import NOT_IMITATED
from tests.contract.conducting import Sends, conduct
from tests.contract.conftest import AS_2_8, FAMILY
from tests.contract.language import Answered, Row
from tests.contract.table import ROWS


@pytest.mark.parametrize(("number", "row"), list(enumerate(ROWS)), ids=[row.name for row in ROWS])
def test_the_registry_answers_as_written(registry: tuple[str, Registry], sender: Sends, row: Row, number: int) -> None:
    seen, values = conduct(row, number, sender)
    complaints = row.answer.complaints(seen, values)
    cell = row.differs.get(FAMILY[registry[0]])
    if registry[0] == AS_2_8 and row.name in NOT_IMITATED:
        cell = NOT_IMITATED[row.name].cell(cell)
    if cell is None:
        assert not complaints, _report(registry[0], row, complaints, seen)
        return
    own = cell.answer.complaints(seen, values)
    assert not own, _report(registry[0], row, own, seen)
    assert complaints, f"{registry[0]} no longer differs in {row.name!r}: take its cell out of the table"


def _report(name: str, row: Row, complaints: list[str], seen: Answered) -> str:
    lines = [f"{name}, {row.name}: {row.source}", *complaints, f"seen: {seen}"]
    return "\n  ".join(lines)
