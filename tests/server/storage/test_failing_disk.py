"""A disk that is full, fails or is read-only: a response, no leftovers, and all is well when there is room again."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from regtutor.protocol.media_types import OCI_MANIFEST
from regtutor.server.app import App
from regtutor.server.http import Response
from regtutor.server.respond import internal_failure
from regtutor.server.storage import beside, durable
from regtutor.server.storage.store import Store
from tests.conftest import missing
from tests.server.inline import Inline, digest, faults, image_manifest

NO_SPACE = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def files(root: Path) -> set[str]:
    """The files below ``root``, without the lock, the secret and the index."""
    found = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    return {path for path in found if not path.startswith((".regtutor/lock", ".regtutor/secret", ".regtutor/ref"))}


def answered(inline: Inline, method: str, target: str, body: bytes = b"", **headers: str) -> Response:
    """The response, also to a request that fails inside: as the server makes it."""
    try:
        return inline.ask(method, target, body, **headers)
    except OSError as error:
        return internal_failure(error, lambda _line: None)


def fails_at(call: str) -> Callable[[pytest.MonkeyPatch, int], None]:
    """A function that lets the ``number``-th of these calls fail."""

    def inject(patch: pytest.MonkeyPatch, number: int) -> None:
        real, left = getattr(os, call), [number]

        def failing(*args: object, **kwargs: object) -> object:
            left[0] -= 1
            if left[0] == 0:
                raise NO_SPACE
            return real(*args, **kwargs)

        patch.setattr(os, call, failing)

    return inject


@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("call", ["write", "fsync", "replace", "mkdir"])
def test_a_manifest_that_cannot_be_stored_leaves_nothing(
    inline: Inline, store: Store, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    inline.push_image("a", "v1", b"{}", b"layer")
    inline.push_blob("a", b"2")
    manifest, before = image_manifest(b"{}", b"2"), files(store.root)
    with monkeypatch.context() as patch:
        fails_at(call)(patch, number)
        got = answered(inline, "PUT", "/v2/a/manifests/v1", manifest, Content_Type=OCI_MANIFEST)
    assert got.status in (201, 500)
    if got.status == 500:
        assert "No space left on device" in faults(got)[0]["detail"]["given"]
    assert not [path for path in files(store.root) - before if "unfinished" in path or "removed" in path]
    assert inline.ask("GET", "/v2/a/manifests/v1").status == 200, "the tag still points to something whole"
    assert inline.ask("PUT", "/v2/a/manifests/v1", manifest, Content_Type=OCI_MANIFEST).status == 201
    assert inline.ask("GET", "/v2/a/manifests/v1").body == manifest


@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("call", ["write", "fsync", "replace", "mkdir", "open"])
def test_an_upload_that_cannot_be_stored_leaves_nothing(
    inline: Inline, store: Store, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    inline.push_blob("a", b"1")
    name = digest(b"hello")
    location = inline.start("a")
    with monkeypatch.context() as patch:
        fails_at(call)(patch, number)
        got = answered(inline, "PUT", f"{location}&digest={name}", b"hello")
    assert got.status in (201, 500)
    assert not [path for path in files(store.root) if "unfinished" in path or "_uploads" in path]
    inline.push_blob("a", b"hello")
    assert inline.ask("GET", f"/v2/a/blobs/{name}").body == b"hello"


def test_bytes_that_a_flush_has_lost_are_not_in_the_session(inline: Inline, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system reports a failed write to one sync only: a later PUT would acknowledge bytes that are not on disk."""
    monkeypatch.setattr(beside, "FLUSH", 4)
    target = inline.start("a")
    with monkeypatch.context() as patch:
        fails_at("fsync")(patch, 1)
        got = answered(inline, "PATCH", target, b"hello")
    assert got.status >= 500
    state = inline.ask("GET", target)
    assert state.header("Range") == "0-0"
    (data,) = inline.app.store.root.rglob("_uploads/*/data")
    assert data.read_bytes() == b""
    assert inline.ask("PUT", f"{target}&digest={digest(b'hello')}", b"hello").status == 201


