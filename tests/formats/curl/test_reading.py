"""What curl -v printed as a transcript: real curl against real registries, and texts that are cut, mixed or hostile."""

from __future__ import annotations

import hashlib
import os
import pty
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import regtutor as rt
from regtutor.cli import main
from regtutor.errors import UnsupportedTranscript
from regtutor.formats.curl.reading import MOST, transcript_of_curl
from regtutor.formats.exporting import FORMATS

BLOB = bytes(range(256)) * 8
DIGEST = f"sha256:{hashlib.sha256(BLOB).hexdigest()}"
RequireProgram = Callable[[str, str], str]

REGISTRIES = [
    pytest.param({"kind": "embedded"}, id="embedded"),
    pytest.param({"kind": "embedded", "tls": True}, id="tls"),
    pytest.param({"kind": "native"}, id="native", marks=pytest.mark.registry),
]


class Curl:
    """The real curl; ``printed`` is a file with what it wrote, as a shell redirects it, or as a terminal shows it."""

    def __init__(self, program: str, directory: Path) -> None:
        self.program, self.path = program, directory / "curl.txt"

    def printed(self, *arguments: str) -> Path:
        """``curl -v ... >FILE 2>&1``."""
        with self.path.open("wb") as file:
            command = [self.program, "-v", "--insecure", "--http1.1", *arguments]
            subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, timeout=30, check=False)
        return self.path

    def shown(self, *arguments: str) -> Path:
        """What a terminal shows of ``curl -v ...``."""
        program, terminal = pty.openpty()
        command = [self.program, "-v", "--insecure", "--http1.1", *arguments]
        with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal) as process:
            os.close(terminal)
            parts = []
            try:
                while data := os.read(program, 65536):
                    parts.append(data)
            except OSError:  # how a terminal on Linux says that its last writer is gone
                process.wait(timeout=30)
        os.close(program)
        self.path.write_bytes(b"".join(parts))
        return self.path


@pytest.fixture
def curl(require_program: RequireProgram, tmp_path: Path) -> Curl:
    return Curl(require_program("curl", "curl"), tmp_path)


@pytest.fixture(scope="module", params=REGISTRIES)
def reg(request: pytest.FixtureRequest) -> Iterator[rt.Registry]:
    options = dict(request.param)
    kind = options.pop("kind")
    if kind == "native":
        options["binary"] = request.getfixturevalue("registry_binary")
    with rt.open_registry(kind, quiet=True, **options) as opened:
        start = rt.start_upload(opened, "library/hello").expect(202)
        rt.put_blob(opened, start.location, BLOB).expect(201)
        yield opened


def of(exchange: rt.Exchange) -> tuple[str, int | None]:
    return exchange.step, exchange.status


# --- Real curl, real registries -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [(), ("-s",), ("-i",), ("-s", "-i"), ("-vv",), ("--trace-time",), ("-#",)], ids=" ".join
)
def test_an_answer_that_curl_printed_is_the_one_that_came(
    options: tuple[str, ...], reg: rt.Registry, curl: Curl
) -> None:
    url = f"{reg.url}/v2/library/hello/manifests/v1"
    (one,) = told = rt.load(curl.printed(*options, "-H", "X-Mine: a: b", url))
    made = rt.get_manifest(reg, "library/hello", "v1", accept=["*/*"])
    assert (of(one), one.url) == (("get_manifest", 404), url)
    assert one.request.headers[0] == ("Host", url.split("/")[2])
    assert one.request.headers[-1] == ("X-Mine", "a: b")
    assert one.errors == made.errors != ()
    assert one.response and made.response and one.response.body == made.response.body
    assert [name for name, _ in one.response.headers] == [name for name, _ in made.response.headers]
    assert [d.name for d in rt.explain(one).diagnoses] == ["Accept does not list the manifest's type"]
    assert "not known" in told.notes[0] and one.events == () and one.started == ""


