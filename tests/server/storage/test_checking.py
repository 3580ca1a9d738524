"""``fsck``: each kind of damage is found and named, and nothing is changed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from regtutor.protocol.digests import parse
from regtutor.protocol.media_types import OCI_INDEX, OCI_MANIFEST
from regtutor.server.app import App
from regtutor.server.storage.checking import check
from regtutor.server.storage.store import Store
from tests.server.inline import Inline, digest, image_manifest

LAYER = digest(b"layer")
MANIFEST = digest(image_manifest(b"{}", b"layer"))


def state(root: Path) -> dict[str, object]:
    return {
        str(path): path.read_bytes() if path.is_file() and not path.is_symlink() else path.lstat().st_mode
        for path in root.rglob("*")
    }


def _damage_blob(store: Store) -> Path:
    path = store.blob_path(parse(LAYER))
    path.write_bytes(b"lawyer")
    return path


def _lose_blob(store: Store) -> Path:
    store.blob_path(parse(LAYER)).unlink()
    return store.layer_link("a", parse(LAYER))


def _fifo(store: Store) -> Path:
    path = store.blob_path(parse(LAYER))
    path.unlink()
    os.mkfifo(path)
    return path


def _damage_layer_link(store: Store) -> Path:
    path = store.layer_link("a", parse(LAYER))
    path.write_text("hello")
    return path


def _damage_tag(store: Store) -> Path:
    path = store.tag_path("a", "v1") / "current" / "link"
    path.write_text("")
    return path


def _lose_revision(store: Store) -> Path:
    link = store.revision_link("a", parse(MANIFEST))
    link.unlink()
    return store.tag_path("a", "v1") / "current" / "link"


def _lose_link(store: Store) -> Path:
    store.layer_link("a", parse(LAYER)).unlink()
    return store.revision_link("a", parse(MANIFEST))


def _damage_manifest(store: Store) -> Path:
    path = store.blob_path(parse(MANIFEST))
    path.write_bytes(path.read_bytes() + b" ")
    return path


def _leave_file(store: Store) -> Path:
    path = store.own_path / "unfinished-abc"
    path.write_text("half")
    return path


def _leave_session(store: Store) -> Path:
    path = store.repository_path("a") / "_uploads" / ("0" * 8)
    path.mkdir(parents=True)
    (path / "startedat").write_text("2020-01-01T00:00:00Z")
    return path


@pytest.mark.parametrize(
    ("damage", "kinds", "mends"),
    [
        (_damage_blob, {"damaged blob"}, True),
        (_lose_blob, {"missing blob", "missing child"}, True),
        (_fifo, {"damaged blob", "missing child"}, True),
        (_damage_layer_link, {"damaged link", "missing child"}, True),
        (_damage_tag, {"damaged link"}, True),
        (_lose_revision, {"tag to nothing"}, True),
        (_lose_link, {"missing child"}, True),
        (_damage_manifest, {"damaged blob"}, True),
        (_leave_file, {"left over"}, False),
        (_leave_session, {"left over"}, False),
    ],
)
def test_each_kind_of_damage_is_named_and_a_push_mends_it(
    inline: Inline, store: Store, damage: Callable[[Store], Path], kinds: set[str], mends: bool
) -> None:
    inline.push_image("a", "v1", b"{}", b"layer")
    inline.push_image("b", "v1", b"{}", b"other")
    assert check(store.root) == []
    path = damage(store)
    before = state(store.root)
    found = check(store.root)
    assert state(store.root) == before, "nothing is changed"
    assert {problem.kind for problem in found} == kinds
    assert path in {problem.path for problem in found}
    assert all(problem.why and problem.next and problem.name for problem in found)
    if mends:
        for blob in (b"{}", b"layer"):
            inline.push_blob("a", blob)
        got = inline.ask("PUT", "/v2/a/manifests/v1", image_manifest(b"{}", b"layer"), Content_Type=OCI_MANIFEST)
        assert got.status == 201
        assert check(store.root) == []


def test_a_root_without_anything_is_whole(tmp_path: Path) -> None:
    assert check(tmp_path) == []


def test_what_a_sparse_index_lacks_is_a_note_if_it_is_permitted(store: Store) -> None:
    inline = Inline(App(store, sparse_indexes=True))
    child = image_manifest(b"{}", b"layer")
    entry = {"mediaType": OCI_MANIFEST, "digest": digest(child), "size": len(child)}
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}).encode()
    assert inline.ask("PUT", "/v2/a/manifests/v1", index, Content_Type=OCI_INDEX).status == 201
    assert [(one.kind, one.is_note) for one in check(store.root)] == [("missing child", False)]
    (note,) = check(store.root, sparse_indexes=True)
    assert (note.kind, note.is_note) == ("note", True) and digest(child) in note.why
    inline.push_image("a", "v2", b"{}", b"layer")
    store.layer_link("a", parse(LAYER)).unlink()
    assert [one.kind for one in check(store.root, sparse_indexes=True)] == ["missing child"], "a layer is no child"
