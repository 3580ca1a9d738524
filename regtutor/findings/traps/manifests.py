"""Traps for manifests, names and deletion: missing content, malformed or unsuitable requests, refused deletions.

Each function looks for one problem, and yields a diagnosis if it finds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from regtutor.errors import InvalidDigest, InvalidManifest
from regtutor.exchange import Exchange
from regtutor.findings.diagnosis import REFUSED, by_request_line, by_sent, by_status, codes_of, diagnosis, issue, trap
from regtutor.findings.finding import Finding
from regtutor.findings.request_purpose import fields_of, name_of, requested_tags
from regtutor.findings.traps.locations import needs_a_slash
from regtutor.protocol.citations import HABIT, MAY, MUST, OUTSIDE, Citation
from regtutor.protocol.clauses import (
    API_DELETING_AN_IMAGE,
    DELETING_BLOBS,
    DELETING_MANIFESTS,
    DELETING_TAGS,
    ENDPOINT_TABLE,
    ERROR_CODES,
    MAIN_MANIFESTS,
    NO_REFERRERS,
    PULLING_MANIFESTS,
    PUSH,
)
from regtutor.protocol.manifests import parse_manifest
from regtutor.protocol.media_types import MANIFEST_TYPES, essence, kind_of
from regtutor.protocol.references import TAG
from regtutor.protocol.referrers import referrers_tag


@trap(codes=("MANIFEST_BLOB_UNKNOWN",))
def missing_blob(exchange: Exchange) -> Iterator[Finding]:
    """A manifest names a blob or a manifest that is not in the repository."""
    repository = fields_of(exchange).get("repository", "this repository")
    if kind_of(exchange.request_headers.get("Content-Type", "")) == "index":
        yield diagnosis(
            "a manifest of the index is missing",
            f"the index lists a manifest that is not in {repository}; the error code says BLOB for manifests too",
            f"HEAD /v2/{repository}/manifests/<digest> for each manifest that the index lists, push those that return "
            "404, then PUT again",
            PUSH,
            shown=by_request_line(exchange),
            level=MUST,
            condition="if the registry refuses an index for this reason",
        )
        return
    yield diagnosis(
        "a blob of the manifest is missing",
        f"the manifest names a blob that is not in {repository}; the same blob in another repository does not count, "
        "and a mount with the response 202 did not mount the blob",
        f"HEAD /v2/{repository}/blobs/<digest> for the config and each layer, push those that return 404, then PUT "
        "again",
        PUSH,
        shown=by_request_line(exchange),
        level=MUST,
        condition="if the registry refuses a manifest for this reason",
    )


@trap(endpoints=("get_manifest", "head_manifest"), statuses=(404,))
def accept_without_the_type(exchange: Exchange) -> Iterator[Finding]:
    """The manifest perhaps exists, but in a type that Accept does not list."""
    named = {essence(part) for part in ",".join(exchange.request_headers.all("Accept")).split(",")}
    absent = [name for name in MANIFEST_TYPES if name not in named]
    if absent and "NAME_UNKNOWN" not in codes_of(exchange):
        certain = "accept header" in exchange.error_message.lower()
        yield diagnosis(
            "Accept does not list the manifest's type",
            f"{'the' if certain else 'perhaps the'} manifest exists in a type that Accept does not list (Distribution "
            f"ignores */*); not listed: {', '.join(absent)}",
            f"Send Accept: {', '.join(MANIFEST_TYPES)}",
            issue(4385, "Accept and OCI manifests"),
            shown=by_sent(exchange, "Accept"),
            level=HABIT,
        )


@trap(statuses=REFUSED)
def upper_case(exchange: Exchange) -> Iterator[Finding]:
    """The name of a repository has an uppercase letter."""
    repository = fields_of(exchange).get("repository", "")
    if repository != repository.lower():
        yield diagnosis(
            "uppercase letter in the repository name",
            f"a repository name is lowercase, and {repository} is not; Distribution may respond with a plain 404",
            f"Send the same request for {repository.lower()}",
            PULLING_MANIFESTS,
            shown=by_request_line(exchange),
            level=MUST,
        )


@trap(statuses=REFUSED)
def not_a_tag(exchange: Exchange) -> Iterator[Finding]:
    """A reference is neither a digest nor a well-formed tag."""
    reference = fields_of(exchange).get("reference", "latest")
    if ":" not in reference and not TAG.fullmatch(reference):
        yield diagnosis(
            "malformed tag",
            f"{reference} does not match the grammar of tags; Distribution may respond with a plain 404",
            "Begin it with a letter, a digit or _, followed by at most 127 letters, digits, . _ and -",
            PULLING_MANIFESTS,
            shown=by_request_line(exchange),
            level=MUST,
        )


@trap(endpoints=("put_manifest",), codes=("MANIFEST_INVALID",))
def unreadable_manifest(exchange: Exchange) -> Iterator[Finding]:
    """The body of a request for a manifest cannot be parsed as a manifest."""
    body = exchange.request.body
    if not body.size or not body.whole:
        return
    try:
        parse_manifest(body.preview)
    except InvalidManifest as error:
        yield diagnosis(
            "the body is not a manifest",
            f"the bytes cannot be parsed: {error.why or error.what}",
            "Send the bytes of the manifest's file unchanged (curl: --data-binary @FILE)",
            ERROR_CODES,
            shown=by_request_line(exchange),
            level=MAY,
        )


@trap(endpoints=("put_manifest",), statuses=(201,))
def tags_ignored(exchange: Exchange) -> Iterator[Finding]:
    """Tags in the query of the request are not in OCI-Tag."""
    values = ",".join(exchange.headers.all("OCI-Tag"))
    accepted = {tag.strip() for tag in values.split(",")}
    ignored = [tag for tag in requested_tags(exchange) if tag not in accepted]
    if ignored:
        repository = fields_of(exchange)["repository"]
        yield diagnosis(
            "the registry ignored tags in the query",
            f"the manifest is stored, but OCI-Tag does not name {', '.join(ignored)}; a registry without this feature "
            "of the specification's main branch ignores ?tag=",
            f"PUT the manifest once for each tag: PUT /v2/{repository}/manifests/{ignored[0]}",
            MAIN_MANIFESTS,
            shown=by_request_line(exchange),
            level=OUTSIDE,
        )


_DELETES: Mapping[str, Citation] = {"delete_blob": DELETING_BLOBS, "delete_manifest": DELETING_MANIFESTS}


def _names_a_tag(exchange: Exchange) -> bool:
    return TAG.fullmatch(fields_of(exchange).get("reference", "")) is not None


@trap(endpoints=_DELETES, statuses=(400, 405))
def deletion_off(exchange: Exchange) -> Iterator[Finding]:
    """The registry does not delete content."""
    if (exchange.status == 405 or "UNSUPPORTED" in codes_of(exchange)) and not _names_a_tag(exchange):
        yield diagnosis(
            "deletion is switched off",
            "the registry does not delete content; Distribution needs storage.delete.enabled (its configuration, "
            "section delete), and a cache of another registry never deletes",
            "Set storage.delete.enabled: true and restart the registry, or delete the content in the cached registry",
            _DELETES[name_of(exchange)],
            shown=by_status(exchange),
            level=MUST,
            condition="if deletion is switched off: 400 or 405",
        )


@trap(endpoints=("delete_manifest",), statuses=(400, 405))
def tag_deletion_off(exchange: Exchange) -> Iterator[Finding]:
    """The registry does not delete the tag."""
    codes = codes_of(exchange)
    if _names_a_tag(exchange) and (exchange.status == 405 or not {"DIGEST_INVALID", "UNSUPPORTED"}.isdisjoint(codes)):
        tag, only = fields_of(exchange)["reference"], "DIGEST_INVALID" in codes
        yield diagnosis(
            "this registry deletes by digest only" if only else "the tag was not deleted",
            f"{tag} is a tag, and this registry deletes a manifest by its digest only, as Distribution 2.8 does"
            if only
            else f"this registry does not delete the tag {tag}; it deletes by digest only, or nothing at all "
            "(Distribution needs storage.delete.enabled for either, and a cache of another registry never deletes)",
            f"HEAD the manifest {tag} with Accept: {', '.join(MANIFEST_TYPES)}, and DELETE its Docker-Content-Digest: "
            "this deletes every tag that points to it",
            DELETING_TAGS,
            shown=by_request_line(exchange) if only else by_status(exchange),
            level=MUST,
            condition="if the registry does not delete tags: 400 or 405",
        )


@trap(statuses=(405,))
def wrong_method(exchange: Exchange) -> Iterator[Finding]:
    """The path does not support the method."""
    if name_of(exchange) not in _DELETES and not needs_a_slash(exchange):
        yield diagnosis(
            "this path does not support the method",
            f"the method is {exchange.method}; the response has Allow: {exchange.headers.get('Allow', '(not sent)')}",
            "Compare the method and the path with the table of endpoints, including the slash at the end",
            ENDPOINT_TABLE,
            shown=by_request_line(exchange),
            level=MAY,
        )


@trap(endpoints=("delete_manifest",), statuses=(404,))
def nothing_to_delete(exchange: Exchange) -> Iterator[Finding]:
    """No manifest has the digest that the request would delete."""
    reference = fields_of(exchange).get("reference", "")
    if ":" in reference and "NAME_UNKNOWN" not in codes_of(exchange):
        yield diagnosis(
            "no manifest has this digest",
            f"the registry has no manifest with the digest {reference}: it was already deleted, or was never here; the "
            "digest of the config or of a layer deletes no image, and without Accept, Distribution 2.8 responds with "
            "the digest of a manifest that it rewrote",
            f"HEAD the tag with Accept: {', '.join(MANIFEST_TYPES)}; if the response is not 404, DELETE its "
            "Docker-Content-Digest",
            API_DELETING_AN_IMAGE,
            shown=by_request_line(exchange),
            level=MAY,
        )


@trap(endpoints=("get_referrers",), statuses=(404,))
def no_referrers(exchange: Exchange) -> Iterator[Finding]:
    """The registry has no referrers API."""
    if not {"NAME_UNKNOWN", "MANIFEST_UNKNOWN"}.isdisjoint(codes_of(exchange)):
        return  # the API is there, and does not have the repository or the manifest
    yield diagnosis(
        "no referrers API",
        "this registry does not list referrers; a client that pushes a referrer must then store the list under a tag, "
        "and a client that receives this 404 must read the list there: the cited clause binds the client",
        f"GET the manifest under the tag {_tag_of(fields_of(exchange).get('digest', ''))}; rt.list_referrers tries the "
        "API first and then reads this tag",
        NO_REFERRERS,
        shown=by_status(exchange),
        level=MUST,
        condition="if the registry has no referrers API",
    )


def _tag_of(digest: str) -> str:
    try:
        return referrers_tag(digest)
    except InvalidDigest:
        return digest.replace(":", "-")
