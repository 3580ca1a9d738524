"""The index of referrers: as quick with many manifests as with few, and right whatever another registry does."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from regtutor.protocol.digests import parse
from regtutor.protocol.media_types import OCI_MANIFEST
from regtutor.server.app import App
from regtutor.server.storage import folder_state
from regtutor.server.storage import referrers as referrers_module
from regtutor.server.storage.store import Store
from tests.server.inline import Inline, digest, image_manifest

_opened: list[str] | None = None


def _count(event: str, args: tuple[object, ...]) -> None:
    if _opened is not None and event in ("open", "os.listdir", "os.scandir"):
        _opened.append(str(args[0]))


sys.addaudithook(_count)


@contextmanager
def counting() -> Iterator[list[str]]:
    """The files that are opened and the directories that are listed inside the block."""
    global _opened
    _opened = found = []
    try:
        yield found
    finally:
        _opened = None


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of a directory is trusted at once."""
    monkeypatch.setattr(folder_state, "SETTLED", -1.0)


def signature(subject: bytes, number: int = 0, **fields: object) -> bytes:
    named = {"mediaType": OCI_MANIFEST, "digest": digest(subject), "size": len(subject)}
    return image_manifest(b"{}", subject=named, annotations={"n": str(number)}, **fields)


def push(inline: Inline, manifest: bytes, reference: str | None = None) -> str:
    target = f"/v2/a/manifests/{reference or digest(manifest)}"
    assert inline.ask("PUT", target, manifest, Content_Type=OCI_MANIFEST).status == 201
    return digest(manifest)


def referrers(inline: Inline, subject: bytes, query: str = "") -> list[str]:
    body = inline.ask("GET", f"/v2/a/referrers/{digest(subject)}{query}").body
    assert isinstance(body, bytes)
    return [entry["digest"] for entry in json.loads(body)["manifests"]]


def planted(store: Store, count: int) -> None:
    """So many manifests and tags of the repository a, written to the disk without the registry: quick, and foreign."""
    for number in range(count):
        data = image_manifest(b"{}", annotations={"planted": str(number)})
        name = parse(digest(data))
        link = store.revision_link("a", name)
        current = store.tag_path("a", f"planted-{number:06}") / "current" / "link"
        for path, content in ((store.blob_path(name), data), (link, str(name).encode()), (current, str(name).encode())):
            path.parent.mkdir(parents=True)
            path.write_bytes(content)


@pytest.mark.parametrize("count", [10, 1000, pytest.param(50_000, marks=pytest.mark.soak)])
def test_lists_open_as_many_files_among_many_manifests_as_among_few(tmp_path: Path, count: int) -> None:
    with Store(tmp_path) as store:
        inline = Inline(App(store))
        subject = inline.push_image("a", "v1", b"{}")
        planted(store, count)
        signed = [push(inline, signature(subject, number)) for number in range(3)]
        assert referrers(inline, subject) == sorted(signed)
        assert len(json.loads(inline.ask("GET", "/v2/a/tags/list?n=5").body)["tags"]) == 5  # type: ignore[arg-type]
        with counting() as opened:
            assert referrers(inline, subject) == sorted(signed)
        assert len(opened) <= 2 * len(signed), opened
        with counting() as opened:
            page = inline.ask("GET", "/v2/a/tags/list?n=5&last=planted-000002")
        assert len(opened) <= 6, opened
        assert page.status == 200 and "last=planted-000007" in (page.header("Link") or "")
    began = time.perf_counter()
    with Store(tmp_path) as store, counting() as opened:
        inline = Inline(App(store))
        if count > 1000:
            print(f"\nopening a store of {count} manifests: {time.perf_counter() - began:.3f} s")
        assert referrers(inline, subject) == sorted(signed), "the index outlives the store"
        assert len(opened) < 30, opened


