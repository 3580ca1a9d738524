"""``rt.collect_garbage``, ``reg.collect_garbage`` and ``rt.fsck``, and their commands."""

from __future__ import annotations

from pathlib import Path

import pytest

import regtutor as rt
from regtutor.errors import NotObservable, ServerError, StoreLocked
from tests.cli.test_cli import run

COLUMNS = ["kind", "repository", "name", "bytes", "why"]


@pytest.mark.parametrize("which", ["embedded", "in_process"])
def test_a_lesson_deletes_and_collects(which: str) -> None:
    with rt.open_registry(which, quiet=True) as reg:
        image = rt.sample_image()
        rt.push_image(reg, image, "library/hello", "v1", progress=False)
        assert list(reg.collect_garbage().columns) == COLUMNS and reg.collect_garbage().empty
        rt.delete_image(reg, "library/hello", "v1")
        listed = reg.collect_garbage()
        assert set(listed["kind"]) == {"link", "blob"}
        assert listed["bytes"].sum() == sum(size for path, size in reg.tree() if path.endswith("/data"))
        assert reg.collect_garbage(dry_run=False).equals(listed)
        assert not [path for path, _ in reg.tree() if path.endswith("/data")]
        rt.push_image(reg, image, "library/hello", "v1", progress=False)


def test_a_registry_that_regtutor_does_not_own_collects_nothing() -> None:
    with pytest.raises(NotObservable, match="its own registry"):
        rt.connect("http://127.0.0.1:9").collect_garbage()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with rt.open_registry("in_process", root=tmp_path / "root", quiet=True) as reg:
        rt.push_image(reg, rt.sample_image(), "library/hello", "v1", progress=False)
    return tmp_path / "root"


def test_a_directory_is_collected_when_no_registry_uses_it(root: Path) -> None:
    assert rt.collect_garbage(root).empty and rt.fsck(root).empty
    with rt.open_registry("in_process", root=root, quiet=True) as reg:
        rt.delete_image(reg, "library/hello", "v1")
        with pytest.raises(StoreLocked):
            rt.collect_garbage(root)
        assert rt.fsck(root).empty, "a check can run beside it"
    listed = rt.collect_garbage(root)
    assert len(listed) and len(rt.collect_garbage(root)) == len(listed)
    rt.collect_garbage(root, dry_run=False)
    assert rt.collect_garbage(root).empty and rt.fsck(root).empty


@pytest.mark.parametrize("call", [rt.collect_garbage, rt.fsck])
def test_another_directory_is_refused_and_not_touched(tmp_path: Path, call: object) -> None:
    with pytest.raises(ServerError, match="is not the directory of a registry"):
        call(tmp_path)  # type: ignore[operator]
    assert not list(tmp_path.iterdir())


def test_the_commands_list_and_remove(root: Path) -> None:
    done = run("gc", str(root))
    assert (done.returncode, done.stdout) == (0, "") and "Removed: 0, with 0 bytes." in done.stderr
    with rt.open_registry("in_process", root=root, quiet=True) as reg:
        rt.delete_image(reg, "library/hello", "v1")
        assert run("gc", str(root)).returncode == 2, "the registry is running"
    done = run("gc", str(root), "--dry-run")
    assert done.returncode == 0 and "To remove: " in done.stderr
    assert {line.split()[0] for line in done.stdout.splitlines()} == {"link", "blob"}
    assert run("gc", str(root)).stdout == done.stdout
    assert run("gc", str(root)).stdout == ""
    assert run("gc", "--dry-run", str(root.parent)).returncode == 2


def test_the_check_has_an_exit_status(root: Path) -> None:
    assert run("fsck", str(root)).returncode == 0
    (root / ".regtutor" / "unfinished-\x1b[31m").touch()
    blob = max((root / "docker").rglob("data"), key=lambda path: path.stat().st_size)
    blob.write_bytes(b"damaged")
    done = run("fsck", str(root))
    assert done.returncode == 1
    assert "damaged blob" in done.stdout and str(blob) in done.stdout
    assert "\x1b" not in done.stdout
    assert run("fsck", str(root.parent)).returncode == 2
