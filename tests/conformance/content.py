"""The content that is pushed: sets of blobs, manifests and tags, each for an algorithm of digests.

A set is made of the smallest bytes that show its point. What it holds is in the order of a push.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

OCI = "application/vnd.oci.image."
MANIFEST, INDEX, CONFIG = f"{OCI}manifest.v1+json", f"{OCI}index.v1+json", f"{OCI}config.v1+json"
LAYER, LAYER_GZIP = f"{OCI}layer.v1.tar", f"{OCI}layer.v1.tar+gzip"
KEPT, KEPT_GZIP = f"{OCI}layer.nondistributable.v1.tar", f"{OCI}layer.nondistributable.v1.tar+gzip"
EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
REPORT, SIGNATURE = "application/vnd.example.report.v1+json", "application/vnd.example.signature.v1"

Document = dict[str, Any]


@dataclass(frozen=True)
class Pushed:
    """A manifest or index: its digest, media type and bytes."""

    digest: str
    media_type: str
    data: bytes


@dataclass
class DataSet:
    """Blobs by digest, manifests in the order of their push, tags by name, and the referrers of each subject."""

    algorithm: str
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: list[Pushed] = field(default_factory=list)
    tags: dict[str, Pushed] = field(default_factory=dict)
    referrers: dict[str, list[Document]] = field(default_factory=dict)

    def digest(self, data: bytes) -> str:
        """The digest of ``data`` by the set's algorithm."""
        return f"{self.algorithm}:{hashlib.new(self.algorithm, data).hexdigest()}"

    def describe(self, media_type: str, data: bytes, **more: Any) -> Document:
        """The descriptor of ``data``."""
        return {"mediaType": media_type, "digest": self.digest(data), "size": len(data), **more}

    def blob(self, media_type: str, data: bytes, **more: Any) -> Document:
        """Put a blob into the set; its descriptor."""
        self.blobs[self.digest(data)] = data
        return self.describe(media_type, data, **more)

    def manifest(self, media_type: str, document: Document, tag: str = "", names_type: bool = True) -> Document:
        """Put a manifest into the set, under ``tag`` if there is one; its descriptor."""
        named = {"mediaType": media_type} if names_type else {}
        data = json.dumps({"schemaVersion": 2, **named, **document}, indent=3).encode()
        pushed = Pushed(self.digest(data), media_type, data)
        self.manifests.append(pushed)
        if tag:
            self.tags[tag] = pushed
        described = self.describe(media_type, data)
        if "subject" in document:
            self._refer(described, document)
        return described

    def _refer(self, described: Document, document: Document) -> None:
        kind = document.get("artifactType") or document.get("config", {}).get("mediaType", "")
        listed = described | ({"artifactType": kind} if kind else {})
        if "annotations" in document:
            listed["annotations"] = document["annotations"]
        self.referrers.setdefault(document["subject"]["digest"], []).append(listed)


