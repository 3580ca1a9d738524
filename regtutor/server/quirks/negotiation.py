"""Quirks of content negotiation: which manifests CNCF Distribution sends for which Accept and If-None-Match."""

from __future__ import annotations

import json
from dataclasses import replace

from regtutor.protocol.manifests import Descriptor, parse_manifest
from regtutor.protocol.media_types import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from regtutor.server.call import Call, Handler
from regtutor.server.http import Response
from regtutor.server.quirks.quirk import quirk
from regtutor.server.quirks.wrapping import (
    Outcome,
    changes_request,
    changes_response,
    requested_digest,
    without_header,
    without_headers,
)
from regtutor.server.respond import Refusal

_READ_MANIFESTS = ("head_manifest", "get_manifest")


def _named_types(call: Call) -> set[str]:
    """The media types that Accept names: wildcards and weights are ignored."""
    return {item.partition(";")[0].strip().lower() for item in _accepted(call)}


def _accepted(call: Call) -> list[str]:
    """The items of Accept, in all its values."""
    values = [value for name, value in call.head.headers if name.lower() == "accept"]
    return [item for item in ",".join(values).split(",") if item.strip()]


def _accepting(call: Call, items: list[str]) -> Call:
    """``call`` with these items of Accept instead of its own."""
    bare = without_header(call, "Accept")
    headers = (*bare.head.headers, ("Accept", ",".join(items)))
    return replace(bare, head=replace(bare.head, headers=headers))


@quirk(
    "accept_weights_ignored",
    "a media type with q=0 in Accept counts as accepted, for a manifest",
    on=_READ_MANIFESTS,
    in_2="handlers/manifests.go#L83-L93",
    in_3="handlers/manifests.go#L92-L101",
)
@changes_request
def ignore_weights(call: Call) -> Call:
    items = _accepted(call)
    return _accepting(call, [item.partition(";")[0] for item in items]) if items else call


@quirk(
    "accept_case_counts",
    "a media type in Accept is not recognized in another case, such as Application/..., for a manifest",
    on=_READ_MANIFESTS,
    in_2="handlers/manifests.go#L102-L113",
)
@changes_request
def count_the_case(call: Call) -> Call:
    items = _accepted(call)
    if not any(item.lower() != item for item in items):
        return call
    return _accepting(call, [item if item.lower() == item else "unrecognized/type" for item in items])


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


def _refusing_unnamed(handler: Handler, media_type: str) -> Handler:
    """Refuse a manifest of ``media_type`` that states this type itself, unless Accept names the type."""

    def read(call: Call) -> Outcome:
        outcome = handler(call)
        if not isinstance(outcome, Response) or outcome.status != 200 or not _states(outcome, media_type):
            return outcome
        if media_type in _named_types(call):
            return outcome
        given = {"Accept": call.head.header("Accept")}
        next = f"Send the same {call.head.method} with Accept: {media_type}"
        raise Refusal("MANIFEST_UNKNOWN", given=given, expected=f"an Accept that names {media_type}", next=next)

    return read


def _states(response: Response, media_type: str) -> bool:
    """Whether the response is of ``media_type``, which an index must also state itself: in ``mediaType``."""
    if response.header("Content-Type") != media_type:
        return False
    assert isinstance(response.body, bytes), "manifests are in memory"
    return media_type != OCI_INDEX or json.loads(response.body).get("mediaType") == OCI_INDEX


@quirk(
    "oci_types_must_be_named",
    "404 MANIFEST_UNKNOWN for an OCI manifest unless Accept names its type; */* or no Accept do not suffice",
    on=_READ_MANIFESTS,
    in_2="handlers/manifests.go#L171-L174",
    in_3="handlers/manifests.go#L166-L169",
)
def name_oci_manifests(handler: Handler) -> Handler:
    return _refusing_unnamed(handler, OCI_MANIFEST)


@quirk(
    "oci_indexes_must_be_named",
    "404 MANIFEST_UNKNOWN for an OCI index with a mediaType unless Accept names its type. Distribution 3.1 has the "
    "same check, which no OCI index reaches: it sends an index whatever Accept contains",
    on=_READ_MANIFESTS,
    in_2="handlers/manifests.go#L175-L178",
)
def name_oci_indexes(handler: Handler) -> Handler:
    return _refusing_unnamed(handler, OCI_INDEX)


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
    return str(requested_digest(call) or call.store.tagged(call.repository, call.path["reference"]) or "")


@quirk(
    "list_becomes_linux_amd64",
    "the manifest for linux/amd64 instead of the Docker list that a tag points to, if Accept does not name lists",
    on=_READ_MANIFESTS,
    in_2="handlers/manifests.go#L190-L228",
    in_3="handlers/manifests.go#L175-L210",
)
def unfold_lists(handler: Handler) -> Handler:
    def read(call: Call) -> Outcome:
        found = None if requested_digest(call) else _ignoring_accept(handler, call)
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
def send_docker_typesrequested_digest(handler: Handler) -> Handler:
    def read(call: Call) -> Outcome:
        found = _ignoring_accept(handler, call) if requested_digest(call) else None
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
        found = None if requested_digest(call) else _ignoring_accept(handler, call)
        is_manifest = found is not None and found.header("Content-Type") == DOCKER_MANIFEST
        return found if found is not None and is_manifest else handler(call)

    return read


@quirk(
    "oci_indexes_sent_to_all",
    "an OCI index is sent whatever Accept contains, instead of 404; in 2.8, only one without a mediaType",
    on=_READ_MANIFESTS,
    in_2="handlers/manifests.go#L159-L169",
    in_3="handlers/manifests.go#L151-L173",
)
def send_oci_indexes(handler: Handler) -> Handler:
    def read(call: Call) -> Outcome:
        found = handler(without_header(call, "Accept"))
        is_index = isinstance(found, Response) and found.header("Content-Type") == OCI_INDEX
        return found if is_index else handler(call)

    return read
