"""The registry on a real socket: what goes over the wire, byte for byte where it matters."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from regtutor.errors import ServerError
from regtutor.protocol.digests import Digest
from regtutor.protocol.media_types import OCI_MANIFEST
from regtutor.server.app import App
from regtutor.server.http import FileRange, Head, Response
from regtutor.server.shell.limits import Limits
from regtutor.server.shell.listen import Server
from regtutor.server.shell.one_request import DRAIN
from regtutor.server.storage.repository_lists import RepositoryLists
from regtutor.server.storage.store import Store
from tests.server.inline import Inline, digest, image_manifest
from tests.server.wire import Wire

HELLO = digest(b"hello")
MIB = 1024 * 1024


@pytest.fixture
def wire(server: Server) -> Iterator[Wire]:
    wire = Wire(server)
    yield wire
    wire.close()


@pytest.fixture
def inline(server: Server) -> Inline:
    """The same App as the server's, asked without the socket."""
    return Inline(server.app)


def content(store: Store) -> dict[str, bytes]:
    found = (store.root / "docker").rglob("*")
    return {path.name: path.read_bytes() for path in found if path.is_file() and path.name != "startedat"}


def test_a_whole_push_on_one_connection(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)

    def ask(method: str, target: str, body: bytes = b"", **headers: str) -> http.client.HTTPResponse:
        connection.request(method, target, body, {name.replace("_", "-"): value for name, value in headers.items()})
        return connection.getresponse()

    start = ask("POST", "/v2/library/hello/blobs/uploads/")
    assert (start.status, start.read()) == (202, b"")
    location = start.headers["Location"]
    assert location.startswith(server.url + "/v2/library/hello/blobs/uploads/")
    first_socket = connection.sock
    put = ask("PUT", location.removeprefix(server.url) + f"&digest={digest(b'{}')}", b"{}")
    assert (put.status, put.read()) == (201, b"")
    manifest = image_manifest(b"{}")
    put = ask("PUT", "/v2/library/hello/manifests/v1", manifest, Content_Type=OCI_MANIFEST)
    assert (put.status, put.read()) == (201, b"")
    head = ask("HEAD", "/v2/library/hello/manifests/v1")
    assert (head.status, head.headers["Content-Length"], head.read()) == (200, str(len(manifest)), b"")
    got = ask("GET", "/v2/library/hello/manifests/v1")
    assert (got.status, got.read()) == (200, manifest)
    assert "GMT" in got.headers["Date"]
    assert connection.sock is first_socket
    connection.close()


def test_100_continue_comes_when_the_app_has_accepted_and_once(wire: Wire, inline: Inline) -> None:
    target = f"{inline.start('a')}&digest={HELLO}"
    wire.send(f"PUT {target} HTTP/1.1", "Host: r", "Content-Length: 5", "Expect: 100-continue")
    assert wire.read() == ("HTTP/1.1 100 Continue", {}, b"")
    wire.socket.sendall(b"hello")
    start, headers, _ = wire.read()
    assert start == "HTTP/1.1 201 Created"
    assert "connection" not in headers


def test_an_http_1_0_client_gets_no_100(wire: Wire, inline: Inline) -> None:
    target = f"{inline.start('a')}&digest={HELLO}"
    head = [f"PUT {target} HTTP/1.0", "Content-Length: 5", "Expect: 100-continue"]
    wire.send(*head, body=b"hello")
    assert wire.read()[0] == "HTTP/1.1 201 Created"
    assert wire.ended()


def test_a_refusal_withholds_the_body_and_closes(wire: Wire, server: Server) -> None:
    head = ["PUT /v2/a/blobs/uploads/1?digest=x HTTP/1.1", "Host: r", f"Content-Length: {1024 * MIB}"]
    wire.send(*head, "Expect: 100-continue")
    start, headers, body = wire.read()
    assert start == "HTTP/1.1 400 Bad Request"
    assert headers["connection"] == "close"
    assert b"DIGEST_INVALID" in body
    assert wire.ended()
    assert " in=0 " in server.log_lines[-1]


def test_a_refused_body_that_was_sent_is_not_taken_for_the_next_request(wire: Wire) -> None:
    smuggled = b"GET /v2/ HTTP/1.1\r\nHost: r\r\n\r\n"
    body = smuggled.ljust(MIB)
    wire.send("PUT /v2/A/manifests/v1 HTTP/1.1", "Host: r", f"Content-Length: {len(body)}", body=body)
    start, headers, _ = wire.read()
    assert start == "HTTP/1.1 400 Bad Request"
    assert "connection" not in headers
    wire.send("GET /v2/ HTTP/1.1", "Host: r")
    assert wire.read()[2] == b"{}"


