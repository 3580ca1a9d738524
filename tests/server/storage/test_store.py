"""What is on disk: CNCF Distribution's layout, one writer, and nothing outside of the root."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from regtutor.errors import ServerError, StoreLocked
from regtutor.protocol.digests import Digest
from regtutor.protocol.digests import parse as parse_digest
from regtutor.server.app import App
from regtutor.server.storage import store as store_module
from regtutor.server.storage.sessions import Sessions
from regtutor.server.storage.store import Store
from tests.server.inline import Inline, digest

REPOSITORIES = "docker/registry/v2/repositories"


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in (root / "docker").rglob("*") if path.is_file()}


def test_the_tree_is_distributions_and_a_link_is_a_digest_without_newline(inline: Inline, store: Store) -> None:
    manifest = inline.push_image("library/hello", "v1", b"{}", b"layer")
    blobs = {
        f"docker/registry/v2/blobs/sha256/{name[7:9]}/{name[7:]}/data": data
        for data in (b"{}", b"layer", manifest)
        for name in [digest(data)]
    }
    here, name = f"{REPOSITORIES}/library/hello", digest(manifest)
    links = {
        f"{here}/_layers/sha256/{digest(b'{}')[7:]}/link": digest(b"{}"),
        f"{here}/_layers/sha256/{digest(b'layer')[7:]}/link": digest(b"layer"),
        f"{here}/_manifests/revisions/sha256/{name[7:]}/link": name,
        f"{here}/_manifests/tags/v1/current/link": name,
        f"{here}/_manifests/tags/v1/index/sha256/{name[7:]}/link": name,
    }
    assert files(store.root) == blobs | {path: link.encode() for path, link in links.items()}


def test_a_blob_that_two_repositories_have_is_stored_once(inline: Inline, store: Store) -> None:
    for repository in ("a", "b", "a/b"):
        inline.push_blob(repository, b"hello")
    assert [path for path, data in files(store.root).items() if data == b"hello"] == [
        f"docker/registry/v2/blobs/sha256/2c/{digest(b'hello')[7:]}/data"
    ]


def test_what_a_link_says_counts_and_not_where_it_stands(inline: Inline, store: Store) -> None:
    inline.push_blob("a", b"hello")
    asked = digest(b"hello", "sha512")
    link = store.root / REPOSITORIES / "a/_layers/sha512" / asked.partition(":")[2] / "link"
    link.parent.mkdir(parents=True)
    link.write_text(digest(b"hello"))
    got = inline.ask("GET", f"/v2/a/blobs/{asked}")
    assert (got.status, got.body, got.header("Docker-Content-Digest")) == (200, b"hello", asked)
    assert inline.ask("POST", f"/v2/b/blobs/uploads/?mount={asked}&from=a").status == 201
    assert inline.ask("GET", f"/v2/b/blobs/{asked}").body == b"hello"


def test_a_link_to_bytes_that_are_gone_is_no_blob(inline: Inline, store: Store) -> None:
    name = inline.push_blob("a", b"hello")
    store.blob_path(parse_digest(name)).unlink()
    assert inline.ask("HEAD", f"/v2/a/blobs/{name}").status == 404


def test_a_damaged_link_is_missing_and_named_once_in_the_log(inline: Inline, store: Store) -> None:
    name, lines = inline.push_blob("a", b"hello"), []
    store.report = lines.append
    link = store.root / REPOSITORIES / "a/_layers/sha256" / name[7:] / "link"
    link.write_text("../../../etc/passwd")
    assert store.blob("a", parse_digest(name)) is None
    assert inline.ask("HEAD", f"/v2/a/blobs/{name}").status == 404
    assert len(lines) == 1 and str(link) in lines[0]
    inline.push_blob("a", b"hello")
    assert inline.ask("GET", f"/v2/a/blobs/{name}").body == b"hello"


def test_a_session_that_another_registry_began_is_taken_up_with_its_bytes(inline: Inline, store: Store) -> None:
    session = Sessions(store).start("a")
    session.data.write_bytes(b"hel")
    (session.data.parent / "hashstates/sha256").mkdir(parents=True)
    writer = session.writer()
    writer.write(b"lo")
    assert writer.received == 2
    writer.commit(parse_digest(digest(b"hello")))
    assert inline.ask("GET", f"/v2/a/blobs/{digest(b'hello')}").body == b"hello"
    assert not session.exists


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../a", "a/../b", "/a", "a/", "a//b", "A", "a\x00", "_layers", "a" * 256]
)
def test_a_name_that_is_none_never_reaches_the_disk(store: Store, name: str) -> None:
    hello = parse_digest(digest(b"hello"))
    for call in (
        lambda: store.blob(name, hello),
        lambda: store.link_blob(name, hello),
        lambda: store.mount_blob("a", hello, name),
        lambda: store.manifest(name, hello),
        lambda: store.put_manifest(name, hello, b"hello", "v1"),
        lambda: store.put_manifest("a", hello, b"hello", name + "/.."),
        lambda: store.tagged("a", name + "/.."),
        lambda: store.blob_path(Digest("sha256", name)),
        lambda: Sessions(store).start(name),
        lambda: Sessions(store).open("a", name),
    ):
        with pytest.raises(ValueError, match="is not a"):
            call()
    assert not (store.root / "docker").exists()


def test_the_store_does_not_know_that_there_are_uploads() -> None:
    source = ast.parse(Path(str(store_module.__file__)).read_text())
    imported = {node.module or "" for node in ast.walk(source) if isinstance(node, ast.ImportFrom)}
    assert not {name for name in imported if "sessions" in name or "purging" in name or "upload" in name}


def test_a_directory_has_one_writer(store: Store) -> None:
    with pytest.raises(StoreLocked, match="Close that registry"):
        Store(store.root)
    script = "import sys, regtutor.server.storage.store as s; s.Store(sys.argv[1])"
    other = subprocess.run([sys.executable, "-c", script, store.root], capture_output=True, text=True, timeout=60)
    assert "StoreLocked" in other.stderr
    store.close()
    Store(store.root).close()


def test_a_root_that_is_no_directory_is_a_named_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ServerError, match="cannot be used"):
        Store(tmp_path / "file")


def test_two_directories_have_two_writers(store: Store, tmp_path: Path) -> None:
    with Store(tmp_path / "other") as other:
        Inline(App(other)).push_blob("a", b"hello")
    assert not files(store.root)


def test_what_a_crash_left_unfinished_is_cleared_away(tmp_path: Path) -> None:
    Store(tmp_path).close()
    left_over = tmp_path / ".regtutor" / "unfinished-abc"
    left_over.write_bytes(b"half")
    Store(tmp_path).close()
    assert not left_over.exists()
