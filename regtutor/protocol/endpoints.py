"""The table of documented requests: one row each, and the two functions that read it.

A row says what a request is called, how it looks on the wire and which answers are documented for it. The step of the
same name (``regtutor/steps``) builds the request; the handler of the same name (``regtutor/server/handlers``) answers
it. :func:`build` goes from a name to a target, :func:`parse` from a method and a target back to the name.

Two rows may share a method and a path: what tells them apart is which query names are there. ``POST .../uploads/`` with
``mount`` is another request than the same POST without it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote

from regtutor.errors import InvalidArgument
from regtutor.protocol.citations import DISTRIBUTION_API, DISTRIBUTION_SPEC, HTTP, Citation


@dataclass(frozen=True)
class Endpoint:
    """One documented request.

    Attributes
    ----------
    name: what the step and the handler are called.
    family: the file that both stand in: such as ``uploads`` or ``blobs``.
    end: the row of the distribution-spec's endpoint table, such as ``"end-4a"``; empty where it has none.
    method, template: the request line; ``{repository}`` may hold slashes, the other fields may not.
    query: the query names that a request of this kind must carry.
    statuses: what each documented status of *this* request says; general ones are in ``codes.STATUSES``.
    citations: the clauses that specify it.
    """

    name: str
    family: str
    end: str
    method: str
    template: str
    query: tuple[str, ...]
    statuses: Mapping[int, str]
    citations: tuple[Citation, ...]


def _spec(section: str, anchor: str) -> Citation:
    return Citation(DISTRIBUTION_SPEC, section, anchor)


def _api(section: str, anchor: str) -> Citation:
    return Citation(DISTRIBUTION_API, section, anchor)


_UPLOADS = "/v2/{repository}/blobs/uploads/"
_SESSION = "/v2/{repository}/blobs/uploads/{session}"
_BLOB = "/v2/{repository}/blobs/{digest}"
_MANIFEST = "/v2/{repository}/manifests/{reference}"
_TAGS = "/v2/{repository}/tags/list"
_CATALOG = "/v2/_catalog"
_REFERRERS = "/v2/{repository}/referrers/{digest}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "check_api",
        "api",
        "end-1",
        "GET",
        "/v2/",
        (),
        {
            200: "a registry that speaks this API, and you may use it",
            401: "a registry that speaks this API and wants to know who you are",
            404: "nothing here speaks this API",
        },
        (_spec("Determining Support", "determining-support"), _api("API Version Check", "api-version-check")),
    ),
    Endpoint(
        "mount_blob",
        "uploads",
        "end-11",
        "POST",
        _UPLOADS,
        ("mount",),
        {
            201: "the blob is in this repository now; no byte was sent",
            202: "not mounted: an upload session was opened instead",
            404: "the repository is not known to the registry",
        },
        (
            _spec("Mounting a blob from another repository", "mounting-a-blob-from-another-repository"),
            _api("Cross Repository Blob Mount", "cross-repository-blob-mount"),
        ),
    ),
    Endpoint(
        "post_blob",
        "uploads",
        "end-4b",
        "POST",
        _UPLOADS,
        ("digest",),
        {
            201: "the blob is stored under its digest",
            202: "this registry takes no blob in a single POST: an upload session was opened instead",
            400: "refused: the digest is malformed, or it is not that of the bytes",
            404: "the repository is not known to the registry",
        },
        (
            _spec("Single POST", "single-post"),
            _api("Initiate Monolithic Blob Upload", "initiate-monolithic-blob-upload"),
        ),
    ),
    Endpoint(
        "start_upload",
        "uploads",
        "end-4a",
        "POST",
        _UPLOADS,
        (),
        {
            202: "an upload session is open; Location says where its bytes go",
            404: "the repository is not known to the registry",
        },
        (_spec("POST then PUT", "post-then-put"), _api("Starting An Upload", "starting-an-upload")),
    ),
    Endpoint(
        "patch_upload",
        "uploads",
        "end-5",
        "PATCH",
        _SESSION,
        (),
        {
            202: "the bytes have arrived; Location says where the next ones go, Range which are there",
            400: "refused: the chunk is not as long as was said",
            404: "the upload session is not known",
            416: "refused: not the next bytes; Range says which are there",
        },
        (
            _spec("Pushing a blob in chunks", "pushing-a-blob-in-chunks"),
            _api("Chunked Upload", "chunked-upload"),
            _api("Stream upload", "stream-upload"),
        ),
    ),
    Endpoint(
        "get_upload",
        "uploads",
        "end-13",
        "GET",
        _SESSION,
        (),
        {
            204: "the session is open; Location says where the next bytes go, Range which are there",
            404: "the upload session is not known",
        },
        (_spec("Pushing a blob in chunks", "pushing-a-blob-in-chunks"), _api("Upload Progress", "upload-progress")),
    ),
    Endpoint(
        "head_upload",
        "uploads",
        "",
        "HEAD",
        _SESSION,
        (),
        {
            204: "the session is open; Location says where the next bytes go, Range which are there",
            404: "the upload session is not known",
        },
        (Citation(HTTP, "9.3.2 HEAD", "section-9.3.2"), _api("Upload Progress", "upload-progress")),
    ),
    Endpoint(
        "put_blob",
        "uploads",
        "end-6",
        "PUT",
        _SESSION,
        ("digest",),
        {
            201: "the blob is stored under its digest",
            400: "refused: the digest is missing, malformed or not that of the bytes",
            404: "the upload session is not known",
            413: "refused: larger than the registry or a proxy before it accepts",
            416: "refused: not the last bytes; Range says which are there",
        },
        (
            _spec("POST then PUT", "post-then-put"),
            _spec("Pushing a blob in chunks", "pushing-a-blob-in-chunks"),
            _api("Monolithic Upload", "monolithic-upload"),
            _api("Completed Upload", "completed-upload"),
        ),
    ),
    Endpoint(
        "cancel_upload",
        "uploads",
        "",
        "DELETE",
        _SESSION,
        (),
        {204: "the upload session and its bytes are gone", 404: "the upload session is not known"},
        (_api("Canceling an Upload", "canceling-an-upload"),),
    ),
    Endpoint(
        "head_blob",
        "blobs",
        "end-2",
        "HEAD",
        _BLOB,
        (),
        {200: "the blob is already in this repository", 404: "the blob is not in this repository"},
        (
            _spec("Checking if content exists in the registry", "checking-if-content-exists-in-the-registry"),
            _api("Existing Layers", "existing-layers"),
        ),
    ),
    Endpoint(
        "get_blob",
        "blobs",
        "end-2",
        "GET",
        _BLOB,
        (),
        {
            200: "the blob's bytes",
            307: "the blob's bytes are at Location, perhaps on another host",
            404: "the blob is not in this repository",
        },
        (_spec("Pulling blobs", "pulling-blobs"), _api("Pulling a Layer", "pulling-a-layer")),
    ),
    Endpoint(
        "delete_blob",
        "blobs",
        "end-10",
        "DELETE",
        _BLOB,
        (),
        {
            202: "the repository does not have the blob any more",
            400: "refused: the digest is malformed, or deletion is switched off",
            404: "the blob is not in this repository",
            405: "refused: deletion is switched off",
        },
        (_spec("Deleting Blobs", "deleting-blobs"), _api("Deleting a Layer", "deleting-a-layer")),
    ),
    Endpoint(
        "head_manifest",
        "manifests",
        "end-3",
        "HEAD",
        _MANIFEST,
        (),
        {200: "the manifest is in this repository", 404: "no such tag or digest in this repository"},
        (
            _spec("Checking if content exists in the registry", "checking-if-content-exists-in-the-registry"),
            _api("Existing Manifests", "existing-manifests"),
        ),
    ),
    Endpoint(
        "get_manifest",
        "manifests",
        "end-3",
        "GET",
        _MANIFEST,
        (),
        {
            200: "the manifest's bytes, as they were pushed",
            404: "no such tag or digest, or none of the media types in Accept",
        },
        (
            _spec("Pulling manifests", "pulling-manifests"),
            _api("Pulling an Image Manifest", "pulling-an-image-manifest"),
        ),
    ),
    Endpoint(
        "put_manifest",
        "manifests",
        "end-7",
        "PUT",
        _MANIFEST,
        (),
        {
            201: "the manifest is stored, and the tag (if one was given) points to it",
            400: "refused: not a manifest of the named type, or it names blobs that are not here",
            404: "the repository is not known to the registry",
            405: "this registry does not take manifests",
            413: "refused: larger than the registry accepts",
        },
        (
            _spec("Pushing Manifests", "pushing-manifests"),
            _api("Pushing an Image Manifest", "pushing-an-image-manifest"),
        ),
    ),
    Endpoint(
        "delete_manifest",
        "manifests",
        "end-9",
        "DELETE",
        _MANIFEST,
        (),
        {
            202: "the tag is gone, or the manifest and every tag that points to it",
            400: "refused: the digest is malformed, or this registry deletes by digest only, or not at all",
            404: "no such tag or digest in this repository",
            405: "refused: deletion is switched off",
        },
        (
            _spec("Deleting Manifests", "deleting-manifests"),
            _spec("Deleting tags", "deleting-tags"),
            _api("Deleting an Image", "deleting-an-image"),
        ),
    ),
    Endpoint(
        "list_tags",
        "tags",
        "end-8a",
        "GET",
        _TAGS,
        (),
        {
            200: "the repository's tags, or as many of them as were asked for",
            400: "refused: n is not a number that this registry takes",
            404: "the repository is not known to the registry",
        },
        (_spec("Listing Tags", "listing-tags"), _api("Listing Image Tags", "listing-image-tags")),
    ),
    Endpoint(
        "list_repositories",
        "catalog",
        "",
        "GET",
        _CATALOG,
        (),
        {
            200: "the registry's repositories, or as many of them as were asked for",
            400: "refused: n is not a number that this registry takes",
        },
        (_api("Listing Repositories", "listing-repositories"),),
    ),
    Endpoint(
        "get_referrers",
        "referrers",
        "end-12a",
        "GET",
        _REFERRERS,
        (),
        {
            200: "an index of the manifests that refer to this digest, perhaps an empty one",
            400: "refused: the digest is malformed",
            404: "this registry has no referrers API: look under the referrers tag",
        },
        (_spec("Listing Referrers", "listing-referrers"),),
    ),
)

BY_NAME: Mapping[str, Endpoint] = {endpoint.name: endpoint for endpoint in ENDPOINTS}

_FIELD = {"repository": ".+", "session": "[^/]+", "digest": "[^/]+", "reference": "[^/]+"}


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", lambda m: f"(?P<{m[1]}>{_FIELD[m[1]]})", re.escape(template)))


_PATTERNS = {template: _pattern(template) for template in {endpoint.template for endpoint in ENDPOINTS}}


@dataclass(frozen=True)
class Match:
    """What :func:`parse` found: the ``endpoint``, the ``path`` fields and the ``query``, both percent-decoded."""

    endpoint: Endpoint
    path: Mapping[str, str]
    query: Mapping[str, str]


def build(name: str, *, query: Mapping[str, str] | None = None, **path: str) -> str:
    """The origin-form target of the request called ``name``.

    Parameters
    ----------
    name: a row of :data:`ENDPOINTS`.
    query: names and values that follow the ``?``, in this order; the digest's colon is left as it is.
    path: the fields of the row's template. They are sent as they are, right or wrong (the registry is to judge them),
        except for the characters that would end the path or the line: those are percent-encoded.

    Raises
    ------
    InvalidArgument: for a field or a value of the query that is no text, such as a layer in place of its digest.
    """
    values = {field: quote(_text(field, value), safe="/:@!$&'()*+,;=~[]") for field, value in path.items()}
    target = BY_NAME[name].template.format_map(values)
    pairs = "&".join(f"{key}={quote(_text(key, value), safe='/:')}" for key, value in (query or {}).items())
    return f"{target}?{pairs}" if pairs else target


def _text(field: str, value: object) -> str:
    if isinstance(value, str):
        return value
    known = isinstance(getattr(value, "digest", None), str)
    raise InvalidArgument(
        f"The {field} that was given is of the type {type(value).__name__}",
        "what stands in a request's target is a text",
        "Give its digest: what.digest" if known else f"Give the {field} as a str",
    )


def split_target(target: str) -> tuple[str, Mapping[str, str]]:
    """The decoded path of an origin-form ``target``, and its query as a mapping (the first of a repeated name)."""
    path, _, query = target.partition("?")
    values: dict[str, str] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(key, value)
    return unquote(path), values


def paths_like(target: str) -> list[tuple[Endpoint, Mapping[str, str]]]:
    """Every row whose path fits ``target``, whatever its method and query, with the fields of the path."""
    path, _ = split_target(target)
    found = {template: match for template, pattern in _PATTERNS.items() if (match := pattern.fullmatch(path))}
    return [(endpoint, found[endpoint.template].groupdict()) for endpoint in ENDPOINTS if endpoint.template in found]


def parse(method: str, target: str) -> Match | None:
    """The row that ``method`` and an origin-form ``target`` ask for, or None where no row does.

    Rows stand in the table with the more particular one first (``mount_blob`` before ``start_upload``), so the first
    row whose method, path and query names fit is the answer.
    """
    _, query = split_target(target)
    for endpoint, fields in paths_like(target):
        if endpoint.method == method and all(name in query for name in endpoint.query):
            return Match(endpoint, fields, query)
    return None
