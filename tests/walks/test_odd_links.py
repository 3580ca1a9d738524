"""Lists whose Link headers are odd: they are followed where that is possible, and named where it is not."""

from __future__ import annotations

import json

import pytest

import regtutor as rt
from regtutor.errors import ListFailed
from regtutor.walks import run, tags
from tests.walks.serving import Answer, Asked, Script, serving

PATH = "/v2/library/hello/tags/list"


def pages(link: str) -> Script:
    """Two pages of tags; ``link`` is the Link of the first one, with {} for the host."""

    def answer(asked: Asked) -> Answer:
        last = "last=" in asked.path
        body = json.dumps({"name": "library/hello", "tags": ["b"] if last else ["a"]}).encode()
        headers = {} if last else {"Link": link.replace("{}", asked.headers["host"])}
        return Answer(200, body, {"Content-Type": "application/json", **headers})

    return answer


def listed(reg: rt.Registry) -> tuple[list[str], rt.Exchange]:
    found: list[str] = []
    return found, run(tags("library/hello", found), reg)[0]


@pytest.mark.parametrize(
    ("link", "names"),
    [
        (f'<{PATH}?last=a>; title="x;rel=prev"; rel="next"', []),
        (f'{PATH}?last=a; rel="next"', ["malformed Link"]),
        (f'<http://{{}}{PATH}?last=a>; rel="next"', []),
    ],
)
def test_odd_links_are_followed(link: str, names: list[str]) -> None:
    with serving(pages(link)) as server, rt.connect(server.url) as reg:
        found, first = listed(reg)
    assert found == ["a", "b"]
    assert [item.name for item in rt.explain(first).diagnoses] == names


def test_a_link_that_is_no_url_is_an_error_and_not_the_end_of_the_list() -> None:
    with (
        serving(pages('<http://[>; rel="next"')) as server,
        rt.connect(server.url) as reg,
        pytest.raises(ListFailed, match="which is not a URL"),
    ):
        listed(reg)


def test_a_link_without_a_relation_is_named() -> None:
    with serving(pages(f"<{PATH}?last=a>")) as server, rt.connect(server.url) as reg:
        found, first = listed(reg)
    assert found == ["a"]
    assert [item.name for item in rt.explain(first).diagnoses] == ["malformed Link"]


def test_a_link_that_changes_the_scheme_is_named_and_not_the_host() -> None:
    with (
        serving(pages(f'<https://{{}}{PATH}?last=a>; rel="next"')) as server,
        rt.connect(server.url) as reg,
        pytest.raises(ListFailed, match="Its Link names the next page at https://") as caught,
    ):
        listed(reg)
    assert caught.value.exchange is not None and caught.value.exchange.status == 200
    (found,) = rt.explain(caught.value.exchange).diagnoses
    assert found.name == "Link changes http to https"
    assert "X-Forwarded-Proto: http" in found.next


def test_a_link_of_referrers_that_changes_the_scheme_is_named_too() -> None:
    def answer(asked: Asked) -> Answer:
        body = json.dumps({"schemaVersion": 2, "manifests": []}).encode()
        link = f'<https://{asked.headers["host"]}{asked.path}?last=a>; rel="next"'
        return Answer(200, body, {"Content-Type": "application/vnd.oci.image.index.v1+json", "Link": link})

    with serving(answer) as server, rt.connect(server.url) as reg, pytest.raises(ListFailed, match="Its Link names"):
        rt.list_referrers(reg, "library/hello", f"sha256:{'0' * 64}")
