"""Traps of manifests, names and deletion: what is missing, asked for in the wrong form, or not taken away.

Each function looks for one of them and gives a diagnosis or none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from regtutor.errors import InvalidDigest, InvalidManifest
from regtutor.exchange import Exchange
from regtutor.findings.diagnosis import REFUSED, by_request_line, by_sent, by_status, codes_of, diagnosis, issue, trap
from regtutor.findings.finding import Finding
from regtutor.findings.subject import fields_of, name_of
from regtutor.findings.traps.locations import needs_a_slash
from regtutor.protocol.citations import HABIT, MAY, MUST, Citation
from regtutor.protocol.clauses import (
    API_DELETING_AN_IMAGE,
    DELETING_BLOBS,
    DELETING_MANIFESTS,
    DELETING_TAGS,
    ENDPOINT_TABLE,
    ERROR_CODES,
    LISTING_REFERRERS,
    PULLING_MANIFESTS,
    PUSH,
)
from regtutor.protocol.manifests import parse_manifest
from regtutor.protocol.media_types import MANIFEST_TYPES, essence
from regtutor.protocol.references import TAG
from regtutor.protocol.referrers import referrers_tag


@trap(codes=("MANIFEST_BLOB_UNKNOWN",))
def missing_blob(exchange: Exchange) -> Iterator[Finding]:
    """A manifest names a blob or a manifest that is not in the repository."""
    repository = fields_of(exchange).get("repository", "this repository")
    yield diagnosis(
        "a blob of the manifest is missing",
        f"the manifest names a blob that is not in {repository}; that another repository has it does not help, and a "
        "mount that was answered 202 has brought nothing",
        f"HEAD /v2/{repository}/blobs/<digest> for the config and each layer, push those that are 404, then PUT again",
        PUSH,
        shown=by_request_line(exchange),
        rule=MUST,
        condition="if the registry refuses a manifest for this reason",
    )


@trap(endpoints=("get_manifest", "head_manifest"), statuses=(404,))
def accept_without_the_type(exchange: Exchange) -> Iterator[Finding]:
    """A manifest may be there in a type that Accept does not name."""
    named = {essence(part) for part in ",".join(exchange.request_headers.all("Accept")).split(",")}
    absent = [name for name in MANIFEST_TYPES if name not in named]
    if absent and "NAME_UNKNOWN" not in codes_of(exchange):
        sure = "accept header" in exchange.told.lower()
        yield diagnosis(
            "Accept does not name the type",
            f"{'the' if sure else 'perhaps the'} manifest is there, in a type that Accept does not name (*/* counts "
            f"for nothing at Distribution); not named: {', '.join(absent)}",
            f"Send Accept: {', '.join(MANIFEST_TYPES)}",
            issue(4385, "Accept and OCI manifests"),
            shown=by_sent(exchange, "Accept"),
            rule=HABIT,
        )


@trap(statuses=REFUSED)
def upper_case(exchange: Exchange) -> Iterator[Finding]:
    """The name of a repository has an upper-case letter."""
    repository = fields_of(exchange).get("repository", "")
    if repository != repository.lower():
        yield diagnosis(
            "upper case in the name",
            f"a repository's name is lower case, and {repository} is not; Distribution may say so by a plain 404",
            f"Send the same request for {repository.lower()}",
            PULLING_MANIFESTS,
            shown=by_request_line(exchange),
            rule=MUST,
        )


@trap(statuses=REFUSED)
def not_a_tag(exchange: Exchange) -> Iterator[Finding]:
    """A reference is neither a digest nor fits the grammar of tags."""
    reference = fields_of(exchange).get("reference", "latest")
    if ":" not in reference and not TAG.fullmatch(reference):
        yield diagnosis(
            "not a tag",
            f"{reference} does not fit the grammar of tags; Distribution may say so by a plain 404",
            "Begin it with a letter, a digit or _, and go on with at most 127 of letters, digits, . _ and -",
            PULLING_MANIFESTS,
            shown=by_request_line(exchange),
            rule=MUST,
        )


@trap(endpoints=("put_manifest",), codes=("MANIFEST_INVALID",))
def unreadable_manifest(exchange: Exchange) -> Iterator[Finding]:
    """The body that was sent as a manifest cannot be read as one."""
    body = exchange.request.body
    if not body.size or not body.whole:
        return
    try:
        parse_manifest(body.preview)
    except InvalidManifest as error:
        yield diagnosis(
            "the body is not a manifest",
            f"what was sent cannot be read as one: {error.why or error.what}",
            "Send the bytes of the manifest's file as they are (curl: --data-binary @FILE)",
            ERROR_CODES,
            shown=by_request_line(exchange),
            rule=MAY,
        )


_DELETES: Mapping[str, Citation] = {"delete_blob": DELETING_BLOBS, "delete_manifest": DELETING_MANIFESTS}


def _names_a_tag(exchange: Exchange) -> bool:
    return TAG.fullmatch(fields_of(exchange).get("reference", "")) is not None


@trap(endpoints=_DELETES, statuses=(400, 405))
def not_deleted(exchange: Exchange) -> Iterator[Finding]:
    """The registry does not delete."""
    if (exchange.status == 405 or "UNSUPPORTED" in codes_of(exchange)) and not _names_a_tag(exchange):
        yield diagnosis(
            "deletion is switched off",
            "the registry does not delete: Distribution needs storage.delete.enabled (its configuration, section "
            "delete), and a cache of another registry never deletes",
            "Set storage.delete.enabled: true and restart the registry, or delete it at the registry that is cached",
            _DELETES[name_of(exchange)],
            shown=by_status(exchange),
            rule=MUST,
            condition="if deletion is switched off: 400 or 405",
        )


@trap(endpoints=("delete_manifest",), statuses=(400, 405))
def tag_not_deleted(exchange: Exchange) -> Iterator[Finding]:
    """The registry does not delete a tag."""
    codes = codes_of(exchange)
    if _names_a_tag(exchange) and (exchange.status == 405 or not {"DIGEST_INVALID", "UNSUPPORTED"}.isdisjoint(codes)):
        tag, only = fields_of(exchange)["reference"], "DIGEST_INVALID" in codes
        yield diagnosis(
            "this registry deletes by digest only" if only else "the tag is not deleted",
            f"{tag} is a tag, and this registry deletes a manifest by its digest only, as Distribution 2.8 does"
            if only
            else f"this registry does not delete the tag {tag}: it deletes by digest only, or nothing at all "
            "(Distribution needs storage.delete.enabled for either, and a cache of another registry never deletes)",
            f"HEAD the manifest {tag} with Accept: {', '.join(MANIFEST_TYPES)}, and DELETE its Docker-Content-Digest: "
            "that takes away every tag that points to it",
            DELETING_TAGS,
            shown=by_request_line(exchange) if only else by_status(exchange),
            rule=MUST,
            condition="if the registry does not delete tags: 400 or 405",
        )


@trap(statuses=(405,))
def wrong_method(exchange: Exchange) -> Iterator[Finding]:
    """The path does not have the method."""
    if name_of(exchange) not in _DELETES and not needs_a_slash(exchange):
        yield diagnosis(
            "not a method of this path",
            f"{exchange.method} is not answered at this path; Allow: {exchange.headers.get('Allow', '(not sent)')}",
            "Compare method and path with the table of endpoints, the slash at the end included",
            ENDPOINT_TABLE,
            shown=by_request_line(exchange),
            rule=MAY,
        )


@trap(endpoints=("delete_manifest",), statuses=(404,))
def nothing_to_delete(exchange: Exchange) -> Iterator[Finding]:
    """No manifest has the digest that was to be deleted."""
    reference = fields_of(exchange).get("reference", "")
    if ":" in reference:
        yield diagnosis(
            "no manifest of this digest",
            f"no manifest has the digest {reference}: it was already deleted, or it never was here; that of the config "
            "or of a layer deletes no image, and without Accept Distribution 2.8 names the digest of a form that it "
            "rewrote",
            f"HEAD the tag with Accept: {', '.join(MANIFEST_TYPES)}; if that is not a 404, DELETE its "
            "Docker-Content-Digest",
            API_DELETING_AN_IMAGE,
            shown=by_request_line(exchange),
            rule=MAY,
        )


@trap(endpoints=("get_referrers",), statuses=(404,))
def no_referrers(exchange: Exchange) -> Iterator[Finding]:
    """The registry has no referrers API."""
    yield diagnosis(
        "no referrers API",
        "this registry does not list referrers; their list is then kept under a tag, by those who push",
        f"GET the manifest under the tag {_tag_of(fields_of(exchange).get('digest', ''))}; rt.list_referrers does both",
        LISTING_REFERRERS,
        shown=by_status(exchange),
        rule=MUST,
        condition="if the registry has no referrers API",
    )


def _tag_of(digest: str) -> str:
    try:
        return referrers_tag(digest)
    except InvalidDigest:
        return digest.replace(":", "-")
