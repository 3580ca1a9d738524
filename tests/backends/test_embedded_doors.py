"""The embedded registry over TLS and with passwords: as ``open_registry`` opens it and as ``regtutor serve`` does."""

from __future__ import annotations

import re
import shlex
import signal
import socket
import ssl
import sys
from pathlib import Path

import bcrypt
import pytest
import trustme

from regtutor.backends.local_host import LocalHost
from regtutor.backends.opening import open_registry
from regtutor.client.connect import connect
from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_image, sample_layout
from regtutor.errors import ConnectionFailed, ServerError
from regtutor.formats import load
from regtutor.steps import check_api, get_manifest
from regtutor.walks.logging_in import login
from regtutor.walks.pushing import push_image
from tests.cli.test_cli import LIMIT, call, run, serving

PASSWORD = "pass-word-1"


@pytest.fixture(scope="session")
def htpasswd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("htpasswd") / "htpasswd"
    path.write_text(f"ann:{bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()}\n")
    return path


@pytest.fixture(scope="session")
def own_pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A certificate, its key, and the CA."""
    folder = tmp_path_factory.mktemp("pair")
    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1")
    leaf.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    leaf.private_key_pem.write_to_path(folder / "key.pem")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    return folder / "cert.pem", folder / "key.pem", folder / "ca.pem"


def ca_of(reg: Registry) -> Path:
    assert isinstance(reg.host, LocalHost) and reg.host.ca_file is not None
    return reg.host.ca_file


def test_over_tls_the_registry_trusts_the_ca_that_was_made_for_it_and_nobody_else_does() -> None:
    with open_registry("embedded", quiet=True, tls=True) as reg:
        assert reg.url.startswith("https://127.0.0.1:")
        push_image(reg, sample_image(), "library/hello", "v1")
        assert get_manifest(reg, "library/hello", "v1").content == sample_image().manifest.data
        assert not [path for path, _ in reg.tree() if "ca.crt" in path]
        with connect(reg.url, proxies=None) as stranger, pytest.raises(ConnectionFailed, match="certificate"):
            check_api(stranger)


def test_the_certificate_is_good_for_every_name_of_loopback_and_only_the_ca_is_on_disk(tmp_path: Path) -> None:
    with open_registry("embedded", quiet=True, tls=True, root=tmp_path) as reg:
        assert ca_of(reg) == tmp_path / ".regtutor" / "tls" / "ca.crt"
        assert [path.name for path in ca_of(reg).parent.iterdir()] == ["ca.crt"]
        assert "PRIVATE" not in ca_of(reg).read_text()
        port = int(reg.url.rpartition(":")[2])
        trusting = ssl.create_default_context(cafile=str(ca_of(reg)))
        for name in ("127.0.0.1", "localhost", "::1"):
            pem = _shown(port, trusting, name)
            assert pem


def _shown(port: int, trusting: ssl.SSLContext, name: str) -> bytes | None:
    """The certificate that the port shows, once it was proven to be good for ``name``."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=LIMIT) as plain,
        trusting.wrap_socket(plain, server_hostname=name) as secure,
    ):
        return secure.getpeercert(True)


def test_with_a_password_file_it_answers_401_until_it_is_asked_as_somebody(htpasswd: Path) -> None:
    with open_registry("embedded", quiet=True, htpasswd=htpasswd) as reg:
        refused = check_api(reg)
        assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, 'Basic realm="regtutor"')
        ann = reg.with_auth("ann", PASSWORD)
        push_image(ann, sample_image(), "library/hello", "v1")
        assert check_api(reg.with_auth("ann", "wrong")).status == 401
        assert PASSWORD not in reg.logs()


@pytest.mark.parametrize("tls", [False, True])
def test_connect_with_name_and_password_over_both(tls: bool, htpasswd: Path) -> None:
    with open_registry("embedded", quiet=True, htpasswd=htpasswd, tls=tls) as reg:
        verify = str(ca_of(reg)) if tls else True
        with connect(reg.url, username="ann", password=PASSWORD, verify=verify) as ann:
            transcript = push_image(ann, sample_image(), "library/hello", "v1")
            assert transcript[-1].status == 201
            assert PASSWORD not in str(list(transcript))
        with connect(reg.url.replace("://", f"://ann:{PASSWORD}@"), verify=verify) as ann:
            assert get_manifest(ann, "library/hello", "v1").status == 401
            assert get_manifest(login(ann).registry, "library/hello", "v1").status == 200


def test_without_trustme_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(ServerError, match=r"regtutor\[tls\].*--cert FILE --key FILE"):
        open_registry("embedded", quiet=True, tls=True)


def test_a_pair_of_ones_own_needs_no_trustme(
    monkeypatch: pytest.MonkeyPatch, own_pair: tuple[Path, Path, Path]
) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    certificate, key, ca = own_pair
    with (
        open_registry("embedded", quiet=True, tls=(certificate, key)) as reg,
        connect(reg.url, verify=ca) as trusting,
    ):
        assert check_api(trusting).status == 200


def test_a_pair_that_does_not_fit_is_a_named_error(own_pair: tuple[Path, Path, Path], tmp_path: Path) -> None:
    certificate, key, ca = own_pair
    (tmp_path / "empty").write_text("")
    for first, second in [(ca, key), (certificate, tmp_path / "empty"), (tmp_path / "nowhere", key)]:
        with pytest.raises(ServerError, match="matching PEM files") as caught:
            open_registry("embedded", quiet=True, tls=(first, second))
        assert str(first) in str(caught.value)


