"""TLS 1.3, certificates, proxies: the record stays the same, and each failure says what to do."""

from __future__ import annotations

import select
import socket
import ssl
from pathlib import Path

import pytest
import trustme

import regtutor as rt
from regtutor.errors import ConnectionFailed, InvalidURL
from regtutor.formats.transcript_file import transcript_in
from regtutor.message import Body, Request, body_of

HOST = "registry.test"


def zeros():
    """More zero bytes than any test sends."""
    return Path("/dev/zero").open("rb")


@pytest.fixture(scope="module")
def ca():
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(ca, tmp_path_factory):
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(path)
    return str(path)


@pytest.fixture(scope="module")
def context(ca):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    ca.issue_cert("127.0.0.1", HOST).configure_cert(context)
    return context


@pytest.fixture
def registry(serve, context, answer):
    """Answers 100 and 201 to uploads and 200 to anything else, over TLS 1.3."""

    def script(peer):
        while head := peer.head():
            if head.startswith(b"PUT"):
                peer.say(b"HTTP/1.1 100 Continue\r\n\r\n")
                peer.server.seen.append(peer.body(500_000))
                peer.say(answer(status="201 Created"))
            else:
                peer.say(answer(b"hello"))

    return serve(script, context)


def get(target="/v2/"):
    return Request("check_api", "GET", target)


def put(target="/u"):
    headers = (("Content-Length", "500000"), ("Expect", "100-continue"))
    return Request("put_blob", "PUT", target, headers, body_of(b"z" * 500_000))


def test_an_upload_over_tls_13_waits_for_the_100_and_reuses_the_connection(registry, transports, ca_file):
    transport = transports(verify=ca_file)
    exchange = transport.send(put("/u?a=%7e"), registry.url + "/u?a=%7e", put().headers, "test")
    assert ([i.status for i in exchange.interims], exchange.status, exchange.bytes_up) == ([100], 201, 500_000)
    assert registry.seen == [b"z" * 500_000]
    assert exchange.events[0].note.startswith("TLSv1.3")
    again = transport.send(get(), registry.url + "/v2/", (), "test")
    assert (again.events[0].kind, again.content) == ("reused", b"hello")


def test_a_refusal_over_tls_withholds_the_body(serve, send, context, ca_file, answer):
    def script(peer):
        peer.head()
        peer.say(answer(status="401 Unauthorized"))
        peer.server.seen.append(peer.until_closed())

    server = serve(script, context)
    exchange = send(server, put(), verify=ca_file)
    server.wait()
    assert (exchange.status, exchange.request.body.fate, server.seen) == (401, "withheld", [b""])


def test_a_refusal_in_the_middle_of_a_body_over_tls_is_read(serve, send, context, ca_file, answer):
    def script(peer):
        peer.head()
        peer.body(1000)
        peer.say(answer(status="413 Content Too Large"))
        peer.until_closed()

    body = Body(64 * 1024 * 1024, zeros)
    request = Request("put_blob", "PUT", "/u", (("Content-Length", str(body.size)),), body)
    exchange = send(serve(script, context), request, verify=ca_file)
    assert (exchange.status, exchange.request.body.fate) == (413, "partial")


def test_waiting_in_vain_over_tls_does_not_lose_the_answer(serve, send, context, ca_file, answer):
    def script(peer):
        peer.head()
        peer.body(500_000)
        peer.say(answer(b"late", status="201 Created"))

    exchange = send(serve(script, context), put(), verify=ca_file, expect_wait=0.05)
    assert (exchange.status, exchange.content) == (201, b"late")
    assert "waited" in [event.kind for event in exchange.events]


def test_an_unknown_ca_says_how_to_name_it(registry, send):
    with pytest.raises(ConnectionFailed, match="is not trusted") as caught:
        send(registry, get())
    assert "verify='ca.pem'" in caught.value.next
    assert caught.value.exchange.status is None


def test_verify_false_trusts_any_certificate(registry, send):
    with pytest.warns(Warning, match="Unverified"):
        exchange = send(registry, get(), verify=False)
    assert exchange.status == 200
    assert "the certificate was not checked" in exchange.events[0].note


def test_a_server_that_is_silent_in_the_handshake_ends_in_the_time_limit(serve, transports):
    server = serve(lambda peer: peer.until_closed())
    with pytest.raises(ConnectionFailed, match=r"could not be reached within 0.2 s"):
        transports(timeout=(0.2, 5.0)).send(get(), f"https://127.0.0.1:{server.port}/v2/", (), "test")


