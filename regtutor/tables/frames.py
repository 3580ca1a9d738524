"""Building DataFrames: the only module that imports pandas, and the few operations that the tables need.

pandas is imported when a table is made, so that records can be displayed where pandas is not installed, such as in a
browser. This module does not depend on the contents of a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from regtutor.errors import InvalidArgument, RegtutorError
from regtutor.exchange import Exchange
from regtutor.printable import visible, visible_lines

if TYPE_CHECKING:
    import pandas as pd

Exchanges = Exchange | Iterable[Exchange]
"""The input of a table: a Transcript, a list of exchanges, or a single exchange."""

OURS = "regtutor"
"""The key in ``DataFrame.attrs`` that marks our tables, which a notebook displays without cutting cells off."""


def listed(exchanges: Exchanges) -> list[Exchange]:
    """Return the exchanges of a table as a list.

    Raises
    ------
    InvalidArgument: for anything that is not an exchange, such as a request that was not sent.
    """
    items = [exchanges] if isinstance(exchanges, Exchange) else items_of(exchanges, "exchanges")
    for item in items:
        if not isinstance(item, Exchange):
            raise refused(item, "exchanges", "Send a request first: rt.check_api(reg) returns an exchange")
    return items


def items_of(given: object, what: str) -> list[Any]:
    """Return the items of ``given``.

    Raises
    ------
    InvalidArgument: if it has none, such as None.
    """
    if isinstance(given, Iterable) and not isinstance(given, str | bytes):
        return list(given)
    raise refused(given, what, "Give a list of them, or one")


def refused(given: object, what: str, then: str) -> InvalidArgument:
    """Return the error for an argument of a table that is no ``what``."""
    return InvalidArgument(
        f"An object of type {type(given).__name__} cannot be in this table", f"it lists {what}", then
    )


def frame(cells: Mapping[str, Sequence[Any]], dtypes: Mapping[str, str], index: Any) -> pd.DataFrame:
    """Return a frame with exactly these columns and dtypes, and the given ``index``; None is a missing value."""
    pandas = loaded()
    typed = {visible(name): _array(cells[name], dtype) for name, dtype in dtypes.items()}
    made = pandas.DataFrame(typed, index=index)
    made.attrs[OURS] = True
    return made


def counted(length: int, name: str) -> Any:
    """Return an index that counts from 1."""
    return loaded().RangeIndex(1, length + 1, name=name)


def texts(values: Iterable[str], name: str) -> Any:
    """Return an index of strings."""
    return loaded().Index(_array(list(values), "string"), name=name)


def text_pairs(pairs: Sequence[tuple[str, str]], names: Sequence[str]) -> Any:
    """Return an index with two levels of strings, even if ``pairs`` is empty."""
    pandas = loaded()
    levels = [_array([pair[level] for pair in pairs], "string") for level in (0, 1)]
    return pandas.MultiIndex.from_arrays(levels, names=names)


def _array(values: Sequence[Any], dtype: str) -> Any:
    """Return the values of a column; text is made safe to print, because pandas prints it as it is."""
    # Nearly all text is printable, and one look at the whole column finds that out.
    if dtype == "string" and not "".join([value for value in values if value is not None]).isprintable():
        values = [value if value is None else visible_lines(value) for value in values]
    return loaded().array(values, dtype=_dtype(dtype))


def _dtype(name: str) -> Any:
    # Python's own strings, so that a table is the same with and without pyarrow.
    return loaded().StringDtype("python") if name == "string" else name


def loaded() -> Any:
    """Import and return pandas.

    Raises
    ------
    RegtutorError: if pandas is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise RegtutorError(
            "Tables need pandas, which is not installed",
            str(error),
            "Install it (pip install pandas), or print the exchange, which needs no other package",
        ) from error
    return pandas
