"""The keeper owns what it started, and puts it away: when it is told to, and when nobody can tell it any more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from regtutor.backends.keeper import Keeper
from regtutor.errors import BackendFailed
from tests.backends.watching import alive, within

GROUP = 'sleep 600 & echo $! > "$1"; wait'  # a leader and another process in its group
STUBBORN = 'trap "" TERM; echo ready > "$1"; while :; do sleep 1; done'


def sh(script: str, *arguments: object) -> list[str]:
    return ["sh", "-c", script, "sh", *map(str, arguments)]


def number_in(file: Path) -> int:
    assert within(5, lambda: file.exists() and file.read_text().endswith("\n"))
    return int(file.read_text())


def test_closing_stops_the_whole_process_group_and_deletes_the_directory(tmp_path: Path) -> None:
    with Keeper() as keeper:
        home = keeper.directory("test")
        leader = keeper.start(sh(GROUP, tmp_path / "pid"), env=None, log=home / "log")
        other = number_in(tmp_path / "pid")
        assert alive(leader) and alive(other) and home.is_dir()
        pid = keeper.pid
    assert not alive(leader) and not alive(other) and not alive(pid)
    assert not home.exists()


def test_a_process_that_ignores_TERM_is_killed(tmp_path: Path) -> None:
    with Keeper() as keeper:
        pid = keeper.start(sh(STUBBORN, tmp_path / "ready"), env=None, log=tmp_path / "log")
        assert within(5, (tmp_path / "ready").exists)
    assert not alive(pid)


def test_stopping_one_process_leaves_the_others(tmp_path: Path) -> None:
    with Keeper() as keeper:
        one, two = (keeper.start(["sleep", "600"], env=None, log=tmp_path / "log") for _ in range(2))
        assert keeper.stop(one) == -signal.SIGTERM
        assert (keeper.status(one), keeper.status(two)) == (-signal.SIGTERM, None)


def test_directories_that_it_did_not_make_stay(tmp_path: Path) -> None:
    with Keeper() as keeper:
        (keeper.directory("test") / "link").symlink_to(tmp_path)
    assert tmp_path.is_dir()


def test_a_directory_is_only_for_its_owner() -> None:
    with Keeper() as keeper:
        assert keeper.directory("test").stat().st_mode & 0o777 == 0o700


def test_a_command_is_killed_at_its_limit_and_says_what_it_wrote() -> None:
    with Keeper() as keeper:
        assert keeper.run(sh("echo out; echo err >&2; exit 3"), limit=10).output == "out\nerr\n"
        ran = keeper.run(sh("echo begun; sleep 600"), limit=0.3)
    assert (ran.status, ran.output) == (None, "begun\n")


def test_a_program_that_cannot_be_started_is_named(tmp_path: Path) -> None:
    with Keeper() as keeper, pytest.raises(BackendFailed, match="/nowhere/registry"):
        keeper.start(["/nowhere/registry"], env=None, log=tmp_path / "log")


def test_a_keeper_that_was_told_to_end_puts_away_first_and_then_says_that_it_is_gone(tmp_path: Path) -> None:
    keeper = Keeper()
    home = keeper.directory("test")
    child = keeper.start(["sleep", "600"], env=None, log=home / "log")
    os.kill(keeper.pid, signal.SIGTERM)
    assert within(5, lambda: not alive(keeper.pid))
    assert not alive(child) and not home.exists()
    with pytest.raises(BackendFailed, match="does not respond"):
        keeper.status(child)
    keeper.close()


def test_a_keeper_that_was_killed_is_reported_on_closing(tmp_path: Path) -> None:
    keeper = Keeper()
    child = keeper.start(["sleep", "600"], env=None, log=tmp_path / "log")
    os.kill(keeper.pid, signal.SIGKILL)
    with pytest.warns(RuntimeWarning, match="could not clean up"):
        keeper.close()
    os.killpg(child, signal.SIGKILL)  # nobody else knows it now


KERNEL = """
import os, subprocess, sys
from regtutor.backends.keeper import Keeper
keeper = Keeper()
home = keeper.directory("test")
{children}
print(keeper.pid, home, flush=True)
sys.stdin.read()
"""
FORK = "if os.fork() == 0: __import__('time').sleep(30)"
INHERITING = "subprocess.Popen(['sleep', '30'], close_fds=False)"


@pytest.mark.parametrize("children", [FORK, INHERITING], ids=["a fork", "a child that inherits open files"])
def test_a_child_that_outlives_the_kernel_does_not_keep_the_keeper(children: str) -> None:
    kernel = subprocess.Popen(
        [sys.executable, "-c", KERNEL.format(children=children)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert kernel.stdout
        pid, home = kernel.stdout.readline().decode().split()
        assert alive(int(pid)) and Path(home).is_dir()
        kernel.kill()
        assert within(5, lambda: not alive(int(pid)) and not Path(home).exists())
        os.killpg(kernel.pid, 0)  # the other child is still there
    finally:
        os.killpg(kernel.pid, signal.SIGKILL)
        kernel.communicate(timeout=10)


def test_an_answer_that_came_after_an_interrupt_is_not_taken_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    with Keeper() as keeper:
        with monkeypatch.context() as patch:
            patch.setattr(keeper, "_read", _interrupted)
            with pytest.raises(KeyboardInterrupt):
                keeper.run(sh("echo first"), limit=5)
        assert keeper.run(sh("echo second"), limit=5).output == "second\n"


def _interrupted(_deadline: float) -> dict[str, object]:
    raise KeyboardInterrupt
