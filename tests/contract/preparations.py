"""The states that rows start from, each brought about by literal requests, and the content that they use.

Every row has repositories of its own, so a state is what the row names and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from tests.contract.language import Sent

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
OCI_FOREIGN = "application/vnd.oci.image.layer.nondistributable.v1.tar"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
DOCKER_FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"

HELLO = b"hello"
HELLO_DIGEST = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
HELLO_SHA512 = (
    "sha512:9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca7"
    "2323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043"
)
EMPTY_DIGEST = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
UNKNOWN_DIGEST = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
CONFIG = (
    b'{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["'
    + HELLO_DIGEST.encode()
    + b'"]},"history":[{"created_by":"hello"}]}'
)
CONFIG_DIGEST = "sha256:7887e25bbc8a32741ddb7969d5c303e3357d16b83a79250322cd1c87e890885a"


def _json(**fields: Any) -> bytes:
    return json.dumps({"schemaVersion": 2, **fields}).encode()


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _entry(media_type: str, digest: str, size: int, **more: Any) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest, "size": size, **more}


_CONFIG = _entry(OCI_CONFIG, CONFIG_DIGEST, 198)
_LAYER = _entry(OCI_LAYER, HELLO_DIGEST, 5)
_LOST = _entry(OCI_LAYER, UNKNOWN_DIGEST, 5)

MANIFEST = _json(mediaType=OCI_MANIFEST, config=_CONFIG, layers=[_LAYER])
ANOTHER = _json(mediaType=OCI_MANIFEST, config=_CONFIG, layers=[_LAYER, _LAYER])
WITHOUT_TYPE = _json(config=_CONFIG, layers=[_LAYER])
NO_LAYERS = _json(mediaType=OCI_MANIFEST, config=_CONFIG, layers=[])
LOST_LAYER = _json(mediaType=OCI_MANIFEST, config=_CONFIG, layers=[_LOST])
LOST_BOTH = _json(mediaType=OCI_MANIFEST, config=_entry(OCI_CONFIG, EMPTY_DIGEST, 0), layers=[_LOST])
FOREIGN = _json(
    mediaType=OCI_MANIFEST,
    config=_CONFIG,
    layers=[_LAYER, _entry(OCI_FOREIGN, UNKNOWN_DIGEST, 5, urls=["https://example.invalid/layer"])],
)
DOCKER_FOREIGN_MANIFEST = _json(
    mediaType=DOCKER_MANIFEST,
    config=_entry(DOCKER_CONFIG, CONFIG_DIGEST, 198),
    layers=[_entry(DOCKER_FOREIGN, UNKNOWN_DIGEST, 5, urls=["https://example.invalid/layer"])],
)
DOCKER = _json(
    mediaType=DOCKER_MANIFEST,
    config=_entry(DOCKER_CONFIG, CONFIG_DIGEST, 198),
    layers=[_entry(DOCKER_LAYER, HELLO_DIGEST, 5)],
)
_AMD64 = {"architecture": "amd64", "os": "linux"}
INDEX = _json(mediaType=OCI_INDEX, manifests=[_entry(OCI_MANIFEST, _digest(MANIFEST), len(MANIFEST), platform=_AMD64)])
INDEX_WITHOUT_TYPE = _json(manifests=[_entry(OCI_MANIFEST, _digest(MANIFEST), len(MANIFEST), platform=_AMD64)])
BLOB_AS_CHILD = _json(mediaType=OCI_INDEX, manifests=[_entry(OCI_MANIFEST, HELLO_DIGEST, 5, platform=_AMD64)])
SCHEMA_VERSION_1 = _json(mediaType=OCI_MANIFEST, config=_CONFIG, layers=[_LAYER]).replace(b": 2,", b": 1,", 1)
LOST_CHILD = _json(mediaType=OCI_INDEX, manifests=[_entry(OCI_MANIFEST, UNKNOWN_DIGEST, 5, platform=_AMD64)])
LIST = _json(mediaType=DOCKER_LIST, manifests=[_entry(DOCKER_MANIFEST, _digest(DOCKER), len(DOCKER), platform=_AMD64)])
WITH_SUBJECT = _json(
    mediaType=OCI_MANIFEST, config=_CONFIG, layers=[_LAYER], subject=_entry(OCI_MANIFEST, UNKNOWN_DIGEST, 5)
)
AMBIGUOUS = _json(mediaType=OCI_MANIFEST, config=_CONFIG, layers=[_LAYER], manifests=[])
NOTHING = b"{}"
NOTHING_DIGEST = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
_NOTHING = _entry(OCI_EMPTY, NOTHING_DIGEST, 2)
_IMAGE_V1 = _entry(OCI_MANIFEST, _digest(MANIFEST), len(MANIFEST))
ARTIFACT = _json(
    mediaType=OCI_MANIFEST,
    artifactType="application/vnd.example.contents",
    config=_entry(OCI_EMPTY, NOTHING_DIGEST, 2, data="e30="),
    layers=[_entry("text/plain", HELLO_DIGEST, 5, annotations={"org.opencontainers.image.title": "hello.txt"})],
)
WRONG_DATA = _json(mediaType=OCI_MANIFEST, config=_entry(OCI_EMPTY, NOTHING_DIGEST, 2, data="AAAA"), layers=[_LAYER])
CUSTOM = (
    b'{"schemaVersion":2,\n  "mediaType":"' + OCI_MANIFEST.encode() + b'",  "own":{"z":[1.50,null],"a":"\\u00e9"},'
    b'"config":{"size":198,"digest":"'
    + CONFIG_DIGEST.encode()
    + b'","mediaType":"'
    + OCI_CONFIG.encode()
    + b'"},"layers":[]}\n'
)
NO_MANIFESTS = _json(mediaType=OCI_INDEX, manifests=[])
WITH_SHA512 = _json(mediaType=OCI_MANIFEST, config=_CONFIG, layers=[_entry(OCI_LAYER, HELLO_SHA512, 5)])
SIGNATURE = _json(
    mediaType=OCI_MANIFEST,
    artifactType="application/vnd.example.signature",
    config=_NOTHING,
    layers=[_NOTHING],
    subject=_IMAGE_V1,
    annotations={"org.example.signed-by": "nobody"},
)
CONTENTS = _json(
    mediaType=OCI_MANIFEST,
    config=_entry("application/vnd.example.contents", NOTHING_DIGEST, 2),
    layers=[_NOTHING],
    subject=_IMAGE_V1,
)
REFERRING_INDEX = _json(mediaType=OCI_INDEX, manifests=[], subject=_IMAGE_V1, annotations={"org.example.kind": "set"})
SCHEMA_1_BODY = json.dumps(
    {"schemaVersion": 1, "name": "hello", "tag": "v1", "architecture": "amd64", "fsLayers": [], "history": []}
).encode()

CONTENT: Mapping[str, str] = {
    "hello": HELLO_DIGEST,
    "hello512": HELLO_SHA512,
    "empty": EMPTY_DIGEST,
    "unknown": UNKNOWN_DIGEST,
    "config": CONFIG_DIGEST,
    "manifest": _digest(MANIFEST),
    "another": _digest(ANOTHER),
    "docker": _digest(DOCKER),
    "index": _digest(INDEX),
    "list": _digest(LIST),
    "artifact": _digest(ARTIFACT),
    "custom": _digest(CUSTOM),
    "manifest512": "sha512:" + hashlib.sha512(MANIFEST).hexdigest(),
    "signature": _digest(SIGNATURE),
    "contents": _digest(CONTENTS),
    "referring_index": _digest(REFERRING_INDEX),
    "nothing": NOTHING_DIGEST,
    "hello_encoded": HELLO_DIGEST.replace(":", "%3A"),
    "nosession": "00000000-0000-4000-8000-000000000000",
    "long": "n" * 256,
    "longtag": "t" * 129,
    **{
        f"size_{name}": str(len(data))
        for name, data in {"manifest": MANIFEST, "another": ANOTHER, "docker": DOCKER, "index": INDEX}.items()
    },
}
"""The value of ``{name}`` in a row, besides the row's own repositories and Location."""


