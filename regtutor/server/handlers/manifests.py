"""Storing, serving and deleting manifests and tags: the server side of ``regtutor.steps.manifests``."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from regtutor.errors import InvalidManifest
from regtutor.protocol.digests import Digest, Hasher
from regtutor.protocol.endpoints import query_values
from regtutor.protocol.manifests import ManifestView, parse_manifest
from regtutor.protocol.media_types import MANIFEST_TYPES, essence, kind_of
from regtutor.protocol.ranges import length
from regtutor.server.buffered import Buffered
from regtutor.server.call import Call, digest_from, found_by_a_push
from regtutor.server.http import Response
from regtutor.server.names import TAG_GRAMMAR, is_tag
from regtutor.server.negotiation import accepts, unchanged
from regtutor.server.receiving import Handling, receives
from regtutor.server.respond import Fault, Refusal, respond

MOST_TAGS = 100
"""The largest number of tags in one PUT. The specification's main branch recommends at least 10."""


def head_manifest(call: Call) -> Response:
    """``HEAD .../manifests/<tag or digest>``: report whether a manifest exists, with its media type, size and digest.

    Statuses and error codes are those of GET: 200, 304, 400 and 404.

    OCI distribution-spec v1.1.1, end-3, "Checking if content exists in the registry"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#checking-if-content-exists-in-the-registry>.
    """
    named, _ = _reference(call)
    if named is None:
        return get_manifest(call)
    with found_by_a_push(call, named, _unknown(call)):
        return get_manifest(call)


def get_manifest(call: Call) -> Response:
    """``GET .../manifests/<tag or digest>``: return a manifest, byte for byte as it was pushed.

    - 200 with the manifest.
    - 304 if ``If-None-Match`` names the digest.
    - 400 DIGEST_INVALID or NAME_INVALID.
    - 404 MANIFEST_UNKNOWN, also if ``Accept`` excludes the manifest's media type, because the registry converts
      nothing; and if the stored bytes do not match the digest.

    OCI distribution-spec v1.1.1, end-3, "Pulling manifests"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests>.
    """
    digest, data = _manifest(call)
    media_type = _media_type(data)
    if not accepts(call.head, media_type):
        raise Refusal(
            "MANIFEST_UNKNOWN",
            given={"Accept": call.head.header("Accept")},
            expected=f"an Accept that permits {media_type}, the media type of this manifest",
            next=f"Send the same {call.head.method} with Accept: {media_type}",
        )
    etag = ("Etag", f'"{digest}"')
    if unchanged(call.head, digest):
        return respond(304, ("Docker-Content-Digest", digest), etag)
    return respond(200, ("Content-Type", media_type), ("Docker-Content-Digest", digest), etag, body=data)


def _media_type(data: bytes) -> str:
    """The media type of a stored manifest; those of small ones are remembered, because parsing takes long."""
    return _remembered_type(data) if len(data) <= _SMALL else parse_manifest(data).media_type


_SMALL = 16 * 1024


@lru_cache(maxsize=256)
def _remembered_type(data: bytes) -> str:
    return parse_manifest(data).media_type


@receives
def put_manifest(call: Call) -> Handling:
    """``PUT .../manifests/<tag or digest>``: store a manifest, after everything that it refers to has been stored.

    - 201 with the manifest's ``Location``, and with ``OCI-Subject`` if it has a subject. After a PUT to a digest with
      ``?tag=<tag>&tag=<tag>``, each tag points to the manifest, and ``OCI-Tag`` names each of them.
    - 400 MANIFEST_INVALID if the Content-Type is missing, is not that of a manifest, is that of schema 1, or differs
      from the type of the body. MANIFEST_BLOB_UNKNOWN, once for each blob or manifest that it refers to and that the
      repository does not have; the subject can be pushed later. DIGEST_INVALID, TAG_INVALID or NAME_INVALID.
    - 413 MANIFEST_INVALID if it exceeds the size limit.
    - 414 UNSUPPORTED if the query has more than ``MOST_TAGS`` tags.

    OCI distribution-spec v1.1.1, end-7, "Pushing Manifests"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests>. The tags in the query
    and ``OCI-Tag`` are in no release, only on the specification's main branch: end-7b, in the same section.
    """
    named, tag = _reference(call)
    tags = (tag,) if tag is not None else _tags_in_the_query(call)
    for each in tags:
        _check_tag(each)
    _check_type(call)
    _check_size(call, _announced(call))
    with Buffered(call.settings.max_manifest_size, call.settings.memory) as body:
        yield body
        _check_size(call, body.size)
        data = body.data
    digest, manifest = _digest_of(call, data, named), _view(call, data)
    with call.store.gate.shared():  # a garbage collection must not remove what was found to be present
        _check_presence(call, manifest)
        names = [digest_from(entry.digest, "") for entry in (*manifest.blobs, *manifest.manifests)]
        call.store.put_manifest(call.repository, digest, data, *tags, names=names)
    location = call.url("get_manifest", repository=call.repository, reference=str(digest))
    subject = (("OCI-Subject", manifest.subject.digest),) if manifest.subject else ()
    accepted = [("OCI-Tag", each) for each in tags if tag is None]
    return respond(201, ("Docker-Content-Digest", str(digest)), ("Location", location), *subject, *accepted)


