"""The table itself: it covers every endpoint and documented status, and its differences are the ones named here."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest

from regtutor.protocol.endpoints import ENDPOINTS
from regtutor.protocol.responses import documented
from tests.contract import preparations as content
from tests.contract.cells import NOT_IMITATED, NOT_IMITATED_OF_3
from tests.contract.language import Answer, Answered
from tests.contract.table import ROWS
from tests.contract.tables.distribution_3 import ROWS as ROWS_OF_3

UNREACHED = {
    ("check_api", 401): "only where it is configured to ask who one is: test_configured.py",
    ("check_api", 404): "every registry here speaks the API",
    ("start_upload", 404): "a repository comes into being with its first upload",
    ("post_blob", 202): "the registry of the contract takes the blob; the one that declines has cells of its own",
    ("post_blob", 404): "a repository comes into being with its first upload",
    ("mount_blob", 404): "a repository comes into being with its first upload",
    ("post_blob", 405): "a read-only copy refuses uploads, and no registry here is one",
    ("mount_blob", 405): "a read-only copy refuses uploads, and no registry here is one",
    ("get_blob", 302): "all of them store on disk and send the bytes themselves",
    ("put_blob", 413): "no registry here limits a blob's size; proxies do",
    ("get_blob", 307): "all of them store on disk and send the bytes themselves",
    ("delete_blob", 405): "every registry here deletes",
    ("delete_manifest", 405): "every registry here deletes",
    ("get_referrers", 404): "embedded has the API; the cells of Distribution have the 404",
    ("put_manifest", 404): "a repository comes into being with its first manifest; what is missing from it is a 400",
    ("request_token", 200): "only with auth='token': tests/walks/test_authenticated_registries.py",
    ("request_token", 400): "only with auth='token': tests/walks/test_authenticated_registries.py",
    ("request_token", 401): "only with auth='token': tests/walks/test_authenticated_registries.py",
    ("request_token", 403): "only a token server that refuses instead of granting nothing has it",
    ("put_manifest", 405): "only where it is configured as a read-only copy: test_configured.py",
}
"""Documented statuses of a request that none of the registries can be brought to as it is opened here, and why not."""

DIFFERENCES = {
    "embedded": {
        "put_blob: knows no session that was never opened": "allowed",
        "cancel_upload: knows no session that was never opened": "allowed",
        "patch_upload: knows no session that was never opened": "allowed",
    },
    "distribution": {
        "none: /v2 without its slash is not the API": "allowed",
        "none: the API itself cannot be deleted": "deviation",
        "start_upload: refuses upper case in the first part of a name": "deviation",
        "start_upload: refuses upper case in the last part of a name": "allowed",
        "start_upload: refuses two dots as a part of a name": "allowed",
        "start_upload: refuses a name of more than 255 characters": "deviation",
        "none: a session is not started without the slash at the end": "allowed",
        "none: a session is not started by PUT": "allowed",
        "post_blob: stores the bytes under their digest": "allowed",
        "post_blob: stores the bytes under their sha512": "allowed",
        "post_blob: stores a blob without bytes": "allowed",
        "post_blob: refuses bytes that are not those of the digest": "allowed",
        "post_blob: refuses a malformed digest": "allowed",
        "post_blob: refuses a malformed name": "allowed",
        "cancel_upload: refuses a malformed name": "allowed",
        "get_upload: refuses a malformed name": "allowed",
        "patch_upload: refuses a chunk that leaves a gap": "deviation",
        "patch_upload: refuses a first chunk that does not begin with 0": "deviation",
        "patch_upload: refuses a chunk that it has already": "deviation",
        "patch_upload: refuses before the bytes, when asked": "deviation",
        "patch_upload: refuses a Content-Range with a unit, as it is written elsewhere in HTTP": "deviation",
        "patch_upload: refuses a Content-Range that ends before it begins": "deviation",
        "patch_upload: refuses a Content-Range whose last number is that of the byte after it": "deviation",
        "patch_upload: refuses a stream that is not as long as its Content-Range": "deviation",
        "patch_upload: refuses a Location that a later response has replaced": "deviation",
        "patch_upload: refuses a stream to a Location that a later response has replaced": "deviation",
        "patch_upload: knows no session that was never opened": "allowed",
        "get_upload: takes any Location of the session": "deviation",
        "head_upload: takes any Location of the session": "deviation",
        "put_blob: stores chunks under their sha512": "allowed",
        "put_blob: refuses a last chunk that is out of order": "deviation",
        "put_blob: refuses a last chunk that is not as long as its Content-Range": "deviation",
        "put_blob: refuses a Location that a later response has replaced": "deviation",
        "mount_blob: refuses a target with a malformed name": "allowed",
        "put_blob: stores the bytes under their sha512": "allowed",
        "put_blob: refuses before the bytes, when asked": "deviation",
        "put_blob: knows no session that was never opened": "allowed",
        "put_blob: refuses a Location with a second question mark": "allowed",
        "put_blob: closes the session also by refusing its bytes": "allowed",
        "cancel_upload: knows no session that was never opened": "allowed",
        "none: a session takes no POST": "deviation",
        "head_blob: finds a blob by its sha512": "allowed",
        "head_blob: refuses a malformed name": "allowed",
        "get_blob: refuses a malformed name": "allowed",
        "none: a blob takes no PUT": "allowed",
        "get_blob: has no part behind its end": "deviation",
        "get_blob: sends all of it where the unit of a range is not known": "deviation",
        "head_manifest: does not take a blob for a manifest": "deviation",
        "head_manifest: refuses a malformed digest": "deviation",
        "head_manifest: refuses a malformed name": "allowed",
        "head_manifest: answers 304 to a client that has it": "deviation",
        "get_manifest: does not find a tag that cannot be one": "allowed",
        "get_manifest: refuses a malformed digest": "deviation",
        "get_manifest: refuses a malformed name": "allowed",
        "get_manifest: sends what it has where there is no Accept": "deviation",
        "get_manifest: sends what it has where Accept permits everything": "deviation",
        "get_manifest: sends a Docker manifest as it was pushed where there is no Accept": "deviation",
        "get_manifest: answers 304 to a client that has it": "deviation",
        "put_manifest: does not ask for a layer that is fetched from elsewhere": "deviation",
        "put_manifest: does not ask for a Docker layer that is fetched from elsewhere": "deviation",
        "put_manifest: takes a manifest whose subject is not there, and says that it has seen the subject": "allowed",
        "put_manifest: refuses a tag that begins with a dash": "allowed",
        "put_manifest: refuses a tag of more than 128 characters": "allowed",
        "put_manifest: refuses a malformed digest": "deviation",
        "put_manifest: refuses a malformed name": "allowed",
        "put_manifest: refuses more than 4 MiB, when asked before they are sent": "allowed",
        "delete_blob: refuses a malformed name": "allowed",
        "delete_manifest: deletes a tag": "allowed",
        "delete_manifest: does not find a tag that nobody set": "allowed",
        "delete_manifest: does not find a tag that cannot be one": "allowed",
        "delete_manifest: does not take a config's digest for its manifest's": "deviation",
        "delete_manifest: refuses a malformed name": "allowed",
        "put_manifest: refuses data that are not the content of their digest": "allowed",
        "put_manifest: stores it by its sha512": "allowed",
        "get_manifest: looks at every tag in If-None-Match": "deviation",
        "get_blob: sends all of it where several parts are asked for": "allowed",
        "get_blob: has no last 0 bytes": "deviation",
        "list_tags: gives all tags in lexical order, in which case does not count": "deviation",
        "list_tags: gives the first n, and a Link to the next": "deviation",
        "list_tags: gives the n after last, and a Link to the next": "deviation",
        "list_tags: gives no Link with the last n": "deviation",
        "list_tags: gives all after last where there is no n": "deviation",
        "list_tags: continues also after a tag that does not exist": "deviation",
        "list_tags: gives none and no Link where n is 0": "deviation",
        "list_tags: gives an empty list where the last tag is gone": "deviation",
        "list_tags: gives an empty list where nothing was tagged": "deviation",
        "list_tags: refuses an n that is no number": "allowed",
        "list_tags: refuses an n below 0": "allowed",
        "list_tags: refuses a malformed name": "allowed",
        "none: a list of tags takes no PUT": "allowed",
        "list_repositories: refuses an n that is no number": "allowed",
        "list_repositories: refuses an n below 0": "allowed",
        "list_repositories: takes an n of more than a thousand": "allowed",
        "cancel_upload: takes any Location of the session": "allowed",
        "none: a session takes no POST to a Location that a later response has replaced": "allowed",
        "get_upload: knows a session no more whose bytes were refused": "allowed",
        "none: the path of new sessions has no status": "allowed",
        "none: a list of tags has no slash at its end": "allowed",
        "list_tags: refuses a name that begins with a slash": "allowed",
        "list_tags: answers HEAD like GET, without a body": "deviation",
        "none: nothing is said of a path's methods but by refusing one": "allowed",
        "get_manifest: does not send by its digest what Accept excludes": "allowed",
        "get_manifest: sends no manifest instead of a list": "allowed",
        "get_manifest: does not send a blob": "deviation",
        "get_blob: sends a blob by its sha512": "allowed",
        "get_blob: does not find by its sha256 what was pushed by its sha512": "allowed",
        "get_referrers: names a manifest that has this one as its subject": "allowed",
        "get_referrers: takes the type of an image manifest without artifactType from its config": "allowed",
        "get_referrers: names an index, without a type where it has none": "allowed",
        "get_referrers: names a manifest whose subject is not there": "allowed",
        "get_referrers: gives an empty index where nothing refers to it": "allowed",
        "get_referrers: gives an empty index for a digest that nobody pushed": "allowed",
        "get_referrers: gives an empty index for a repository that nobody pushed to": "allowed",
        "get_referrers: does not name a manifest of another repository": "allowed",
        "get_referrers: does not name a manifest that was deleted": "allowed",
        "get_referrers: still names the referrers of a manifest that was deleted": "allowed",
        "get_referrers: names only those of the type that is asked for, and says so": "allowed",
        "get_referrers: looks for a type also where it comes from the config": "allowed",
        "get_referrers: gives an empty index where none has the type": "allowed",
        "get_referrers: refuses a malformed digest": "allowed",
        "get_referrers: refuses a malformed name": "allowed",
        "none: a manifest takes no POST": "allowed",
        "head_blob: gives the size of all of it, whatever the Range": "deviation",
        "get_blob: is not sent to those who have it, also by an ETag without quotes": "allowed",
        "get_blob: does not compare If-Match": "allowed",
        "get_blob: finds a blob by its sha512 after a mount": "deviation",
        "get_manifest: does not send an index that does not name its own type where Accept excludes it": "allowed",
        "get_manifest: does not send what Accept gives a weight of 0": "deviation",
        "get_manifest: sends a type that Accept names in another case": "deviation",
        "get_manifest: does not send a Docker manifest by its tag where Accept names OCI types only": "allowed",
        "put_manifest: refuses another version of the schema": "deviation",
        "put_manifest: points the tags of the query to a manifest that is pushed by its digest": "allowed",
        "start_upload: refuses an algorithm that it does not have": "allowed",
        "none: nothing is at the root of the server": "allowed",
    },
}
"""Every response that is not the contract's, by registry."""


