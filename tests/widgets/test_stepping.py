"""The state machine behind the stepper, without a widget, against real registries."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from io import BytesIO

import pytest

from regtutor.backends.opening import open_registry
from regtutor.client.host import StorageTree
from regtutor.client.registry import Registry
from regtutor.content.sample import sample_image
from regtutor.errors import ConnectionFailed, DigestMismatch, PushFailed
from regtutor.exchange import Exchange
from regtutor.message import Location, Request
from regtutor.pushing import push_image
from regtutor.widgets.stepping import NEW, SAME, Draft, State, Stepping, changes

IMAGE = sample_image()


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


def test_the_first_walk_mounts_from_where_the_registry_has_pushed(reg: Registry) -> None:
    push_image(reg, IMAGE, "library/first", "v1", progress=False)
    machine = stepping(reg)
    machine.run()
    assert steps(machine.state).count("mount_blob") == len(IMAGE.blobs)
    assert "put_blob" not in steps(machine.state)


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
    from regtutor.client.wire import WireTransport

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
    assert "is not what its digest says" in machine.state.note
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


def test_each_request_is_prepared_before_it_is_sent(reg: Registry) -> None:
    seen: list[str] = []

    def prepare(request: Request) -> Request:
        seen.append(request.step)
        return request

    machine = Stepping(reg, IMAGE, "library/hello", "v1", prepare=prepare)
    machine.next()
    assert seen == ["head_blob"]


@pytest.fixture
def free_port() -> int:
    """A loopback port that nobody listens on."""
    import socket

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
