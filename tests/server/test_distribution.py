"""The tree on disk, shared with CNCF Distribution's own binary, and the same answers on the wire."""

from __future__ import annotations

import http.client
import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from regtutor.protocol.media_types import OCI_INDEX, OCI_MANIFEST
from regtutor.server.app import App
from regtutor.server.shell.listen import Server
from regtutor.server.storage.store import Store
from tests.server.inline import Inline, digest, image_manifest

pytestmark = pytest.mark.registry
Distribution = Callable[[Path], AbstractContextManager[str]]
ACCEPT = f"{OCI_MANIFEST}, {OCI_INDEX}"


def ask(
    url: str, method: str, target: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """One request on a connection of its own: status, headers (lower case) and body."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        connection.request(method, target, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()


def push(url: str, repository: str, tag: str, *blobs: bytes) -> bytes:
    """An image of these blobs, by the requests of the specification."""
    for blob in blobs:
        _, headers, _ = ask(url, "POST", f"/v2/{repository}/blobs/uploads/")
        target = f"{headers['location']}&digest={digest(blob)}".removeprefix(url)
        status, _, _ = ask(url, "PUT", target, blob, Content_Type="application/octet-stream")
        assert status == 201
    manifest = image_manifest(*blobs)
    status, _, answer = ask(url, "PUT", f"/v2/{repository}/manifests/{tag}", manifest, Content_Type=OCI_MANIFEST)
    assert status == 201, answer
    return manifest


def test_the_real_registry_serves_what_the_embedded_one_stored(tmp_path: Path, distribution: Distribution) -> None:
    root = tmp_path / "root"
    with Store(root) as store:
        inline = Inline(App(store))
        manifest = inline.push_image("library/hello", "v1", b"{}", b"layer")
        inline.push_blob("library/hello", b"by sha512", "sha512")
        entry = {"mediaType": OCI_MANIFEST, "digest": digest(manifest), "size": len(manifest)}
        index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}).encode()
        put = inline.ask("PUT", "/v2/library/hello/manifests/all", index, Content_Type=OCI_INDEX)
        assert put.status == 201
        mounted = inline.ask("POST", f"/v2/other/blobs/uploads/?mount={digest(b'layer')}&from=library/hello")
        assert mounted.status == 201
    with distribution(root) as url:
        assert ask(url, "GET", "/v2/library/hello/manifests/v1", Accept=ACCEPT)[::2] == (200, manifest)
        assert ask(url, "GET", f"/v2/library/hello/manifests/{digest(manifest)}", Accept=ACCEPT)[::2] == (200, manifest)
        assert ask(url, "GET", "/v2/library/hello/manifests/all", Accept=ACCEPT)[::2] == (200, index)
        for repository in ("library/hello", "other"):
            assert ask(url, "GET", f"/v2/{repository}/blobs/{digest(b'layer')}")[::2] == (200, b"layer")
        sha512 = digest(b"by sha512", "sha512")
        assert ask(url, "GET", f"/v2/library/hello/blobs/{sha512}")[::2] == (200, b"by sha512")
        assert json.loads(ask(url, "GET", "/v2/_catalog")[2]) == {"repositories": ["library/hello", "other"]}
        assert sorted(json.loads(ask(url, "GET", "/v2/library/hello/tags/list")[2])["tags"]) == ["all", "v1"]


def test_the_embedded_registry_serves_what_the_real_one_stored(tmp_path: Path, distribution: Distribution) -> None:
    root = tmp_path / "root"
    with distribution(root) as url:
        manifest = push(url, "library/hello", "v1", b"{}", b"layer")
        sha512 = digest(b"by sha512", "sha512")
        _, headers, _ = ask(url, "POST", "/v2/library/hello/blobs/uploads/")
        target = f"{headers['location']}&digest={sha512}".removeprefix(url)
        assert ask(url, "PUT", target, b"by sha512", Content_Type="application/octet-stream")[0] == 201
    with Store(root) as store:
        inline = Inline(App(store))
        for reference in ("v1", digest(manifest)):
            got = inline.ask("GET", f"/v2/library/hello/manifests/{reference}", Accept=ACCEPT)
            assert (got.status, got.body, got.header("Content-Type")) == (200, manifest, OCI_MANIFEST)
        assert inline.ask("GET", f"/v2/library/hello/blobs/{digest(b'layer')}").body == b"layer"
        assert inline.ask("GET", f"/v2/library/hello/blobs/{sha512}").body == b"by sha512"


def test_an_upload_that_the_real_registry_opened_is_finished_by_the_embedded_one_and_the_reverse(
    tmp_path: Path, distribution: Distribution
) -> None:
    root = tmp_path / "root"
    with distribution(root) as url:
        _, headers, _ = ask(url, "POST", "/v2/a/blobs/uploads/")
        begun_there = headers["location"].removeprefix(url)
    with Store(root) as store:
        inline = Inline(App(store, secret=b"shared"))
        assert inline.ask("PUT", f"{begun_there}&digest={digest(b'hello')}", b"hello").status == 201
        begun_here = inline.start("a")
    with distribution(root) as url:
        target = f"{begun_here}&digest={digest(b'there')}"
        assert ask(url, "PUT", target, b"there", Content_Type="application/octet-stream")[0] == 201
    with Store(root) as store:
        assert Inline(App(store)).ask("GET", f"/v2/a/blobs/{digest(b'there')}").body == b"there"


@pytest.fixture
def both(tmp_path: Path, distribution: Distribution) -> Iterator[tuple[str, str]]:
    """The URLs of an embedded and of a real registry, each with the same image in it."""
    with (
        Store(tmp_path / "embedded") as store,
        Server(App(store)) as server,
        distribution(tmp_path / "real") as real,
    ):
        for url in (server.url, real):
            push(url, "library/hello", "v1", b"{}", b"layer")
        yield server.url, real


LAYER = digest(b"layer")
IMAGE = digest(image_manifest(b"{}", b"layer"))
OTHER = digest(b"other")
SAME = [
    ("GET", "/v2/", {}),
    ("POST", "/v2/a/blobs/uploads/", {}),
    ("POST", f"/v2/a/blobs/uploads/?mount={LAYER}&from=library/hello", {}),
    ("POST", f"/v2/a/blobs/uploads/?mount={OTHER}&from=library/hello", {}),
    ("PUT", f"/v2/a/blobs/uploads/7e69daa4-c9ce-42bf-a9a2-168cdc3232c5?digest={LAYER}", {}),
    ("DELETE", "/v2/a/blobs/uploads/7e69daa4-c9ce-42bf-a9a2-168cdc3232c5?_state=AAAA", {}),
    ("HEAD", f"/v2/library/hello/blobs/{LAYER}", {}),
    ("GET", f"/v2/library/hello/blobs/{LAYER}", {}),
    ("GET", f"/v2/library/hello/blobs/{LAYER}", {"Range": "bytes=1-2"}),
    ("GET", f"/v2/library/hello/blobs/{LAYER}", {"If_None_Match": f'"{LAYER}"'}),
    ("GET", f"/v2/library/hello/blobs/{OTHER}", {}),
    ("GET", "/v2/library/hello/blobs/sha256:ab", {}),
    ("GET", f"/v2/other/blobs/{LAYER}", {}),
    ("HEAD", "/v2/library/hello/manifests/v1", {"Accept": ACCEPT}),
    ("GET", "/v2/library/hello/manifests/v1", {"Accept": ACCEPT}),
    ("GET", f"/v2/library/hello/manifests/{IMAGE}", {"Accept": ACCEPT}),
    ("GET", "/v2/library/hello/manifests/v1", {"Accept": OCI_INDEX}),
    ("GET", "/v2/library/hello/manifests/v2", {"Accept": ACCEPT}),
    ("PUT", f"/v2/library/hello/manifests/{OTHER}", {"Content_Type": OCI_MANIFEST}),
    ("PUT", "/v2/library/hello/manifests/v1", {"Content_Type": "text/plain"}),
    ("PUT", "/v2/other/manifests/v1", {"Content_Type": OCI_MANIFEST}),
    ("PUT", "/v2/library/hello/manifests/v2", {"Content_Type": OCI_MANIFEST}),
]


def test_the_same_requests_get_the_same_statuses_headers_and_codes(both: tuple[str, str]) -> None:
    def seen(url: str, method: str, target: str, headers: dict[str, str]) -> object:
        body = image_manifest(b"{}", b"layer") if method == "PUT" else None
        status, received, content = ask(url, method, target, body, **headers)
        if status >= 400:
            codes = {fault["code"] for fault in json.loads(content)["errors"]} if content else set()
            return status, received["content-type"], codes
        changing = {"date", "location", "docker-upload-uuid"}
        fixed = {name: value for name, value in received.items() if name not in changing}
        return status, set(received), fixed, content

    for row in SAME:
        embedded, real = (seen(url, *row) for url in both)
        assert embedded == real, row


@pytest.mark.clients
def test_skopeo_copies_out_an_image_that_umoci_made(
    tmp_path: Path, server: Server, require_program: Callable[[str, str], str]
) -> None:
    umoci, skopeo = require_program("umoci", "umoci"), require_program("skopeo", "skopeo")

    def run(*command: str) -> None:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr

    layout, back, (_, host) = tmp_path / "layout", tmp_path / "back", server.url.split("://")
    content = tmp_path / "content"
    content.mkdir()
    (content / "file").write_bytes(b"hello" * 100_000)
    run(umoci, "init", "--layout", str(layout))
    run(umoci, "new", "--image", f"{layout}:v1")
    run(umoci, "insert", "--rootless", "--image", f"{layout}:v1", str(content), "/content")
    (entry,) = json.loads((layout / "index.json").read_text())["manifests"]
    blobs = layout / "blobs" / "sha256"
    named = json.loads((blobs / entry["digest"][7:]).read_bytes())
    parts = [named["config"], *named["layers"]]
    inline = Inline(server.app)
    for part in parts:
        inline.push_blob("library/hello", (blobs / part["digest"][7:]).read_bytes())
    manifest = (blobs / entry["digest"][7:]).read_bytes()
    put = ask(server.url, "PUT", "/v2/library/hello/manifests/v1", manifest, Content_Type=OCI_MANIFEST)
    assert put[0] == 201
    run(skopeo, "copy", "--src-tls-verify=false", f"docker://{host}/library/hello:v1", f"oci:{back}:v1")
    copied = {path.name: path.read_bytes() for path in (back / "blobs" / "sha256").iterdir()}
    assert copied == {
        name[7:]: (blobs / name[7:]).read_bytes() for name in [entry["digest"], *(p["digest"] for p in parts)]
    }
