"""What comes back: the head as it was received, the body counted, hashed, kept, saved or refused."""

from __future__ import annotations

import gzip
import hashlib
from io import BytesIO, StringIO

import pytest

from regtutor.errors import CannotSave, ConnectionFailed, ContentMismatch
from regtutor.message import Request

DATA = b"layer " * 100_000
DIGEST = "sha256:" + hashlib.sha256(DATA).hexdigest()


def get(method="GET", **more):
    return Request(more.pop("step", "get_blob"), method, "/v2/a/blobs/b", **more)


@pytest.fixture
def says(serve):
    """A server that answers each request of a connection with the same bytes, then closes."""

    def start(data, keep=False):
        def script(peer):
            while peer.head():
                peer.say(data)
                if not keep:
                    return

        return serve(script)

    return start


def test_the_head_is_recorded_as_it_was_received(says, send):
    raw = (
        b"HTTP/1.1 202 All Right Then\r\nx-lower: 1\r\nX-Two: a\r\nx-two:b  \r\nX-Folded: one\r\n  two\r\n\tthree\r\n"
        b"X-Latin: \xe9\r\nno colon here\r\nContent-Length: 0\r\n\r\n"
    )
    exchange = send(says(raw), get())
    assert exchange.response.start_line == "HTTP/1.1 202 All Right Then"
    assert exchange.response.headers == (
        ("x-lower", "1"),
        ("X-Two", "a"),
        ("x-two", "b"),
        ("X-Folded", "one two three"),
        ("X-Latin", "\xe9"),
        ("no colon here", ""),
        ("Content-Length", "0"),
    )
    assert [event.bytes for event in exchange.events if event.kind == "head received"] == [len(raw)]


@pytest.mark.parametrize(
    ("line", "reason", "version"),
    [(b"HTTP/1.1 200", "", "HTTP/1.1"), (b"HTTP/1.1 200 ", "", "HTTP/1.1"), (b"HTTP/1.0 200 Fine", "Fine", "HTTP/1.0")],
)
def test_reason_and_version_are_recorded_as_they_are(says, send, line, reason, version):
    exchange = send(says(line + b"\r\nContent-Length: 0\r\n\r\n"), get())
    assert (exchange.response.reason, exchange.response.version) == (reason, version)


def test_more_headers_than_http_client_takes_are_no_problem(says, send):
    lines = b"".join(b"X-%d: %d\r\n" % (n, n) for n in range(500))
    exchange = send(says(b"HTTP/1.1 200 OK\r\n" + lines + b"Content-Length: 0\r\n\r\n"), get())
    assert len(exchange.response.headers) == 501


