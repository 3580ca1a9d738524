"""All tags of a repository, however many answers they come in."""

from __future__ import annotations

import json

import pytest

from regtutor import walks
from regtutor.backends.opening import open_registry
from regtutor.client.connect import connect
from regtutor.content.sample.image import sample_image
from regtutor.errors import ListFailed
from regtutor.steps import put_manifest
from regtutor.walks.pushing import push_image
from tests.refusing_registry import NOT_FOUND, Reply, refusing_registry


def test_every_page_is_asked_for() -> None:
    wanted = [f"v{number}" for number in range(7)]
    with open_registry("in_process", quiet=True) as reg:
        push_image(reg, sample_image(), "a", wanted[0])
        for tag in wanted[1:]:
            put_manifest(reg, "a", tag, sample_image().manifest).expect(201)
        listed: list[str] = []
        transcript = walks.run(walks.tags("a", listed, n=3), reg)
    assert (listed, len(transcript)) == (wanted, 3)
    assert transcript[1].target == "/v2/a/tags/list?n=3&last=v2"


def test_a_list_that_is_longer_than_a_preview_comes_whole() -> None:
    tags = [f"a-rather-long-tag-{number:05}" for number in range(2000)]
    body = json.dumps({"name": "a", "tags": tags}).encode()
    listed: list[str] = []
    reply = 200, {"Content-Type": "application/json"}, body
    with refusing_registry(lambda _m, _t: reply) as registry, connect(registry.url) as reg:
        walks.run(walks.tags("a", listed), reg)
    assert listed == tags


def test_null_is_no_tags() -> None:
    listed: list[str] = []
    reply = 200, {}, b'{"name":"a","tags":null}'
    with refusing_registry(lambda _m, _t: reply) as registry, connect(registry.url) as reg:
        walks.run(walks.tags("a", listed), reg)
    assert listed == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"<html>", b'{"tags":"v1"}', b'{"tags":[1]}', b'{"tags":{"a":1}}'])
def test_a_body_that_is_no_list_of_tags_is_told(body: bytes) -> None:
    with refusing_registry(lambda _m, _t: (200, {}, body)) as registry, connect(registry.url) as reg:
        walk = walks.tags("a", [])
        with pytest.raises(ListFailed):
            walks.run(walk, reg)


def test_a_repository_that_is_not_there_is_told() -> None:
    with refusing_registry(lambda _m, _t: NOT_FOUND) as registry, connect(registry.url) as reg:
        walk = walks.tags("a", [])
        with pytest.raises(ListFailed, match="The list stopped at list_tags: 404, the repository is not known"):
            walks.run(walk, reg)


def test_links_that_go_round_in_a_circle_end() -> None:
    def reply(_method: str, _target: str) -> Reply:
        return 200, {"Link": "</v2/a/tags/list?again>; rel=next"}, b'{"tags":["v1"]}'

    with refusing_registry(reply) as registry, connect(registry.url) as reg:
        walk = walks.tags("a", [])
        with pytest.raises(ListFailed, match="which was requested before"):
            walks.run(walk, reg)
    assert len(registry.asked) == 2


def test_links_that_always_name_a_new_page_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regtutor.walks.listing.MAX_PAGES", 5)

    def reply(_method: str, target: str) -> Reply:
        link = f"<{target}x>; rel=next" if "?" in target else f"<{target}?last=x>; rel=next"
        return 200, {"Link": link}, b'{"tags":["v1"]}'

    with refusing_registry(reply) as registry, connect(registry.url) as reg:
        walk = walks.tags("a", [])
        with pytest.raises(ListFailed, match="more than 5 pages"):
            walks.run(walk, reg)
    assert len(registry.asked) == 6
