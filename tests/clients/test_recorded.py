"""Real clients through the recording proxy: before the embedded registry, Distribution, and nginx with TLS."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import oras.client
import pytest

import regtutor as rt
from regtutor.backends.opening import open_registry
from regtutor.backends.recorder.proxy import RecordingProxy
from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_image
from regtutor.exchange import Transcript
from regtutor.formats import load
from regtutor.steps import get_manifest
from regtutor.walks.pushing import push_image
from tests.cli.test_cli import COMMAND
from tests.clients.conftest import LIMIT, Skopeo, from_layout, run
from tests.clients.doors import NAME, PASSWORD, Door
from tests.clients.nginx import nginx_before

pytestmark = pytest.mark.clients

IMAGE = sample_image()
BEHIND = (
    "embedded",
    pytest.param("native", marks=pytest.mark.registry),
    pytest.param("nginx", marks=pytest.mark.registry),
)
PUSH = {
    "POST start_upload 202": 4,
    "PATCH patch_upload 202": 4,
    "PUT put_blob 201": 4,
    "PUT put_manifest 201": 1,
}
"""What containers/image sends for three layers and a config, besides HEAD: how often it asks depends on its caches."""

Client = Callable[..., str]


@pytest.fixture(params=BEHIND)
def behind(
    request: pytest.FixtureRequest, require_program: Callable[[str, str], str], tmp_path: Path
) -> Iterator[Registry]:
    """An empty registry: ours, Distribution, and Distribution with nginx and TLS before it."""
    if request.param == "embedded":
        with open_registry("embedded", quiet=True) as reg:
            yield reg
        return
    with open_registry("native", quiet=True, binary=request.getfixturevalue("registry_binary")) as reg:
        if request.param == "native":
            yield reg
            return
        with nginx_before(reg.url, require_program("nginx", "nginx"), tmp_path / "nginx") as (url, ca_file):
            yield rt.connect(url, verify=ca_file)


@pytest.fixture(params=["http", "tls"])
def proxy(request: pytest.FixtureRequest, behind: Registry) -> Iterator[RecordingProxy]:
    """The recording proxy before it, over HTTP and TLS."""
    with RecordingProxy(behind, tls=request.param == "tls") as proxy:
        yield proxy


def trust(proxy: RecordingProxy, side: str = "") -> tuple[str, ...]:
    """Options of skopeo, podman and buildah."""
    return (f"--{side}cert-dir", str(proxy.ca_file.parent)) if proxy.ca_file else (f"--{side}tls-verify=false",)


def requests(transcript: Transcript) -> Counter[str]:
    """How often each request was made, as ``METHOD step status``, except HEAD and ``GET /v2/``."""
    asks = ("check_api", "head_blob")
    return Counter(f"{one.method} {one.step} {one.status}" for one in transcript if one.step not in asks)


def check(proxy: RecordingProxy, behind: Registry) -> None:
    """Every exchange went to the registry, and the client was kept on the proxy in each upload."""
    assert not [exchange.error for exchange in proxy.transcript if exchange.error]
    assert all(exchange.url.startswith(f"{behind.url}/") for exchange in proxy.transcript)
    here, there = proxy.registry, behind.url.partition("://")[2]
    for exchange in proxy.transcript:
        assert f"The client sent Host: {here}" in str(exchange) and exchange.request_headers["Host"] == there
        assert exchange.headers.get("Location", "/").startswith(("/", behind.url))


def test_skopeo_copies_in_and_out(
    proxy: RecordingProxy, behind: Registry, layout: Path, skopeo: Skopeo, tmp_path: Path
) -> None:
    reference = f"docker://{proxy.registry}/library/hello:v1"
    skopeo("copy", *trust(proxy, "dest-"), f"oci:{layout}:v1", reference)
    pushed = requests(proxy.transcript)
    assert pushed == PUSH
    assert get_manifest(behind, "library/hello", "v1").content == IMAGE.manifest.data
    skopeo("copy", *trust(proxy, "src-"), reference, f"oci:{tmp_path / 'out'}:v1")
    assert from_layout(tmp_path / "out").manifest == IMAGE.digest
    assert requests(proxy.transcript) - pushed == {"GET get_manifest 200": 1, "GET get_blob 200": 4}
    check(proxy, behind)


def test_buildah_pushes_and_pulls(proxy: RecordingProxy, behind: Registry, layout: Path, buildah: Client) -> None:
    reference = f"{proxy.registry}/library/hello:v1"
    name = buildah("pull", "--quiet", f"oci:{layout}:v1")
    buildah("push", "--quiet", *trust(proxy), name, f"docker://{reference}")
    assert requests(proxy.transcript) == PUSH
    buildah("rmi", "--all", "--force")
    assert buildah("pull", "--quiet", *trust(proxy), reference) == IMAGE.config.digest.partition(":")[2]
    buildah("rmi", "--all", "--force")
    check(proxy, behind)


@pytest.mark.container
def test_podman_pushes_and_pulls(proxy: RecordingProxy, behind: Registry, layout: Path, containers: Client) -> None:
    reference = f"{proxy.registry}/library/hello:v1"
    name = containers("pull", "--quiet", f"oci:{layout}:v1")
    containers("push", *trust(proxy), name, f"docker://{reference}")
    assert requests(proxy.transcript) == PUSH
    containers("rmi", "--all", "--force")
    assert containers("pull", "--quiet", *trust(proxy), reference) == IMAGE.config.digest.partition(":")[2]
    check(proxy, behind)


@pytest.mark.parametrize("chunk", [None, 40_000])
def test_oras_py_pushes_and_pulls(
    proxy: RecordingProxy, behind: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int | None
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.bin").write_bytes(os.urandom(100_000))
    client = oras.client.OrasClient(
        hostname=proxy.registry,
        insecure=proxy.ca_file is None,
        tls_verify=str(proxy.ca_file or ""),
        auth_backend="basic",
    )
    client.session.trust_env = False
    target = f"{proxy.registry}/artifacts/data:v1"
    chunks = {"do_chunked": True, "chunk_size": chunk} if chunk else {}
    assert client.push(target, files=["data.bin"], quiet=True, **chunks).status_code == 201
    assert requests(proxy.transcript)["PATCH patch_upload 202"] == (3 if chunk else 0)
    (pulled,) = client.pull(target, outdir=str(tmp_path / "out"))
    assert Path(pulled).read_bytes() == (tmp_path / "data.bin").read_bytes()
    check(proxy, behind)


def test_curl_uploads_with_expect(
    proxy: RecordingProxy, behind: Registry, tmp_path: Path, require_program: Callable[[str, str], str]
) -> None:
    """curl asks before a large body; the registry's 100 is in the record."""
    curl = (
        require_program("curl", "curl"),
        "--silent",
        "--show-error",
        "--fail-with-body",
        "--path-as-is",
        "--http1.1",
    )
    ca_file = ("--cacert", str(proxy.ca_file)) if proxy.ca_file else ()
    data = os.urandom(3_000_000)
    (tmp_path / "blob").write_bytes(data)
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    started = run(*curl, *ca_file, "--include", "--request", "POST", f"{proxy.url}/v2/a/b/blobs/uploads/")
    (location,) = re.findall(r"(?im)^location: (\S+)", started)
    url = location if "://" in location else proxy.url + location
    assert url.startswith(proxy.url)
    put = f"{url}{'&' if '?' in url else '?'}digest={digest}"
    run(*curl, *ca_file, "--header", "Expect: 100-continue", "--upload-file", tmp_path / "blob", put)
    run(*curl, *ca_file, "--output", tmp_path / "out", f"{proxy.url}/v2/a/b/blobs/{digest}")
    assert (tmp_path / "out").read_bytes() == data
    _, upload, download = proxy.transcript
    assert [interim.status for interim in upload.interims] == [100]
    assert (upload.bytes_up, upload.request.body.digest, upload.request.body.fate) == (len(data), digest, "sent")
    assert download.response is not None and download.response.body.digest == digest
    check(proxy, behind)


