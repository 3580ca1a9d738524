"""Which lines of a head the proxy changes, and that it changes no other byte."""

from __future__ import annotations

import pytest

from regtutor.backends.recorder.rewriting import Addresses, with_host
from regtutor.protocol.urls import split_url

PROXY = "http://127.0.0.1:41234"
HERE = Addresses(split_url("http://registry.example:5000"))
TLS = Addresses(split_url("https://registry.example"))


def test_host_names_the_registry_and_every_other_byte_stays() -> None:
    head = b"GET /v2/%7e/../?Host:=x HTTP/1.1\r\nhOST :  127.0.0.1:41234 \r\nX-Host: a\r\n folded: b\nLast:\r\n\r\n"
    sent, hosts = with_host(head, "registry.example")
    assert sent == head.replace(b"127.0.0.1:41234", b"registry.example")
    assert hosts == ("127.0.0.1:41234",)


@pytest.mark.parametrize("head", [b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1\r\nX: Host: y\r\n\r\n"])
def test_a_request_without_host_stays_without_it(head: bytes) -> None:
    assert with_host(head, "registry.example") == (head, ())


def test_two_hosts_stay_two() -> None:
    sent, hosts = with_host(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "c")
    assert (sent, hosts) == (b"GET / HTTP/1.1\r\nHost: c\r\nHost: c\r\n\r\n", ("a", "b"))


@pytest.mark.parametrize(
    ("addresses", "line", "expected"),
    [
        (HERE, "Location: http://registry.example:5000/v2/%7e?_state=a%2Fb", "Location: {proxy}/v2/%7e?_state=a%2Fb"),
        (HERE, "LOCATION:HTTP://Registry.Example:5000", "LOCATION:{proxy}"),
        (HERE, "location: //registry.example:5000/x", "location: //127.0.0.1:41234/x"),
        (HERE, "Content-Location: http://registry.example:5000/x", "Content-Location: {proxy}/x"),
        (TLS, "Location: https://registry.example/x", "Location: {proxy}/x"),
        (TLS, "Location: https://registry.example:443/x", "Location: {proxy}/x"),
        (TLS, "Location: https://registry.example?x", "Location: {proxy}?x"),
        (
            TLS,
            'Link: <https://registry.example/v2/_catalog?last=a>; rel="next"',
            'Link: <{proxy}/v2/_catalog?last=a>; rel="next"',
        ),
        (
            TLS,
            'WWW-Authenticate: Bearer realm="https://registry.example/token?a=b",service="registry.example"',
            'WWW-Authenticate: Bearer realm="{proxy}/token?a=b",service="registry.example"',
        ),
    ],
)
def test_an_address_of_the_registry_becomes_one_of_the_proxy(addresses: Addresses, line: str, expected: str) -> None:
    head, notes = addresses.rewritten(f"HTTP/1.1 202 Accepted\r\n{line}\r\nX: y\r\n\r\n".encode(), PROXY)
    assert head.decode() == f"HTTP/1.1 202 Accepted\r\n{expected.format(proxy=PROXY)}\r\nX: y\r\n\r\n"
    (note,) = notes
    assert PROXY in note and "registry.example" in note


@pytest.mark.parametrize(
    ("addresses", "line"),
    [
        (HERE, "Location: /v2/x/blobs/uploads/1"),
        (HERE, "Location: http://registry.example:50001/x"),
        (HERE, "Location: http://registry.example/x"),
        (HERE, "Location: https://registry.example:5000/x"),
        (HERE, "Location: http://registry.example.net:5000/x"),
        (HERE, "Location: http://cdn.example/?to=http://registry.example:5000/x"),
        (HERE, "X-Location: http://registry.example:5000/x"),
        (TLS, "Location: https://registry.example:8443/x"),
        (TLS, 'WWW-Authenticate: Bearer realm="https://auth.example/token",service="https://registry.example"'),
        (TLS, 'WWW-Authenticate: Bearer realm="/token",service="registry.example"'),
    ],
)
def test_any_other_address_stays(addresses: Addresses, line: str) -> None:
    head = f"HTTP/1.1 307 Temporary Redirect\r\n{line}\r\n\r\n".encode()
    assert addresses.rewritten(head, PROXY) == (head, ())


def test_a_location_that_leads_to_another_origin_is_told_without_its_secrets() -> None:
    head = b"HTTP/1.1 307 -\r\nLocation: https://cdn.example/x?sig=planted&a=b\r\n\r\n"
    assert list(TLS.leading_away(head)) == ["https://cdn.example/x?sig=<redacted>&a=b"]
    for stays in (b"/x", b"https://registry.example/x", b"//registry.example/x"):
        assert list(TLS.leading_away(b"HTTP/1.1 307 -\r\nLocation: " + stays + b"\r\n\r\n")) == []
