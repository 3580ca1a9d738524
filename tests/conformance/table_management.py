"""Requirements: deleting, errors and warnings."""

from __future__ import annotations

from tests.conformance.requirement import Requirement, of_clients

_DELETED = "Deleting Manifests"
_ERRORS = "Error Codes"

MANAGEMENT: tuple[Requirement, ...] = (
    Requirement(
        "deletion",
        "Content Management",
        (1, 2, 3, 4),
        "A registry may support deletion or not, also of tags.",
        choice="Tags, manifests and blobs can be deleted, and deletion can be switched off.",
    ),
    Requirement("delete-tag", "Deleting tags", (1,), "DELETE of a tag gets 202."),
    Requirement("delete-tag-gone", "Deleting tags", (), "Then the tag gets 404, and the manifest still exists."),
    Requirement(
        "delete-off", "Deleting tags", (2,), "If deletion is off, DELETE of a tag gets 400 or 405.", choice="405."
    ),
    Requirement("delete-manifest", _DELETED, (1,), "DELETE of a manifest gets 202."),
    Requirement(
        "delete-manifest-gone", _DELETED, (), "Then the digest gets 404, and so does every tag that pointed to it."
    ),
    Requirement("delete-manifest-unknown", _DELETED, (2,), "In a repository that does not exist, it gets 404."),
    Requirement("delete-manifest-off", _DELETED, (3,), "If deletion is off, it gets 400 or 405.", choice="405."),
    of_clients("delete-referrer", _DELETED, (4, 5, 6), "Maintains the referrers tag when a referrer is deleted."),
    Requirement("delete-blob", "Deleting Blobs", (1,), "DELETE of a blob gets 202, and then the blob gets 404."),
    Requirement("delete-blob-unknown", "Deleting Blobs", (2,), "DELETE of a blob that does not exist gets 404."),
    Requirement("delete-blob-off", "Deleting Blobs", (3,), "If deletion is off, it gets 400 or 405.", choice="405."),
    Requirement(
        "api",
        "Determining Support",
        (1,),
        "GET /v2/ gets 200; it may be used to request credentials.",
        choice="Used for this if the registry has passwords.",
    ),
    Requirement(
        "error-format", _ERRORS, (1, 2), "A JSON body of a 4xx response is a list of errors.", choice="Always JSON."
    ),
    Requirement("error-code", _ERRORS, (3, 9), "Each error has a code from the specification's list."),
    Requirement("error-message", _ERRORS, (4, 5, 6), "It may have a message for people to read.", choice="Always."),
    Requirement(
        "error-detail",
        _ERRORS,
        (7, 8),
        "It may have a detail, which is any JSON.",
        choice="It has three parts: given, expected and next.",
    ),
    Requirement(
        "warnings",
        "Warnings",
        (1, 2, 3, 4),
        "A registry may send Warning headers: 299, agent -, no date, 4096 bytes in total.",
        choice="None are sent.",
    ),
    of_clients("warnings-client", "Warnings", (5, 6, 7), "Shows warnings to people, and does nothing else with them."),
)
