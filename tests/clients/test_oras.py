"""oras-py on the embedded registry: artifacts, pushed, pulled, listed and deleted through each door."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import oras.client
import oras.oci
import pytest

from regtutor.content.sample.image import sample_image
from regtutor.steps import get_manifest, get_referrers, head_manifest
from regtutor.walks.pushing import push_image
from tests.clients.doors import NAME, PASSWORD, Door

pytestmark = pytest.mark.clients


def client(door: Door) -> oras.client.OrasClient:
    made = oras.client.OrasClient(
        hostname=door.host,
        insecure=door.ca_file is None,
        tls_verify=str(door.ca_file) if door.ca_file else True,
        auth_backend="basic",
    )
    made.session.trust_env = False
    if door.password:
        made.auth.set_basic_auth(NAME, PASSWORD)
    return made


@pytest.fixture
def artifact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of 100,000 bytes; oras-py takes files below the working directory only."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.bin").write_bytes(os.urandom(100_000))
    return tmp_path / "data.bin"


@pytest.mark.parametrize("chunk", [None, 40_000])
def test_push_and_pull(door: Door, artifact: Path, tmp_path: Path, chunk: int | None) -> None:
    target = f"{door.host}/artifacts/data:v1"
    chunks = {"do_chunked": True, "chunk_size": chunk} if chunk else {}
    pushed = client(door).push(target, files=[artifact.name], quiet=True, **chunks)
    assert pushed.status_code == 201
    assert door.sent()["PATCH patch_upload 202"] == (3 if chunk else 0)
    (pulled,) = client(door).pull(target, outdir=str(tmp_path / "out"))
    assert Path(pulled).read_bytes() == artifact.read_bytes()


def test_pull_of_an_image_that_regtutor_pushed(door: Door, tmp_path: Path) -> None:
    push_image(door.reg, sample_image(), "library/hello", "v1")
    manifest = client(door).get_manifest(f"{door.host}/library/hello:v1")
    assert manifest == json.loads(sample_image().manifest.data)
    layer = sample_image().layers[0]
    saved = client(door).download_blob(f"{door.host}/library/hello", layer.digest, str(tmp_path / "layer"))
    assert "sha256:" + hashlib.sha256(Path(saved).read_bytes()).hexdigest() == layer.digest


def test_tags_page_by_page(door: Door) -> None:
    tags = [f"v{number:02}" for number in range(12)]
    for tag in tags:
        push_image(door.reg, sample_image(), "library/hello", tag)
    assert client(door).get_tags(f"{door.host}/library/hello") == tags
    assert client(door).get_tags(f"{door.host}/library/hello", N=5) == tags[:5]


def test_delete_of_tags(door: Door, artifact: Path) -> None:
    for tag in ("v1", "v2"):
        (artifact.parent / tag).write_text(tag)
        client(door).push(f"{door.host}/artifacts/data:{tag}", files=[tag], quiet=True)
    assert client(door).delete_tags(f"{door.host}/artifacts/data", "v1") == ["v1"]
    found = {tag: head_manifest(door.reg, "artifacts/data", tag).status for tag in ("v1", "v2")}
    assert found == {"v1": 404, "v2": 200}
    assert not client(door).delete_tag(f"{door.host}/artifacts/data", "nowhere")


def test_an_artifact_with_a_subject_is_listed_as_its_referrer(door: Door, artifact: Path) -> None:
    push_image(door.reg, sample_image(), "library/hello", "v1")
    image = get_manifest(door.reg, "library/hello", "v1")
    subject = oras.oci.Subject(image.headers["Content-Type"], sample_image().digest, len(image.content))
    client(door).push(f"{door.host}/library/hello:note", files=[artifact.name], subject=subject, quiet=True)
    listed = json.loads(get_referrers(door.reg, "library/hello", sample_image().digest).content)
    note = head_manifest(door.reg, "library/hello", "note").headers["Docker-Content-Digest"]
    assert [entry["digest"] for entry in listed["manifests"]] == [note]


def test_a_wrong_password_is_refused(locked_door: Door, artifact: Path) -> None:
    stranger = client(locked_door)
    stranger.auth.set_basic_auth(NAME, "wrong")
    with pytest.raises(ValueError, match="UNAUTHORIZED"):
        stranger.push(f"{locked_door.host}/artifacts/data:v1", files=[artifact.name], quiet=True)
    assert not locked_door.sent()


def test_what_a_push_sends(plain_door: Door, artifact: Path) -> None:
    """HEAD, POST, PUT for the file and for the empty config: no PATCH, unless chunks are asked for."""
    client(plain_door).push(f"{plain_door.host}/artifacts/data:v1", files=[artifact.name], quiet=True)
    assert plain_door.sent() == {
        "HEAD head_blob 404": 2,
        "POST start_upload 202": 2,
        "PUT put_blob 201": 2,
        "PUT put_manifest 201": 1,
    }


def test_a_large_file_goes_through_although_each_request_first_comes_without_the_password(
    locked_door: Door, artifact: Path
) -> None:
    """It sends each body twice, the first time in vain; over TLS it must live to see the 401."""
    artifact.write_bytes(os.urandom(12_000_000))
    target = f"{locked_door.host}/artifacts/data:v1"
    assert client(locked_door).push(target, files=[artifact.name], quiet=True).status_code == 201
    assert locked_door.refused() == {
        "HEAD head_blob": 2,
        "POST start_upload": 2,
        "PUT put_blob": 2,
        "PUT put_manifest": 1,
    }
