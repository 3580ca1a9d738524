"""What ends a kernel ends what it started: an interrupt leaves the registry up, a kill leaves nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.backends.watching import alive, listens, push_blob, status, within

KERNEL = """
import json, sys, time
from regtutor.backends.opening import open_registry

reg = open_registry(sys.argv[1], quiet=True, **json.loads(sys.argv[2]))
print(json.dumps({"url": reg.url, "root": str(getattr(reg.host, "root", "")), "pid": getattr(reg.host, "pid", None)}))
while True:
    try:
        sys.stdout.flush()
        time.sleep(600)
    except KeyboardInterrupt:
        print("interrupted")
"""
PUT_AWAY_SECONDS = 5


class Kernel:
    """A Python in a process group of its own, as Jupyter starts one, that opens a registry."""

    def __init__(self, which: str, **options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", KERNEL, which, json.dumps(options)], stdout=subprocess.PIPE, start_new_session=True
        )

    def line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().decode()

    def interrupt(self) -> None:
        os.killpg(self.process.pid, signal.SIGINT)

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate(timeout=10)


@pytest.fixture
def kernel(request: pytest.FixtureRequest, temporary: Path) -> Iterator[Kernel]:
    which, fixtures = request.param
    options = {name: request.getfixturevalue(fixture) for name, fixture in fixtures.items()}
    kernel = Kernel(which, **options)
    yield kernel
    if kernel.process.poll() is None:
        kernel.kill()


EMBEDDED = pytest.param(("embedded", {}), id="embedded")
NATIVE = pytest.param(("native", {"binary": "registry_binary"}), id="native", marks=pytest.mark.registry)
CONTAINER = pytest.param(
    ("container", {"engine": "podman", "image": "image"}), id="container", marks=pytest.mark.container
)


def containers(podman: str) -> list[str]:
    names = subprocess.run([podman, "ps", "--all", "--format", "{{.Names}}"], capture_output=True, timeout=20)
    return names.stdout.decode().split()


def nothing_left(seen: dict[str, Any], temporary: Path) -> bool:
    return not (list(temporary.iterdir()) or listens(seen["url"]) or (seen["pid"] and alive(seen["pid"])))


@pytest.mark.parametrize("kernel", [EMBEDDED, NATIVE, CONTAINER], indirect=True)
def test_an_interrupt_leaves_the_registry_up_and_a_kill_leaves_nothing(kernel: Kernel, temporary: Path) -> None:
    seen = json.loads(kernel.line())
    push_blob(seen["url"], "library/hello", b"before the interrupt")
    assert list(temporary.iterdir())

    kernel.interrupt()
    assert kernel.line() == "interrupted\n"
    assert status(seen["url"]) == 200
    push_blob(seen["url"], "library/hello", b"after the interrupt")

    kernel.kill()
    assert within(PUT_AWAY_SECONDS, lambda: nothing_left(seen, temporary)), [*temporary.iterdir(), seen]


@pytest.mark.parametrize("kernel", [CONTAINER], indirect=True)
def test_a_killed_kernel_leaves_no_container(kernel: Kernel, podman: str) -> None:
    kernel.line()
    assert len(containers(podman)) == 1
    kernel.kill()
    assert within(PUT_AWAY_SECONDS, lambda: not containers(podman))


@pytest.mark.parametrize("kernel", [CONTAINER], indirect=True)
def test_a_kernel_that_is_killed_while_the_container_starts_leaves_none(
    kernel: Kernel, podman: str, temporary: Path
) -> None:
    assert within(30, lambda: list(temporary.glob("regtutor-container-*/config.yml")))
    kernel.kill()
    assert within(PUT_AWAY_SECONDS, lambda: not list(temporary.iterdir()))
    assert not containers(podman)  # the directory goes last


@pytest.mark.parametrize("kernel", [EMBEDDED, NATIVE, CONTAINER], indirect=True)
def test_a_kernel_that_is_told_to_end_leaves_nothing(kernel: Kernel, temporary: Path) -> None:
    seen = json.loads(kernel.line())
    os.kill(kernel.process.pid, signal.SIGTERM)
    kernel.process.communicate(timeout=10)
    assert within(PUT_AWAY_SECONDS, lambda: nothing_left(seen, temporary))


def test_the_end_of_python_waits_until_a_registry_is_put_away(temporary: Path) -> None:
    script = "from regtutor.backends.opening import open_registry; print(open_registry('embedded', quiet=True).url)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert not list(temporary.iterdir()) and not listens(done.stdout.decode().strip())


HANGING_ENGINE = """#!/bin/sh
case "$1" in
  run) echo $$ > "$TMPDIR/../engine"; exec sleep 600;;
esac
"""


@pytest.mark.parametrize("end", [Kernel.interrupt, Kernel.kill], ids=["interrupted", "killed"])
def test_a_kernel_that_ends_while_its_engine_hangs_leaves_neither(
    end: Callable[[Kernel], None], temporary: Path, tmp_path: Path
) -> None:
    engine = tmp_path / "hanging"
    engine.write_text(HANGING_ENGINE)
    engine.chmod(0o755)
    kernel = Kernel("container", engine=str(engine), image="any")
    try:
        assert within(30, lambda: (tmp_path / "engine").exists() and (tmp_path / "engine").read_text().endswith("\n"))
        pid = int((tmp_path / "engine").read_text())
        assert alive(pid)
        end(kernel)
        assert within(PUT_AWAY_SECONDS, lambda: not alive(pid) and not list(temporary.iterdir()))
        kernel.process.communicate(timeout=10)
    finally:
        kernel.process.kill()
