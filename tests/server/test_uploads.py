"""Uploads in chunks: what stays, what is forgotten, what survives a restart, and how often bytes are hashed."""

from __future__ import annotations

import io
import os
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from regtutor.protocol import digests, ranges
from regtutor.protocol.digests import Hasher
from regtutor.protocol.media_types import OCI_MANIFEST
from regtutor.server.app import App
from regtutor.server.http import Head, Response
from regtutor.server.storage import purging, sessions
from regtutor.server.storage.hashes_in_progress import HashesInProgress
from regtutor.server.storage.sessions import Session, SessionBusy, SessionGone, Sessions
from regtutor.server.storage.store import Store
from tests.server.inline import Inline, digest, faults

HELLO = digest(b"hello")
ORIGIN = "http://r.example:5000"


def target(response: Response) -> str:
    """Where the answer says to go on."""
    return (response.header("Location") or "").removeprefix(ORIGIN)


def patched(inline: Inline, location: str, data: bytes, start: int) -> Response:
    return inline.ask(
        "PATCH", location, data, Content_Range=f"{start}-{start + len(data) - 1}", Content_Length=str(len(data))
    )


def begun(inline: Inline, location: str, **headers: str) -> object:
    outcome = inline.app.begin(Head("PATCH", location, tuple((k.replace("_", "-"), v) for k, v in headers.items())))
    assert not isinstance(outcome, Response), outcome
    return outcome


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_chunks_become_a_blob_whatever_the_algorithm_of_its_digest(inline: Inline, algorithm: str) -> None:
    location, data = inline.start("a"), os.urandom(1000)
    for start in range(0, 1000, 300):
        answered = patched(inline, location, data[start : start + 300], start)
        assert (answered.status, answered.header("Range")) == (202, f"0-{min(start + 300, 1000) - 1}")
        location = target(answered)
    name = digest(data, algorithm)
    assert inline.ask("PUT", f"{location}&digest={name}").status == 201
    assert inline.ask("GET", f"/v2/a/blobs/{name}").body == data


def test_what_came_of_a_chunk_that_was_cut_off_stays_and_the_client_can_go_on_from_there(inline: Inline) -> None:
    location = inline.start("a")
    sink = begun(inline, location, Content_Range="0-4", Content_Length="5")
    sink.write(b"hel")  # type: ignore[attr-defined]
    sink.abort()  # type: ignore[attr-defined]
    stands = inline.ask("GET", location)
    assert (stands.status, stands.header("Range")) == (204, "0-2")
    assert patched(inline, location, b"hello", 0).status == 416
    assert patched(inline, target(stands), b"lo", 3).status == 202


def test_a_status_does_not_disturb_a_chunk_on_its_way_and_shows_how_far_it_is(inline: Inline) -> None:
    location = inline.start("a")
    sink = begun(inline, location, Content_Range="0-4")
    sink.write(b"hel")  # type: ignore[attr-defined]
    assert inline.ask("HEAD", location).header("Range") == "0-2"
    sink.write(b"lo")  # type: ignore[attr-defined]
    assert sink.finish().status == 202  # type: ignore[attr-defined]


def test_a_client_that_comes_back_takes_over_from_its_own_cut_request(inline: Inline) -> None:
    location = inline.start("a")
    cut = begun(inline, location, Content_Range="0-4")
    cut.write(b"hel")  # type: ignore[attr-defined]
    stands = inline.ask("GET", location)
    answered = patched(inline, target(stands), b"lo", 3)
    assert answered.status == 202
    cut.write(b"lo")  # type: ignore[attr-defined]
    assert faults(cut.finish())[0]["code"] == "BLOB_UPLOAD_UNKNOWN"  # type: ignore[attr-defined]
    assert inline.ask("PUT", f"{target(answered)}&digest={HELLO}").status == 201


def test_a_chunk_that_is_not_as_long_as_was_said_is_forgotten(inline: Inline) -> None:
    location = inline.start("a")
    sink = begun(inline, location, Content_Range="0-4")
    sink.write(b"hel")  # type: ignore[attr-defined]
    refused = sink.finish()  # type: ignore[attr-defined]
    (fault,) = faults(refused)
    assert (refused.status, fault["code"]) == (400, "SIZE_INVALID")
    assert (fault["detail"]["given"], fault["detail"]["expected"]) == (3, 5)
    assert patched(inline, location, b"hello", 0).status == 202


