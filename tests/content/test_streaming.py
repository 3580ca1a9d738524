"""Layers of any size pass in constant memory, wherever they come from."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from regtutor.content.image import Layer
from regtutor.content.reading.load import load_image
from regtutor.content.sample.image import sample_layer
from regtutor.content.sample.tarball import tar_header
from regtutor.message import body_of

MIB = 1024 * 1024
SIZE = 96 * MIB


def archived(tmp_path: Path) -> Layer:
    """A layer of zeros in a docker archive; the file is sparse, so it takes no room on disk."""
    config = {"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": ["sha256:" + "0" * 64]}}
    listed = [{"Config": "config", "Layers": ["layer.tar"]}]
    path = tmp_path / "big.tar"
    with path.open("wb") as file:
        for name, value in (("config", config), ("manifest.json", listed)):
            write_member(file, name, json.dumps(value).encode())
        file.write(tar_header("layer.tar", SIZE))
        file.truncate(file.tell() + SIZE + 1024)
    return load_image(path).layers[0]


def write_member(file: BinaryIO, name: str, data: bytes) -> None:
    file.write(tar_header(name, len(data)) + data + bytes(-len(data) % 512))


@pytest.mark.parametrize("source", [archived, lambda _: sample_layer(SIZE)], ids=["archive", "generated"])
def test_a_large_layer_passes_in_constant_memory(source: Callable[[Path], Layer], tmp_path: Path) -> None:
    layer = source(tmp_path)
    tracemalloc.start()
    try:
        total = sum(len(chunk) for chunk in body_of(layer).chunks())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == layer.size == SIZE
    assert peak < 8 * MIB


def test_a_layer_can_be_opened_twice_at_once(tmp_path: Path) -> None:
    layer = sample_layer(3 * MIB)
    with layer.open() as one, layer.open() as two:
        assert one.read(MIB) == two.read(MIB)
