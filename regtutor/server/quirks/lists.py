"""Quirks of lists: how CNCF Distribution deviates from the specification in listing tags and repositories."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from regtutor.protocol.endpoints import split_target
from regtutor.protocol.links import next_link
from regtutor.protocol.ranges import length
from regtutor.server.call import Call, Handler
from regtutor.server.http import Response
from regtutor.server.pagination import after_in, page_of
from regtutor.server.pagination import next_link as link_to_next
from regtutor.server.quirks.quirk import quirk
from regtutor.server.quirks.wrapping import Outcome, changes_request, changes_response, recoded
from regtutor.server.respond import JSON, Refusal, respond
from regtutor.server.storage.repository_lists import by_path

CATALOG_PAGE = 100
CATALOG_MOST = 1000


def _read(response: Response) -> dict[str, Any]:
    assert isinstance(response.body, bytes), "lists are in memory"
    body: dict[str, Any] = json.loads(response.body)
    return body


def _listed(body: dict[str, Any], *headers: tuple[str, str]) -> Response:
    return respond(200, ("Content-Type", JSON), *headers, body=json.dumps(body).encode() + b"\n")


@quirk(
    "links_name_last_first",
    "the Link to the next page is ?last=...&n=..., with %2F for each slash in last, instead of ?n=...&last=...",
    on=("list_tags", "list_repositories"),
    in_2="handlers/catalog.go#L108-L126",
    in_3="handlers/catalog.go#L109-L127",
)
@changes_response
def name_last_first(_call: Call, response: Response) -> Response:
    link = response.header("Link")
    if link is None:
        return response
    path, query = split_target(next_link([link]) or "")
    written = urlencode(sorted(query.items()))
    headers = tuple(
        (name, f'<{path}?{written}>; rel="next"' if name == "Link" else value) for name, value in response.headers
    )
    return Response(response.status, headers, response.body)


@quirk(
    "n_is_read_by_go",
    "an empty n counts as no n, and +2 as 2, in a request for tags or for the catalog, instead of 400",
    on=("list_tags", "list_repositories"),
    in_3="handlers/tags.go#L44-L49",
)
@changes_request
def read_n_as_go_does(call: Call) -> Call:
    n = call.query.get("n")
    others = {name: value for name, value in call.query.items() if name != "n"}
    if n == "":
        return replace(call, query=others)
    if n is not None and n.startswith("+") and length(n[1:]) is not None:
        return replace(call, query=others | {"n": n[1:]})
    return call


@quirk(
    "repositories_known_by_tags",
    "404 NAME_UNKNOWN for the tags of a repository that never had one, and null as the list after the last was deleted",
    on="list_tags",
    in_2="storage/tagstore.go#L25-L51",
    in_3="storage/tagstore.go#L242-L289",
)
def know_repositories_by_tags(handler: Handler) -> Handler:
    def listed(call: Call) -> Outcome:
        outcome = handler(call)
        if not (call.store.repository_path(call.repository) / "_manifests" / "tags").is_dir():
            given, next = call.repository, "PUT a manifest to a tag first"
            raise Refusal("NAME_UNKNOWN", given=given, expected="a repository that has had a tag", next=next)
        if isinstance(outcome, Response) and not call.store.tags(call.repository) and call.query.get("n") != "0":
            return _listed(_read(outcome) | {"tags": None})
        return outcome

    return listed


@quirk(
    "tags_not_paginated",
    "all tags in the order of the disk: n and last are ignored, and nothing is sorted",
    on="list_tags",
    in_2="handlers/tags.go#L35-L63",
)
def give_every_tag(handler: Handler) -> Handler:
    def listed(call: Call) -> Outcome:
        outcome = handler(replace(call, query={}))
        if not isinstance(outcome, Response):
            return outcome
        return _listed(_read(outcome) | {"tags": call.store.tags(call.repository)})

    return listed


@quirk(
    "tags_in_byte_order",
    "uppercase before lowercase in lists of tags, a Link after every full page, even the last, and null as the list "
    "after the last tag",
    on="list_tags",
    in_3="storage/tagstore.go#L269-L297",
)
def order_tags_by_bytes(handler: Handler) -> Handler:
    def listed(call: Call) -> Outcome:
        handler(call)
        tags, link = page_of(call, "list_tags", partial(after_in, sorted(call.store.tags(call.repository)), str))
        if tags and not link and call.query.get("n") == str(len(tags)):
            link = (link_to_next("list_tags", call, {"n": str(len(tags)), "last": tags[-1]}),)
        listed_tags = tags if tags or call.query.get("n") == "0" else None
        return _listed({"name": call.repository, "tags": listed_tags}, *link)

    return listed


@quirk(
    "bad_n_of_tags_has_a_code",
    "400 PAGINATION_NUMBER_INVALID instead of UNSUPPORTED if n is not a number in a request for tags",
    on="list_tags",
    in_3="handlers/tags.go#L44-L49",
)
def name_the_bad_n(handler: Handler) -> Handler:
    def listed(call: Call) -> Outcome:
        try:
            return handler(call)
        except Refusal as refusal:
            if refusal.status != 400 or refusal.faults[0].detail.get("given") != call.query.get("n"):
                raise
            raise recoded(refusal, "PAGINATION_NUMBER_INVALID") from refusal.__cause__

    return listed


@quirk(
    "catalog_takes_any_n",
    "in a request for the catalog, an n that is not a number or is below 0 is ignored, instead of 400",
    on="list_repositories",
    in_2="handlers/catalog.go#L47-L58",
)
@changes_request
def take_any_n(call: Call) -> Call:
    n = call.query.get("n")
    if n is None or (n.isascii() and n.isdecimal()):
        return call
    return replace(call, query={name: value for name, value in call.query.items() if name != "n"})


@quirk(
    "catalog_refuses_large_n",
    "400 PAGINATION_NUMBER_INVALID for an n above 1000 in a request for the catalog",
    on="list_repositories",
    in_2="handlers/catalog.go#L51-L53",
    in_3="handlers/catalog.go#L54-L57",
)
@changes_request
def refuse_large_n(call: Call) -> Call:
    n = call.query.get("n", "")
    if n.isascii() and n.isdecimal() and int(n[:19]) > CATALOG_MOST:
        next = f"Send the same GET with n={CATALOG_MOST}, then follow its Link"
        raise Refusal("PAGINATION_NUMBER_INVALID", given=n, expected=f"n up to {CATALOG_MOST}", next=next)
    return call


@quirk(
    "catalog_by_hundreds",
    "100 repositories and a Link in response to a request for the catalog without n, instead of all repositories",
    on="list_repositories",
    in_2="handlers/catalog.go#L44",
    in_3="handlers/catalog.go#L42",
)
@changes_request
def page_by_hundreds(call: Call) -> Call:
    return replace(call, query={"n": str(CATALOG_PAGE)} | dict(call.query))


@quirk(
    "catalog_in_path_order",
    "the catalog is sorted part by part, as folders are: a/b before a-b",
    on="list_repositories",
    in_2="storage/catalog.go#L139-L168",
)
def list_in_path_order(handler: Handler) -> Handler:
    def listed(call: Call) -> Outcome:
        handler(call)
        return _catalog(call, lambda _name: True)

    return listed


def _catalog(call: Call, listed: Callable[[str], bool]) -> Response:
    """A page of the repositories that are ``listed``, sorted part by part."""
    after = partial(call.store.repository_lists.after, order=by_path, check=call.head.check_presence)
    names, link = page_of(call, "list_repositories", lambda last: filter(listed, after(last)))
    return _listed({"repositories": names}, *link)


@quirk(
    "catalog_lists_pushed_repositories",
    "the catalog lists a repository after its first manifest, instead of after its first blob, sorted as with "
    "catalog_in_path_order",
    on="list_repositories",
    in_3="storage/catalog.go#L147-L167",
)
def list_pushed_repositories(handler: Handler) -> Handler:
    def listed(call: Call) -> Outcome:
        handler(call)
        return _catalog(call, partial(_has_manifests, call))

    return listed


def _has_manifests(call: Call, repository: str) -> bool:
    return (call.store.repository_path(repository) / "_manifests").is_dir()
