"""A row cites a section that names what the row claims: the status, the header on its side, or the code.

What each section names is kept in ``cited_words.json``; ``cited_words.py`` says how it is made.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TypeVar

import pytest

from regtutor.protocol.citations import DISTRIBUTION_SPEC, HABIT, HTTP, MAY, MUST, OUTSIDE, SHOULD, Citation
from regtutor.protocol.clauses import API_CHUNKS, ENDPOINT_CLAUSES, ENDPOINT_TABLE, HEAD, REFERRERS_TAG
from regtutor.protocol.codes import CODES, Code
from regtutor.protocol.endpoints import BY_NAME, SENT_TO_A_SESSION, Endpoint
from regtutor.protocol.header_uses import USES, HeaderUse
from regtutor.protocol.headers import HEADERS, Header
from regtutor.protocol.media_types import MEDIA_TYPES, MediaType
from regtutor.protocol.responses import RESPONSES, ResponseRow, required_headers
from tests.protocol.cited_words import DATA, FILES, cited, shape

Section = dict[str, Any]

KEPT: dict[str, dict[str, Section]] = json.loads(DATA.read_text(encoding="utf-8"))
WITH_LEVELS = (DISTRIBUTION_SPEC, HTTP)
"""The documents of the tables whose MUST, SHOULD and MAY are those of RFC 2119."""
WORDS = {MUST: "MUST", SHOULD: "SHOULD"}

NOT_HELD = {
    "RFC 2068": "obsolete, and not in httpwg/http-core; the only RFC with a grammar of Keep-Alive",
    "RFC 6265": "not in httpwg/http-core, where the RFCs of the data come from",
    "RFC 6750": "not in httpwg/http-core, where the RFCs of the data come from",
    "RFC 6749": "not in httpwg/http-core, where the RFCs of the data come from",
    "RFC 6585": "not in httpwg/http-core, where the RFCs of the data come from",
    "RFC 8288": "not in httpwg/http-core, where the RFCs of the data come from",
    "WHATWG Fetch": "has no versions: its text can change at any time",
    "Fetch Metadata Request Headers": "a working draft: its text can change at any time",
    "MDN": "has no versions: its text can change at any time",
    "Docker Hub, usage and limits": "has no versions: its text can change at any time",
}
"""Documents whose sections are not in the data, and why not."""


ROWS_NOT_HELD = {
    "429": "RFC 6585",
    "431": "RFC 6585",
    "Cookie": "RFC 6265",
    "Keep-Alive": "RFC 2068",
    "Link": "RFC 8288",
    "Origin": "WHATWG Fetch",
    "RateLimit-Limit": "Docker Hub, usage and limits",
    "RateLimit-Remaining": "Docker Hub, usage and limits",
    "Sec-Fetch-Site": "Fetch Metadata Request Headers",
    "Set-Cookie": "RFC 6265",
    "request_token-400": "RFC 6749",
    "X-Content-Type-Options": "WHATWG Fetch",
    "X-Forwarded-Host": "MDN",
    "X-Forwarded-Proto": "MDN",
}
"""The rows of the tables that cite these documents; no text is compared, but their levels are."""

Row = TypeVar("Row", ResponseRow, HeaderUse, Header)


def held(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row.citation.document.name not in NOT_HELD]


def section_of(citation: Citation) -> Section:
    return KEPT[citation.document.name][citation.anchor]


def names_the_request(section: Section, endpoint: Endpoint) -> bool:
    """Whether a section is about a request. A HEAD is described with its GET (RFC 9110, 9.3.2)."""
    if endpoint.is_at_the_token_server:
        return "token" in section["endpoints"]  # the realm is its address, so the documents name no path
    methods = {endpoint.method, "GET"} if endpoint.method == "HEAD" else {endpoint.method}
    marks = {endpoint.end} if endpoint.end else set()
    if endpoint.name == "start_upload":
        marks.add(
            "POST <location>"
        )  # The section on chunks names this request by its method: the first of three phases.
    marks |= {f"{method} {shape(endpoint.template)}" for method in methods}
    if endpoint.name in SENT_TO_A_SESSION:
        marks |= {f"{method} <location>" for method in methods}
    return bool(marks & set(section["endpoints"]))


def said(row: ResponseRow | HeaderUse | Header | Code | MediaType) -> str:
    parts = [str(getattr(row, name, "")) for name in ("side", "endpoint", "endpoints", "status", "header", "name")]
    return "-".join(part for part in parts if part not in ("", "()"))


def test_every_section_that_is_cited_is_in_the_data_or_is_said_not_to_be() -> None:
    named = {clause.document.name for clause in cited()}
    assert named == set(FILES) | set(NOT_HELD)
    missing = [
        clause
        for clause in cited()
        if clause.document.name in FILES and clause.anchor not in KEPT[clause.document.name]
    ]
    assert missing == []


@pytest.mark.parametrize("clause", [one for one in cited() if one.document.name not in NOT_HELD], ids=str)
def test_a_section_is_called_as_it_calls_itself(clause: Citation) -> None:
    assert section_of(clause)["title"] == clause.section


@pytest.mark.parametrize("name", ENDPOINT_CLAUSES)
def test_the_clauses_of_an_endpoint_are_about_it(name: str) -> None:
    registry = [clause for clause in ENDPOINT_CLAUSES[name] if clause.document != HTTP]
    assert [clause for clause in registry if not names_the_request(section_of(clause), BY_NAME[name])] == []


@pytest.mark.parametrize("row", held(RESPONSES), ids=said)
def test_a_response_cites_a_section_that_names_its_status_and_its_headers(row: ResponseRow) -> None:
    section = section_of(row.citation)
    assert str(row.status) in section["statuses"] or section["title"].split()[1:2] == [str(row.status)]
    assert {name.lower() for name in row.headers} <= set(section["response"])
    if row.endpoint and row.level != OUTSIDE:
        assert names_the_request(section, BY_NAME[row.endpoint])
    if row.citation == ENDPOINT_TABLE:
        assert f"{BY_NAME[row.endpoint].end} {row.status}" in section["endpoints"]
    if row.level in WORDS:
        assert row.citation.document in WITH_LEVELS
        assert f"{WORDS[row.level]} {row.status}" in section["levels"]


@pytest.mark.parametrize("row", RESPONSES, ids=said)
def test_a_response_outside_of_the_registry_documents_cites_an_rfc(row: ResponseRow) -> None:
    assert (row.level == OUTSIDE) == row.citation.document.name.startswith("RFC")


def test_the_rows_whose_documents_are_not_held_are_these_and_no_document_binds_them() -> None:
    rows = [row for row in (*RESPONSES, *USES, *HEADERS.values()) if row.citation.document.name in NOT_HELD]
    assert {said(row).strip("-") or said(row): row.citation.document.name for row in rows} == {
        name.strip("-"): document for name, document in ROWS_NOT_HELD.items()
    }
    levels = {row.level for row in rows}
    assert levels == {OUTSIDE, HABIT}


NAMED_ELSEWHERE = {("put_blob", API_CHUNKS)}
"""A closing PUT can contain the last chunk: the section on the responses to a PATCH applies to it too."""
GET_OF = {"head_upload": "get_upload"}


@pytest.mark.parametrize("use", held(USES), ids=said)
def test_a_use_of_a_header_cites_a_section_that_names_it_on_that_side(use: HeaderUse) -> None:
    if use.citation == HEAD:  # A response to HEAD should have the headers of GET: that names each of them.
        assert {(GET_OF[name], status) for name in use.endpoints for status in use.statuses} == {("get_upload", 204)}
        assert use.header.lower() in required_headers("get_upload", 204)
        assert use.level == SHOULD
        return
    section = section_of(use.citation)
    assert use.header.lower() in section[use.side]
    about = [name for name in use.endpoints if (name, use.citation) not in NAMED_ELSEWHERE]
    if use.citation.document != HTTP and use.citation != REFERRERS_TAG:  # It speaks of a manifest, not of requests.
        assert [name for name in about if not names_the_request(section, BY_NAME[name])] == []
    if use.level in WORDS:
        assert use.citation.document in WITH_LEVELS
        assert f"{WORDS[use.level]} {use.header.lower()}" in section["levels"]


@pytest.mark.parametrize("row", held(HEADERS.values()), ids=said)
def test_the_row_of_a_header_cites_a_section_that_names_it(row: Header) -> None:
    section = section_of(row.citation)
    sides = {"client": {"request"}, "either": {"request", "response"}}.get(row.sender, {"response"})
    named = {side for side in ("request", "response") if row.name.lower() in section[side]}
    assert sides <= named or (named and row.name in section["title"])
    if row.level in WORDS:
        assert f"{WORDS[row.level]} {row.name.lower()}" in section["levels"]
    if row.level in (MAY, HABIT) and row.citation.document == HTTP:
        assert row.name in IN_REGISTRY_DOCUMENTS


IN_REGISTRY_DOCUMENTS = {"Allow", "Authorization", "Content-Length", "Location", "WWW-Authenticate"}
"""Headers that the registry documents name as well, for many requests, and RFC 9110 defines."""


@pytest.mark.parametrize("row", MEDIA_TYPES.values(), ids=said)
def test_a_media_type_cites_a_section_that_names_it_or_says_that_it_does_not(row: MediaType) -> None:
    assert (row.name in section_of(row.citation)["media types"]) == ("(in use" not in row.meaning)


@pytest.mark.parametrize("code", CODES.values(), ids=said)
def test_a_code_cites_a_section_that_names_it_and_a_source_that_has_its_status(code: Code) -> None:
    assert f"{code.name} {code.status}" in section_of(code.source)["codes"]
    named = section_of(code.citation)["codes"]
    assert code.name in named or f"{code.name} {code.status}" in named