def test_a_refusal_that_curl_waits_for(
    locked_door: Door, tmp_path: Path, require_program: Callable[[str, str], str]
) -> None:
    """The registry refuses before the body, so curl sends none."""
    (tmp_path / "blob").write_bytes(bytes(3_000_000))
    with RecordingProxy(locked_door.reg) as proxy:
        url = f"{proxy.url}/v2/a/b/blobs/uploads/?digest=sha256:{'0' * 64}"
        curl = (require_program("curl", "curl"), "--silent", "--header", "Expect: 100-continue", "--request", "POST")
        subprocess.run([*curl, "--data-binary", f"@{tmp_path / 'blob'}", url], timeout=LIMIT, capture_output=True)
        (exchange,) = proxy.transcript
    assert (exchange.status, exchange.bytes_up, exchange.request.body.fate) == (401, 0, "withheld")


def test_a_password_passes_and_is_in_no_record(locked_door: Door, layout: Path, skopeo: Skopeo, tmp_path: Path) -> None:
    with RecordingProxy(locked_door.reg) as proxy:
        target = f"docker://{proxy.registry}/library/hello:v1"
        creds = ("--dest-creds", f"{NAME}:{PASSWORD}")
        skopeo("copy", "--all", "--dest-tls-verify=false", *creds, f"oci:{layout}:v1", target)
        file = rt.save(proxy.transcript, tmp_path / "trace.json").read_text()
        har = rt.export(proxy.transcript, tmp_path / "trace.har").read_text()
        shown = f"{proxy.transcript} {proxy.transcript.exchanges!r} {file} {har}"
    assert proxy.transcript[0].status == 401 and "Basic <redacted>" in shown
    assert PASSWORD not in shown and "YW5u" not in shown


