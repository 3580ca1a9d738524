"""Each walk that one can choose, driven to its end."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from regtutor.backends.opening import open_registry
from regtutor.client.registry import Registry
from regtutor.content.image import Image
from regtutor.content.sample.image import sample_image, sample_index
from regtutor.errors import ConnectionFailed, InvalidArgument, PushFailed
from regtutor.stepping.choices import CHOICES, CHUNKS_AT_MOST, chunk_size, note_about
from regtutor.stepping.machine import NEW, SAME, Stepping
from regtutor.walks.pushing import push_image

IMAGE = sample_image()
BLOBS = len(IMAGE.blobs)


def steps(machine: Stepping) -> Counter[str]:
    return Counter(exchange.step for exchange in machine.states[-1].exchanges)


def chosen(reg: Registry, walk: str, repository: str = "library/hello") -> Stepping:
    return Stepping(reg, IMAGE, repository, "v1", walk=walk)


def fates(machine: Stepping) -> list[str]:
    return [blob.fate for blob in machine.state.blobs]


def test_the_walks_are_offered_in_this_order() -> None:
    pushes = ["monolithic", "chunked", "mount", "already there", "manifest first"]
    assert list(CHOICES) == [*pushes, "pull", "delete", "referrers"]
    for choice in CHOICES.values():
        assert choice.label
        assert choice.shows.endswith(".")


def test_there_is_no_other_walk(reg: Registry) -> None:
    with pytest.raises(InvalidArgument, match="There is no walk called 'push'"):
        chosen(reg, "push")


def test_a_monolithic_push_needs_nothing_beforehand(reg: Registry) -> None:
    machine = chosen(reg, "monolithic")
    assert machine.state.note == ""
    assert [(exchange.step, exchange.status) for exchange in machine.prepared] == [("head_blob", 404)] * BLOBS
    assert set(fates(machine)) == {"waiting"}
    machine.run()
    assert set(fates(machine)) == {"uploaded"}
    assert [blob.what for blob in machine.state.blobs] == ["layer 1", "layer 2", "layer 3", "config", "manifest"]
    assert all(blob.sent == blob.size for blob in machine.state.blobs)


def test_a_chunked_push_cuts_each_layer_into_two_or_three(any_reg: Registry) -> None:
    machine = chosen(any_reg, "chunked")
    seen: set[int] = set()
    while machine.can_send:
        machine.next()
        seen.add(machine.state.blobs[0].sent)
    largest = IMAGE.layers[0].size
    assert sorted(seen) == [0, chunk_size(IMAGE), 2 * chunk_size(IMAGE), largest]
    assert steps(machine)["patch_upload"] == 3 + 2 + 2 + 1
    assert machine.state.complete
    assert set(fates(machine)) == {"uploaded"}


@pytest.mark.parametrize(
    ("largest", "chunks"), [(1, 1), (100, 3), (12 * 1024 * 1024, 3), (20 * 1024 * 1024, 5), (10 * 1024**3, 8)]
)
def test_chunks_are_neither_too_many_nor_too_large(largest: int, chunks: int) -> None:
    layer = replace(IMAGE.layers[0], size=largest)
    size = chunk_size(Image(IMAGE.manifest, replace(IMAGE.config, data=b"1"), (layer,)))
    assert -(-largest // size) == chunks <= CHUNKS_AT_MOST


def test_a_mount_has_its_blobs_pushed_to_another_repository_before(any_reg: Registry) -> None:
    machine = chosen(any_reg, "mount")
    count = 3 * BLOBS + 1
    assert len(machine.prepared) == BLOBS + count, "and a HEAD for each blob, to see that the repository is fresh"
    assert machine.state.note == (
        f"Before this walk, the image was pushed to library/hello-source with {count} requests that are not shown."
    )
    assert machine.state.exchanges == ()
    assert machine.state.log == ()
    machine.run()
    assert machine.state.complete
    assert steps(machine) == {"head_blob": BLOBS, "mount_blob": BLOBS, "put_manifest": 1}
    assert fates(machine) == ["mounted"] * BLOBS + ["uploaded"]


def test_a_push_of_what_is_there_already_sends_the_manifest_alone(reg: Registry) -> None:
    machine = chosen(reg, "already there")
    machine.run()
    assert steps(machine) == {"head_blob": BLOBS, "put_manifest": 1}
    assert fates(machine) == ["already there"] * BLOBS + ["uploaded"]


def test_what_is_there_is_not_pushed_again_beforehand(reg: Registry) -> None:
    push_image(reg, IMAGE, "library/hello", "v1", progress=False)
    machine = chosen(reg, "already there")
    assert machine.state.note == (
        "The blobs were already in library/hello before this walk; "
        f"{BLOBS + 1} requests that are not shown confirmed it."
    )


def test_a_pull_leaves_no_file_behind(any_reg: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    machine = chosen(any_reg, "pull")
    machine.run()
    assert machine.state.complete
    assert steps(machine) == {"get_manifest": 1, "get_blob": BLOBS}
    assert set(fates(machine)) == {"fetched"}
    assert list(tmp_path.iterdir()) == []
    machine.reset(SAME)
    machine.next()
    machine.next()
    assert list(tmp_path.iterdir()) != []
    machine.reset(SAME, "monolithic")
    assert list(tmp_path.iterdir()) == []


def test_a_delete_takes_the_manifest_and_leaves_the_blobs(any_reg: Registry) -> None:
    machine = chosen(any_reg, "delete")
    assert set(fates(machine)) == {"already there"}
    machine.run()
    assert machine.state.complete
    assert [exchange.status for exchange in machine.state.exchanges] == [200, 200, 202, 404, 404]
    assert fates(machine) == ["already there"] * BLOBS + ["deleted"]
    assert f"{IMAGE.digest} was deleted" in machine.state.note


def test_referrers_lists_the_artifact_that_it_pushed(any_reg: Registry) -> None:
    machine = chosen(any_reg, "referrers")
    assert machine.content.subject is not None
    assert machine.content.subject.digest == IMAGE.digest
    machine.run()
    assert machine.state.complete
    assert machine.state.exchange is not None
    listed = json.loads(machine.state.exchange.text)["manifests"]
    assert [entry["digest"] for entry in listed] == [machine.content.digest]
    assert steps(machine)["get_referrers"] == 1
    assert [(blob.what, blob.fate) for blob in machine.state.blobs] == [
        ("layer 1", "uploaded"),
        ("config", "uploaded"),
        ("manifest", "uploaded"),
    ]


def test_the_artifact_is_what_its_manifest_says() -> None:
    artifact = note_about(IMAGE)
    artifact.verify()
    view = artifact.manifest.view
    assert view.artifact_type == artifact.artifact_type == "application/vnd.example.note"
    assert {blob.digest for blob in view.blobs} == {artifact.config.digest, artifact.layers[0].digest}


@pytest.mark.parametrize("walk", ["mount", "already there", "pull", "delete", "referrers"])
def test_what_the_registry_refuses_beforehand_is_the_first_state(reg: Registry, walk: str) -> None:
    machine = chosen(reg, walk, "UPPER/case")
    assert isinstance(machine.state.error, PushFailed)
    assert (machine.state.number, machine.state.draft, machine.can_next) == (0, None, False)
    assert {exchange.status for exchange in machine.prepared} == {400}
    assert (machine.state.exchange, machine.state.exchanges) == (machine.prepared[-1], ())
    assert machine.next() is machine.state
    assert not machine.state.complete


def test_an_unreachable_registry_is_the_first_state() -> None:
    with open_registry("embedded", quiet=True) as reg:
        pass
    machine = chosen(reg, "pull")
    assert isinstance(machine.state.error, ConnectionFailed)
    assert machine.state.draft is None


@pytest.mark.parametrize("walk", CHOICES)
def test_each_walk_can_be_begun_anew_in_both_places(reg: Registry, walk: str) -> None:
    machine = chosen(reg, walk)
    machine.run()
    first = steps(machine)
    machine.reset(NEW)
    machine.run()
    assert machine.repository == "library/hello-2"
    assert machine.state.complete
    assert steps(machine) == first
    assert machine.reset(SAME).startswith("Started again in the same repository, library/hello-2")
    machine.run()
    assert machine.state.complete


@pytest.mark.parametrize("walk", CHOICES)
def test_each_walk_may_be_about_an_index(reg: Registry, walk: str) -> None:
    machine = Stepping(reg, sample_index(), "library/hello", "v1", walk=walk)
    assert machine.run().complete
    assert "waiting" not in {blob.fate for blob in machine.state.blobs}


def test_a_reset_may_choose_another_walk(reg: Registry) -> None:
    machine = chosen(reg, "monolithic")
    machine.run()
    assert "the same repository" in machine.reset(SAME, "pull")
    assert machine.choice is CHOICES["pull"]
    machine.run()
    assert steps(machine)["get_blob"] == BLOBS
    assert machine.reset(NEW, "mount") == (
        "Started again in the new repository library/hello-2: every blob is mounted again."
    )