def test_the_differences_are_those_that_are_named() -> None:
    found: dict[str, dict[str, str]] = {}
    for row in ROWS:
        for registry, cell in row.differs.items():
            found.setdefault(registry, {})[row.name] = cell.verdict
    assert found == DIFFERENCES


def test_what_is_not_imitated_is_named_with_its_reason_and_nothing_else_is() -> None:
    assert sorted(NOT_IMITATED) == [
        "get_blob: has no part behind its end",
        "get_blob: sends all of it where several parts are asked for",
        "get_blob: sends all of it where the unit of a range is not known",
        "get_manifest: does not send a Docker manifest by its tag where Accept names OCI types only",
        "get_manifest: sends a Docker manifest as it was pushed where there is no Accept",
        "put_blob: refuses before the bytes, when asked",
        "put_manifest: refuses data that are not the content of their digest",
        "start_upload: refuses upper case in the first part of a name",
    ]
    assert set(NOT_IMITATED) <= set(DIFFERENCES["distribution"])
    assert [name for name, left in NOT_IMITATED.items() if len(left.why.split()) < 8] == []
    assert {name.removesuffix(" (3.1)") for name in NOT_IMITATED_OF_3} <= {row.name for row in (*ROWS, *ROWS_OF_3)}
    assert [name for name, why in NOT_IMITATED_OF_3.items() if len(why.split()) < 8] == []


