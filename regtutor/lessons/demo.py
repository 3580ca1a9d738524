"""The first push of the course in a terminal: the sample image, every exchange, and the table of headers."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from regtutor import tables
from regtutor.backends.opening import open_registry
from regtutor.content.sample.image import sample_image
from regtutor.exchange import Exchange, Transcript
from regtutor.walks.pushing import push_image

if TYPE_CHECKING:
    import pandas as pd

_AT_A_TIME = 3
_PIPE_WIDTH = 120


def demo(which: str = "auto", *, console: Console | None = None) -> Transcript:
    """Open a registry, push the sample image to it, and print everything that goes over the wire.

    Parameters
    ----------
    which: the name of a back end or a URL, as for ``open_registry``.
    console: prints the output; by default it has the width of the terminal, or 120 columns without a terminal.

    Returns
    -------
    The transcript of the push.
    """
    # No markup: brackets and colons in a header are the registry's own.
    width = shutil.get_terminal_size((_PIPE_WIDTH, 24)).columns
    out = console or Console(markup=False, highlight=False, emoji=False, width=width)
    with open_registry(which) as reg:
        image = sample_image()
        out.print(f"\nThis image is pushed to {reg.url} as library/hello:v1:\n")
        out.print(_table(tables.layers_table(image)))
        transcript = push_image(
            reg, image, "library/hello", "v1", watch=lambda exchange: _print_exchange(out, exchange)
        )
    out.print("\nThe meaning of each response:\n")
    out.print(_table(tables.summary_table(transcript).drop(columns=["target"])))
    out.print("\nThe response headers:\n")
    headers = tables.headers_table(transcript).droplevel("side")
    for start in range(0, len(transcript), _AT_A_TIME):
        out.print(_table(headers.iloc[:, start : start + _AT_A_TIME].dropna(how="all")))
    out.print(f"library/hello:v1 is {image.digest}", soft_wrap=True)
    return transcript


def _print_exchange(out: Console, exchange: Exchange) -> None:
    # Not wrapped, so that a whole line can be copied.
    out.print("\n" + exchange.as_text(), soft_wrap=True)


def _table(frame: pd.DataFrame) -> Table:
    """Return ``frame`` as a table for a terminal. Text that is too wide for its column wraps; nothing is cut off."""
    table = Table()
    table.add_column(str(frame.index.name or ""), overflow="fold")
    for name, dtype in frame.dtypes.items():
        table.add_column(str(name), overflow="fold", justify="left" if dtype == "string" else "right")
    for label, *values in frame.itertuples():
        table.add_row(Text(str(label)), *(Text(_cell(value)) for value in values))
    return table


def _cell(value: Any) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
