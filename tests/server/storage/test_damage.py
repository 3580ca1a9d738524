"""Damaged files: never served as if whole, in no one's way, named in the log, and mended by a new push."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from regtutor.protocol.digests import parse
from regtutor.protocol.media_types import OCI_MANIFEST
from regtutor.server.app import App
from regtutor.server.storage.checking import check
from regtutor.server.storage.store import Store
from tests.server.inline import Inline, digest, faults, image_manifest


@pytest.fixture
def lines(store: Store) -> list[str]:
    """The log."""
    found: list[str] = []
    store.report = found.append
    return found


def replaced_by(kind: str, path: Path) -> None:
    path.unlink()
    if kind == "directory":
        path.mkdir()
        (path / "inside").write_text("x")
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to("/etc/hostname")
    elif kind == "bytes":
        path.write_bytes(b"\xff\xfe\x00")
    else:
        path.write_text({"empty": "", "text": "hello", "other algorithm": "md5:abc"}[kind])


KINDS = ["directory", "fifo", "link", "bytes", "empty", "text", "other algorithm"]


def within(seconds: float, call: Callable[[], object]) -> object:
    """What ``call`` returns; a failure if it hangs."""
    got: list[object] = []
    thread = threading.Thread(target=lambda: got.append(call()), daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), "it hangs"
    return got[0]


def statuses(inline: Inline, *targets: str) -> list[int]:
    return [inline.ask(method, target).status for target in targets for method in ("GET", "HEAD")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_tag_is_missing_and_in_no_ones_way(inline: Inline, store: Store, lines: list[str], kind: str) -> None:
    manifest = inline.push_image("a", "v1", b"{}", b"layer")
    inline.push_image("a", "v2", b"{}", b"other")
    link = store.tag_path("a", "v1") / "current" / "link"
    replaced_by(kind, link)
    assert within(20, lambda: statuses(inline, "/v2/a/manifests/v1")) == [404, 404]
    assert statuses(inline, "/v2/a/manifests/v2", "/v2/a/tags/list") == [200] * 4
    assert inline.ask("PUT", "/v2/a/manifests/v1", manifest, Content_Type=OCI_MANIFEST).status == 201
    assert inline.ask("GET", "/v2/a/manifests/v1").body == manifest
    replaced_by(kind, link)
    other = digest(image_manifest(b"{}", b"other"))
    assert within(20, lambda: inline.ask("DELETE", f"/v2/a/manifests/{other}").status) == 202
    if kind != "link":
        assert str(link) in "".join(lines)


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_revision_is_missing_and_in_no_ones_way(
    inline: Inline, store: Store, lines: list[str], kind: str
) -> None:
    manifest = inline.push_image("a", "v1", b"{}", b"layer")
    name = digest(manifest)
    subject = {"mediaType": OCI_MANIFEST, "digest": name, "size": len(manifest)}
    signature = image_manifest(b"{}", subject=subject)
    inline.ask("PUT", f"/v2/a/manifests/{digest(signature)}", signature, Content_Type=OCI_MANIFEST)
    link = store.revision_link("a", parse(digest(signature)))
    replaced_by(kind, link)
    target = f"/v2/a/manifests/{digest(signature)}"
    assert within(20, lambda: statuses(inline, target)) == [404, 404]
    assert referrers(inline, name) == []
    assert inline.ask("PUT", target, signature, Content_Type=OCI_MANIFEST).status == 201
    assert inline.ask("GET", target).body == signature
    assert referrers(inline, name) == [digest(signature)]


def referrers(inline: Inline, subject: str) -> list[str]:
    body = inline.ask("GET", f"/v2/a/referrers/{subject}").body
    assert isinstance(body, bytes)
    return [entry["digest"] for entry in json.loads(body)["manifests"]]


@pytest.mark.parametrize("kind", ["directory", "fifo", "link", "bytes", "empty", "text"])
@pytest.mark.parametrize("verify_reads", [False, True])
def test_a_damaged_blob_does_not_hang_the_registry_and_is_mended(
    store: Store, lines: list[str], kind: str, verify_reads: bool
) -> None:
    inline = Inline(App(store, verify_reads=verify_reads))
    name = inline.push_blob("a", b"hello!")
    path = store.blob_path(parse(name))
    replaced_by(kind, path)
    got = within(20, lambda: statuses(inline, f"/v2/a/blobs/{name}"))
    is_file = kind in ("bytes", "empty", "text")
    assert got == [200 if is_file and not verify_reads else 404] * 2
    if not is_file or verify_reads:
        assert str(path) in "".join(lines)
    inline.push_blob("a", b"hello!")
    assert path.read_bytes() == b"hello!"
    assert statuses(inline, f"/v2/a/blobs/{name}") == [200, 200]


@pytest.mark.parametrize("how", ["one character", "cut", "empty", "valid JSON", "huge"])
def test_a_damaged_manifest_is_never_served(inline: Inline, store: Store, lines: list[str], how: str) -> None:
    manifest = inline.push_image("a", "v1", b"{}", b"layer")
    path = store.blob_path(parse(digest(manifest)))
    damaged = {
        "one character": manifest.replace(b"schemaVersion", b"schemaVersiom"),
        "cut": manifest[:-5],
        "empty": b"",
        "valid JSON": image_manifest(b"{}"),
        "huge": manifest + b" " * 5_000_000,
    }[how]
    path.write_bytes(damaged)
    for target in ("/v2/a/manifests/v1", f"/v2/a/manifests/{digest(manifest)}"):
        assert statuses(inline, target) == [404, 404]
        (fault,) = faults(inline.ask("GET", target))
        assert fault["code"] == "MANIFEST_UNKNOWN" and "damaged" in fault["detail"]["expected"]
    assert "".join(lines).count(str(path)) == 1
    assert inline.ask("PUT", "/v2/a/manifests/v1", manifest, Content_Type=OCI_MANIFEST).status == 201
    assert statuses(inline, "/v2/a/manifests/v1") == [200, 200]


LAYER = parse(digest(b"layer"))
MANIFEST = parse(digest(image_manifest(b"{}", b"layer")))
DIRECTORIES: dict[str, Callable[[Store], Path]] = {
    "repository": lambda store: store.repository_path("a"),
    "_uploads": lambda store: store.repository_path("a") / "_uploads",
    "_layers": lambda store: store.repository_path("a") / "_layers",
    "layer": lambda store: store.layer_link("a", LAYER).parent,
    "_manifests": lambda store: store.repository_path("a") / "_manifests",
    "revisions": lambda store: store.revisions_path("a"),
    "revision": lambda store: store.revision_link("a", MANIFEST).parent,
    "tags": lambda store: store.tags_path("a"),
    "tag": lambda store: store.tag_path("a", "v1"),
    "current": lambda store: store.tag_path("a", "v1") / "current",
    "blob": lambda store: store.blob_path(LAYER).parent,
    "bytes of the manifest": lambda store: store.blob_path(MANIFEST).parent,
}
"""Each directory that a push makes, and that somebody can have replaced."""


@pytest.mark.parametrize("kind", ["file", "fifo"])
@pytest.mark.parametrize("which", DIRECTORIES)
def test_what_is_in_the_place_of_a_directory_is_in_no_ones_way(
    inline: Inline, store: Store, lines: list[str], which: str, kind: str
) -> None:
    inline.push_image("b", "v1", b"{}", b"other")
    manifest = inline.push_image("a", "v1", b"{}", b"layer")
    path = DIRECTORIES[which](store)
    shutil.rmtree(path)
    path.write_text("notes of somebody") if kind == "file" else os.mkfifo(path)
    assert str(path) in {str(problem.path) for problem in check(store.root) if problem.kind == "misplaced"}
    targets = ["manifests/v1", f"manifests/{MANIFEST}", f"blobs/{LAYER}", "tags/list", f"referrers/{MANIFEST}"]
    for target in targets:
        assert set(within(20, lambda target=target: statuses(inline, f"/v2/a/{target}"))) <= {200, 404}
    assert statuses(inline, "/v2/b/manifests/v1", "/v2/b/tags/list", "/v2/_catalog") == [200] * 6
    assert inline.push_image("a", "v1", b"{}", b"layer") == manifest
    assert statuses(inline, "/v2/a/manifests/v1", f"/v2/a/blobs/{LAYER}") == [200] * 4
    assert check(store.root) == []
    moved = list(store.own_path.glob("misplaced-*"))
    assert len(moved) == 1 and (kind == "fifo" or moved[0].read_text() == "notes of somebody"), "nothing is deleted"
    assert any(str(path) in line and str(moved[0]) in line for line in lines)


def test_a_path_that_could_steer_a_terminal_is_printable_in_the_log(tmp_path: Path) -> None:
    lines: list[str] = []
    with Store(tmp_path / "a\x1b[2Jb") as store:
        store.report = lines.append
        inline = Inline(App(store))
        inline.push_image("a", "v1", b"{}")
        shutil.rmtree(store.tag_path("a", "v1"))
        store.tag_path("a", "v1").write_text("x")
        inline.push_image("a", "v1", b"{}")
    assert lines and all(line.isprintable() and line.isascii() for line in lines)


@pytest.mark.parametrize("kind", ["file", "link to a directory", "link to nothing"])
def test_a_tag_whose_directory_is_something_else_is_deleted(
    inline: Inline, store: Store, tmp_path: Path, kind: str
) -> None:
    inline.push_image("a", "v1", b"{}")
    path, other = store.tag_path("a", "v1"), tmp_path / "other"
    os.rename(path, other)
    path.write_text("x") if kind == "file" else path.symlink_to(other if kind == "link to a directory" else "nothing")
    assert inline.ask("DELETE", "/v2/a/manifests/v1").status == 202
    assert not os.path.lexists(path) and (other / "current" / "link").exists()
    assert not list(store.own_path.glob("removed-*"))


def test_a_link_to_nothing_in_the_place_of_a_directory_stays(inline: Inline, store: Store, tmp_path: Path) -> None:
    """Its target may be on a disk that is missing at the moment."""
    disk = tmp_path / "disk"
    inline.push_image("b", "v1", b"{}")
    disk.mkdir()
    store.repository_path("a").symlink_to(disk)
    manifest = inline.push_image("a", "v1", b"{}")
    os.rename(disk, tmp_path / "unplugged")
    assert statuses(inline, "/v2/a/manifests/v1") == [404, 404]
    for target in ("/v2/a/blobs/uploads/", f"/v2/a/blobs/uploads/?mount={digest(b'{}')}&from=b"):
        with pytest.raises(NotADirectoryError, match=str(store.repository_path("a"))):
            inline.ask("POST", target)
    assert store.repository_path("a").is_symlink()
    os.rename(tmp_path / "unplugged", disk)
    assert inline.ask("GET", "/v2/a/manifests/v1").body == manifest


@pytest.mark.parametrize("kind", ["directory", "fifo", "link", "startedat is a fifo", "startedat is bytes"])
def test_a_damaged_session_is_no_session(inline: Inline, store: Store, lines: list[str], kind: str) -> None:
    location = inline.start("a")
    (data,) = (store.repository_path("a") / "_uploads").glob("*/data")
    started = data.with_name("startedat")
    replaced_by(kind.removeprefix("startedat is a ").removeprefix("startedat is "), started if " " in kind else data)
    wanted = [204, 204] if kind == "startedat is bytes" else [404, 404]
    assert within(20, lambda: statuses(inline, location)) == wanted
    put = within(20, lambda: inline.ask("PUT", f"{location}&digest={digest(b'x')}", b"x").status)
    assert put == (201 if kind == "startedat is bytes" else 404)
    if kind in ("directory", "fifo", "link"):
        assert str(data) in "".join(lines)
    assert isinstance(within(20, lambda: App(store).sessions.purge()), int)


def test_a_link_with_the_digest_of_something_else_serves_nothing_else(inline: Inline, store: Store) -> None:
    manifest, other = inline.push_image("a", "v1", b"{}", b"layer"), inline.push_image("a", "v2", b"{}", b"other")
    store.revision_link("a", parse(digest(manifest))).write_text(digest(other))
    assert statuses(inline, f"/v2/a/manifests/{digest(manifest)}") == [404, 404]


@pytest.mark.parametrize("again", [False, True])
def test_a_root_that_was_deleted_is_said_by_every_request(tmp_path: Path, again: bool) -> None:
    root, log = tmp_path / "root", []
    with Store(root) as store:
        inline = Inline(App(store))
        manifest = inline.push_image("a", "v1", b"{}", b"layer")
        store.report = log.append
        location, name = inline.start("a"), digest(b"hello")
        sink = within(20, lambda: inline.app.begin(_head("PUT", f"{location}&digest={name}")))
        sink.write(b"hello")  # type: ignore[attr-defined]
        shutil.rmtree(root)
        if again:  # a second registry takes the directory
            other = Store(root)
        got = sink.finish()  # type: ignore[attr-defined]
        assert got.status == 503, "a commit that was under way"
        for method, target in (
            ("POST", "/v2/a/blobs/uploads/"),
            ("POST", f"/v2/a/blobs/uploads/?digest={name}"),
            ("PUT", f"{location}&digest={name}"),
            ("PATCH", location),
            ("PUT", "/v2/a/manifests/v1"),
            ("GET", "/v2/a/manifests/v1"),
            ("DELETE", "/v2/a/manifests/v1"),
        ):
            refused = inline.ask(method, target, manifest, Content_Type=OCI_MANIFEST)
            assert refused.status == 503, (method, target)
            (fault,) = faults(refused)
            assert fault["code"] == "UNAVAILABLE" and "deleted or replaced" in fault["detail"]["given"]
        assert any("503" in line and str(root) in line for line in log)
        if again:
            assert Inline(App(other)).push_blob("b", b"hello")
            other.close()
            assert not (root / "docker/registry/v2/repositories/a").exists(), "nothing of the first one"
        else:
            assert not root.exists()


def _head(method: str, target: str) -> object:
    from regtutor.server.http import Head

    return Head(method, target, (("Host", "r.example:5000"),))
