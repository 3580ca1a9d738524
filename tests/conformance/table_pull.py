"""Requirements: general ones, and pulling."""

from __future__ import annotations

from tests.conformance.requirement import Requirement, of_clients

_MANIFESTS = "Pulling manifests"
_BLOBS = "Pulling blobs"
_HEAD = "Checking if content exists in the registry"

PULL: tuple[Requirement, ...] = (
    Requirement(
        "legacy-headers",
        "Legacy Docker support HTTP headers",
        (1, 2),
        "A registry may send Docker's headers.",
        choice="Docker-Content-Digest and Docker-Distribution-API-Version are sent: clients in use expect them.",
    ),
    of_clients("legacy-headers-client", "Legacy Docker support HTTP headers", (3,), "Does not depend on them."),
    Requirement(
        "legacy-codes",
        "Legacy Docker support error codes",
        (1, 2),
        "A registry may send Docker's error codes for schema 1 manifests: TAG_INVALID and MANIFEST_UNVERIFIED.",
        choice="TAG_INVALID is sent for a malformed tag: the list has no code for it. Distribution sends a bare 404.",
    ),
    of_clients("legacy-codes-client", "Legacy Docker support error codes", (3,), "Does not depend on them."),
    Requirement(
        "key-words", "Notational Conventions", tuple(range(1, 12)), "The meaning of the key words.", role="words"
    ),
    Requirement("all-of-pull", "Requirements", (1,), "Every request of the Pull category gets a response."),
    Requirement(
        "all-categories", "Requirements", (2, 3), "So does every request of Push, Content Discovery and Management."
    ),
    of_clients("any-order", "Pull", (1,), "May fetch manifests and blobs in any order."),
    Requirement("reference", _MANIFESTS, (1, 2), "A reference is a digest or a tag; anything else is refused."),
    Requirement("name", _MANIFESTS, (3,), "A repository's name fits the grammar; anything else is refused."),
    Requirement("tag", _MANIFESTS, (4, 5), "A tag fits its grammar, in 128 characters; anything else is refused."),
    of_clients("accept", _MANIFESTS, (6,), "Lists in Accept the media types that it supports."),
    Requirement("manifest-type-bare", _MANIFESTS, (7,), "A manifest's Content-Type has no parameters."),
    of_clients("manifest-type-parameters", _MANIFESTS, (8,), "Ignores parameters of a Content-Type."),
    Requirement("manifest-type", _MANIFESTS, (9,), "The Content-Type of a manifest is that of its push."),
    of_clients(
        "manifest-type-agrees", _MANIFESTS, (10,), "Rejects a manifest whose mediaType differs from the Content-Type."
    ),
    Requirement("manifest-get", _MANIFESTS, (11, 12), "GET of an existing manifest gets 200 and the whole manifest."),
    Requirement("manifest-digest", _MANIFESTS, (13,), "The response with a manifest has Docker-Content-Digest."),
    Requirement(
        "manifest-digest-other",
        _MANIFESTS,
        (14, 15),
        "That digest may differ from the requested one, for example in its algorithm.",
        choice="It is the requested digest: a manifest is stored under the digest of its push. For a tag, it is the "
        "digest of the push that set the tag: sha256.",
    ),
    of_clients("manifest-verified", _MANIFESTS, (16, 17, 18), "Verifies the digests that it uses."),
    Requirement("manifest-unknown", _MANIFESTS, (19,), "GET of a manifest that does not exist gets 404."),
    Requirement("blob-get", _BLOBS, (1, 2), "GET of an existing blob gets 200 and the whole blob."),
    Requirement("blob-digest", _BLOBS, (3,), "The response with a blob has Docker-Content-Digest."),
    Requirement("blob-digest-fits", _BLOBS, (4,), "If that header is present, it is a digest of the bytes."),
    of_clients(
        "blob-verified", _BLOBS, (5, 6, 7), "Verifies the digests that it uses, and the blob that it requested."
    ),
    Requirement("blob-unknown", _BLOBS, (8,), "GET of a blob that does not exist gets 404."),
    Requirement(
        "blob-range",
        _BLOBS,
        (9,),
        "A request with Range gets a part of a blob, as in RFC 9110, 14.",
        choice="A single range. Several ranges get the whole blob, which RFC 9110 permits. So does a unit other than "
        "bytes, which RFC 9110 requires. A range that ends before it begins gets 416, as does a range beyond the end.",
    ),
    Requirement("head", _HEAD, (1,), "HEAD of an existing manifest or blob gets 200, without a body."),
    Requirement("head-digest", _HEAD, (2,), "That response has Docker-Content-Digest."),
    Requirement("head-size", _HEAD, (3,), "It has the size in Content-Length."),
    Requirement("head-unknown", _HEAD, (4,), "HEAD of a manifest or blob that does not exist gets 404."),
)
