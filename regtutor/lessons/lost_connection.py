"""Connections that break on purpose, and uploads that stopped halfway: the scenery of the lesson about chunks."""

from __future__ import annotations

import time
from dataclasses import replace
from io import BytesIO

from regtutor.client.registry import Registry
from regtutor.errors import ConnectionFailed, CourseError
from regtutor.exchange import Exchange
from regtutor.lessons.session import current
from regtutor.message import Content, Location, Request, body_of
from regtutor.steps import get_upload, patch_upload, start_upload

STOPPED_AFTER = 1777
"""How many bytes an interrupted upload has sent."""

_SECONDS = 3.0
_PAUSE = 0.05


class _Broken(BytesIO):
    """A file that can be read up to its end, where the connection breaks."""

    def __init__(self, start: bytes, size: int) -> None:
        super().__init__(start)
        self._size = size

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes.

        Raises
        ------
        ConnectionFailed: after the last of them.
        """
        data = super().read(size)
        if data or not size:
            return data
        raise ConnectionFailed(
            f"The connection was closed after {len(self.getvalue())} of {self._size} bytes of the body",
            "the lesson closed it",
            "Get the Location of the session to find out what has arrived",
        )


def lose_connection(reg: Registry, request: Request, *, after: int) -> Exchange:
    """Send a request, and close the connection in the middle of its body.

    Parameters
    ----------
    reg: the registry of the lesson.
    request: a request with a body, such as ``rt.draft(rt.patch_upload, location, data, start=0)``.
    after: how many bytes of the body are sent; fewer than it has.

    Returns
    -------
    The exchange: it has no response, unless the registry refused the request before the connection was closed.

    Raises
    ------
    CourseError: if the body does not have more than ``after`` bytes.
    """
    size = request.body.size if request.body is not None else 0
    if not 0 < after < size:
        raise CourseError(
            f"The connection cannot break after {after} bytes",
            f"the body of this request has {size} bytes",
            "Give after= a number between 0 and that size",
        )
    assert request.body is not None
    data = request.body.read()
    before = _state(request.target)
    cut = replace(request, body=replace(request.body, opener=lambda: _Broken(data[:after], size)))
    try:
        return reg.send(cut)
    except ConnectionFailed as error:
        if error.exchange is None:
            raise
        _wait_for_a_change(request.target, before)
        return error.exchange


def interrupted_upload(repository: str, content: Content) -> Location:
    """Upload the first bytes of a blob, as a program would that then stopped. Nothing of it counts as the learner's.

    Parameters
    ----------
    repository: the learner's repository, with its prefix.
    content: the whole blob, which has more than :data:`STOPPED_AFTER` bytes.

    Returns
    -------
    The latest Location of the session.
    """
    reg = current().stage.reg
    opened = start_upload(reg, repository).expect(202)
    sent = patch_upload(reg, opened.location or "", body_of(content).read()[:STOPPED_AFTER], start=0).expect(202)
    return sent.location or opened.location or Location("")


def _state(target: str | Location) -> tuple[int | None, str]:
    """Return the status and the Range of the session at ``target``, asked for with a request that is not watched."""
    state = get_upload(current().stage.reg, target)
    return state.status, state.headers.get("Range", "")


def _wait_for_a_change(target: str | Location, before: tuple[int | None, str]) -> None:
    """Wait until the registry has noticed the end of the connection; at most some seconds, as it may drop the bytes."""
    end = time.monotonic() + _SECONDS
    while _state(target) == before and time.monotonic() < end:
        time.sleep(_PAUSE)