def post(repository: str = "{repository}", query: str = "") -> Sent:
    """``POST uploads/``, which opens a session."""
    return Sent(f"POST /v2/{repository}/blobs/uploads/{query} HTTP/1.1\nContent-Length: 0")


def put(digest: str, body: bytes) -> Sent:
    """``PUT`` of a whole blob into the open session."""
    return Sent(
        f"PUT {{location}}&digest={digest} HTTP/1.1\n"
        f"Content-Type: application/octet-stream\nContent-Length: {len(body)}",
        body,
    )


def patch(start: int, body: bytes) -> Sent:
    """``PATCH`` of a chunk into the open session."""
    return Sent(
        f"PATCH {{location}} HTTP/1.1\nContent-Range: {start}-{start + len(body) - 1}\nContent-Length: {len(body)}",
        body,
    )


def put_manifest(reference: str, media_type: str, body: bytes) -> Sent:
    """``PUT`` of a manifest under ``reference``."""
    return Sent(
        f"PUT /v2/{{repository}}/manifests/{reference} HTTP/1.1\n"
        f"Content-Type: {media_type}\nContent-Length: {len(body)}",
        body,
    )


def _image(repository: str = "{repository}") -> list[tuple[Sent, int]]:
    return [
        (post(repository), 202),
        (put("{config}", CONFIG), 201),
        (post(repository), 202),
        (put("{hello}", HELLO), 201),
    ]


