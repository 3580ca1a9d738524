"""A load generator in a process of its own: many connections, driven by one loop with as little work as possible.

Each connection has a script: a generator that yields the bytes of a request and is sent the response. ``run`` starts
the process and returns its findings. The findings include the share of the time for which the generator itself was
busy: if that is near 1, the generator was the limit, and not the registry.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

from benchmarks import scripts

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_STALL = 60.0
"""Seconds without any response after which the generator gives up."""


class Response(NamedTuple):
    """A response: its status, and its head as bytes."""

    status: int
    head: bytes


Script = Generator[bytes, Response, None]


@dataclass(frozen=True)
class Job:
    """What to send.

    Attributes
    ----------
    script: the name of a function of ``benchmarks.scripts``; it is called with the number of the connection and with
        ``arguments``.
    seconds: how long new requests are sent.
    """

    host: str
    port: int
    script: str
    connections: int
    seconds: float
    arguments: dict[str, str | int] = field(default_factory=dict)


@dataclass
class Found:
    """What came back.

    Attributes
    ----------
    responses, errors: how many responses came, and how many of them had a status of 400 or more, except 404 to HEAD.
    rounds: how many times a script has reached the end of a round, such as one push.
    latencies: seconds of each round, at most 100,000.
    seconds: from the first request to the last response.
    busy: the generator's own CPU time divided by ``seconds``.
    """

    responses: int = 0
    errors: int = 0
    rounds: int = 0
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    busy: float = 0.0


def run(job: Job) -> Found:
    """Run ``job`` in a new process."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(asdict(job)).encode(),
        capture_output=True,
        timeout=job.seconds + 2 * _STALL,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the load generator failed: {done.stderr.decode(errors='replace')[-1000:]}")
    return Found(**json.loads(done.stdout))


class _Connection:
    """One connection: the script, and the response that is being received."""

    def __init__(self, number: int, job: Job, found: Found) -> None:
        self.sock = socket.create_connection((job.host, job.port), timeout=_STALL)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        make: Callable[..., Script] = getattr(scripts, job.script)
        self._script = make(number, f"{job.host}:{job.port}", **job.arguments)
        self._found = found
        self._received = b""
        self._head_only = False
        self._begun = 0.0

    def begin(self) -> None:
        self._begun = time.perf_counter()
        self._send(next(self._script))

    def _send(self, request: bytes) -> None:
        self._head_only = request.startswith(b"HEAD")
        self.sock.sendall(request)

    def receive(self, more: bool) -> bool:
        """Receive bytes; return whether another request was sent or the response is incomplete."""
        data = self.sock.recv(1 << 20)
        if not data:
            raise RuntimeError("the registry closed a connection")
        self._received = self._received + data if self._received else data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return True
        found = _LENGTH.search(self._received, 0, end)
        length = 0 if self._head_only or found is None else int(found[1])
        if len(self._received) < end + 4 + length:
            return True
        response = Response(int(self._received[9:12]), self._received[: end + 4])
        self._received = b""
        return self._next(response, more)

    def _next(self, response: Response, more: bool) -> bool:
        found = self._found
        found.responses += 1
        found.errors += response.status >= 400 and not (self._head_only and response.status == 404)
        request = self._script.send(response)
        if request == b"":  # the end of a round
            now = time.perf_counter()
            found.rounds += 1
            if len(found.latencies) < 100_000:
                found.latencies.append(now - self._begun)
            self._begun = now
            if not more:
                return False
            request = next(self._script)
        self._send(request)
        return True


def _drive(job: Job) -> Found:
    found = Found()
    selector = selectors.DefaultSelector()
    connections = [_Connection(number, job, found) for number in range(job.connections)]
    for one in connections:
        selector.register(one.sock, selectors.EVENT_READ, one)
    begun, cpu = time.perf_counter(), time.process_time()
    for one in connections:
        one.begin()
    until, left = begun + job.seconds, len(connections)
    while left:
        ready = selector.select(_STALL)
        if not ready:
            raise RuntimeError(f"no response for {_STALL:g} s")
        more = time.perf_counter() < until
        for key, _ in ready:
            if not key.data.receive(more):
                selector.unregister(key.data.sock)
                left -= 1
    found.seconds = time.perf_counter() - begun
    found.busy = (time.process_time() - cpu) / found.seconds
    return found


def main() -> None:
    """Read a job from standard input, and print the findings."""
    job = Job(**json.loads(sys.stdin.read()))
    print(json.dumps(asdict(_drive(job))))


if __name__ == "__main__":
    main()