@pytest.mark.parametrize("name", ["touch", "write_text"])
def test_a_session_that_cannot_begin_leaves_nothing(
    inline: Inline, store: Store, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def fail(*_args: object) -> None:
        raise NO_SPACE

    with monkeypatch.context() as patch:
        patch.setattr(Path, name, fail)
        assert answered(inline, "POST", "/v2/a/blobs/uploads/").status == 500
    assert not files(store.root)
    assert inline.ask("POST", "/v2/a/blobs/uploads/").status == 202


@contextmanager
def descriptors_left(count: int) -> Iterator[None]:
    """Only ``count`` further files can be opened in the block."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))) + 20, hard))
    held = []
    try:
        with suppress(OSError):
            while True:
                held.append(os.open(os.devnull, os.O_RDONLY))
        for descriptor in held[:count]:
            os.close(descriptor)
        del held[:count]
        yield
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux lists the descriptors of a process")
@pytest.mark.parametrize("known", [False, True])
def test_a_single_post_without_descriptors_leaves_no_session(inline: Inline, store: Store, known: bool) -> None:
    if known:
        inline.push_blob("a", b"first")
    statuses = []
    for count in range(6):
        body = f"blob {count}".encode()
        with descriptors_left(count):
            got = answered(inline, "POST", f"/v2/a/blobs/uploads/?digest={digest(body)}", body)
        statuses.append(got.status)
        assert not list(store.root.rglob("_uploads/*")), f"{count} descriptors"
        if got.status == 201:
            assert inline.ask("GET", f"/v2/a/blobs/{digest(body)}").body == body
    assert set(statuses) == {503, 201} and statuses == sorted(statuses, reverse=True)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux lists the descriptors of a process")
def test_a_directory_that_cannot_be_synced_is_not_acknowledged(tmp_path: Path) -> None:
    with descriptors_left(0), pytest.raises(OSError, match="Too many open files"):
        durable.sync_folder(tmp_path)


def test_a_change_that_is_not_committed_leaves_nothing(tmp_path: Path) -> None:
    with durable.Change(tmp_path, print) as change:
        change.write(tmp_path / "a", b"hello")
    assert not list(tmp_path.iterdir())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        missing(f"no file system can be mounted: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True, timeout=20)


def test_a_full_disk_refuses_and_has_room_again_after_a_deletion(small_disk: Path) -> None:
    with Store(small_disk / "root") as store:
        inline = Inline(App(store))
        inline.push_image("a", "v1", b"{}", b"layer")
        filler = small_disk / "filler"
        filler.write_bytes(bytes(_free(small_disk) - 600_000))
        large = image_manifest(b"{}", b"layer", annotations={"a": "x" * 3_000_000})
        blob = os.urandom(2_000_000)
        for _ in range(5):
            before = _free(small_disk)
            got = answered(inline, "PUT", "/v2/a/manifests/v1", large, Content_Type=OCI_MANIFEST)
            assert got.status == 500 and "No space left" in faults(got)[0]["detail"]["given"]
            location = inline.start("a")
            assert answered(inline, "PUT", f"{location}&digest={digest(blob)}", blob).status == 500
            assert answered(inline, "DELETE", location).status in (204, 404)
            assert _free(small_disk) >= before - 8192
        assert inline.ask("GET", "/v2/a/manifests/v1").status == 200
        filler.unlink()
        assert inline.ask("PUT", "/v2/a/manifests/v1", large, Content_Type=OCI_MANIFEST).status == 201
        inline.push_blob("a", blob)


def test_a_disk_that_becomes_read_only_still_serves(
    inline: Inline, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the kernel makes it after an error. It cannot be done to a real one here: the lock is open for writing."""
    manifest = inline.push_image("a", "v1", b"{}", b"layer")
    with monkeypatch.context() as patch:
        for call in ("mkdir", "replace", "rename", "write"):
            patch.setattr(os, call, _read_only)
        opened = os.open
        writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT
        patch.setattr(os, "open", lambda path, flags, *a: _read_only() if flags & writes else opened(path, flags, *a))
        for method, target in (
            ("POST", "/v2/b/blobs/uploads/"),
            ("PUT", "/v2/a/manifests/v2"),
            ("DELETE", "/v2/a/manifests/v1"),
        ):
            got = answered(inline, method, target, manifest, Content_Type=OCI_MANIFEST)
            assert got.status == 500
            assert "Read-only file system" in faults(got)[0]["detail"]["given"]
        assert inline.ask("GET", "/v2/a/manifests/v1").body == manifest
    assert inline.ask("PUT", "/v2/a/manifests/v2", manifest, Content_Type=OCI_MANIFEST).status == 201


def _read_only(*_args: object) -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


def _free(path: Path) -> int:
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize
