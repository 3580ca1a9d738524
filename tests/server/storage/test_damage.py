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
