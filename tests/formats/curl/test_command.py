"""The curl command of a request: pasted into bash it sends the same bytes, and gets the same answer."""

from __future__ import annotations

import hashlib
import os
import re
import ssl
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

import regtutor as rt
from regtutor.errors import InvalidURL
from regtutor.exchange import BodyRecord, RequestRecord
from regtutor.formats import curl
from regtutor.message import Location, Request
from regtutor.protocol.challenges import Challenge
from tests.formats.wire import Wire

RequireProgram = Callable[[str, str], str]
Prepared = tuple[Callable[..., rt.Exchange], tuple[object, ...], dict[str, object]]

BLOB = bytes(range(256)) * 3
LARGE = b"x" * 5000
DIGEST = f"sha256:{hashlib.sha256(BLOB).hexdigest()}"
REPOSITORY = "library/hello"


@pytest.fixture
def paste(require_program: RequireProgram, tmp_path: Path) -> Callable[..., str]:
    require_program("curl", "curl")
    bash = require_program("bash", "bash")

    def run(command: str, **variables: str) -> str:
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **variables}
        done = subprocess.run(
            [bash, "-c", command], capture_output=True, timeout=60, env=environment, cwd=tmp_path, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("latin-1")

    return run


def status_of(output: str) -> int:
    """The status of the last head that curl printed."""
    return int(re.findall(r"^HTTP/1\.1 (\d{3})", output, re.MULTILINE)[-1])


# --- Ten steps: what must be there before each, and its arguments -------------------------------------------------


def stored(reg: rt.Registry, repository: str = REPOSITORY) -> None:
    start = rt.start_upload(reg, repository).expect(202)
    rt.put_blob(reg, start.location, BLOB).expect(201)


def session(reg: rt.Registry) -> Location:
    location = rt.start_upload(reg, REPOSITORY).expect(202).location
    assert location is not None
    return location


def pushed(reg: rt.Registry) -> bytes:
    image = rt.sample_image()
    rt.push_image(reg, image, REPOSITORY, "v1")
    return image.manifest.data


def before_mount(reg: rt.Registry) -> Prepared:
    stored(reg)
    return rt.mount_blob, ("library/other", DIGEST), {"source": REPOSITORY}


def before_head_blob(reg: rt.Registry) -> Prepared:
    stored(reg)
    return rt.head_blob, (REPOSITORY, DIGEST), {}


def before_get_blob(reg: rt.Registry) -> Prepared:
    stored(reg)
    return rt.get_blob, (REPOSITORY, DIGEST), {}


def before_delete_blob(reg: rt.Registry) -> Prepared:
    stored(reg)
    return rt.delete_blob, (REPOSITORY, DIGEST), {}


def before_list_tags(reg: rt.Registry) -> Prepared:
    pushed(reg)
    return rt.list_tags, (REPOSITORY,), {"n": 1}


def before_get_referrers(reg: rt.Registry) -> Prepared:
    pushed(reg)
    return rt.get_referrers, (REPOSITORY, rt.sample_image().digest), {}


def before_head_manifest(reg: rt.Registry) -> Prepared:
    pushed(reg)
    return rt.head_manifest, (REPOSITORY, "v1"), {}


def before_get_manifest(reg: rt.Registry) -> Prepared:
    pushed(reg)
    return rt.get_manifest, (REPOSITORY, "v1"), {}


def before_put_manifest(reg: rt.Registry) -> Prepared:
    return rt.put_manifest, (REPOSITORY, "v2", pushed(reg)), {}


def before_delete_manifest(reg: rt.Registry) -> Prepared:
    pushed(reg)
    return rt.delete_manifest, (REPOSITORY, rt.sample_image().digest), {}


BEFORE: dict[str, tuple[int, Callable[[rt.Registry], Prepared]]] = {
    "check_api": (200, lambda _: (rt.check_api, (), {})),
    "start_upload": (202, lambda _: (rt.start_upload, (REPOSITORY,), {})),
    "put_blob": (201, lambda reg: (rt.put_blob, (session(reg), BLOB), {})),
    "post_blob": (201, lambda _: (rt.post_blob, (REPOSITORY, BLOB), {})),
    "patch_upload": (202, lambda reg: (rt.patch_upload, (session(reg), BLOB), {"start": 0})),
    "get_upload": (204, lambda reg: (rt.get_upload, (session(reg),), {})),
    "head_upload": (204, lambda reg: (rt.head_upload, (session(reg),), {})),
    "mount_blob": (201, before_mount),
    "cancel_upload": (204, lambda reg: (rt.cancel_upload, (session(reg),), {})),
    "head_blob": (200, before_head_blob),
    "get_blob": (200, before_get_blob),
    "head_manifest": (200, before_head_manifest),
    "get_manifest": (200, before_get_manifest),
    "put_manifest": (201, before_put_manifest),
    "delete_blob": (202, before_delete_blob),
    "delete_manifest": (202, before_delete_manifest),
    "list_tags": (200, before_list_tags),
    "list_repositories": (200, lambda _: (rt.list_repositories, (), {})),
    "get_referrers": (200, before_get_referrers),
    # These registries have no token server.
    "request_token": (404, lambda _: (rt.request_token, (Challenge("Bearer", {"realm": "/token"}),), {})),
}

DISTRIBUTION = {"post_blob": 202, "get_referrers": 404}
"""Where CNCF Distribution 2.8 answers otherwise: it has no single POST and no referrers API."""


def test_every_step_is_pasted() -> None:
    from regtutor.steps import STEPS

    assert set(BEFORE) == set(STEPS)


@pytest.mark.registry
@pytest.mark.parametrize("backend", ["native", "embedded"])
@pytest.mark.parametrize("step", BEFORE)
def test_a_pasted_draft_gets_the_status_that_the_step_gets(
    backend: str, step: str, paste: Callable[..., str], require_program: RequireProgram
) -> None:
    if backend == "native":
        require_program("docker-registry", "docker-registry")
    status, before = BEFORE[step]
    if backend == "native":
        status = DISTRIBUTION.get(step, status)
    with rt.open_registry(backend, quiet=True) as reg:
        function, args, options = before(reg)
        command = curl(rt.draft(function, *args, **options), registry_url=reg.url)
        assert status_of(paste(command)) == status
    with rt.open_registry(backend, quiet=True) as reg:
        function, args, options = before(reg)
        assert function(reg, *args, **options).status == status


@pytest.mark.parametrize("step", BEFORE)
def test_a_pasted_record_gets_the_status_again(step: str, paste: Callable[..., str]) -> None:
    with rt.open_registry("embedded", quiet=True) as reg:
        function, args, options = BEFORE[step][1](reg)
        exchange = function(reg, *args, **options)
        function, args, options = BEFORE[step][1](reg)  # what it used up is there again, perhaps under a new Location
        target = rt.draft(function, *args, **options).target
        exchange = replace(exchange, url=target.follow() if isinstance(target, Location) else reg.url + target)
        assert status_of(paste(curl(exchange))) == BEFORE[step][0]


def test_a_fetched_blob_goes_to_a_file_and_its_head_to_the_screen(paste: Callable[..., str], tmp_path: Path) -> None:
    with rt.open_registry("embedded", quiet=True) as reg:
        stored(reg)
        shown = paste(curl(rt.draft(rt.get_blob, REPOSITORY, DIGEST)), REGISTRY=reg.url)
        paste(curl(rt.draft(rt.get_blob, REPOSITORY, DIGEST, into=tmp_path / "it is.bin")), REGISTRY=reg.url)
    assert "Docker-Content-Digest" in shown
    assert (tmp_path / f"blob-{DIGEST[7:19]}.bin").read_bytes() == BLOB
    assert (tmp_path / "it is.bin").read_bytes() == BLOB


# --- The same bytes -----------------------------------------------------------------------------------------------

TARGETS = (
    "/v2/a/b/../%7e%2f~/./x?_state=%3d&empty=",
    "/v2/{a,b}[1-3]/$HOME/`id`/!x'y\"z\\",
    "/v2/with space/\x01\x7f?q=a b",
    "/v2/\xe9?é=1",
    "/v2/☃",
    "/v2/empty?",
    "//v2//",
)


def head_and_body(data: bytes) -> tuple[bytes, list[bytes], bytes]:
    """The start line, the other lines of the head in order, and the body with chunk framing undone."""
    head, _, body = data.partition(b"\r\n\r\n")
    start_line, *lines = head.split(b"\r\n")
    if b"Transfer-Encoding: chunked" in lines:
        pieces = b""
        while body:
            size, _, body = body.partition(b"\r\n")
            pieces += body[: int(size, 16)]
            body = body[int(size, 16) + 2 :]
        body = pieces
    return start_line, lines, body


def on_the_wire(wire: Wire, paste: Callable[..., str], request: Request, tmp_path: Path) -> list[bytes]:
    """What the client sends, then what the draft's command and the record's command send."""
    reg = rt.connect(wire.url)
    exchange = reg.send(request)
    reg.close()
    # The draft's command writes a large body to where the record's command looks for it.
    paste(curl(request, registry_url=wire.url, body_dir=tmp_path))
    paste(curl(exchange))
    return wire.sent(3)


@pytest.mark.parametrize("target", TARGETS)
def test_the_target_is_sent_byte_for_byte(target: str, wire: Wire, paste: Callable[..., str], tmp_path: Path) -> None:
    sent = on_the_wire(wire, paste, Request("check_api", "GET", target), tmp_path)
    first, draft, record = (head_and_body(data)[0] for data in sent)
    assert record == first
    assert draft == first


REQUESTS = {
    "no body": rt.draft(rt.start_upload, REPOSITORY),
    "no Content-Length": Request("start_upload", "POST", "/v2/"),
    "cancel": rt.draft(rt.cancel_upload, "/v2/x"),
    "expect": rt.draft(rt.put_blob, "/v2/x?_state=1", BLOB),
    "no expect": rt.draft(rt.put_blob, "/v2/x?_state=1", b"text\n it's", expect_continue=False),
    "a large body": rt.draft(rt.put_blob, "/v2/x?_state=1", LARGE),
    "to a path that ends in a slash": rt.draft(rt.put_blob, "/v2/x/?_state=1", LARGE),
    "no content type": rt.draft(rt.put_blob, "/v2/x?_state=1", BLOB).edit(headers={"Content-Type": None}),
    "chunked": rt.draft(rt.put_blob, "/v2/x?_state=1", BLOB).edit(headers={"Content-Length": None}),
    "chunked file": rt.draft(rt.put_blob, "/v2/x?_state=1", LARGE).edit(headers={"Content-Length": None}),
    "an empty body": rt.draft(rt.put_manifest, "a", "v1", b""),
    "a manifest": rt.draft(rt.put_manifest, "a", "v1", b'{"it\'s": "$HOME `id` !!",\n "a": "\\n"}'),
    "accept": rt.draft(rt.get_manifest, "a", "v1"),
    "post with a body": Request("x", "POST", "/v2/").edit(body=b"a=b"),
    "get with a body": Request("x", "GET", "/v2/").edit(body=b"a=b"),
    "odd headers": rt.draft(rt.check_api).edit(
        headers=[
            ("x-lower", "1"),
            ("X-Twice", "$a"),
            ("x-twice", "`b` \\ \"'!"),
            ("X-Latin", "\xe9t\xe9"),
            ("X-At", "@f"),
        ]
    ),
    "own user agent": rt.draft(rt.check_api).edit(headers={"User-Agent": "me/1", "Accept": "a", "Host": "elsewhere"}),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_record_is_sent_again_header_for_header(
    name: str, wire: Wire, paste: Callable[..., str], tmp_path: Path
) -> None:
    sent = on_the_wire(wire, paste, REQUESTS[name], tmp_path)
    (start, lines, body), (_, _, draft_body), (again, same, same_body) = (head_and_body(data) for data in sent)
    assert (again, same_body, draft_body) == (start, body, body)
    assert sorted(same) == sorted(lines)
    mine = [line for line in lines if line.partition(b":")[0] not in (b"Host", b"User-Agent", b"Accept")]
    theirs = [line for line in same if line.partition(b":")[0] not in (b"Host", b"User-Agent", b"Accept")]
    assert theirs == mine


def test_an_empty_header_is_sent_empty(wire: Wire, paste: Callable[..., str], tmp_path: Path) -> None:
    request = rt.draft(rt.check_api).edit(headers={"X-Empty": "", "X-Blank": "  "})
    sent = on_the_wire(wire, paste, request, tmp_path)
    assert len(sent) == 3
    for data in sent:
        lines = [line.rstrip() for line in head_and_body(data)[1]]
        assert b"X-Empty:" in lines and b"X-Blank:" in lines


def test_a_file_is_sent_from_where_it_is(wire: Wire, paste: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "a layer's file.tar"
    path.write_bytes(BLOB)
    command = curl(rt.draft(rt.put_blob, "/v2/x?a", path), registry_url=wire.url)
    paste(command)
    assert "base64" not in command
    assert head_and_body(wire.sent(1)[0])[2] == BLOB


def test_an_open_file_that_is_sent_from_its_middle_is_not_taken_from_its_beginning(
    wire: Wire, paste: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(BLOB)
    with (tmp_path / "file").open("rb") as file:
        file.seek(100)
        paste(curl(rt.draft(rt.put_blob, "/v2/x?a", file), registry_url=wire.url))
    assert head_and_body(wire.sent(1)[0])[2] == BLOB[100:]


def test_bytes_are_not_taken_for_a_file_that_is_called_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bytes").write_bytes(b"abc")
    assert "printf %s xyz" in curl(rt.draft(rt.put_blob, "/v2/x?a", b"xyz"))


def test_an_open_file_without_a_name_is_part_of_the_command() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"xyz")
        file.seek(0)
        assert "printf %s xyz" in curl(rt.draft(rt.put_blob, "/v2/x?a", file))


def test_over_tls_curl_is_kept_from_choosing_another_version_of_http(paste: Callable[..., str], tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    context.set_alpn_protocols(["h2", "http/1.1"])
    server = Wire(context)
    command = curl(rt.draft(rt.put_blob, f"{server.url}/v2/x?a=%7e", BLOB))
    assert status_of(paste(command, CURL_CA_BUNDLE=str(tmp_path / "ca.pem"))) == 201
    assert head_and_body(server.sent(1)[0])[2] == BLOB
    server.close()


def test_a_record_of_a_registry_without_a_socket_says_that_curl_cannot_reach_it() -> None:
    with rt.open_registry("in_process", quiet=True) as reg:
        assert curl(rt.check_api(reg)).startswith("# this registry has no socket")


# --- Bodies that are not in the command ---------------------------------------------------------------------------


def test_a_large_body_is_a_file_that_a_comment_names() -> None:
    command = curl(rt.draft(rt.put_blob, "/v2/x?a", LARGE))
    name = f"blob-{hashlib.sha256(LARGE).hexdigest()[:12]}.bin"
    assert f"--upload-file {name}" in command
    assert f"# {name}: 5000 bytes, sha256:" in command


def test_a_large_manifest_is_in_the_command_up_to_64_kib() -> None:
    assert "printf" in curl(rt.draft(rt.put_manifest, "a", "b", b" " * 65536))
    assert "printf" not in curl(rt.draft(rt.put_manifest, "a", "b", b" " * 65537))


def test_a_body_that_is_written_out_is_private(tmp_path: Path) -> None:
    curl(rt.draft(rt.put_blob, "/v2/x?a", LARGE), body_dir=tmp_path)
    (written,) = tmp_path.iterdir()
    assert written.read_bytes() == LARGE
    assert written.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("fate", ["withheld", "partial"])
def test_a_record_whose_body_was_not_sent_whole_says_so(fate: str) -> None:
    body = BodyRecord(0, None, b"", fate)
    exchange = rt.Exchange(
        "put_blob", f"http://h/v2/x?digest={DIGEST}", RequestRecord("PUT", f"/v2/x?digest={DIGEST}", (), body)
    )
    assert f"# blob-{DIGEST[7:19]}.bin: the body, of which not all was sent; write the body to this file" in curl(
        exchange
    )


# --- Secrets ------------------------------------------------------------------------------------------------------


def test_a_secret_header_is_a_variable_that_the_shell_fills_in(wire: Wire, paste: Callable[..., str]) -> None:
    draft = rt.draft(rt.check_api).edit(headers={"Authorization": "Basic c2VjcmV0", "Cookie": "hidden=1"})
    command = curl(draft, registry_url=wire.url)
    assert '"Authorization: $REGTUTOR_AUTHORIZATION"' in command
    assert "c2VjcmV0" not in command and "hidden" not in command
    paste(command, REGTUTOR_AUTHORIZATION="Basic c2VjcmV0", REGTUTOR_COOKIE="hidden=1")
    lines = head_and_body(wire.sent(1)[0])[1]
    assert b"Authorization: Basic c2VjcmV0" in lines and b"Cookie: hidden=1" in lines


def test_a_recorded_secret_is_a_variable_too(wire: Wire, paste: Callable[..., str]) -> None:
    reg = rt.connect(wire.url)
    exchange = rt.check_api(reg.with_auth("alice", "swordfish"))
    reg.close()
    paste(curl(exchange), REGTUTOR_AUTHORIZATION="Bearer other")
    first, second = (head_and_body(data)[1] for data in wire.sent(2))
    assert b"Authorization: Basic YWxpY2U6c3dvcmRmaXNo" in first
    assert b"Authorization: Bearer other" in second


def test_secret_query_values_and_userinfo_are_variables(wire: Wire, paste: Callable[..., str]) -> None:
    url = f"http://me:pw1@127.0.0.1:{wire.port}/v2/$x?X-Amz-Signature=pw2&b=1&token=pw3_"
    command = curl(Request("check_api", "GET", Location(url)))
    assert "pw1" not in command and "pw2" not in command and "pw3" not in command
    paste(command, REGTUTOR_X_AMZ_SIGNATURE="one", REGTUTOR_TOKEN="two", REGTUTOR_USERINFO="a:b")
    assert b"GET /v2/$x?X-Amz-Signature=one&b=1&token=two HTTP/1.1" in wire.sent(1)[0]


def test_a_body_that_holds_a_secret_is_not_written_down(tmp_path: Path) -> None:
    draft = Request("x", "POST", "/v2/", (("Content-Type", "application/json"),)).edit(
        body=b'{"password": "swordfish"}'
    )
    assert "swordfish" not in curl(draft, body_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


# --- Hostile records ----------------------------------------------------------------------------------------------


def test_nothing_in_a_record_runs_in_the_shell(wire: Wire, paste: Callable[..., str], tmp_path: Path) -> None:
    bad = '\'; touch owned; "$(touch owned)"`touch owned`\ntouch owned\n#<redacted>'
    request = RequestRecord(
        bad, f"/{bad}", ((bad, bad), ("X", bad), ("Cookie", bad), ("Referer", f"http://h/?token={bad}"))
    )
    exchange = rt.Exchange(bad, f"{wire.url}/{bad}", request, proxy="")
    subprocess.run(["bash", "-c", curl(exchange)], cwd=tmp_path, timeout=60, capture_output=True, check=False)
    assert list(tmp_path.iterdir()) == []


def test_a_header_named_at_a_file_does_not_send_that_file(
    wire: Wire, paste: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "private").write_text("X-Leaked: yes\n")
    exchange = rt.Exchange("x", f"{wire.url}/", RequestRecord("GET", "/", (("@private", ""),)))
    command = curl(exchange)
    paste(command)
    assert b"Leaked" not in wire.sent(1)[0]
    assert "# left out, because the header cannot be sent: '@private'" in command


@pytest.mark.parametrize("url", ["file:///etc/passwd", "-K/etc/passwd", "", "http://"])
def test_only_http_urls_become_commands(url: str) -> None:
    with pytest.raises(InvalidURL):
        curl(rt.Exchange("x", url, RequestRecord("GET", "/")))


def test_a_target_that_would_change_the_host_is_no_command() -> None:
    for target in ("@elsewhere/v2/", ":81/v2/", "?only=query"):
        with pytest.raises(InvalidURL, match="begins with '/'"):
            curl(Request("check_api", "GET", target), registry_url="http://127.0.0.1:5000")


def test_a_draft_without_a_registry_asks_for_its_url(paste: Callable[..., str]) -> None:
    command = curl(rt.draft(rt.check_api))
    assert command.startswith("# REGISTRY: the URL of the registry") and '"$REGISTRY/v2/"' in command
    with rt.open_registry("embedded", quiet=True) as reg:
        assert status_of(paste(command, REGISTRY=reg.url)) == 200