TOO_LONG = "numbers of at most 18 digits, the most that this registry accepts, beginning with 3"
REFUSED = [
    ("4-8", "BLOB_UPLOAD_INVALID", "a range that begins with 3"),
    ("0-4", "BLOB_UPLOAD_INVALID", "a range that begins with 3"),
    ("bytes 3-7", "BLOB_UPLOAD_INVALID", "^[0-9]+-[0-9]+$, beginning with 3"),
    ("bytes=3-7", "BLOB_UPLOAD_INVALID", "^[0-9]+-[0-9]+$, beginning with 3"),
    ("3-7/8", "BLOB_UPLOAD_INVALID", "^[0-9]+-[0-9]+$, beginning with 3"),
    ("3-", "BLOB_UPLOAD_INVALID", "^[0-9]+-[0-9]+$, beginning with 3"),
    ("7-3", "BLOB_UPLOAD_INVALID", "a range whose last byte is not before its first byte, beginning with 3"),
    ("3-" + "9" * 19, "BLOB_UPLOAD_INVALID", TOO_LONG),
    ("3-" + "9" * 5000, "BLOB_UPLOAD_INVALID", TOO_LONG),
    ("3-\u0668", "BLOB_UPLOAD_INVALID", "^[0-9]+-[0-9]+$, beginning with 3"),
    ("3-8", "SIZE_INVALID", "the same number of bytes in both"),
]


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize(("content_range", "code", "expected"), REFUSED, ids=[row[0][:20] for row in REFUSED])
def test_a_refused_chunk_is_told_what_was_wrong_and_where_to_go_on(
    inline: Inline, method: str, content_range: str, code: str, expected: str
) -> None:
    location = target(patched(inline, inline.start("a"), b"abc", 0))
    query = f"&digest={HELLO}" if method == "PUT" else ""
    refused = inline.ask(method, location + query, b"hello", Content_Range=content_range, Content_Length="5")
    (fault,) = faults(refused)
    assert fault["code"] == code
    assert content_range in fault["detail"]["given"]
    assert fault["detail"]["expected"] == expected
    assert fault["detail"]["next"]
    if code == "BLOB_UPLOAD_INVALID":
        assert (refused.status, refused.header("Range"), target(refused)) == (416, "0-2", location)
    assert patched(inline, location, b"hello", 3).status == 202


@pytest.mark.parametrize("length", ["9" * 5000, "\u0665"])
def test_a_content_length_that_is_not_a_number_of_bytes_announces_nothing(inline: Inline, length: str) -> None:
    for method, target in (("PATCH", inline.start("a")), ("PUT", f"{inline.start('a')}&digest={HELLO}")):
        assert inline.ask(method, target, b"hello", Content_Length=length).status in (201, 202)
    manifest = inline.ask("PUT", "/v2/a/manifests/v1", b"{}", Content_Type=OCI_MANIFEST, Content_Length=length)
    assert (manifest.status, faults(manifest)[0]["code"]) == (400, "MANIFEST_INVALID")


def test_a_range_is_written_with_both_ends_included() -> None:
    assert ranges.chunk_range("0-0") == ranges.ChunkRange(0, 0)
    assert ranges.ChunkRange(0, 0).size == 1
    assert ranges.ChunkRange(3, 7).size == 5


def test_a_single_post_leaves_a_blob_or_nothing(inline: Inline, store: Store) -> None:
    query = f"/v2/a/blobs/uploads/?digest={HELLO}"
    assert inline.ask("POST", query, b"hellx").status == 400
    assert inline.ask("POST", query, b"hel", Content_Length="5").status == 400
    cut = inline.app.begin(Head("POST", query))
    assert not isinstance(cut, Response)
    cut.write(b"hel")
    cut.abort()
    assert not [path for path in (store.root / "docker").rglob("*") if path.is_file()]
    assert inline.ask("POST", query, b"hello").status == 201
    assert inline.ask("GET", f"/v2/a/blobs/{HELLO}").body == b"hello"
    assert not list((store.root / "docker").rglob("startedat"))


def test_the_smallest_chunk_is_told_and_a_smaller_one_is_taken(store: Store) -> None:
    inline = Inline(App(store, chunk_min_length=4))
    opened = inline.ask("POST", "/v2/a/blobs/uploads/")
    assert opened.header("OCI-Chunk-Min-Length") == "4"
    assert patched(inline, target(opened), b"hel", 0).status == 202
    assert Inline(App(store)).ask("POST", "/v2/a/blobs/uploads/").header("OCI-Chunk-Min-Length") is None