@pytest.mark.parametrize("options", [(), ("-i",)], ids=" ".join)
def test_what_a_terminal_shows_says_the_same(options: tuple[str, ...], reg: rt.Registry, curl: Curl) -> None:
    urls = [f"{reg.url}/v2/library/hello/manifests/v1", f"{reg.url}/v2/"]
    piped, shown = rt.load(curl.printed(*options, *urls)), rt.load(curl.shown(*options, *urls))
    assert [of(one) for one in shown] == [("get_manifest", 404), ("check_api", 200)]
    assert [one.response.body for one in shown] == [one.response.body for one in piped]  # type: ignore[union-attr]
    assert [one.url for one in shown] == urls


def test_an_upload_with_100_continue_and_the_bytes_of_a_blob(reg: rt.Registry, curl: Curl, tmp_path: Path) -> None:
    start = rt.start_upload(reg, "library/hello")
    (tmp_path / "blob").write_bytes(BLOB)
    target = start.location.with_query(digest=DIGEST).follow()
    (put,) = rt.load(curl.printed("-T", str(tmp_path / "blob"), "-H", "Expect: 100-continue", target))
    assert of(put) == ("put_blob", 201)
    assert [(one.status, one.reason) for one in put.interims] == [(100, "Continue")]
    assert (put.request.body.fate, put.bytes_up, put.request.body.digest) == ("sent", len(BLOB), None)
    assert put.location is not None and DIGEST in str(put.location)
    blob = f"{reg.url}/v2/library/hello/blobs/{DIGEST}"
    get, part, head = rt.load(curl.printed("-s", blob, "--next", *KEY, "-r", "0-9", blob, "--next", *KEY, "-I", blob))
    assert [of(one) for one in (get, part, head)] == [("get_blob", 200), ("get_blob", 206), ("head_blob", 200)]
    assert get.response and (get.bytes_down, get.response.body.digest) == (len(BLOB), DIGEST)
    assert (part.content, head.bytes_down) == (BLOB[:10], 0)
    assert [rt.explain(one).diagnoses for one in (put, get, part, head)] == [()] * 4
    assert len({one.url.split("/v2/")[0] for one in (get, part, head)} | {reg.url}) == 1


def test_the_bytes_of_a_body_that_curls_own_lines_interrupt_have_no_digest_rather_than_a_wrong_one(
    reg: rt.Registry, curl: Curl
) -> None:
    large = bytes(range(256)) * 400
    start = rt.start_upload(reg, "library/hello")
    digest = rt.put_blob(reg, start.location, large).expect(201).request.body.digest
    (one,) = rt.load(curl.printed(f"{reg.url}/v2/library/hello/blobs/{digest}"))
    assert one.response and one.bytes_down == len(large)
    assert one.response.body.digest in (None, digest)
    assert rt.explain(one).diagnoses == ()


KEY = ("-v", "--insecure", "--http1.1")


def test_a_body_that_went_to_a_file_is_as_large_as_announced_and_has_no_digest(reg: rt.Registry, curl: Curl) -> None:
    (one,) = rt.load(curl.printed("-o", os.devnull, f"{reg.url}/v2/library/hello/blobs/{DIGEST}"))
    assert one.response and (one.bytes_down, one.response.body.digest) == (len(BLOB), None)
    assert rt.explain(one).diagnoses == ()


def test_a_refusal_before_the_body_withholds_it_if_curl_still_waits(
    reg: rt.Registry, curl: Curl, tmp_path: Path
) -> None:
    (tmp_path / "blob").write_bytes(BLOB)
    expect = ("-H", "Expect: 100-continue")
    (one,) = rt.load(curl.printed(*expect, "-T", str(tmp_path / "blob"), f"{reg.url}/v2/_catalog"))
    assert one.status in (404, 405)
    answered_in_time = b"Done waiting" not in curl.path.read_bytes()  # Distribution's Go waits for the body
    assert one.request.body.fate == ("withheld" if answered_in_time else "sent")
    assert one.bytes_up == (0 if answered_in_time else len(BLOB))


def test_a_password_stays_behind(reg: rt.Registry, curl: Curl) -> None:
    told = rt.load(curl.printed("-u", "ann:correct horse", f"{reg.url}/v2/?token=battery"))
    assert told[0].request_headers["Authorization"] == "Basic <redacted>"
    for secret in ("correct", "horse", "YW5uOmNvcnJlY3QgaG9yc2U=", "battery"):
        assert secret not in repr(told.exchanges) + str(told)


