"""The order of the calls that make content durable: nothing is acknowledged or visible before it is on the disk.

``tests/conftest.py`` turns ``os.fsync`` off in this process; here, each call is recorded instead.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from regtutor.protocol.digests import Hasher
from regtutor.protocol.media_types import OCI_MANIFEST
from regtutor.server.app import App
from regtutor.server.storage import beside
from regtutor.server.storage.store import Store
from tests.server.inline import Inline, digest, image_manifest

Calls = list[tuple[str, str]]
"""``("write", path)``, ``("sync", path)``, ``("rename", path)``, ``("mkdir", path)``, ``("digest", value)``."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def calls(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Calls]:
    """Every durable call below the root, in order, with the path that the file has at that moment."""
    made: Calls = []
    replace, mkdir, write, digest_of = os.replace, os.mkdir, os.write, Hasher.digest.fget

    def path_of(descriptor: int) -> str:
        path = os.path.relpath(os.readlink(f"/proc/self/fd/{descriptor}"), root)
        return "" if path == "." else path

    def synced(descriptor: int) -> None:
        made.append(("sync", path_of(descriptor)))

    def replaced(source: Any, target: Any) -> None:
        replace(source, target)
        made.append(("rename", os.path.relpath(target, root)))

    def created(path: Any, *args: Any, **kwargs: Any) -> None:
        mkdir(path, *args, **kwargs)
        made.append(("mkdir", os.path.relpath(path, root)))

    def written(descriptor: int, data: Any) -> int:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            made.append(("write", path_of(descriptor)))
        return write(descriptor, data)

    def known(hasher: Hasher) -> str:
        assert digest_of is not None
        made.append(("digest", digest_of(hasher)))
        return made[-1][1]

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", synced)
        patch.setattr(os, "replace", replaced)
        patch.setattr(os, "mkdir", created)
        patch.setattr(os, "write", written)
        patch.setattr(Hasher, "digest", property(known))
        yield made


@pytest.fixture
def inline(root: Path) -> Iterator[Inline]:
    with Store(root) as store:
        yield Inline(App(store))


def at(calls: Calls, kind: str, end: str) -> int:
    """The place of the only call of ``kind`` to a path that ends with ``end``."""
    (found,) = [number for number, call in enumerate(calls) if call[0] == kind and call[1].endswith(end)]
    return found


def check_order(calls: Calls) -> None:
    """Each rename comes after the sync of the file and before that of its directory; a new repository is synced too."""
    for number, (kind, path) in enumerate(calls):
        if kind == "rename":
            before = [seen for seen in calls[:number] if seen[0] == "sync"]
            assert before, f"{path} was renamed before anything was synced"
            assert ("sync", os.path.dirname(path)) in calls[number:], f"the name of {path} is not on the disk"
        if kind == "mkdir" and path.endswith(("docker", "v2", "repositories", "repositories/a")):
            assert ("sync", os.path.dirname(path)) in calls[number:], f"the name of {path} is not on the disk"


def test_a_blob_is_hashed_then_synced_then_renamed_and_its_link_comes_last(inline: Inline, calls: Calls) -> None:
    location, name = inline.start("a"), digest(b"hello")
    calls.clear()
    assert inline.ask("PUT", f"{location}&digest={name}", b"hello").status == 201
    check_order(calls)
    hashed = next(number for number, call in enumerate(calls) if call == ("digest", name))
    (data_synced,) = [n for n, (kind, path) in enumerate(calls) if kind == "sync" and path.endswith("/data")]
    (link_synced,) = [n for n, (kind, path) in enumerate(calls) if kind == "sync" and "unfinished-" in path]
    blob = at(calls, "rename", f"{name[7:]}/data")
    link = at(calls, "rename", f"_layers/sha256/{name[7:]}/link")
    assert hashed < data_synced < blob < link
    assert link_synced < link
    assert calls[-1][0] == "sync", "after the last sync, nothing is left to be done"
    assert not [path for kind, path in calls if kind == "write" and path.startswith("docker")], "in place"


