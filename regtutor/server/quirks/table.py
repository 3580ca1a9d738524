"""The table of quirks: one row for each way in which CNCF Distribution answers otherwise, and where that is written.

A profile is the rows of one version. The first row in the table is the first that sees a request.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from regtutor.errors import ServerError
from regtutor.protocol.citations import Citation, Document
from regtutor.server.call import Handler
from regtutor.server.quirks import blobs, lists, manifests, paths, uploads
from regtutor.server.quirks.wrapping import EVERY, Wrapper, Wrappers

VERSIONS = {"2.8": "v2.8.2", "3.1": "v3.1.1"}
"""The versions that profiles are of, and the tags of the source that their rows cite."""


@dataclass(frozen=True)
class Quirk:
    """One switch.

    Attributes
    ----------
    name: how it is asked for.
    meaning: what the registry then does, and what it does otherwise where that is not plain.
    citations: for each version of CNCF Distribution that does so, the lines of its source that make it so.
    wrappers: what it puts around which handlers.
    """

    name: str
    meaning: str
    citations: Mapping[str, Citation]
    wrappers: Wrappers


def _source(**files: str) -> Mapping[str, Citation]:
    """``in_2="handlers/tags.go#L36"``: a file below ``registry/``, and a line or lines of it."""
    found = {}
    for version, text in zip(VERSIONS, (files.get("in_2"), files.get("in_3")), strict=True):
        if text is not None:
            path, _, lines = text.partition("#")
            url = f"https://github.com/distribution/distribution/blob/{VERSIONS[version]}/registry/{path}"
            document = Document(f"CNCF Distribution {VERSIONS[version].removeprefix('v')}, registry/{path}", url)
            found[version] = Citation(document, lines, lines)
    return found


def _at(wrapper: Wrapper, *requests: str) -> dict[str, Wrapper]:
    return dict.fromkeys(requests, wrapper)


_IN_SESSIONS = ("patch_upload", "get_upload", "head_upload", "put_blob", "cancel_upload")
_READ_MANIFESTS = ("head_manifest", "get_manifest")

_PATHS = (
    Quirk(
        "paths_folded",
        "301 to the path without dot segments and double slashes, in place of 400 NAME_INVALID or 404",
        _source(in_2="api/v2/routes.go#L26-L40", in_3="api/v2/routes.go#L38-L52"),
        _at(paths.fold_paths, EVERY),
    ),
    Quirk(
        "missing_slash_redirects",
        "301 to the path with the slash at its end (or without it) where only that one is there; many clients come "
        "back with GET",
        _source(in_2="api/v2/routes.go#L33", in_3="api/v2/routes.go#L45"),
        _at(paths.redirect_slashes, EVERY),
    ),
    Quirk(
        "no_referrers_api",
        "404 in plain text where referrers are asked for, and no OCI-Subject after a push: clients keep a tag",
        _source(in_2="api/v2/descriptors.go#L389", in_3="api/v2/descriptors.go#L397"),
        _at(paths.no_referrers, EVERY) | _at(manifests.see_no_subject, "put_manifest"),
    ),
    Quirk(
        "unknown_paths_are_plain_404",
        "404 in plain text for repositories and tags outside of the grammar, and for any other path that its router "
        "does not have, in place of NAME_INVALID, TAG_INVALID and the like",
        _source(in_2="api/v2/descriptors.go#L519", in_3="api/v2/descriptors.go#L527"),
        _at(paths.pages_only, EVERY),
    ),
    Quirk(
        "long_names_fail",
        "500 UNKNOWN for a repository of more than 255 characters, in place of 400 NAME_INVALID",
        _source(in_2="handlers/app.go#L677-L687"),
        _at(paths.long_names_fail, EVERY),
    ),
    Quirk(
        "any_method_of_the_api",
        "200 to /v2/ by any method, DELETE too, in place of 405",
        _source(in_2="handlers/app.go#L895-L904", in_3="handlers/app.go#L956-L965"),
        _at(paths.any_method_of_the_api, EVERY),
    ),
    Quirk(
        "methods_refused_in_plain_text",
        "405 in plain text for a method that a path does not take (HEAD of lists is one), and 200 to OPTIONS",
        _source(in_2="handlers/blob.go#L35", in_3="handlers/blob.go#L34"),
        _at(paths.plain_methods, EVERY),
    ),
    Quirk(
        "uploads_is_a_session_without_a_name",
        "404 BLOB_UPLOAD_UNKNOWN to all but POST where the path ends in uploads/, in place of 405",
        _source(in_2="handlers/blobupload.go#L148-L152", in_3="handlers/blobupload.go#L132-L136"),
        _at(paths.sessions_without_a_name, EVERY),
    ),
    Quirk(
        "post_to_a_session_opens_another",
        "202 and a new session for a POST to a session's Location, in place of 405",
        _source(in_2="handlers/blobupload.go#L32", in_3="handlers/blobupload.go#L33"),
        _at(paths.post_to_a_session, EVERY),
    ),
)

_UPLOADS = (
    Quirk(
        "single_post_discards",
        "202 and a session for a POST with digest: its body goes nowhere, and a HEAD of the blob is a 404",
        _source(in_2="handlers/blobupload.go#L107-L145", in_3="handlers/blobupload.go#L67-L103"),
        _at(uploads.discard_single_post, "post_blob"),
    ),
    Quirk(
        "state_is_read_first",
        "404 BLOB_UPLOAD_INVALID for a PUT whose digest a second ? took into _state, in place of 400 DIGEST_INVALID",
        _source(in_2="handlers/blobupload.go#L38-L46", in_3="handlers/blobupload.go#L273-L280"),
        _at(uploads.read_state_first, EVERY),
    ),
    Quirk(
        "range_refusals_are_bare",
        "416 RANGE_INVALID without the Location and the Range that say where the session stands",
        _source(in_3="handlers/blobupload.go#L152-L155"),
        _at(uploads.bare_range_refusals, "patch_upload", "put_blob"),
    ),
    Quirk(
        "status_needs_no_state",
        "204 to a GET or HEAD of a session by whoever knows its name: _state is not looked at",
        _source(in_3="handlers/blobupload.go#L40-L42"),
        _at(uploads.status_without_state, "get_upload", "head_upload"),
    ),
    Quirk(
        "stale_location_not_found",
        "404 BLOB_UPLOAD_INVALID for a Location that a later answer has replaced, in place of 416; for its status "
        "and for DELETE too, which the specification lets any Location of the session do",
        _source(in_2="handlers/blobupload.go#L78-L85"),
        _at(uploads.stale_is_not_found, *_IN_SESSIONS),
    ),
    Quirk(
        "stale_location_cancels_nothing",
        "416 for a DELETE of a session by a Location that a later answer has replaced, in place of 204",
        _source(in_3="handlers/blobupload.go#L313-L318"),
        _at(uploads.stale_is_out_of_range, "cancel_upload"),
    ),
    Quirk(
        "patch_content_range_ignored",
        "202 for a chunk in any order: Content-Range is not looked at, and the bytes are appended",
        _source(in_2="handlers/blobupload.go#L180"),
        _at(uploads.ignore_content_range, "patch_upload"),
    ),
    Quirk(
        "patch_content_range_ignored_in_streams",
        "202 for a chunk in any order if its length is not said beforehand",
        _source(in_3="handlers/blobupload.go#L145-L148"),
        _at(uploads.ignore_range_of_streams, "patch_upload"),
    ),
    Quirk(
        "patch_content_range_with_unit_fails",
        "500 UNKNOWN for a Content-Range that is not two numbers, such as bytes 0-9, in place of 416",
        _source(in_3="handlers/blobupload.go#L147-L151"),
        _at(uploads.fail_at_units, "patch_upload"),
    ),
    Quirk(
        "put_content_range_ignored",
        "201 for a last chunk whatever its Content-Range says, in place of 416 or 400",
        _source(in_2="handlers/blobupload.go#L200-L226", in_3="handlers/blobupload.go#L187-L212"),
        _at(uploads.ignore_content_range, "put_blob"),
    ),
    Quirk(
        "refused_bytes_stay",
        "after a PUT that was refused for its digest the session goes on, with those bytes in it",
        _source(in_2="handlers/blobupload.go#L255-L259", in_3="handlers/blobupload.go#L242-L246"),
        _at(uploads.keep_refused_bytes, "put_blob"),
    ),
)

_BLOBS = (
    Quirk(
        "blobs_kept_by_sha256",
        "a blob that is pushed by its sha512 is kept by its sha256, and all answers but that to a mount name that one",
        _source(in_2="storage/blobwriter.go#L165-L275", in_3="storage/blobwriter.go#L164-L274"),
        _at(blobs.keep_by_sha256, "put_blob") | _at(blobs.name_the_kept_digest, "head_blob", "get_blob"),
    ),
    Quirk(
        "unknown_range_unit_refused",
        "416 for a Range in a unit that is not bytes, in place of all the bytes",
        _source(in_2="storage/blobserver.go#L76", in_3="storage/blobserver.go#L73"),
        _at(blobs.refuse_other_units, "get_blob"),
    ),
    Quirk(
        "no_last_bytes_are_a_part",
        "206 without a byte for the last 0 bytes (bytes=-0), in place of 416",
        _source(in_2="storage/blobserver.go#L76", in_3="storage/blobserver.go#L73"),
        _at(blobs.send_no_last_bytes, "get_blob"),
    ),
)

_MANIFESTS = (
    Quirk(
        "not_modified_is_bare",
        "304 to a manifest's If-None-Match without the ETag",
        _source(in_2="handlers/manifests.go#L137-L140", in_3="handlers/manifests.go#L134-L137"),
        _at(manifests.bare_not_modified, *_READ_MANIFESTS),
    ),
    Quirk(
        "if_none_match_is_one_digest",
        "200 where If-None-Match names the digest in a list, or as W/: only the digest alone, quoted or not, is read",
        _source(in_2="handlers/manifests.go#L282-L289", in_3="handlers/manifests.go#L232-L239"),
        _at(manifests.compare_if_none_match_whole, *_READ_MANIFESTS),
    ),
    Quirk(
        "oci_types_must_be_named",
        "404 MANIFEST_UNKNOWN for an OCI manifest or index whose type Accept does not name; */* and no Accept do not",
        _source(in_2="handlers/manifests.go#L171-L178", in_3="handlers/manifests.go#L166-L173"),
        _at(manifests.name_oci_types, *_READ_MANIFESTS),
    ),
    Quirk(
        "child_of_a_list_must_be_named",
        "400 MANIFEST_INVALID for the manifest that takes a list's place (see list_becomes_linux_amd64), if Accept "
        "does not name its type",
        _source(in_3="handlers/manifests.go#L204-L207"),
        _at(manifests.name_the_type_of_a_child, *_READ_MANIFESTS),
    ),
    Quirk(
        "list_becomes_linux_amd64",
        "the manifest for linux/amd64 in place of the Docker list that a tag points to, if Accept does not name lists",
        _source(in_2="handlers/manifests.go#L190-L228", in_3="handlers/manifests.go#L175-L210"),
        _at(manifests.unfold_lists, *_READ_MANIFESTS),
    ),
    Quirk(
        "docker_types_by_digest_sent",
        "a Docker manifest or list that is asked for by its digest is sent whatever Accept says, in place of 404",
        _source(in_2="handlers/manifests.go#L179-L182", in_3="handlers/manifests.go#L175"),
        _at(manifests.send_docker_types_by_digest, *_READ_MANIFESTS),
    ),
    Quirk(
        "docker_manifests_by_tag_sent",
        "a Docker manifest that a tag points to is sent whatever Accept says, in place of 404",
        _source(in_3="handlers/manifests.go#L153-L175"),
        _at(manifests.send_docker_manifests_by_tag, *_READ_MANIFESTS),
    ),
    Quirk(
        "bad_digests_are_tags",
        "500 UNKNOWN for a reference that is neither a digest nor a tag, in place of 400 DIGEST_INVALID",
        _source(in_2="handlers/manifests.go#L50-L57", in_3="handlers/manifests.go#L51-L58"),
        _at(manifests.take_bad_digests_for_tags, *_READ_MANIFESTS, "put_manifest"),
    ),
    Quirk(
        "blobs_fail_as_manifests",
        "500 UNKNOWN for the digest of a blob where a manifest's was meant, in place of 404",
        _source(in_2="storage/registry.go#L218-L223"),
        _at(manifests.fail_at_blobs, *_READ_MANIFESTS),
    ),
    Quirk(
        "large_manifests_are_read",
        "100 Continue and then 400 for a manifest of more than 4 MiB, in place of 413 at once",
        _source(in_2="handlers/manifests.go#L301-L305", in_3="handlers/manifests.go#L251-L255"),
        _at(manifests.read_large_manifests, "put_manifest"),
    ),
    Quirk(
        "manifests_by_sha256_only",
        "400 DIGEST_INVALID for a manifest that is pushed to its sha512",
        _source(in_2="handlers/manifests.go#L314-L319", in_3="handlers/manifests.go#L264-L269"),
        _at(manifests.take_by_sha256_only, "put_manifest"),
    ),
    Quirk(
        "urls_of_layers_refused",
        "500 UNKNOWN for a manifest with layers that are fetched from elsewhere, until its configuration permits "
        "their URLs",
        _source(in_2="handlers/app.go#L230-L233", in_3="handlers/app.go#L235-L238"),
        _at(manifests.refuse_urls, "put_manifest"),
    ),
    Quirk(
        "tag_delete_unsupported",
        "400 DIGEST_INVALID for a DELETE of a tag: manifests are deleted by their digest only",
        _source(in_2="handlers/manifests.go#L497-L503"),
        _at(manifests.delete_by_digest_only, "delete_manifest"),
    ),
    Quirk(
        "manifest_delete_takes_blobs",
        "202 for a DELETE of a manifest by the digest of a config or layer, which is then gone, in place of 404",
        _source(in_2="storage/registry.go#L218-L223"),
        _at(manifests.delete_blobs_too, "delete_manifest"),
    ),
)

_LISTS = (
    Quirk(
        "repositories_known_by_tags",
        "404 NAME_UNKNOWN for the tags of a repository that never had one, and null for the list where the last is "
        "gone",
        _source(in_2="storage/tagstore.go#L25-L51", in_3="storage/tagstore.go#L242-L289"),
        _at(lists.know_repositories_by_tags, "list_tags"),
    ),
    Quirk(
        "tags_not_paginated",
        "all tags in the order of the disk: n and last are not looked at, and nothing is sorted",
        _source(in_2="handlers/tags.go#L35-L63"),
        _at(lists.give_every_tag, "list_tags"),
    ),
    Quirk(
        "tags_in_byte_order",
        "upper case before lower case in lists of tags, and a Link after each full page, also after the last",
        _source(in_3="storage/tagstore.go#L269-L297"),
        _at(lists.order_tags_by_bytes, "list_tags"),
    ),
    Quirk(
        "bad_n_of_tags_has_a_code",
        "400 PAGINATION_NUMBER_INVALID for an n of the tags that is no number, in place of UNSUPPORTED",
        _source(in_3="handlers/tags.go#L44-L49"),
        _at(lists.name_the_bad_n, "list_tags"),
    ),
    Quirk(
        "catalog_takes_any_n",
        "an n of the catalog that is no number, or below 0, is passed over, in place of 400",
        _source(in_2="handlers/catalog.go#L47-L58"),
        _at(lists.take_any_n, "list_repositories"),
    ),
    Quirk(
        "catalog_refuses_large_n",
        "400 PAGINATION_NUMBER_INVALID for an n of the catalog of more than 1000",
        _source(in_2="handlers/catalog.go#L51-L53", in_3="handlers/catalog.go#L54-L57"),
        _at(lists.refuse_large_n, "list_repositories"),
    ),
    Quirk(
        "catalog_by_hundreds",
        "100 repositories and a Link where the catalog is asked for without n, in place of all of them",
        _source(in_2="handlers/catalog.go#L44", in_3="handlers/catalog.go#L42"),
        _at(lists.page_by_hundreds, "list_repositories"),
    ),
)

QUIRKS: Mapping[str, Quirk] = {quirk.name: quirk for quirk in (*_PATHS, *_UPLOADS, *_BLOBS, *_MANIFESTS, *_LISTS)}

PROFILES: Mapping[str, tuple[str, ...]] = {
    f"distribution-{version}": tuple(quirk.name for quirk in QUIRKS.values() if version in quirk.citations)
    for version in VERSIONS
}
"""The quirks of each version of CNCF Distribution, by the name under which all of them are asked for."""


def chosen(names: str | Iterable[str]) -> tuple[Quirk, ...]:
    """The quirks that ``names`` asks for, in the order of the table.

    Parameters
    ----------
    names: one name, or several: of quirks and of profiles.

    Raises
    ------
    ServerError: for a name that is neither.
    """
    wanted: set[str] = set()
    for name in [names] if isinstance(names, str) else names:
        if name not in PROFILES and name not in QUIRKS:
            raise _unknown(name)
        wanted.update(PROFILES.get(name, (name,)))
    return tuple(quirk for quirk in QUIRKS.values() if quirk.name in wanted)


def _unknown(name: str) -> ServerError:
    close = difflib.get_close_matches(str(name), [*PROFILES, *QUIRKS], 3, 0.4)
    return ServerError(
        f"There is no quirk called {name!r}",
        f"there are the profiles {' and '.join(PROFILES)}, and {len(QUIRKS)} single ones",
        (f"Perhaps you meant {' or '.join(close)}; " if close else "") + "regtutor serve --quirks list shows all",
    )


def wrapped(quirks: Iterable[Quirk], request: str, handler: Handler) -> Handler:
    """``handler`` with what ``quirks`` put around that ``request``; the first of them outermost."""
    for quirk in reversed(tuple(quirks)):
        if request in quirk.wrappers:
            handler = quirk.wrappers[request](handler)
    return handler


def listed() -> str:
    """The table as text, for a terminal: profiles, and each quirk with the versions that have it."""
    profiles = [f"{name}  all that are marked {name.partition('-')[2]}" for name in PROFILES]
    rows = [f"{name}  ({', '.join(quirk.citations)})\n    {quirk.meaning}" for name, quirk in QUIRKS.items()]
    return "\n".join([*profiles, "", *rows])
