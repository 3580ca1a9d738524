"""Referrers, checks and garbage in a directory to which CNCF Distribution's own binary writes meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from regtutor.protocol.media_types import OCI_MANIFEST
from regtutor.server.app import App
from regtutor.server.storage.checking import check
from regtutor.server.storage.collecting import collect
from regtutor.server.storage.store import Store
from tests.server.inline import Inline, digest, image_manifest
from tests.server.test_distribution import ACCEPT, ask, push

pytestmark = pytest.mark.registry
Distribution = Callable[[Path], AbstractContextManager[str]]


def signature(subject: bytes, number: int) -> bytes:
    named = {"mediaType": OCI_MANIFEST, "digest": digest(subject), "size": len(subject)}
    return image_manifest(b"{}", subject=named, annotations={"n": str(number)})


def referrers(inline: Inline, subject: bytes) -> list[str]:
    body = inline.ask("GET", f"/v2/a/referrers/{digest(subject)}").body
    assert isinstance(body, bytes)
    return [entry["digest"] for entry in json.loads(body)["manifests"]]


def test_referrers_are_right_whatever_the_real_registry_writes_and_deletes(
    tmp_path: Path, distribution: Distribution
) -> None:
    with distribution(tmp_path) as url, Store(tmp_path) as store:
        inline = Inline(App(store))
        subject = push(url, "a", "v1", b"{}")
        signed = [signature(subject, number) for number in range(3)]

        def put(manifest: bytes) -> None:
            target = f"/v2/a/manifests/{digest(manifest)}"
            assert ask(url, "PUT", target, manifest, Content_Type=OCI_MANIFEST)[0] == 201

        expected: set[str] = set()
        assert referrers(inline, subject) == []
        for manifest in signed:
            put(manifest)
            expected.add(digest(manifest))
            assert referrers(inline, subject) == sorted(expected)
        for manifest in signed:
            assert ask(url, "DELETE", f"/v2/a/manifests/{digest(manifest)}")[0] == 202
            expected.discard(digest(manifest))
            assert referrers(inline, subject) == sorted(expected)
        put(signed[1])
        assert referrers(inline, subject) == [digest(signed[1])]
        assert inline.ask("DELETE", f"/v2/a/manifests/{digest(signed[1])}").status == 202
        assert referrers(inline, subject) == []
        put(signed[1])
        assert referrers(inline, subject) == [digest(signed[1])]


def test_a_directory_of_the_real_registry_is_whole_and_its_garbage_is_found(
    tmp_path: Path, distribution: Distribution
) -> None:
    with distribution(tmp_path) as url:
        old = push(url, "a", "old", b"{}", b"old", b"shared")
        new = push(url, "a", "new", b"{}", b"new", b"shared")
        assert ask(url, "DELETE", f"/v2/a/manifests/{digest(old)}")[0] == 202
    assert [problem for problem in check(tmp_path) if problem.kind != "tag to nothing"] == []
    with Store(tmp_path) as store:
        garbage = collect(store, dry_run=False)
        assert {item.name for item in garbage if item.kind == "blob"} == {digest(b"old"), digest(old)}
        assert collect(store) == []
    assert check(tmp_path) == []
    with distribution(tmp_path) as url:
        assert ask(url, "GET", "/v2/a/manifests/new", Accept=ACCEPT)[::2] == (200, new)
        for blob in (b"{}", b"new", b"shared"):
            assert ask(url, "GET", f"/v2/a/blobs/{digest(blob)}")[::2] == (200, blob)
        assert push(url, "a", "old", b"{}", b"old", b"shared") == old, "what was removed can be pushed again"