def test_an_upload_goes_on_after_the_registry_was_restarted(tmp_path: Path) -> None:
    with Store(tmp_path / "root") as store:
        inline = Inline(App(store))
        location = target(patched(inline, inline.start("a"), b"hel", 0))
    with Store(tmp_path / "root") as store:
        inline = Inline(App(store))
        answered = patched(inline, location, b"lo", 3)
        assert answered.status == 202
        assert inline.ask("PUT", f"{target(answered)}&digest={HELLO}").status == 201
        assert inline.ask("GET", f"/v2/a/blobs/{HELLO}").body == b"hello"


def test_the_secret_is_kept_for_its_owner_only_and_is_another_one_for_each_directory(tmp_path: Path) -> None:
    with Store(tmp_path / "one") as one, Store(tmp_path / "two") as two:
        assert one.secret() == one.secret() != two.secret()
        assert stat.S_IMODE((tmp_path / "one/.regtutor/secret").stat().st_mode) == 0o600
        (tmp_path / "one/.regtutor/secret").write_bytes(b"")
        assert len(one.secret()) == 32


def hashed_by(inline: Inline, monkeypatch: pytest.MonkeyPatch, chunks: int, *, restart: bool = False) -> int:
    """How many bytes are hashed for a blob that comes in so many chunks of 100 bytes."""
    counted: list[int] = []
    update = Hasher.update

    def counting(self: Hasher, chunk: bytes) -> None:
        counted.append(len(chunk))
        update(self, chunk)

    location, data = inline.start("a"), os.urandom(100 * chunks)
    with monkeypatch.context() as patch:
        patch.setattr(digests.Hasher, "update", counting)
        for start in range(0, len(data), 100):
            if restart and start == len(data) // 2:
                inline.app.sessions.hashes = HashesInProgress()
            location = target(patched(inline, location, data[start : start + 100], start))
        assert inline.ask("PUT", f"{location}&digest={digest(data)}").status == 201
    return sum(counted)


