"""Measures what ``regtutor record`` costs: a push, a pull and small requests, direct and through the proxy in turn::

python benchmarks/recording_proxy.py

The registry is Distribution's binary if it is installed, else the embedded one, in a process of its own; so is the
proxy. Each round measures both ways, so that a busy machine slows both; the ratio is that of the medians.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from regtutor.backends.opening import open_registry
from regtutor.errors import BackendError

ROUNDS = 9
SIZE = 100 * 1024 * 1024
SMALL = 200

BLOB = os.urandom(1024 * 1024) * (SIZE // 1024 // 1024)
DIGEST = f"sha256:{hashlib.sha256(BLOB).hexdigest()}"


def main() -> None:
    """Print one line for each kind of work."""
    with _registry() as (name, direct), _recorded(direct) as proxied:
        print(f"{name}; {ROUNDS} rounds, direct and through the proxy in turn; a blob of {SIZE // 1024 // 1024} MiB")
        for work in (push, pull, small_requests):
            times: dict[str, list[float]] = {direct: [], proxied: []}
            for url in (direct, proxied) * (ROUNDS + 1):
                times[url].append(_seconds(work, url))
            one, other = (statistics.median(seconds[1:]) * 1000 for seconds in times.values())  # the first warms up
            print(f"  {work.__doc__:<34} direct {one:7.1f} ms   recorded {other:7.1f} ms   ratio {other / one:.2f}")


def push(connection: http.client.HTTPConnection) -> None:
    """POST, then PUT the blob"""
    location = _response(connection, "POST", "/v2/bench/blob/blobs/uploads/").headers["Location"]
    parts = urlsplit(location)
    _response(connection, "PUT", f"{parts.path}?{parts.query}&digest={DIGEST}", BLOB)


def pull(connection: http.client.HTTPConnection) -> None:
    """GET the blob"""
    _response(connection, "GET", f"/v2/bench/blob/blobs/{DIGEST}")


def small_requests(connection: http.client.HTTPConnection) -> None:
    """200 times HEAD on one connection"""
    for _ in range(SMALL):
        _response(connection, "HEAD", f"/v2/bench/blob/blobs/{DIGEST}")


def _seconds(work: Callable[[http.client.HTTPConnection], None], url: str) -> float:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    begun = time.perf_counter()
    work(connection)
    seconds = time.perf_counter() - begun
    connection.close()
    return seconds


def _response(
    connection: http.client.HTTPConnection, method: str, target: str, body: bytes = b""
) -> http.client.HTTPResponse:
    connection.request(method, target, body, {"Content-Length": str(len(body))})
    response = connection.getresponse()
    while response.read(1024 * 1024):
        pass
    assert response.status < 400, f"{method} {target}: {response.status}"
    return response


@contextmanager
def _registry() -> Iterator[tuple[str, str]]:
    try:
        with open_registry("native", quiet=True) as reg:
            yield "Distribution", reg.url
    except BackendError:
        with _running("serve", "--port", "0") as line:
            yield "embedded", re.findall(r"http://[0-9.:]+[0-9]", line)[0]


@contextmanager
def _recorded(direct: str) -> Iterator[str]:
    with _running("record", "--to", direct) as line:
        yield line.split()[0]


@contextmanager
def _running(*arguments: str) -> Iterator[str]:
    """A command that serves, and the first line that it prints."""
    command = [sys.executable, "-u", "-m", "regtutor", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline()
        process.terminate()
        process.stdout.read()


if __name__ == "__main__":
    main()
