"""Names and passwords: what the file may hold, who is let in, and what everybody else is told."""

from __future__ import annotations

import base64
import http.client
import os
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import pytest
import trustme

from regtutor.errors import ServerError
from regtutor.server.app import App
from regtutor.server.http import Head, Response
from regtutor.server.shell.authentication import Htpasswd
from regtutor.server.shell.listen import Server
from regtutor.server.storage.store import Store
from tests.server.inline import digest, faults
from tests.server.wire import Wire

# Written by Apache's htpasswd 2.4: htpasswd -nbB ann "correct horse"; htpasswd -nbB -C 4 böb "pässwörd:..."
ANN = "ann:$2y$05$UzavWQQnJG1WfrJIaGsiaeO5rQbKMIHveq6IERNR5Vq0.SKA914li"
BOB = "böb:$2y$04$hHIzIIUmF1yVGF310TAGh.6GqmbCjiTNCtrhSBtqTe4ADoPcy69uq"
PASSWORDS = {"ann": "correct horse", "böb": "pässwörd:mit doppelpunkt"}


def basic(name: str, password: str) -> tuple[str, str]:
    return "Authorization", "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def head(*headers: tuple[str, str], method: str = "GET") -> Head:
    return Head(method, "/v2/", (("Host", "r"), *headers))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "htpasswd"
    path.write_text(f"# who may push\n{ANN}\n\n{BOB}\n", encoding="utf-8")
    return path


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The hashes that were computed, in order; they are computed all the same."""
    computed: list[bytes] = []
    real = bcrypt.checkpw

    def counting(password: bytes, hashed: bytes) -> bool:
        computed.append(hashed)
        return real(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", counting)
    return computed


@pytest.mark.parametrize("name", PASSWORDS)
def test_what_apache_wrote_is_understood(file: Path, name: str) -> None:
    passwords = Htpasswd(file)
    assert passwords.refusal(head(basic(name, PASSWORDS[name]))) is None
    assert isinstance(passwords.refusal(head(basic(name, PASSWORDS[name] + "!"))), Response)


def test_of_a_long_password_the_first_72_bytes_count_as_with_apache(tmp_path: Path) -> None:
    hashed = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    (tmp_path / "htpasswd").write_text(f"ann:{hashed}")
    passwords = Htpasswd(tmp_path / "htpasswd")
    assert passwords.refusal(head(basic("ann", "x" * 100))) is None
    assert passwords.refusal(head(basic("ann", "x" * 71))) is not None


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (basic("ann", "wrong"),),
        (basic("nobody", "correct horse"),),
        (basic("", ""),),
        (basic("ann", "correct horse\0"),),
        (basic("ann", "correct horse"), basic("ann", "correct horse")),
        (("Authorization", "Bearer abc"),),
        (("Authorization", "Basic"),),
        (("Authorization", "Basic !!!"),),
        (("Authorization", "Basic " + base64.b64encode(b"ann").decode()),),
    ],
)
def test_everybody_else_gets_a_401_that_says_how_to_come_in(file: Path, headers: tuple[tuple[str, str], ...]) -> None:
    answer = Htpasswd(file).refusal(head(*headers))
    assert answer is not None
    assert (answer.status, answer.header("WWW-Authenticate")) == (401, 'Basic realm="regtutor"')
    (fault,) = faults(answer)
    assert fault["code"] == "UNAUTHORIZED"
    assert set(fault["detail"]) == {"given", "expected", "next"}
    assert b"horse" not in answer.body and b"nobody" not in answer.body


def test_an_unknown_name_is_told_what_a_wrong_password_is_told_and_costs_as_much(
    file: Path, checks: list[bytes]
) -> None:
    passwords = Htpasswd(file)
    answers = [passwords.refusal(head(basic(name, "wrong"))) for name in ("ann", "nobody", "nobody")]
    assert answers[0] == answers[1]
    assert len(checks) == 3
    assert checks[1] == checks[2], "one name must take the same time each time"
    entries = {line.partition(":")[2].encode() for line in (ANN, BOB)}
    assert set(checks) <= entries


def test_an_empty_file_lets_nobody_in_and_takes_its_time(tmp_path: Path, checks: list[bytes]) -> None:
    (tmp_path / "htpasswd").write_text("")
    assert Htpasswd(tmp_path / "htpasswd").refusal(head(basic("ann", "x"))) is not None
    assert len(checks) == 1


def test_who_came_in_is_remembered_and_nobody_else(file: Path) -> None:
    passwords = Htpasswd(file)
    right = head(basic("ann", PASSWORDS["ann"]))
    assert not passwords.remembers(right)
    passwords.refusal(right)
    assert passwords.remembers(right)
    for other in (head(), head(basic("ann", "wrong")), head(basic("böb", PASSWORDS["ann"])), head(basic("ann", ""))):
        assert not passwords.remembers(other)


def test_a_change_of_the_file_counts_at_once(file: Path) -> None:
    passwords = Htpasswd(file)
    ann, bob = (head(basic(name, PASSWORDS[name])) for name in PASSWORDS)
    assert passwords.refusal(ann) is None
    file.write_text(BOB, encoding="utf-8")
    assert not passwords.remembers(ann)
    assert passwords.refusal(ann) is not None
    assert passwords.refusal(bob) is None


def test_of_two_lines_with_one_name_the_first_counts(file: Path) -> None:
    other = bcrypt.hashpw(b"other", bcrypt.gensalt(4)).decode()
    file.write_text(f"{ANN}\nann:{other}\n")
    assert Htpasswd(file).refusal(head(basic("ann", "other"))) is not None


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("ann:$apr1$itLm.d2h$8k6FkziG2MgqKxc/esNA21", "MD5 (apr1)"),
        ("ann:{SHA}CRtQNYhcABcP7J7PJCJJM+PeP8w=", "SHA-1"),
        ("ann:$5$HmGbdVxCzUWNFHO1$n24NapXZvGtcWxAUC7VZjmLnbxWk/kTEK6ozvXRvbq8", "SHA-256"),
        ("ann:$6$ggISQuEu1p6DcGw8$SZTSRn6iDtrh1kU3TSqdh2OnQgR31SP", "SHA-512"),
        ("ann:4FZa/r.QITkjc", "crypt or plain text"),
        ("ann:horse", "plain text"),
        ("ann:", "plain text"),
        (ANN[:-1], "damaged bcrypt"),
        (ANN.replace("$05$", "$31$"), "cost is 31"),
        (ANN.replace("$05$", "$03$"), "cost is 03"),
        ("ann", "NAME:HASH"),
        (":" + ANN, "NAME:HASH"),
    ],
)
def test_any_other_line_is_refused_by_its_number_and_its_kind_and_not_shown(file: Path, line: str, told: str) -> None:
    file.write_text(f"{ANN}\n{line}\n")
    with pytest.raises(ServerError) as caught:
        Htpasswd(file)
    assert "Line 2" in str(caught.value) and told in str(caught.value) and "htpasswd -B" in str(caught.value)
    secret = line.partition(":")[2]
    assert not secret or secret not in str(caught.value)


def test_a_file_that_is_not_there_is_a_named_error(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="cannot be read"):
        Htpasswd(tmp_path / "nowhere")


@pytest.fixture
def guarded(store: Store, file: Path) -> Iterator[Server]:
    with Server(App(store), passwords=Htpasswd(file)) as server:
        yield server


@pytest.fixture
def wire(guarded: Server) -> Iterator[Wire]:
    wire = Wire(guarded)
    yield wire
    wire.close()


def header(pair: tuple[str, str]) -> str:
    return ": ".join(pair)


def test_on_the_wire_every_request_needs_them_and_the_connection_is_kept(wire: Wire) -> None:
    right = header(basic("ann", PASSWORDS["ann"]))
    for lines, status in [((), 401), ((right,), 200), ((), 401), ((right,), 200)]:
        wire.send("GET /v2/ HTTP/1.1", "Host: r", *lines)
        start, headers, _ = wire.read()
        assert int(start.split()[1]) == status
        assert ("www-authenticate" in headers) == (status == 401)
        assert "connection" not in headers


def test_a_head_is_refused_without_a_body(wire: Wire) -> None:
    wire.send("HEAD /v2/a/manifests/b HTTP/1.1", "Host: r")
    start, headers, _ = wire.read(body=False)
    assert start.startswith("HTTP/1.1 401") and int(headers["content-length"]) > 0
    wire.send("GET /v2/ HTTP/1.1", "Host: r")
    assert wire.read()[0].startswith("HTTP/1.1 401"), "the next thing on the connection is the next answer"


def test_with_expect_the_body_of_a_stranger_is_never_asked_for(wire: Wire, guarded: Server) -> None:
    wire.send("PUT /v2/a/manifests/b HTTP/1.1", "Host: r", "Content-Length: 1000000000", "Expect: 100-continue")
    start, headers, body = wire.read()
    assert start.startswith("HTTP/1.1 401") and headers["connection"] == "close" and b"UNAUTHORIZED" in body
    assert wire.ended()
    assert " 401 in=0 " in guarded.log_lines[-1]


@pytest.mark.parametrize("with_tls", [False, True])
def test_a_stranger_who_sends_a_large_body_without_expect_still_gets_the_401(
    store: Store, file: Path, with_tls: bool
) -> None:
    """Over TLS a connection that is closed meanwhile would be an error to it, and the answer would be lost."""
    authority, served = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(served)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with Server(App(store), passwords=Htpasswd(file), ssl_context=served if with_tls else None) as server:
        address = ("127.0.0.1", server.port)
        connection = (
            http.client.HTTPSConnection(*address, timeout=20, context=trusting)
            if with_tls
            else http.client.HTTPConnection(*address, timeout=20)
        )
        connection.request("PUT", "/v2/a/blobs/uploads/1?digest=x", bytes(30_000_000))
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Connection"]) == (401, "close")
        assert b"UNAUTHORIZED" in answer.read()
        connection.close()


def test_with_expect_who_is_let_in_gets_the_100_and_the_body_is_taken(wire: Wire) -> None:
    right = header(basic("ann", PASSWORDS["ann"]))
    wire.send("POST /v2/a/blobs/uploads/ HTTP/1.1", "Host: r", right, "Content-Length: 0")
    location = wire.read()[1]["location"].partition("//r")[2]
    target = f"{location}&digest={digest(b'hello')}"
    wire.send(f"PUT {target} HTTP/1.1", "Host: r", right, "Content-Length: 5", "Expect: 100-continue")
    assert wire.read()[0] == "HTTP/1.1 100 Continue"
    wire.socket.sendall(b"hello")
    assert wire.read()[0] == "HTTP/1.1 201 Created"


def test_neither_name_nor_password_comes_into_the_log(wire: Wire, guarded: Server) -> None:
    for password in (PASSWORDS["ann"], "wr-ong-1"):
        encoded = header(basic("ann", password))
        wire.send("GET http://ann:wr-ong-1@r/v2/ HTTP/1.1", "Host: r", encoded)
        wire.read()
        log = "\n".join(guarded.log_lines)
        assert password not in log and encoded.split()[-1] not in log and "wr-ong-1" not in log
    assert len(guarded.log_lines) == 2


def test_a_guess_holds_up_other_guesses_and_nobody_who_is_let_in(
    wire: Wire, guarded: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, wrong = (header(basic("ann", password)) for password in (PASSWORDS["ann"], "wrong"))
    wire.send("GET /v2/ HTTP/1.1", "Host: r", right)
    assert wire.read()[0].startswith("HTTP/1.1 200")
    real, begun, go_on = bcrypt.checkpw, threading.Event(), threading.Event()

    def slow(password: bytes, hashed: bytes) -> bool:
        begun.set()
        assert go_on.wait(20)
        return real(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", slow)
    guess, gone = Wire(guarded), Wire(guarded)
    guess.send("GET /v2/ HTTP/1.1", "Host: r", wrong)
    assert begun.wait(20)
    gone.send("PUT /v2/a/manifests/b HTTP/1.1", "Host: r", wrong, "Content-Length: 5")
    gone.close()
    wire.send("GET /v2/ HTTP/1.1", "Host: r", right)
    assert wire.read()[0].startswith("HTTP/1.1 200")
    go_on.set()
    assert guess.read()[0].startswith("HTTP/1.1 401")
    guess.close()


def test_a_password_file_that_is_gone_lets_nobody_in_and_the_log_says_why(
    wire: Wire, guarded: Server, file: Path
) -> None:
    right = header(basic("ann", PASSWORDS["ann"]))
    os.rename(file, file.with_suffix(".away"))
    wire.send("GET /v2/ HTTP/1.1", "Host: r", right)
    assert wire.read()[0].startswith("HTTP/1.1 500")
    assert str(file) in guarded.log_lines[0]
    os.rename(file.with_suffix(".away"), file)
    wire.send("GET /v2/ HTTP/1.1", "Host: r", right)
    assert wire.read()[0].startswith("HTTP/1.1 200")


@pytest.fixture
def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.mark.parametrize(("with_tls", "with_passwords"), [(True, False), (False, True), (False, False)])
def test_it_is_not_public_without_both(
    store: Store, file: Path, tls: ssl.SSLContext, with_tls: bool, with_passwords: bool
) -> None:
    with pytest.raises(ServerError, match="both TLS and passwords"):
        Server(
            App(store),
            "0.0.0.0",
            ssl_context=tls if with_tls else None,
            passwords=Htpasswd(file) if with_passwords else None,
        )


def test_with_both_it_may_be_public(store: Store, file: Path, tls: ssl.SSLContext) -> None:
    with Server(App(store), "0.0.0.0", ssl_context=tls, passwords=Htpasswd(file)) as server:
        assert server.url.startswith("https://0.0.0.0:")
