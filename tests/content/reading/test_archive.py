"""Tar archives by offset: every format that tools write, and hostile headers."""

from __future__ import annotations

import random
import struct
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regtutor.content.reading.archive import Archive
from regtutor.content.reading.load import load_image
from regtutor.content.sample.image import sample_layout
from regtutor.content.sample.tarball import tar_header
from regtutor.errors import ImageError, TruncatedArchive, UnreadableImage
from tests.content.conftest import link, members_of, tar_of
from tests.content.reading.test_docker_archive import members

LONG = "folder/" * 30 + "file"
END = bytes(1024)


@pytest.mark.parametrize("tar_format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_are_found_by_name_in_every_format(tmp_path: Path, tar_format: int) -> None:
    content = {"./a": b"one", "b/c": b"two" * 1000, "b/empty": b"", "l": link("l", "b/c")}
    archive = Archive(tar_of(tmp_path / "a.tar", content, tar_format))
    found = {name: part.read() for name in ("a", "./a", "b/c", "b//c", "b/empty", "l") if (part := archive.find(name))}
    two = b"two" * 1000
    assert found == {"a": b"one", "./a": b"one", "b/c": two, "b//c": two, "b/empty": b"", "l": two}
    assert archive.find("b") is None
    assert archive.complete


@pytest.mark.parametrize("tar_format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_and_long_links_are_read(tmp_path: Path, tar_format: int) -> None:
    content = {LONG: b"deep", "l": link("l", LONG), "é": b"accent", "after": b"x"}
    archive = Archive(tar_of(tmp_path / "a.tar", content, tar_format))
    for name, data in ((LONG, b"deep"), ("l", b"deep"), ("é", b"accent"), ("after", b"x")):
        part = archive.find(name)
        assert part is not None and part.read() == data


def test_of_two_members_of_one_name_the_last_counts(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    data = b"".join(tar_header("a", 1) + text + bytes(511) for text in (b"1", b"2"))
    path.write_bytes(data + END)
    part = Archive(path).find("a")
    assert part is not None and part.read() == b"2"


def pax(record: bytes, size: int | None = None) -> bytes:
    length = len(record) if size is None else size
    return tar_header("pax", length, kind=b"x") + record + bytes(-len(record) % 512)


HOSTILE = [
    (b"", "is empty"),
    (b"short", "too short"),
    (b"x" * 1024, "does not begin with a tar header"),
    (tar_header("a", 0) + b"x" * 512, "not a tar header"),
    (tar_header("a", 1000) + bytes(512), "is truncated"),
    (tar_header("a", 0) + bytes(100), "cut off"),
    (pax(b"", 2**30), "is truncated"),
    (pax(b"x" * (1024 * 1024 + 1)) + END, "1,048,577 bytes"),
    (pax(b"9 path=a\n") + tar_header("b", 0) + END, ""),
    (pax(b"99 path=a\n") + tar_header("b", 0) + END, "pax header is malformed"),
    (pax(b"0 path=a\n") + tar_header("b", 0) + END, "pax header is malformed"),
    (pax(b"1 path=a\n") + tar_header("b", 0) + END, "pax header is malformed"),
    (pax(b"path=a\n") + tar_header("b", 0) + END, "pax header is malformed"),
    (pax(b"11 size=-5\n") + tar_header("b", 0) + END, "malformed size '-5'"),
    (pax(b"13 size=1e99\n") + tar_header("b", 0) + END, "malformed size"),
    (pax(b"28 size=9999999999999999999\n") + tar_header("b", 0) + END, "is truncated"),
    (pax(b"22 GNU.sparse.major=1\n") + tar_header("b", 0) + END, "sparse"),
]


@pytest.mark.parametrize(("data", "reason"), HOSTILE, ids=[f"{n}-{row[1]}" for n, row in enumerate(HOSTILE)])
def test_hostile_archives_are_refused_with_the_reason(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(data)
    if not reason:
        assert Archive(path).find("a") is not None
        return
    with pytest.raises((UnreadableImage, TruncatedArchive)) as caught:
        Archive(path)
    assert reason in str(caught.value)
    assert caught.value.path == path


def test_an_archive_of_nothing_holds_no_image(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(END)
    with pytest.raises(UnreadableImage, match="neither an OCI layout nor a docker save archive"):
        load_image(tmp_path / "a.tar")


@pytest.mark.parametrize("size", [-1, -(2**62), 2**62])
def test_a_size_in_base_256_that_is_no_size_is_refused(tmp_path: Path, size: int) -> None:
    header = bytearray(tar_header("a", 0))
    header[124:136] = struct.pack(">Iq", 0xFFFFFFFF if size < 0 else 0x80000000, size)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "a.tar").write_bytes(bytes(header) + END)
    with pytest.raises((UnreadableImage, TruncatedArchive)):
        Archive(tmp_path / "a.tar")


def test_an_archive_without_its_end_mark_loads_if_everything_is_there(tmp_path: Path) -> None:
    path = tar_of(tmp_path / "a.tar", members())
    with tarfile.open(path) as archive:
        last = archive.getmembers()[-1]
    with path.open("r+b") as file:
        file.truncate(last.offset_data + -(-last.size // 512) * 512)
    assert not Archive(path).complete
    load_image(path).verify()


@pytest.fixture(scope="module")
def whole_archives(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("whole")
    layout = sample_layout(folder / "layout", ("v1",))
    paths = [tar_of(folder / "oci.tar", members_of(layout)), tar_of(folder / "docker.tar", members())]
    return [path.read_bytes() for path in paths]


def loads_or_is_refused(path: Path) -> None:
    """The only outcomes there may be: a named error that says what to do, or an image."""
    try:
        image = load_image(path, platform="linux/amd64")
        image.verify()
    except ImageError as error:
        assert error.what and error.path
        assert str(error)


def test_truncated_anywhere_it_is_refused_or_whole(tmp_path: Path, whole_archives: list[bytes]) -> None:
    for number, whole in enumerate(whole_archives):
        path = tmp_path / f"cut{number}.tar"
        for size in sorted({*range(0, len(whole), 512), *range(0, len(whole), 509)}):
            path.write_bytes(whole[:size])
            loads_or_is_refused(path)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(seed=st.integers(0, 2**32))
def test_with_bytes_flipped_it_is_refused_or_whole(tmp_path: Path, whole_archives: list[bytes], seed: int) -> None:
    chance = random.Random(seed)
    for whole in whole_archives:
        data = bytearray(whole)
        for _ in range(chance.choice([1, 1, 3, 30])):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        (tmp_path / "flipped.tar").write_bytes(data)
        loads_or_is_refused(tmp_path / "flipped.tar")


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.binary(max_size=2000))
def test_any_bytes_after_a_good_header_are_refused_or_whole(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "any.tar").write_bytes(tar_header("manifest.json", 0) + data)
    loads_or_is_refused(tmp_path / "any.tar")
