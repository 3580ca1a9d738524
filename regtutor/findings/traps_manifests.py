"""Traps of manifests, names and deletion: what is missing, asked for in the wrong form, or not taken away.

Each function looks for one of them and gives a diagnosis or none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from regtutor.errors import InvalidManifest
from regtutor.exchange import Exchange
from regtutor.findings.asked import fields_of, step_of
from regtutor.findings.diagnosis import by_request_line, by_sent, by_status, codes_of, diagnosis, issue
from regtutor.findings.finding import Finding
from regtutor.findings.traps_locations import needs_a_slash
from regtutor.protocol.citations import DISTRIBUTION_API, DISTRIBUTION_SPEC, Citation
from regtutor.protocol.manifests import parse_manifest
from regtutor.protocol.media_types import MANIFEST_TYPES, essence
from regtutor.protocol.references import TAG

_ERRORS = Citation(DISTRIBUTION_SPEC, "Error Codes", "error-codes")
_NAMES = Citation(DISTRIBUTION_SPEC, "Pulling manifests", "pulling-manifests")


def _missing_blob(exchange: Exchange) -> Iterator[Finding]:
    if "MANIFEST_BLOB_UNKNOWN" not in codes_of(exchange):
        return
    repository = fields_of(exchange).get("repository", "this repository")
    yield diagnosis(
        "a blob of the manifest is missing",
        f"the manifest names a blob that is not in {repository}; that another repository has it does not help, and a "
        "mount that was answered 202 has brought nothing",
        f"HEAD /v2/{repository}/blobs/<digest> for the config and each layer, push those that are 404, then PUT again",
        _ERRORS,
        shown=by_request_line(exchange),
    )


def _accept(exchange: Exchange) -> Iterator[Finding]:
    if step_of(exchange) not in ("get_manifest", "head_manifest") or exchange.status != 404:
        return
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
            rule="vendor habit",
        )


def _upper_case(exchange: Exchange) -> Iterator[Finding]:
    repository = fields_of(exchange).get("repository", "")
    if (exchange.status or 0) >= 400 and repository != repository.lower():
        yield diagnosis(
            "upper case in the name",
            f"a repository's name is lower case, and {repository} is not; Distribution may say so by a plain 404",
            f"Send the same request for {repository.lower()}",
            _NAMES,
            shown=by_request_line(exchange),
        )


def _no_tag(exchange: Exchange) -> Iterator[Finding]:
    reference = fields_of(exchange).get("reference", "latest")
    if (exchange.status or 0) >= 400 and ":" not in reference and not TAG.fullmatch(reference):
        yield diagnosis(
            "not a tag",
            f"{reference} does not fit the grammar of tags; Distribution may say so by a plain 404",
            "Begin it with a letter, a digit or _, and go on with at most 127 of letters, digits, . _ and -",
            _NAMES,
            shown=by_request_line(exchange),
        )


def _unreadable_manifest(exchange: Exchange) -> Iterator[Finding]:
    body = exchange.request.body
    if step_of(exchange) != "put_manifest" or "MANIFEST_INVALID" not in codes_of(exchange):
        return
    if not body.size or not body.whole:
        return
    try:
        parse_manifest(body.preview)
    except InvalidManifest as error:
        yield diagnosis(
            "the body is not a manifest",
            f"what was sent cannot be read as one: {error.why or error.what}",
            "Send the bytes of the manifest's file as they are (curl: --data-binary @FILE)",
            Citation(DISTRIBUTION_SPEC, "Pushing Manifests", "pushing-manifests"),
            shown=by_request_line(exchange),
        )


def _not_deleted(exchange: Exchange) -> Iterator[Finding]:
    deletes = step_of(exchange) in ("delete_blob", "delete_manifest")
    if deletes and (exchange.status == 405 or "UNSUPPORTED" in codes_of(exchange)):
        yield diagnosis(
            "deletion is switched off",
            "the registry does not delete, or not by a tag: Distribution needs storage.delete.enabled, a cache of "
            "another registry never deletes, and version 2.8 deletes manifests by digest only",
            "HEAD the manifest for its digest and DELETE that; else set storage.delete.enabled: true and restart",
            Citation(DISTRIBUTION_API, "Deleting an Image", "deleting-an-image"),
            shown=by_status(exchange),
            rule="allowed",
        )
    elif exchange.status == 405 and not needs_a_slash(exchange):
        yield diagnosis(
            "not a method of this path",
            f"{exchange.method} is not answered at this path; Allow: {exchange.headers.get('Allow', '(not sent)')}",
            "Compare method and path with the table of endpoints, the slash at the end included",
            Citation(DISTRIBUTION_SPEC, "Endpoints", "endpoints"),
            shown=by_request_line(exchange),
        )


def _deleted_by_another_digest(exchange: Exchange) -> Iterator[Finding]:
    reference = fields_of(exchange).get("reference", "")
    if step_of(exchange) == "delete_manifest" and exchange.status == 404 and ":" in reference:
        yield diagnosis(
            "perhaps the digest of another form",
            f"no manifest has the digest {reference}; that of the config or of a layer deletes no image, and without "
            "Accept Distribution 2.8 names the digest of a form that it rewrote",
            f"HEAD the tag with Accept: {', '.join(MANIFEST_TYPES)}, and DELETE its Docker-Content-Digest",
            issue(1579, "the digest of a rewritten manifest"),
            shown=by_request_line(exchange),
            rule="vendor habit",
        )


def _no_referrers(exchange: Exchange) -> Iterator[Finding]:
    if step_of(exchange) == "get_referrers" and exchange.status == 404:
        digest = fields_of(exchange).get("digest", "")
        yield diagnosis(
            "no referrers API",
            "this registry does not list referrers; their list is then kept under a tag, by those who push",
            f"GET the manifest under the tag {digest.replace(':', '-')}; rt.list_referrers does both",
            Citation(DISTRIBUTION_SPEC, "Listing Referrers", "listing-referrers"),
            shown=by_status(exchange),
            rule="allowed",
        )


LOOKS: tuple[Callable[[Exchange], Iterator[Finding]], ...] = (
    _missing_blob,
    _accept,
    _upper_case,
    _no_tag,
    _unreadable_manifest,
    _not_deleted,
    _deleted_by_another_digest,
    _no_referrers,
)
