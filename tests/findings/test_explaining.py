"""What explain() says of a line, with the values of its exchange; whatever stands in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import bcrypt
import pytest

import regtutor as rt
from regtutor.exchange import Exchange
from regtutor.formats.html.findings import findings_html
from regtutor.protocol.citations import OUTSIDE
from regtutor.protocol.clauses import MAIN_MANIFESTS
from regtutor.protocol.codes import CODES
from regtutor.protocol.digests import sha256
from regtutor.protocol.headers import HEADERS
from tests.findings.records import (
    DELETE,
    DIGEST,
    GET_MANIFEST,
    PATCH,
    PUT,
    PUT_MANIFEST,
    SESSION,
    exchange,
    named,
    refused,
)


@pytest.mark.parametrize(
    ("made", "name", "says"),
    [
        (exchange(**PATCH, status=202, received=(("Range", "0-41"),)), "Range", "starts at 42"),
        (exchange(**PATCH, status=202, received=(("Range", "0-41"),)), "Range", "holds 42 bytes"),
        (exchange(**PATCH, status=202, received=(("Range", "0-0"),)), "Range", "one byte or none"),
        (exchange(**PATCH, sent=(("Content-Range", "5-9"),)), "Content-Range", "bytes 5 to 9 of the blob"),
        (exchange(**PATCH, status=202, received=(("Location", "/x"),)), "Location", "relative"),
        (exchange(**PATCH, status=202, received=(("Location", "/x"),)), "Location", "?digest=<digest>"),
        (exchange(**PATCH, status=202, received=(("Location", "/x?a"),)), "Location", "&digest=<digest>"),
        (exchange(received=(("Content-Length", "3"),), answer=b"abc"), "Content-Length", "as announced"),
        (exchange(received=(("Content-Length", "4"),), answer=b"abc"), "Content-Length", "received 3"),
        (exchange(method="HEAD", received=(("Content-Length", "4"),)), "Content-Length", "GET would send 4 bytes"),
        (exchange(received=(("Content-Range", "bytes 3-4/5"),)), "Content-Range", "the whole content has 5 bytes"),
        (exchange(received=((DIGEST, sha256(b"a")),), answer=b"a"), DIGEST, "the same digest"),
        (exchange(received=((DIGEST, sha256(b"b")),), answer=b"a"), DIGEST, "another"),
        (exchange(status=307, received=(("Location", "https://cdn/x"),)), "Location", "another host"),
        (
            exchange(status=401, received=(("WWW-Authenticate", 'Bearer realm="https://a/t",service="s",scope="r:x:pull"'),)),
            "WWW-Authenticate",
            "get one at https://a/t (service s, scope r:x:pull)",
        ),
        (exchange(**PATCH, status=416, received=(("Location", "/x"),)), "Location", "resume there"),
        (refused(400, "UNKNOWN", received=(("Location", "/x"),)), "Location", "nothing was stored"),
        (exchange(sent=(("Authorization", "Basic YTpi"),)), "Authorization", "scheme Basic"),
        (exchange(**GET_MANIFEST, sent=(("Accept", "*/*"),)), "Accept", "Distribution does not read"),
    ],
)  # fmt: skip
def test_a_header_is_explained_with_the_values_of_its_exchange(made: Exchange, name: str, says: str) -> None:
    assert says in named(rt.explain(made), name).meaning


@pytest.mark.parametrize(
    ("made", "rule", "section"),
    [
        (refused(416, "BLOB_UPLOAD_INVALID", **PATCH), "required", "Pushing a blob in chunks"),
        (refused(404, "MANIFEST_UNKNOWN", **GET_MANIFEST), "required", "Pulling manifests"),
        (exchange("head_blob", "HEAD", status=404), "required", "Checking if content exists in the registry"),
        (refused(400, "MANIFEST_INVALID", **PUT_MANIFEST), "allowed", "PUT Manifest"),
        (refused(404, "BLOB_UPLOAD_UNKNOWN", **PATCH), "allowed", "Endpoints"),
    ],
)
def test_a_refusal_that_the_specification_demands_is_told_from_one_that_it_allows(
    made: Exchange, rule: str, section: str
) -> None:
    finding = named(rt.explain(made), str(made.status))
    assert finding.citation is not None
    assert (finding.level, finding.citation.section) == (rule, section)


def test_an_error_code_says_which_status_distribution_sends_it_with() -> None:
    said = named(rt.explain(refused(404, "BLOB_UPLOAD_INVALID", **PATCH)), "BLOB_UPLOAD_INVALID").meaning
    assert "sends this code" not in said
    other = named(rt.explain(refused(400, "BLOB_UPLOAD_INVALID", **PATCH)), "BLOB_UPLOAD_INVALID").meaning
    assert other.endswith("CNCF Distribution 2.8.3 sends this code with status 404; this response has 400")


def test_a_level_that_holds_on_a_condition_says_so() -> None:
    made = exchange("put_manifest", "PUT", PUT_MANIFEST["target"], 201, sent=(("Content-Type", "a/b"),))
    finding = named(rt.explain(made), "Content-Type")
    assert (finding.level, finding.condition) == (
        "required",
        "if the manifest has a mediaType field; recommended otherwise",
    )
    assert "[required if the manifest has a mediaType field; recommended otherwise: OCI distribution-spec" in str(
        finding
    )


def test_what_a_single_post_sent_is_no_part_of_anything() -> None:
    target = f"/v2/a/b/blobs/uploads/?digest={sha256(b'other')}"
    said = named(rt.explain(exchange("post_blob", "POST", target, 400, body=b"abc")), "body").meaning
    assert sha256(b"other") in said
    assert "chunks" not in said


def test_of_accept_nothing_is_said_of_manifests_where_none_is_asked_for() -> None:
    made = exchange(**PUT_MANIFEST, status=201, sent=(("Accept", "*/*"),))
    assert named(rt.explain(made), "Accept").meaning == "the client accepts any media type"


def test_what_is_in_no_table_says_so() -> None:
    made = refused(418, "TEAPOT", received=(("X-Tea", "hot"),))
    assert [item.name for item in rt.explain(made).unknown] == ["418", "X-Tea", "TEAPOT"]
    assert all("regtutor" in item.meaning for item in rt.explain(made).unknown)


def test_a_secret_is_not_in_what_is_said_of_it() -> None:
    made = exchange(status=401, sent=(("Authorization", "Basic c2VjcmV0OnBhc3N3b3Jk"),))
    assert "c2VjcmV0OnBhc3N3b3Jk" not in str(rt.explain(made)) + findings_html(rt.explain(made))


def test_a_refusal_is_explained_without_an_answer_too() -> None:
    broken = replace(exchange(), response=None, error="connection refused")
    assert named(rt.explain(broken).diagnoses, "no response").meaning.endswith("connection refused")  # type: ignore[arg-type]


ODD = (
    "",
    "[",
    "http://[",
    "http://h:x/",
    "²",
    "-",
    "9" * 5000,
    "bytes */²",
    "0-" + "9" * 5000,
    '="',
    "<",
    "{mount}",
    "%",
)


@pytest.mark.parametrize("value", ODD, ids=[value[:9] for value in ODD])
def test_whatever_stands_in_a_header_it_is_explained(value: str) -> None:
    every = tuple((row.name, value) for row in HEADERS.values())
    for made in (PATCH, PUT, PUT_MANIFEST, GET_MANIFEST, DELETE, {"target": value or "/"}):
        for status in (200, 202, 301, 401, 404, 416):
            findings = rt.explain(exchange(**made, status=status, sent=every, received=every, body=b"{", answer=b"["))  # type: ignore[arg-type]
            assert findings.unknown == ()
            assert len(str(findings)) > len(findings)


def test_a_registry_that_wants_a_password_says_how_and_the_password_is_not_shown(tmp_path: Path) -> None:
    hashed = bcrypt.hashpw(b"correct horse", bcrypt.gensalt(4)).decode()
    (tmp_path / "htpasswd").write_text(f"ann:{hashed}\n")
    with rt.open_registry("embedded", quiet=True, htpasswd=tmp_path / "htpasswd") as reg:
        findings, wrong = rt.explain(rt.check_api(reg)), rt.explain(rt.check_api(reg.with_auth("ann", "a battery")))
    assert "the credentials were refused" in wrong.diagnoses[0].meaning
    assert "battery" not in str(wrong)
    assert findings.unknown == ()
    assert [item.name for item in findings.diagnoses] == ["credentials required"]
    assert "Basic" in named(findings, "WWW-Authenticate").meaning


@pytest.mark.parametrize(
    ("made", "purpose", "section", "meant"),
    [
        (
            exchange("delete_manifest", "DELETE", "/v2/a/b/manifests/v2", 202),
            "asks the registry to delete the tag v2 from a/b",
            "Deleting tags",
            "the tag is deleted",
        ),
        (
            exchange("delete_manifest", "DELETE", f"/v2/a/b/manifests/{sha256(b'')}", 202),
            f"asks the registry to delete the manifest {sha256(b'')} from a/b",
            "Deleting Manifests",
            "the manifest is deleted, with every tag that points to it, if the digest is that of a manifest",
        ),
        (
            exchange("put_blob", "PUT", f"{SESSION}?digest={sha256(b'')}", 201, received=(("Location", "/x"),)),
            f"closes an upload session of library/hello, to store its bytes as the blob {sha256(b'')}",
            "Pushing a blob in chunks",
            "the blob is stored under its digest",
        ),
        (
            exchange("request", "HEAD", "/v2/_catalog", 200),
            "requests the list of the repositories of the registry, as GET does, but without a body",
            "Listing Repositories",
            "the registry's repositories, or as many of them as were requested",
        ),
    ],
)
def test_a_request_is_explained_by_its_case(made: Exchange, purpose: str, section: str, meant: str) -> None:
    lines = [item for item in rt.explain(made) if item.part in ("request", "response")]
    assert [item.meaning for item in lines] == [purpose, meant]
    assert [item.citation.section for item in lines if item.citation] == [section, section]
    assert made.meaning == meant


def test_a_message_that_is_the_meaning_of_its_code_is_not_repeated() -> None:
    meaning = CODES["BLOB_UNKNOWN"].meaning
    (said,) = [
        item.meaning for item in rt.explain(refused(404, "BLOB_UNKNOWN", message=meaning)) if item.part == "error code"
    ]
    assert said == "the message is the meaning of this code"


def test_parameters_of_the_main_branch_are_explained_as_such() -> None:
    manifest = rt.sample_image().manifest
    with rt.open_registry("in_process", quiet=True) as reg:
        opened = rt.start_upload(reg, "a/b", digest_algorithm="sha512")
        rt.push_image(reg, rt.sample_image(), "a/b", "v1")
        put = rt.put_manifest(reg, "a/b", manifest.digest, manifest, tags=["v2", "v3"])
    line = rt.explain(opened)[0]
    assert "whose digest will be a sha512 (the specification's main branch, not in v1.1.1)" in line.meaning
    found = rt.explain(put)
    assert "to point the tags v2, v3 to it (the specification's main branch, not in v1.1.1)" in found[0].meaning
    tags = [one for one in found if one.name == "OCI-Tag"]
    assert [one.value for one in tags] == ["v2", "v3"]
    assert {str(one.citation) for one in tags} == {str(MAIN_MANIFESTS)}
    assert "not in v1.1.1" in str(MAIN_MANIFESTS)
    assert [one.level for one in tags] == [OUTSIDE, OUTSIDE]
    assert not found.diagnoses


@pytest.mark.parametrize(
    ("made", "headline"),
    [
        (refused(404, "NAME_UNKNOWN", **GET_MANIFEST), "the repository is not known to the registry (NAME_UNKNOWN)"),
        (refused(404, "BLOB_UPLOAD_INVALID", **PATCH), "refused: the Location is not one of this session"),
        (refused(404, "NAME_UNKNOWN", **PATCH), "the repository is not known to the registry (NAME_UNKNOWN)"),
        (refused(400, "MANIFEST_BLOB_UNKNOWN", **PUT_MANIFEST), "refused: the manifest names content that is not in"),
    ],
)
def test_the_headline_follows_from_the_error_code(made: Exchange, headline: str) -> None:
    found = rt.explain(made)
    assert headline in found.title
    assert headline.partition(" (")[0] in named(found, str(made.status)).meaning


def test_an_unknown_repository_is_no_sign_of_a_missing_api_or_manifest() -> None:
    referrers = refused(404, "NAME_UNKNOWN", step="get_referrers", target=f"/v2/a/b/referrers/{sha256(b'')}")
    deleted = refused(
        404, "NAME_UNKNOWN", step="delete_manifest", method="DELETE", target=f"/v2/a/b/manifests/{sha256(b'')}"
    )
    for made in (referrers, deleted):
        assert not {one.name for one in rt.explain(made).diagnoses} & {
            "no referrers API",
            "no manifest has this digest",
        }