def test_a_ca_file_that_is_not_there_is_named(transports):
    with pytest.raises(ConnectionFailed, match=r"no-such.pem does not exist"):
        transports(verify="/no-such.pem")


def test_https_to_a_plain_server_says_use_http(serve, transports, answer):
    def script(peer):
        peer.sock.recv(10)
        peer.say(answer(status="400 Bad Request"))

    server = serve(script)
    with pytest.raises(ConnectionFailed, match="does not speak TLS") as caught:
        transports().send(get(), f"https://127.0.0.1:{server.port}/v2/", (), "test")
    assert "http://" in caught.value.next


def test_http_to_a_tls_server_says_use_https(registry, transports):
    with pytest.raises(ConnectionFailed) as caught:
        transports().send(get(), f"http://127.0.0.1:{registry.port}/v2/", (), "test")
    assert "https://" in caught.value.next


def test_a_refused_connection_is_named(transports):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(ConnectionFailed, match="refused the connection") as caught:
        transports().send(get(), f"http://127.0.0.1:{port}/v2/", (), "test")
    record = caught.value.exchange
    assert (record.status, record.request.start_line) == (None, "GET /v2/ HTTP/1.1")
    assert record.request.headers[0] == ("Host", f"127.0.0.1:{port}")
    assert "rt.open_registry()" in caught.value.next


def test_an_unknown_name_is_named(transports):
    with pytest.raises(ConnectionFailed, match="is not known"):
        transports().send(get(), "http://no-such-host.invalid/v2/", (), "test")


def test_a_connection_that_is_not_accepted_ends_in_the_time_limit(transports):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = [socket.socket() for _ in range(4)]
    try:
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        with pytest.raises(ConnectionFailed, match=r"could not be reached within 0.2 s"):
            transports(timeout=(0.2, 5.0)).send(get(), f"http://127.0.0.1:{listener.getsockname()[1]}/", (), "test")
    finally:
        for one in [listener, *waiting]:
            one.close()


# -- proxies -------------------------------------------------------------------------------------------------------


def _relay(client, upstream):
    with upstream:
        ends = {client: upstream, upstream: client}
        while True:
            readable, _, _ = select.select(list(ends), [], [], 10)
            for end in readable:
                data = end.recv(65536)
                if not data:
                    return
                ends[end].sendall(data)


def test_http_goes_to_a_proxy_in_absolute_form_byte_for_byte(serve, transports, answer):
    proxy = serve(lambda peer: (peer.head(), peer.say(answer(b"via proxy"))))
    transport = transports(proxies={"http": f"http://user:secret@127.0.0.1:{proxy.port}"})
    url = f"http://{HOST}:5000/v2/%7e/../a//b?"
    exchange = transport.send(get(), url, (), "test")
    assert proxy.heads[0].startswith(f"GET {url} HTTP/1.1\r\nHost: {HOST}:5000\r\n".encode())
    assert b"Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=" in proxy.heads[0].replace(b"proxy-a", b"Proxy-A")
    assert (exchange.target, exchange.content) == (url, b"via proxy")
    assert exchange.proxy == f"http://<redacted>@127.0.0.1:{proxy.port}"
    assert "secret" not in exchange.as_text()
    assert "dXNlcjpzZWNyZXQ" not in repr(exchange.request)


def test_https_goes_through_a_tunnel_and_the_record_is_of_what_is_inside(serve, transports, registry, ca_file):
    def script(peer):
        peer.head()
        peer.say(b"HTTP/1.1 200 Connection established\r\n\r\n")
        _relay(peer.sock, socket.create_connection(("127.0.0.1", registry.port), 5))

    proxy = serve(script)
    transport = transports(proxies={"https": f"127.0.0.1:{proxy.port}"}, verify=ca_file)
    exchange = transport.send(put("/u?x=%7e"), f"https://{HOST}/u?x=%7e", put().headers, "test")
    assert proxy.heads[0].startswith(f"CONNECT {HOST}:443 HTTP/1.".encode())
    assert registry.heads[0].startswith(f"PUT /u?x=%7e HTTP/1.1\r\nHost: {HOST}\r\n".encode())
    assert ([i.status for i in exchange.interims], exchange.status) == ([100], 201)
    assert "Through a tunnel of the proxy 127.0.0.1" in exchange.events[0].note
    assert exchange.proxy == f"http://127.0.0.1:{proxy.port}"


@pytest.mark.parametrize(("status", "said"), [("407 Proxy Authentication Required", "requires a user name"),
                                              ("403 Forbidden", "403")])  # fmt: skip
