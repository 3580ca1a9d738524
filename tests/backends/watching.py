"""A push by plain HTTP, and what can be seen of processes and ports from outside."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from urllib.parse import urljoin, urlsplit


def push_blob(url: str, repository: str, data: bytes) -> None:
    """Push a blob by plain HTTP, without regtutor's client."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request("POST", f"/v2/{repository}/blobs/uploads/")
    start = connection.getresponse()
    start.read()
    assert start.status == 202
    location = urljoin(url, start.headers["Location"])
    mark = "&" if "?" in location else "?"
    connection.request("PUT", f"{location}{mark}digest=sha256:{sha256(data).hexdigest()}", body=data)
    put = connection.getresponse()
    put.read()
    connection.close()
    assert put.status == 201


def status(url: str) -> int:
    """What ``GET /v2/`` is answered with."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request("GET", "/v2/")
    answer = connection.getresponse().status
    connection.close()
    return answer


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not yet waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def listens(url: str) -> bool:
    """Whether anything takes connections there."""
    parts = urlsplit(url)
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((parts.hostname, parts.port)) == 0


def within(seconds: float, fact: Callable[[], bool]) -> bool:
    """Whether ``fact`` comes true in time."""
    deadline = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
