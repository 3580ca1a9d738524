"""Too many connections, and no descriptor for the next one: others wait or are told so, and the log says it once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from regtutor.server.app import App
from regtutor.server.shell.limits import Limits, default_connections, limits_of
from regtutor.server.shell.listen import Server
from regtutor.server.storage.store import Store
from tests.server.wire import Wire


def test_a_connection_too_many_gets_503_and_the_others_go_on(store: Store) -> None:
    with Server(App(store), limits=Limits(max_connections=2)) as server:
        first, second, third = Wire(server), Wire(server), Wire(server)
        for wire in (first, second):
            wire.send("GET /v2/ HTTP/1.1", "Host: r")
            assert wire.status() == 200
        third.send("GET /v2/ HTTP/1.1", "Host: r")
        start, headers, body = third.read()
        assert start == "HTTP/1.1 503 Service Unavailable"
        assert headers["retry-after"] == "1" and b"UNAVAILABLE" in body and b"--max-connections" in body
        assert third.ended()
        first.send("GET /v2/ HTTP/1.1", "Host: r")
        assert first.status() == 200
        first.close()
        second.send("GET /v2/ HTTP/1.1", "Host: r", "Connection: close")
        assert second.status() == 200 and second.ended()
        with Wire(server) as fourth:
            fourth.send("GET /v2/ HTTP/1.1", "Host: r")
            assert fourth.status() == 200
        third.close()
        second.close()


def test_far_too_many_connections_are_closed_at_once(store: Store) -> None:
    with Server(App(store), limits=Limits(max_connections=1)) as server:
        wires = [Wire(server) for _ in range(3)]
        assert wires[2].ended()
        for wire in wires[:2]:
            wire.send("GET /v2/ HTTP/1.1", "Host: r")
        assert [wires[0].status(), wires[1].status()] == [200, 503]
        for wire in wires:
            wire.close()


def test_the_default_leaves_descriptors_for_files() -> None:
    assert 8 <= default_connections() <= 1000
    assert limits_of({"max_connections": 5}).max_connections == 5


SCRIPT = """
import json, resource, socket, sys, time
import regtutor as rt
import regtutor.errors
from regtutor.server.app import App
from regtutor.server.shell.limits import Limits
from regtutor.server.shell.listen import Server
from regtutor.server.storage.store import Store

class Counting(Server):
    tries = 0

    def _on_loop_error(self, loop, context):
        self.tries += 1
        super()._on_loop_error(loop, context)


resource.setrlimit(resource.RLIMIT_NOFILE, (80, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
with Store(sys.argv[1]) as store, Counting(App(store), limits=Limits(max_connections=1000)) as server:
    held = []
    while len(held) < 200:  # half heads, until nothing can be opened any more
        try:
            held.append(socket.create_connection(("127.0.0.1", server.port), timeout=5))
            held[-1].sendall(b"GET /v2/ HTTP/1.1\\r\\nHost: r\\r\\n")
        except OSError:
            break
    time.sleep(2.5)
    errors = []
    for attempt in (lambda: rt.check_api, lambda: rt.connect(server.url), lambda: rt.open_registry("embedded")):
        try:
            attempt()
        except Exception as error:
            errors.append([type(error).__module__, str(error)])
    count = len(held)
    for connection in held:
        connection.close()
    answer = b""
    for _ in range(100):
        try:
            with socket.create_connection(("127.0.0.1", server.port), timeout=5) as later:
                later.sendall(b"GET /v2/ HTTP/1.1\\r\\nHost: r\\r\\nConnection: close\\r\\n\\r\\n")
                answer = later.recv(100)
        except OSError:
            answer = b""
        if answer:
            break
        time.sleep(0.1)
    print(json.dumps({"held": count, "tries": server.tries, "errors": errors, "answer": answer.decode()[:15],
                      "lines": list(server.log_lines)}))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_without_descriptors_it_pauses_says_so_once_and_recovers(tmp_path: Path) -> None:
    """Server and client in one process, as in a notebook: the client gets errors of our own, and no traceback."""
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert found["held"] < 80
    assert found["answer"] == "HTTP/1.1 200 OK"
    assert sum("no connection is accepted for a moment" in line for line in found["lines"]) == 1, found["lines"]
    assert len(found["lines"]) < 200
    assert found["errors"] and {module for module, _ in found["errors"]} == {"regtutor.errors"}, found["errors"]
    assert "rt.check_api cannot be loaded" in found["errors"][0][1]
    assert "oo many open files" in found["errors"][0][1]
    # It tries again once a second, and not as fast as it can.
    assert 0 < found["tries"] < 2000
