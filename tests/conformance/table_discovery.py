"""Requirements: listing tags and referrers."""

from __future__ import annotations

from tests.conformance.requirement import Requirement, of_clients

_TAGS = "Listing Tags"
_REFERRERS = "Listing Referrers"

DISCOVERY: tuple[Requirement, ...] = (
    Requirement("tags", _TAGS, (1, 4), "A request for tags gets 200 and JSON with name and tags."),
    Requirement(
        "tags-none",
        _TAGS,
        (2,),
        "The list may be empty.",
        choice="A repository with content but without tags has an empty list; one that does not exist gets 404.",
    ),
    Requirement(
        "tags-order",
        _TAGS,
        (3, 11, 14),
        "Tags are in lexical order, ignoring case, also with n and last.",
    ),
    Requirement("tags-n", _TAGS, (5, 6), "The list has n tags, or fewer if there are no more."),
    Requirement(
        "tags-link", _TAGS, (7, 8), "The response may have a Link with rel=next to the next page.", choice="It has one."
    ),
    Requirement("tags-zero", _TAGS, (9, 10), "n=0 gets an empty list, and no Link."),
    Requirement(
        "tags-last", _TAGS, (12, 13), "last is a tag, which need not exist; the list continues after it, without it."
    ),
    Requirement(
        "tags-last-alone", _TAGS, (15,), "last works without n.", choice="The response has the whole rest of the list."
    ),
    Requirement("referrers", _REFERRERS, (1, 4), "A request for referrers gets 200 and an image index."),
    Requirement(
        "referrers-no-404",
        _REFERRERS,
        (2,),
        "The status is never 404, even if the repository or the manifest does not exist.",
    ),
    Requirement("referrers-invalid", _REFERRERS, (3,), "A malformed digest gets 400."),
    Requirement("referrers-type", _REFERRERS, (5,), "The Content-Type is that of an OCI image index."),
    Requirement("referrers-artifact-type", _REFERRERS, (6,), "A descriptor has the artifactType of its manifest."),
    Requirement(
        "referrers-config-type",
        _REFERRERS,
        (7,),
        "For an image manifest without one, it is the media type of the config.",
    ),
    Requirement(
        "referrers-index-type", _REFERRERS, (8,), "For an index without one, the descriptor has no artifactType."
    ),
    Requirement("referrers-annotations", _REFERRERS, (9,), "A descriptor has the annotations of its manifest."),
    Requirement("referrers-none", _REFERRERS, (10,), "Without referrers, the list is empty."),
    Requirement("referrers-link", _REFERRERS, (11, 12), "A list too large for one response has a Link with rel=next."),
    Requirement("referrers-filter", _REFERRERS, (13,), "The filter artifactType= is applied."),
    Requirement("referrers-filters-applied", _REFERRERS, (14, 15), "If it is applied, OCI-Filters-Applied names it."),
    of_clients("referrers-fallback", _REFERRERS, (16, 17, 18), "Reads the referrers tag after a 404."),
    of_clients("older-registries", "Backwards Compatibility", (1, 2), "Supports older registries."),
    of_clients(
        "no-referrers",
        "Unavailable Referrers API",
        (1, 2),
        "Uses the referrers tag if the registry does not have this API.",
    ),
    of_clients(
        "conditional-push", "Referrers Tag Schema", (1,), "May push the referrers tag with a conditional request."
    ),
    Requirement(
        "referrers-preexisting",
        "Enabling the Referrers API",
        (1, 2),
        "Manifests that a client listed under the referrers tag are referrers; all others with a subject may be.",
        choice="All: the registry reads every manifest, and so finds those in a directory that another registry wrote.",
    ),
    Requirement(
        "referrers-new",
        "Enabling the Referrers API",
        (3,),
        "Every manifest with a subject is listed as soon as it is pushed.",
    ),
)
