"""The table of endpoints, and the two functions that read it."""

from __future__ import annotations

import importlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtutor.protocol import endpoints
from regtutor.protocol.endpoints import (
    BY_NAME,
    ENDPOINTS,
    Endpoint,
    build,
    identify,
    parse,
    paths_like,
    split_target,
    step_of_request,
)
from regtutor.protocol.responses import documented, meaning, response_row

DIGEST = "sha256:" + "0" * 64
FIELDS = {"repository": "library/hello", "session": "7c3f", "digest": DIGEST, "reference": "v1"}

LITERAL = {
    "check_api": ("GET", "/v2/"),
    "request_token": ("GET", "/token"),
    "mount_blob": ("POST", f"/v2/library/hello/blobs/uploads/?mount={DIGEST}&from=other"),
    "post_blob": ("POST", f"/v2/library/hello/blobs/uploads/?digest={DIGEST}"),
    "start_upload": ("POST", "/v2/library/hello/blobs/uploads/"),
    "patch_upload": ("PATCH", "/v2/library/hello/blobs/uploads/7c3f"),
    "get_upload": ("GET", "/v2/library/hello/blobs/uploads/7c3f"),
    "head_upload": ("HEAD", "/v2/library/hello/blobs/uploads/7c3f"),
    "put_blob": ("PUT", f"/v2/library/hello/blobs/uploads/7c3f?digest={DIGEST}"),
    "cancel_upload": ("DELETE", "/v2/library/hello/blobs/uploads/7c3f"),
    "head_blob": ("HEAD", f"/v2/library/hello/blobs/{DIGEST}"),
    "get_blob": ("GET", f"/v2/library/hello/blobs/{DIGEST}"),
    "delete_blob": ("DELETE", f"/v2/library/hello/blobs/{DIGEST}"),
    "head_manifest": ("HEAD", "/v2/library/hello/manifests/v1"),
    "get_manifest": ("GET", "/v2/library/hello/manifests/v1"),
    "put_manifest": ("PUT", "/v2/library/hello/manifests/v1"),
    "delete_manifest": ("DELETE", "/v2/library/hello/manifests/v1"),
    "list_tags": ("GET", "/v2/library/hello/tags/list"),
    "list_repositories": ("GET", "/v2/_catalog"),
    "get_referrers": ("GET", f"/v2/library/hello/referrers/{DIGEST}"),
}
"""The requests to some endpoints as the specification writes them; by hand, not from the table."""


def test_every_row_has_a_literal_request_here():
    assert set(LITERAL) == set(BY_NAME)
    assert len(BY_NAME) == len(ENDPOINTS)


@pytest.mark.parametrize("name", LITERAL)
def test_a_literal_request_is_found_in_the_table(name):
    method, target = LITERAL[name]
    match = parse(method, target)
    assert match is not None
    assert match.endpoint.name == name
    assert all(match.path[field] == FIELDS[field] for field in match.path)


@pytest.mark.parametrize("name", LITERAL)
def test_build_writes_the_literal_target(name):
    _, target = LITERAL[name]
    path = {field: FIELDS[field] for _, field, _, _ in string.Formatter().parse(BY_NAME[name].template) if field}
    digest = {"digest": DIGEST}
    queries = {"mount_blob": {"mount": DIGEST, "from": "other"}, "post_blob": digest, "put_blob": digest}
    query = queries.get(name)
    assert build(name, query=query, **path) == target


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_every_row_cites_a_clause_and_says_what_each_status_means(endpoint):
    assert endpoint.citations
    assert all(citation.url.startswith("https://") and citation.section for citation in endpoint.citations)
    rows = [response_row(endpoint.name, status) for status in documented(endpoint.name)]
    assert all(row and row.endpoint == endpoint.name and row.meaning for row in rows)
    assert all(meaning(endpoint.name, row.status) == row.meaning for row in rows if row)
    assert any(status < 300 for status in documented(endpoint.name))


@pytest.mark.parametrize("package", ["regtutor.steps", "regtutor.server.handlers"])
@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_every_row_has_a_function_of_its_name_in_the_file_of_its_family(package, endpoint):
    assert callable(getattr(importlib.import_module(f"{package}.{endpoint.family}"), endpoint.name))


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/"),
        ("GET", "/v2"),
        ("GET", "/v1/"),
        ("GET", "/v2/library/hello"),
        ("POST", "/v2/library/hello/blobs/uploads"),
        ("PATCH", "/v2/"),
        ("get", "/v2/"),
        ("PUT", "/v2/library/hello/blobs/uploads/7c3f"),
        ("GET", "/v2/blobs/sha256:0"),
        ("GET", "http://host/v2/"),
    ],
)
def test_what_is_not_documented_fits_no_row(method, target):
    assert parse(method, target) is None


