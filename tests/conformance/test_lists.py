"""Lists: tags and referrers, page by page."""

from __future__ import annotations

import json
import re
from urllib.parse import quote, urljoin, urlsplit

import pytest

from tests.conformance.content import INDEX, MANIFEST, REPORT, SIGNATURE, DataSet, Pushed
from tests.conformance.requirement import proves
from tests.conformance.speaking import WAYS, Speaker, digest_of, parsed
from tests.contract.language import Answered

TAGS = ["_", "0", "1.0", "10", "9", "a", "B", "c", "latest", "v1", "V1.1", "v2", "Z"]
UNKNOWN = digest_of(b"nobody pushed this")
NEXT = re.compile(r"<([^>]+)>; ?rel=\"?next\"?")


def tagged(speaker: Speaker, tags: list[str]) -> None:
    """Push one manifest under each of ``tags``."""
    content = DataSet("sha256")
    content.manifest(INDEX, {"manifests": []})
    for tag in tags:
        assert speaker.put_manifest(tag, INDEX, content.manifests[0].data).status == 201


def following(answer: Answered, path: str) -> str | None:
    """The target of the Link to the next page."""
    links = answer.all("Link")
    if not links:
        return None
    found = NEXT.fullmatch(links[0])
    assert len(links) == 1 and found, links
    parts = urlsplit(urljoin(path, found[1]))
    return f"{parts.path}?{parts.query}"


def pages(speaker: Speaker, answer: Answered, path: str) -> list[Answered]:
    """``answer`` and every page to which its Link leads."""
    found = [answer]
    while (target := following(found[-1], path)) is not None:
        assert len(found) < 100, "the Links lead on and on"
        found.append(speaker.ask("GET {target} HTTP/1.1", target=target))
    return found


def lexical(tags: list[str]) -> list[str]:
    return sorted(tags, key=str.lower)


@proves("tags", "tags-order")
def test_tags_are_listed_in_lexical_order_without_regard_to_case(speaker: Speaker) -> None:
    tagged(speaker, [*reversed(TAGS)])
    answer = speaker.tags()
    assert answer.status == 200
    body = parsed(answer)
    assert body["name"] == speaker.repository
    assert [tag.lower() for tag in body["tags"]] == [tag.lower() for tag in lexical(TAGS)]
    assert sorted(body["tags"]) == sorted(TAGS)


@proves("tags-none")
def test_a_repository_without_tags_has_an_empty_list(speaker: Speaker) -> None:
    assert WAYS["POST then PUT"](speaker, digest_of(b"a"), b"a").status == 201
    answer = speaker.tags()
    assert (answer.status, parsed(answer)["tags"]) == (200, [])


@proves("tags-n", "tags-link", "tags-order")
@pytest.mark.parametrize("n", [1, 2, 5, 12, 13, 14, 1000])
def test_n_tags_are_given_and_a_link_leads_to_the_others(speaker: Speaker, n: int) -> None:
    tagged(speaker, TAGS)
    everything = parsed(speaker.tags())["tags"]
    found = [parsed(page)["tags"] for page in pages(speaker, speaker.tags(f"?n={n}"), "/v2/")]
    assert found[0] == everything[:n]
    assert [tag for page in found for tag in page] == everything


@proves("tags-zero")
def test_n_0_gets_an_empty_list_and_no_link(speaker: Speaker) -> None:
    tagged(speaker, TAGS)
    for query in ("?n=0", "?n=0&last=a"):
        answer = speaker.tags(query)
        assert (answer.status, parsed(answer)["tags"], answer.all("Link")) == (200, [], [])


@proves("tags-last", "tags-order")
@pytest.mark.parametrize("n", [1, 3, 100])
def test_n_tags_are_given_after_last(speaker: Speaker, n: int) -> None:
    tagged(speaker, TAGS)
    everything = parsed(speaker.tags())["tags"]
    for number, last in enumerate(everything, start=1):
        assert parsed(speaker.tags(f"?n={n}&last={last}"))["tags"] == everything[number : number + n]


@proves("tags-last", "tags-last-alone")
def test_last_does_without_n_and_need_not_be_there(speaker: Speaker) -> None:
    tagged(speaker, TAGS)
    everything = parsed(speaker.tags())["tags"]
    at = everything.index("latest")
    assert parsed(speaker.tags("?last=latest"))["tags"] == everything[at + 1 :]
    assert parsed(speaker.tags("?last=late"))["tags"] == everything[at:]
    assert parsed(speaker.tags("?last=zzz"))["tags"] == []
    assert parsed(speaker.tags(f"?last={everything[-1]}"))["tags"] == []


