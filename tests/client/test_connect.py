"""connect(): what the URL, the caller and the environment say, in the open."""

from __future__ import annotations

import pytest

from regtutor.client.connect import connect
from regtutor.client.proxies import from_environment, is_loopback, proxy_for
from regtutor.errors import ConnectionFailed, InvalidCredentials, InvalidURL, NotObservable
from regtutor.message import Request
from regtutor.protocol.urls import split_url

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in (*VARIABLES, *(name.upper() for name in VARIABLES), "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("localhost:5000", "http://localhost:5000"),
        ("127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("[::1]:5000", "http://[::1]:5000"),
        ("registry.example", "https://registry.example"),
        ("registry.example:8443", "https://registry.example:8443"),
        ("http://registry.example:5000/", "http://registry.example:5000"),
        ("https://localhost", "https://localhost"),
    ],
)
def test_a_bare_host_is_plain_http_on_loopback_and_https_elsewhere(given, url):
    assert connect(given).url == url


@pytest.mark.parametrize("given", ["docker.io", "index.docker.io", "https://docker.io", "Docker.IO"])
def test_docker_io_is_the_host_of_docker_hubs_api(given):
    assert connect(given).url == "https://registry-1.docker.io"


def test_userinfo_becomes_credentials_and_leaves_the_url():
    registry = connect("https://me:p%40ss@registry.example")
    assert registry.url == "https://registry.example"
    assert (registry.credentials.username, registry.credentials.password) == ("me", "p@ss")
    assert "p@ss" not in repr(registry) + repr(registry.credentials)


def test_given_credentials_come_before_those_in_the_url():
    assert connect("https://me:old@registry.example", username="you", password="new").credentials.username == "you"


@pytest.mark.parametrize("url", ["ftp://h", "", "http://", "https://h/v2/", "https://h?x", "h:99999", "https://user:s3cret@",
                                 "https://me:s3cret@h/v2/#x"])  # fmt: skip
def test_a_bad_url_is_refused_by_name_and_without_its_password(url):
    with pytest.raises(InvalidURL) as caught:
        connect(url)
    assert "s3cret" not in str(caught.value)


def test_a_bad_address_without_a_scheme_is_refused_without_its_password():
    with pytest.raises(InvalidURL) as caught:
        connect("u:s3cret@host:5000/v2/")
    assert "s3cret" not in repr(caught.value)


@pytest.mark.parametrize(("username", "why"), [("", "it is empty"), ("u:x", "it contains a colon")])
def test_a_user_name_that_basic_cannot_carry_is_refused_by_name(username, why):
    with pytest.raises(InvalidCredentials, match=why) as caught:
        connect("http://host", username=username, password="s3cret")
    assert "s3cret" not in repr(caught.value)
    with connect("http://host") as reg, pytest.raises(InvalidCredentials, match=why):
        reg.with_auth(username, "s3cret")


def test_a_registry_on_a_url_cannot_be_looked_behind():
    with connect("registry.example") as registry:
        for look in (registry.logs, registry.tree):
            with pytest.raises(NotObservable):
                look()


def test_the_environment_is_used_and_the_record_names_the_variable(serve, answer, monkeypatch):
    proxy = serve(lambda peer: (peer.head(), peer.say(answer())))
    monkeypatch.setenv("HTTP_PROXY", f"http://me:s3cret@127.0.0.1:{proxy.port}")
    with connect("http://registry.test:5000", timeout=5) as registry:
        exchange = registry.send(Request("check_api", "GET", "/v2/"))
    assert exchange.proxy == f"http://<redacted>@127.0.0.1:{proxy.port}"
    assert "comes from HTTP_PROXY" in exchange.events[0].note
    assert "s3cret" not in exchange.as_text()


def test_without_env_the_environment_is_not_read(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "/no-such.pem")
    connect("registry.example", proxies=None).close()
    connect("registry.example", verify=False).close()
    with pytest.raises(ConnectionFailed, match="SSL_CERT_FILE names it"):
        connect("registry.example")


def test_proxies_that_are_neither_env_nor_a_mapping_are_refused():
    with pytest.raises(InvalidURL, match="not a valid value of proxies"):
        connect("registry.example", proxies="http://proxy:3128")


def test_lower_case_variables_come_first_and_empty_ones_do_not_count():
    found = from_environment({"https_proxy": "a", "HTTPS_PROXY": "b", "http_proxy": "", "HTTP_PROXY": "c",
                              "REQUESTS_CA_BUNDLE": "ca"})  # fmt: skip
    assert found.proxies == {"https": "a", "http": "c"}
    assert found.sources == {"https": "https_proxy", "http": "HTTP_PROXY", "ca_file": "REQUESTS_CA_BUNDLE"}


@pytest.mark.parametrize(
    ("url", "no_proxy", "direct"),
    [
        ("https://registry.example/", "", False),
        ("https://registry.example/", "example", True),
        ("https://registry.example/", ".example", True),
        ("https://registry.example/", "other, registry.example", True),
        ("https://registry.example/", "gistry.example", False),
        ("https://registry.example/", "*", True),
        ("https://registry.example:5000/", "registry.example:5000", True),
        ("https://registry.example:5000/", "registry.example:5001", False),
        ("https://10.1.2.3/", "10.0.0.0/8", True),
        ("https://11.1.2.3/", "10.0.0.0/8", False),
        ("https://[fd00::1]/", "fd00::/8", True),
    ],
)
def test_no_proxy(url, no_proxy, direct):
    assert (proxy_for(split_url(url), {"https": "p:1", "no_proxy": no_proxy}) == "") is direct


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "a.localhost", "127.9.9.9", "::1"])
def test_loopback_has_many_names(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["localhost.example", "128.0.0.1", "example"])
def test_other_hosts_are_not_loopback(host):
    assert not is_loopback(host)