def test_a_refused_body_beyond_a_few_mebibytes_is_not_waited_for(wire: Wire) -> None:
    wire.send("PUT /v2/A/manifests/v1 HTTP/1.1", "Host: r", f"Content-Length: {DRAIN + 1}")
    start, headers, _ = wire.read()
    assert (start, headers["connection"]) == ("HTTP/1.1 400 Bad Request", "close")
    assert wire.ended()


def test_a_chunked_body_is_taken(wire: Wire, inline: Inline) -> None:
    target = f"{inline.start('a')}&digest={HELLO}"
    wire.send(
        f"PUT {target} HTTP/1.1", "Host: r", "Transfer-Encoding: chunked", body=b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
    )
    assert wire.read()[0] == "HTTP/1.1 201 Created"


def test_a_chunked_manifest_without_end_is_refused_on_the_way(wire: Wire) -> None:
    head = ["PUT /v2/a/manifests/v1 HTTP/1.1", "Host: r", f"Content-Type: {OCI_MANIFEST}", "Transfer-Encoding: chunked"]
    wire.send(*head)
    piece = b"100000\r\n" + b" " * MIB + b"\r\n"
    for _ in range(4 + DRAIN // MIB):
        wire.socket.sendall(piece)
    wire.socket.sendall(b"1\r\n \r\n")
    start, headers, body = wire.read()
    assert (start.split()[1], headers["connection"]) == ("413", "close")  # Pythons name it differently
    assert b"MANIFEST_INVALID" in body


def test_a_cut_connection_leaves_no_blob_and_a_session_that_can_be_used_again(store: Store) -> None:
    inline, cut = Inline(App(store)), threading.Event()
    target = f"{inline.start('a')}&digest={HELLO}"
    with Server(inline.app, log=lambda line: cut.set() if f"digest={HELLO} cut " in line else None) as server:
        wire = Wire(server)
        wire.send(f"PUT {target} HTTP/1.1", "Host: r", "Content-Length: 5", "Expect: 100-continue")
        assert wire.read()[0] == "HTTP/1.1 100 Continue"
        wire.socket.sendall(b"hell")
        wire.close()
        assert cut.wait(20), "the log never said that the connection was cut"
    assert content(store) == {"data": b""}
    assert inline.ask("PUT", target, b"hello").status == 201


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["get /v2/ HTTP/1.1", "Host: r"], "uppercase"),
        (["GET /v2/\xff HTTP/1.1", "Host: r"], "percent-encoded"),
        (["GET v2/ HTTP/1.1", "Host: r"], "neither a path"),
        (["GET ftp://r/v2/ HTTP/1.1", "Host: r"], "neither a path"),
        (["GET /v2/ HTTP/1.1"], "Host"),
        (["GET /v2/ HTTP/1.1", "Host: "], "Host"),
        (["GET /v2/ HTTP/1.1", "Host: a", "Host: b"], "Host"),
        (["GET /v2/ HTTP/1.1", "Host: r/x"], "Host"),
        (["PUT /v2/ HTTP/1.1", "Host: r", "Content-Length: 5,5"], "Content-Length"),
        (["PUT /v2/ HTTP/1.1", "Host: r", "Content-Length: 5", "Content-Length: 5"], "Content-Length"),
        (["PUT /v2/ HTTP/1.1", "Host: r", "Content-Length: -1"], "Content-Length"),
        (["PUT /v2/ HTTP/1.1", "Host: r", "Content-Length: five"], "Content-Length"),
        (["PUT /v2/ HTTP/1.1", "Host: r", "Content-Length: " + "9" * 30], "Content-Length"),
    ],
)
def test_a_head_that_is_no_http_is_answered_and_the_connection_closed(wire: Wire, lines: list[str], says: str) -> None:
    wire.send(*lines)
    start, headers, body = wire.read()
    assert (start, headers["connection"]) == ("HTTP/1.1 400 Bad Request", "close")
    assert says in body.decode()
    assert wire.ended()


@pytest.mark.parametrize("lines", [["HEAD /v2/ HTTP/1.1", "Host: r", "Content-Length: five"], ["HEAD /\xff HTTP/1.1"]])
def test_a_head_request_that_is_no_http_gets_its_answer_without_a_body(wire: Wire, lines: list[str]) -> None:
    wire.send(*lines)
    start, headers, _ = wire.read(body=False)
    assert start == "HTTP/1.1 400 Bad Request"
    assert int(headers["content-length"]) > 0
    assert wire.ended()


