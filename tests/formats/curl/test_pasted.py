"""curl's output as people paste it: behind a prefix, in UTF-16, without the requests, or as a trace."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import regtutor as rt
from regtutor.errors import UnsupportedTranscript
from regtutor.formats.curl.reading import transcript_of_curl
from regtutor.formats.transcript_file import transcript_in
from tests.formats.curl.test_reading import Curl, RequireProgram, of

VERBOSE = b"""\
*   Trying 127.0.0.1:5000...
* Connected to 127.0.0.1 (127.0.0.1) port 5000 (#0)
> GET /v2/a/b/manifests/v1 HTTP/1.1
> Host: 127.0.0.1:5000
> Accept: */*
>\x20
< HTTP/1.1 404 Not Found
< Content-Type: application/json
< Content-Length: 42
<\x20
{"errors":[{"code":"MANIFEST_UNKNOWN"}]}

* Connection #0 to host 127.0.0.1 left intact
"""


def is_read(data: bytes) -> rt.Transcript:
    transcript = transcript_in(data, "curl.txt")
    (one,) = transcript
    assert (of(one), one.url) == (("get_manifest", 404), "http://127.0.0.1:5000/v2/a/b/manifests/v1")
    assert [entry["code"] for entry in one.errors] == ["MANIFEST_UNKNOWN"]
    assert one.headers["content-type"] == "application/json"
    return transcript


def prefixed(prefix: str | Callable[[int], str], text: bytes = VERBOSE) -> bytes:
    lines = text.splitlines(keepends=True)
    return b"".join((prefix if isinstance(prefix, str) else prefix(n)).encode() + line for n, line in enumerate(lines))


PREFIXES: dict[str, str | Callable[[int], str]] = {
    "spaces": "    ",
    "a tab": "\t",
    "a quotation": "> ",
    "a quotation twice": "> > ",
    "a quotation without spaces": ">",
    "a list of Markdown": "  - ",
    "GitHub Actions": lambda n: f"2024-05-01T10:00:{n:02d}.1234567Z ",
    "GitLab": lambda n: f"2024-05-01T10:00:{n:02d}.123456Z 01{'OE'[n % 2]} ",
    "Docker Compose": "client-1  | ",
    "Docker Compose in color": "\x1b[36mclient-1  | \x1b[0m",
    "BuildKit": lambda n: f"#{8 + n // 90} {n * 3}.{n:03d} ",
    "journald": lambda n: f"May 01 10:00:{n:02d} host curl[{1200 + n}]: ",
    "kubectl": "[pod/client-7d9f/main] ",
    "Jenkins": lambda n: f"[2024-05-01T10:00:{n:02d}.{n:03d}Z] ",
    "Azure": lambda n: f"2024-05-01T10:00:00.{n:07d}Z ##[debug]",
    "line numbers": lambda n: f"{n + 1:4d}  ",
    "grep": lambda n: f"build.log:{n + 100}:",
}


@pytest.mark.parametrize("prefix", PREFIXES.values(), ids=PREFIXES)
def test_a_prefix_of_each_line_is_left_out(prefix: str | Callable[[int], str]) -> None:
    is_read(prefixed(prefix))
    is_read(re.sub(rb"[ \t]+(?=\n)", b"", prefixed(prefix)))
    is_read(prefixed(prefix).replace(b"\n", b"\r\n"))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_utf_16_is_read_with_and_without_its_mark(encoding: str) -> None:
    is_read(VERBOSE.decode().encode(encoding))
    is_read(VERBOSE.decode().replace("\n", "\r\n").encode(encoding))


def test_lines_of_other_programs_between_those_with_the_prefix_are_left_out() -> None:
    lines = prefixed("client-1    | ").splitlines(keepends=True)
    other = b'registry-1  | time="2024-05-01T10:00:00Z" level=info\n'
    is_read(b"".join(line + other for line in lines))


def test_text_around_an_indented_quotation_is_left_out() -> None:
    is_read(b"I ran curl -v and it said:\n\n" + prefixed("    ") + b"\nWhat does that mean?\n")


PREFIX = st.text(st.characters(codec="utf-8", exclude_characters="\r\n*<>{\x1b"), max_size=40).filter(
    lambda text: "== Info" not in text and "curl: (" not in text
)


@given(PREFIX)
@settings(max_examples=150, deadline=None)
def test_any_prefix_is_left_out(prefix: str) -> None:
    is_read(prefixed(prefix))


@given(st.lists(st.sampled_from(VERBOSE.splitlines(keepends=True)) | st.binary(max_size=20), max_size=30), PREFIX)
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_transcript_or_refused_by_name(lines: list[bytes], prefix: str) -> None:
    try:
        transcript = transcript_in(b"".join(prefix.encode() + line for line in lines), "x")
    except UnsupportedTranscript as error:
        assert error.why and error.next
        return
    for one in transcript:
        assert str(rt.explain(one)) and one.as_text()


@pytest.mark.parametrize(
    "piece",
    [
        b"    > GET / HTTP/1.1\n", b"2024 > a > a > a > a > a", b" 1 2 3 4 5 6 7 8 9", b"> a ", b"== Info: x\n",
        b"=> Send header, 5 bytes\n0000: GET\n", b"<= Recv data, 5 bytes\n0000: GET\n", b"HTTP/1.1 200 OK\n",
        b"$ curl x \\\n", b"HTTP/1.1 200 OK\nA: b\n", b"\x00a", b"curl ",
    ],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("begin", [b"", b"2024 > GET / HTTP/1.1\n", b"== Info: x\n", b"HTTP/1.1 200 OK\n\n"], ids=repr)
def test_time_is_in_proportion_to_the_text(begin: bytes, piece: bytes) -> None:
    def seconds(size: int) -> float:
        data = begin + piece * (size // len(piece))
        started = time.process_time()
        with suppress(UnsupportedTranscript):
            transcript_in(data, "x")
        return time.process_time() - started

    small = max(seconds(40_000), 0.02)
    assert seconds(400_000) < 40 * small


def test_a_har_file_that_quotes_curl_is_still_har() -> None:
    quoting = '{\n "log": {\n  "comment":\n"> GET /v2/ HTTP/1.1",\n  "entries": []\n }\n}'
    assert len(transcript_in(quoting.encode(), "x.har")) == 0


def test_a_text_without_marks_says_which_marks_are_needed() -> None:
    with pytest.raises(UnsupportedTranscript, match="begin with >, < or \\*"):
        transcript_in(b"GET /v2/ HTTP/1.1\nHost: x\n", "x")


# --- Tunnels ------------------------------------------------------------------------------------------------------

TUNNEL = b"""\
* Uses proxy env variable https_proxy == 'http://me:pw1@proxy:3128'
*   Trying 192.0.2.1:3128...
* Connected to proxy (192.0.2.1) port 3128
> CONNECT r.example:443 HTTP/1.1
> Host: r.example:443
> Proxy-Authorization: Basic cHcyOnB3Mg==
>\x20
"""


@pytest.mark.parametrize(
    ("head", "status", "name"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\n< Proxy-Authenticate: Basic realm=\"corp\"", 407, "credentials"),
        (b"HTTP/1.0 403 Forbidden\n< Content-Type: text/html", 403, "refused the tunnel"),
        (b"HTTP/1.1 502 Bad Gateway", 502, "refused the tunnel"),
        (b"HTTP/1.1 302 Found\n< Location: http://portal.example/", 302, "refused the tunnel"),
    ],
)  # fmt: skip
def test_a_refused_tunnel_is_the_exchange(head: bytes, status: int, name: str) -> None:
    last = b"curl: (56) CONNECT tunnel failed, response %d" % status
    text = TUNNEL + b"< " + head + b"\n<\x20\n* CONNECT tunnel failed, response\n* Closing connection 0\n" + last
    (one,) = transcript = transcript_in(text, "x")
    assert (one.method, one.status, one.url) == ("CONNECT", status, "https://r.example:443")
    assert one.proxy == "http://<redacted>@proxy:3128"
    assert any(last.decode() in note for note in transcript.notes)
    (found,) = rt.explain(one).diagnoses
    assert name in found.name and "proxy" in found.meaning
    assert not re.search(r"pw\d|cHcy", repr(transcript.exchanges) + str(transcript) + str(rt.explain(one)))


def test_a_tunnel_without_a_response_is_an_exchange_without_one() -> None:
    text = TUNNEL + b"* Proxy CONNECT aborted\n* Closing connection 0\ncurl: (56) Proxy CONNECT aborted\n"
    (one,) = transcript_in(text, "x")
    assert (one.method, one.status, one.error) == ("CONNECT", None, "curl: (56) Proxy CONNECT aborted")


def test_tls_that_fails_in_an_open_tunnel_is_the_error_of_the_registry() -> None:
    text = TUNNEL + (
        b"< HTTP/1.1 200 Connection established\n<\x20\n* CONNECT phase completed\n"
        b"* SSL certificate problem: self-signed certificate\n* Closing connection 0\n"
        b"curl: (60) SSL certificate problem: self-signed certificate\n"
    )
    (one,) = transcript = transcript_in(text, "x")
    assert (one.method, one.status, one.url) == ("", None, "https://r.example:443")
    assert "curl: (60)" in one.error
    assert any("1 CONNECT" in note for note in transcript.notes)


def test_a_proxy_that_wants_credentials_for_plain_http_is_named() -> None:
    text = (
        b"> GET http://r.example/v2/ HTTP/1.1\n> Host: r.example\n>\n"
        b"< HTTP/1.1 407 Proxy Authentication Required\n< Proxy-Authenticate: Basic realm=\"c\"\n<\n"
    )  # fmt: skip
    (one,) = transcript_in(text, "x")
    assert [found.name for found in rt.explain(one).diagnoses] == ["the proxy requires credentials"]


def test_the_last_line_of_curl_is_kept_although_a_response_came() -> None:
    last = b"curl: (22) The requested URL returned error: 404\n"
    assert any("curl: (22)" in note for note in is_read(VERBOSE + last).notes)


# --- Without -v ---------------------------------------------------------------------------------------------------

BODY = b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}'
INCLUDED = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n" + BODY


@pytest.mark.parametrize(
    "command",
    [
        b"$ curl -i http://127.0.0.1:5000/v2/a/b/manifests/v1\n",
        b"curl -sSi 127.0.0.1:5000/v2/a/b/manifests/v1\r\n",
        b"root@host:~# curl -i -H 'Accept: x' \\\n  'http://127.0.0.1:5000/v2/a/b/manifests/v1'\n",
        b"PS C:\\> curl -i -X GET http://me:pw1@127.0.0.1:5000/v2/a/b/manifests/v1#x\n",
    ],
)
def test_a_response_that_curl_included_is_read_with_its_command(command: bytes) -> None:
    transcript = is_read(command + INCLUDED + b"\n$ ")
    assert transcript[0].response and transcript[0].response.body.digest is not None
    assert "without -v" in transcript.notes[0] and "pw1" not in str(transcript)


def test_a_response_without_a_command_has_no_request() -> None:
    for text in (INCLUDED, prefixed("    ", INCLUDED.replace(b"\r", b"")), VERBOSE[VERBOSE.index(b"< ") :]):
        (one,) = transcript_in(text, "x")
        assert (one.method, one.status, one.error_message) == ("", 404, "MANIFEST_UNKNOWN")
        assert "the request is not in this record" in str(one)
        assert "the request is not in this record" in str(rt.explain(one))
        assert rt.explain(one)


def test_several_responses_and_interim_ones_are_kept_apart() -> None:
    text = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 301 Moved\r\nLocation: /x\r\n\r\nHTTP/2 200 \r\n\r\n[1]\n"
    first, second = transcript_in(text, "x")
    assert ([one.status for one in first.interims], first.status, second.status) == ([100], 301, 200)
    assert second.content == b"[1]"
    (head,) = transcript_in(b"$ curl -I https://r.example/v2/\nHTTP/2 401 \nwww-authenticate: Basic\n\n", "x")
    assert (head.method, head.url, head.status) == ("HEAD", "https://r.example/v2/", 401)


# --- Traces -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--trace-ascii", "--trace"])
@pytest.mark.parametrize("more", [(), ("--trace-time",)], ids=" ".join)
def test_a_trace_of_the_real_curl_is_the_exchange(
    option: str, more: tuple[str, ...], require_program: RequireProgram, tmp_path: Path
) -> None:
    curl = Curl(require_program("curl", "curl"), tmp_path)
    with rt.open_registry("embedded", quiet=True) as reg:
        target = f"{reg.url}/v2/library/{'a' * 100}/manifests/v1"
        curl.printed(option, str(tmp_path / "trace"), *more, "-H", f"X-Long: {'b' * 200}", target)
        made = rt.get_manifest(reg, f"library/{'a' * 100}", "v1", accept=["*/*"])
    (one,) = rt.load(tmp_path / "trace")
    assert (of(one), one.url) == (("get_manifest", 404), target)
    assert one.request_headers["X-Long"] == "b" * 200
    assert one.response and made.response
    assert one.response.headers == made.response.headers or len(one.response.headers) == len(made.response.headers)
    assert one.error_message == made.error_message
    assert one.response.body.digest in ((None,) if option == "--trace-ascii" else (made.response.body.digest,))
    is_traced = (tmp_path / "trace").read_bytes()
    assert len(transcript_in(prefixed("    ", is_traced), "x")) == 1


def test_a_trace_has_a_tunnel_and_an_error_too() -> None:
    text = (
        b"== Info:   Trying 192.0.2.1:3128...\n== Info: Connected to proxy (192.0.2.1) port 3128 (#0)\n"
        b"=> Send header, 37 bytes (0x25)\n0000: CONNECT r.example:443 HTTP/1.1\n0020: A: b\n0026: \n"
        b"<= Recv header, 28 bytes (0x1c)\n0000: HTTP/1.1 403 Forbidden\n<= Recv header, 2 bytes (0x2)\n0000: \n"
        b"curl: (56) CONNECT tunnel failed, response 403\n"
    )
    transcript = transcript_of_curl(text)
    assert transcript is not None
    assert [(one.method, one.status) for one in transcript] == [("CONNECT", 403)]
