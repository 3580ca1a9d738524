"""The commands: what they print, and with which status they end.

Each command runs at least once as its own process, and always where the process is what is tested: its standard input
and output, signals, a server. The others run in this process, where nothing has to be imported again.
"""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import stat
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from regtutor.backends.opening import open_registry
from regtutor.cli import main
from regtutor.client.connect import connect
from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_image, sample_layout
from regtutor.formats import load
from regtutor.steps import check_api, get_manifest
from tests.refusing_registry import NOT_FOUND, TOO_LARGE, UNAUTHORIZED, Reply, refusing_registry

COMMAND = [sys.executable, "-m", "regtutor"]
LIMIT = 60.0


def run(*arguments: str | Path, input: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command with ``arguments``, as its own process; never is a traceback shown."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)], input=input, capture_output=True, text=True, timeout=LIMIT, cwd=cwd
    )
    assert "Traceback" not in done.stderr + done.stdout
    return done


def call(*arguments: str | Path, input: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command with ``arguments``, in this process; an error that it does not handle fails the test."""
    with chdir(cwd or Path.cwd()):
        done = CliRunner(catch_exceptions=False).invoke(
            main, list(map(str, arguments)), input=input, prog_name="regtutor"
        )
    assert "Traceback" not in done.stderr + done.stdout
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample_layout(tmp_path_factory.mktemp("image") / "layout", ("v1",))


def host_of(reg: Registry) -> str:
    return reg.url.removeprefix("http://")


def nobody() -> str:
    """A loopback address on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def unauthorized(_method: str, _target: str) -> Reply:
    return UNAUTHORIZED


def small_limit(method: str, target: str) -> Reply:
    if method == "POST":
        return 202, {"Location": f"{target}session?_state=1"}, b""
    return TOO_LARGE if method == "PUT" else NOT_FOUND


def test_push_ends_with_the_digest_alone_on_standard_output(reg: Registry, layout: Path) -> None:
    done = run("push", layout, f"{host_of(reg)}/library/hello:v1")
    assert (done.returncode, done.stdout) == (0, f"{sample_image().digest}\n")
    assert get_manifest(reg, "library/hello", "v1").content == sample_image().manifest.data


def test_push_tells_each_request_on_standard_error(reg: Registry, layout: Path) -> None:
    lines = call("push", layout, f"{host_of(reg)}/library/hello:v1").stderr.splitlines()
    assert [line.split()[:2] for line in lines] == [
        *[["404", "head_blob"], ["202", "start_upload"], ["201", "put_blob"]] * 4,
        ["201", "put_manifest"],
    ]


def test_push_without_a_tag_pushes_latest(reg: Registry, layout: Path) -> None:
    assert call("push", layout, f"{host_of(reg)}/library/hello").returncode == 0
    assert get_manifest(reg, "library/hello", "latest").status == 200


def test_push_takes_an_archive_and_a_platform(reg: Registry, layout: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "image.tar", "w") as archive:
        archive.add(layout, ".")
    done = call(
        "push", tmp_path / "image.tar", f"{host_of(reg)}/library/hello:arm", "--platform", "linux/arm64", "--quiet"
    )
    assert (done.returncode, done.stdout) == (0, f"{sample_image(platform='linux/arm64').digest}\n")
    assert done.stderr == ""


def test_push_mounts_from_the_repositories_that_are_named(reg: Registry, layout: Path) -> None:
    host = host_of(reg)
    call("push", layout, f"{host}/library/hello:v1")
    done = call("push", layout, f"{host}/library/other:v1", "--mount-from", "library/hello")
    assert done.returncode == 0
    assert done.stderr.count("mount_blob") == 4


@pytest.mark.parametrize(
    ("image", "reference", "options", "told"),
    [
        ("nowhere", "127.0.0.1:1/a:b", [], "nowhere"),
        ("empty", "127.0.0.1:1/a:b", [], "empty"),
        ("text", "127.0.0.1:1/a:b", [], "text"),
        ("cut.tar", "127.0.0.1:1/a:b", [], "cut.tar"),
        ("lost", "127.0.0.1:1/a:b", [], "sha256"),
        ("layout", "127.0.0.1:1/a:b", ["--platform", "windows/amd64"], "windows/amd64"),
        ("layout", "127.0.0.1:1/a:b", ["--platform", "windows/amd64"], "--platform, or platform= in Python"),
        ("layout", "127.0.0.1:1/a:b", ["--platform", "bogus"], "'bogus' is not a platform"),
        ("layout", "127.0.0.1:1/a:b", ["--name", "v9"], "--name, or name= in Python"),
        ("layout", "127.0.0.1:1/a:b", ["--name", "v9"], "v9"),
        ("layout", "hello", [], "hello"),
        ("layout", "127.0.0.1:1/Upper:b", [], "Upper"),
        ("layout", "127.0.0.1:1/a:-b", [], "-b"),
        ("layout", "127.0.0.1:1/a:", [], "follows the last colon"),
        ("layout", "127.0.0.1:1/a:b", ["--username", ""], "user name"),
        ("layout", "127.0.0.1:1/a:b", ["--username", "u:x"], "colon"),
        ("layout", "ftp://127.0.0.1:1/a:b", [], "ftp"),
        ("layout", "127.0.0.1:99999/a:b", [], "99999"),
        ("layout", "127.0.0.1:1/a@sha256:" + "0" * 64, [], "digest"),
        ("layout", "127.0.0.1:1/a:b", ["--no-such-option"], "--no-such-option"),
        ("layout", "127.0.0.1:1/a:b", ["--ca-file", "nowhere.pem"], "nowhere.pem"),
        ("layout", "127.0.0.1:1/a:b", ["--trace", "nowhere/trace.json"], "nowhere"),
        ("layout", "127.0.0.1:1/a:b", ["--trace", "/proc/nope"], "/proc"),
        ("layout", "127.0.0.1:1/a:b", ["--trace", "n" * 300], "nnn"),
        ("layout", "127.0.0.1:1/a:b", ["--trace", "/dev/null"], "/dev/null"),
    ],
)
def test_an_image_or_an_argument_that_cannot_be_used_ends_with_status_2_and_names_it(
    layout: Path, tmp_path: Path, image: str, reference: str, options: list[str], told: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_text("hello")
    with tarfile.open(tmp_path / "whole.tar", "w") as archive:
        archive.add(layout, ".")
    (tmp_path / "cut.tar").write_bytes((tmp_path / "whole.tar").read_bytes()[:2000])
    (tmp_path / "layout").symlink_to(layout)
    lost = sample_layout(tmp_path / "lost", ("v1",))
    (lost / "blobs" / sample_image().layers[0].digest.replace(":", "/")).unlink()
    done = call("push", image, reference, *options, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


def test_a_layer_that_is_damaged_ends_with_status_2_and_leaves_no_image(reg: Registry, tmp_path: Path) -> None:
    broken = sample_layout(tmp_path / "layout", ("v1",))
    blob = broken / "blobs" / sample_image().layers[2].digest.replace(":", "/")
    blob.write_bytes(blob.read_bytes()[:-1] + b"!")
    done = call("push", broken, f"{host_of(reg)}/library/hello:v1")
    assert (done.returncode, done.stdout) == (2, "")
    assert sample_image().layers[2].digest in done.stderr
    assert get_manifest(reg, "library/hello", "v1").status == 404


@pytest.mark.parametrize(
    ("reply", "told"),
    [(unauthorized, ["401", "head_blob", "credentials"]), (small_limit, ["413", "put_blob", "too large"])],
)
def test_a_refusal_ends_with_status_1_and_says_step_status_and_meaning(
    layout: Path, reply: Callable[[str, str], Reply], told: list[str]
) -> None:
    with refusing_registry(reply) as registry:
        done = call("push", layout, f"{registry.url}/library/hello:v1")
    assert (done.returncode, done.stdout) == (1, "")
    lines = done.stderr.splitlines()
    (first,) = [number for number, line in enumerate(lines) if line.startswith("regtutor: ")]
    assert [word for word in told if word not in lines[first]] == []
    assert lines[first - 1].split()[:2] == told[:2]
    assert len(lines) - first <= 6


def test_a_failed_command_names_the_cause_and_a_private_file_with_all_exchanges(layout: Path) -> None:
    with refusing_registry(small_limit) as registry:
        done = call("push", layout, f"{registry.url}/library/hello:v1")
    *_, problem, step, explain = done.stderr.splitlines()
    assert problem.startswith("  too large for a proxy: ") and "client_max_body_size" in step
    assert "_state" not in done.stderr[done.stderr.index("regtutor: ") :]
    file = Path(explain.rpartition(" ")[2])
    assert explain == f"  All exchanges: regtutor explain {file}"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load(file)[-1].status == 413
    assert call("explain", file).returncode == 0


def test_a_command_that_fails_before_its_first_request_names_no_file(tmp_path: Path) -> None:
    assert "explain" not in call("push", tmp_path / "missing", "127.0.0.1:1/library/hello:v1").stderr


def test_a_registry_that_is_not_there_ends_with_status_1(layout: Path) -> None:
    address = nobody()
    done = run("push", layout, f"{address}/library/hello:v1")
    assert (done.returncode, done.stdout) == (1, "")
    assert address in done.stderr and "refused" in done.stderr


def test_an_interrupt_ends_with_status_130_and_one_line(layout: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(LIMIT)
        reference = f"127.0.0.1:{silent.getsockname()[1]}/a:b"
        command = [*COMMAND, "push", str(layout), reference]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        connection, _ = silent.accept()
        with connection:
            connection.settimeout(LIMIT)
            assert connection.recv(4) == b"HEAD"
            process.send_signal(signal.SIGINT)
            printed, told = process.communicate(timeout=LIMIT)
    assert (process.returncode, printed, told) == (130, "", "regtutor: stopped\n")


@pytest.mark.parametrize("quiet", [(), ("--quiet",)])
def test_an_interrupt_keeps_the_trace_of_what_was_done(layout: Path, tmp_path: Path, quiet: tuple[str, ...]) -> None:
    trace = tmp_path / "trace.json"
    with socket.create_server(("127.0.0.1", 0)) as half_silent:
        half_silent.settimeout(LIMIT)
        reference = f"127.0.0.1:{half_silent.getsockname()[1]}/a:b"
        command = [*COMMAND, "push", str(layout), reference, "--trace", str(trace), *quiet]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        first, _ = half_silent.accept()
        with first:
            first.settimeout(LIMIT)
            assert first.recv(65536).startswith(b"HEAD")
            first.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        second, _ = half_silent.accept()
        with second:
            second.settimeout(LIMIT)
            assert second.recv(4) == b"POST"
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=LIMIT)
    assert process.returncode == 130
    assert told.splitlines()[-2:] == [f"The exchanges are in {trace}", "regtutor: stopped"]
    assert [(exchange.step, exchange.status) for exchange in load(trace)] == [("head_blob", 404)]


def test_output_that_nobody_reads_is_no_traceback() -> None:
    process = subprocess.Popen(
        [*COMMAND, "demo", "--registry", "in_process"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    told = process.stderr.read()
    process.stderr.close()
    assert process.wait(LIMIT) == 0
    assert b"Traceback" not in told


def test_a_push_goes_on_when_nobody_reads_what_it_tells(reg: Registry, layout: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace.json"
    read, write = os.pipe()
    os.close(read)
    command = [*COMMAND, "push", str(layout), f"{host_of(reg)}/library/hello:v1", "--trace", str(trace)]
    process = subprocess.Popen(command, stdout=write, stderr=write)
    os.close(write)
    process.wait(LIMIT)
    assert get_manifest(reg, "library/hello", "v1").status == 200
    assert load(trace)[-1].step == "put_manifest"


def test_the_password_comes_from_standard_input_and_is_shown_nowhere(layout: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace.json"
    with refusing_registry(unauthorized) as registry:
        arguments = ("push", layout, f"{registry.url}/a:b", "--username", "ann", "--trace", trace)
        done = run(*arguments, input="pass-word-1\n")
    assert done.returncode == 1
    assert "pass-word-1" not in done.stdout + done.stderr + trace.read_text()
    challenged, repeated = load(trace)
    assert "Authorization" not in challenged.request_headers
    assert repeated.request_headers["Authorization"].startswith("Basic <")


def test_the_trace_is_a_private_file_that_can_be_loaded(reg: Registry, layout: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace.json"
    assert call("push", layout, f"{host_of(reg)}/library/hello:v1", "--trace", trace).returncode == 0
    assert stat.S_IMODE(trace.stat().st_mode) == 0o600
    assert [exchange.status for exchange in load(trace)] == [404, 202, 201] * 4 + [201]


def test_the_trace_is_written_after_a_failure_too(layout: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace.json"
    with refusing_registry(unauthorized) as registry:
        assert call("push", layout, f"{registry.url}/a:b", "--trace", trace).returncode == 1
    assert stat.S_IMODE(trace.stat().st_mode) == 0o600
    assert [(exchange.step, exchange.status) for exchange in load(trace)] == [("head_blob", 401)]


def test_the_trace_is_written_when_nothing_answered(layout: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace.json"
    assert call("push", layout, f"{nobody()}/a:b", "--trace", trace).returncode == 1
    assert [(exchange.step, exchange.status) for exchange in load(trace)] == [("head_blob", None)]


def test_a_trace_that_is_there_is_replaced_and_stays_as_it_was_where_nothing_was_asked(
    reg: Registry, layout: Path, tmp_path: Path
) -> None:
    trace = tmp_path / "trace.json"
    trace.write_text("of yesterday")
    assert call("push", layout, "no host", "--trace", trace).returncode == 2
    assert (trace.read_text(), list(tmp_path.iterdir())) == ("of yesterday", [trace])
    assert call("push", layout, "no host", "--trace", tmp_path / "new").returncode == 2
    assert list(tmp_path.iterdir()) == [trace]
    assert call("push", layout, f"{host_of(reg)}/library/hello:v1", "--trace", trace).returncode == 0
    assert load(trace)[-1].step == "put_manifest"


class Serving:
    """A ``regtutor serve`` process; every wait for its lines has a limit."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._read = b""

    def line(self) -> str:
        """The next line that it prints."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + LIMIT
        while b"\n" not in self._read:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, deadline - time.monotonic()))
            piece = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            assert piece, f"no line came, only {self._read!r}"
            self._read += piece
        line, _, self._read = self._read.partition(b"\n")
        return line.decode()


@contextmanager
def serving(*options: str | Path) -> Iterator[Serving]:
    process = subprocess.Popen([*COMMAND, "serve", *map(str, options)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        yield Serving(process)
    finally:
        process.kill()
        process.communicate(timeout=LIMIT)


@pytest.mark.parametrize(("number", "statuses"), [(signal.SIGINT, (0, 130)), (signal.SIGTERM, (0,))])
def test_serve_runs_until_it_is_told_to_end_and_leaves_nothing(number: signal.Signals, statuses: tuple[int]) -> None:
    with serving("--port", "0") as served:
        first = served.line()
        url, root = re.findall(r"http://[0-9.:]+[0-9]|/\S+(?= and)", first)
        assert Path(root).is_dir()
        with connect(url) as reg:
            assert check_api(reg).status == 200
        assert re.search(r"GET /v2/ 200", served.line())
        served.process.send_signal(number)
        _, errors = served.process.communicate(timeout=LIMIT)
    assert served.process.returncode in statuses
    assert b"Traceback" not in errors
    assert not Path(root).exists()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(url.rpartition(":")[2]))) != 0


def test_serve_keeps_the_directory_that_it_is_given(layout: Path, tmp_path: Path) -> None:
    for expected in (404, 200):
        with serving("--port", "0", "--root", tmp_path / "root") as served:
            url = re.findall(r"http://[0-9.:]+[0-9]", served.line())[0]
            with connect(url) as reg:
                assert get_manifest(reg, "library/hello", "v1").status == expected
            assert call("push", layout, f"{url}/library/hello:v1").returncode == 0
            served.process.send_signal(signal.SIGTERM)
            served.process.communicate(timeout=LIMIT)
    assert list((tmp_path / "root").rglob("tags/v1/current/link"))


def test_serve_says_that_a_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run("serve", "--port", port)
    assert (done.returncode, done.stdout) == (2, "")
    assert port in done.stderr and "in use" in done.stderr


def test_serve_says_that_a_directory_is_in_use(tmp_path: Path) -> None:
    with open_registry("embedded", quiet=True, root=tmp_path):
        done = run("serve", "--port", "0", "--root", tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert str(tmp_path) in done.stderr


def test_demo_prints_every_exchange_the_header_table_and_the_digest() -> None:
    done = run("demo", "--registry", "embedded")
    assert done.returncode == 0
    for step in ("head_blob", "start_upload", "put_blob", "put_manifest"):
        assert f"* {step}: " in done.stdout
    assert "< HTTP/1.1 100 Continue" in done.stdout
    assert "Docker-Content-Digest" in done.stdout
    assert done.stdout.splitlines()[-1] == f"library/hello:v1 is {sample_image().digest}"


def test_serve_says_that_a_directory_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("serve", "--port", "0", "--root", tmp_path / "file" / "below")
    assert (done.returncode, done.stdout) == (2, "")
    assert str(tmp_path) in done.stderr and "--root" in done.stderr


def test_demo_of_a_registry_that_has_no_such_name_ends_with_status_2() -> None:
    done = call("demo", "--registry", "nonsense")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'nonsense'" in done.stderr


def test_demo_of_a_registry_that_is_not_there_ends_with_status_1() -> None:
    done = call("demo", "--registry", f"http://{nobody()}")
    assert done.returncode == 1
    assert "refused" in done.stderr


def test_help_names_every_command_and_each_command_explains_itself() -> None:
    overview = call("--help")
    assert overview.returncode == 0
    named = re.findall(r"^  (\w+) {2,}", overview.stdout.partition("Commands:")[2], re.MULTILINE)
    assert named == [
        *(
            "check",
            "copy",
            "delete",
            "demo",
            "explain",
            "export",
            "fsck",
            "gc",
            "inspect",
            "lab",
            "login",
            "logout",
            "probe",
            "progress",
            "pull",
            "push",
            "record",
            "referrers",
            "request",
            "serve",
            "show",
            "solutions",
            "tags",
        )
    ]
    assert "..." not in overview.stdout.partition("Commands:")[2], "a summary is cut: give the command a short_help"
    for command in named:
        done = run(command, "--help")
        assert done.returncode == 0
        assert done.stdout.startswith(f"Usage: regtutor {command}")


def test_the_help_of_push_says_when_a_registry_is_asked_over_plain_http() -> None:
    assert "http://" in call("push", "--help").stdout


def test_a_command_that_is_not_there_ends_with_status_2() -> None:
    assert call("fetch").returncode == 2
