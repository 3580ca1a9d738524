"""``regtutor push --upload``: the same image arrives, by other requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from regtutor.backends.opening import open_registry
from regtutor.content.sample.image import sample_image, sample_layout
from regtutor.formats import load
from regtutor.steps import get_manifest
from tests.cli.test_cli import call


@pytest.mark.parametrize(
    ("options", "patches"),
    [
        (("--upload", "chunked", "--chunk-size", "1000"), 13),
        (("--upload", "streamed"), 4),
        (("--jobs", "4"), 0),
        ((), 0),
    ],
)
def test_an_image_is_pushed_in_the_way_that_was_named(tmp_path: Path, options: tuple[str, ...], patches: int) -> None:
    layout = sample_layout(tmp_path / "layout")
    with open_registry("embedded", quiet=True) as reg:
        host = reg.url.removeprefix("http://")
        done = call("push", layout, f"{host}/a/b:v1", "--name", "v1", "--trace", tmp_path / "trace.json", *options)
        assert (done.returncode, done.stdout.strip()) == (0, sample_image().digest)
        assert get_manifest(reg, "a/b", "v1").content == sample_image().manifest.data
    steps = [exchange.step for exchange in load(tmp_path / "trace.json")]
    assert steps.count("patch_upload") == patches


@pytest.mark.parametrize(
    "options",
    [("--upload", "parallel"), ("--chunk-size", "0"), ("--chunk-size", "many"), ("--jobs", "0"), ("--jobs", "9")],
)
def test_a_way_that_there_is_not_is_a_bad_argument(tmp_path: Path, options: tuple[str, ...]) -> None:
    done = call("push", tmp_path, "127.0.0.1:1/a:v1", *options)
    assert done.returncode == 2
    assert options[0] in done.stderr
