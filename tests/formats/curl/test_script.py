"""A transcript as a script: run against a fresh registry, it does the same once more."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

import regtutor as rt
from regtutor.cli import main
from regtutor.content.image import Config, Layer, Manifest
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


def large_image() -> rt.Image:
    """The sample image with a layer more, which is too large for a record or a command."""
    sample, data = rt.sample_image(), b"".join(hashlib.sha256(str(n).encode()).digest() for n in range(4000))
    kind = sample.layers[0].media_type
    layer = Layer(kind, f"sha256:{hashlib.sha256(data).hexdigest()}", len(data), opener=lambda: io.BytesIO(data))
    told = json.loads(sample.manifest.data)
    told["layers"].append({"mediaType": kind, "digest": layer.digest, "size": layer.size})
    config = json.loads(sample.config.data)
    config["rootfs"]["diff_ids"].append(layer.digest)
    written = Config(json.dumps(config).encode(), sample.config.media_type)
    told["config"] |= {"digest": written.digest, "size": written.size}
    manifest = Manifest(json.dumps(told).encode(), sample.manifest.media_type)
    return rt.Image(manifest, written, (*sample.layers, layer), sample.platform)


@pytest.fixture
def kept(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The large image as the learner has it: a docker archive, or a layout in a folder or a tar file."""
    with rt.open_registry("embedded", quiet=True) as reg:
        rt.push_image(reg, large_image(), "library/hello", "v1", progress=False)
        rt.pull_image(reg, "library/hello", "v1", tmp_path / "app", format=request.param, progress=False)
    return tmp_path / "app"


@pytest.mark.parametrize(
    ("kept", "upload"),
    [("docker-archive", "chunked"), ("oci", "streamed"), ("oci-archive", "monolithic")],
    indirect=["kept"],
)
def test_the_command_takes_the_bodies_from_the_image_that_was_pushed(
    kept: Path, upload: str, bash: Run, tmp_path: Path
) -> None:
    image = rt.load_image(kept)
    saved = rt.save(pushed(image, upload=upload, chunk_size=30_000), tmp_path / "push.json")
    assert "missing in the folder" in bash(rt.export(rt.load(saved), tmp_path / "without.sh")).stderr
    done = CliRunner().invoke(main, ["export", str(saved), "--to", "script", "--image", str(kept)])
    assert (done.exit_code, done.output) == (0, f"{tmp_path / 'push.sh'}\n")
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("blob-*")} == {0o600}
    with rt.open_registry("embedded", quiet=True) as fresh:
        sent = bash(tmp_path / "push.sh", REGISTRY=fresh.url)
        assert sent.returncode == 0, sent.stderr
        rt.pull_image(fresh, "library/hello", "v1", tmp_path / "pulled", progress=False)
    again = rt.load_image(tmp_path / "pulled")
    again.verify()
    assert again.digest == image.digest


def test_what_curl_printed_of_a_push_becomes_a_script_that_pushes_it_once_more(bash: Run, tmp_path: Path) -> None:
    image = large_image()
    path = rt.export(pushed(image), tmp_path / "push.sh", bodies=image.blobs)
    path.write_text(path.read_text().replace("curl --silent", "curl --verbose --silent"))
    with rt.open_registry("embedded", quiet=True) as first:
        printed = bash(path, REGISTRY=first.url)
    (tmp_path / "curl.txt").write_text(printed.stderr)
    told = rt.load(tmp_path / "curl.txt")
    assert [one.step for one in told][-1] == "put_manifest"
    again = rt.export(told, tmp_path / "again.sh", bodies=[*image.blobs, *image.manifests])
    with rt.open_registry("embedded", quiet=True) as second:
        done = bash(again, REGISTRY=second.url)
        assert done.returncode == 0, done.stderr
        assert rt.get_manifest(second, "library/hello", "v1").content == image.manifest.data


@pytest.mark.parametrize(
    "options",
    [
        ("--to", "har", "--image", "app.tar"),
        ("--to", "script", "--platform", "linux/arm64"),
        ("-o", "a.md", "--name", "x"),
    ],
)
def test_an_option_of_the_image_without_use_is_refused(options: tuple[str, ...], tmp_path: Path) -> None:
    saved = rt.save(rt.Transcript(), tmp_path / "push.json")
    done = CliRunner().invoke(main, ["export", str(saved), *options])
    assert done.exit_code == 2
    assert "--image" in done.output


def test_chunks_that_no_record_holds_are_asked_for_apart(bash: Run, tmp_path: Path) -> None:
    path = rt.export(pushed(large_image(), upload="chunked", chunk_size=30_000), tmp_path / "push.sh")
    asked = re.findall(r"^needs (\S+)", path.read_text(), re.MULTILINE)
    assert len(asked) == len(set(asked)) >= 4


def test_a_body_that_no_record_holds_is_asked_for_before_the_first_request(bash: Run, tmp_path: Path) -> None:
    path = rt.export(pushed(rt.sample_image()), tmp_path / "push.sh")
    done = bash(path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "missing in the folder of this script: blob-" in done.stderr
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
