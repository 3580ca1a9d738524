"""regtutor show and regtutor export: saved exchanges are printed, and written for others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import regtutor as rt
from regtutor.formats.exporting import FORMATS
from tests.cli.test_cli import call, run


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    with rt.open_registry("embedded", quiet=True) as reg:
        return rt.save([rt.check_api(reg)], tmp_path / "push.json")


def test_show_prints_every_line(saved: Path) -> None:
    done = run("show", saved)
    assert (done.returncode, done.stdout) == (0, f"{rt.load(saved)}\n")
    assert "> GET /v2/ HTTP/1.1" in done.stdout


@pytest.mark.parametrize("name", FORMATS)
def test_export_writes_beside_the_file_and_ends_with_its_name(name: str, saved: Path) -> None:
    done = call("export", saved, "--to", name)
    written = saved.with_suffix(FORMATS[name].endings[0])
    assert (done.returncode, done.stdout) == (0, f"{written}\n")
    assert written.stat().st_size > 0


def test_export_replaces_only_a_file_that_was_named(saved: Path, tmp_path: Path) -> None:
    there = tmp_path / "push.md"
    there.write_text("mine")
    refused = call("export", saved, "--to", "markdown")
    assert (refused.returncode, there.read_text()) == (2, "mine")
    assert f"--output {there}" in " ".join(refused.stderr.split())
    assert call("export", saved, "--output", there).returncode == 0
    assert "check_api" in there.read_text()


def test_export_to_another_format_names_those_that_there_are(saved: Path) -> None:
    done = run("export", saved, "--to", "xlsx")
    assert (done.returncode, done.stdout) == (2, "")
    assert all(name in done.stderr for name in FORMATS)


def test_export_without_a_format_asks_for_one(saved: Path) -> None:
    done = call("export", saved)
    assert done.returncode == 2
    assert "--to" in done.stderr


@pytest.mark.parametrize("kind", ["transcript", "curl"])
def test_standard_input_is_read_in_place_of_a_file(kind: str, saved: Path, tmp_path: Path) -> None:
    told = saved.read_text() if kind == "transcript" else "> GET /v2/ HTTP/1.1\n> \n< HTTP/1.1 200 OK\n< \n"
    for verb in ("show", "explain"):
        done = run(verb, "-", input=told)
        assert (done.returncode, done.stderr) == (0, "")
        assert "> GET /v2/ HTTP/1.1" in done.stdout
    assert run("export", "-", "-o", tmp_path / "new.har", input=told).returncode == 0
    assert len(rt.load(tmp_path / "new.har")) == 1


def test_what_standard_input_lacks_is_said_with_status_2(tmp_path: Path) -> None:
    done = call("explain", "-", input="hello")
    assert (done.returncode, done.stdout) == (2, "")
    assert "standard input cannot be loaded" in done.stderr
    done = call("export", "-", "--to", "har", cwd=tmp_path)
    assert done.returncode == 2
    assert "--output" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_export_does_not_write_over_what_it_reads(saved: Path, tmp_path: Path) -> None:
    before = saved.read_bytes()
    (tmp_path / "link.har").symlink_to(saved)
    for named in (saved, tmp_path / "link.har"):
        done = call("export", saved, "--to", "har", "--output", named)
        assert (done.returncode, saved.read_bytes()) == (2, before)
        assert "another file" in done.stderr


@pytest.mark.parametrize("verb", ["show", "explain"])
def test_a_file_that_is_missing_is_named_with_status_2(verb: str, tmp_path: Path) -> None:
    done = call(verb, tmp_path / "missing.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "missing.json cannot be loaded: the file does not exist" in done.stderr


@pytest.mark.parametrize("verb", ["show", "export"])
def test_a_file_that_holds_no_transcript_ends_with_status_2(verb: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps({"format": "x"}))
    options = ["--to", "har"] if verb == "export" else []
    done = call(verb, bad, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert "regtutor-transcript/1" in done.stderr
