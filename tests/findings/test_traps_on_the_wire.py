"""The traps as registries here really answer."""

from __future__ import annotations

import gzip
import random
from typing import Any

import pytest

import regtutor as rt
from regtutor.exchange import Exchange
from regtutor.protocol.digests import sha256
from tests.findings.records import (
    PACKED,
    Recording,
)
from tests.refusing_registry import Reply, refusing_registry


def test_a_trap_on_the_wire_is_diagnosed_as_on_paper(reg: rt.Registry) -> None:
    start = rt.start_upload(reg, "traps/digest")
    (diagnosis,) = rt.explain(rt.put_blob(reg, start.location, b"abc", digest=sha256(b"x"))).diagnoses
    assert diagnosis.name == "the digest does not match the bytes"
    manifest = rt.put_manifest(reg, "traps/blobs", "v1", rt.sample_image().manifest)
    assert [item.name for item in rt.explain(manifest).diagnoses] == ["a blob of the manifest is missing"]
    index = rt.put_manifest(reg, "traps/blobs", "v1", rt.sample_index().manifest)
    (diagnosis,) = rt.explain(index).diagnoses
    assert diagnosis.name == "a manifest of the index is missing"
    assert "/v2/traps/blobs/manifests/<digest>" in diagnosis.next


def diagnosed(exchange: Exchange) -> list[str]:
    return [item.name for item in rt.explain(exchange).diagnoses]


def test_a_half_open_range_is_diagnosed_whether_the_registry_minds_or_not(reg: rt.Registry) -> None:
    start = rt.start_upload(reg, "traps/half-open")
    draft = rt.draft(rt.patch_upload, start.location, b"0123456789", start=0)
    made = reg.send(draft.edit(headers={"Content-Range": "0-10"}))
    assert made.status in (202, 400, 416)
    assert "half-open" in rt.explain(made).diagnoses[0].meaning


def test_a_gap_is_diagnosed_whether_the_registry_refuses_it_or_appends(reg: rt.Registry) -> None:
    start = rt.start_upload(reg, "traps/gap")
    first = rt.patch_upload(reg, start.location, b"0123456789", start=0)
    made = rt.patch_upload(reg, first.location, b"0123456789", start=20)
    expected = {416: "the chunk is out of order", 202: "the chunk landed at a different offset"}
    assert made.status is not None and diagnosed(made) == [expected[made.status]]


def test_an_empty_session_and_one_of_a_single_byte_are_told_apart_by_nobody(reg: rt.Registry) -> None:
    start = rt.start_upload(reg, "traps/one-byte")
    patched = rt.patch_upload(reg, start.location, b"x", start=0)
    assert diagnosed(patched) == []
    assert diagnosed(rt.get_upload(reg, patched.location)) == ["Range 0-0 means one byte or none"]


def test_a_diff_id_in_place_of_the_digest_is_recognised_by_unpacking(reg: rt.Registry) -> None:
    start = rt.start_upload(reg, "traps/diff-id")
    assert diagnosed(rt.put_blob(reg, start.location, PACKED, digest=sha256(b"abc"))) == ["the digest is the diff ID"]
    start = rt.start_upload(reg, "traps/diff-id")
    large = gzip.compress(random.Random(1).randbytes(9000))
    made = rt.put_blob(reg, start.location, large, digest=sha256(b"abc"))
    assert "diff ID" in rt.explain(made).diagnoses[0].next


OF_28 = ("in_process", {"quirks": "distribution-2.8"})
OF_NATIVE = pytest.param(("native", {}), marks=pytest.mark.registry, id="native")


@pytest.mark.parametrize("which", [pytest.param(OF_28, id="quirks"), OF_NATIVE])
def test_what_distribution_passes_over_is_diagnosed(
    which: tuple[str, dict[str, Any]], request: pytest.FixtureRequest
) -> None:
    name, options = which
    if name == "native":
        options = {"binary": request.getfixturevalue("registry_binary")}
    with rt.open_registry(name, quiet=True, **options) as reg:
        start = rt.start_upload(reg, "traps/put")
        put = rt.put_blob(reg, start.location, b"abc", start=5)
        posted = rt.post_blob(reg, "traps/post", b"abc")
    assert (put.status, diagnosed(put)) == (201, ["the registry ignored Content-Range on PUT"])
    assert (posted.status, diagnosed(posted)) == (202, ["202 means that the blob was not stored"])


