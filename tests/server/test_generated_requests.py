"""Generated requests, in process and on a socket: none fails inside the registry, leaves the root, or never ends."""

from __future__ import annotations

import json
import os
import socket
import struct
import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regtutor.server.app import App
from regtutor.server.http import FileRange, Head, Response
from regtutor.server.shell.limits import Limits
from regtutor.server.shell.listen import Server
from regtutor.server.storage.store import Store
from tests.server.generated import Client, Generated
from tests.server.inline import digest

STEPS = 50
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))
RANDOMS = st.randoms(use_true_random=True)


def files(folder: Path) -> set[str]:
    return {os.path.relpath(Path(at, name), folder) for at, _, names in os.walk(folder) for name in names}


def respond(app: App, request: Generated) -> tuple[Response, bytes] | None:
    """The response and its body; None if the client has left."""
    length = [("Content-Length", str(len(request.body)))] if request.body else []
    headers = (("Host", "r:5000"), *request.headers, *length)
    outcome = app.begin(Head(request.method, request.target, headers))
    if not isinstance(outcome, Response):
        half = len(request.body) // 2
        outcome.write(request.body[:half])
        if request.cut:
            outcome.abort()
            return None
        outcome.write(request.body[half:])
        outcome = outcome.finish()
    body = outcome.body
    if isinstance(body, FileRange):
        with body.path.open("rb") as file:
            file.seek(body.start)
            body = file.read(body.stop - body.start)
    return outcome, body


def check(request: Generated, response: Response, body: bytes) -> None:
    assert 200 <= response.status < 500, (request, response)
    if request.method != "HEAD" and response.status not in (204, 304):
        assert int(response.header("Content-Length") or -1) == len(body)
    if response.status >= 400 and request.method != "HEAD":
        assert json.loads(body)["errors"][0]["code"], request


def run_in_process(rng: Random) -> set[tuple[str, int]]:
    """Send generated requests to a new registry, and check what remains; return the methods and statuses."""
    seen = set()
    with tempfile.TemporaryDirectory() as folder:
        with Store(Path(folder, "root")) as store:
            app, client = App(store), Client(rng)
            for _ in range(STEPS):
                request = client.next()
                got = respond(app, request)
                if got is not None:
                    check(request, *got)
                    client.learn(request, *got)
                    seen.add((request.method, got[0].status))
            for (repository, name), data in client.blobs.items():
                found = respond(app, Generated("GET", f"/v2/{repository}/blobs/{name}"))
                assert found is not None and (found[0].status, found[1]) == (200, data), name
            for (repository, name), data in client.manifests.items():
                found = respond(app, Generated("GET", f"/v2/{repository}/manifests/{name}"))
                assert found is not None and (found[0].status, found[1]) == (200, data), name
            assert not app.sessions.uploading
            assert app.settings.memory.free == App(store).settings.memory.free
        assert os.listdir(folder) == ["root"]
        assert {name.split(os.sep)[1] for name in files(Path(folder))} <= {"docker", ".regtutor"}
        for path in Path(folder, "root/docker/registry/v2/blobs").rglob("data"):
            algorithm = path.parents[2].name
            assert digest(path.read_bytes(), algorithm) == f"{algorithm}:{path.parent.name}"
    return seen


@QUICK
@given(RANDOMS)
def test_generated_requests_are_answered_and_leave_the_store_whole(rng: Random) -> None:
    """2,000 requests."""
    run_in_process(rng)


@pytest.mark.soak
@LONG
@given(RANDOMS)
def test_100_000_generated_requests_are_answered_and_leave_the_store_whole(rng: Random) -> None:
    run_in_process(rng)


def test_the_generator_reaches_the_deep_paths() -> None:
    """Otherwise the tests of this file would test refusals only."""
    seen: set[tuple[str, int]] = set()
    for seed in range(20):
        seen |= run_in_process(Random(seed))
    assert seen >= {
        ("POST", 201), ("POST", 202), ("PATCH", 202), ("PATCH", 416), ("PATCH", 404), ("PUT", 201), ("PUT", 400),
        ("PUT", 416), ("GET", 200), ("GET", 206), ("GET", 204), ("GET", 304), ("GET", 404), ("GET", 416), ("HEAD", 200),
        ("DELETE", 202), ("DELETE", 204), ("DELETE", 404),
    }  # fmt: skip


def coded(rng: Random, request: Generated, *, last: bool) -> bytes:
    """The bytes of ``request``: with a length or in chunks, with or without Expect, now and then damaged."""
    lines = [f"{request.method} {request.target.encode('ascii', 'replace').decode()} HTTP/1.1", "Host: r:5000"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    body = request.body
    if rng.random() < 0.3:
        lines.append("Transfer-Encoding: chunked")
        size = rng.choice((1000, 30_000))
        parts = [body[at : at + size] for at in range(0, len(body), size)]
        body = b"".join(b"%x;x=y\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\nX-Trailer: 1\r\n\r\n"
    elif body or rng.random() < 0.5:
        lines.append(f"Content-Length: {len(body)}")
    if rng.random() < 0.2:
        lines.append("Expect: 100-continue")
    if last or rng.random() < 0.05:
        lines.append(f"Connection: {rng.choice(('close', 'keep-alive, close', 'close, TE'))}")
    data = "\r\n".join([*lines, "", ""]).encode() + body
    if request.cut:
        data = data[: rng.randrange(len(data))]
    if data and rng.random() < 0.1:
        at = rng.randrange(len(data))
        data = data[:at] + rng.choice((b"\0", b"\r", b"\n", b"\xff", b" ", b":")) + data[at + 1 :]
    return data


def exchange(server: Server, rng: Random, client: Client) -> bytes:
    """Send up to five requests at once, and return everything that comes back until the server closes."""
    count = rng.randint(1, 5)
    data = b"".join(coded(rng, client.next(), last=number == count - 1) for number in range(count))
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        if rng.random() < 0.1:  # a reset
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(data[: len(data) // 2])
            return b""
        received = b""
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(1 << 16):
                received += piece
        except OSError as error:  # it closed while bytes were still on their way
            if isinstance(error, TimeoutError):
                raise
        return received


def run_on_a_socket(rng: Random, connections: int) -> None:
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder, "root")) as store:
        app, client = App(store), Client(rng)
        for _ in range(200):  # what exists, learned in process
            request = client.next()
            got = respond(app, request)
            if got is not None:
                client.learn(request, *got)
        with Server(app, limits=Limits(idle_timeout=5, head_timeout=5, body_timeout=5)) as server:
            for _ in range(connections):
                received = exchange(server, rng, client)
                assert received == b"" or received.startswith(b"HTTP/1.1 "), received[:100]
                assert b"HTTP/1.1 5" not in received, received
            with socket.create_connection(("127.0.0.1", server.port), timeout=20) as last:
                last.sendall(b"GET /v2/ HTTP/1.1\r\nHost: r\r\nConnection: close\r\n\r\n")
                assert last.recv(100).startswith(b"HTTP/1.1 200 OK")
            assert not [
                line for line in server.log_lines if "because of" in line or " 50" in line.split(" in=")[0][-4:]
            ]
        assert not app.sessions.uploading
        assert os.listdir(folder) == ["root"]


def test_generated_bytes_on_a_socket_are_answered(capfd: pytest.CaptureFixture[str]) -> None:
    for seed in range(4):
        run_on_a_socket(Random(seed), connections=50)
    assert capfd.readouterr().err == ""


@pytest.mark.soak
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(RANDOMS)
def test_20_000_connections_of_generated_bytes_are_answered(rng: Random) -> None:
    run_on_a_socket(rng, connections=200)
