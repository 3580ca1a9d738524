"""How the embedded registry responds when it holds 10, 1,000 or 50,000 manifests and as many repositories."""

from __future__ import annotations

import hashlib
import http.client
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.measuring import Comparison, Line, Plot, Report, Samples
from benchmarks.registries import embedded, running
from benchmarks.setting import Setting

_MANY = "bench/many"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_TREE = ("docker", "registry", "v2")
_REFERRERS = 10


def growth(setting: Setting) -> Report:
    """Growth"""
    sizes = (10, 100) if setting.quick else (10, 1_000, 50_000)
    found = {size: _measured(setting, size) for size in sizes}
    works = list(found[sizes[0]])
    comparisons = tuple(Comparison(work, "ms", {f"{size:,}": found[size][work] for size in sizes}) for work in works)
    lines = tuple(Line(work, tuple((size, found[size][work].median) for size in sizes)) for work in works)
    plot = Plot("growth", "The embedded registry as it grows", "manifests, and as many repositories", "ms", lines, True)
    note = "The tree is as Distribution writes it. The first list of referrers after a start has its own table."
    return Report(comparisons, (plot,), (note,))


def _measured(setting: Setting, size: int) -> dict[str, Samples]:
    root = setting.folder / f"growth-{size}"
    subject = _write_tree(root, size)
    found: dict[str, Samples] = {}
    opening = []
    for _ in range(setting.size(3, 1)):
        begun = time.perf_counter()
        with running(embedded(), setting, root):
            opening.append((time.perf_counter() - begun) * 1000)
    found["start until GET /v2/ responds"] = Samples(tuple(opening))
    with running(embedded(), setting, root) as url:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)
        first = _milliseconds(connection, "GET", f"/v2/{_MANY}/referrers/{subject}")
        found["first list of referrers"] = Samples((first,))
        for work, (method, target) in _requests(subject, size).items():
            times = [_milliseconds(connection, method, target) for _ in range(setting.size(50, 2))]
            found[work] = Samples(tuple(times))
        connection.close()
    shutil.rmtree(root)
    return found


def _requests(subject: str, size: int) -> dict[str, tuple[str, str]]:
    return {
        "GET of a manifest": ("GET", f"/v2/{_MANY}/manifests/t{size // 2}"),
        "HEAD of a manifest": ("HEAD", f"/v2/{_MANY}/manifests/t{size // 2}"),
        "a page of 100 tags": ("GET", f"/v2/{_MANY}/tags/list?n=100"),
        "a page of 100 repositories": ("GET", "/v2/_catalog?n=100"),
        "a list of 10 referrers": ("GET", f"/v2/{_MANY}/referrers/{subject}"),
    }


def _milliseconds(connection: http.client.HTTPConnection, method: str, target: str) -> float:
    begun = time.perf_counter()
    connection.request(method, target)
    response = connection.getresponse()
    response.read()
    if response.status != 200:
        raise RuntimeError(f"{method} {target}: {response.status}")
    return (time.perf_counter() - begun) * 1000


def _write_tree(root: Path, size: int) -> str:
    """Write the tree of a registry, and return the digest of the manifest that some of the others refer to."""
    content = root.joinpath(*_TREE)
    repository = content / "repositories" / _MANY
    (repository / "_layers").mkdir(parents=True)
    subject = ""
    for number, data in enumerate(_manifests(size)):
        encoded = hashlib.sha256(data).hexdigest()
        subject = subject or f"sha256:{encoded}"
        _write(content / "blobs" / "sha256" / encoded[:2] / encoded / "data", data)
        link = f"sha256:{encoded}".encode()
        _write(repository / "_manifests" / "revisions" / "sha256" / encoded / "link", link)
        _write(repository / "_manifests" / "tags" / f"t{number}" / "current" / "link", link)
        (content / "repositories" / "grown" / f"r{number}" / "_layers").mkdir(parents=True)
    return subject


def _manifests(size: int) -> Iterator[bytes]:
    config = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": f"sha256:{'0' * 64}", "size": 2}
    subject = None
    for number in range(size):
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "artifactType": "application/vnd.example",
            "config": config,
            "layers": [],
            "annotations": {"number": str(number)},
        }
        if subject is not None and number % max(size // _REFERRERS, 1) == 1 % max(size // _REFERRERS, 1):
            manifest["subject"] = subject
        data = json.dumps(manifest).encode()
        if subject is None:
            digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
            subject = {"mediaType": _MANIFEST, "digest": digest, "size": len(data)}
        yield data


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
