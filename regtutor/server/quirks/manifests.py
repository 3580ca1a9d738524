"""Quirks of manifests: how CNCF Distribution deviates in finding, sending, accepting and deleting them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from regtutor.errors import InvalidDigest, InvalidManifest
from regtutor.protocol import digests
from regtutor.protocol.digests import CANONICAL, Digest
from regtutor.protocol.manifests import Descriptor, ManifestView, parse_manifest
from regtutor.protocol.media_types import (
    DOCKER_FOREIGN_GZIP,
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_FOREIGN,
    OCI_FOREIGN_GZIP,
    OCI_INDEX,
    OCI_LAYER,
    OCI_LAYER_GZIP,
    OCI_MANIFEST,
)
from regtutor.server.buffered import Buffered
from regtutor.server.call import Call, Handler
from regtutor.server.http import Response
from regtutor.server.quirks.quirk import quirk
from regtutor.server.quirks.wrapping import (
    Outcome,
    changes_request,
    changes_response,
    code_of,
    failure,
    without_header,
    without_headers,
)
from regtutor.server.receiving import BodySink, Handling, InMemory, receives, response_of
from regtutor.server.respond import Fault, Refusal, respond

_READ_MANIFESTS = ("head_manifest", "get_manifest")
_URLS_READ = {DOCKER_MANIFEST: {DOCKER_FOREIGN_GZIP}}
_URLS_READ_BY_DEFAULT = {OCI_LAYER, OCI_LAYER_GZIP, OCI_FOREIGN, OCI_FOREIGN_GZIP}


def _by_digest(call: Call) -> Digest | None:
    try:
        return digests.parse(call.path["reference"])
    except InvalidDigest:
        return None


def _named_types(call: Call) -> set[str]:
    """The media types that Accept names literally: wildcards and weights are ignored."""
    values = [value for name, value in call.head.headers if name.lower() == "accept"]
    return {item.partition(";")[0].strip() for item in ",".join(values).split(",")}


@quirk(
    "not_modified_is_bare",
    "304 without an ETag in response to If-None-Match for a manifest",
    on=_READ_MANIFESTS,
    in_2="handlers/manifests.go#L137-L140",
    in_3="handlers/manifests.go#L134-L137",
)
@changes_response
def bare_not_modified(_call: Call, response: Response) -> Response:
    """A 304 without ETag and Docker-Content-Digest."""
    if response.status != 304:
        return response
    return Response(304, without_headers(response.headers, "Etag", "Docker-Content-Digest"), response.body)


@quirk(
    "if_none_match_is_one_digest",
    "200 if If-None-Match has the digest in a list or with W/: only a single digest, quoted or not, is recognized",
    on=_READ_MANIFESTS,
    in_2="handlers/manifests.go#L282-L289",
    in_3="handlers/manifests.go#L232-L239",
)
def compare_if_none_match_whole(handler: Handler) -> Handler:
    def read(call: Call) -> Outcome:
        outcome = handler(call)
        value = (call.head.header("If-None-Match") or "").strip('"')
        if isinstance(outcome, Response) and outcome.status == 304 and value != _tagged(call):
            return handler(without_header(call, "If-None-Match"))
        return outcome

    return read


@quirk(
    "oci_types_must_be_named",
    "404 MANIFEST_UNKNOWN for an OCI manifest or index unless Accept names its type; */* or no Accept do not suffice",
    on=_READ_MANIFESTS,
    in_2="handlers/manifests.go#L171-L178",
    in_3="handlers/manifests.go#L166-L173",
)
def name_oci_types(handler: Handler) -> Handler:
    def read(call: Call) -> Outcome:
        outcome = handler(call)
        if isinstance(outcome, Response) and outcome.status == 200:
            media_type = outcome.header("Content-Type") or ""
            if media_type in (OCI_MANIFEST, OCI_INDEX) and media_type not in _named_types(call):
                given = {"Accept": call.head.header("Accept")}
                next = f"Send the same {call.head.method} with Accept: {media_type}"
                raise Refusal("MANIFEST_UNKNOWN", given=given, expected=f"an Accept that names {media_type}", next=next)
        return outcome

    return read


def _ignoring_accept(handler: Handler, call: Call) -> Response | None:
    """The response to ``call`` without Accept, if that is a Docker manifest or list; otherwise None."""
    outcome = handler(without_header(call, "Accept"))
    if not isinstance(outcome, Response) or outcome.status != 200:
        return None
    return outcome if outcome.header("Content-Type") in (DOCKER_MANIFEST, DOCKER_LIST) else None


@quirk(
    "child_of_a_list_must_be_named",
    "400 MANIFEST_INVALID for the manifest that replaces a list (see list_becomes_linux_amd64), if Accept does not "
    "name its type",
    on=_READ_MANIFESTS,
    in_3="handlers/manifests.go#L204-L207",
)
def name_the_type_of_a_child(handler: Handler) -> Handler:
    def read(call: Call) -> Outcome:
        named = _named_types(call)
        outcome = handler(call)
        if not isinstance(outcome, Response) or outcome.header("Content-Type") != DOCKER_MANIFEST:
            return outcome
        if DOCKER_MANIFEST in named or outcome.header("Docker-Content-Digest") == _tagged(call):
            return outcome
        given, next = (
            {"Accept": call.head.header("Accept")},
            f"Send the same {call.head.method} with Accept: {DOCKER_LIST}",
        )
        raise Refusal("MANIFEST_INVALID", given=given, expected=f"an Accept that names {DOCKER_MANIFEST}", next=next)

    return read


def _tagged(call: Call) -> str:
    """The requested digest, or the digest to which the requested tag points."""
    return str(_by_digest(call) or call.store.tagged(call.repository, call.path["reference"]) or "")


@quirk(
    "list_becomes_linux_amd64",
    "the manifest for linux/amd64 instead of the Docker list that a tag points to, if Accept does not name lists",
    on=_READ_MANIFESTS,
    in_2="handlers/manifests.go#L190-L228",
    in_3="handlers/manifests.go#L175-L210",
)
def unfold_lists(handler: Handler) -> Handler:
    def read(call: Call) -> Outcome:
        found = None if _by_digest(call) else _ignoring_accept(handler, call)
        is_list = found is not None and found.header("Content-Type") == DOCKER_LIST
        if found is None or not is_list or DOCKER_LIST in _named_types(call):
            return handler(call)
        assert isinstance(found.body, bytes), "manifests are read whole"
        children = parse_manifest(found.body).manifests
        child = next((child for child in children if _is_linux_amd64(child)), None)
        if child is None:
            next_try = f"Send the same {call.head.method} with Accept: {DOCKER_LIST}"
            raise Refusal("MANIFEST_UNKNOWN", given="a list without linux/amd64", next=next_try)
        return handler(without_header(replace(call, path={**call.path, "reference": child.digest}), "Accept"))

    return read


def _is_linux_amd64(child: Descriptor) -> bool:
    return child.platform is not None and (child.platform.os, child.platform.architecture) == ("linux", "amd64")


@quirk(
    "docker_types_by_digest_sent",
    "a Docker manifest or list requested by its digest is sent whatever Accept contains, instead of 404",
    on=_READ_MANIFESTS,
    in_2="handlers/manifests.go#L179-L182",
    in_3="handlers/manifests.go#L175",
)
def send_docker_types_by_digest(handler: Handler) -> Handler:
    def read(call: Call) -> Outcome:
        found = _ignoring_accept(handler, call) if _by_digest(call) else None
        return found or handler(call)

    return read


@quirk(
    "docker_manifests_by_tag_sent",
    "a Docker manifest that a tag points to is sent whatever Accept contains, instead of 404",
    on=_READ_MANIFESTS,
    in_3="handlers/manifests.go#L153-L175",
)
def send_docker_manifests_by_tag(handler: Handler) -> Handler:
    def read(call: Call) -> Outcome:
        found = None if _by_digest(call) else _ignoring_accept(handler, call)
        is_manifest = found is not None and found.header("Content-Type") == DOCKER_MANIFEST
        return found if found is not None and is_manifest else handler(call)

    return read


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
            if code_of(refusal) != "DIGEST_INVALID" or _by_digest(call) is not None:
                raise
            if call.head.method == "PUT":
                yield InMemory(limit=0)
            raise failure(f"{call.path['reference']}, which is taken for a tag") from refusal
        return (yield from response_of(outcome))

    return read


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
            digest = _by_digest(call)
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
    digest = _by_digest(call)
    if digest is not None and digest.algorithm != CANONICAL:
        next = "Send the same PUT to the sha256 digest of the bytes, or to a tag"
        raise Refusal("DIGEST_INVALID", given=str(digest), expected="the sha256 digest of the bytes", next=next)
    return call


@quirk(
    "urls_of_layers_refused",
    "500 UNKNOWN for a manifest with layers to be fetched from elsewhere, unless the configuration permits their URLs",
    on="put_manifest",
    in_2="handlers/app.go#L230-L233",
    in_3="handlers/app.go#L235-L238",
)
def refuse_urls(handler: Handler) -> Handler:
    """500 for a manifest with layers to be fetched from URLs: no URL is permitted unless it is configured."""

    @receives
    def read(call: Call) -> Handling:
        sink = handler(call)
        if isinstance(sink, Response):
            return sink
        with sink, Buffered(call.settings.max_manifest_size, call.settings.memory) as copy:
            yield _Copying(sink, copy)
            _refuse_urls(call, copy.data)
            return sink.finish()

    return read


class _Copying:
    """A destination that passes the body on to ``sink`` and keeps a ``copy``."""

    def __init__(self, sink: BodySink, copy: Buffered) -> None:
        self.sink, self.copy, self.limit = sink, copy, sink.limit

    def write(self, chunk: bytes) -> None:
        self.copy.write(chunk)
        self.sink.write(chunk)


def _refuse_urls(call: Call, data: bytes) -> None:
    try:
        view = parse_manifest(data, call.head.header("Content-Type") or "")
    except InvalidManifest:
        return  # refused for that
    named = _by_digest(call)
    if named is not None and str(named) != digests.sha256([data]):
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
    if _by_digest(call) is None:
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
            digest = _by_digest(call)
            if code_of(refusal) == "MANIFEST_UNKNOWN" and digest and call.store.unlink_blob(call.repository, digest):
                return respond(202)
            raise

    return removed
