"""regtutor record: with a command and without one, its exit status, its lines and its file."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from regtutor.client.registry import Registry
from regtutor.formats import load
from tests.backends.test_embedded_doors import own_pair  # noqa: F401 - a fixture
from tests.cli.test_cli import COMMAND, LIMIT, call, host_of, nobody, run

FETCH = [sys.executable, "-c", "import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).status)"]


def test_a_command_is_recorded_and_its_output_is_its_own(reg: Registry, tmp_path: Path) -> None:
    done = run("record", "--to", host_of(reg), "--save", tmp_path / "trace.json", "--", *FETCH, "http://{registry}/v2/")
    assert (done.returncode, done.stdout) == (0, "200\n")
    first, *lines = done.stderr.splitlines()
    assert re.fullmatch(rf"http://127.0.0.1:\d+ passes requests to {reg.url} and records them", first)
    assert lines[0].split()[:2] == ["200", "check_api"]
    assert lines[-1] == f"The exchanges are in {tmp_path / 'trace.json'}"
    (exchange,) = load(tmp_path / "trace.json")
    assert (exchange.target, exchange.status, exchange.registry) == ("/v2/", 200, host_of(reg))


@pytest.mark.parametrize(
    ("command", "status", "told"),
    [
        (("sh", "-c", "exit 7"), 7, "No request came through the proxy"),
        (("sh", "-c", "kill -9 $$"), 137, ""),
        (("no-such-program-at-all", "x"), 127, "cannot be run"),
        ((os.devnull,), 126, "cannot be run"),
        (("sh", "-c", "exit 0", "--quiet", "--to", "-x"), 0, ""),
    ],
)
def test_the_exit_status_is_that_of_the_command(
    command: tuple[str, ...], status: int, told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    done = call("record", "--to", "127.0.0.1:1", "--", *command)
    assert done.returncode == status
    assert told in done.stderr


def test_options_of_the_command_need_no_dashes_before_them(reg: Registry, capfd: pytest.CaptureFixture[str]) -> None:
    done = call("record", "--quiet", "--to", reg.url, *FETCH, "http://{registry}/v2/")
    assert (done.returncode, done.stderr) == (0, "")
    assert capfd.readouterr().out == "200\n"


def test_a_registry_that_is_not_there_is_told_by_the_line(capfd: pytest.CaptureFixture[str]) -> None:
    done = call("record", "--to", nobody(), "--", *FETCH, "http://{registry}/v2/")
    assert done.returncode == 1
    assert "---  check_api" in done.stderr and "refused the connection" in done.stderr


class Recording:
    """``regtutor record`` without a command, as its own process."""

    def __init__(self, *options: str | Path) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "record", *map(str, options)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self.process.stderr is not None
        self.url = re.match(r"https?://\S+", self.process.stderr.readline().decode())[0]  # type: ignore[index]

    def ended_by(self, number: signal.Signals) -> str:
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=LIMIT)
        assert b"Traceback" not in errors
        return errors.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_without_a_command_it_records_until_it_is_stopped_and_saves(
    number: signal.Signals, reg: Registry, tmp_path: Path
) -> None:
    recording = Recording("--to", reg.url, "--save", tmp_path / "trace.json")
    with urlopen(f"{recording.url}/v2/", timeout=LIMIT) as response:
        assert response.status == 200
    errors = recording.ended_by(number)
    assert recording.process.returncode == 0
    assert "check_api" in errors and [exchange.status for exchange in load(tmp_path / "trace.json")] == [200]
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(recording.url.rpartition(":")[2]))) != 0


def test_ctrl_c_ends_the_command_and_saves_what_was_recorded(reg: Registry, tmp_path: Path) -> None:
    program = "import sys, time, urllib.request as u; u.urlopen(sys.argv[1]); print('done', flush=True); time.sleep(60)"
    fetch = (sys.executable, "-c", program, "http://{registry}/v2/")
    process = subprocess.Popen(
        [*COMMAND, "record", "--to", reg.url, "--save", tmp_path / "trace.json", "--", *fetch],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None and process.stdout.readline() == b"done\n"
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to the command as well
    process.communicate(timeout=LIMIT)
    assert process.returncode in (1, 130)  # Python's status after KeyboardInterrupt depends on its version
    assert len(load(tmp_path / "trace.json")) == 1


def test_sigterm_ends_the_command_too_and_a_command_that_ignores_ctrl_c_is_ended(reg: Registry) -> None:
    program = "import signal, time; signal.signal(2, signal.SIG_IGN); print('on', flush=True); time.sleep(60)"
    for number in (signal.SIGTERM, signal.SIGINT):
        process = subprocess.Popen(
            [*COMMAND, "record", "--to", reg.url, "--", sys.executable, "-c", program],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None and process.stdout.readline() == b"on\n"
        process.send_signal(number)
        process.communicate(timeout=LIMIT)
        assert process.returncode == 128 + signal.SIGTERM


def test_a_port_that_is_in_use(reg: Registry) -> None:
    done = call("record", "--to", reg.url, "--port", host_of(reg).partition(":")[2], "--", "true")
    assert done.returncode == 2 and "cannot listen on" in done.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "--to"),
        (("--to", "ftp://x"), "ftp"),
        (("--to", "x", "--cert", __file__), "--cert and --key together"),
        (("--to", "x", "--save", "/no/such/folder/file"), "does not exist"),
    ],
)
def test_wrong_options(options: tuple[str, ...], told: str) -> None:
    done = call("record", *options, "--", "true")
    assert done.returncode == 2 and told in done.stderr


def test_tls_for_the_client_with_a_certificate_that_is_made(reg: Registry, capfd: pytest.CaptureFixture[str]) -> None:
    program = (
        "import ssl, sys, os, urllib.request as u; assert os.listdir(sys.argv[3]) == ['ca.crt'];"
        "print(u.urlopen(sys.argv[1], context=ssl.create_default_context(cafile=sys.argv[2])).status)"
    )
    command = (sys.executable, "-c", program, "https://{registry}/v2/", "{ca_file}", "{ca_dir}")
    done = call("record", "--to", reg.url, "--tls", "--", *command)
    assert (done.returncode, capfd.readouterr().out) == (0, "200\n")
    folder = Path(re.findall(r"signed by the CA in (\S+)", done.stderr)[0]).parent
    assert not folder.exists()


def test_tls_for_the_client_with_a_certificate_that_is_given(
    reg: Registry,
    own_pair: tuple[Path, Path, Path],  # noqa: F811
) -> None:
    cert, key, ca_file = own_pair
    recording = Recording("--to", reg.url, "--tls", "--cert", cert, "--key", key)
    with urlopen(f"{recording.url}/v2/", context=ssl.create_default_context(cafile=ca_file), timeout=LIMIT) as response:
        assert response.status == 200
    recording.ended_by(signal.SIGINT)


def peak(process: subprocess.Popen[bytes]) -> int:
    """The most memory that a process has had, in bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_a_large_body_passes_both_ways_in_constant_memory(tmp_path: Path) -> None:
    size, piece = 200 * 1024 * 1024, bytes(1024 * 1024)
    listening = socket.create_server(("127.0.0.1", 0))

    def echo() -> None:
        """Take a PUT of ``size`` bytes, then send as many."""
        sock, _ = listening.accept()
        with sock, sock.makefile("rb") as file:
            while file.readline().strip():
                pass
            for _ in range(size // len(piece)):
                file.read(len(piece))
            sock.sendall(b"HTTP/1.1 201 -\r\nContent-Length: %d\r\n\r\n" % size)
            for _ in range(size // len(piece)):
                sock.sendall(piece)

    threading.Thread(target=echo, daemon=True).start()
    recording = Recording("--to", f"127.0.0.1:{listening.getsockname()[1]}", "--save", tmp_path / "trace.json")
    host, _, port = recording.url.removeprefix("http://").partition(":")
    before = peak(recording.process)
    with socket.create_connection((host, int(port)), LIMIT) as client, client.makefile("rb") as file:
        client.sendall(b"PUT /v2/a/blobs/uploads/1?digest=x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // len(piece)):
            client.sendall(piece)
        time.sleep(0.2)  # a client that reads slowly must not make the proxy collect the body
        while file.readline().strip():
            pass
        for _ in range(size // len(piece)):
            assert len(file.read(len(piece))) == len(piece)
    grown = peak(recording.process) - before
    recording.ended_by(signal.SIGINT)
    listening.close()
    (exchange,) = load(tmp_path / "trace.json")
    assert (exchange.bytes_up, exchange.bytes_down) == (size, size)
    assert len(json.dumps(str(exchange))) < 100_000
    assert grown < 16 * 1024 * 1024, f"{grown / 1024 / 1024:.1f} MiB"
