"""The imitation of a version of CNCF Distribution and the real one, beside it, respond alike.

2.8 is the installed ``docker-registry``, compared in the rows in which it differs from the embedded registry. 3.1 is
the binary that ``$REGTUTOR_DISTRIBUTION_3`` names, compared in all rows; without it, the imitation is only held against
``tables/distribution_3.py``, the responses of a real 3.1.1.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import pytest

from regtutor.backends.opening import open_registry
from tests.contract.cells import NOT_IMITATED, NOT_IMITATED_OF_3
from tests.contract.comparing import differences
from tests.contract.conducting import Sends, conduct
from tests.contract.conftest import DISTRIBUTION_3, binary_of_3
from tests.contract.language import Answered, Row, Sent
from tests.contract.socket_sender import SocketSender
from tests.contract.table import ROWS
from tests.contract.tables import distribution_3


@contextmanager
def beside(binary: str, profile: str) -> Iterator[tuple[Sends, Sends]]:
    """The real registry, and the imitation."""
    with (
        open_registry("native", quiet=True, binary=binary) as real,
        open_registry("embedded", quiet=True, quirks=profile) as ours,
    ):
        yield SocketSender(real.url), SocketSender(ours.url)


@pytest.fixture(scope="module")
def both_2_8(distribution_binary: str) -> Iterator[tuple[Sends, Sends]]:
    with beside(distribution_binary, "distribution-2.8") as both:
        yield both


@pytest.fixture(scope="module")
def both_3_1(distribution_3_binary: str) -> Iterator[tuple[Sends, Sends]]:
    with beside(distribution_3_binary, "distribution-3.1") as both:
        yield both


OF_2_8 = [row for row in ROWS if "distribution" in row.differs]
OF_3_1 = [*ROWS, *(replace(row, says=f"{row.says} (3.1)") for row in distribution_3.ROWS)]
OF_3_1 = OF_3_1 if os.environ.get(DISTRIBUTION_3) else OF_3_1[:1]  # one skip tells how to name a binary


def compare(both: tuple[Sends, Sends], row: Row, number: int, left: Mapping[str, object]) -> None:
    """Check that both respond alike, or differently if the row is in ``left``, what is not imitated."""
    real, ours = both
    seen, _ = conduct(row, number, real)
    found = differences(seen, conduct(row, number, ours)[0])
    if row.name in left:
        assert found, f"{row.name!r} is imitated: take it out of the list of what is not"
    else:
        assert found == [], f"{row.name}\n  real: {seen}"


@pytest.mark.registry
@pytest.mark.parametrize(("number", "row"), list(enumerate(OF_2_8)), ids=[row.name for row in OF_2_8])
def test_2_8_and_its_imitation_answer_alike(both_2_8: tuple[Sends, Sends], row: Row, number: int) -> None:
    compare(both_2_8, row, number, NOT_IMITATED)


@pytest.mark.parametrize(("number", "row"), list(enumerate(OF_3_1)), ids=[row.name for row in OF_3_1])
def test_3_1_and_its_imitation_answer_alike(both_3_1: tuple[Sends, Sends], row: Row, number: int) -> None:
    compare(both_3_1, row, number, NOT_IMITATED_OF_3)


def test_a_binary_that_is_not_version_3_is_no_distribution_3(distribution_binary: str) -> None:
    with pytest.raises(AssertionError, match=r"is CNCF Distribution 2\.8\.\S+, not 3"):
        binary_of_3(distribution_binary)


def test_without_a_binary_the_skip_says_how_to_name_one() -> None:
    with pytest.raises(pytest.skip.Exception, match="set REGTUTOR_DISTRIBUTION_3=PATH"):
        binary_of_3(None)


@pytest.mark.parametrize(
    "other",
    [
        Answered(404, (("Location", "/v2/a"),), b"{}"),
        Answered(200, (("Location", "/v2/b"),), b"{}"),
        Answered(200, (), b"{}"),
        Answered(200, (("Location", "/v2/a"),), b'{"errors":[{"code":"UNKNOWN"}]}'),
        Answered(200, (("Location", "/v2/a"),), b"[]x"),
        Answered(200, (("Location", "/v2/a"),), b"{}", (100,)),
        Answered(200, (("Location", "/v2/a"),), b"{}", (), True),
    ],
)
def test_a_difference_is_noticed(other: Answered) -> None:
    real = Answered(200, (("location", "http://r:5000/v2/a"), ("Date", "today")), b"{}")
    assert differences(real, Answered(200, (("Location", "/v2/a"),), b"{}")) == []
    assert differences(real, other) != []


def test_a_request_is_sent_to_both(distribution_binary: str) -> None:
    with (
        open_registry("native", quiet=True, binary=distribution_binary) as real,
        open_registry("embedded", quiet=True) as plain,
    ):
        answers = [SocketSender(one.url).send(Sent("GET / HTTP/1.1"), {}) for one in (real, plain)]
    assert differences(*answers)[0] == "status: the real one 200, ours 404"
