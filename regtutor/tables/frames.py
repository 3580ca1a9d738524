"""Frames: where pandas is imported, and the few ways in which the tables use it.

pandas is imported when a table is made, so that records can be shown where there is none, such as in a browser. This
module knows nothing of what is in a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from regtutor.errors import RegtutorError
from regtutor.exchange import Exchange

if TYPE_CHECKING:
    import pandas as pd

Exchanges = Exchange | Iterable[Exchange]
"""What a table is made of: a Transcript, a list of exchanges, or a single one."""

OURS = "regtutor"
"""The name in ``DataFrame.attrs`` by which a notebook knows a table of ours, which it shows uncut."""


def listed(exchanges: Exchanges) -> list[Exchange]:
    """The exchanges that a table is made of.

    Raises
    ------
    TypeError: for anything that is no exchange, such as a request that was not sent.
    """
    items = [exchanges] if isinstance(exchanges, Exchange) else list(exchanges)
    for item in items:
        if not isinstance(item, Exchange):
            raise TypeError(f"A table shows exchanges, and this is a {type(item).__name__}: send a request first")
    return items


def frame(cells: Mapping[str, Sequence[Any]], dtypes: Mapping[str, str], index: Any) -> pd.DataFrame:
    """A frame with exactly these columns and dtypes, and whatever ``index``; None is missing."""
    pandas = loaded()
    typed = {name: pandas.array(cells[name], dtype=_dtype(dtype)) for name, dtype in dtypes.items()}
    made = pandas.DataFrame(typed, index=index)
    made.attrs[OURS] = True
    return made


def counted(length: int, name: str) -> Any:
    """An index that counts from 1."""
    return loaded().RangeIndex(1, length + 1, name=name)


def texts(values: Iterable[str], name: str) -> Any:
    """An index of texts."""
    return loaded().Index(loaded().array(list(values), dtype=_dtype("string")), name=name)


def text_pairs(pairs: Sequence[tuple[str, str]], names: Sequence[str]) -> Any:
    """An index with two levels of texts, also where there is none."""
    pandas = loaded()
    levels = [pandas.array([pair[level] for pair in pairs], dtype=_dtype("string")) for level in (0, 1)]
    return pandas.MultiIndex.from_arrays(levels, names=names)


def _dtype(name: str) -> Any:
    # Text is kept by Python itself, so that a table is the same with and without pyarrow.
    return loaded().StringDtype("python") if name == "string" else name


def loaded() -> Any:
    """pandas itself.

    Raises
    ------
    RegtutorError: if it is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise RegtutorError(
            "Tables need pandas, which is not installed here",
            str(error),
            "Install it (pip install pandas), or print the exchange: its text needs nothing",
        ) from error
    return pandas