def test_each_byte_is_hashed_once_however_many_chunks_there_are(
    inline: Inline, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hashed_by(inline, monkeypatch, 40) == 4000


def test_where_the_hash_was_lost_the_bytes_are_read_once_more(inline: Inline, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hashed_by(inline, monkeypatch, 40, restart=True) == 2000 + 4000


def test_the_hashes_of_so_many_sessions_are_kept_and_no_more() -> None:
    kept = HashesInProgress(limit=2)
    for name in "abc":
        kept.keep(name, Hasher())
    assert len(kept) == 2
    assert kept.pop("a") is None
    assert kept.pop("c") is not None


def test_a_finished_or_cancelled_session_leaves_no_hash_behind(inline: Inline) -> None:
    location = target(patched(inline, inline.start("a"), b"hello", 0))
    assert len(inline.app.sessions.hashes) == 1
    assert inline.ask("PUT", f"{location}&digest={HELLO}").status == 201
    inline.ask("DELETE", target(patched(inline, inline.start("a"), b"hello", 0)))
    assert len(inline.app.sessions.hashes) == 0


def test_a_hash_is_kept_before_another_request_can_begin(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    uploads = Sessions(store)
    session = uploads.start("a")
    writer = session.writer()
    keep = uploads.hashes.keep

    def keep_while_it_writes(key: str, hasher: Hasher) -> None:
        assert uploads.uploading[key] is writer
        keep(key, hasher)

    monkeypatch.setattr(uploads.hashes, "keep", keep_while_it_writes)
    writer.pause()
    assert (len(uploads.hashes), uploads.uploading) == (1, {})


def test_of_two_threads_that_open_a_session_one_takes_it_over(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Sessions(store).start("a")
    begin = sessions.SessionWriter.__init__

    def begin_slowly(*args: Any) -> None:
        time.sleep(0.1)
        begin(*args)

    monkeypatch.setattr(sessions.SessionWriter, "__init__", begin_slowly)
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda _: session.writer(), range(2))
    assert sorted((first._end.taken, second._end.taken)) == [False, True]


def test_a_session_that_ended_after_it_was_looked_up_is_named_so(store: Store) -> None:
    uploads = Sessions(store)
    session = uploads.start("a")
    Session(uploads, "a", session.id).discard()
    assert uploads.open("a", session.id) is None
    assert session.size == 0
    for ended in (session.discard, session.writer, lambda: session.started_at):
        with pytest.raises(SessionGone):
            ended()


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "PUT", "GET"])
def test_a_request_to_a_session_that_another_one_ended_meanwhile_gets_404(
    inline: Inline, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    location = inline.start("a")
    assert inline.ask("DELETE", location).status == 204
    monkeypatch.setattr(Session, "exists", True)  # as it was a moment before
    answered = inline.ask(method, f"{location}&digest={HELLO}", b"hello")
    assert (answered.status, faults(answered)[0]["code"]) == (404, "BLOB_UPLOAD_UNKNOWN")


def test_of_a_cancel_and_a_commit_only_the_first_has_an_effect(store: Store) -> None:
    uploads = Sessions(store)
    cancelled, committing = uploads.start("a"), uploads.start("a")
    writer = cancelled.writer()
    writer.write(b"hello")
    cancelled.discard()
    with pytest.raises(SessionGone):
        writer.commit(digests.parse(HELLO))
    assert store.blob("a", digests.parse(HELLO)) is None
    writer = committing.writer()
    writer.write(b"hello")
    assert writer._take_end()  # as commit does first
    with pytest.raises(SessionBusy):
        committing.discard()


@pytest.mark.parametrize("keeps", [True, False])
def test_an_end_from_another_thread_waits_for_the_chunk_in_progress(store: Store, keeps: bool) -> None:
    session = Sessions(store).start("a")
    writer = session.writer(keeps=keeps)
    ending = threading.Thread(target=session.writer)  # takes the session over

    class Slow(io.FileIO):
        def write(self, data: object) -> int:
            ending.start()
            ending.join(0.2)
            return super().write(data)  # type: ignore[arg-type]

    writer._file.close()
    writer._file = Slow(session.data, "ab")
    writer.write(b"hello")
    ending.join(20)
    writer.write(b"more")
    assert (writer.received, session.data.read_bytes()) == (9, b"hello" if keeps else b"")
    with pytest.raises(SessionGone):
        writer.pause()


def test_a_commit_whose_session_cannot_be_removed_leaves_it_to_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = Sessions(store)
    session = uploads.start("a")
    writer = session.writer()
    writer.write(b"hello")
    with monkeypatch.context() as patched, pytest.raises(PermissionError):
        patched.setattr(Path, "rmdir", _refuse)
        patched.setattr(sessions.shutil, "rmtree", _refuse)
        writer.commit(digests.parse(HELLO))
    assert not uploads.uploading
    session.discard()
    assert not session.exists


def test_an_abort_whose_bytes_cannot_be_forgotten_leaves_the_session_to_others(store: Store) -> None:
    uploads = Sessions(store)
    session = uploads.start("a")
    writer = session.writer()
    writer.write(b"hello")
    writer._file.close()  # so that the truncation fails, as a broken disk may make it
    with pytest.raises(ValueError, match="closed file"):
        writer.abort()
    assert not uploads.uploading
    session.writer(keeps=True).pause()


def _refuse(path: Path) -> None:
    raise PermissionError(13, "Permission denied", str(path))


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_a_session_to_which_another_request_is_ending_is_to_be_asked_where_it_stands(
    inline: Inline, method: str
) -> None:
    location = inline.start("a")
    ending = begun(inline, location)
    (writer,) = inline.app.sessions.uploading.values()
    assert writer._take_end()  # as pause and commit do first
    (fault,) = faults(inline.ask(method, f"{location}&digest={HELLO}", b""))
    assert fault["code"] == "BLOB_UPLOAD_INVALID"
    assert fault["detail"]["expected"] == "a session that no other request is finishing"
    assert fault["detail"]["next"].startswith("GET the Location")
    assert inline.ask("GET", location).status == 204
    del ending


def aged(store: Store, repository: str, seconds: float) -> Path:
    """A session that began so many seconds ago."""
    session = Sessions(store).start(repository)
    began = time.gmtime(time.time() - seconds)
    (session.data.parent / "startedat").write_text(time.strftime("%Y-%m-%dT%H:%M:%SZ", began))
    return session.data.parent


def test_sessions_of_more_than_a_week_are_removed_when_an_app_opens_the_store(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        Inline(App(store)).push_blob("library/hello", b"hello")
        old, new = aged(store, "library/hello", purging.AGE + 60), aged(store, "library/hello/more", 60)
        nested = aged(store, "library/hello/more", purging.AGE + 60)
    with Store(tmp_path) as store:
        App(store)
        assert not old.exists() and not nested.exists()
        assert new.exists()
        assert store.blob("library/hello", digests.parse(HELLO)) is not None


def test_a_session_that_does_not_say_when_it_began_is_as_old_as_its_directory(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        session = aged(store, "a", 60)
    (session / "startedat").write_text("yesterday")
    assert purging.purge(tmp_path / "docker/registry/v2/repositories") == 0
    os.utime(session, (0, 0))
    assert purging.purge(tmp_path / "docker/registry/v2/repositories") == 1