def test_a_refused_tunnel_is_named(serve, transports, answer, status, said):
    proxy = serve(lambda peer: (peer.head(), peer.say(answer(status=status))))
    transport = transports(proxies={"https": f"http://127.0.0.1:{proxy.port}"})
    with pytest.raises(ConnectionFailed, match="refused the tunnel") as caught:
        transport.send(get(), f"https://{HOST}/v2/", (), "test")
    assert said in caught.value.why


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there_is_named_and_its_password_is_not(transports, scheme):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    transport = transports(proxies={scheme: f"http://user:s3cret@127.0.0.1:{port}"})
    with pytest.raises(ConnectionFailed, match=r"The proxy .* cannot be reached") as caught:
        transport.send(get(), f"{scheme}://{HOST}/v2/", (), "test")
    assert "s3cret" not in str(caught.value) + caught.value.exchange.as_text()


def test_loopback_is_never_proxied(serve, transports, answer):
    server = serve(lambda peer: (peer.head(), peer.say(answer())))
    transport = transports(proxies={"http": "http://proxy.invalid:3128", "all": "http://proxy.invalid:3128"})
    exchange = transport.send(get(), f"{server.url}/v2/", (), "test")
    assert (exchange.status, exchange.proxy) == (200, "")


def test_a_proxy_of_another_kind_is_refused_by_name(transports):
    transport = transports(proxies={"http": "socks5://user:s3cret@127.0.0.1:1080"})
    with pytest.raises(InvalidURL, match="cannot be used") as caught:
        transport.send(get(), f"http://{HOST}/v2/", (), "test")
    assert "s3cret" not in str(caught.value)


def test_the_environment_adds_nothing_unseen(serve, transports, answer, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login user password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://proxy.invalid:1")
    server = serve(lambda peer: (peer.head(), peer.say(answer())))
    assert transports().send(get(), f"{server.url}/v2/", (), "test").status == 200
    assert b"uthorization" not in server.heads[0]


# -- proxies whose URL has the wrong scheme --------------------------------------------------------------------------


def through(transports, url, proxy, **options):
    """The failure of a request to ``url`` through a proxy for both schemes."""
    transport = transports(proxies={"http": proxy, "https": proxy}, **options)
    with pytest.raises(ConnectionFailed) as caught:
        transport.send(get(), url, (), "test")
    return caught.value


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("says", [b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", b"SSH-2.0-x\r\n"])
def test_an_https_proxy_that_speaks_plain_http_is_named_and_not_the_registry(serve, transports, scheme, says):
    proxy = serve(lambda peer: (peer.say(says), peer.until_closed()))
    error = through(transports, f"{scheme}://{HOST}/v2/", f"https://me:s3cret@127.0.0.1:{proxy.port}")
    assert error.what == f"The proxy https://<redacted>@127.0.0.1:{proxy.port} speaks plain HTTP"
    assert "HTTPS_PROXY=http://" in error.next and "s3cret" not in str(error)
    assert HOST not in error.what + error.why
    found = rt.explain(error.exchange).diagnoses
    assert [item.name for item in found] == ["no response"] and "proxy's URL" in found[0].next


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_http_proxy_that_speaks_tls_is_named(serve, transports, scheme):
    proxy = serve(lambda peer: (peer.head(), peer.say(b"\x15\x03\x03\x00\x02\x02\x32")))
    error = through(transports, f"{scheme}://{HOST}/v2/", f"http://127.0.0.1:{proxy.port}")
    assert error.what == f"The proxy http://127.0.0.1:{proxy.port} responded with TLS"
    assert "https://" in error.next


def test_a_certificate_of_the_proxy_that_is_not_trusted_is_the_proxys(registry, transports):
    error = through(transports, f"https://{HOST}/v2/", f"https://127.0.0.1:{registry.port}")
    assert error.what == f"The certificate of the proxy https://127.0.0.1:{registry.port} is not trusted"


def test_curl_with_such_a_proxy_is_explained_so():
    text = (
        b"* Uses proxy env variable https_proxy == 'https://proxy:3128'\n*   Trying 192.0.2.1:3128...\n"
        b"* TLSv1.3 (OUT), TLS handshake, Client hello (1):\n* error:0A00010B:SSL routines::wrong version number\n"
        b"* Closing connection 0\ncurl: (35) OpenSSL/3.0.2: error:0A00010B:SSL routines::wrong version number\n"
    )
    (one,) = transcript_in(text, "x")
    assert "plain HTTP at the proxy" in [item.name for item in rt.explain(one).diagnoses]
    assert "plain HTTP on this port" not in [item.name for item in rt.explain(one).diagnoses]