@proves("referrers-none", "referrers-no-404", "referrers-type", "referrers")
@pytest.mark.parametrize("there", [False, True], ids=["no repository", "a repository"])
def test_a_digest_without_referrers_has_an_empty_index(speaker: Speaker, there: bool, algorithm: str) -> None:
    if there:
        tagged(speaker, ["v1"])
    for query in ("", f"?artifactType={quote(REPORT, safe='')}"):
        answer = speaker.referrers(digest_of(b"nobody pushed this", algorithm), query)
        assert (answer.status, answer.all("Content-Type")) == (200, [INDEX])
        body = parsed(answer)
        assert (body["schemaVersion"], body["mediaType"], body["manifests"]) == (2, INDEX, [])


@proves("referrers-invalid")
@pytest.mark.parametrize(
    "digest", ["v1", "sha256:abc", "sha256:" + "G" * 64, "md5:d41d8cd98f00b204e9800998ecf8427e", "sha256"]
)
def test_what_is_no_digest_has_no_referrers_but_400(speaker: Speaker, digest: str) -> None:
    tagged(speaker, ["v1"])
    assert speaker.referrers(digest).status == 400


def referrer(content: DataSet, subject: dict[str, object], kind: str, size: int = 1) -> Pushed:
    """A manifest without content that refers to ``subject``, with an annotation of ``size`` bytes."""
    note = {"org.example.note": "A" * size}
    content.manifest(INDEX, {"artifactType": kind, "manifests": [], "subject": subject, "annotations": note})
    return content.manifests[-1]


@proves("referrers-filter", "referrers-filters-applied", "referrers-new", "subject-later", "subject-processed")
def test_a_filter_leaves_the_referrers_of_one_type(speaker: Speaker, algorithm: str) -> None:
    content = DataSet(algorithm)
    subject = content.describe(MANIFEST, b"to be pushed later")
    pushed = {kind: referrer(content, subject, kind) for kind in (REPORT, SIGNATURE)}
    for manifest in pushed.values():
        answer = speaker.put_manifest(manifest.digest, INDEX, manifest.data)
        assert (answer.status, answer.all("OCI-Subject")) == (201, [subject["digest"]])
    assert len(parsed(speaker.referrers(subject["digest"]))["manifests"]) == 2
    for kind, manifest in pushed.items():
        answer = speaker.referrers(subject["digest"], f"?artifactType={quote(kind, safe='')}")
        assert answer.all("OCI-Filters-Applied") == ["artifactType"]
        assert [entry["digest"] for entry in parsed(answer)["manifests"]] == [manifest.digest]
    answer = speaker.referrers(subject["digest"], "?artifactType=application/none")
    assert (answer.status, parsed(answer)["manifests"]) == (200, [])
    assert speaker.manifest(pushed[REPORT].digest, "DELETE").status == 202
    assert [entry["digest"] for entry in parsed(speaker.referrers(subject["digest"]))["manifests"]] == [
        pushed[SIGNATURE].digest
    ]


@proves("referrers-link")
@pytest.mark.parametrize("query", ["", f"?artifactType={quote(REPORT, safe='')}"], ids=["all", "filtered"])
def test_a_list_that_no_manifest_can_hold_comes_in_pages(speaker: Speaker, query: str) -> None:
    content = DataSet("sha256")
    subject = content.describe(MANIFEST, b"has large referrers")
    large = [referrer(content, subject, REPORT, 1_500_000 + number) for number in range(3)]
    for manifest in large:
        assert speaker.put_manifest(manifest.digest, INDEX, manifest.data).status == 201
    path = f"/v2/{speaker.repository}/referrers/{subject['digest']}"
    found = pages(speaker, speaker.referrers(subject["digest"], query), path)
    assert len(found) > 1
    assert all(len(page.body) <= 4 * 1024 * 1024 for page in found)
    digests = [entry["digest"] for page in found for entry in parsed(page)["manifests"]]
    assert sorted(digests) == sorted(manifest.digest for manifest in large)


@proves("referrers-preexisting")
def test_referrers_that_a_client_listed_under_the_referrers_tag_are_listed(speaker: Speaker) -> None:
    content = DataSet("sha256")
    subject = content.describe(MANIFEST, b"older than the API")
    old = referrer(content, subject, REPORT)
    assert speaker.put_manifest(old.digest, INDEX, old.data).status == 201
    (listed,) = content.referrers[subject["digest"]]
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [listed]}).encode()
    tag = subject["digest"].replace(":", "-")
    assert speaker.put_manifest(tag, INDEX, index).status == 201
    assert parsed(speaker.referrers(subject["digest"]))["manifests"] == [listed]
    assert speaker.manifest(tag).body == index
