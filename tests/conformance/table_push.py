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
    Requirement("subject-later", "Push", (1,), "A manifest is taken before the one that its subject names."),
    Requirement(
        "missing-content",
        "Push",
        (2, 3),
        "A manifest that names content which is not there may be refused, and then with MANIFEST_BLOB_UNKNOWN.",
        choice="Refused, with 400 and one error for each: a learner is to see what is missing. Layers that may not "
        "be distributed need not be there. An index may name manifests that were pushed, no others.",
    ),
    Requirement("session", _TWO, (1, 2), "POST uploads/ gets 202 and a Location."),
    Requirement("session-uuid", _TWO, (3,), "That Location holds a UUID, another one for each session."),
    Requirement(
        "session-location",
        _TWO,
        (4, 5, 6),
        "It may be absolute or relative, and may have a query that matters.",
        choice="Absolute, from the request's Host; the query holds the session's state, sealed, so that a learner "
        "meets the Locations of Distribution.",
    ),
    of_clients("session-location-client", _TWO, (7, 8), "To use that Location as it is."),
    Requirement("put-blob", _TWO, (9, 10), "PUT of the blob to it gets 201 and a Location."),
    Requirement("put-blob-pullable", _TWO, (), "That Location gives the blob."),
    Requirement(
        "single-post",
        _ONE,
        (1, 4),
        "A blob may be taken in the POST alone; otherwise the answer is 202 and a session.",
        choice="Taken: one request is the shortest push there is.",
    ),
    Requirement("single-post-size", _ONE, (2,), "A body shorter than its Content-Length never becomes a blob."),
    of_clients("right-digest", _ONE, (3,), "To name the digest of the bytes that it sends."),
    Requirement(
        "wrong-digest",
        "Endpoints",
        (),
        "Bytes that do not have the named digest are refused with 400, in every way to push.",
    ),
    of_clients("single-post-client", _ONE, (5,), "To go on with PUT after a 202."),
    Requirement("single-post-created", _ONE, (6, 7), "It gets 201 and a Location that gives the blob."),
    of_clients("chunks-post-length", _CHUNKS, (1,), "To send Content-Length: 0 with the POST."),
    Requirement("chunks-post", _CHUNKS, (), "POST uploads/ is taken with Content-Length: 0 (here also without)."),
    Requirement(
        "chunk-least",
        _CHUNKS,
        (2, 6, 7),
        "A smallest size for chunks is told in OCI-Chunk-Min-Length; the last chunk may be smaller.",
        choice="There is none, and so no header, but one can be set; then smaller chunks are taken all the same.",
    ),
    Requirement(
        "chunk-range",
        _CHUNKS,
        (3, 4, 5),
        "Content-Range is first-last, both included, from 0; no other syntax is taken.",
    ),
    Requirement("chunk", _CHUNKS, (8, 9), "PATCH of a chunk gets 202, a Location, and Range: 0-last."),
    of_clients("chunk-location", _CHUNKS, (10, 22), "To follow the Location of the latest answer."),
    Requirement(
        "chunk-order",
        _CHUNKS,
        (11, 12),
        "A chunk out of order gets 416, whether it skips or repeats, in PATCH and in PUT.",
    ),
    Requirement(
        "last-chunk",
        _CHUNKS,
        (13, 14, 16),
        "The last chunk may come with PATCH or with the closing PUT.",
        choice="Both.",
    ),
    Requirement("closing", _CHUNKS, (15,), "Until a PUT closes the session there is no blob."),
    Requirement("closing-digest", _CHUNKS, (17,), "The closing PUT names the digest of the whole blob, or is refused."),
    Requirement("closed", _CHUNKS, (18, 19), "It gets 201 and a Location that gives the blob."),
    Requirement("status", _CHUNKS, (20, 21), "GET of an open session gets 204, a Location, and Range: 0-last."),
    Requirement("mount", _MOUNT, (1, 2), "A mount gets 201 and a Location that gives the blob."),
    Requirement(
        "mount-digest",
        _MOUNT,
        (3,),
        "Docker-Content-Digest of a mount may be another digest than was asked for.",
        choice="It is the same.",
    ),
    of_clients("mount-client", _MOUNT, (4, 5, 9), "To verify that digest, and to upload after a 202."),
    Requirement(
        "mount-anywhere",
        _MOUNT,
        (6, 7),
        "Without from, a blob may be mounted from wherever it is.",
        choice="Not done: 202 and a session, as Distribution answers, so that a forgotten from shows here too.",
    ),
    Requirement("mount-refused", _MOUNT, (8,), "A mount that cannot be gets 202 and a session that works."),
    of_clients(
        "push-type", _MANIFESTS, (1, 2, 5), "To send the manifest's mediaType as Content-Type, without parameters."
    ),
    Requirement("push-type-parameters", _MANIFESTS, (3,), "Parameters of the Content-Type are overlooked."),
    Requirement(
        "push-no-media-type", _MANIFESTS, (4,), "A manifest without mediaType field is taken: it only should have one."
    ),
    Requirement(
        "push-reference",
        _MANIFESTS,
        (6,),
        "A manifest is pushed to a tag, or to its digest; a wrong digest is refused.",
    ),
    of_clients("push-names-blobs", _MANIFESTS, (7,), "To push manifests that name all of their blobs."),
    Requirement(
        "push-no-layers", _MANIFESTS, (8,), "A manifest with an empty list of layers is taken.", choice="Taken."
    ),
    Requirement("push-bytes", _MANIFESTS, (9,), "A manifest is stored byte for byte."),
    Requirement("push-manifest", _MANIFESTS, (10, 11), "It gets 201 and a Location that gives the manifest."),
    Requirement("push-digest", _MANIFESTS, (12,), "Docker-Content-Digest is the digest that the client named."),
    of_clients("push-digest-client", _MANIFESTS, (13, 14), "To verify that digest."),
    Requirement("repository-unknown", _MANIFESTS, (15,), "Pulling from a repository that is not there gets 404."),
    Requirement("manifest-limit", _MANIFESTS, (16, 17), "A manifest over the limit of size gets 413.", choice="4 MiB."),
    Requirement("manifest-4-megabytes", _MANIFESTS, (18,), "4 megabytes are within that limit."),
    Requirement("subject-processed", _SUBJECT, (1,), "A push of a manifest with a subject gets OCI-Subject."),
    of_clients(
        "subject-fallback", _SUBJECT, tuple(range(2, 10)), "To keep the referrers tag where there is no OCI-Subject."
    ),
    Requirement(
        "cancel", _CHUNKS, (), "Not in v1.1.1, but in Distribution's API: DELETE of a session gets 204, and it is gone."
    ),
)