@pytest.mark.registry
def test_a_redirect_is_two_exchanges(registry_binary: str, curl: Curl) -> None:
    with rt.open_registry("native", quiet=True, binary=registry_binary) as reg:
        told = rt.load(curl.printed("-L", f"{reg.url}/v2/library/hello/blobs/uploads"))
    assert [one.status for one in told] == [301, 404]
    assert str(told[0].location).endswith("/uploads/")
    assert rt.explain(told[0]).diagnoses[0].name == "missing slash at the end of the path"


def test_a_connection_that_failed_is_an_exchange_without_a_request(curl: Curl, tmp_path: Path) -> None:
    refused, plain = rt.load(curl.printed("http://127.0.0.1:1/v2/", "https://nosuch.invalid/v2/"))
    assert (refused.url, refused.method, refused.status) == ("http://127.0.0.1:1", "", None)
    assert "curl: (7)" in refused.error and "curl: (6)" in plain.error
    assert [item.name for item in rt.explain(refused).diagnoses] == ["no response"]
    assert "no request was sent" in str(rt.explain(refused))
    for name in FORMATS:
        assert rt.export([refused, plain], tmp_path / "out", to=name).stat().st_size > 0


def test_https_at_a_port_that_speaks_http_says_so(curl: Curl) -> None:
    with rt.open_registry("embedded", quiet=True) as reg:
        (one,) = rt.load(curl.printed("-s", reg.url.replace("http:", "https:") + "/v2/"))
    assert (one.method, one.status) == ("", None)
    assert one.url.startswith("https://127.0.0.1:")
    assert [item.name for item in rt.explain(one).diagnoses] == ["plain HTTP on this port"]


def test_the_commands_take_it(reg: rt.Registry, curl: Curl) -> None:
    path = curl.printed(f"{reg.url}/v2/", f"{reg.url}/v2/library/hello/manifests/v1")
    explained = CliRunner().invoke(main, ["explain", str(path)])
    assert explained.exit_code == 0
    assert "! Accept does not list the manifest's type" in explained.output and "are not known" in explained.output
    shown = CliRunner().invoke(main, ["show", str(path)])
    assert (shown.exit_code, shown.output) == (0, f"{rt.load(path)}\n")


# --- As other curls print it --------------------------------------------------------------------------------------

HTTP_2 = b"""\
* Host registry.example:443 was resolved.
*   Trying 192.0.2.1:443...
* ALPN: curl offers h2,http/1.1
* SSL connection using TLSv1.3 / TLS_AES_128_GCM_SHA256 / X25519 / RSASSA-PSS
* Connected to registry.example (192.0.2.1) port 443
* using HTTP/2
* [HTTP/2] [1] OPENED stream for https://registry.example/v2/
* [HTTP/2] [1] [:method: GET]
* [HTTP/2] [1] [:path: /v2/]
> GET /v2/ HTTP/2
> Host: registry.example
> User-Agent: curl/8.14.1
> Accept: */*
>\x20
* Request completely sent off
< HTTP/2 401\x20
< content-type: application/json
< www-authenticate: Bearer realm="https://auth.example/token",service="registry"
< content-length: 2
<\x20
* The requested URL returned error: 401
{}
* Connection #0 to host registry.example left intact
* Re-using existing https: connection with host registry.example
> GET /v2/x/tags/list HTTP/2
> Host: registry.example
>\x20
< HTTP/2 200\x20
< content-length: 3
<\x20
[1]* Connection #0 to host registry.example left intact
"""


def loaded(data: bytes, tmp_path: Path) -> rt.Transcript:
    path = tmp_path / "curl.txt"
    path.write_bytes(data)
    return rt.load(path)


AS_FOUND = {
    "as it is": HTTP_2,
    "Windows line ends": HTTP_2.replace(b"\n", b"\r\n"),
    "PowerShell": HTTP_2.decode().replace("\n", "\r\n").encode("utf-16"),
    "spaces at the ends cut": re.sub(rb" +\n", b"\n", HTTP_2),
    "pasted after a prompt": b"$ curl -v https://registry.example/v2/\n" + HTTP_2 + b"$ \n",
    "with times and ids": re.sub(rb"(?m)^([*<>]) ?", rb"12:34:56.123456 [0-0] \1 ", HTTP_2),
}