@given(
    st.lists(st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8), min_size=1, max_size=4),
    st.text(string.ascii_letters + string.digits + "._-", min_size=1, max_size=20),
)
def test_what_was_built_is_parsed_back(parts, reference):
    repository = "/".join(parts)
    match = parse("PUT", build("put_manifest", repository=repository, reference=reference))
    assert match is not None
    assert dict(match.path) == {"repository": repository, "reference": reference}


@given(st.text(max_size=30), st.text(max_size=30))
def test_build_never_ends_the_path_or_the_line(repository, digest):
    target = build("mount_blob", query={"mount": digest, "from": "x"}, repository=repository)
    assert target.isascii()
    assert not set(target) & set(' \r\n\t"<>#')
    assert target.count("?") == 1
    assert split_target(target)[1].get("mount", "") == digest


def test_wrong_names_are_sent_as_they_are():
    assert build("start_upload", repository="Library/HELLO..") == "/v2/Library/HELLO../blobs/uploads/"


def test_rows_are_found_by_their_path_whatever_the_method():
    names = [endpoint.name for endpoint, _ in paths_like("/v2/library/hello/manifests/v1")]
    assert {"head_manifest", "get_manifest", "put_manifest"} <= set(names)


def test_a_repeated_query_name_counts_once_and_an_empty_one_counts():
    assert split_target("/v2/?a=1&a=2&b=&c=%20")[1] == {"a": "1", "b": "", "c": " "}


@pytest.mark.parametrize(
    ("method", "target", "step", "name"),
    [
        # What was sent is an endpoint's, whatever step drafted it.
        ("GET", f"/v2/a/b/blobs/{DIGEST}", "put_blob", "get_blob"),
        ("HEAD", f"/v2/a/b/blobs/{DIGEST}", "get_blob", "head_blob"),
        ("GET", f"http://r:5000/v2/a/b/blobs/{DIGEST}", "request", "get_blob"),
        ("POST", f"/v2/a/blobs/uploads/?mount={DIGEST}", "start_upload", "mount_blob"),
        ("PUT", "/v2/a/blobs/uploads/1?_state=x", "request", "put_blob"),
        # A path below /v2/ that is no endpoint's, and a method that its path does not have.
        ("PUT", "/v2/nonsense", "put_blob", None),
        ("PUT", "/v2/a/blobs/nonsense/1", "put_blob", None),
        ("GET", "/v2", "check_api", None),
        ("PATCH", f"/v2/a/b/blobs/{DIGEST}", "get_blob", None),
        # A Location that only the registry can read: the step says what it is, the method what is asked of it.
        ("PUT", "/artifacts-uploads/namespaces/x/1?digest=y", "put_blob", "put_blob"),
        ("PATCH", "https://storage.example/u/1", "patch_upload", "patch_upload"),
        ("DELETE", "/artifacts-uploads/1", "patch_upload", "cancel_upload"),
        ("PUT", "/v2/a/b/blobs/upload/11111111?digest=y", "put_blob", "put_blob"),
        ("GET", "https://cdn.example/sha256/aa/data", "get_blob", "get_blob"),
        ("POST", "/artifacts-uploads/1", "patch_upload", None),
        # The client chooses these addresses: another path is another request.
        ("GET", "/v1/", "check_api", None),
        ("PUT", "/manifests/v1", "put_manifest", None),
        ("PUT", "/artifacts-uploads/1", "request", None),
        # A HEAD without a row of its own is the GET of the same target, without the content of its response.
        ("HEAD", "/v2/", "request", "check_api"),
        ("HEAD", "/v2/_catalog?n=1", "request", "list_repositories"),
        ("HEAD", "/v2/a/tags/list", "list_tags", "list_tags"),
        ("HEAD", "/v2/a/b/blobs/uploads/", "start_upload", None),
        # No request is known.
        ("", "", "get_manifest", "get_manifest"),
        ("", "", "request", None),
    ],
)
def test_a_request_is_identified_by_what_was_sent_and_by_its_step_only_where_that_says_nothing(
    method: str, target: str, step: str, name: str | None
) -> None:
    match = identify(method, target, step)
    assert (match.endpoint.name if match else None) == name


def test_targets_that_differ_in_their_digest_are_matched_once() -> None:
    before = endpoints._step_of.cache_info().misses
    names = {step_of_request("HEAD", f"/v2/matched/once/blobs/sha256:{number:064x}") for number in range(500)}
    assert names == {"head_blob"}
    assert endpoints._step_of.cache_info().misses == before + 1


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_the_step_of_a_request_is_the_endpoint_that_is_parsed(endpoint: Endpoint) -> None:
    digest = f"sha256:{'f' * 64}"
    path = endpoint.template.format(repository=f"a/{digest}/b", session=digest, digest=digest, reference=digest)
    target = path + ("?" + "&".join(f"{name}={digest}" for name in endpoint.query) if endpoint.query else "")
    for method in ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"):
        found = parse(method, target)
        assert step_of_request(method, target) == (found.endpoint.name if found else "request")
    assert step_of_request(endpoint.method, target) == endpoint.name