@pytest.mark.parametrize("which", [pytest.param(OF_28, id="quirks"), OF_NATIVE])
def test_what_distribution_refuses_is_diagnosed(
    which: tuple[str, dict[str, Any]], request: pytest.FixtureRequest
) -> None:
    name, options = which
    if name == "native":
        options = {"binary": request.getfixturevalue("registry_binary")}
    with rt.open_registry(name, quiet=True, **options) as reg:
        rt.push_image(reg, rt.sample_image(), "traps/refused", "v1", progress=False)
        tag = rt.delete_manifest(reg, "traps/refused", "v1")
        other_algorithm = rt.get_blob(reg, "traps/refused", "sha999:abc")
        forged = rt.start_upload(reg, "traps/refused").location
        assert forged is not None
        state = forged.follow().replace("_state=", "_state=AAAA")
        refused = rt.put_blob(reg, state, b"abc", digest=sha256(b"abc"))
    assert (tag.status, diagnosed(tag)) == (400, ["this registry deletes by digest only"])
    assert diagnosed(other_algorithm) == ["unsupported digest algorithm"]
    assert (refused.status, diagnosed(refused)) == (404, ["the upload state was refused"])


@pytest.mark.registry
def test_a_blob_that_a_stale_cache_believes_in_is_diagnosed(registry_binary: str) -> None:
    cached = {"REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR": "inmemory"}
    with rt.open_registry("native", quiet=True, binary=registry_binary, settings=cached) as reg:
        start = rt.start_upload(reg, "traps/cache")
        digest = rt.put_blob(reg, start.location, b"x" * 120).expect(201).request.body.digest or ""
        (data,) = reg.host.root.glob(f"**/{digest.removeprefix('sha256:')}/data")  # type: ignore[union-attr]
        data.unlink()  # as a garbage collection does
        recording = Recording(reg)
        assert rt.head_blob(recording, "traps/cache", digest).status == 200
        got = rt.get_blob(recording, "traps/cache", digest)
    assert (got.status, got.bytes_down) == (200, 0)
    assert diagnosed(got) == ["Content-Length does not match the received body"]
    assert "Restart the registry" in rt.explain(got).diagnoses[0].next


def test_a_registry_without_tls_that_is_asked_over_tls_is_diagnosed() -> None:
    with rt.open_registry("embedded", quiet=True) as reg:
        recording = Recording(rt.connect(reg.url.replace("http:", "https:")))
        assert diagnosed(rt.check_api(recording)) == ["plain HTTP on this port"]


def as_vendors_do(method: str, target: str) -> Reply:
    """A Location outside of the API (Google), a Range that stands still (Amazon), a limit of a request (GitHub)."""
    if method == "POST":
        return 202, {"Location": "/artifacts-uploads/1"}, b""
    if "large" in target:
        return 416, {"Content-Type": "application/json"}, b'{"errors":[{"message":"chunk exceeds 4.00MiB"}]}'
    return 202, {"Location": target, "Range": "0-9"}, b""


def test_habits_of_other_registries_are_diagnosed_on_the_wire() -> None:
    with refusing_registry(as_vendors_do) as there:
        reg = rt.connect(there.url)
        start = rt.start_upload(reg, "traps/vendors")
        frozen = rt.patch_upload(reg, start.location, b"0123456789", start=10)
        large = rt.patch_upload(reg, f"{there.url}/large", b"0123456789", start=10)
    assert diagnosed(start) == ["Location is outside of /v2/"]
    assert diagnosed(frozen) == ["Location is outside of /v2/", "the chunk landed at a different offset"]
    assert diagnosed(large) == ["the chunk is too large"]