def _deleted(path: str, repository: str = "{repository}") -> Sent:
    return Sent(f"DELETE /v2/{repository}/{path} HTTP/1.1\nContent-Length: 0")


_IMAGE = _image()
_NOTHING_UPLOADED = [(post(), 202), (put("{nothing}", NOTHING), 201)]

PREPARATIONS: Mapping[str, list[tuple[Sent, int]]] = {
    "a session": [(post(), 202)],
    "the chunk hel": [(patch(0, b"hel"), 202)],
    "the chunk lo": [(patch(3, b"lo"), 202)],
    "a failed mount": [(post(query="?mount={unknown}&from={other}"), 202)],
    "the session was cancelled": [(Sent("DELETE {location} HTTP/1.1\nContent-Length: 0"), 204)],
    "the blob hello": [(post(), 202), (put("{hello}", HELLO), 201)],
    "the blob hello, by its sha512": [(post(), 202), (put("{hello512}", HELLO), 201)],
    "the blob hello in {other}": [(post("{other}"), 202), (put("{hello}", HELLO), 201)],
    "the blob hello in {other}, by its sha512": [(post("{other}"), 202), (put("{hello512}", HELLO), 201)],
    "its sha512 was mounted": [(post(query="?mount={hello512}&from={other}"), 201)],
    "hello was refused as another blob": [(post(), 202), (put("{unknown}", HELLO), 400)],
    "its bytes were refused as another blob": [
        (Sent("PUT {location}&digest={unknown} HTTP/1.1\nContent-Length: 0"), 400)
    ],
    "hello was mounted": [(post(query="?mount={hello}&from={other}"), 201)],
    "config and layer": _IMAGE,
    "config and layer in {other}": _image("{other}"),
    "the image v1": [*_IMAGE, (put_manifest("v1", OCI_MANIFEST, MANIFEST), 201)],
    "the Docker image v1": [*_IMAGE, (put_manifest("v1", DOCKER_MANIFEST, DOCKER), 201)],
    "the index v1": [
        *_IMAGE,
        (put_manifest("{manifest}", OCI_MANIFEST, MANIFEST), 201),
        (put_manifest("v1", OCI_INDEX, INDEX), 201),
    ],
    "an index without a type": [
        *_IMAGE,
        (put_manifest("{manifest}", OCI_MANIFEST, MANIFEST), 201),
        (put_manifest("untyped", OCI_INDEX, INDEX_WITHOUT_TYPE), 201),
    ],
    "the Docker list v1": [
        *_IMAGE,
        (put_manifest("{docker}", DOCKER_MANIFEST, DOCKER), 201),
        (put_manifest("v1", DOCKER_LIST, LIST), 201),
    ],
    "hello was deleted": [(_deleted("blobs/{hello}"), 202)],
    "hello was deleted in {other}": [(_deleted("blobs/{hello}", "{other}"), 202)],
    "the manifest was deleted": [(_deleted("manifests/{manifest}"), 202)],
    "the tags C, 10, a and B": [(put_manifest(tag, OCI_MANIFEST, MANIFEST), 201) for tag in ("C", "10", "a", "B")],
    "the manifest without a tag": [*_IMAGE, (put_manifest("{manifest}", OCI_MANIFEST, MANIFEST), 201)],
    "the empty JSON": _NOTHING_UPLOADED,
    "a signature": [*_NOTHING_UPLOADED, (put_manifest("{signature}", OCI_MANIFEST, SIGNATURE), 201)],
    "a list of contents": [*_NOTHING_UPLOADED, (put_manifest("{contents}", OCI_MANIFEST, CONTENTS), 201)],
    "an index that refers": [(put_manifest("{referring_index}", OCI_INDEX, REFERRING_INDEX), 201)],
    "the signature was deleted": [(_deleted("manifests/{signature}"), 202)],
    "an artifact": [*_IMAGE, *_NOTHING_UPLOADED, (put_manifest("v1", OCI_MANIFEST, ARTIFACT), 201)],
    "an image with fields of its own": [*_IMAGE, (put_manifest("v1", OCI_MANIFEST, CUSTOM), 201)],
    "the tag v1 was moved": [(put_manifest("v1", OCI_MANIFEST, ANOTHER), 201)],
}
"""State -> the requests that bring it about, each with the status that it must get."""
