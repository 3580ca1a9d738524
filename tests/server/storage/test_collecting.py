"""Garbage collection: what goes, what stays, and what happens beside it."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from regtutor.errors import StoreLocked
from regtutor.protocol.digests import parse
from regtutor.protocol.media_types import OCI_INDEX, OCI_MANIFEST
from regtutor.server.app import App
from regtutor.server.shell.listen import Server
from regtutor.server.storage import arrivals, checking, collecting
from regtutor.server.storage.collecting import Garbage, collect
from regtutor.server.storage.gate import Gate
from regtutor.server.storage.store import Store
from tests.server.inline import Inline, digest, image_manifest
from tests.server.wire import Wire


def index(*children: bytes, **fields: object) -> bytes:
    entries = [{"mediaType": OCI_MANIFEST, "digest": digest(child), "size": len(child)} for child in children]
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries, **fields}).encode()


def put(inline: Inline, reference: str, manifest: bytes, repository: str = "a") -> str:
    kind = json.loads(manifest)["mediaType"]
    got = inline.ask("PUT", f"/v2/{repository}/manifests/{reference}", manifest, Content_Type=kind)
    assert got.status == 201, got.body
    return digest(manifest)


def signature(subject: bytes, **fields: object) -> bytes:
    return image_manifest(
        b"{}", subject={"mediaType": OCI_MANIFEST, "digest": digest(subject), "size": len(subject)}, **fields
    )


def kinds(garbage: list[Garbage]) -> set[tuple[str, str]]:
    return {(item.kind, item.name) for item in garbage}


def exists(inline: Inline, *manifests: bytes) -> list[bool]:
    return [inline.ask("GET", f"/v2/a/manifests/{digest(manifest)}").status == 200 for manifest in manifests]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour has passed: whatever arrived is not part of a push any more."""
    monkeypatch.setattr(arrivals, "AGE", -1.0)


@pytest.mark.usefixtures("later")
def test_the_blobs_of_a_deleted_manifest_go_and_those_of_others_stay(inline: Inline, store: Store) -> None:
    old = inline.push_image("a", "v1", b"{}", b"old", b"shared")
    new = inline.push_image("a", "v2", b"{}", b"new", b"shared")
    elsewhere = inline.push_image("b", "v1", b"{}", b"elsewhere")
    assert collect(store) == []
    assert inline.ask("DELETE", f"/v2/a/manifests/{digest(old)}").status == 202
    listed = collect(store)
    assert kinds(listed) == {("link", digest(b"old")), ("blob", digest(b"old")), ("blob", digest(old))}
    assert sum(item.size for item in listed) == len(b"old") + len(old)
    assert {item.why for item in listed} == {"no manifest names it"}
    assert store.blob_path(parse(digest(b"old"))).exists(), "a dry run removes nothing"
    assert collect(store, dry_run=False) == listed
    assert not store.blob_path(parse(digest(b"old"))).exists()
    assert collect(store) == [] and checking.check(store.root) == []
    assert inline.ask("GET", "/v2/a/manifests/v2").body == new
    for blob in (b"{}", b"new", b"shared"):
        assert inline.ask("GET", f"/v2/a/blobs/{digest(blob)}").body == blob
    assert inline.ask("GET", "/v2/b/manifests/v1").body == elsewhere


