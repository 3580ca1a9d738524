"""Progress bars for the long bodies of a walk, in uploads and downloads."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from typing import Any, BinaryIO

from regtutor.message import Request

LONG = 8 * 1024 * 1024
"""A body of at least this many bytes gets a bar."""


def with_upload_bar(request: Request) -> Request:
    """Return ``request``; if its body is long, reading the body advances a progress bar."""
    body = request.body
    if body is None or body.size < LONG:
        return request

    def opener() -> BinaryIO:
        return _Counted(body.opener(), _bar(body.size, body.digest))  # type: ignore[return-value]

    return replace(request, body=replace(body, opener=opener))


def with_download_bar(request: Request) -> Request:
    """Return ``request``; if it fetches a long blob, writing the response's body advances a progress bar."""
    from regtutor.content.writing.staging import Receiver  # only here: an upload has none

    receiver = request.into
    if isinstance(receiver, Receiver) and receiver.limit >= LONG and request.step == "get_blob":
        bar = _bar(receiver.limit, request.digest)
        receiver.follow(bar.update, bar.close)
    return request


def _bar(size: int, digest: str | None) -> Any:
    # Loaded only here. In a notebook, tqdm.auto loads the widgets; elsewhere it would load asyncio for nothing.
    tqdm = importlib.import_module("tqdm.auto" if "IPython" in sys.modules else "tqdm.std").tqdm
    return tqdm(total=size, unit="B", unit_scale=True, unit_divisor=1024, desc=(digest or "")[:19])


class _Counted:
    """A file that advances a progress bar when it is read."""

    def __init__(self, file: BinaryIO, bar: Any) -> None:
        self._file, self._bar = file, bar

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self._bar.update(len(chunk))
        return chunk

    def close(self) -> None:
        self._bar.close()
        self._file.close()

    def __enter__(self) -> _Counted:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
