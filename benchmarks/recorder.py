"""What ``regtutor record`` costs: a push, a pull and small requests, direct and through the proxy."""

from __future__ import annotations

import hashlib
import http.client
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from benchmarks.measuring import Comparison, Report, in_turn
from benchmarks.processes import REGTUTOR, environment
from benchmarks.registries import kinds, running
from benchmarks.setting import Setting

_SMALL = 200
_REPOSITORY = "bench/recorded"


def recorder(setting: Setting) -> Report:
    """The recording proxy beside a direct connection"""
    mebibytes, small = setting.size(100, 1), setting.size(_SMALL, 2)
    blob = os.urandom(1024 * 1024) * mebibytes
    digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
    target = f"/v2/{_REPOSITORY}/blobs/{digest}"
    works: dict[str, Callable[[http.client.HTTPConnection], None]] = {
        f"push of {mebibytes} MiB": lambda connection: _push(connection, blob, digest),
        f"pull of {mebibytes} MiB": lambda connection: _exchange(connection, "GET", target),
        f"{small} HEADs": lambda connection: [_exchange(connection, "HEAD", target) for _ in range(small)] and None,
    }
    kind = kinds(setting)[0][-1]
    comparisons = []
    with running(kind, setting) as direct, _recorded(direct) as proxied:
        for work, do in works.items():
            ways = {"direct": lambda do=do: _seconds(do, direct), "recorded": lambda do=do: _seconds(do, proxied)}
            samples = in_turn(ways, setting.size(7, 1), warm_up=1)
            comparisons.append(Comparison(f"{work}, {kind.name}", "s", samples))
    return Report(tuple(comparisons))


def _push(connection: http.client.HTTPConnection, blob: bytes, digest: str) -> None:
    opened = _exchange(connection, "POST", f"/v2/{_REPOSITORY}/blobs/uploads/")
    parts = urlsplit(opened.headers["Location"])
    _exchange(connection, "PUT", f"{parts.path}?{parts.query}&digest={digest}", blob)


def _seconds(work: Callable[[http.client.HTTPConnection], None], url: str) -> float:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    begun = time.perf_counter()
    work(connection)
    seconds = time.perf_counter() - begun
    connection.close()
    return seconds


def _exchange(
    connection: http.client.HTTPConnection, method: str, target: str, body: bytes = b""
) -> http.client.HTTPResponse:
    connection.request(method, target, body, {"Content-Length": str(len(body))})
    response = connection.getresponse()
    while response.read(1024 * 1024):
        pass
    if response.status >= 400:
        raise RuntimeError(f"{method} {target}: {response.status}")
    return response


@contextmanager
def _recorded(direct: str) -> Iterator[str]:
    """Yield the address of a proxy that records what is sent to ``direct``, in a process of its own."""
    command = [REGTUTOR[0], "-u", *REGTUTOR[1:], "record", "--to", direct]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment()
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[0]
        process.terminate()
        process.stdout.read()
