"""Capabilities of lists: tags, repositories and referrers. They change nothing."""

from __future__ import annotations

from regtutor.comparison.capabilities.capability import Verdict, capability, verdict
from regtutor.comparison.capabilities.trial import NotTried, Trial
from regtutor.exchange import Exchange
from regtutor.protocol.citations import MAY, MUST
from regtutor.protocol.clauses import (
    API_CATALOG_PAGES,
    API_REPOSITORIES,
    ENDPOINT_TABLE,
    LISTING_REFERRERS,
    LISTING_TAGS,
)


def _names(exchange: Exchange, key: str) -> list[str]:
    return [str(name) for name in exchange.json()[key]] if _has_list(exchange, key) else []


def _has_list(exchange: Exchange, key: str) -> bool:
    """Whether the body is a JSON object with a list called ``key``; a web page has no such list."""
    try:
        return isinstance(exchange.json()[key], list)
    except (ValueError, KeyError, TypeError):
        return False


def _pages(whole: list[str], page: Exchange, key: str) -> Verdict:
    if not page.ok:
        return verdict(False, page)
    given = len(_names(page, key))
    linked = page.next_page is not None
    if given == 1 and linked:
        return verdict(True, page, summary="1 with Link")
    if given > 1:
        return verdict(False, page, summary="n is ignored")
    if len(whole) < 2:
        raise NotTried("the list has fewer than two entries")
    return verdict(False, page, summary=f"{given} without Link")


@capability("list of tags", "lists", "Does it list the tags of a repository?", "GET tags/list", MUST, LISTING_TAGS)
def tags(trial: Trial) -> Verdict:
    exchange = trial.ask("list_tags", trial.read().repository)
    return verdict(exchange.status == 200 and bool(_names(exchange, "tags")), exchange)


@capability("pages of tags", "lists", "Does it send as many tags as n says, with a Link to the rest?",
            "GET tags/list, GET tags/list?n=1", MUST, LISTING_TAGS)  # fmt: skip
def tag_pages(trial: Trial) -> Verdict:
    whole = trial.ask("list_tags", trial.read().repository)
    return _pages(_names(whole, "tags"), trial.ask("list_tags", trial.read().repository, n=1), "tags")


@capability("tags of an unknown repository", "lists", "Does it return 404 for a repository that it does not have?",
            "GET tags/list", MAY, ENDPOINT_TABLE)  # fmt: skip
def unknown_repository(trial: Trial) -> Verdict:
    exchange = trial.ask("list_tags", f"{trial.repository}-unknown")
    return verdict(exchange.status == 404, exchange, bad=exchange.status == 200)


@capability("catalog", "lists", "Does it list its repositories?", "GET _catalog?n=1", MAY, API_REPOSITORIES)
def catalog(trial: Trial) -> Verdict:
    exchange = trial.ask("list_repositories", n=1)
    return verdict(exchange.status == 200 and _has_list(exchange, "repositories"), exchange)


@capability("pages of the catalog", "lists", "Does it send as many repositories as n says, with a Link to the rest?",
            "GET _catalog?n=1", MAY, API_CATALOG_PAGES)  # fmt: skip
def catalog_pages(trial: Trial) -> Verdict:
    exchange = trial.ask("list_repositories", n=1)
    return _pages(_names(exchange, "repositories"), exchange, "repositories")


@capability("referrers API", "lists", "Does it list the manifests that refer to a digest?", "GET referrers",
            MAY, LISTING_REFERRERS)  # fmt: skip
def referrers(trial: Trial) -> Verdict:
    exchange = trial.ask("get_referrers", trial.read().repository, trial.read().digest)
    return verdict(exchange.status == 200 and _has_list(exchange, "manifests"), exchange)
