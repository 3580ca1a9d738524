"""The course on one registry that several learners share, at the same time, each in a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import bcrypt
import pytest

import regtutor as rt
from regtutor.errors import UnknownBackend
from regtutor.lessons import begin
from regtutor.lessons.catalog import course
from tests.lessons.running import kernel

ROOT = Path(__file__).parents[2]
ITS_OWN = ("09",)
"""The lessons that start a registry of their own on the learner's computer."""


def test_two_learners_finish_the_whole_course_at_once_on_a_shared_registry(tmp_path: Path) -> None:
    numbers = [entry.number for entry in course()]
    with rt.open_registry("embedded", quiet=True) as shared:
        homes = [tmp_path / name for name in ("ann", "bob")]
        running = [_started(shared.url, home, numbers) for home in homes]
        try:
            for process in running:
                output, _ = process.communicate(timeout=100)
                assert process.returncode == 0, output[-4000:]
        finally:
            for process in running:
                process.kill()
        ann, bob = (json.loads((home / "results.json").read_text()) for home in homes)
        for results in (ann, bob):
            assert [found for each in results.values() for found in each["undone"]] == []
            assert {number: each["left"] for number, each in results.items() if any(each["left"])} == {}
            assert {number for number, each in results.items() if each["url"] != shared.url} == set(ITS_OWN)
        prefixes = [each["me"] for results in (ann, bob) for each in results.values()]
        assert len(set(prefixes)) == len(prefixes)
        names = list(rt.list_repositories(shared, n=1000).json()["repositories"])
        assert {name.partition("/")[0] for name in names} <= set(prefixes), "nobody wrote to another name"


def _started(url: str, home: Path, numbers: list[str]) -> subprocess.Popen[str]:
    home.mkdir()
    command = [sys.executable, "-m", "tests.lessons.learner", url, str(home), *numbers]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_the_password_in_the_url_of_a_registry_goes_with_each_request(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    passwords.write_bytes(b"ann:" + bcrypt.hashpw(b"secret", bcrypt.gensalt(4)) + b"\n")
    with rt.open_registry("embedded", quiet=True, htpasswd=passwords) as shared:
        address = shared.url.replace("://", "://ann:secret@")
        with kernel(address, tmp_path):
            reg, me = begin("05")
            assert rt.head_manifest(reg, f"{me}/hello", "v1").request_headers["Authorization"] == "Basic <redacted>"
            assert "secret" not in repr(reg) and "secret" not in reg.url


def test_a_lesson_with_its_own_users_says_that_it_starts_a_registry(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with kernel("http://127.0.0.1:1", tmp_path):
        reg, _ = begin("09")
        assert "needs a registry of its own, so one is started on this computer:\nRegistry: embedded" in (
            capsys.readouterr().out
        )
        assert rt.check_api(reg).status == 401


def test_the_registry_of_a_lesson_can_be_chosen_in_its_first_cell(tmp_path: Path) -> None:
    with kernel("http://127.0.0.1:1", tmp_path):
        reg, _ = begin("09", which="in_process")
        assert rt.check_api(reg).status == 401 and reg.name == "in_process"
        with pytest.raises(UnknownBackend):
            begin("00", which="imaginary")
