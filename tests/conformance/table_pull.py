"""Requirements: what all registries must do, and pulling."""

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
        "Docker's headers may be sent.",
        choice="Docker-Content-Digest and Docker-Distribution-API-Version are sent: clients in use look for them.",
    ),
    of_clients("legacy-headers-client", "Legacy Docker support HTTP headers", (3,), "Not to depend on them."),
    Requirement(
        "legacy-codes",
        "Legacy Docker support error codes",
        (1, 2),
        "Docker's codes for schema 1 manifests, by name TAG_INVALID and MANIFEST_UNVERIFIED, may be sent.",
        choice="TAG_INVALID is sent for a malformed tag: the list has no code for it. Distribution sends a bare 404.",
    ),
    of_clients("legacy-codes-client", "Legacy Docker support error codes", (3,), "Not to depend on them."),
    Requirement("key-words", "Notational Conventions", tuple(range(1, 12)), "What the key words mean.", role="words"),
    Requirement("all-of-pull", "Requirements", (1,), "Every request of the Pull category is answered."),
    Requirement(
        "all-categories", "Requirements", (2, 3), "So is every request of Push, Content Discovery and Management."
    ),
    of_clients("any-order", "Pull", (1,), "May fetch manifests and blobs in any order."),
    Requirement("reference", _MANIFESTS, (1, 2), "A reference is a digest or a tag; anything else is refused."),
    Requirement("name", _MANIFESTS, (3,), "A repository's name fits the grammar; anything else is refused."),
    Requirement("tag", _MANIFESTS, (4, 5), "A tag fits its grammar, in 128 characters; anything else is refused."),
    of_clients("accept", _MANIFESTS, (6,), "To name in Accept the types that it knows."),
    Requirement("manifest-type-bare", _MANIFESTS, (7,), "A manifest's Content-Type has no parameters."),
    of_clients("manifest-type-parameters", _MANIFESTS, (8,), "To overlook parameters of a Content-Type."),
    Requirement("manifest-type", _MANIFESTS, (9,), "A manifest comes with the Content-Type of its push."),
    of_clients("manifest-type-agrees", _MANIFESTS, (10,), "To reject a mediaType that is not the Content-Type."),
    Requirement("manifest-get", _MANIFESTS, (11, 12), "A manifest that is there is given whole, with 200."),
    Requirement("manifest-digest", _MANIFESTS, (13,), "Docker-Content-Digest comes with a manifest."),
    Requirement(
        "manifest-digest-other",
        _MANIFESTS,
        (14, 15),
        "That digest may be another one than was asked by, such as of another algorithm.",
        choice="It is the digest that was asked by: a manifest is stored under the digest of its push. For a tag, "
        "that of the push which set it: sha256.",
    ),
    of_clients("manifest-verified", _MANIFESTS, (16, 17, 18), "To verify the digests that it uses."),
    Requirement("manifest-unknown", _MANIFESTS, (19,), "A manifest that is not there gets 404."),
    Requirement("blob-get", _BLOBS, (1, 2), "A blob that is there is given whole, with 200."),
    Requirement("blob-digest", _BLOBS, (3,), "Docker-Content-Digest comes with a blob."),
    Requirement("blob-digest-fits", _BLOBS, (4,), "If that header comes, it is a digest of the bytes."),
    of_clients(
        "blob-verified", _BLOBS, (5, 6, 7), "To verify the digests that it uses, and the blob that it asked for."
    ),
    Requirement("blob-unknown", _BLOBS, (8,), "A blob that is not there gets 404."),
    Requirement(
        "blob-range",
        _BLOBS,
        (9,),
        "Range gives a part of a blob, as in RFC 9110, 14.",
        choice="One range. Several get the whole blob, as RFC 9110 permits, and so does a unit other than bytes, as it "
        "requires. A range that ends before it begins gets 416, as a range beyond the end does.",
    ),
    Requirement("head", _HEAD, (1,), "HEAD of a manifest or blob that is there gets 200, without a body."),
    Requirement("head-digest", _HEAD, (2,), "With Docker-Content-Digest."),
    Requirement("head-size", _HEAD, (3,), "With its size in Content-Length."),
    Requirement("head-unknown", _HEAD, (4,), "HEAD of what is not there gets 404."),
)
