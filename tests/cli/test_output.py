"""Output that cannot be written: a full disk is a sentence and status 1, a closed pipe is no error."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import regtutor as rt
from regtutor.content.sample.image import sample_image, sample_layout
from regtutor.errors import CannotSave
from regtutor.private_file import private_file

COMMAND = (sys.executable, "-m", "regtutor")
FULL = Path("/dev/full")
pytestmark = pytest.mark.skipif(not FULL.exists(), reason="only Linux has /dev/full")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("output")
    with rt.open_registry("embedded", quiet=True) as reg:
        transcript = rt.push_image(reg, sample_image(), "library/hello", "v1", progress=False)
        yield reg.url.removeprefix("http://"), rt.save(transcript, folder / "push.json")


def commands(host: str, trace: Path) -> list[list[str]]:
    return [
        ["--help"], ["--version"], ["push", "--help"], ["show", str(trace)], ["explain", str(trace)],
        ["inspect", "-q", f"{host}/library/hello:v1"], ["inspect", "-q", "--raw", f"{host}/library/hello:v1"],
        ["tags", "-q", f"{host}/library/hello"], ["export", str(trace), "-o", str(trace.with_suffix(".har"))],
        ["demo", "--registry", "in_process"], ["serve", "--quirks", "list"],
    ]  # fmt: skip


@pytest.mark.parametrize("number", range(11))
def test_a_full_disk_is_a_sentence_and_status_1(number: int, saved: tuple[str, Path]) -> None:
    command = commands(*saved)[number]
    with FULL.open("w") as full:
        done = subprocess.run([*COMMAND, *command], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1, done.stderr
    assert "the output cannot be written: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr


@pytest.mark.parametrize("number", range(11))
def test_a_closed_pipe_is_no_error(number: int, saved: tuple[str, Path]) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    command = commands(*saved)[number]
    done = subprocess.run([*COMMAND, *command], stdout=writes, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(writes)
    assert (done.returncode, "Traceback" in done.stderr, "Exception" in done.stderr) == (0, False, False), done.stderr


@pytest.mark.parametrize("closed", [1, 2])
def test_output_that_is_closed_from_the_start_is_no_error(saved: tuple[str, Path], closed: int) -> None:
    """As after ``>&-``: Python then has no standard output at all."""
    command = shlex.join([*COMMAND, "inspect", f"{saved[0]}/library/hello:v1"])
    done = subprocess.run(["sh", "-c", f"{command} {closed}>&-"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert (done.stderr if closed == 2 else done.stdout) == ""
    assert "Traceback" not in done.stderr and (closed == 1 or "sha256:" in done.stdout)


def test_a_full_disk_under_standard_error_does_not_stop_a_push(saved: tuple[str, Path], tmp_path: Path) -> None:
    layout = sample_layout(tmp_path / "image", ("v1",))
    with FULL.open("w") as full:
        done = subprocess.run(
            [*COMMAND, "push", str(layout), f"{saved[0]}/library/other:v1"],
            stdout=subprocess.PIPE, stderr=full, text=True, timeout=60,
        )  # fmt: skip
    assert done.returncode == 0
    assert done.stdout.startswith("sha256:")


def test_a_file_that_does_not_fit_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CannotSave, match="No space left") as caught, private_file(tmp_path / "x") as file:
        file.write(b"x" * 100_000)
        raise OSError(28, "No space left on device")
    assert "Free some space" in caught.value.next
    assert list(tmp_path.iterdir()) == []


def test_a_trace_that_does_not_fit_is_a_sentence_and_no_traceback(saved: tuple[str, Path], tmp_path: Path) -> None:
    command = " ".join([*COMMAND, "export", str(saved[1]), "-o", str(tmp_path / "x.har")])
    done = subprocess.run(["bash", "-c", f"ulimit -f 1; {command}"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "cannot be written: File too large" in done.stderr and "Traceback" not in done.stderr