def test_every_endpoint_has_rows() -> None:
    # The registries of the contract have no token server.
    assert {row.request for row in ROWS} == {endpoint.name for endpoint in ENDPOINTS} - {"request_token"} | {"none"}


def _final_status(answer: Answer) -> int:
    return int(next(line.split()[1] for line in reversed(answer.head.splitlines()) if "HTTP/1.1 " in line))


def test_every_documented_status_is_in_the_table_unless_no_registry_can_be_brought_to_it() -> None:
    in_documents = {(endpoint.name, status) for endpoint in ENDPOINTS for status in documented(endpoint.name)}
    written = {(row.request, _final_status(row.answer)) for row in ROWS}
    assert in_documents - written == set(UNREACHED)
    assert not written & set(UNREACHED)


def test_rows_have_names_of_their_own_and_a_source_each() -> None:
    assert [name for name, count in Counter(row.name for row in ROWS).items() if count > 1] == []
    sources = [row.source for row in ROWS] + [cell.source for row in ROWS for cell in row.differs.values()]
    assert [source for source in sources if "<https://" not in source] == []


def test_every_answer_of_a_registry_says_why_it_differs() -> None:
    assert [row.name for row in ROWS for cell in row.differs.values() if len(cell.why.split()) < 5] == []


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (content.HELLO, content.HELLO_DIGEST),
        (content.HELLO, content.HELLO_SHA512),
        (content.CONFIG, content.CONFIG_DIGEST),
        (b"", content.EMPTY_DIGEST),
    ],
)
def test_the_digests_of_the_content_are_right(data: bytes, digest: str) -> None:
    algorithm, _, encoded = digest.partition(":")
    assert hashlib.new(algorithm, data).hexdigest() == encoded