@pytest.mark.usefixtures("later")
def test_children_of_a_living_index_and_referrers_of_a_living_subject_stay(inline: Inline, store: Store) -> None:
    inline.push_blob("a", b"{}")
    amd, arm, old = (image_manifest(b"{}", annotations={"n": name}) for name in ("amd", "arm", "old"))
    both = index(amd, arm)
    signed = signature(amd, annotations={"n": "signature"})
    of_signed = signature(signed, annotations={"n": "signature of the signature"})
    of_old = signature(old, annotations={"n": "signature of the old one"})
    for manifest in (amd, arm, old, signed, of_signed, of_old):
        put(inline, digest(manifest), manifest)
    put(inline, "v1", both)
    everything = (amd, arm, both, signed, of_signed)
    assert collect(store) == [], "untagged manifests are no garbage by default"
    listed = collect(store, untagged=True, dry_run=False)
    assert {name for kind, name in kinds(listed) if kind == "manifest"} == {digest(old), digest(of_old)}
    assert exists(inline, *everything) == [True] * 5
    assert exists(inline, old, of_old) == [False, False]
    assert inline.ask("DELETE", f"/v2/a/manifests/{digest(both)}").status == 202
    collect(store, untagged=True, dry_run=False)
    assert exists(inline, *everything) == [False] * 5
    assert not list(store.blobs_path.rglob("data")), "nothing names anything any more"
    assert checking.check(store.root) == []


@pytest.mark.usefixtures("later")
def test_a_manifest_whose_tag_has_moved_is_untagged(inline: Inline, store: Store) -> None:
    old = inline.push_image("a", "v1", b"{}", b"old")
    inline.push_image("a", "v1", b"{}", b"new")
    listed = collect(store, untagged=True, dry_run=False)
    assert {item.why for item in listed if item.kind == "manifest"} == {"no tag leads to it"}
    assert exists(inline, old) == [False]
    assert not list((store.tag_path("a", "v1") / "index").rglob(digest(old)[7:])), "its history goes too"


def test_what_a_push_in_progress_has_stored_stays(inline: Inline, store: Store) -> None:
    inline.push_blob("a", b"{}")
    inline.push_blob("a", b"layer")
    inline.ask("POST", f"/v2/b/blobs/uploads/?mount={digest(b'layer')}&from=a")
    child = image_manifest(b"{}", b"layer")
    put(inline, digest(child), child)
    assert collect(store, untagged=True) == []
    put(inline, "v1", index(child))
    assert collect(store, untagged=True) == []
    assert inline.ask("DELETE", "/v2/a/manifests/v1").status == 202
    names = {name for _, name in kinds(collect(store, untagged=True, dry_run=False))}
    assert {digest(child), digest(b"{}")} < names, "the push has ended: a deletion counts at once"
    assert digest(b"layer") not in names, "the push that mounted it in b has not ended"


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("damaged", ["manifest", "tag"])
def test_what_a_damaged_manifest_or_tag_may_name_stays(inline: Inline, store: Store, damaged: str) -> None:
    """Otherwise one damaged file would cost an image that a push of its manifest, or of its tag, still mends."""
    manifest = inline.push_image("a", "v1", b"{}", b"layer")
    path = store.blob_path(parse(digest(manifest)))
    if damaged == "tag":
        path = store.tag_path("a", "v1") / "current" / "link"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert collect(store, untagged=damaged == "tag", dry_run=False) == []
    put(inline, "v1", manifest)
    assert checking.check(store.root) == []


@pytest.mark.usefixtures("later")
def test_what_an_interrupted_collection_left_does_not_stop_the_next_one(inline: Inline, store: Store) -> None:
    name = parse(inline.push_blob("a", b"old"))
    left = store.own_path / f"removed-{name.encoded}"
    left.mkdir()
    (left / "data").write_bytes(b"old")
    assert {item.kind for item in collect(store, dry_run=False)} == {"link", "blob"}
    assert not store.blob_path(name).exists()


@pytest.mark.usefixtures("later")
def test_abandoned_sessions_go_and_others_stay(inline: Inline, store: Store) -> None:
    inline.push_blob("a", b"{}")
    inline.push_image("a", "v1", b"{}")
    old, new = inline.app.sessions.start("a/b"), inline.app.sessions.start("a")
    (old.data.parent / "startedat").write_text("2020-01-01T00:00:00Z")
    listed = collect(store, dry_run=False)
    assert [(item.kind, item.repository, item.name) for item in listed] == [("upload session", "a/b", old.id)]
    assert not old.exists and new.exists


