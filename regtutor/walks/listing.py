"""Lists that a registry gives a page at a time: the tags of a repository."""

from __future__ import annotations

from regtutor.errors import ListFailed
from regtutor.exchange import Exchange
from regtutor.steps import draft, list_tags
from regtutor.walks.driving import Walk
from regtutor.walks.expect import expect, stop

MAX_PAGES = 1000
"""How many pages of one list are asked for: a registry whose Links go round in a circle must not hold one for ever."""


def tags(repository: str, listed: list[str], *, n: int | None = None) -> Walk:
    """The requests for all tags: the first page, then wherever each answer's Link says that they go on.

    Parameters
    ----------
    repository: whose tags.
    listed: the tags are put there, page by page.
    n: how many to ask for at once; the registry decides where nothing is said.

    Raises
    ------
    ListFailed: if the registry does not give them, or gives no end of pages.

    Source: OCI distribution-spec v1.1.1, "Listing Tags"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags>.
    """
    answer = yield draft(list_tags, repository, n=n)
    for _ in range(MAX_PAGES):
        listed += _tags_in(answer)
        if answer.next_page is None:
            return ()
        answer = yield draft(list_tags, repository, page=answer.next_page)
    stop(answer, f"The list has more than {MAX_PAGES:,} pages, or its Links go round in a circle", ListFailed)


def _tags_in(answer: Exchange) -> list[str]:
    expect(answer, 200, kind=ListFailed)
    try:
        tags = answer.json()["tags"]
    except (ValueError, KeyError, TypeError):
        stop(answer, "The body is not a JSON object with tags", ListFailed)
    # Distribution 2.8 writes null for none.
    if not isinstance(tags or [], list) or not all(isinstance(tag, str) for tag in tags or ()):
        stop(answer, "The tags in the body are not a list of strings", ListFailed)
    return list(tags or ())
