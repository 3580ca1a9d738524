"""Requirements: pushing."""

from __future__ import annotations

from tests.conformance.requirement import Requirement, of_clients

_TWO = "POST then PUT"
_ONE = "Single POST"
_CHUNKS = "Pushing a blob in chunks"
_MOUNT = "Mounting a blob from another repository"
_MANIFESTS = "Pushing Manifests"
_SUBJECT = "Pushing Manifests with Subject"

PUSH: tuple[Requirement, ...] = (
    Requirement("subject-later", "Push", (1,), "A manifest is accepted before the manifest that is its subject."),
    Requirement(
        "missing-content",
        "Push",
        (2, 3),
        "A manifest that refers to missing content may be refused; the error code is then MANIFEST_BLOB_UNKNOWN.",
        choice="Refused with 400 and one error for each missing digest, so that a learner sees what is missing. Layers "
        "that may not be distributed can be missing. An index may list only manifests that were pushed.",
    ),
    Requirement("session", _TWO, (1, 2), "POST uploads/ gets 202 and a Location."),
    Requirement("session-uuid", _TWO, (3,), "That Location contains a UUID, a different one for each session."),
    Requirement(
        "session-location",
        _TWO,
        (4, 5, 6),
        "It may be absolute or relative, and may have a significant query.",
        choice="Absolute, from the request's Host. The query has the sealed state of the session, so that a learner "
        "sees Locations like those of Distribution.",
    ),
    of_clients("session-location-client", _TWO, (7, 8), "Uses that Location unchanged."),
    Requirement("put-blob", _TWO, (9, 10), "PUT of the blob to that Location gets 201 and a Location."),
    Requirement("put-blob-pullable", _TWO, (), "GET of that Location gets the blob."),
    Requirement(
        "single-post",
        _ONE,
        (1, 4),
        "POST alone may store a blob; otherwise the response is 202, and a session is opened.",
        choice="Stored: a single request is the shortest possible push.",
    ),
    Requirement("single-post-size", _ONE, (2,), "A body shorter than its Content-Length never becomes a blob."),
    of_clients("right-digest", _ONE, (3,), "Sends the digest that matches the bytes."),
    Requirement(
        "wrong-digest",
        "Endpoints",
        (),
        "Bytes that do not match the given digest are refused with 400, in every way to push.",
    ),
    of_clients("single-post-client", _ONE, (5,), "Continues with PUT after a 202."),
    Requirement("single-post-created", _ONE, (6, 7), "It gets 201 and a Location from which the blob can be pulled."),
    of_clients("chunks-post-length", _CHUNKS, (1,), "Sends Content-Length: 0 with the POST."),
    Requirement("chunks-post", _CHUNKS, (), "POST uploads/ is accepted with Content-Length: 0 (here also without)."),
    Requirement(
        "chunk-least",
        _CHUNKS,
        (2, 6, 7),
        "A minimum size of chunks is announced in OCI-Chunk-Min-Length; the last chunk may be smaller.",
        choice="No minimum by default, and therefore no header. It can be set; smaller chunks are still accepted.",
    ),
    Requirement(
        "chunk-range",
        _CHUNKS,
        (3, 4, 5),
        "Content-Range is first-last, both included, from 0; no other syntax is accepted.",
    ),
    Requirement("chunk", _CHUNKS, (8, 9), "PATCH of a chunk gets 202, a Location, and Range: 0-last."),
    of_clients("chunk-location", _CHUNKS, (10, 22), "Uses the Location of the latest response."),
    Requirement(
        "chunk-order",
        _CHUNKS,
        (11, 12),
        "A chunk out of order gets 416, whether it skips or repeats bytes, in PATCH and in PUT.",
    ),
    Requirement(
        "last-chunk",
        _CHUNKS,
        (13, 14, 16),
        "The last chunk may be sent with PATCH or with the closing PUT.",
        choice="Both.",
    ),
    Requirement("closing", _CHUNKS, (15,), "The blob does not exist until a PUT closes the session."),
    Requirement("closing-digest", _CHUNKS, (17,), "The closing PUT has the digest of the whole blob, or is refused."),
    Requirement("closed", _CHUNKS, (18, 19), "It gets 201 and a Location from which the blob can be pulled."),
    Requirement("status", _CHUNKS, (20, 21), "GET of an open session gets 204, a Location, and Range: 0-last."),
    Requirement("mount", _MOUNT, (1, 2), "A mount gets 201 and a Location from which the blob can be pulled."),
    Requirement(
        "mount-digest",
        _MOUNT,
        (3,),
        "Docker-Content-Digest of a mount may differ from the requested digest.",
        choice="It is the same.",
    ),
    of_clients("mount-client", _MOUNT, (4, 5, 9), "Verifies that digest, and uploads the blob after a 202."),
    Requirement(
        "mount-anywhere",
        _MOUNT,
        (6, 7),
        "Without from, a blob may be mounted from any repository.",
        choice="Not mounted: 202 and a session, as in Distribution, so that a forgotten from is noticed here too.",
    ),
    Requirement("mount-refused", _MOUNT, (8,), "A mount that is not possible gets 202 and a working session."),
    of_clients(
        "push-type", _MANIFESTS, (1, 2, 5), "Sends the manifest's mediaType as Content-Type, without parameters."
    ),
    Requirement("push-type-parameters", _MANIFESTS, (3,), "Parameters of the Content-Type are ignored."),
    Requirement(
        "push-no-media-type",
        _MANIFESTS,
        (4,),
        "A manifest without a mediaType field is accepted: the field is only recommended.",
    ),
    Requirement(
        "push-reference",
        _MANIFESTS,
        (6,),
        "A manifest is pushed to a tag or to its digest; a wrong digest is refused.",
    ),
    of_clients("push-names-blobs", _MANIFESTS, (7,), "Pushes manifests that refer to all of their blobs."),
    Requirement(
        "push-no-layers", _MANIFESTS, (8,), "A manifest with an empty list of layers is accepted.", choice="Accepted."
    ),
    Requirement("push-bytes", _MANIFESTS, (9,), "A manifest is stored byte for byte."),
    Requirement(
        "push-manifest", _MANIFESTS, (10, 11), "It gets 201 and a Location from which the manifest can be pulled."
    ),
    Requirement("push-digest", _MANIFESTS, (12,), "Docker-Content-Digest is the digest that the client used."),
    of_clients("push-digest-client", _MANIFESTS, (13, 14), "Verifies that digest."),
    Requirement("repository-unknown", _MANIFESTS, (15,), "Pulling from a repository that does not exist gets 404."),
    Requirement("manifest-limit", _MANIFESTS, (16, 17), "A manifest above the size limit gets 413.", choice="4 MiB."),
    Requirement("manifest-4-megabytes", _MANIFESTS, (18,), "A manifest of 4 megabytes is within that limit."),
    Requirement(
        "subject-processed", _SUBJECT, (1,), "The response to a push of a manifest with a subject has OCI-Subject."
    ),
    of_clients(
        "subject-fallback",
        _SUBJECT,
        tuple(range(2, 10)),
        "Maintains the referrers tag if the response has no OCI-Subject.",
    ),
    Requirement(
        "cancel",
        _CHUNKS,
        (),
        "Not in v1.1.1, but in Distribution's API: DELETE of a session gets 204, and the session ends.",
    ),
)