def test_bare_line_feeds_are_tolerated(says, send):
    assert send(says(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok"), get()).content == b"ok"


@pytest.mark.parametrize(
    "method,status", [("HEAD", b"200 OK"), ("GET", b"204 No Content"), ("GET", b"304 Not Modified")]
)
def test_answers_that_have_no_body_whatever_their_length_says(says, send, method, status):
    exchange = send(says(b"HTTP/1.1 " + status + b"\r\nContent-Length: 1000\r\n\r\n"), get(method, digest=DIGEST))
    assert (exchange.bytes_down, exchange.response.body.fate) == (0, "none")
    assert exchange.headers["content-length"] == "1000"


def test_a_body_without_a_length_is_read_until_the_connection_closes(says, send):
    exchange = send(says(b"HTTP/1.1 200 OK\r\n\r\n" + DATA), get())
    assert (exchange.bytes_down, exchange.response.body.digest) == (len(DATA), DIGEST)


def test_a_chunked_body_is_recorded_without_its_framing(says, send):
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n"
    assert send(says(raw), get()).content == b"abcde"


def test_nothing_is_decoded(says, send, answer):
    packed = gzip.compress(b"content", mtime=0)
    exchange = send(says(answer(packed, headers="Content-Encoding: gzip\r\n")), get())
    assert exchange.content == packed


def test_only_the_first_part_of_a_body_is_kept(says, send, answer):
    body = send(says(answer(DATA)), get()).response.body
    assert (body.size, body.digest, body.preview, body.fate) == (len(DATA), DIGEST, DATA[:4096], "received")


def test_a_manifest_is_kept_whole(says, send, answer):
    manifest = b'{"a":"' + b"x" * 100_000 + b'"}'
    headers = "Content-Type: application/vnd.oci.image.manifest.v1+json\r\n"
    exchange = send(says(answer(manifest, headers=headers)), get())
    assert exchange.content == manifest


def test_no_redirect_is_followed_and_no_cookie_is_kept(says, send, transports):
    raw = b"HTTP/1.1 307 Elsewhere\r\nLocation: /other?a=%7e\r\nSet-Cookie: id=1\r\nContent-Length: 0\r\n\r\n"
    server = says(raw, keep=True)
    transport = transports()
    for _ in range(2):
        exchange = transport.send(get(), server.url + "/v2/", (), "test")
        assert (exchange.status, exchange.location.follow()) == (307, f"{server.url}/other?a=%7e")
    assert len(server.heads) == 2
    assert b"ookie" not in server.heads[1]


def test_a_location_that_is_no_url_does_no_harm(says, send, answer):
    exchange = send(says(answer(status="202 Accepted", headers="Location: http://[oops\r\n")), get())
    assert (exchange.location, exchange.headers["Location"]) == (None, "http://[oops")


# -- into a file ---------------------------------------------------------------------------------------------------


def test_a_path_gets_the_body_when_the_digest_fits(says, send, answer, tmp_path):
    exchange = send(says(answer(DATA)), get(into=tmp_path / "layer", digest=DIGEST))
    assert (tmp_path / "layer").read_bytes() == DATA
    assert exchange.response.body.fate == "saved"
    assert [path.name for path in tmp_path.iterdir()] == ["layer"]


def test_an_open_file_gets_the_body(says, send, answer):
    file = BytesIO()
    assert send(says(answer(DATA)), get(into=file, digest=DIGEST)).response.body.fate == "saved"
    assert file.getvalue() == DATA


def test_sha512_is_compared_as_sha512(says, send, answer, tmp_path):
    digest = "sha512:" + hashlib.sha512(DATA).hexdigest()
    assert send(says(answer(DATA)), get(into=tmp_path / "layer", digest=digest)).response.body.fate == "saved"


def test_a_wrong_digest_leaves_nothing_behind_and_an_earlier_file_alone(says, send, answer, tmp_path):
    (tmp_path / "layer").write_bytes(b"earlier")
    with pytest.raises(ContentMismatch) as caught:
        send(says(answer(DATA)), get(into=tmp_path / "layer", digest="sha256:" + "0" * 64))
    assert (tmp_path / "layer").read_bytes() == b"earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["layer"]
    assert caught.value.exchange.response.body.fate == "discarded"
    assert DIGEST in caught.value.why


@pytest.mark.parametrize("digest", ["sha256:" + "0" * 64, "sha256:short", "md5:" + "0" * 32])
def test_a_wrong_digest_is_raised_without_a_file_too(says, send, answer, digest):
    with pytest.raises(ContentMismatch):
        send(says(answer(DATA)), get(digest=digest))


def test_an_error_body_never_goes_into_the_file(says, send, answer, tmp_path):
    file = BytesIO()
    for into in (tmp_path / "layer", file):
        exchange = send(says(answer(b'{"errors":[]}', status="404 Not Found")), get(into=into, digest=DIGEST))
        assert (exchange.status, exchange.text, exchange.response.body.fate) == (404, '{"errors":[]}', "received")
    assert (list(tmp_path.iterdir()), file.getvalue()) == ([], b"")


def test_a_part_is_saved_without_comparing_it_with_the_digest_of_the_whole(says, send, answer, tmp_path):
    exchange = send(says(answer(DATA[:10], status="206 Partial Content")), get(into=tmp_path / "x", digest=DIGEST))
    assert ((tmp_path / "x").read_bytes(), exchange.response.body.fate) == (DATA[:10], "saved")


def test_a_body_that_is_cut_short_is_a_named_failure_and_leaves_nothing_behind(says, send, tmp_path):
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc"
    with pytest.raises(ConnectionFailed, match="in the middle of its response") as caught:
        send(says(raw), get(into=tmp_path / "layer"))
    record = caught.value.exchange
    assert (record.status, record.response.body.fate, record.bytes_down) == (200, "partial", 3)
    assert record.error
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_not_there_is_named_before_anything_is_sent(says, send, answer, tmp_path):
    server = says(answer(DATA))
    for into in (tmp_path / "no" / "layer", tmp_path):
        with pytest.raises(CannotSave):
            send(server, get(into=into))
    assert server.connections == 0


def test_a_file_that_takes_no_bytes_is_named(says, send, answer):
    with pytest.raises(CannotSave):
        send(says(answer(DATA)), get(into=StringIO()))


# -- no answer -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not begin with HTTP/"),
        (b"HTTP/1.1 two hundred\r\n\r\n", "not a status line"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", "Content-Length is 'many'"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "Content-Length is '1, 2'"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000, "larger than"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "Use https://"),
    ],
)
def test_nonsense_is_a_named_failure(says, send, raw, said):
    with pytest.raises(ConnectionFailed, match="respon") as caught:
        send(says(raw), get())
    assert said in str(caught.value)


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 200 OK\r\nContent-Le"])
def test_a_connection_that_closes_before_the_head_is_whole_is_a_named_failure(says, send, raw):
    with pytest.raises(ConnectionFailed, match="closed the connection before it responded") as caught:
        send(says(raw), get())
    record = caught.value.exchange
    assert (record.status, record.response, record.events[-1].kind) == (None, None, "failed")
    assert record.error.startswith(caught.value.what)


def test_a_broken_chunk_is_a_named_failure(says, send):
    with pytest.raises(ConnectionFailed, match="a body that is not valid HTTP"):
        send(says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n"), get())


def test_silence_in_the_middle_of_a_body_ends_in_the_time_limit(serve, send):
    def script(peer):
        peer.head()
        peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
        peer.until_closed()

    with pytest.raises(ConnectionFailed, match=r"silent for 0.2 s"):
        send(serve(script), get(), timeout=(5.0, 0.2))


def test_a_head_that_drips_ends_in_the_time_limit(serve, send):
    def script(peer):
        peer.head()
        peer.sock.settimeout(0.05)
        for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Slow: y\r\n" * 100:
            peer.say(bytes([byte]))
            try:
                if not peer.sock.recv(1):
                    return
            except TimeoutError:
                continue

    with pytest.raises(ConnectionFailed, match="did not complete its response in time"):
        send(serve(script), get(), timeout=(5.0, 0.4))
