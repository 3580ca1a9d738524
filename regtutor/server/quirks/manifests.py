"""Quirks of manifests: how CNCF Distribution deviates in finding, sending, accepting and deleting them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import wraps

from regtutor.errors import InvalidManifest
from regtutor.protocol import digests
from regtutor.protocol.bounded_json import parse_json
from regtutor.protocol.digests import CANONICAL
from regtutor.protocol.manifests import Descriptor, ManifestView, parse_manifest
from regtutor.protocol.media_types import (
    DOCKER_FOREIGN_GZIP,
    DOCKER_MANIFEST,
    OCI_FOREIGN,
    OCI_FOREIGN_GZIP,
    OCI_LAYER,
    OCI_LAYER_GZIP,
    essence,
    kind_of,
)
from regtutor.server.buffered import Buffered
from regtutor.server.call import Call, Handler
from regtutor.server.http import Response
from regtutor.server.quirks.quirk import quirk
from regtutor.server.quirks.wrapping import (
    Outcome,
    Wrapper,
    changes_request,
    code_of,
    failure,
    requested_digest,
)
from regtutor.server.receiving import BodySink, Handling, InMemory, receives, response_of
from regtutor.server.respond import Fault, Refusal, respond

_READ_MANIFESTS = ("head_manifest", "get_manifest")
_URLS_READ = {DOCKER_MANIFEST: {DOCKER_FOREIGN_GZIP}}
_URLS_READ_BY_DEFAULT = {OCI_LAYER, OCI_LAYER_GZIP, OCI_FOREIGN, OCI_FOREIGN_GZIP}


@quirk(
    "bad_digests_are_tags",
    "500 UNKNOWN for a reference that is neither a digest nor a tag, instead of 400 DIGEST_INVALID",
    on=(*_READ_MANIFESTS, "put_manifest"),
    in_2="handlers/manifests.go#L50-L57",
    in_3="handlers/manifests.go#L51-L58",
)
def take_bad_digests_for_tags(handler: Handler) -> Handler:
    """500 for a reference that is neither a tag nor a digest, such as a digest whose hexadecimal part is too short."""

    @receives
    def read(call: Call) -> Handling:
        try:
            outcome = handler(call)
        except Refusal as refusal:
            if code_of(refusal) != "DIGEST_INVALID" or requested_digest(call) is not None:
                raise
            if call.head.method == "PUT":
                yield InMemory(limit=0)
            raise failure(f"{call.path['reference']}, which is taken for a tag") from refusal
        return (yield from response_of(outcome))

    return read


@quirk(
    "bad_digests_are_deleted_as_tags",
    "500 UNKNOWN for DELETE of a reference that is neither a digest nor a tag, instead of 400 DIGEST_INVALID",
    on="delete_manifest",
    in_3="handlers/manifests.go#L445-L460",
)
def delete_bad_digests_as_tags(handler: Handler) -> Handler:
    def removed(call: Call) -> Outcome:
        try:
            return handler(call)
        except Refusal as refusal:
            if code_of(refusal) != "DIGEST_INVALID":
                raise
            raise failure(f"{call.path['reference']}, which is taken for a tag") from refusal

    return removed


@quirk(
    "blobs_fail_as_manifests",
    "500 UNKNOWN for a manifest that is requested by the digest of a blob, instead of 404",
    on=_READ_MANIFESTS,
    in_2="storage/registry.go#L218-L223",
)
def fail_at_blobs(handler: Handler) -> Handler:
    def read(call: Call) -> Outcome:
        try:
            return handler(call)
        except Refusal as refusal:
            digest = requested_digest(call)
            if code_of(refusal) == "MANIFEST_UNKNOWN" and digest and call.store.blob(call.repository, digest):
                raise failure(f"{digest}, which is a blob, not a manifest") from refusal
            raise

    return read


@quirk(
    "large_manifests_are_read",
    "100 Continue and then 400 for a manifest of more than 4 MiB, instead of an immediate 413",
    on="put_manifest",
    in_2="handlers/manifests.go#L301-L305",
    in_3="handlers/manifests.go#L251-L255",
)
def read_large_manifests(handler: Handler) -> Handler:
    @receives
    def read(call: Call) -> Handling:
        accepted = False
        try:
            outcome = handler(call)
            accepted = True
            return (yield from response_of(outcome))
        except Refusal as refusal:
            if refusal.status != 413:
                raise
            if not accepted:
                yield InMemory(limit=0)
            refusal.status = 400
            raise

    return read


@quirk(
    "manifests_by_sha256_only",
    "400 DIGEST_INVALID for a manifest that is pushed to its sha512 digest",
    on="put_manifest",
    in_2="handlers/manifests.go#L314-L319",
    in_3="handlers/manifests.go#L264-L269",
)
@changes_request
def take_by_sha256_only(call: Call) -> Call:
    digest = requested_digest(call)
    if digest is not None and digest.algorithm != CANONICAL:
        next = "Send the same PUT to the sha256 digest of the bytes, or to a tag"
        raise Refusal("DIGEST_INVALID", given=str(digest), expected="the sha256 digest of the bytes", next=next)
    return call


@quirk(
    "tag_parameters_ignored",
    "201 without OCI-Tag for a manifest with ?tag=<tag> in the query (a feature of the specification's main branch): "
    "no tag is created",
    on="put_manifest",
    in_2="handlers/manifests.go#L292",
    in_3="handlers/manifests.go#L242",
)
@changes_request
def ignore_tag_parameters(call: Call) -> Call:
    return replace(call, head=replace(call.head, target=call.head.target.partition("?")[0]))


def _after_reading(judge: Callable[[Call, bytes], None]) -> Wrapper:
    """Make a wrapper of a function that reads the whole body, and can refuse it before the handler does."""

    @wraps(judge)
    def wrapper(handler: Handler) -> Handler:
        @receives
        def read(call: Call) -> Handling:
            sink = handler(call)
            if isinstance(sink, Response):
                return sink
            with sink, Buffered(call.settings.max_manifest_size, call.settings.memory) as copy:
                yield _Copying(sink, copy)
                judge(call, copy.data)
                return sink.finish()

        return read

    return wrapper


class _Copying:
    """A destination that passes the body on to ``sink`` and keeps a ``copy``."""

    def __init__(self, sink: BodySink, copy: Buffered) -> None:
        self.sink, self.copy, self.limit = sink, copy, sink.limit

    def write(self, chunk: bytes | memoryview) -> None:
        self.copy.write(chunk)
        self.sink.write(chunk)


def _is_of_its_digest(call: Call, data: bytes) -> bool:
    """Whether the body has the digest in the path, if there is one: otherwise it is refused for that."""
    named = requested_digest(call)
    return named is None or str(named) == digests.sha256([data])


@quirk(
    "other_schema_versions_fail",
    "500 UNKNOWN for a manifest whose schemaVersion is missing or is not 2, instead of 400 MANIFEST_INVALID",
    on="put_manifest",
    in_2="storage/ocimanifesthandler.go#L68-L70",
    in_3="storage/ocimanifesthandler.go#L68-L70",
)
@_after_reading
def fail_at_schema_versions(call: Call, data: bytes) -> None:
    content_type = essence(call.head.header("Content-Type") or "")
    try:
        body = parse_json(data)
    except InvalidManifest:
        return  # refused for that
    if not isinstance(body, dict) or kind_of(content_type) not in ("manifest", "index"):
        return  # refused for that
    version = body.get("schemaVersion", 0)
    stated = body.get("mediaType", content_type)
    if type(version) is int and version != 2 and stated == content_type and _is_of_its_digest(call, data):
        raise failure(f"schemaVersion {version}")


@quirk(
    "children_must_be_manifests",
    "400 MANIFEST_BLOB_UNKNOWN for an index that lists a blob as a manifest, instead of 201",
    on="put_manifest",
    in_3="storage/manifestlisthandler.go#L87-L97",
)
@_after_reading
def refuse_blobs_as_children(call: Call, data: bytes) -> None:
    try:
        children = parse_manifest(data, call.head.header("Content-Type") or "").manifests
    except InvalidManifest:
        return  # refused for that
    store, repository = call.store, call.repository
    blobs = [child.digest for child in children if store.manifest(repository, digests.parse(child.digest)) is None]
    if not blobs or call.settings.sparse_indexes or not _is_of_its_digest(call, data):
        return
    expected, next = f"a manifest of the repository {repository}", "PUT it as a manifest first, then send the same PUT"
    faults = [Fault("MANIFEST_BLOB_UNKNOWN", {"given": blob, "expected": expected, "next": next}) for blob in blobs]
    raise Refusal("MANIFEST_BLOB_UNKNOWN", others=tuple(faults[1:]), **faults[0].detail)


@quirk(
    "urls_of_layers_refused",
    "500 UNKNOWN for a manifest with layers to be fetched from elsewhere, unless the configuration permits their URLs",
    on="put_manifest",
    in_2="handlers/app.go#L230-L233",
    in_3="handlers/app.go#L235-L238",
)
@_after_reading
def refuse_urls(call: Call, data: bytes) -> None:
    """500 for a manifest with layers to be fetched from URLs: no URL is permitted unless it is configured."""
    try:
        view = parse_manifest(data, call.head.header("Content-Type") or "")
    except InvalidManifest:
        return  # refused for that
    if not _is_of_its_digest(call, data):
        return  # refused for that
    listed = (*((view.config,) if view.config else ()), *view.layers)
    if not any(_has_forbidden_urls(view, layer) for layer in listed):
        return
    faults = [fault for layer in listed for fault in _faults(call, view, layer)]
    first = faults[0]
    status = 500 if first.code == "UNKNOWN" else 400
    raise Refusal(first.code, status=status, others=tuple(faults[1:]), **first.detail)


def _has_forbidden_urls(view: ManifestView, layer: Descriptor) -> bool:
    read = _URLS_READ.get(view.media_type, _URLS_READ_BY_DEFAULT)
    return layer.media_type in read and (bool(layer.urls) or layer.media_type == DOCKER_FOREIGN_GZIP)


def _faults(call: Call, view: ManifestView, layer: Descriptor) -> Iterator[Fault]:
    forbidden = _has_forbidden_urls(view, layer)
    if forbidden:
        detail = {"given": list(layer.urls), "expected": "URLs that the configuration permits; it permits none"}
        yield Fault("UNKNOWN", detail | {"next": "Push the layer itself, with a distributable media type"})
        yield Fault("UNKNOWN", detail)
    if forbidden or not (layer.urls or call.store.blob(call.repository, digests.parse(layer.digest))):
        next = f"Upload or mount it into {call.repository}, then send the same PUT"
        expected = f"present in the repository {call.repository}"
        yield Fault("MANIFEST_BLOB_UNKNOWN", {"given": layer.digest, "expected": expected, "next": next})


@quirk(
    "tag_delete_unsupported",
    "400 DIGEST_INVALID for DELETE of a tag: manifests are deleted by digest only",
    on="delete_manifest",
    in_2="handlers/manifests.go#L497-L503",
)
@changes_request
def delete_by_digest_only(call: Call) -> Call:
    if requested_digest(call) is None:
        given, next = call.path["reference"], "HEAD the tag, then DELETE the digest in its Docker-Content-Digest"
        raise Refusal("DIGEST_INVALID", given=given, expected="the digest of a manifest", next=next)
    return call


@quirk(
    "manifest_delete_takes_blobs",
    "202 for DELETE of a manifest by the digest of a config or layer, which is then deleted, instead of 404",
    on="delete_manifest",
    in_2="storage/registry.go#L218-L223",
)
def delete_blobs_too(handler: Handler) -> Handler:
    def removed(call: Call) -> Outcome:
        try:
            return handler(call)
        except Refusal as refusal:
            digest = requested_digest(call)
            if code_of(refusal) == "MANIFEST_UNKNOWN" and digest and call.store.unlink_blob(call.repository, digest):
                return respond(202)
            raise

    return removed