def test_an_absolute_form_target_is_the_same_request(wire: Wire) -> None:
    for target in ("http://other.example:80/v2/", "/v2/"):
        wire.send(f"GET {target} HTTP/1.1", "Host: r")
        assert wire.read()[2] == b"{}"
    wire.send("GET http://r HTTP/1.1", "Host: r")
    assert wire.read()[0] == "HTTP/1.1 404 Not Found"


def test_requests_that_are_sent_at_once_are_answered_in_order(wire: Wire) -> None:
    wire.socket.sendall(b"GET /v2/ HTTP/1.1\r\nHost: r\r\n\r\n" * 3 + b"GET /v2/A HTTP/1.1\r\nHost: r\r\n\r\n")
    assert [wire.read()[0] for _ in range(4)] == ["HTTP/1.1 200 OK"] * 3 + ["HTTP/1.1 404 Not Found"]


def test_a_refused_head_request_has_no_body_and_the_connection_goes_on(wire: Wire) -> None:
    wire.send(f"HEAD /v2/a/blobs/{HELLO} HTTP/1.1", "Host: r")
    start, headers, _ = wire.read(body=False)
    assert start == "HTTP/1.1 404 Not Found"
    assert int(headers["content-length"]) > 0
    wire.send("GET /v2/ HTTP/1.1", "Host: r")
    assert wire.read()[0] == "HTTP/1.1 200 OK"


def test_a_body_that_stops_coming_is_answered_408(store: Store) -> None:
    inline = Inline(App(store))
    target = f"{inline.start('a')}&digest={HELLO}"
    with Server(inline.app, limits=Limits(body_timeout=0.05)) as server:
        wire = Wire(server)
        wire.send(f"PUT {target} HTTP/1.1", "Host: r", "Content-Length: 5", body=b"hell")
        start, headers, body = wire.read()
        assert (start, headers["connection"]) == ("HTTP/1.1 408 Request Timeout", "close")
        assert b"no byte of the body" in body
        assert wire.ended()
        wire.close()
    assert content(store) == {"data": b""}


def test_a_client_that_does_not_read_is_given_up(store: Store) -> None:
    inline, given_up = Inline(App(store)), threading.Event()
    name = inline.push_blob("a", bytes(32 * MIB))

    def log(line: str) -> None:
        if f"/v2/a/blobs/{name} 200 cut (TimeoutError)" in line:
            given_up.set()

    with Server(inline.app, log=log, limits=Limits(body_timeout=0.05)) as server:
        wire = Wire(server)
        wire.send(f"GET /v2/a/blobs/{name} HTTP/1.1", "Host: r")
        assert given_up.wait(20), "the log never said that the client was given up"
        wire.close()


def test_closing_the_server_cuts_what_is_still_being_sent(store: Store) -> None:
    inline = Inline(App(store))
    target = f"{inline.start('a')}&digest={HELLO}"
    server = Server(inline.app).start()
    wire = Wire(server)
    wire.send(f"PUT {target} HTTP/1.1", "Host: r", "Content-Length: 5", "Expect: 100-continue")
    assert wire.read()[0] == "HTTP/1.1 100 Continue"
    server.close()
    assert wire.ended()
    wire.close()
    assert content(store) == {"data": b""}
    assert inline.ask("PUT", target, b"hello").status == 201


