"""The state machine behind the stepper, without a widget, against real registries."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from io import BytesIO
from typing import Any

import pytest

from regtutor.backends.opening import open_registry
from regtutor.client.registry import Registry
from regtutor.content.image import Image, Manifest
from regtutor.content.sample.image import sample_image
from regtutor.errors import ConnectionFailed, DigestMismatch, InvalidArgument, InvalidHeader, InvalidURL, PushFailed
from regtutor.exchange import Exchange, RequestRecord, ResponseRecord
from regtutor.message import CHUNK, HeaderList, Location, Request
from regtutor.protocol.digests import sha256
from regtutor.stepping.choices import chunk_size
from regtutor.stepping.draft import Draft
from regtutor.stepping.machine import NEW, SAME, Stepping
from regtutor.stepping.states import State, changes
from regtutor.storage_tree import StorageTree
from regtutor.walks.pushing import push_image

IMAGE = sample_image()


def large_image() -> Image:
    """An image with one layer of many chunks of reading."""
    data = bytes(20 * CHUNK + 1)
    layer = replace(IMAGE.layers[0], digest=sha256(data), size=len(data), opener=lambda: BytesIO(data))
    body = json.loads(IMAGE.manifest.data)
    body["layers"] = [body["layers"][0] | {"digest": layer.digest, "size": layer.size}]
    return Image(Manifest(json.dumps(body).encode(), IMAGE.media_type), IMAGE.config, (layer,))


LARGE = large_image()


def stepping(reg: Registry, repository: str = "library/hello") -> Stepping:
    return Stepping(reg, IMAGE, repository, "v1")


def steps(state: State) -> list[str]:
    return [exchange.step for exchange in state.exchanges]


def test_it_sends_what_push_image_sends(any_reg: Registry) -> None:
    with open_registry("embedded", quiet=True) as other:
        expected = [exchange.step for exchange in push_image(other, IMAGE, "library/hello", "v1", progress=False)]
    machine = stepping(any_reg)
    while machine.can_next:
        machine.next()
    assert steps(machine.state) == expected
    assert machine.state.complete
    assert machine.state.exchange is not None
    assert machine.state.exchange.headers["Docker-Content-Digest"] == IMAGE.digest


def test_next_sends_exactly_the_request_that_was_shown(reg: Registry) -> None:
    machine = stepping(reg)
    while machine.can_next:
        shown = machine.state.draft
        assert shown is not None
        exchange = machine.next().exchange
        assert exchange is not None
        assert (exchange.step, exchange.request.start_line) == (shown.step, shown.start_line)
        sent = [(name.lower(), value) for name, value in exchange.request.headers]
        assert all((name.lower(), value) in sent for name, value in shown.headers)


def test_back_shows_earlier_trees_as_they_were_and_sends_nothing(any_reg: Registry) -> None:
    machine = stepping(any_reg)
    trees = [machine.state.tree]
    while machine.can_next:
        trees.append(machine.next().tree)
    after = any_reg.tree()
    assert trees[0] != trees[-1]
    for tree in reversed(trees[:-1]):
        assert machine.back().tree == tree
    assert not machine.can_back
    assert any_reg.tree() == after


def test_after_back_next_goes_through_what_was_recorded_and_then_sends(reg: Registry) -> None:
    machine = stepping(reg)
    for _ in range(3):
        machine.next()
    third = machine.state
    machine.back()
    machine.back()
    assert not machine.live
    assert machine.next() is machine.states[2]
    assert machine.next() is third
    assert len(machine.states) == 4
    machine.next()
    assert len(machine.states) == 5


def test_a_state_is_frozen_and_keeps_its_own_exchanges(reg: Registry) -> None:
    machine = stepping(reg)
    first = machine.next()
    machine.run()
    assert len(first.exchanges) == 1
    with pytest.raises(FrozenInstanceError):
        first.number = 7  # type: ignore[misc]


def test_run_starts_at_the_latest_state_and_is_bounded(reg: Registry) -> None:
    machine = stepping(reg)
    machine.next()
    machine.next()
    machine.back()
    seen: list[int] = []
    assert machine.run(lambda state: seen.append(state.number), limit=3).number == 5
    assert seen == [3, 4, 5]
    assert machine.can_send
    assert machine.run().complete
    assert machine.run() is machine.states[-1]


class HasEverything:
    """A transport to a registry that has every blob."""

    def send(self, request: Request, url: str, headers: HeaderList, registry: str) -> Exchange:
        sent = RequestRecord(request.method, request.shown_target, headers)
        return Exchange(request.step, url, sent, ResponseRecord(200, "OK"), started="2025-01-01T00:00:00.000+00:00")

    def close(self) -> None: ...


def test_a_run_sends_five_hundred_requests_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "regtutor.stepping.machine.progress", lambda *_, **_named: ()
    )  # it looks at all exchanges each time
    many = [replace(IMAGE.layers[0], digest=sha256(bytes([number % 256, number // 256]))) for number in range(600)]
    machine = Stepping(Registry("http://registry", HasEverything()), replace(IMAGE, layers=tuple(many)), "a", "v1")
    assert machine.run().number == 500
    assert machine.can_send


def test_reset_in_a_new_repository_uploads_again_and_mounts_nothing(any_reg: Registry) -> None:
    machine = stepping(any_reg)
    machine.run()
    said = machine.reset(NEW)
    assert machine.repository == "library/hello-2"
    assert "library/hello-2, without mount" in said
    machine.run()
    assert machine.state.complete
    assert "mount_blob" not in steps(machine.state)
    assert steps(machine.state).count("put_blob") == len(IMAGE.blobs)
    machine.reset(NEW)
    assert machine.repository == "library/hello-3"


def test_reset_in_the_same_repository_finds_every_blob(any_reg: Registry) -> None:
    machine = stepping(any_reg)
    machine.run()
    said = machine.reset(SAME)
    assert "same repository, library/hello" in said
    machine.run()
    assert steps(machine.state) == ["head_blob"] * len(IMAGE.blobs) + ["put_manifest"]
    assert [exchange.status for exchange in machine.state.exchanges] == [200] * len(IMAGE.blobs) + [201]


def test_a_new_repository_is_one_that_this_client_has_not_pushed_to(reg: Registry) -> None:
    push_image(reg, IMAGE, "library/hello-2", "v1", progress=False)
    machine = stepping(reg)
    machine.reset(NEW)
    assert machine.repository == "library/hello-3"


def test_the_first_walk_uploads_whatever_was_pushed_elsewhere_before(reg: Registry) -> None:
    push_image(reg, IMAGE, "library/first", "v1", progress=False)
    machine = stepping(reg)
    machine.run()
    assert steps(machine.state).count("put_blob") == len(IMAGE.blobs)
    assert "mount_blob" not in steps(machine.state)


def test_a_walk_that_uploads_leaves_a_repository_with_the_blobs_alone(any_reg: Registry) -> None:
    push_image(any_reg, IMAGE, "library/hello", "v1", progress=False)
    another_client = Registry(any_reg.url, any_reg._transport, host=any_reg.host)
    machine = stepping(another_client)
    assert machine.repository == "library/hello-2"
    assert machine.state.note == (
        "library/hello already has blobs of this content, so this walk uses the new repository library/hello-2."
    )
    assert [exchange.status for exchange in machine.prepared] == [200, *[404] * len(IMAGE.blobs)]
    machine.run()
    assert steps(machine.state).count("put_blob") == len(IMAGE.blobs)


def test_reset_in_the_middle_of_an_upload_names_the_session_left_behind(reg: Registry) -> None:
    machine = stepping(reg)
    while machine.state.draft is not None and machine.state.draft.step != "put_blob":
        machine.next()
    assert "session that request 2 opened" in machine.reset(NEW)
    assert "session" not in machine.reset(NEW)


def test_a_refusal_stops_the_walk_in_a_state_of_its_own(reg: Registry) -> None:
    machine = stepping(reg, "UPPER/case")
    with pytest.raises(PushFailed) as caught:
        machine.run()
    assert machine.state.error is caught.value
    assert machine.state.exchange is not None
    assert machine.state.exchange.status == 400
    assert not machine.can_next
    assert machine.back().error is None
    assert machine.next().error is caught.value


def test_a_lost_connection_stops_the_walk_and_keeps_what_was_seen(free_port: int) -> None:
    from regtutor.client.wire.transport import WireTransport

    machine = stepping(Registry(f"http://127.0.0.1:{free_port}", WireTransport(timeout=2)))
    with pytest.raises(ConnectionFailed):
        machine.next()
    assert isinstance(machine.state.error, ConnectionFailed)
    assert machine.state.number == 1
    assert machine.state.draft is None


def test_a_damaged_layer_is_cancelled_before_the_walk_stops(any_reg: Registry) -> None:
    good = IMAGE.layers[0]
    bad = replace(good, opener=lambda: BytesIO(b"x" * good.size))
    machine = Stepping(any_reg, replace(IMAGE, layers=(bad, *IMAGE.layers[1:])), "library/hello", "v1")
    for _ in range(3):
        machine.next()
    assert machine.state.draft is not None
    assert machine.state.draft.step == "cancel_upload"
    assert "does not match its digest" in machine.state.note
    with pytest.raises(DigestMismatch):
        machine.next()
    assert machine.state.exchange is not None
    assert machine.state.exchange.step == "cancel_upload"
    assert machine.state.exchange.status == 204


def test_a_fault_of_our_own_is_a_state_too(reg: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = stepping(reg)
    monkeypatch.setattr(reg, "send", _broken)
    with pytest.raises(ZeroDivisionError):
        machine.next()
    assert isinstance(machine.state.error, ZeroDivisionError)
    assert not machine.can_next


def _broken(request: Request) -> Exchange:
    raise ZeroDivisionError(f"a fault while sending {request.step}")


def test_a_registry_known_by_its_url_alone_says_that_its_tree_cannot_be_seen(reg: Registry) -> None:
    unseen = Registry(reg.url, reg._transport)
    machine = stepping(unseen)
    machine.next()
    assert machine.state.tree is None
    assert "cannot be seen" in machine.state.unseen


def test_a_storage_that_cannot_be_read_is_told_and_stops_nothing(
    reg: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable() -> StorageTree:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(reg, "tree", unreadable)
    machine = stepping(reg)
    assert machine.run().complete
    assert (machine.state.tree, machine.state.unseen) == (None, "The storage cannot be read: Permission denied")


def test_changes_names_what_is_new_gone_and_of_another_size() -> None:
    before = StorageTree.of([("a", 1), ("b", 2), ("c", 3)])
    after = StorageTree.of([("a", 1), ("b", 5), ("d", 4)])
    found = [(change.kind, change.path, change.size) for change in changes(before, after)]
    assert found == [("changed", "b", 5), ("gone", "c", 3), ("new", "d", 4)]
    assert changes(None, after) == ()


@pytest.mark.parametrize(
    ("target", "origin", "start_line"),
    [
        ("/v2/a/blobs/uploads/", "", "PUT /v2/a/blobs/uploads/ HTTP/1.1"),
        (Location("http://h:1/v2/x%7e/../?a=b"), "http://h:1", "PUT /v2/x%7e/../?a=b HTTP/1.1"),
        (Location("https://h/u?X-Amz-Signature=abc"), "https://h", "PUT /u?X-Amz-Signature=<redacted> HTTP/1.1"),
        ("/v2/?next=http://elsewhere/", "", "PUT /v2/?next=http://elsewhere/ HTTP/1.1"),
    ],
)
def test_a_draft_shows_the_target_as_it_goes_out_but_for_secrets(
    target: str | Location, origin: str, start_line: str
) -> None:
    draft = Draft.of(Request("put_blob", "PUT", target, (("Authorization", "Basic c2VjcmV0"),)))
    assert (draft.origin, draft.start_line) == (origin, start_line)
    assert "c2VjcmV0" not in draft.as_text()


def test_a_draft_says_how_large_the_body_is_and_where_it_comes_from(reg: Registry) -> None:
    machine = stepping(reg)
    while machine.state.draft is not None and machine.state.draft.step != "put_blob":
        machine.next()
    assert machine.state.draft is not None
    layer = IMAGE.layers[0]
    assert f"[{layer.size} bytes to be sent, from {layer.digest}]" in machine.state.draft.as_text()


def until(machine: Stepping, step: str) -> Draft:
    """Send until ``step`` is about to be sent."""
    while machine.state.draft is not None and machine.state.draft.step != step:
        machine.next()
    assert machine.state.draft is not None
    return machine.state.draft


def without(draft: Draft, name: str) -> list[tuple[str, str]]:
    return [pair for pair in draft.headers if pair[0] != name]


def test_back_and_forward_send_nothing(reg: Registry) -> None:
    machine = stepping(reg)
    assert machine.forward() is machine.states[0]
    first = machine.send()
    machine.back()
    assert machine.can_forward
    assert machine.send() is machine.states[0]
    assert machine.forward() is first
    assert (len(machine.states), machine.can_forward) == (2, False)


def test_an_edited_request_is_sent_as_it_is_shown(reg: Registry) -> None:
    machine = stepping(reg)
    assert machine.state.draft is not None
    state = machine.edit(method="GET", headers=[*machine.state.draft.headers, ("X-Own", "1")])
    assert state.draft is not None
    assert state.draft.edits == ("method HEAD -> GET", "X-Own added")
    assert state is machine.states[0]
    sent = machine.send()
    assert sent.exchange is not None
    assert sent.exchange.method == "GET"
    assert sent.exchange.request_headers["X-Own"] == "1"
    assert sent.edits == state.draft.edits
    machine.back()
    assert machine.state.draft is state.draft


def test_an_edit_can_be_undone(reg: Registry) -> None:
    machine = stepping(reg)
    meant = machine.state.draft
    machine.edit(method="DELETE")
    assert machine.undo_edit().draft == meant
    assert machine.next().edits == ()


def test_a_refused_edit_is_a_detour_and_the_push_goes_on(any_reg: Registry) -> None:
    machine = stepping(any_reg)
    draft = until(machine, "put_manifest")
    machine.edit(headers=without(draft, "Content-Type"))
    state = machine.send()
    assert state.exchange is not None
    assert state.exchange.status == 400
    assert (state.detour, state.edits, state.error) == (True, ("Content-Type removed",), None)
    assert state.note.startswith("You changed this request, so the walk did not receive the response")
    assert "session" not in state.note
    assert state.draft == draft
    assert state.blobs[-1].fate == "waiting"
    machine.run()
    assert machine.state.complete
    assert not machine.state.detour
    assert machine.state.exchanges[-2:] == (state.exchange, machine.state.exchange)
    assert machine.state.blobs[-1].fate == "uploaded"


def test_a_changed_manifest_is_refused_and_then_pushed_as_it_was_meant(any_reg: Registry) -> None:
    machine = stepping(any_reg)
    until(machine, "put_manifest")
    machine.edit(body="one byte changed")
    assert machine.send().detour
    assert machine.run().complete


_SPOILT = {
    "in_process": "The registry has deleted the upload session",
    "embedded": "The registry has deleted the upload session",
    "native": "The registry stored bytes of your request in the upload session",
}


@pytest.mark.parametrize("body", ["one byte changed", "the first half"])
def test_where_a_refusal_spoils_the_session_the_state_says_so_and_reset_works(any_reg: Registry, body: str) -> None:
    machine = stepping(any_reg)
    machine.run(limit=4)
    until(machine, "put_blob")
    machine.edit(body=body)
    state = machine.send()
    assert state.exchange is not None
    assert state.exchange.status == 400
    assert state.detour
    assert _SPOILT[any_reg.name] in state.note
    with pytest.raises(PushFailed):
        machine.send()
    assert machine.state.exchange is not None
    assert machine.state.exchange.status == 404
    assert "Press Reset to start again; the walk then finds what is already stored." in machine.state.note
    machine.reset(SAME)
    machine.run()
    assert machine.state.complete
    assert machine.state.exchanges[0].status == 200


def test_where_a_refusal_leaves_the_session_the_push_goes_on(any_reg: Registry) -> None:
    machine = stepping(any_reg)
    draft = until(machine, "put_blob")
    machine.edit(target=draft.target.partition("digest=")[0] + "digest=sha256:none")
    state = machine.send()
    assert state.exchange is not None
    assert state.exchange.status == 400
    assert state.detour
    assert machine.run().complete or "dropped" in state.note


def test_a_chunk_out_of_order_is_a_detour_and_the_session_lives_on(reg: Registry) -> None:
    machine = Stepping(reg, IMAGE, "library/hello", "v1", walk="chunked")
    machine.run(limit=3)
    draft = until(machine, "patch_upload")
    machine.edit(headers=[*without(draft, "Content-Range"), ("Content-Range", "0-9")])
    state = machine.send()
    assert state.exchange is not None
    assert (state.exchange.status, state.detour) == (416, True)
    assert "dropped" not in state.note
    assert machine.run().complete


def test_without_a_look_at_the_storage_a_dropped_session_is_only_supposed(reg: Registry) -> None:
    machine = stepping(Registry(reg.url, reg._transport))
    until(machine, "put_blob")
    machine.edit(body="one byte changed")
    assert (
        "(If the registry has deleted the upload session meanwhile, press Reset to start again.)" in machine.send().note
    )


def test_an_edit_that_the_registry_takes_is_the_answer_that_the_walk_gets(reg: Registry) -> None:
    machine = stepping(reg)
    draft = until(machine, "put_manifest")
    machine.edit(target=draft.target.replace("/v1", "/other"))
    state = machine.send()
    assert not state.detour
    assert state.note.startswith("You changed this request, and the walk used the response")
    assert state.complete
    assert state.exchange is not None
    assert state.exchange.target.endswith("/manifests/other")


def test_an_answer_below_400_that_the_walk_cannot_use_stops_it(reg: Registry) -> None:
    machine = stepping(reg)
    until(machine, "put_blob")
    machine.edit(method="GET", body="none")
    with pytest.raises(PushFailed):
        machine.send()
    assert machine.state.exchange is not None
    assert machine.state.exchange.status == 204
    assert isinstance(machine.state.error, PushFailed)
    assert "the walk used the response" in machine.state.note


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"method": "NOT ONE"}, InvalidHeader),
        ({"method": ""}, InvalidHeader),
        ({"target": "no/slash"}, InvalidURL),
        ({"target": "ftp://host/"}, InvalidURL),
        ({"headers": [("X-Own", "a\r\nX-Other: b")]}, InvalidHeader),
        ({"headers": [("", "empty")]}, InvalidHeader),
    ],
)
def test_what_cannot_be_sent_is_named_and_can_be_mended(
    any_reg: Registry, change: dict[str, Any], error: type[Exception]
) -> None:
    machine = stepping(any_reg)
    machine.edit(**change)
    with pytest.raises(error):
        machine.send()
    assert len(machine.states) == 1
    assert machine.can_send
    machine.undo_edit()
    assert machine.run().complete


def test_an_edit_that_gets_no_answer_is_a_detour(reg: Registry, free_port: int) -> None:
    machine = stepping(reg)
    machine.edit(target=f"http://127.0.0.1:{free_port}/v2/")
    state = machine.send()
    assert (state.detour, state.error) == (True, None)
    assert "127.0.0.1" in state.note
    assert "the walk did not receive the response" in state.note
    assert machine.run().complete


def test_a_length_that_is_not_reached_is_a_detour() -> None:
    with open_registry("in_process", quiet=True) as reg:
        machine = stepping(reg)
        draft = until(machine, "put_manifest")
        machine.edit(headers=[*without(draft, "Content-Length"), ("Content-Length", "9999")])
        assert machine.state.draft is not None
        assert "announces 9999 bytes" in machine.state.draft.warning
        state = machine.send()
        assert state.detour
        assert "waits for more" in state.note
        assert machine.run().complete


def test_only_what_is_about_to_be_sent_can_be_edited(reg: Registry) -> None:
    machine = stepping(reg)
    machine.next()
    machine.back()
    with pytest.raises(InvalidArgument, match="was sent already"):
        machine.edit(method="GET")
    machine.run()
    with pytest.raises(InvalidArgument, match="the walk has ended"):
        machine.edit(method="GET")
    assert machine.undo_edit() is machine.state


def test_each_state_has_the_lines_that_were_logged_meanwhile(any_reg: Registry) -> None:
    machine = stepping(any_reg)
    assert machine.state.log == ()
    machine.run()
    for state in machine.states[1:]:
        assert state.exchange is not None
        assert state.log
        assert state.unlogged == ""
        assert any(state.exchange.method in line and str(state.exchange.status) in line for line in state.log)


def test_a_registry_known_by_its_url_alone_says_that_its_log_cannot_be_seen(reg: Registry) -> None:
    machine = stepping(Registry(reg.url, reg._transport))
    assert "cannot be seen" in machine.state.unlogged
    assert "cannot be seen" in machine.next().unlogged


def test_the_fate_of_a_blob_follows_its_requests(reg: Registry) -> None:
    machine = stepping(reg)
    seen = [(machine.state.blobs[0].fate, machine.state.blobs[0].sent)]
    for _ in range(3):
        blob = machine.next().blobs[0]
        seen.append((blob.fate, blob.sent))
    size = IMAGE.layers[0].size
    assert seen == [("waiting", 0), ("waiting", 0), ("sending", 0), ("uploaded", size)]


def test_bytes_are_told_while_they_go_out(any_reg: Registry) -> None:
    told: list[tuple[str, int, int]] = []
    machine = Stepping(any_reg, LARGE, "library/large", "v1", on_bytes=lambda *call: told.append(call))
    machine.run()
    assert machine.state.complete
    layer = LARGE.layers[0]
    sent = [bytes_ for digest, bytes_, size in told if digest == layer.digest and size == layer.size]
    assert 10 <= len(sent) <= 20
    assert sent == sorted(set(sent))
    assert sent[-1] == layer.size
    assert {digest for digest, _, _ in told} == {blob.digest for blob in machine.state.blobs}


def test_bytes_of_chunks_add_up(reg: Registry) -> None:
    told: list[tuple[str, int, int]] = []
    machine = Stepping(reg, IMAGE, "library/hello", "v1", walk="chunked", on_bytes=lambda *call: told.append(call))
    machine.run()
    layer = IMAGE.layers[0]
    size = chunk_size(IMAGE)
    assert [sent for digest, sent, _ in told if digest == layer.digest] == [size, 2 * size, layer.size]


def test_a_changed_body_is_told_of_as_well(reg: Registry) -> None:
    told: list[tuple[str, int, int]] = []
    machine = Stepping(reg, IMAGE, "library/hello", "v1", on_bytes=lambda *call: told.append(call))
    until(machine, "put_blob")
    machine.edit(body="the first half")
    machine.send()
    layer = IMAGE.layers[0]
    assert told == [(layer.digest, layer.size // 2, layer.size)]


def test_bytes_that_come_in_are_told_as_well(any_reg: Registry) -> None:
    told: list[tuple[str, int, int]] = []
    machine = Stepping(any_reg, LARGE, "library/large", "v1", walk="pull", on_bytes=lambda *call: told.append(call))
    machine.run()
    layer = LARGE.layers[0]
    sent = [bytes_ for digest, bytes_, _ in told if digest == layer.digest]
    assert 5 <= len(sent) <= 20
    assert sent[-1] == layer.size


@pytest.mark.parametrize("other", [f"blobs/{IMAGE.layers[0].digest}", "manifests/v1"])
def test_what_a_changed_request_brought_does_not_spoil_the_pull(any_reg: Registry, other: str) -> None:
    machine = Stepping(any_reg, IMAGE, "library/hello", "v1", walk="pull")
    until(machine, "get_blob")
    machine.edit(target=f"/v2/library/hello/{other}", headers=[("Accept", IMAGE.media_type)])
    state = machine.send()
    assert state.detour
    assert state.exchange is not None
    assert state.exchange.status == 200
    assert machine.run().complete


def test_a_pull_that_was_interrupted_within_a_blob_goes_on(any_reg: Registry) -> None:
    machine = Stepping(any_reg, IMAGE, "library/hello", "v1", walk="pull", on_bytes=_interrupted_once())
    until(machine, "get_blob")
    with pytest.raises(KeyboardInterrupt):
        machine.send()
    assert machine.run().complete


def _interrupted_once() -> Callable[[str, int, int], object]:
    """An interrupt when the first bytes of a blob have come."""
    waiting = [KeyboardInterrupt()]

    def told(_digest: str, sent: int, _size: int) -> None:
        if sent and waiting:
            raise waiting.pop()

    return told


def test_an_interrupted_look_at_the_log_leaves_a_state_that_goes_on(reg: Registry) -> None:
    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    machine = Stepping(reg, IMAGE, "library/hello", "v1", pause=interrupted)
    with pytest.raises(KeyboardInterrupt):
        machine.next()
    assert (machine.state.number, machine.state.unlogged) == (1, "Interrupted before it was read")
    assert machine.state.draft is not None
    assert machine.state.draft.step == "start_upload"
    with pytest.raises(KeyboardInterrupt):
        machine.next()
    assert machine.state.exchange is not None
    assert machine.state.exchange.step == "start_upload"


def test_an_interrupted_reset_leaves_the_walk_as_it_was(reg: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = stepping(reg)
    before = machine.next()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(reg, "send", _interrupted)
        machine.reset(NEW, "pull")
    assert machine.state is before
    assert machine.choice.name == "monolithic"
    assert machine.run().complete


def _interrupted(_request: Request) -> Exchange:
    raise KeyboardInterrupt


@pytest.fixture
def free_port() -> int:
    """A loopback port that nobody listens on."""
    import socket

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