@pytest.mark.parametrize("text", AS_FOUND.values(), ids=AS_FOUND)
def test_http_2_is_read_however_the_text_was_kept(text: bytes, tmp_path: Path) -> None:
    first, second = loaded(text, tmp_path)
    assert (of(first), first.url, first.request.version) == (
        ("check_api", 401),
        "https://registry.example/v2/",
        "HTTP/2",
    )
    assert (of(second), second.url) == (("list_tags", 200), "https://registry.example/v2/x/tags/list")
    assert (first.content, second.content) == (b"{}", b"[1]")
    assert [item.name for item in rt.explain(first).diagnoses] == ["credentials required"]


UPLOAD = b"""\
*   Trying 127.0.0.1:5000...
* Connected to localhost (127.0.0.1) port 5000
> PATCH /v2/a/blobs/uploads/x HTTP/1.1
> Host: localhost:5000
> Content-Length: 2101
> Transfer-Encoding: %s
>\x20
} [2101 bytes data]
"""


@pytest.mark.parametrize(
    ("rest", "fate", "status", "error"),
    [
        (b"* upload completely sent off: 2101 bytes\n< HTTP/1.1 202 Accepted\n< Range: 0-2100\n< \n", "sent", 202, ""),
        (b"< HTTP/1.1 413 Too Large\n* HTTP error before end of send, stop sending\n< \n", "partial", 413, ""),
        (b"* Recv failure: Connection reset by peer\n", "partial", None, "Recv failure: Connection reset by peer"),
        (b"* Empty reply from server\ncurl: (52) Empty reply from server\n", "partial", None, "curl: (52)"),
        (b"", "partial", None, "the text ends before a response"),
    ],
)
def test_what_became_of_a_body_is_what_curl_says(
    rest: bytes, fate: str, status: int | None, error: str, tmp_path: Path
) -> None:
    (one,) = loaded(UPLOAD.replace(b"> Transfer-Encoding: %s\n", b"") + rest, tmp_path)
    assert (one.request.body.fate, one.status) == (fate, status)
    assert one.bytes_up == (2101 if fate == "sent" else 0)
    assert error in one.error and bool(error) == bool(one.error)
    assert "Content-Length does not match the sent body" not in [d.name for d in rt.explain(one).diagnoses]


def test_a_body_without_an_announced_length_has_no_size_that_is_made_up(tmp_path: Path) -> None:
    text = re.sub(rb"> Content-Length.*\n", b"", UPLOAD) % b"chunked" + b"< HTTP/1.1 202 Accepted\n< \n"
    (one,) = loaded(text, tmp_path)
    assert (one.request.body.fate, one.bytes_up) == ("sent", 0)
    assert "after 0 bytes" not in str(rt.explain(one))


def test_a_body_that_broke_off_has_what_came_of_it(tmp_path: Path) -> None:
    text = b"""\
> GET /v2/a/blobs/sha256:0 HTTP/1.1
> Host: r
>
< HTTP/1.1 200 OK
< Content-Length: 120
<
* transfer closed with 120 bytes remaining to read
* Closing connection 0
curl: (18) transfer closed with 120 bytes remaining to read
"""
    (one,) = loaded(text, tmp_path)
    assert (one.status, one.bytes_down, one.response and one.response.body.fate) == (200, 0, "partial")
    assert [item.name for item in rt.explain(one).diagnoses] == ["Content-Length does not match the received body"]


def test_a_proxy_is_named_and_its_tunnel_left_out(tmp_path: Path) -> None:
    text = b"""\
* Uses proxy env variable no_proxy == 'localhost'
* Uses proxy env variable https_proxy == 'http://me:pw@proxy:3128'
*   Trying 192.0.2.1:3128...
> CONNECT r.example:443 HTTP/1.1
> Host: r.example:443
>
< HTTP/1.1 200 Connection established
<
* CONNECT phase completed
* SSL connection using TLSv1.3
> GET /v2/ HTTP/1.1
> Host: r.example
>
< HTTP/1.1 200 OK
< Content-Length: 2
<
{}
"""
    (one,) = told = loaded(text, tmp_path)
    assert (of(one), one.url, one.proxy) == (
        ("check_api", 200),
        "https://r.example/v2/",
        "http://<redacted>@proxy:3128",
    )
    assert any("CONNECT" in note for note in told.notes)