def test_a_manifest_and_its_links_are_synced_before_the_tag_moves(inline: Inline, calls: Calls) -> None:
    inline.push_image("a", "v1", b"{}", b"old")
    inline.push_blob("a", b"new")
    manifest = image_manifest(b"{}", b"new")
    name = digest(manifest)[7:]
    calls.clear()
    assert inline.ask("PUT", "/v2/a/manifests/v1", manifest, Content_Type=OCI_MANIFEST).status == 201
    check_order(calls)
    blob, revision = at(calls, "rename", f"{name}/data"), at(calls, "rename", f"revisions/sha256/{name}/link")
    tag = at(calls, "rename", "tags/v1/current/link")
    assert blob < revision < tag
    for end in (f"{name}", f"revisions/sha256/{name}"):
        synced = [n for n, call in enumerate(calls) if call[0] == "sync" and call[1].endswith(end)]
        assert min(synced) < tag, f"{end} is not on the disk when the acknowledged tag changes"


def test_what_is_acknowledged_before_a_manifest_is_on_the_disk_before_it(inline: Inline, calls: Calls) -> None:
    inline.push_image("a", "v1", b"{}", b"layer")
    check_order(calls)
    manifest = at(calls, "rename", f"{digest(image_manifest(b'{}', b'layer'))[7:]}/data")
    for blob in (b"{}", b"layer"):
        link = f"a/_layers/sha256/{digest(blob)[7:]}"
        assert max(n for n, (kind, path) in enumerate(calls) if kind == "sync" and path.endswith(link)) < manifest


def test_a_push_needs_few_syncs(inline: Inline, calls: Calls) -> None:
    """One for each file and one for its directory; the history of a tag needs none."""
    inline.push_image("a", "v1", b"{}", b"layer")
    calls.clear()
    inline.push_blob("a", b"2")
    assert [kind for kind, _ in calls].count("sync") == 4
    calls.clear()
    inline.ask("PUT", "/v2/a/manifests/v2", image_manifest(b"{}", b"2"), Content_Type=OCI_MANIFEST)
    assert [kind for kind, _ in calls].count("sync") == 6


def test_a_mount_is_synced(inline: Inline, calls: Calls) -> None:
    name = inline.push_blob("a", b"hello")
    calls.clear()
    assert inline.ask("POST", f"/v2/b/blobs/uploads/?mount={name}&from=a").status == 201
    check_order(calls)
    at(calls, "rename", f"b/_layers/sha256/{name[7:]}/link")


def test_a_wrong_digest_syncs_nothing(inline: Inline, calls: Calls) -> None:
    location = inline.start("a")
    calls.clear()
    assert inline.ask("PUT", f"{location}&digest={digest(b'other')}", b"hello").status == 400
    assert [call for call in calls if call[0] in ("sync", "rename")] == []


def test_a_large_blob_is_flushed_while_it_arrives_and_synced_at_the_end(
    inline: Inline, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "FLUSH", 1000)
    monkeypatch.setattr(beside, "SMALL", 100)
    data = bytes(range(250)) * 40
    location, name = inline.start("a"), digest(data)
    for start in range(0, len(data), 2500):
        answered = inline.ask("PATCH", location, data[start : start + 2500])
        location = (answered.header("Location") or "").removeprefix("http://r.example:5000")
    assert inline.ask("PUT", f"{location}&digest={name}").status == 201
    synced = [number for number, (kind, path) in enumerate(calls) if kind == "sync" and path.endswith("/data")]
    assert len(synced) >= 2 and max(synced) < at(calls, "rename", f"{name[7:]}/data")
    assert inline.ask("GET", f"/v2/a/blobs/{name}").body == data


def test_a_flush_that_fails_fails_the_upload(inline: Inline, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system reports a failed write to the first sync only: the last one would succeed."""
    monkeypatch.setattr(beside, "FLUSH", 1)
    failures, location = [OSError(5, "Input/output error")], inline.start("a")

    def sync(_descriptor: int) -> None:
        if failures:
            raise failures.pop()

    monkeypatch.setattr(os, "fsync", sync)
    with pytest.raises(OSError, match="Input/output error"):
        inline.ask("PUT", f"{location}&digest={digest(b'hello')}", b"hello")
    assert inline.ask("HEAD", f"/v2/a/blobs/{digest(b'hello')}").status == 404