@pytest.mark.parametrize(
    "seen",
    [
        Answered(200, (("Range", "0-0"), ("Location", "/v2/a/blobs/x")), b"{}"),
        Answered(201, (("Range", "0-1"), ("Location", "/v2/a/blobs/x")), b"{}"),
        Answered(201, (("Location", "/v2/a/blobs/x"),), b"{}"),
        Answered(201, (("Range", "0-0"), ("Location", "/v2/b/blobs/x")), b"{}"),
        Answered(201, (("Range", "0-0"), ("Location", "/v2/a/blobs/x"), ("OCI-Subject", "x")), b"{}"),
        Answered(201, (("Range", "0-0"), ("Location", "/v2/a/blobs/x")), b"{ }"),
        Answered(201, (("Range", "0-0"), ("Location", "/v2/a/blobs/x")), b"{}", (100,)),
        Answered(201, (("Range", "0-0"), ("Range", "0-1"), ("Location", "/v2/a/blobs/x")), b"{}"),
    ],
)
def test_an_answer_that_is_not_as_written_is_noticed(seen: Answered) -> None:
    wanted = "HTTP/1.1 201 Created\nRange: 0-0\nLocation: <origin>/v2/{repository}/blobs/<text>\nOCI-Subject: <absent>"
    right = Answered(201, (("range", "0-0"), ("Location", "http://127.0.0.1:5000/v2/a/blobs/x")), b"{}")
    assert Answer(wanted, body=b"{}").complaints(right, {"repository": "a"}) == []
    assert Answer(wanted, body=b"{}").complaints(seen, {"repository": "a"}) != []


def test_other_error_codes_and_bodies_that_are_no_errors_are_noticed() -> None:
    wanted = Answer("HTTP/1.1 404 Not Found", errors=("BLOB_UNKNOWN",))
    assert wanted.complaints(Answered(404, (), b'{"errors":[{"code":"BLOB_UNKNOWN"}]}'), {}) == []
    for body in (b"", b"{}", b"404 page not found\n", b'{"errors":[]}', b'{"errors":[{"code":"NAME_UNKNOWN"}]}'):
        assert wanted.complaints(Answered(404, (), body), {}) != []