def test_serve_over_tls_with_passwords_and_a_push_to_it(htpasswd: Path, tmp_path: Path) -> None:
    layout, trace = sample_layout(tmp_path / "layout", ("v1",)), tmp_path / "trace.json"
    with serving("--port", "0", "--tls", "--htpasswd", htpasswd) as served:
        url = re.findall(r"https://[0-9.:]+[0-9]", served.line())[0]
        ca = served.line().rpartition("--ca-file ")[2]
        push = ("push", layout, f"{url}/library/hello:v1", "--ca-file", ca, "--trace", trace)
        done = run(*push, "--username", "ann", input=f"{PASSWORD}\n")
        assert (done.returncode, done.stdout) == (0, f"{sample_image().digest}\n"), done.stderr
        assert PASSWORD not in trace.read_text() and load(trace)[-1].status == 201
        assert call(*push, "--username", "ann", input="wrong\n").returncode == 1
        assert call(*push[:3], input="").returncode == 1, "its certificate is not trusted"
        served.process.send_signal(signal.SIGTERM)
        log, errors = served.process.communicate(timeout=LIMIT)
    assert PASSWORD.encode() not in log + errors
    assert not Path(ca).exists()


def test_the_push_that_serve_tells_of_does_push(tmp_path: Path) -> None:
    layout = sample_layout(tmp_path / "layout", ("v1",))
    with serving("--port", "0", "--tls", "--root", tmp_path / "a root") as served:
        served.line()
        words = shlex.split(served.line().partition(": regtutor ")[2])
        told = [str(layout) if word == "IMAGE" else word.replace("REPOSITORY:TAG", "a/b:v1") for word in words]
        done = run(*told)
    assert (done.returncode, done.stdout) == (0, f"{sample_image().digest}\n"), done.stderr


@pytest.mark.parametrize("command", ["push", "pull", "copy", "inspect", "tags", "referrers", "delete"])
def test_a_ca_means_tls_where_no_scheme_is_given(command: str, tmp_path: Path) -> None:
    layout = sample_layout(tmp_path / "layout", ("v1",))
    with open_registry("embedded", quiet=True, tls=True) as reg:
        push_image(reg, sample_image(), "a/b", "v1")
        image = f"{reg.url.removeprefix('https://')}/a/b"
        verbs: dict[str, tuple[str | Path, ...]] = {
            "push": (layout, f"{image}:v2"),
            "pull": (f"{image}:v1", tmp_path / "pulled"),
            "copy": (f"{image}:v1", f"{image}/c:v1"),
            "inspect": (f"{image}:v1",),
            "tags": (image,),
            "referrers": (f"{image}@{sample_image().digest}",),
            "delete": (f"{image}:v1",),
        }
        done = call(command, *verbs[command], "--ca-file", ca_of(reg))
    assert done.returncode == 0, done.stderr


def test_push_with_a_name_over_plain_http(htpasswd: Path, tmp_path: Path) -> None:
    layout = sample_layout(tmp_path / "layout", ("v1",))
    with open_registry("embedded", quiet=True, htpasswd=htpasswd) as reg:
        push = ("push", layout, f"{reg.url.removeprefix('http://')}/library/hello:v1")
        refused = run(*push)
        assert refused.returncode == 1 and "401" in refused.stderr
        assert call(*push, "--username", "ann", input=f"{PASSWORD}\n").returncode == 0
        assert PASSWORD not in reg.logs()


def test_serve_takes_a_pair_and_listens_on_every_address_with_both(
    own_pair: tuple[Path, Path, Path], htpasswd: Path
) -> None:
    certificate, key, ca = own_pair
    pair = ("--tls", "--cert", certificate, "--key", key, "--htpasswd", htpasswd)
    with serving("--port", "0", "--host", "0.0.0.0", *pair) as served:
        port = re.findall(r"https://0\.0\.0\.0:([0-9]+)", served.line())[0]
        with connect(f"https://127.0.0.1:{port}", verify=ca, username="ann", password=PASSWORD) as reg:
            assert [exchange.status for exchange in login(reg).transcript] == [401, 200]


def test_serve_is_public_without_them_only_if_that_is_said() -> None:
    with serving("--port", "0", "--host", "0.0.0.0", "--insecure-public") as served:
        port = re.findall(r"http://0\.0\.0\.0:([0-9]+)", served.line())[0]
        with connect(f"http://127.0.0.1:{port}") as reg:
            assert check_api(reg).status == 200


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--host", "0.0.0.0"), "--insecure-public"),
        (("--host", "::"), "--insecure-public"),
        (("--host", "0.0.0.0", "--tls"), "--htpasswd FILE"),
        (("--host", "0.0.0.0", "--htpasswd", "{htpasswd}"), "--tls"),
        (("--cert", "{htpasswd}", "--tls"), "--cert and --key together"),
        (("--cert", "{htpasswd}", "--key", "{htpasswd}"), "with --tls"),
        (("--cert", "{htpasswd}", "--key", "{htpasswd}", "--tls"), "matching PEM files"),
        (("--htpasswd", "nowhere"), "nowhere"),
        (("--htpasswd", "{plain}"), "plain text"),
    ],
)
def test_serve_refuses_with_status_2_and_says_what_to_do(
    options: tuple[str, ...], told: str, htpasswd: Path, tmp_path: Path
) -> None:
    (tmp_path / "plain").write_text(f"ann:{PASSWORD}\n")
    done = run("serve", "--port", "0", *(o.format(htpasswd=htpasswd, plain=tmp_path / "plain") for o in options))
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert PASSWORD not in done.stderr
