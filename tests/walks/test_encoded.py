"""Responses that a proxy compresses although nobody asked for it: said so, and never called a damaged storage."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import regtutor as rt
from regtutor.errors import ContentMismatch
from regtutor.protocol.digests import sha256
from regtutor.protocol.encodings import UnpackingHasher
from tests.walks.serving import IMAGE, Answer, Asked, Script, honest, serving

CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
}


def encoding(coding: str, pack: Callable[[bytes], bytes], part: str, damaged: bool = False) -> Script:
    """A registry behind a proxy that compresses the responses whose path contains ``part``."""

    def answer(asked: Asked) -> Answer:
        found = honest()(asked)
        if part not in asked.path or found.status != 200:
            return found
        body = pack(found.body + b"x" if damaged else found.body)
        return replace(found, body=body, headers={**found.headers, "Content-Encoding": coding})

    return answer


@pytest.mark.parametrize("part", ["/manifests/", IMAGE.config.digest, IMAGE.layers[0].digest])
@pytest.mark.parametrize("coding", CODINGS)
def test_a_pull_says_that_the_content_is_encoded(coding: str, part: str, tmp_path: Path) -> None:
    with (
        serving(encoding(coding, CODINGS[coding], part)) as server,
        rt.connect(server.url) as reg,
        pytest.raises(ContentMismatch, match=f"Content-Encoding: {coding}.*unpacked bytes have the right") as caught,
    ):
        rt.pull_image(reg, "library/hello", "v1", tmp_path / "image", progress=False)
    assert "storage is damaged" not in str(caught.value) and "gzip off" in caught.value.next
    assert caught.value.exchange is not None
    found = rt.explain(caught.value.exchange).diagnoses
    assert [item.name for item in found] == ["the content is encoded"]
    small = part != IMAGE.layers[0].digest
    assert ("the unpacked bytes have it" in found[0].meaning) is small


def test_inspect_and_a_single_step_say_so_too(tmp_path: Path) -> None:
    script = encoding("gzip", gzip.compress, IMAGE.config.digest)
    with serving(script) as server, rt.connect(server.url) as reg:
        with pytest.raises(ContentMismatch, match="Content-Encoding: gzip"):
            rt.inspect_image(reg, "library/hello", "v1")
        with pytest.raises(ContentMismatch, match="Content-Encoding: gzip"):
            rt.get_blob(reg, "library/hello", IMAGE.config.digest, tmp_path / "config")
    assert not (tmp_path / "config").exists()


def test_content_that_is_wrong_in_either_form_is_not_called_right(tmp_path: Path) -> None:
    script = encoding("gzip", gzip.compress, "/manifests/", damaged=True)
    with (
        serving(script) as server,
        rt.connect(server.url) as reg,
        pytest.raises(ContentMismatch, match="its content cannot be compared"),
    ):
        rt.pull_image(reg, "library/hello", "v1", tmp_path / "image", progress=False)


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip"])
def test_a_coding_that_cannot_be_unpacked_is_named_all_the_same(coding: str, tmp_path: Path) -> None:
    script = encoding(coding, lambda data: b"?" + data[::-1], "/blobs/")
    with (
        serving(script) as server,
        rt.connect(server.url) as reg,
        pytest.raises(ContentMismatch, match=f"Content-Encoding: {coding}"),
    ):
        rt.pull_image(reg, "library/hello", "v1", tmp_path / "image", progress=False)


def test_identity_is_no_coding(tmp_path: Path) -> None:
    with serving(encoding("identity", bytes, "/")) as server, rt.connect(server.url) as reg:
        rt.pull_image(reg, "library/hello", "v1", tmp_path / "image", progress=False)


def test_unpacking_takes_constant_memory_and_any_pieces() -> None:
    packed, data = gzip.compress(bytes(50_000_000)), bytes(50_000_000)
    hasher = UnpackingHasher("gzip", "sha256")
    for at in range(0, len(packed), 7):
        hasher.update(packed[at : at + 7])
    assert hasher.digest == sha256(data)
    cut = UnpackingHasher("gzip", "sha256")
    cut.update(packed[:-20])
    assert cut.digest == ""


SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"


@pytest.mark.parametrize("accept", [["*/*"], [SCHEMA_1], ["application/json"]], ids=str)
@pytest.mark.registry
def test_a_manifest_that_was_rewritten_to_schema_1_is_named_where_it_is_read(
    accept: list[str], registry_binary: str, tmp_path: Path
) -> None:
    with rt.open_registry("native", quiet=True, binary=registry_binary) as reg:
        rt.push_image(reg, rt.sample_image(), "library/hello", "v1", progress=False)
        rt.pull_image(reg, "library/hello", "v1", tmp_path / "docker.tar", format="docker-archive", progress=False)
        rt.push_image(reg, rt.load_image(tmp_path / "docker.tar"), "library/docker", "v1", progress=False)
        read = rt.get_manifest(reg, "library/docker", "v1", accept=accept)
        head = rt.head_manifest(reg, "library/docker", "v1", accept=accept)
        right = rt.get_manifest(reg, "library/docker", "v1")
    for exchange in (read, head):
        assert (exchange.status, exchange.headers["Content-Type"]) == (200, SCHEMA_1)
        (found,) = rt.explain(exchange).diagnoses
        assert found.name == "perhaps rewritten to Schema 1"
    assert rt.explain(right).diagnoses == ()
