"""The start of a command: what it loads, and Ctrl-C while it loads.

Loading is most of the time of a small push, so the modules of a push are counted here.
"""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import regtutor as rt
from benchmarks.layers import written
from regtutor.cli import _MODULES, main
from regtutor.content.reading import files
from regtutor.content.reading.load import load_image
from regtutor.content.sample.image import sample_layout
from regtutor.message import CHUNK

LIMIT = 60.0
NEEDLESS = {
    "asyncio",
    "email",
    "html",
    "http.client",
    "importlib.metadata",
    "logging",
    "pandas",
    "requests",
    "rich",
    "shutil",
    "ssl",
    "subprocess",
    "tarfile",
    "tempfile",
    "tqdm",
    "traceback",
    "urllib3",
}
"""Modules that a quiet push of a layout over plain HTTP does without."""

MOST_MODULES = 280
"""A push loads about 240, of which 60 belong to click and to what click loads."""

LOADED = """
import json, sys
try:
    from regtutor.__main__ import main
    main()
finally:
    print(json.dumps(sorted(sys.modules)))
"""
INTERRUPTED = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
from regtutor.__main__ import main
main()
"""


def python(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT)


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample_layout(tmp_path_factory.mktemp("image") / "layout", ("v1",))


@pytest.fixture(scope="module")
def loaded(layout: Path) -> set[str]:
    """The modules after a push."""
    with rt.open_registry("embedded", quiet=True) as reg:
        done = python(LOADED, "push", "-q", layout, f"{reg.url}/library/hello:v1")
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_a_push_over_plain_http_loads_no_library_that_it_does_not_need(loaded: set[str]) -> None:
    assert loaded & NEEDLESS == set()


def test_a_push_loads_a_limited_number_of_modules(loaded: set[str]) -> None:
    assert len(loaded) <= MOST_MODULES, len(loaded)


def test_a_push_loads_no_other_command_and_no_other_walk(loaded: set[str]) -> None:
    commands = {name for name in loaded if name.startswith("regtutor.cli.")}
    assert {name.rpartition(".")[2] for name in commands} == {"images", "invocation", "loading", "options", "output"}
    assert loaded & {"regtutor.walks.pulling", "regtutor.walks.copying", "regtutor.content.reading.archive"} == set()
    assert {name for name in loaded if name.startswith(("regtutor.server", "regtutor.tables", "regtutor.widgets"))} == (
        set()
    )


def test_each_command_is_in_the_module_that_the_table_names() -> None:
    assert {name: command.name for name, command in main.commands.items()} == {name: name for name in _MODULES}


@pytest.mark.parametrize(
    ("command", "module"),
    [
        ("push", "click"),
        ("push", "regtutor.cli"),
        ("push", "regtutor.errors"),
        *((name, f"regtutor.cli.{module}") for name, module in _MODULES.items()),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="os.kill cannot send SIGINT there")
def test_ctrl_c_while_a_command_is_loaded_ends_it_with_one_line(command: str, module: str) -> None:
    done = python(INTERRUPTED.format(module=module), command, "--help")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "regtutor: stopped\n")


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill cannot send SIGINT there")
def test_ctrl_c_while_the_function_of_a_command_loads_modules_ends_it_with_the_same_line(layout: Path) -> None:
    done = python(INTERRUPTED.format(module="regtutor.walks.pushing"), "push", layout, "127.0.0.1:1/a:b")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "regtutor: stopped\n")


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill cannot send SIGINT there")
def test_a_command_in_the_background_which_ignores_ctrl_c_goes_on_ignoring_it() -> None:
    ignoring = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    done = python(ignoring + INTERRUPTED.format(module="regtutor.cli.images"), "push", "--help")
    assert (done.returncode, done.stderr) == (0, "")


def test_in_a_program_that_calls_a_command_ctrl_c_stays_as_it_was() -> None:
    before = signal.getsignal(signal.SIGINT)
    main(["--version"], standalone_mode=False)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_push_reads_each_byte_of_a_layer_once_in_whole_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: dict[str, list[int]] = {}
    readinto = files._Window.readinto

    def counted(window: files._Window, buffer: bytearray) -> int:
        count = readinto(window, buffer)
        read.setdefault(str(window._part), []).append(count)
        return count

    monkeypatch.setattr(files._Window, "readinto", counted)
    image = load_image(written(tmp_path / "layout", 3).path)
    layer = image.layers[0]
    assert layer.where not in read  # only its size was looked at
    with rt.open_registry("embedded", quiet=True) as reg:
        rt.push_image(reg, image, "library/hello", "v1", progress=False)
    assert sum(read[layer.where]) == layer.size
    assert len([count for count in read[layer.where] if count]) == math.ceil(layer.size / CHUNK)