def test_four_uploads_at_once_each_arrive_whole(server: Server, inline: Inline) -> None:
    blobs = [bytes([number]) * MIB for number in range(4)]
    wires = [Wire(server) for _ in blobs]
    for wire, blob in zip(wires, blobs, strict=True):
        target = f"{inline.start('a')}&digest={digest(blob)}"
        wire.send(f"PUT {target} HTTP/1.1", "Host: r", f"Content-Length: {MIB}", body=blob[: MIB // 2])
    for wire, blob in zip(wires, blobs, strict=True):
        wire.socket.sendall(blob[MIB // 2 :])
    assert [wire.read()[0] for wire in wires] == ["HTTP/1.1 201 Created"] * 4
    assert [inline.ask("GET", f"/v2/a/blobs/{digest(blob)}").body for blob in blobs] == blobs
    for wire in wires:
        wire.close()


def test_a_client_that_speaks_tls_to_the_plain_port_is_told_at_once(server: Server) -> None:
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain,
        pytest.raises(ssl.SSLError, match=r"WRONG_VERSION_NUMBER|wrong version number|record layer"),
    ):
        ssl.create_default_context().wrap_socket(plain, server_hostname="r.example")
    assert " tls / 400 " in server.log_lines[-1]


def test_over_tls_locations_are_https(store: Store) -> None:
    authority = trustme.CA()
    served, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(served)
    authority.configure_trust(trusting)
    with Server(App(store), ssl_context=served) as server:
        assert server.url == f"https://127.0.0.1:{server.port}"
        connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=20, context=trusting)
        connection.request("POST", "/v2/a/blobs/uploads/")
        location = connection.getresponse().headers["Location"]
        assert location.startswith(f"{server.url}/v2/a/blobs/uploads/")
        connection.close()


def test_a_failed_handshake_stands_in_the_log_and_nowhere_else(
    store: Store, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    served, failed = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), threading.Semaphore(0)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(served)
    with Server(App(store), ssl_context=served, log=lambda _line: failed.release()) as server:
        with (
            socket.create_connection(("127.0.0.1", server.port), timeout=20) as stranger,
            pytest.raises(ssl.SSLCertVerificationError),
        ):
            ssl.create_default_context().wrap_socket(stranger, server_hostname="127.0.0.1")
        assert failed.acquire(timeout=20)
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain:
            plain.sendall(b"GET /v2/ HTTP/1.1\r\nHost: r\r\n\r\n")
            assert failed.acquire(timeout=20)
    assert [line.partition(" tls failed: ")[2] for line in server.log_lines] == [
        "TLSV1_ALERT_UNKNOWN_CA",
        "HTTP_REQUEST",
    ]
    assert not caplog.records
    assert capfd.readouterr().err == ""


class HeldLists(RepositoryLists):
    """Lists of repositories, which are held up too."""

    def __init__(self, store: Slow) -> None:
        super().__init__(store)
        self._store = store

    def after(self, *arguments: Any, **named: Any) -> Iterator[str]:
        self._store._hold_up()
        return super().after(*arguments, **named)


class Slow(Store):
    """A store that holds up whoever wants to see all of something, until ``go``."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.repository_lists = HeldLists(self)
        self.waiting, self.go = threading.Event(), threading.Event()

    def revisions_path(self, repository: str) -> Path:
        self._hold_up()
        return super().revisions_path(repository)

    def remove_manifest(self, repository: str, digest: Digest) -> bool:
        self._hold_up()
        return super().remove_manifest(repository, digest)

    def tags_path(self, repository: str) -> Path:
        self._hold_up()
        return super().tags_path(repository)

    def _hold_up(self) -> None:
        self.waiting.set()
        self.go.wait(5)


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", f"/v2/a/referrers/{HELLO}", 200),
        ("HEAD", f"/v2/a/referrers/{HELLO}", 200),
        ("DELETE", f"/v2/a/manifests/{HELLO}", 404),
        ("GET", "/v2/a/tags/list", 200),
        ("GET", "/v2/_catalog", 200),
    ],
)
def test_others_are_served_while_a_request_takes_long(tmp_path: Path, method: str, target: str, status: int) -> None:
    store = Slow(tmp_path)
    with store, Server(App(store)) as server:
        Inline(server.app).push_blob("a", b"hello")
        slow, other = Wire(server), Wire(server)
        slow.send(f"{method} {target} HTTP/1.1", "Host: r")
        assert store.waiting.wait(5)
        other.send("GET /v2/ HTTP/1.1", "Host: r")
        assert other.read()[0] == "HTTP/1.1 200 OK"
        assert not any(target in line for line in server.log_lines), "the slow one is not answered yet"
        store.go.set()
        assert slow.read(body=method != "HEAD")[0].startswith(f"HTTP/1.1 {status} ")
        slow.send("GET /v2/ HTTP/1.1", "Host: r")
        assert slow.read()[0] == "HTTP/1.1 200 OK"
        slow.close()
        other.close()


class Broken(App):
    """An App in which something fails that nobody foresaw."""

    def begin(self, head: Head, *, scheme: str = "http") -> Response:
        if head.method == "DELETE":
            return Response(200, (("Content-Length", "5"),), FileRange(self.store.root / "gone", 0, 5))
        raise OSError(28, "No space left on device")


def test_a_failure_is_answered_500_and_stands_in_the_log(store: Store) -> None:
    with Server(Broken(store)) as server:
        wire = Wire(server)
        wire.send("GET /v2/ HTTP/1.1", "Host: r")
        start, _, body = wire.read()
        assert start == "HTTP/1.1 500 Internal Server Error"
        assert b"UNKNOWN" in body
        assert "No space left" in server.log_lines[0]
        assert " GET /v2/ 500 " in server.log_lines[1]
        wire.send("DELETE /v2/ HTTP/1.1", "Host: r")
        assert wire.read()[0] == "HTTP/1.1 500 Internal Server Error"
        assert "FileNotFoundError" in server.log_lines[2]
        wire.close()


def test_the_log_has_a_line_for_each_request_and_no_secret(store: Store) -> None:
    lines: list[str] = []
    with Server(App(store), log=lines.append) as server:
        wire = Wire(server)
        wire.send("GET /v2/?token=hunter2 HTTP/1.1", "Host: r", "Authorization: Bearer hunter2")
        wire.read()
        wire.close()
        assert lines == list(server.log_lines)
        assert " 127.0.0.1 GET /v2/?token=<redacted> 200 in=0 out=2 " in lines[0]
        assert "hunter2" not in lines[0]


def test_a_log_that_fails_stops_no_request(store: Store) -> None:
    def fail(_line: str) -> None:
        raise BrokenPipeError("closed terminal")

    with Server(App(store), log=fail) as server:
        wire = Wire(server)
        for _ in range(2):
            wire.send("GET /v2/ HTTP/1.1", "Host: r")
            assert wire.read()[0] == "HTTP/1.1 200 OK"
        wire.close()
        assert "closed terminal" in server.log_lines[1]
        assert len(server.log_lines) == 3


def test_it_listens_on_loopback_unless_told(store: Store) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "registry.example"):
        with pytest.raises(ServerError, match="--insecure-public"):
            Server(App(store), host)
    with Server(App(store), "0.0.0.0", public=True) as server:
        assert server.port


def test_a_port_that_is_taken_is_a_named_error(server: Server) -> None:
    with pytest.raises(ServerError, match="another port"):
        Server(server.app, port=server.port).start()


def test_a_closed_server_is_gone_and_may_be_closed_again(store: Store) -> None:
    server = Server(App(store)).start()
    idle = Wire(server)
    server.close()
    server.close()
    assert idle.ended()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=20)
    idle.close()


SERVE = """
import sys
from regtutor.server.app import App
from regtutor.server.shell.limits import Limits
from regtutor.server.shell.listen import Server
from regtutor.server.storage.store import Store

with Store(sys.argv[1]) as store, Server(App(store)) as server:
    print(server.url, flush=True)
    sys.stdin.readline()
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux says how much memory was used at most")
def test_64_mib_go_in_and_out_in_bounded_memory(tmp_path: Path) -> None:
    chunk = bytes(range(256)) * 4096
    size, name = 64, digest(chunk * 64)
    command = [sys.executable, "-c", SERVE, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        url = process.stdout.readline().strip()
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        connection.request("POST", "/v2/a/blobs/uploads/")
        start = connection.getresponse()
        start.read()
        target = start.headers["Location"].removeprefix(url) + f"&digest={name}"
        connection.request("PUT", target, (chunk for _ in range(size)), {"Content-Length": str(size * MIB)})
        put = connection.getresponse()
        assert (put.status, put.read()) == (201, b"")
        connection.request("GET", f"/v2/a/blobs/{name}")
        got = connection.getresponse()
        assert all(got.read(MIB) == chunk for _ in range(size))
        connection.close()
        # Not ru_maxrss, which begins with what the parent process had.
        status = Path(f"/proc/{process.pid}/status").read_text()
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]
        process.stdin.close()
    assert peak < 64 * MIB, f"{peak / MIB:.0f} MiB resident at most, for a blob of 64"


@pytest.mark.parametrize("expect", ["Expect:", "Expect: 100-continue"])
def test_curl_pushes_and_pulls(
    server: Server, inline: Inline, tmp_path: Path, require_program: Callable[[str, str], str], expect: str
) -> None:
    curl = require_program("curl", "curl")
    blob = tmp_path / "blob"
    blob.write_bytes(b"layer" * MIB)
    name = digest(blob.read_bytes())
    target = f"{server.url}{inline.start('a')}&digest={name}"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([curl, "-sS", "--max-time", "60", *arguments], capture_output=True, text=True, timeout=90)

    pushed = run("-D", "-", "-T", str(blob), "-H", expect, target)
    assert "201 Created" in pushed.stdout
    assert ("100 Continue" in pushed.stdout) is ("100" in expect)
    pulled = run("-o", str(tmp_path / "pulled"), f"{server.url}/v2/a/blobs/{name}")
    assert pulled.returncode == 0
    assert (tmp_path / "pulled").read_bytes() == blob.read_bytes()
