"""The course's first push without a browser: the sample image, every exchange, and the header table, in a terminal."""

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
    """Push the sample image to a registry that is opened for it, and print everything that goes over the wire.

    Parameters
    ----------
    which: what ``open_registry`` takes: a back end's name or a URL.
    console: where it is printed; by default the terminal, or 120 columns where there is none.

    Returns
    -------
    The transcript of the push.
    """
    # Nothing is marked up: brackets and colons in a header are the registry's.
    width = shutil.get_terminal_size((_PIPE_WIDTH, 24)).columns
    out = console or Console(markup=False, highlight=False, emoji=False, width=width)
    with open_registry(which) as reg:
        image = sample_image()
        out.print(f"\nThis is pushed to {reg.url} as library/hello:v1:\n")
        out.print(_table(tables.layers_table(image)))
        transcript = push_image(reg, image, "library/hello", "v1", watch=lambda exchange: _tell(out, exchange))
    out.print("\nWhat each answer meant:\n")
    out.print(_table(tables.summary_table(transcript).drop(columns=["path"])))
    out.print("\nThe headers that came back:\n")
    headers = tables.headers_table(transcript).droplevel("side")
    for start in range(0, len(transcript), _AT_A_TIME):
        out.print(_table(headers.iloc[:, start : start + _AT_A_TIME].dropna(how="all")))
    out.print(f"library/hello:v1 is {image.digest}", soft_wrap=True)
    return transcript


def _tell(out: Console, exchange: Exchange) -> None:
    # Not folded, so that a line can be copied whole.
    out.print("\n" + exchange.as_text(), soft_wrap=True)


def _table(frame: pd.DataFrame) -> Table:
    """``frame`` for a terminal: what is wider than its column goes on in the next line, and nothing is cut off."""
    table = Table()
    table.add_column(str(frame.index.name or ""), overflow="fold")
    for name, dtype in frame.dtypes.items():
        table.add_column(str(name), overflow="fold", justify="left" if dtype == "string" else "right")
    for label, *values in frame.itertuples():
        table.add_row(Text(str(label)), *(Text(_cell(value)) for value in values))
    return table


def _cell(value: Any) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
