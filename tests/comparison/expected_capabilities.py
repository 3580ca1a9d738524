"""The capabilities that each registry must be found to have, written by hand.

Sources: what CNCF Distribution 2.8.3 and 3.1.1 were observed to do on loopback, row by row, and OCI distribution-spec
v1.1.1 for the embedded registry. ``DISTRIBUTION_2`` is Debian's 2.8.2 itself; ``IMITATED_2`` and ``IMITATED_3`` are the
embedded registry with the quirks of a version, with only what differs from the embedded or the real registry.
"""

from __future__ import annotations

from regtutor.protocol.media_types import DOCKER_MANIFEST, DOCKER_SCHEMA1_SIGNED, OCI_MANIFEST

Verdicts = dict[str, tuple[str, str]]

# fmt: off
EMBEDDED: Verdicts = {
    "API version": ("yes", "200: registry/2.0"),
    "authentication": ("no", "200: no credentials are required"),
    "HEAD of a manifest": ("yes", f"200: {OCI_MANIFEST}"),
    "HEAD of a blob": ("yes", "200"),
    "unknown manifest": ("yes", "404 MANIFEST_UNKNOWN"),
    "ranges": ("yes", "206"),
    "range beyond the end": ("yes", "416 SIZE_INVALID"),
    "304 for a manifest": ("yes", "200, then 304"),
    "304 for a blob": ("yes", "200, then 304"),
    "redirect of a blob": ("no", "200"),
    "no Accept": ("yes", f"200: {OCI_MANIFEST}"),
    "Accept: */*": ("yes", f"200: {OCI_MANIFEST}"),
    "Accept of other types": ("no", "404 MANIFEST_UNKNOWN"),
    "list of tags": ("yes", "200"),
    "pages of tags": ("yes", "200: 1 with Link"),
    "tags of an unknown repository": ("yes", "404 NAME_UNKNOWN"),
    "catalog": ("yes", "200"),
    "pages of the catalog": ("yes", "200: 1 with Link"),
    "referrers API": ("yes", "200"),
    "POST then PUT": ("yes", "201"),
    "minimum chunk size": ("no", "202"),
    "chunks": ("yes", "202, then 202, then 201"),
    "stream": ("yes", "202, then 201"),
    "Range of a session": ("yes", "202: 0-9"),
    "chunk out of order": ("yes", "416 BLOB_UPLOAD_INVALID"),
    "half-open Content-Range": ("yes", "400 SIZE_INVALID"),
    "Content-Range with a unit": ("yes", "416 BLOB_UPLOAD_INVALID"),
    "stale Location": ("yes", "416 BLOB_UPLOAD_INVALID"),
    "GET of a session": ("yes", "204: 0-9"),
    "HEAD of a session": ("yes", "204"),
    "resumed upload": ("yes", "204, then 202, then 201"),
    "Content-Range on PUT": ("yes", "416 BLOB_UPLOAD_INVALID"),
    "wrong digest": ("yes", "400 DIGEST_INVALID"),
    "session after a wrong digest": ("no", "404 BLOB_UPLOAD_UNKNOWN"),
    "session after a wrong digest of chunks": ("no", "404 BLOB_UPLOAD_UNKNOWN"),
    "single POST": ("yes", "201, then 200"),
    "sha512": ("yes", "201, then 200"),
    "mount": ("yes", "201"),
    "mount without from": ("no", "202"),
    "blob of another repository": ("yes", "404"),
    "unknown session": ("yes", "404 BLOB_UPLOAD_INVALID"),
    "cancel": ("yes", "204, then 404 BLOB_UPLOAD_UNKNOWN"),
    "OCI image manifest": ("yes", "201"),
    "OCI artifact": ("yes", "201"),
    "OCI index": ("yes", "201"),
    "Docker manifest": ("yes", "201"),
    "Docker manifest list": ("yes", "201"),
    "Docker schema 1": ("no", "400 MANIFEST_INVALID"),
    "Docker manifest without Accept": ("yes", f"200: {DOCKER_MANIFEST}"),
    "no Content-Type": ("yes", "400 MANIFEST_INVALID"),
    "detail of an error": ("yes", "400 MANIFEST_INVALID"),
    "another Content-Type": ("yes", "400 MANIFEST_INVALID"),
    "missing blob": ("yes", "400 MANIFEST_BLOB_UNKNOWN"),
    "sparse index": ("no", "400 MANIFEST_BLOB_UNKNOWN"),
    "several tags in one PUT": ("yes", "201: OCI-Tag"),
    "subject": ("yes", "201: OCI-Subject"),
    "referrers after a push": ("yes", "200"),
    "filter of referrers": ("yes", "200"),
    "delete a tag": ("yes", "202, then 404, then 200"),
    "delete a manifest": ("yes", "202, then 404"),
    "delete a blob": ("yes", "202, then 404"),
}

_BOTH_VERSIONS: Verdicts = {
    "no Accept": ("no", "404 MANIFEST_UNKNOWN"),
    "Accept: */*": ("no", "404 MANIFEST_UNKNOWN"),
    "referrers API": ("no", "404"),
    "referrers after a push": ("no", "404"),
    "filter of referrers": ("no", "404"),
    "subject": ("no", "201: no OCI-Subject"),
    "single POST": ("no", "202, then 404"),
    "several tags in one PUT": ("no", "201: no OCI-Tag"),
    "Content-Range on PUT": ("no", "201"),
    "session after a wrong digest of chunks": ("yes", "204: 0-19"),
}

DISTRIBUTION_2: Verdicts = {
    **EMBEDDED,
    **_BOTH_VERSIONS,
    "pages of tags": ("no", "200: n is ignored"),
    "chunk out of order": ("no", "202"),
    "half-open Content-Range": ("no", "202"),
    "Content-Range with a unit": ("no", "202"),
    "stale Location": ("yes", "404 BLOB_UPLOAD_INVALID"),
    "session after a wrong digest": ("no", "404 BLOB_UPLOAD_INVALID"),
    "delete a tag": ("no", "400 DIGEST_INVALID"),
    "range beyond the end": ("yes", "416 with an incomplete body"),
    "detail of an error": ("no", "400 MANIFEST_INVALID: the detail is empty"),
    "Docker manifest without Accept": ("no", f"200: {DOCKER_SCHEMA1_SIGNED}, with another digest"),
}

NOT_IMITATED = ("detail of an error", "Docker manifest without Accept")
"""Capabilities in which the quirks of 2.8 change nothing."""

IMITATED_2: Verdicts = {
    **DISTRIBUTION_2,
    **{name: EMBEDDED[name] for name in NOT_IMITATED},
    "range beyond the end": ("yes", "416"),
}

IMITATED_3: Verdicts = {
    **EMBEDDED,
    **_BOTH_VERSIONS,
    "range beyond the end": ("yes", "416"),
    "chunk out of order": ("yes", "416 RANGE_INVALID"),
    "Content-Range with a unit": ("other", "500 UNKNOWN"),
    "stale Location": ("yes", "416 RANGE_INVALID"),
    "session after a wrong digest": ("yes", "204: 0-19"),
    "unknown session": ("yes", "404 BLOB_UPLOAD_UNKNOWN"),
}
# fmt: on
