"""A diagnosis cites a section that names the request, the status or the error code, and that has the level's word."""

from __future__ import annotations

import pytest

import regtutor as rt
from regtutor.exchange import Exchange
from regtutor.findings.diagnosis import codes_of
from regtutor.protocol.citations import (
    DESCRIPTOR_SPEC,
    DISTRIBUTION_SPEC,
    HABIT,
    HTTP,
    MAY,
    OUTSIDE,
    REGISTRY_DOCUMENTS,
)
from regtutor.protocol.clauses import ENDPOINT_TABLE, NO_REFERRERS, PUSH, TOO_MANY_REQUESTS
from tests.findings.test_traps import TRAPS
from tests.protocol.test_citations import KEPT, NOT_HELD, WORDS, names_the_request, section_of

WITH_LEVELS = (DISTRIBUTION_SPEC, DESCRIPTOR_SPEC, HTTP)
GENERAL = {
    ENDPOINT_TABLE: "the table of all endpoints",
    PUSH: "the order of blobs and manifests",
    NO_REFERRERS: "how a client falls back, from a section on compatibility",
}
"""Sections that are about more than one request, and say so in their own words."""
GRAMMARS = {"uppercase letter in the repository name", "malformed tag"}
"""Diagnoses of names: the section on pulling manifests has the grammars for the whole document."""
BY_RFC = {"not permitted": HTTP, "too many requests": TOO_MANY_REQUESTS.document}
"""Diagnoses at a status that the registry documents allow, with the clause that defines the status."""


@pytest.mark.parametrize(("made", "name", "next"), TRAPS, ids=[name for _, name, _ in TRAPS])
def test_a_diagnosis_cites_a_section_that_has_its_level_and_is_about_its_request(
    made: Exchange, name: str, next: str
) -> None:
    (diagnosis,) = rt.explain(made).diagnoses
    citation, level = diagnosis.citation, diagnosis.level
    assert citation is not None
    if citation.document.name not in KEPT:  # an issue, or a document whose sections are not in the data
        assert level in (HABIT, OUTSIDE) or citation.document.name in NOT_HELD
        assert citation.document.name in NOT_HELD or "/issues/" in citation.url
        return
    section = section_of(citation)
    if level in WORDS:
        assert citation.document in WITH_LEVELS
        assert WORDS[level] in section["binding"]
    if level == MAY:
        assert citation.document in REGISTRY_DOCUMENTS or BY_RFC[name] == citation.document
    if level == OUTSIDE:
        assert citation.document not in REGISTRY_DOCUMENTS
    if citation.document in REGISTRY_DOCUMENTS and citation not in GENERAL and name not in GRAMMARS:
        named = made.endpoint is not None and names_the_request(section, made.endpoint.endpoint)
        assert named or set(codes_of(made)) & set(section["codes"])


def test_every_exception_is_needed() -> None:
    found = [diagnosis for made, _, _ in TRAPS for diagnosis in rt.explain(made).diagnoses]
    assert GRAMMARS | set(BY_RFC) <= {diagnosis.name for diagnosis in found}
    assert set(GENERAL) <= {diagnosis.citation for diagnosis in found}
