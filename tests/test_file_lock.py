"""A lock has one holder, ends with its process, and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from regtutor.file_lock import FolderLock, lock_file

HOLDER = """
import sys
from pathlib import Path
from regtutor.file_lock import FolderLock, lock_file
path, kind = Path(sys.argv[1]), sys.argv[2]
held = lock_file(path / "lock") if kind == "file" else FolderLock(path / "folder", beside=kind == "beside")
print("held", flush=True)
sys.stdin.read()
"""


def take_file(path: Path) -> Callable[[], None]:
    return lock_file(path / "lock").close


def take_folder(path: Path) -> Callable[[], None]:
    return FolderLock(path / "folder").release


def take_beside(path: Path) -> Callable[[], None]:
    return FolderLock(path / "folder", beside=True).release


TAKES = {"file": take_file, "folder": take_folder, "beside": take_beside}


@pytest.mark.parametrize("kind", TAKES)
def test_one_process_has_one_holder(kind: str, tmp_path: Path) -> None:
    take = TAKES[kind]
    release = take(tmp_path)
    with pytest.raises(BlockingIOError):
        take(tmp_path)
    release()
    take(tmp_path)()


@pytest.mark.parametrize("kind", TAKES)
def test_a_lock_ends_with_its_process(kind: str, tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path, kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout and holder.stdout.readline() == b"held\n"
        with pytest.raises(BlockingIOError):
            TAKES[kind](tmp_path)
    finally:
        holder.kill()
        holder.communicate(timeout=10)
    TAKES[kind](tmp_path)()


def test_a_lock_beside_a_folder_is_removed_with_its_holder(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path / "folder", beside=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "folder.lock"]
    lock.release()
    lock.release()
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize("beside", [False, True])
def test_a_folder_that_its_holder_renamed_is_no_longer_there(beside: bool, tmp_path: Path) -> None:
    lock = FolderLock(tmp_path / "folder", beside=beside)
    assert lock.has_folder()
    (tmp_path / "folder").rename(tmp_path / "image")
    assert not lock.has_folder()
    lock.release()


def test_a_link_is_not_taken_for_the_folder(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "folder").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError) as caught:
        FolderLock(tmp_path / "folder")
    assert not isinstance(caught.value, BlockingIOError)
