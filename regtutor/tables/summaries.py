"""Tables with one row for each exchange, each layer, or each push."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from regtutor.exchange import Exchange
from regtutor.protocol.urls import origin_form
from regtutor.tables.frames import Exchanges, counted, frame, listed, texts

if TYPE_CHECKING:
    import pandas as pd

_SUMMARY_DTYPES = {
    "step": "string",
    "method": "string",
    "target": "string",
    "status": "Int64",
    "bytes up": "int64",
    "bytes down": "int64",
    "milliseconds": "float64",
    "meaning": "string",
}
_LAYER_DTYPES = {"media type": "string", "size": "int64", "digest": "string", "diff ID": "string"}


class HasRows(Protocol):
    """Anything that lists its layers as rows, such as an Image."""

    def rows(self) -> list[dict[str, str | int]]: ...


def summary_table(transcript: Exchanges) -> pd.DataFrame:
    """Summarize requests and responses, one row for each exchange.

    Parameters
    ----------
    transcript: a Transcript, a list of exchanges, or one Exchange.

    Returns
    -------
    The columns ``step``, ``method``, ``target`` (path and query, without scheme, host and secrets), ``status``
    (``Int64``, ``<NA>`` if no response came), ``bytes up`` and ``bytes down`` (``int64``; body bytes that went over the
    wire), ``milliseconds`` (``float64``) and ``meaning`` (of the response); the others are ``string``. The index ``n``
    counts from 1.
    """
    made = listed(transcript)
    cells: dict[str, list[Any]] = {
        "step": [x.step for x in made],
        "method": [x.method for x in made],
        "target": [origin_form(x.target) for x in made],
        "status": [x.status for x in made],
        "bytes up": [x.bytes_up for x in made],
        "bytes down": [x.bytes_down for x in made],
        "milliseconds": [x.milliseconds for x in made],
        "meaning": [x.meaning for x in made],
    }
    return frame(cells, _SUMMARY_DTYPES, counted(len(made), "n"))


def layers_table(image: HasRows) -> pd.DataFrame:
    """List the layers of an image, from the base upwards.

    Parameters
    ----------
    image: an Image.

    Returns
    -------
    The columns ``media type``, ``size`` (``int64``, bytes), ``digest`` (of the bytes as they are sent) and ``diff ID``
    (of the uncompressed layer; ``<NA>`` if the config has none); all but ``size`` are ``string``. The index ``layer``
    counts from 1.

    Source: OCI image-spec v1.1.1, config.md, "Layer DiffID"
    <https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md#layer-diffid>.
    """
    rows = image.rows()
    cells: dict[str, list[Any]] = {column: [row.get(column) for row in rows] for column in _LAYER_DTYPES}
    cells["diff ID"] = [value or None for value in cells["diff ID"]]
    return frame(cells, _LAYER_DTYPES, counted(len(rows), "layer"))


def bytes_table(pushes: Mapping[str, Exchanges]) -> pd.DataFrame:
    """Compare the cost of several pushes, one row each.

    Parameters
    ----------
    pushes: a mapping of titles to the transcripts of the pushes.

    Returns
    -------
    The index ``push`` has the titles (``string``). The columns, all ``int64``, are ``requests`` (how many were sent),
    ``uploads`` (blobs that were sent and stored: put_blob returned 201), ``mounts`` (mount_blob returned 201),
    ``HEAD 200`` (blobs that the repository already had) and ``bytes up`` (of all request bodies, manifests included).
    """
    pushed = [listed(push) for push in pushes.values()]
    cells: dict[str, list[Any]] = {
        "requests": [len(push) for push in pushed],
        "uploads": [_count(push, "put_blob", 201) for push in pushed],
        "mounts": [_count(push, "mount_blob", 201) for push in pushed],
        "HEAD 200": [_count(push, "head_blob", 200) for push in pushed],
        "bytes up": [sum(exchange.bytes_up for exchange in push) for push in pushed],
    }
    return frame(cells, dict.fromkeys(cells, "int64"), texts(pushes, "push"))


def _count(exchanges: list[Exchange], step: str, status: int) -> int:
    return sum(exchange.step == step and exchange.status == status for exchange in exchanges)