def test_a_push_after_a_list_reads_that_manifest_only(inline: Inline, store: Store) -> None:
    subject = inline.push_image("a", "v1", b"{}")
    planted(store, 100)
    first = push(inline, signature(subject, 1))
    assert referrers(inline, subject) == [first]
    second = push(inline, signature(subject, 2))
    with counting() as opened:
        assert referrers(inline, subject) == sorted([first, second])
    assert len([path for path in opened if path.endswith("/data")]) == 1


def test_a_change_within_the_grain_of_the_clock_is_found(
    inline: Inline, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory whose time is recent is compared again: another registry can change it within the same tick."""
    monkeypatch.setattr(folder_state, "SETTLED", 1000.0)
    subject = inline.push_image("a", "v1", b"{}")
    folder = store.revisions_path("a") / "sha256"
    referrers(inline, subject)
    state = folder.stat()
    signed = push(inline, signature(subject))
    os.utime(folder, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert referrers(inline, subject) == [signed]


@pytest.mark.parametrize("what", ["link", "directory"])
def test_what_another_registry_deletes_and_writes_again_is_found(inline: Inline, store: Store, what: str) -> None:
    """Distribution deletes the link of a manifest and leaves its directory."""
    subject = inline.push_image("a", "v1", b"{}")
    signed = push(inline, signature(subject))
    link, data = store.revision_link("a", parse(signed)), store.blob_path(parse(signed))
    content = data.read_bytes()
    assert referrers(inline, subject) == [signed]
    link.unlink()
    if what == "directory":
        link.parent.rmdir()
    assert referrers(inline, subject) == []
    data.unlink()  # by its garbage collection
    (store.own_path / "referrers.sqlite").unlink()
    store.referrers.close()
    assert referrers(inline, subject) == []
    data.write_bytes(content)
    link.parent.mkdir(exist_ok=True)
    link.write_text(signed)
    assert referrers(inline, subject) == [signed]


@pytest.mark.parametrize("damage", ["text", "cut", "missing", "directory"])
def test_a_damaged_index_is_built_again(tmp_path: Path, damage: str) -> None:
    index, log = tmp_path / ".regtutor" / "referrers.sqlite", []
    with Store(tmp_path) as store:
        inline = Inline(App(store))
        subject = inline.push_image("a", "v1", b"{}")
        signed = [push(inline, signature(subject, number)) for number in range(50)]
        assert referrers(inline, subject) == sorted(signed)
    data = index.read_bytes()
    index.unlink()
    if damage == "text":
        index.write_text("hello" * 1000)
    elif damage == "cut":
        index.write_bytes(data[:5000])
    elif damage == "directory":
        index.mkdir()
    with Store(tmp_path) as store:
        store.report = log.append
        inline = Inline(App(store))
        assert referrers(inline, subject) == sorted(signed)
        assert bool(log) == (damage != "missing")


@pytest.mark.parametrize("left", ["an older one", "a newer one", "of another program"])
def test_an_index_of_another_version_is_made_again_and_not_misread(tmp_path: Path, left: str) -> None:
    index, log = tmp_path / ".regtutor" / "referrers.sqlite", []
    with Store(tmp_path) as store:
        inline = Inline(App(store))
        subject = inline.push_image("a", "v1", b"{}")
        signed = [push(inline, signature(subject, number)) for number in range(3)]
        os.utime(store.revisions_path("a") / "sha256", (1, 1))
        assert referrers(inline, subject) == sorted(signed)
    with closing(sqlite3.connect(index)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (referrers_module.VERSION,)
        database.execute('UPDATE manifest SET entry = \'{"digest": "misread"}\'')
        database.execute(f"PRAGMA user_version = {0 if left == 'an older one' else 99}")
        if left == "of another program":
            database.executescript("DROP TABLE manifest; PRAGMA user_version = 0")
        database.commit()
    with Store(tmp_path) as store:
        store.report = log.append
        assert referrers(Inline(App(store)), subject) == sorted(signed)
        assert referrers(Inline(App(store)), subject) == sorted(signed)
    assert len(log) == 1 and "version" in log[0]
    with closing(sqlite3.connect(index)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (referrers_module.VERSION,)


def test_damage_anywhere_in_the_index_is_found_when_it_is_read(tmp_path: Path) -> None:
    index, log = tmp_path / ".regtutor" / "referrers.sqlite", []
    with Store(tmp_path) as store:
        inline = Inline(App(store))
        subject = inline.push_image("a", "v1", b"{}")
        signed = sorted(push(inline, signature(subject, number)) for number in range(100))
        assert referrers(inline, subject) == signed
    whole = index.read_bytes()
    places = range(0, len(whole), 4096)
    damaged = [whole[:place] + b"\xa5" * 4096 + whole[place + 4096 :] for place in places]
    with closing(sqlite3.connect(index)) as database:
        database.execute("UPDATE manifest SET entry = substr(entry, 2)")
        database.commit()
    for data in (index.read_bytes(), *damaged):
        index.write_bytes(data)
        with Store(tmp_path) as store:
            store.report = log.append
            assert referrers(Inline(App(store)), subject) == signed
    assert len(log) >= len(places) // 2


def test_a_disk_that_takes_no_index_is_no_reason_to_refuse_a_list(
    inline: Inline, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = inline.push_image("a", "v1", b"{}")
    signed = sorted(push(inline, signature(subject, number)) for number in range(100))
    opens = referrers_module._index

    def full(path: str) -> sqlite3.Connection:
        index = opens(path)
        if path != ":memory:":
            index.execute("PRAGMA max_page_count = 6")  # the tables fit, and no rows
        return index

    monkeypatch.setattr(referrers_module, "_index", full)
    assert referrers(inline, subject) == signed
    assert referrers(inline, subject) == signed


def test_filters_and_pages_are_those_of_the_manifests(store: Store) -> None:
    inline = Inline(App(store, max_manifest_size=1500))
    subject = inline.push_image("a", "v1", b"{}")
    kinds = (f"application/x{number % 2}" for number in range(40))
    signed = {push(inline, signature(subject, n, artifactType=kind)): n for n, kind in enumerate(kinds)}
    odd = sorted(name for name, number in signed.items() if number % 2)
    found: list[str] = []
    target: str | None = f"/v2/a/referrers/{digest(subject)}?artifactType=application/x1"
    while target:
        got = inline.ask("GET", target)
        assert got.header("OCI-Filters-Applied") == "artifactType"
        assert isinstance(got.body, bytes)
        page = [entry["digest"] for entry in json.loads(got.body)["manifests"]]
        assert 0 < len(page) < len(odd)
        found += page
        target = (got.header("Link") or "").partition(">")[0].removeprefix("<") or None
    assert found == odd


def test_a_key_that_is_written_with_an_escape_is_a_subject_too(inline: Inline) -> None:
    subject = inline.push_image("a", "v1", b"{}")
    signed = push(inline, signature(subject).replace(b'"subject"', b'"\\u0073ubject"'))
    assert referrers(inline, subject) == [signed]


def test_without_sqlite_every_manifest_is_read(inline: Inline, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = inline.push_image("a", "v1", b"{}")
    signed = [push(inline, signature(subject, number)) for number in range(3)]
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    assert referrers(inline, subject) == sorted(signed)


def test_tags_that_change_are_listed_at_once(inline: Inline, store: Store) -> None:
    manifest = inline.push_image("a", "v1", b"{}")
    names = lambda: json.loads(inline.ask("GET", "/v2/a/tags/list").body)["tags"]  # type: ignore[arg-type]  # noqa: E731
    assert names() == ["v1"]
    push(inline, manifest, "V2")
    assert names() == ["v1", "V2"]
    assert inline.ask("DELETE", "/v2/a/manifests/v1").status == 202
    assert names() == ["V2"]
    (store.tag_path("a", "V2") / "current" / "link").unlink()
    assert names() == []