def delete_manifest(call: Call) -> Response:
    """``DELETE .../manifests/<tag or digest>``: delete a tag, or a manifest with all tags that point to it.

    - 202. The blobs stay, and so do the manifests that an index lists.
    - 400 DIGEST_INVALID or NAME_INVALID.
    - 404 MANIFEST_UNKNOWN, also if the repository does not exist.
    - 405 UNSUPPORTED if deletion is switched off.

    OCI distribution-spec v1.1.1, end-9, "Deleting Manifests"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#deleting-manifests>, and "Deleting tags"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#deleting-tags>.
    """
    call.permit_deletion("GET, HEAD, PUT")
    digest, tag = _reference(call)
    if digest is not None:
        removed = call.store.remove_manifest(call.repository, digest)
    else:
        removed = tag is not None and is_tag(tag) and call.store.remove_tag(call.repository, tag)
    if not removed:
        raise _unknown(call)
    return respond(202)


def _reference(call: Call) -> tuple[Digest | None, str | None]:
    """The reference in the path, as a digest or as a tag. The grammar of a tag is not checked here."""
    repository, reference = call.repository, call.path["reference"]
    if ":" in reference:
        return digest_from(reference, f"{call.head.method} /v2/{repository}/manifests/<tag or digest>"), None
    return None, reference


def _manifest(call: Call) -> tuple[str, bytes]:
    """The digest and the bytes of the requested manifest; the bytes match the digest."""
    digest, tag = _reference(call)
    if tag is not None:
        digest = call.store.tagged(call.repository, tag) if is_tag(tag) else None
    data = call.store.whole_manifest(call.repository, digest) if digest else None
    if data is not None:
        return str(digest), data
    if digest is not None and call.store.manifest(call.repository, digest) is not None:
        raise _damaged(call, digest)
    raise _unknown(call)


def _damaged(call: Call, digest: Digest) -> Refusal:
    """404, since the registry does not have the content of this digest: a client then pushes it, which mends it."""
    return Refusal(
        "MANIFEST_UNKNOWN",
        given=call.path["reference"],
        expected=f"stored bytes that match {digest}; they are damaged, and the registry's log names the file",
        next=f"PUT /v2/{call.repository}/manifests/{call.path['reference']} to push the manifest again",
    )


def _unknown(call: Call) -> Refusal:
    return Refusal(
        "MANIFEST_UNKNOWN",
        given=call.path["reference"],
        expected=f"a tag or the digest of a manifest in the repository {call.repository}",
        next=f"PUT /v2/{call.repository}/manifests/{call.path['reference']} to push it",
    )


def _tags_in_the_query(call: Call) -> tuple[str, ...]:
    tags = query_values(call.head.target, "tag")
    if len(tags) > MOST_TAGS:
        raise Refusal(
            "UNSUPPORTED",
            given=f"{len(tags)} tags",
            expected=f"at most {MOST_TAGS} tags in one request",
            next=f"Send the same PUT with the first {MOST_TAGS} tags, and again with the others",
            status=414,
        )
    return tags


def _check_tag(tag: str) -> None:
    if not is_tag(tag):
        raise Refusal("TAG_INVALID", given=tag, expected=TAG_GRAMMAR, next="Send the same PUT with a valid tag")


def _announced(call: Call) -> int:
    """The number of bytes that Content-Length announces, or 0 without a valid one."""
    return length(call.head.header("Content-Length")) or 0