def layer(text: str) -> bytes:
    """A tar archive with one small file."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        entry = tarfile.TarInfo("note.txt")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text.encode()))
    return archive.getvalue()[:2048]


def _image(content: DataSet, note: str, *, zipped: bool = True, with_data: bool = False, **config: Any) -> Document:
    """Config and layers of an image, as the fields of its manifest."""
    archives = [layer(f"{note}, layer {number}") for number in (1, 2)]
    stored = [gzip.compress(archive, mtime=0) for archive in archives] if zipped else archives
    document = {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [content.digest(archive) for archive in archives]},
        **config,
    }
    fields: Document = {
        "config": content.blob(CONFIG, json.dumps(document).encode()),
        "layers": [content.blob(LAYER_GZIP if zipped else LAYER, data) for data in stored],
    }
    if with_data:
        for entry in (fields["config"], *fields["layers"]):
            entry["data"] = b64encode(content.blobs[entry["digest"]]).decode()
    return fields


def _artifact(content: DataSet, note: str, **fields: Any) -> Document:
    return {"config": content.blob(EMPTY, b"{}"), "layers": [content.blob(REPORT, note.encode())], **fields}


def _platforms(content: DataSet, note: str, **fields: Any) -> list[Document]:
    """The manifests of two images, for two architectures."""
    return [
        content.manifest(MANIFEST, {**_image(content, f"{note} for {name}", architecture=name), **fields})
        | {"platform": {"os": "linux", "architecture": name}}
        for name in ("amd64", "arm64")
    ]


def _plain(content: DataSet) -> None:
    content.manifest(MANIFEST, _image(content, "plain"), "image")


def _uncompressed(content: DataSet) -> None:
    content.manifest(MANIFEST, _image(content, "uncompressed", zipped=False), "uncompressed")


def _large(content: DataSet) -> None:
    notes = {f"note-{number}": "A" * 10_000 for number in range(390)}
    content.manifest(MANIFEST, {**_image(content, "large"), "annotations": notes}, "large")


def _index(content: DataSet) -> None:
    content.manifest(INDEX, {"manifests": _platforms(content, "index")}, "index")


def _nested(content: DataSet) -> None:
    inner = [content.manifest(INDEX, {"manifests": _platforms(content, note)}) for note in ("one", "two")]
    content.manifest(INDEX, {"manifests": inner}, "nested")


def _empty_index(content: DataSet) -> None:
    content.manifest(INDEX, {"manifests": []}, "empty")


def _artifact_alone(content: DataSet) -> None:
    content.manifest(MANIFEST, _artifact(content, "artifact", artifactType=REPORT), "artifact")


def _artifact_index(content: DataSet) -> None:
    inner = [content.manifest(MANIFEST, _artifact(content, note, artifactType=REPORT)) for note in ("one", "two")]
    content.manifest(INDEX, {"artifactType": REPORT, "manifests": inner}, "artifacts")


def _artifact_empty(content: DataSet) -> None:
    nothing = content.blob(EMPTY, b"{}")
    content.manifest(MANIFEST, {"artifactType": REPORT, "config": nothing, "layers": [nothing]}, "nothing")


def _subjects(content: DataSet) -> None:
    subject = content.manifest(MANIFEST, _image(content, "subject"), "subject")
    content.manifest(MANIFEST, {**_image(content, "referrer"), "subject": subject})
    for name, kind in (("report", REPORT), ("signature", SIGNATURE)):
        fields = {"artifactType": kind, "subject": subject, "annotations": {"org.example.note": name}}
        content.manifest(MANIFEST, _artifact(content, name, **fields), name)


def _index_subjects(content: DataSet) -> None:
    subject = content.manifest(INDEX, {"manifests": _platforms(content, "subject")}, "subject")
    content.manifest(INDEX, {"manifests": [], "subject": subject, "annotations": {"org.example.note": "bare"}})
    inner = [content.manifest(MANIFEST, _artifact(content, "report", artifactType=REPORT))]
    content.manifest(INDEX, {"artifactType": REPORT, "manifests": inner, "subject": subject}, "report")


def _subject_missing(content: DataSet) -> None:
    subject = content.describe(MANIFEST, b"never pushed")
    fields = {"artifactType": REPORT, "subject": subject, "annotations": {"org.example.note": "early"}}
    content.manifest(MANIFEST, _artifact(content, "early", **fields), "early")


def _data(content: DataSet) -> None:
    content.manifest(MANIFEST, _image(content, "data", with_data=True), "data")


def _not_distributable(content: DataSet) -> None:
    fields = _image(content, "partly kept back")
    kept = [
        content.describe(kind, data, urls=["https://store.example.com/blob"])
        for kind, data in ((KEPT_GZIP, b"kept back, compressed"), (KEPT, b"kept back"))
    ]
    content.manifest(MANIFEST, {**fields, "layers": [*kept, *fields["layers"]]}, "kept")


def _custom(content: DataSet) -> None:
    fields: Document = {"org.example.custom": {"any": ["thing", 1, None, 1.50]}}
    inner = content.manifest(MANIFEST, {**_image(content, "custom", **fields), **fields})
    content.manifest(INDEX, {"manifests": [{**inner, **fields}], **fields}, "custom")


def _no_layers(content: DataSet) -> None:
    fields = _image(content, "no layers")
    content.manifest(MANIFEST, {**fields, "layers": []}, "no-layers")


def _no_media_type(content: DataSet) -> None:
    inner = content.manifest(MANIFEST, _image(content, "no type"), names_type=False)
    content.manifest(INDEX, {"manifests": [inner]}, "no-type", names_type=False)


def _docker(content: DataSet) -> None:
    fields = _image(content, "docker")
    fields["config"]["mediaType"] = DOCKER_CONFIG
    for entry in fields["layers"]:
        entry["mediaType"] = DOCKER_LAYER
    inner = content.manifest(DOCKER, fields, "docker")
    content.manifest(
        DOCKER_LIST, {"manifests": [{**inner, "platform": {"os": "linux", "architecture": "amd64"}}]}, "list"
    )


def _many_tags(content: DataSet) -> None:
    content.manifest(MANIFEST, _image(content, "many"))
    content.tags |= {f"{name}{number}": content.manifests[0] for name in ("v", "V", "_") for number in range(4)}


DATA_SETS: Mapping[str, Callable[[DataSet], None]] = {
    "image": _plain,
    "image, uncompressed": _uncompressed,
    "image, large manifest": _large,
    "index": _index,
    "index of indexes": _nested,
    "index, empty": _empty_index,
    "artifact": _artifact_alone,
    "artifact, index": _artifact_index,
    "artifact, no content": _artifact_empty,
    "subject": _subjects,
    "subject, index": _index_subjects,
    "subject, not there": _subject_missing,
    "data in descriptors": _data,
    "layers not to be distributed": _not_distributable,
    "custom fields": _custom,
    "no layers": _no_layers,
    "no mediaType field": _no_media_type,
    "Docker's types": _docker,
    "many tags": _many_tags,
}
"""What a set is called -> what makes it."""


def data_set(name: str, algorithm: str) -> DataSet:
    """The set called ``name``, its digests by ``algorithm``."""
    content = DataSet(algorithm)
    DATA_SETS[name](content)
    return content