# --- Hostile ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", range(0, len(HTTP_2), 23))
def test_a_cut_text_is_what_is_left_of_it_or_refused_by_name(cut: int, tmp_path: Path) -> None:
    try:
        told = loaded(HTTP_2[:cut], tmp_path)
    except UnsupportedTranscript as error:
        assert "Trying" not in HTTP_2[:cut].decode().partition("...")[0] and "curl -v" in error.next
        return
    assert len(told) <= 2
    assert [str(rt.explain(one)) for one in told]


FRAGMENTS = st.sampled_from(
    [
        b"> GET /v2/ HTTP/1.1\n", b"> Host: r\n", b"> Expect: 100-continue\n", b"> \n", b">", b"< HTTP/1.1 200 OK\n",
        b"< HTTP/2 100\n", b"< Content-Length: 5\n", b"< Content-Length: 99999999999999\n", b"< Location: http://[\n",
        b"< \n", b"<", b"{}", b"HTTP/1.1 200 OK\r\n\r\n", b"* Connection #0 to host r left intact\n", b"\r", b"\n",
        b"* Closing connection 0\n", b"curl: (7) Failed\n", b"curl: (18) 5 bytes remaining\n", b"\xff\xfe", b"\x00",
        b"*   Trying 1:2...\n", b"* Connected to x (y) port 1 (#0)\n", b"{ [5 bytes data]\n", b"\r",
        b"  % Total    % Received",
        b"* Re-using existing connection #0 with host r\n", b"\x1b[1m", b"> CONNECT r:1 HTTP/1.1\n", b"abcde", b"< x\n",
        b"100     2  100     2    0     0   1268      0 --:--:-- --:--:-- --:--:--  2000", b"> HEAD / HTTP/1.1\n",
        b"* We are completely uploaded and fine\n", b"> Content-Length: 5\n", b"< HTTP/9 999\n", b"<  folded\n",
    ]
)  # fmt: skip


@given(st.lists(FRAGMENTS | st.binary(max_size=9), max_size=40).map(b"".join))
@settings(max_examples=150, deadline=None)
def test_whatever_stands_in_a_file_it_is_a_transcript_or_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    try:
        told = loaded(data, tmp_path_factory.mktemp("curl"))
    except UnsupportedTranscript as error:
        assert error.why and error.next
        return
    for one in told:
        assert str(rt.explain(one)) and one.as_text()


@pytest.mark.parametrize(
    "piece",
    [
        b"> GET /v2/ HTTP/1.1\n", b"> GET / HTTP/1.1\n> a: b\n", b"HTTP/1.1 200 OK\n\n", b"  % Total    % Received",
        b"\r", b"* Connection #", b"{}* Closing connection", b"<  x\n", b"< x: y\n", b"{ [1 bytes data]\n", b"x",
    ],
    ids=repr,
)  # fmt: skip
@pytest.mark.timeout(15)
def test_a_long_text_takes_time_in_proportion_and_has_a_limit(piece: bytes) -> None:
    begin = b"> GET /v2/ HTTP/1.1\n> \n< HTTP/1.1 200 OK\n< Content-Length: 7\n< \n"
    begin = begin[: 40 if piece[:1] == b"<" else None]
    data = begin + piece * (500_000 // len(piece))
    try:
        told = transcript_of_curl(data)
    except ValueError as error:
        assert f"more than {MOST} requests" in str(error)
    else:
        assert told is not None and len(told) >= 1


def test_a_text_that_is_too_long_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="bytes of curl's output"):
        transcript_of_curl(b"*   Trying 127.0.0.1:1...\n" + b"x" * (64 * 1024 * 1024))


@pytest.mark.parametrize("data", [b"", b"hello", b"* a list\n* of things\n> quoted\n< and", b"\x7fELF\x00"])
def test_what_is_not_curls_is_refused_with_all_that_can_be_read(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedTranscript) as caught:
        loaded(data, tmp_path)
    assert all(name in caught.value.next for name in ("rt.save", "HAR", "curl -v"))
