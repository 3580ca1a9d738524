"""The registries of lesson 08 beside its own, and what the lesson says about the collection of CNCF Distribution."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

import regtutor as rt
from regtutor.backends import distribution
from regtutor.lessons import begin, session, task, transcript
from regtutor.lessons.lesson import Question
from regtutor.lessons.registries_beside import INDEX, with_disk, without_deletion
from regtutor.lessons.tasks.tags_and_garbage import LESSON
from tests.lessons.running import kernel


def test_a_registry_beside_is_watched_stays_the_same_and_is_closed_with_the_lesson(tmp_path: Path) -> None:
    with kernel("embedded", tmp_path):
        _, me = begin("08")
        assert "The registry of this part is not open" in task("free the bytes").text
        disk, again, locked = with_disk(), with_disk(), without_deletion()
        assert (disk.url, disk.tree().files) == (again.url, again.tree().files)
        assert transcript().exchanges == (), "what prepares it is not the learner's"
        assert rt.delete_manifest(locked, f"{me}/hello", rt.sample_image().digest).status == 405
        rt.delete_manifest(disk, f"{me}/disk", "v1").expect(202)
        assert [exchange.url.partition("/v2/")[0] for exchange in transcript()] == [locked.url, disk.url]
        beside = session.current().evidence().at("disk")
        assert beside is not None and [each.status for each in beside.exchanges] == [202]
        assert "v1" not in beside.tags("disk") and session.current().evidence().at("other") is None
        root = Path(disk.host.root)  # type: ignore[union-attr]
    assert not root.exists()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ('rt.delete_blob(disk, f"{me}/memory", rt.sample_image("v5").layers[0].digest)', "blobs of new are missing, 1"),
        ('rt.delete_manifest(disk, f"{me}/memory", "new")', "the tag new is missing"),
    ],
)
def test_who_hurts_the_other_image_learns_how_to_bring_it_back(tmp_path: Path, spoil: str, said: str) -> None:
    with kernel("embedded", tmp_path) as learner:
        learner.run('import regtutor as rt\nfrom regtutor.lessons import begin\nreg, me = begin("08")')
        learner.names["disk"] = with_disk()
        learner.run(spoil)
        learner.run('rt.delete_manifest(disk, f"{me}/memory", rt.sample_image("v4").digest)')
        learner.run("disk.collect_garbage(dry_run=False)")
        report = task("free the bytes")
        assert not report.passed and said in report.text
        learner.run('rt.push_image(disk, rt.sample_image("v5"), f"{me}/memory", "new", progress=False)')
        assert task("free the bytes").passed


def test_a_tag_less_manifest_can_also_be_collected(tmp_path: Path) -> None:
    with kernel("embedded", tmp_path):
        _, me = begin("08")
        disk = with_disk()
        rt.delete_manifest(disk, f"{me}/memory", "old").expect(202)
        disk.collect_garbage(dry_run=False)
        assert "Only its tag is gone" in task("free the bytes").text
        disk.collect_garbage(dry_run=False, untagged=True)
        assert task("free the bytes").passed


def test_bytes_that_a_head_has_found_stay_for_an_hour_and_the_task_can_still_be_done(tmp_path: Path) -> None:
    with kernel("embedded", tmp_path):
        _, me = begin("08")
        disk, old = with_disk(), rt.sample_image("v4")
        rt.head_blob(disk, f"{me}/memory", old.config.digest).expect(200)
        rt.delete_manifest(disk, f"{me}/memory", old.digest).expect(202)
        assert "are still on the disk" in task("free the bytes").text
        disk.collect_garbage(dry_run=False)
        assert rt.get_blob(disk, f"{me}/memory", old.config.digest).status == 200
        assert "Your HEAD has found some of it. That stays for an hour" in task("free the bytes").text
        assert task("free the bytes").passed


def test_the_questions_show_what_they_say(tmp_path: Path) -> None:
    with kernel("embedded", tmp_path):
        begin("08")
        shown = {
            asked.name: asked.shown(session.current().stage)
            for asked in LESSON.questions
            if isinstance(asked, Question)
        }
    assert [each.status for each in shown["the bytes that go"]] == [202, 200, 404, 200]
    assert [each.json().get("tags") for each in shown["the whole list"]] == [["a", "b"], ["c"]]
    before, deleted, after = shown["one image, two tags"]
    assert (before.json()["tags"], deleted.status, after.json()["tags"]) == (["one", "two"], 202, [])


@pytest.mark.registry
def test_the_option_m_of_distribution_removes_the_children_of_a_living_index(registry_binary: str) -> None:
    with rt.open_registry("native", quiet=True) as reg:
        rt.push_image(reg, INDEX, "me/disk", "all", progress=False)
        root = str(reg.host.root)  # type: ignore[union-attr]
        subprocess.run(
            [registry_binary, "garbage-collect", "-m", str(distribution.CONFIG)],
            env={**os.environ, "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY": root},
            capture_output=True,
            timeout=30,
            check=True,
        )
        assert rt.head_manifest(reg, "me/disk", "all").status == 200
        assert [rt.head_manifest(reg, "me/disk", image.digest).status for image in INDEX.images] == [404, 404]
