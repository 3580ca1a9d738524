"""The commands for single requests, and the options for TLS and headers, on registries that are really there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from regtutor.backends.opening import open_registry
from regtutor.client.connect import connect
from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_image, sample_layout
from regtutor.errors import RegtutorError
from regtutor.protocol.references import parse_reference
from regtutor.steps import check_api
from regtutor.walks.pushing import push_image
from tests.cli.test_cli import call, host_of, nobody
from tests.nginx import nginx
from tests.refusing_registry import UNAUTHORIZED, Reply, refusing_registry

PAGE: Reply = (200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><html><title>Sign in</title></html>")


def rows(text: str) -> dict[str, str]:
    return {line[:12].strip(): line[13:] for line in text.splitlines()}


def test_check_prints_one_screen(reg: Registry) -> None:
    done = call("check", host_of(reg))
    assert done.returncode == 0
    found = rows(done.stdout)
    assert list(found) == ["registry", "reachable", "TLS", "API", "login", "as"]
    assert (found["API"], found["as"]) == ("yes, registry/2.0", "anonymous")


def test_check_of_a_registry_that_asks_for_a_login_names_the_scheme_and_succeeds_without_a_name() -> None:
    with refusing_registry(lambda _m, _t: UNAUTHORIZED) as registry:
        asked = call("check", registry.url)
        refused = call("check", registry.url, "--username", "me", input="wrong\n")
    assert asked.returncode == 0
    assert rows(asked.stdout)["login"] == "Basic: realm lessons"
    assert "nobody" in rows(asked.stdout)["as"]
    assert refused.returncode == 1
    assert "me was refused" in refused.stdout and "credentials" in refused.stderr


def test_check_of_a_web_page_fails_and_says_what_it_is() -> None:
    with refusing_registry(lambda _m, _t: PAGE) as registry:
        done = call("check", registry.url)
    assert done.returncode == 1
    assert "Sign in" in rows(done.stdout)["API"]
    assert "a web page instead of the API" in done.stderr and "regtutor explain" in done.stderr


def test_check_of_nobody_fails_with_the_reason() -> None:
    done = call("check", nobody())
    assert (done.returncode, done.stdout) == (1, "")
    assert "refused the connection" in done.stderr


def test_request_prints_what_went_over_the_wire_and_ends_by_the_status(reg: Registry, tmp_path: Path) -> None:
    push_image(reg, sample_image(), "library/hello", "v1", progress=False)
    done = call("request", "GET", f"{host_of(reg)}/v2/library/hello/tags/list", "-o", tmp_path / "tags")
    assert done.returncode == 0
    assert "> GET /v2/library/hello/tags/list HTTP/1.1" in done.stdout
    assert json.loads((tmp_path / "tags").read_text())["tags"] == ["v1"]
    done = call("request", "DELETE", f"{reg.url}/v2/library/hello/manifests/none")
    assert done.returncode == 1
    assert "< HTTP/1.1 404" in done.stdout and "regtutor: DELETE /v2/library/hello/manifests/none" in done.stderr


def test_request_sends_a_file_with_its_type(reg: Registry, tmp_path: Path) -> None:
    push_image(reg, sample_image(), "library/hello", "v1", progress=False)
    manifest = sample_image().manifest
    (tmp_path / "manifest").write_bytes(manifest.data)
    address = f"{host_of(reg)}/v2/library/hello/manifests/v2"
    kind = f"Content-Type: {manifest.media_type}"
    done = call("request", "put", address, "--data", tmp_path / "manifest", "-H", kind)
    assert done.returncode == 0, done.stderr
    assert "> PUT /v2/library/hello/manifests/v2 HTTP/1.1" in done.stdout
    assert manifest.digest in done.stdout


@pytest.mark.parametrize("address", ["127.0.0.1:5000", "/v2/", "http://127.0.0.1:5000"])
def test_request_needs_a_host_and_a_path(address: str) -> None:
    assert call("request", "GET", address).returncode == 2


def test_headers_go_to_the_registry_and_to_no_other_host() -> None:
    with open_registry("embedded", quiet=True) as there, open_registry("embedded", quiet=True) as elsewhere:
        with connect(there.url, headers=(("X-Own", "1"), ("User-Agent", "mine"))) as reg:
            sent = check_api(reg)
            assert (sent.request_headers["X-Own"], sent.request_headers["User-Agent"]) == ("1", "mine")
            other = reg.send(sent_to(elsewhere.url))
            assert "X-Own" not in other.request_headers
        done = call("request", "GET", f"{there.url}/v2/", "-H", "X-Own: 1:2")
        assert "> X-Own: 1:2" in done.stdout
    assert call("check", there.url, "-H", "no colon").returncode == 2


def sent_to(url: str):  # type: ignore[no-untyped-def]
    from regtutor.message import Request

    return Request("request", "GET", f"{url}/v2/")


def test_copy_sends_the_headers_to_the_target_only(tmp_path: Path) -> None:
    with open_registry("embedded", quiet=True) as source, open_registry("embedded", quiet=True) as target:
        push_image(source, sample_image(), "library/hello", "v1", progress=False)
        trace = tmp_path / "copy.json"
        ends = (f"{host_of(source)}/library/hello:v1", f"{host_of(target)}/a:b")
        done = call("copy", *ends, "-H", "X-Own: 1", "--trace", trace)
        assert done.returncode == 0, done.stderr
    for exchange in json.loads(trace.read_text())["exchanges"]:
        names = [name for name, _ in exchange["request"]["headers"]]
        assert ("X-Own" in names) == (exchange["registry"] == host_of(target))


def test_insecure_accepts_a_certificate_that_is_not_trusted(tmp_path: Path) -> None:
    layout = sample_layout(tmp_path / "layout", ("v1",))
    with open_registry("embedded", quiet=True, tls=True) as reg:
        host = reg.url.removeprefix("https://")
        assert call("check", f"https://{host}").returncode == 1
        shown = rows(call("check", host, "--insecure").stdout)
        assert shown["TLS"].startswith("yes, TLSv1.3, ") and shown["certificate"] == "not checked"
        pushed = call("push", layout, f"{host}/library/hello:v1", "--insecure")
        assert pushed.returncode == 0 and "Warning" not in pushed.stderr


def test_a_key_without_a_certificate_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "key").touch()
    assert call("check", "127.0.0.1:1", "--key", tmp_path / "key").returncode == 2


@pytest.mark.parametrize(
    ("text", "repository"),
    [("docker.io/library/x:1", "library/x"), ("docker.io/x", "library/x"), ("index.docker.io/user/x", "user/x")],
)
def test_docker_io_is_docker_hub(text: str, repository: str) -> None:
    assert parse_reference(text)[:2] == ("registry-1.docker.io", repository)
    assert parse_reference("docker.io.example/x").host == "docker.io.example"


def test_a_command_says_which_host_docker_io_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RegtutorError("no request is sent by this test")

    monkeypatch.setattr("regtutor.connect", refuse)
    for arguments in (["inspect", "docker.io/hello"], ["tags", "docker.io/hello"]):
        done = call(*arguments)
        assert "docker.io is Docker Hub: registry-1.docker.io/library/hello" in done.stderr
    assert "docker.io is Docker Hub: registry-1.docker.io\n" in call("check", "docker.io").stderr


def test_check_shows_the_certificate_with_its_names_and_dates() -> None:
    with open_registry("embedded", quiet=True, tls=True) as reg:
        shown = rows(call("check", reg.url, "--ca-file", reg.host.ca_file).stdout)  # type: ignore[union-attr]
    assert shown["TLS"].startswith("yes, TLSv1.3, ")
    for part in ("localhost", "127.0.0.1", "issued by regtutor"):
        assert part in shown["certificate"]
    assert re.search(r"valid \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d$", shown["certificate"])


def test_nginx_that_demands_a_client_certificate(tmp_path: Path, require_program: Callable[[str, str], str]) -> None:
    program, layout = require_program("nginx", "nginx-light"), sample_layout(tmp_path / "layout", ("v1",))
    ours, strange = trustme.CA(), trustme.CA()
    ours.cert_pem.write_to_path(tmp_path / "clients.pem")
    for name, authority in (("ours", ours), ("strange", strange)):
        leaf = authority.issue_cert("client@example")
        leaf.cert_chain_pems[0].write_to_path(tmp_path / f"{name}.crt")
        leaf.private_key_pem.write_to_path(tmp_path / f"{name}.key")
        leaf.private_key_and_cert_chain_pem.write_to_path(tmp_path / f"{name}.pem")
    with open_registry("embedded", quiet=True) as reg:
        server = (
            f"ssl_client_certificate {tmp_path}/clients.pem; ssl_verify_client on; location / {{ proxy_pass {reg.url}; "
            "proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme; }"
        )
        with nginx(program, tmp_path / "nginx", server, tls=True) as front:
            trust = ("--ca-file", front.ca_file)
            push = ("push", layout, f"{front.host}/a/b:v1", *trust)
            for options in ((), ("--cert", tmp_path / "strange.pem")):
                refused, checked = call(*push, *options), call("check", front.host, *trust, *options)
                assert refused.returncode == 1 and "perhaps a client certificate is required" in refused.stderr
                reason = "a client certificate is required" if not options else "the client certificate is not trusted"
                assert checked.returncode == 1 and reason in checked.stderr and "--cert FILE" in checked.stderr
            separate = call(*push, "--cert", tmp_path / "ours.crt", "--key", tmp_path / "ours.key")
            together = call("tags", f"{front.host}/a/b", *trust, "--cert", tmp_path / "ours.pem")
            assert (separate.returncode, together.stdout) == (0, "v1\n"), separate.stderr
