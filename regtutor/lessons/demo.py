"""The course's first push without a browser: the sample image, every exchange, and the header table, as text."""

from __future__ import annotations

from collections.abc import Callable

from regtutor import tables
from regtutor.backends.opening import open_registry
from regtutor.content.sample import sample_image
from regtutor.exchange import Exchange, Transcript
from regtutor.pushing import push_image

_COLUMNS = 2
_WIDTH = 52


def demo(which: str = "auto", *, say: Callable[[str], None] = print) -> Transcript:
    """Push the sample image to a registry that is opened for it, and say everything that goes over the wire.

    Parameters
    ----------
    which: what ``open_registry`` takes: a back end's name or a URL.
    say: is given each piece of text; by default it is printed.

    Returns
    -------
    The transcript of the push.
    """
    with open_registry(which) as reg:
        image = sample_image()
        say(f"\nPushing {image.name} to {reg.url}:\n\n{tables.layers_table(image).to_string()}\n")
        transcript = push_image(reg, image, "library/hello", "v1", watch=lambda exchange: _tell(say, exchange))
    say("What each answer meant:\n\n" + _summary(transcript))
    say("\nThe headers that came back, two exchanges at a time (values longer than the column are cut):\n")
    for start in range(0, len(transcript), _COLUMNS):
        say(_headers(transcript, start) + "\n")
    say(f"library/hello:v1 is {image.digest}")
    return transcript


def _tell(say: Callable[[str], None], exchange: Exchange) -> None:
    say(exchange.as_text() + "\n")


def _summary(transcript: Transcript) -> str:
    shown = tables.summary_table(transcript).drop(columns=["path"])
    return str(shown.to_string(float_format=lambda value: f"{value:.1f}"))


def _headers(transcript: Transcript, start: int) -> str:
    # The whole transcript's table, so that the columns keep their numbers.
    table = tables.headers_table(transcript).iloc[:, start : start + _COLUMNS].dropna(how="all")
    return str(table.droplevel("side").to_string(na_rep="", max_colwidth=_WIDTH))
