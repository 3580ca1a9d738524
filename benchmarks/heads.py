"""Reading the head of a request: the embedded registry's own reader beside h11, in one process without sockets."""

from __future__ import annotations

import time
from collections.abc import Callable

import h11

from benchmarks.measuring import Comparison, Report, Way, in_turn
from benchmarks.setting import Setting
from regtutor.server.shell.head import HeadReader, parse_head

_DIGEST = f"sha256:{'ab' * 32}"
_HEAD = (
    f"HEAD /v2/library/hello/blobs/{_DIGEST} HTTP/1.1\r\nHost: 127.0.0.1:5000\r\nUser-Agent: skopeo/1.9.3\r\n"
    "Accept: application/vnd.oci.image.manifest.v1+json\r\nAccept-Encoding: gzip\r\nConnection: keep-alive\r\n\r\n"
).encode()
_RESPONSE = h11.Response(status_code=200, headers=[("Content-Length", "5"), ("Docker-Content-Digest", _DIGEST)])


def heads(setting: Setting) -> Report:
    """Heads of requests"""
    count = setting.size(100_000, 100)
    cycle = h11.Connection(h11.SERVER)
    ways: dict[str, Way] = {
        "our reader": lambda: _a_second(_ours, count),
        "h11, a connection for each head": lambda: _a_second(lambda: _head_of(h11.Connection(h11.SERVER)), count),
        "h11, one connection with its responses": lambda: _a_second(lambda: _cycle(cycle), count),
    }
    samples = in_turn(ways, setting.size(5, 1), warm_up=setting.size(1, 0))
    note = "h11 reads the next head of a connection only after it has written the response to the one before."
    return Report((Comparison("heads of requests", "a second", samples),), notes=(note,))


def _a_second(work: Callable[[], object], count: int) -> float:
    begun = time.process_time()
    for _ in range(count):
        work()
    return count / (time.process_time() - begun)


def _ours() -> None:
    data = HeadReader().feed(_HEAD)
    assert data is not None and parse_head(data).line.method == "HEAD"


def _head_of(connection: h11.Connection) -> None:
    connection.receive_data(_HEAD)
    event = connection.next_event()
    assert isinstance(event, h11.Request) and event.method == b"HEAD"


def _cycle(connection: h11.Connection) -> None:
    _head_of(connection)
    connection.next_event()
    connection.send(_RESPONSE)
    connection.send(h11.EndOfMessage())
    connection.start_next_cycle()
