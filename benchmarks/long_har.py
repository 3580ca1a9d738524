"""Loading a long HAR file: the time for many entries, and the time and memory for large bodies."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.measuring import Comparison, Goal, Line, Plot, Report, Samples
from benchmarks.processes import output, peak_mebibytes
from benchmarks.setting import Setting

_LOAD = """
import sys, time
import regtutor as rt
from regtutor.formats import load
begun = time.perf_counter()
transcript = load(sys.argv[1])
taken = time.perf_counter() - begun
assert len(transcript) == int(sys.argv[2]), len(transcript)
print(taken)
"""

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
TIMES_THE_FILE = 6.0
"""The goal for the peak memory of a load, start of the interpreter included, in sizes of the file."""

_BODIES = "HAR file of {size} MB with bodies"
_MANY = "HAR file of {size} MB with {count:,} entries without bodies"


def har(setting: Setting) -> Report:
    """A long HAR file"""
    sizes = (100, 1_000) if setting.quick else (10_000, 100_000, 500_000)
    path = setting.folder / "long.har"
    comparisons, points, memory = [], [], []
    for size in sizes:
        _write(path, _short_entries(size))
        samples = {"load": Samples(tuple(_seconds(path, size) for _ in range(1 if size > 100_000 else 3)))}
        goals = (Goal("load", 10.0),) if size == sizes[-1] else ()
        comparisons.append(Comparison(f"HAR file with {size:,} entries", "s", samples, goals))
        points.append((float(size), samples["load"].median))
    memory.append(_memory(path, _MANY.format(size=_megabytes(path), count=sizes[-1]), sizes[-1]))
    count = _write(path, _entries_with_bodies(setting.size(240_000_000, 1_000_000)))
    title = _BODIES.format(size=_megabytes(path))
    comparisons.append(Comparison(f"{title}, {count:,} entries", "s", {"load": Samples((_seconds(path, count),))}))
    memory.append(_memory(path, title, count))
    path.unlink()
    plot = Plot("har", "Loading a HAR file", "entries", "s", (Line("load", tuple(points)),), logarithmic=True)
    note = "The peak memory is that of the whole process, in sizes of the file. Each entry has a digest of its own."
    return Report((*comparisons, *memory), (plot,), (note,))


def _seconds(path: Path, count: int) -> float:
    return float(output([sys.executable, "-c", _LOAD, str(path), str(count)]))


def _memory(path: Path, work: str, count: int) -> Comparison:
    """Return the peak memory of a load; a tiny file says nothing about its multiple, and has no goal."""
    peak = peak_mebibytes([sys.executable, "-c", _LOAD, str(path), str(count)])
    size = path.stat().st_size / 2**20
    goals = (Goal("peak", TIMES_THE_FILE),) if size > 100 else ()
    return Comparison(f"memory, {work}", "sizes of the file", {"peak": Samples((peak / size,))}, goals)


def _megabytes(path: Path) -> int:
    return round(path.stat().st_size / 1e6)


def _write(path: Path, entries: Iterable[str]) -> int:
    """Write a file with these entries, and return how many there are."""
    count = 0
    with path.open("w") as file:
        file.write('{"log":{"version":"1.2","creator":{"name":"bench","version":"1"},"entries":[')
        for count, entry in enumerate(entries, 1):
            file.write(f",{entry}" if count > 1 else entry)
        file.write("]}}")
    return count


def _short_entries(count: int) -> Iterator[str]:
    """Yield entries without a body that differ in their digest."""
    head, _, end = json.dumps(_entry("HEAD", "blobs/DIGEST", 404, {"size": 0})).partition("DIGEST")
    for number in range(count):
        yield f"{head}{_digest(number)}{end}"


def _entries_with_bodies(size: int) -> Iterator[str]:
    """Yield pulls of a manifest, a list of tags and a layer, until they have ``size`` bytes."""
    number, made, random_bytes = 0, 0, random.Random(1).randbytes(20_000)
    while made < size:
        number += 1
        layers = [{"mediaType": LAYER, "digest": _digest(number + each), "size": each} for each in range(20)]
        manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "layers": layers}, indent=2)
        tags = json.dumps({"name": "library/hello", "tags": [f"v{number}.{each}" for each in range(300)]})
        layer = base64.b64encode(_digest(number).encode() + random_bytes).decode()
        for path, kind, text, encoding in (
            (f"manifests/v{number}", MANIFEST, manifest, None),
            ("tags/list", "application/json", tags, None),
            (f"blobs/{_digest(number)}", "application/octet-stream", layer, "base64"),
        ):
            content = {"size": len(base64.b64decode(text) if encoding else text), "mimeType": kind, "text": text}
            entry = json.dumps(_entry("GET", path, 200, content | ({"encoding": encoding} if encoding else {})))
            made += len(entry) + 1
            yield entry


def _entry(method: str, path: str, status: int, content: dict[str, Any]) -> dict[str, Any]:
    return {
        "startedDateTime": "2026-01-01T00:00:00Z",
        "request": {
            "method": method,
            "url": f"http://127.0.0.1:5000/v2/library/hello/{path}",
            "httpVersion": "HTTP/1.1",
            "headers": [{"name": "Host", "value": "127.0.0.1:5000"}],
        },
        "response": {
            "status": status,
            "statusText": "OK" if status == 200 else "Not Found",
            "httpVersion": "HTTP/1.1",
            "headers": [{"name": "Content-Length", "value": str(content["size"])}],
            "content": content,
        },
        "timings": {"send": 0.5, "wait": 0.5, "receive": 0.5},
    }


def _digest(number: int) -> str:
    return f"sha256:{hashlib.sha256(str(number).encode()).hexdigest()}"