@pytest.mark.usefixtures("later")
def test_bytes_under_another_digest_stay(inline: Inline, store: Store) -> None:
    """As Distribution stores a blob that was uploaded under its sha512."""
    name = inline.push_blob("a", b"layer")
    other = digest(b"layer", "sha512")
    store.link_blob("a", parse(other), parse(name))
    inline.push_blob("a", b"{}")
    manifest = json.loads(image_manifest(b"{}", b"layer"))
    manifest["layers"][0]["digest"] = other
    put(inline, "v1", json.dumps(manifest).encode())
    assert {kind for kind, _ in kinds(collect(store, dry_run=False))} <= {"link"}
    assert inline.ask("GET", f"/v2/a/blobs/{other}").body == b"layer"


@pytest.mark.usefixtures("later")
def test_a_manifest_during_a_collection_waits_and_is_then_refused_or_whole(
    inline: Inline, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    inline.push_blob("a", b"{}")
    inline.push_blob("a", b"layer")
    found, go = threading.Event(), threading.Event()
    remove = collecting._remove

    def slow(store: Store, item: Garbage) -> None:
        found.set()
        assert go.wait(20)
        remove(store, item)

    monkeypatch.setattr(collecting, "_remove", slow)
    collection = threading.Thread(target=collect, args=(store,), kwargs={"dry_run": False})
    collection.start()
    assert found.wait(20)
    got = []
    manifest = image_manifest(b"{}", b"layer")
    push = threading.Thread(
        target=lambda: got.append(inline.ask("PUT", "/v2/a/manifests/v1", manifest, Content_Type=OCI_MANIFEST).status)
    )
    push.start()
    push.join(0.2)
    assert got == [], "it waits"
    mounted = inline.ask("POST", f"/v2/b/blobs/uploads/?mount={digest(b'layer')}&from=a")
    assert mounted.status == 202, "a mount does not wait: the client sends the blob"
    assert inline.ask("GET", "/v2/").status == 200
    go.set()
    collection.join(20)
    push.join(20)
    assert got == [400], "not acknowledged without its blobs"
    assert inline.ask("GET", "/v2/a/manifests/v1").status == 404


@pytest.mark.usefixtures("later")
def test_a_mount_that_a_collection_overtakes_stops_nobody_else(
    inline: Inline, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The collection begins after the mount has found that there is none."""
    inline.push_blob("a", b"layer")
    looked, begun, go = threading.Event(), threading.Event(), threading.Event()

    def closed(_gate: Gate) -> bool:
        looked.set()
        assert begun.wait(20)
        return False

    def collection() -> None:
        assert looked.wait(20)
        with store.gate.alone():
            begun.set()
            assert go.wait(60)

    monkeypatch.setattr(Gate, "closed", property(closed))
    thread = threading.Thread(target=collection)
    thread.start()
    with Server(inline.app) as server, Wire(server) as mounting, Wire(server) as other:
        mounting.send(
            f"POST /v2/b/blobs/uploads/?mount={digest(b'layer')}&from=a HTTP/1.1", "Host: r", "Content-Length: 0"
        )
        assert begun.wait(20)
        for target in ("/v2/", "/v2/_catalog"):
            other.send(f"GET {target} HTTP/1.1", "Host: r")
            assert other.status() == 200, "others are served meanwhile"
        go.set()
        assert mounting.status() == 201
    thread.join(20)


def test_a_running_registry_is_not_disturbed(store: Store, tmp_path: Path) -> None:
    from regtutor.backends.maintenance import garbage_in

    Inline(App(store)).push_blob("a", b"hello")
    with pytest.raises(StoreLocked):
        garbage_in(store.root, dry_run=False, untagged=False)
    store.close()
    assert {item.kind for item in garbage_in(store.root, dry_run=False, untagged=False)} == {"link", "blob"}


def test_what_a_push_has_found_is_not_removed_before_its_manifest_arrives(
    inline: Inline, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A push sends no blob and no child of an index for which HEAD returned 200."""
    child = inline.push_image("a", "v1", b"{}", b"layer")
    assert inline.ask("DELETE", "/v2/a/manifests/v1").status == 202
    with monkeypatch.context() as patch:
        patch.setattr(arrivals, "AGE", -1.0)
        names = {name for _, name in kinds(collect(store, untagged=True))}
        assert {digest(child), digest(b"layer"), digest(b"{}")} <= names
    store.arrivals = arrivals.Arrivals()  # as long after the push
    for each in (b"layer", b"{}"):
        assert inline.ask("HEAD", f"/v2/a/blobs/{digest(each)}").status == 200
    assert inline.ask("HEAD", f"/v2/a/manifests/{digest(child)}").status == 200
    collect(store, untagged=True, dry_run=False)
    put(inline, "v2", index(child))
    assert exists(inline, child) == [True]
    assert inline.ask("GET", f"/v2/a/blobs/{digest(b'layer')}").body == b"layer"


def test_a_manifest_that_is_being_stored_and_a_collection_do_not_wait_for_each_other(
    inline: Inline, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The collection begins after the PUT has checked its blobs, and before the manifest is stored."""
    inline.push_blob("a", b"{}")
    inline.push_blob("a", b"layer")
    stores = store.put_manifest
    collection = threading.Thread(target=collect, args=(store,), kwargs={"dry_run": False}, daemon=True)

    def stores_beside_a_collection(*arguments: Any, **named: Any) -> None:
        collection.start()
        while collection.is_alive() and store.gate._alone is None:
            pass
        stores(*arguments, **named)

    monkeypatch.setattr(store, "put_manifest", stores_beside_a_collection)
    push = threading.Thread(target=put, args=(inline, "v1", image_manifest(b"{}", b"layer")), daemon=True)
    push.start()
    push.join(20)
    collection.join(20)
    assert not push.is_alive() and not collection.is_alive()
    assert inline.ask("GET", "/v2/a/manifests/v1").status == 200


def test_the_end_of_one_push_does_not_take_what_another_has_found(inline: Inline, store: Store) -> None:
    inline.push_blob("a", b"{}")
    inline.push_blob("a", b"layer")
    assert inline.ask("HEAD", f"/v2/a/blobs/{digest(b'layer')}").status == 200  # the other push
    first = put(inline, "v1", image_manifest(b"{}", b"layer", b"layer"))
    assert inline.ask("DELETE", f"/v2/a/manifests/{first}").status == 202
    assert kinds(collect(store, dry_run=False)) >= {("blob", digest(b"{}"))}
    assert inline.ask("GET", f"/v2/a/blobs/{digest(b'layer')}").body == b"layer"
    assert inline.ask("HEAD", f"/v2/a/blobs/{digest(b'other')}").status == 404
    assert parse(digest(b"other")) not in store.arrivals.recent()


def test_a_push_finds_nothing_that_a_collection_is_removing(
    inline: Inline, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it finds while the collection still searches stays, and what it asks for later, it sends."""
    inline.push_blob("a", b"found")
    inline.push_blob("a", b"late")
    store.arrivals = arrivals.Arrivals()
    searches, remove, asked = collecting._Search.found, collecting._remove, []

    def found(search: Any) -> Any:
        yield from searches(search)
        if not asked:
            asked.append(inline.ask("HEAD", f"/v2/a/blobs/{digest(b'found')}").status)

    def removing(store: Store, item: Garbage) -> None:
        asked.append(inline.ask("HEAD", f"/v2/a/blobs/{digest(b'late')}").status)
        remove(store, item)

    monkeypatch.setattr(collecting._Search, "found", found)
    monkeypatch.setattr(collecting, "_remove", removing)
    assert kinds(collect(store, dry_run=False)) == {("link", digest(b"late")), ("blob", digest(b"late"))}
    assert asked == [200, 404, 404]
    assert inline.push_blob("a", b"late") == digest(b"late")
    assert [inline.ask("GET", f"/v2/a/blobs/{digest(each)}").status for each in (b"found", b"late")] == [200, 200]
