"""``deletes``, ``chunk_min_length`` and ``verify_reads``: options of ``open_registry`` and of ``regtutor serve``."""

from __future__ import annotations

import re

import pytest
import requests

import regtutor as rt
from regtutor.backends.local_host import LocalHost
from regtutor.client.registry import Registry
from regtutor.protocol.digests import parse, sha256
from tests.cli.test_cli import serving

OURS = pytest.mark.parametrize("which", ["embedded", "in_process"])


def pushed_blob(reg: Registry, data: bytes = b"hello") -> str:
    digest = sha256(data)
    location = rt.start_upload(reg, "a").location
    assert rt.put_blob(reg, location, data, digest=digest).status == 201
    return digest


@OURS
def test_a_registry_without_deletes_refuses_them(which: str) -> None:
    with rt.open_registry(which, quiet=True, deletes=False) as reg:
        assert rt.delete_blob(reg, "a", pushed_blob(reg)).status == 405
    with rt.open_registry(which, quiet=True) as reg:
        assert rt.delete_blob(reg, "a", pushed_blob(reg)).status == 202


@OURS
def test_the_least_size_of_a_chunk_is_announced(which: str) -> None:
    with rt.open_registry(which, quiet=True, chunk_min_length=1000) as reg:
        assert rt.start_upload(reg, "a").headers["OCI-Chunk-Min-Length"] == "1000"
    with rt.open_registry(which, quiet=True) as reg:
        assert "OCI-Chunk-Min-Length" not in rt.start_upload(reg, "a").headers


@OURS
@pytest.mark.parametrize(("verify_reads", "status"), [(True, 404), (False, 200)])
def test_a_damaged_blob_is_found_if_reads_are_verified(which: str, verify_reads: bool, status: int) -> None:
    with rt.open_registry(which, quiet=True, verify_reads=verify_reads) as reg:
        digest = pushed_blob(reg)
        assert isinstance(reg.host, LocalHost)
        file = reg.host.store.blob_path(parse(digest))
        assert rt.head_blob(reg, "a", digest).status == 200
        file.write_bytes(b"jello")
        assert rt.head_blob(reg, "a", digest).status == status
        if not verify_reads:
            return
        assert rt.get_blob(reg, "a", digest).status == 404
        assert reg.logs().count(str(file)) == 1
        pushed_blob(reg)
        assert rt.get_blob(reg, "a", digest).content == b"hello"


def test_serve_has_the_same_options() -> None:
    with serving("--port", "0", "--no-deletes", "--chunk-min-length", "77", "--verify-reads") as served:
        url = re.findall(r"http://[0-9.:]+[0-9]", served.line())[0]
        assert requests.post(f"{url}/v2/a/blobs/uploads/", timeout=20).headers["OCI-Chunk-Min-Length"] == "77"
        assert requests.delete(f"{url}/v2/a/manifests/v1", timeout=20).status_code == 405