def test_the_command_line_ends_with_skopeos_status_and_shows_its_push(
    plain_door: Door, layout: Path, tmp_path: Path, require_program: Callable[[str, str], str]
) -> None:
    reg = plain_door.reg
    skopeo = (require_program("skopeo", "skopeo"), "--insecure-policy", "copy", "--dest-tls-verify=false")
    record = (*COMMAND, "record", "--to", reg.url, "--save", str(tmp_path / "trace.json"), "--")
    settings = {**os.environ, "REGISTRY_AUTH_FILE": str(tmp_path / "none.json")}
    for source, status in ((f"oci:{layout}:v1", 0), (f"oci:{layout}:nowhere", 1)):
        done = subprocess.run(
            [*record, *skopeo, source, "docker://{registry}/x:y"],
            capture_output=True,
            text=True,
            timeout=LIMIT,
            env=settings,
        )
        assert done.returncode == status, done.stderr
        if status == 0:
            lines = re.findall(r"^(\d{3})  (\w+)", done.stderr, re.MULTILINE)
            counted = Counter(f"{step} {code}" for code, step in lines if step not in ("check_api", "head_blob"))
            assert counted == {key.partition(" ")[2]: count for key, count in PUSH.items()}
            assert ("404", "head_blob") in lines
            assert requests(load(tmp_path / "trace.json")) == PUSH
    assert json.loads(get_manifest(reg, "x", "y").content) == json.loads(IMAGE.manifest.data)


@pytest.mark.parametrize("tls", [False, True])
def test_a_pull_of_an_index_through_it(plain_door: Door, skopeo: Skopeo, tmp_path: Path, tls: bool) -> None:
    push_image(plain_door.reg, rt.sample_index(), "library/hello", "v1")
    with RecordingProxy(plain_door.reg, tls=tls) as proxy:
        source = f"docker://{proxy.registry}/library/hello:v1"
        skopeo("copy", "--all", *trust(proxy, "src-"), source, f"oci:{tmp_path / 'out'}:v1")
        index = proxy.transcript[1]
    assert index.content == rt.sample_index().manifest.data and index.step == "get_manifest"
