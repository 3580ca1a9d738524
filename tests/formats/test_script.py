"""A transcript as a script: run against a fresh registry, it does the same once more."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import regtutor as rt
from tests.formats.hostile import TRANSCRIPT
from tests.refusing_registry import Reply, refusing_registry

RequireProgram = Callable[[str, str], str]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def bash(require_program: RequireProgram, tmp_path: Path) -> Run:
    require_program("curl", "curl")
    program = require_program("bash", "bash")

    def run(path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **variables}
        return subprocess.run([program, path], capture_output=True, text=True, timeout=60, env=environment, cwd="/")

    return run


def pushed(image: rt.Image, **how: object) -> rt.Transcript:
    with rt.open_registry("embedded", quiet=True) as reg:
        return rt.push_image(reg, image, "library/hello", "v1", **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("upload", ["monolithic", "chunked", "streamed"])
def test_the_script_of_a_push_pushes_the_image_to_another_registry(upload: str, bash: Run, tmp_path: Path) -> None:
    image = rt.sample_image()
    transcript = pushed(image, upload=upload, chunk_size=3000)
    path = rt.export(transcript, tmp_path / "push.sh", bodies=image.layers)
    with rt.open_registry("embedded", quiet=True) as fresh:
        done = bash(path, REGISTRY=fresh.url)
        assert done.returncode == 0, done.stderr
        assert rt.get_manifest(fresh, "library/hello", "v1").content == image.manifest.data
        for layer in image.layers:
            assert rt.get_blob(fresh, "library/hello", layer.digest).status == 200
    statuses = [line.split()[2:] for line in done.stdout.splitlines()]
    assert statuses == [[str(e.status), "(recorded:", f"{e.status})"] for e in transcript]


def test_a_body_that_no_record_holds_is_asked_for_before_the_first_request(bash: Run, tmp_path: Path) -> None:
    path = rt.export(pushed(rt.sample_image()), tmp_path / "push.sh")
    done = bash(path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "put blob-" in done.stderr and "beside this script" in done.stderr
    assert os.listdir(tmp_path) == ["push.sh"]


def relative(method: str, target: str) -> Reply:
    """A registry whose Locations are paths, in a spelling of its own."""
    return (202, {"location": "/elsewhere/session"}, b"") if method == "POST" else (201, {"X-Target": target}, b"")


def test_the_location_of_the_new_answer_is_followed_and_not_the_recorded_one(bash: Run, tmp_path: Path) -> None:
    with rt.open_registry("embedded", quiet=True) as reg:
        start = rt.start_upload(reg, "library/hello")
        put = rt.put_blob(reg, start.location, b"hello")
    path = rt.export([start, put], tmp_path / "push.sh")
    assert start.headers["Location"] not in path.read_text()
    with refusing_registry(relative) as registry:
        done = bash(path, REGISTRY=registry.url)
    assert done.returncode == 0, done.stderr
    assert registry.asked[1] == f"PUT /elsewhere/session?digest={put.request.body.digest}"
    assert done.stdout.splitlines()[-1] == "2 put_blob: 201 (recorded: 201)"


def refused(_method: str, _target: str) -> Reply:
    return 404, {}, b'{"errors": [{"code": "NAME_UNKNOWN"}]}'


def test_a_refusal_where_there_was_none_ends_the_script_with_what_the_registry_says(bash: Run, tmp_path: Path) -> None:
    with rt.open_registry("embedded", quiet=True) as reg:
        path = rt.export([rt.start_upload(reg, "library/hello"), rt.check_api(reg)], tmp_path / "push.sh")
    with refusing_registry(refused) as registry:
        done = bash(path, REGISTRY=registry.url)
    assert done.returncode == 1
    assert "NAME_UNKNOWN" in done.stderr and "start_upload was refused" in done.stderr
    assert done.stdout.splitlines() == ["1 start_upload: 404 (recorded: 202)"]


def test_a_secret_is_a_variable(bash: Run, tmp_path: Path) -> None:
    with rt.open_registry("embedded", quiet=True) as reg:
        one = rt.check_api(reg)
        secret = replace(one, request=replace(one.request, headers=(("Authorization", "Basic pw"),)))
        path = rt.export([secret], tmp_path / "one.sh")
        assert "$REGTUTOR_AUTHORIZATION" in path.read_text() and "Basic pw" not in path.read_text()
        assert bash(path).returncode != 0
        assert bash(path, REGTUTOR_AUTHORIZATION="Basic eDp5").returncode == 0


def test_nothing_hostile_is_run(bash: Run, tmp_path: Path) -> None:
    path = rt.export(TRANSCRIPT, tmp_path / "bad.sh")
    tidy = rt.Transcript.of([replace(e, url="http://127.0.0.1:1/v2/") for e in TRANSCRIPT], "x\ntouch pwned")
    for each in (path, rt.export(tidy, tmp_path / "worse.sh")):
        assert "syntax error" not in bash(each).stderr
        assert not (tmp_path / "pwned").exists()
