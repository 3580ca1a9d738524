"""The registry of lesson 07: it redirects to a storage that wants a signature, no password, and has damaged blobs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import regtutor as rt
from regtutor.client.registry import Registry
from regtutor.errors import ContentMismatch
from regtutor.lessons import session
from regtutor.lessons.storage_elsewhere import broken_download, storage_elsewhere
from tests.lessons.running import kernel

AMD64, ARM64 = rt.sample_index().images


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Registry]:
    with kernel("embedded", tmp_path):
        session.begin("07")
        yield storage_elsewhere()


@pytest.fixture
def hello(cloud: Registry) -> str:
    return session.current().stage.repository("hello")


def stored(cloud: Registry, hello: str, digest: str) -> rt.Exchange:
    moved = rt.get_blob(cloud, hello, digest).expect(307)
    assert moved.location is not None
    return cloud.send(rt.Request("storage", "GET", moved.location))


def test_a_good_blob_has_its_bytes_and_a_damaged_one_its_size(cloud: Registry, hello: str) -> None:
    good, config, program = (
        stored(cloud, hello, each.digest) for each in (AMD64.layers[0], AMD64.config, ARM64.layers[1])
    )
    digests = [each.response.body.digest if each.response else None for each in (good, config, program)]
    assert digests[0] == AMD64.layers[0].digest
    assert digests[1] != AMD64.config.digest and config.bytes_down == AMD64.config.size
    assert digests[2] != ARM64.layers[1].digest and program.bytes_down == ARM64.layers[1].size
    assert config.json()["config"]["Entrypoint"] == ["/bin/greed"]


def test_the_storage_wants_the_signature_of_this_blob_and_nothing_else(cloud: Registry, hello: str) -> None:
    first, second = (rt.get_blob(cloud, hello, each.digest).location for each in AMD64.layers[:2])
    assert first is not None and second is not None
    path, _, query = first.follow().partition("?")
    basic = (("Authorization", "Basic bGVhcm5lcjpleGFtcGxl"),)
    sent = [
        rt.Request("storage", "GET", first, basic),
        rt.Request("storage", "GET", path),
        rt.Request("storage", "GET", f"{second.follow().partition('?')[0]}?{query}"),
    ]
    assert [cloud.send(each).status for each in sent] == [400, 403, 403]
    assert stored(cloud, hello, "sha256:" + "0" * 64).status == 404


def test_the_registry_wants_the_password_relays_what_is_no_blob_and_changes_nothing(
    cloud: Registry, hello: str
) -> None:
    assert rt.check_api(rt.connect(cloud.url, proxies=None)).status == 401
    assert rt.get_manifest(cloud, hello, "v1").content == rt.sample_index().manifest.data
    assert rt.head_blob(cloud, hello, AMD64.config.digest).headers["Content-Length"] == str(AMD64.config.size)
    assert rt.get_manifest(cloud, hello, "v9").status == 404
    assert rt.delete_manifest(cloud, hello, "v1").status == 501


def test_a_step_that_finds_false_bytes_counts_as_sent_by_the_learner(cloud: Registry, hello: str) -> None:
    with pytest.raises(ContentMismatch):
        rt.pull_image(cloud, hello, "v1", Path("pulled"), platform="linux/amd64", progress=False)
    bodies = [each.response.body for each in session.current().exchanges if each.response]
    assert "discarded" in [body.fate for body in bodies]


def test_a_broken_download_is_the_beginning_of_the_blob(cloud: Registry, hello: str) -> None:
    with AMD64.config.open() as file:
        assert broken_download(hello, AMD64.config.digest, after=100) == file.read(100)
