"""How CNCF Distribution lists tags and repositories where it departs from the specification."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from regtutor.server.answers import JSON, Refusal, answer
from regtutor.server.call import Call, Handler
from regtutor.server.http import Response
from regtutor.server.pages import next_link, page_of
from regtutor.server.quirks.wrapping import Outcome, asked, recoded

CATALOG_PAGE = 100
CATALOG_MOST = 1000


def _read(response: Response) -> dict[str, Any]:
    assert isinstance(response.body, bytes), "lists are in memory"
    body: dict[str, Any] = json.loads(response.body)
    return body


def _listed(body: dict[str, Any], *headers: tuple[str, str]) -> Response:
    return answer(200, ("Content-Type", JSON), *headers, body=json.dumps(body).encode() + b"\n")


def give_every_tag(handler: Handler) -> Handler:
    """All tags in the order in which the disk has them, whatever ``n`` and ``last`` say."""

    def listed(call: Call) -> Outcome:
        outcome = handler(replace(call, query={}))
        if not isinstance(outcome, Response):
            return outcome
        return _listed(_read(outcome) | {"tags": call.store.tags(call.repository)})

    return listed


def order_tags_by_bytes(handler: Handler) -> Handler:
    """Upper case before lower case; and a Link after each full page, also the last."""

    def listed(call: Call) -> Outcome:
        handler(call)
        tags, link = page_of(call, "list_tags", call.store.tags(call.repository))
        if tags and not link and call.query.get("n") == str(len(tags)):
            link = (next_link("list_tags", call, {"n": str(len(tags)), "last": tags[-1]}),)
        return _listed({"name": call.repository, "tags": tags}, *link)

    return listed


def know_repositories_by_tags(handler: Handler) -> Handler:
    """404 for a repository that never had a tag; null in place of a list where the last one is gone."""

    def listed(call: Call) -> Outcome:
        outcome = handler(call)
        if not (call.store.repository_path(call.repository) / "_manifests" / "tags").is_dir():
            given, next = call.repository, "PUT a manifest to a tag first"
            raise Refusal("NAME_UNKNOWN", given=given, expected="a repository that once had a tag", next=next)
        if isinstance(outcome, Response) and not call.store.tags(call.repository) and call.query.get("n") != "0":
            return _listed(_read(outcome) | {"tags": None})
        return outcome

    return listed


def name_the_bad_n(handler: Handler) -> Handler:
    """400 PAGINATION_NUMBER_INVALID for an n that is no number."""

    def listed(call: Call) -> Outcome:
        try:
            return handler(call)
        except Refusal as refusal:
            if refusal.status != 400 or refusal.faults[0].detail.get("given") != call.query.get("n"):
                raise
            raise recoded(refusal, "PAGINATION_NUMBER_INVALID") from refusal.__cause__

    return listed


def _without_bad_n(call: Call) -> Call:
    n = call.query.get("n")
    if n is None or (n.isascii() and n.isdecimal()):
        return call
    return replace(call, query={name: value for name, value in call.query.items() if name != "n"})


take_any_n = asked(_without_bad_n)


def _within_the_most(call: Call) -> Call:
    n = call.query.get("n", "")
    if n.isascii() and n.isdecimal() and int(n[:19]) > CATALOG_MOST:
        next = f"the same GET with n={CATALOG_MOST}, then its Link"
        raise Refusal("PAGINATION_NUMBER_INVALID", given=n, expected=f"n up to {CATALOG_MOST}", next=next)
    return call


refuse_large_n = asked(_within_the_most)

page_by_hundreds = asked(lambda call: replace(call, query={"n": str(CATALOG_PAGE)} | dict(call.query)))
