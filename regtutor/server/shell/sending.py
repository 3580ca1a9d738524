"""Sending a response, as fast as the client reads it."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache, partial
from http import HTTPStatus
from io import FileIO

from regtutor.message import CHUNK
from regtutor.server.http import FileRange, Response
from regtutor.server.respond import internal_failure
from regtutor.server.shell.channel import Channel
from regtutor.server.shell.request_line import Line
from regtutor.server.shell.request_log import RequestLog

_WITHOUT_LENGTH = (204, 304)


@dataclass(frozen=True)
class Ending:
    """The state of the connection after a response.

    Attributes
    ----------
    keeps: whether another request follows on it.
    lingers: whether the client is still sending, so that bytes are dropped for a moment before it is closed.
    """

    keeps: bool
    lingers: bool = False


async def send(
    channel: Channel, response: Response, ending: Ending, line: Line, seconds: float, log: RequestLog
) -> None:
    """Send ``response`` in chunks.

    It is logged before its last bytes are written, so that a client that has the response finds it in the log.

    Parameters
    ----------
    line: the request line.
    seconds: the time in which the client must read each chunk.

    Raises
    ------
    TimeoutError: it did not.
    OSError: the connection is lost.
    """
    body = response.body
    if not isinstance(body, FileRange):
        log.write(str(response.status), len(body))
        await channel.write(_head(response, ending, line) + body, seconds)
        return
    try:
        file = _opened(body)
    except OSError as error:
        await send(channel, internal_failure(error, log.to), ending, line, seconds, log)
        return
    with file:
        await _send_file(
            channel, file, body, _head(response, ending, line), seconds, partial(log.write, str(response.status))
        )


async def _send_file(
    channel: Channel, file: FileIO, part: FileRange, head: bytes, seconds: float, log: Callable[[int], None]
) -> None:
    file.seek(part.start)
    left, before = part.stop - part.start, head
    # One block for all chunks, since write() returns when none of it is needed any more: new memory for each chunk
    # takes as long as reading it.
    block = memoryview(bytearray(min(CHUNK, left)))
    while True:
        chunk = block[: file.readinto(block[: min(CHUNK, left)])]
        if left and not chunk:
            raise OSError(f"{part.path} has become shorter")
        left -= len(chunk)
        if not left:
            log(part.stop - part.start)
        await channel.write(b"".join((before, chunk)) if before else chunk, seconds)
        before = b""
        if not left:
            return
        await asyncio.sleep(0)  # a client that reads fast must not delay others, and one that left is noticed here


def _opened(part: FileRange) -> FileIO:
    """Open the file, and refuse anything else, such as a pipe, at which the whole registry would wait."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    file = os.fdopen(os.open(part.path, flags), "rb", buffering=0)
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(f"{part.path} is not a file")
    return file


@lru_cache(maxsize=2)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def _head(response: Response, ending: Ending, line: Line) -> bytes:
    status = response.status
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in response.headers]
    if status not in _WITHOUT_LENGTH and response.header("Content-Length") is None:
        size = len(response.body) if isinstance(response.body, bytes) else response.body.stop - response.body.start
        lines.append(f"Content-Length: {size}")
    lines.append(f"Date: {_date(int(time.time()))}")
    if not ending.keeps:
        lines.append("Connection: close")
    elif line.version == "HTTP/1.0":
        lines.append("Connection: Keep-Alive")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1:
        raise ValueError("a response header contains a line break")
    return f"{head}\r\n\r\n".encode("latin-1")