def _check_size(call: Call, size: int) -> None:
    if size > call.settings.max_manifest_size:
        raise Refusal(
            "MANIFEST_INVALID",
            given=f"{size} bytes",
            expected=f"at most {call.settings.max_manifest_size} bytes",
            next="Move data into blobs, and PUT a smaller manifest",
            status=413,
        )


def _digest_of(call: Call, data: bytes, named: Digest | None) -> Digest:
    """The digest of ``data``: ``named``, the digest in the path, which it must match; without one, its sha256."""
    hasher = Hasher(named.algorithm if named else "sha256")
    hasher.update(data)
    if named is not None and hasher.digest != str(named):
        raise Refusal(
            "DIGEST_INVALID",
            given=str(named),
            expected=f"{hasher.digest}, the digest of the {len(data)} bytes that arrived",
            next=f"PUT /v2/{call.repository}/manifests/{hasher.digest} with exactly these bytes, or PUT to a tag",
        )
    return Digest(*hasher.digest.split(":"))


def _check_type(call: Call) -> None:
    content_type = call.head.header("Content-Type")
    kind = kind_of(content_type or "")
    if kind in ("manifest", "index"):
        return
    if kind == "schema1":
        raise _schema_1(call, f"{content_type}: {_SCHEMA_1}")
    next = "Send the same PUT with the value of the manifest's mediaType field as Content-Type"
    raise Refusal("MANIFEST_INVALID", given={"Content-Type": content_type}, expected=list(MANIFEST_TYPES), next=next)


_SCHEMA_1 = (
    "Docker's Image Manifest Version 2, Schema 1. It names neither a config nor the sizes and types of its layers, and "
    "its digest covers only the signed part of its bytes"
)


def _schema_1(call: Call, given: str) -> Refusal:
    return Refusal(
        "MANIFEST_INVALID",
        given=given,
        expected=list(MANIFEST_TYPES),
        next=f"PUT {call.head.target} with a manifest of one of these types, written by every client since Docker 1.10",
    )


def _view(call: Call, data: bytes) -> ManifestView:
    """Parse and check the manifest. Its type must follow from the bytes alone, since nothing else is stored."""
    content_type = call.head.header("Content-Type") or ""
    next = "Send the same PUT with a manifest and a Content-Type that agree"
    try:
        view = parse_manifest(data, content_type)
        found = parse_manifest(data).media_type
    except InvalidManifest as error:
        if (layers := _layers_of_schema_1(data)) is not None:
            raise _schema_1(call, f"{_SCHEMA_1}; this manifest names {layers} layers") from error
        raise Refusal("MANIFEST_INVALID", given=error.why or error.what, expected=content_type, next=next) from error
    if found != essence(content_type):
        given = f"a body without mediaType, whose type is therefore {found}"
        raise Refusal("MANIFEST_INVALID", given=given, expected=f"mediaType {content_type}", next=next)
    return view


def _layers_of_schema_1(data: bytes) -> int | None:
    """The number of layers that the Schema 1 manifest in ``data`` names, or None if it is anything else."""
    try:
        view = parse_manifest(data)
    except InvalidManifest:
        return None
    return len(view.blob_sums) if view.kind == "schema1" else None


def _check_presence(call: Call, view: ManifestView) -> None:
    """Refuse a manifest whose config, layers or children are missing from this repository.

    Foreign layers and the subject can be missing, and the children of an index if the settings permit sparse indexes.
    """
    store, repository = call.store, call.repository
    missing = [blob.digest for blob in view.blobs if store.blob(repository, digest_from(blob.digest, "")) is None]
    for child in () if call.settings.sparse_indexes else view.manifests:
        # A blob under that digest counts as well, as in Distribution 2.8.2, so that both accept the same indexes.
        digest = digest_from(child.digest, "")
        if store.manifest(repository, digest) is None and store.blob(repository, digest) is None:
            missing.append(child.digest)
    if not missing:
        return
    next = f"Upload or mount it into {repository}, then send the same PUT"
    details: list[dict[str, Any]] = [
        {"given": digest, "expected": f"present in the repository {repository}", "next": next}
        for digest in dict.fromkeys(missing)
    ]
    others = tuple(Fault("MANIFEST_BLOB_UNKNOWN", detail) for detail in details[1:])
    # 400 rather than 404, as in Distribution: the unknown digests are in the body, not in the path.
    raise Refusal("MANIFEST_BLOB_UNKNOWN", **details[0], others=others)
