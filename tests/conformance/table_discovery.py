"""Requirements: listing tags and referrers."""

from __future__ import annotations

from tests.conformance.requirement import Requirement, of_clients

_TAGS = "Listing Tags"
_REFERRERS = "Listing Referrers"

DISCOVERY: tuple[Requirement, ...] = (
    Requirement("tags", _TAGS, (1, 4), "The tags of a repository come with 200, as JSON with name and tags."),
    Requirement(
        "tags-none",
        _TAGS,
        (2,),
        "The list may be empty.",
        choice="A repository with content and no tags has an empty list; one that is not there gets 404.",
    ),
    Requirement(
        "tags-order",
        _TAGS,
        (3, 11, 14),
        "Tags are in lexical order, without regard to case, also with n and last.",
    ),
    Requirement("tags-n", _TAGS, (5, 6), "n tags are given, or fewer where there are no more of them."),
    Requirement("tags-link", _TAGS, (7, 8), "A Link to the next page may come, with rel=next.", choice="It comes."),
    Requirement("tags-zero", _TAGS, (9, 10), "n=0 gets an empty list, and no Link."),
    Requirement("tags-last", _TAGS, (12, 13), "last is a tag, there or not; the list goes on after it, without it."),
    Requirement("tags-last-alone", _TAGS, (15,), "last does without n.", choice="The whole rest of the list is given."),
    Requirement("referrers", _REFERRERS, (1, 4), "The referrers of a digest come with 200, as an image index."),
    Requirement("referrers-no-404", _REFERRERS, (2,), "404 is never the answer, whatever is not there."),
    Requirement("referrers-invalid", _REFERRERS, (3,), "What is no digest gets 400."),
    Requirement("referrers-type", _REFERRERS, (5,), "The Content-Type is that of an OCI image index."),
    Requirement("referrers-artifact-type", _REFERRERS, (6,), "A descriptor has the artifactType of its manifest."),
    Requirement(
        "referrers-config-type", _REFERRERS, (7,), "For an image manifest without one, its config's media type."
    ),
    Requirement("referrers-index-type", _REFERRERS, (8,), "For an index without one, none."),
    Requirement("referrers-annotations", _REFERRERS, (9,), "A descriptor has the annotations of its manifest."),
    Requirement("referrers-none", _REFERRERS, (10,), "Where there are none, the list is empty."),
    Requirement("referrers-link", _REFERRERS, (11, 12), "A list too large for one answer has a Link with rel=next."),
    Requirement("referrers-filter", _REFERRERS, (13,), "artifactType= is applied."),
    Requirement("referrers-filters-applied", _REFERRERS, (14, 15), "If it is applied, OCI-Filters-Applied says so."),
    of_clients("referrers-fallback", _REFERRERS, (16, 17, 18), "To read the referrers tag after a 404."),
    of_clients("older-registries", "Backwards Compatibility", (1, 2), "To support older registries."),
    of_clients(
        "no-referrers", "Unavailable Referrers API", (1, 2), "To use the referrers tag where there is no such API."
    ),
    of_clients("conditional-push", "Referrers Tag Schema", (1,), "May push the referrers tag on a condition."),
    Requirement(
        "referrers-preexisting",
        "Enabling the Referrers API",
        (1, 2),
        "Manifests that a client listed under the referrers tag are referrers; so may be all others with a subject.",
        choice="All: every manifest is looked at, so those in a directory that another registry wrote are found too.",
    ),
    Requirement(
        "referrers-new",
        "Enabling the Referrers API",
        (3,),
        "Every manifest with a subject is listed once it is pushed.",
    ),
)
