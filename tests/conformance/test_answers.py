"""Responses of every kind: which requests get one, errors, warnings, and deletion that is switched off."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from regtutor.server.app import App
from regtutor.server.http import Head, Response
from regtutor.server.storage.store import Store
from tests.conformance.content import INDEX
from tests.conformance.requirement import proves
from tests.conformance.speaking import Speaker, digest_of, parsed
from tests.contract.language import Answered

ABSENT = digest_of(b"nobody pushed this")
CODES = {
    *("BLOB_UNKNOWN", "BLOB_UPLOAD_INVALID", "BLOB_UPLOAD_UNKNOWN", "DIGEST_INVALID", "MANIFEST_BLOB_UNKNOWN"),
    *("MANIFEST_INVALID", "MANIFEST_UNKNOWN", "NAME_INVALID", "NAME_UNKNOWN", "SIZE_INVALID", "UNAUTHORIZED"),
    *("DENIED", "UNSUPPORTED", "TOOMANYREQUESTS"),
}
LEGACY = {"TAG_INVALID", "MANIFEST_UNVERIFIED"}
WARNING = re.compile(r'299 - "[^"]*"')


@proves("api", "all-of-pull", "legacy-headers")
def test_the_registry_says_that_it_speaks_this_api(speaker: Speaker) -> None:
    answer = speaker.ask("GET /v2/ HTTP/1.1")
    assert answer.status == 200
    assert answer.all("Docker-Distribution-API-Version") == ["registry/2.0"]


ENDPOINTS: Mapping[str, tuple[str, set[int]]] = {
    "end-1": ("GET /v2/", {200}),
    "end-2, GET": ("GET /v2/{repository}/blobs/{digest}", {404}),
    "end-2, HEAD": ("HEAD /v2/{repository}/blobs/{digest}", {404}),
    "end-3, GET": ("GET /v2/{repository}/manifests/absent", {404}),
    "end-3, HEAD": ("HEAD /v2/{repository}/manifests/absent", {404}),
    "end-4a": ("POST /v2/{repository}/blobs/uploads/", {202}),
    "end-4b": ("POST /v2/{repository}/blobs/uploads/?digest={empty}", {201, 202}),
    "end-5": ("PATCH /v2/{repository}/blobs/uploads/00000000-0000-4000-8000-000000000000", {404}),
    "end-6": ("PUT /v2/{repository}/blobs/uploads/00000000-0000-4000-8000-000000000000?digest={digest}", {404}),
    "end-7": ("PUT /v2/{repository}/manifests/v1", {400}),
    "end-8a": ("GET /v2/{repository}/tags/list", {404}),
    "end-8b": ("GET /v2/{repository}/tags/list?n=1&last=a", {404}),
    "end-9": ("DELETE /v2/{repository}/manifests/absent", {404}),
    "end-10": ("DELETE /v2/{repository}/blobs/{digest}", {404}),
    "end-11": ("POST /v2/{repository}/blobs/uploads/?mount={digest}&from=library/hello", {201, 202}),
    "end-12a": ("GET /v2/{repository}/referrers/{digest}", {200}),
    "end-12b": ("GET /v2/{repository}/referrers/{digest}?artifactType=a/b", {200}),
    "end-13": ("GET /v2/{repository}/blobs/uploads/00000000-0000-4000-8000-000000000000", {404}),
}
"""Row of the specification's table of endpoints -> a request, and the response to it if nothing was pushed."""


@proves("all-of-pull", "all-categories")
@pytest.mark.parametrize("end", ENDPOINTS)
def test_every_endpoint_is_answered_and_not_as_an_unsupported_one(speaker: Speaker, end: str) -> None:
    request, statuses = ENDPOINTS[end]
    answer = speaker.ask(request + " HTTP/1.1\nContent-Length: 0", digest=ABSENT, empty=digest_of(b""))
    assert answer.status in statuses, answer
    assert "UNSUPPORTED" not in answer.errors


REFUSALS: Mapping[str, str] = {
    **{
        end: request for end, (request, statuses) in ENDPOINTS.items() if min(statuses) >= 400 and "tags" not in request
    },
    "a name that is none": "POST /v2/{repository}/-/blobs/uploads/",
    "a digest that is none": "GET /v2/{repository}/blobs/sha256:abc",
    "a manifest's digest that is none": "PUT /v2/{repository}/manifests/sha256:abc",
    "a tag that is none": "PUT /v2/{repository}/manifests/.v1\nContent-Type: " + INDEX,
    "a manifest that is none": "PUT /v2/{repository}/manifests/v1\nContent-Type: " + INDEX,
    "referrers of no digest": "GET /v2/{repository}/referrers/v1",
    "n that is no number": "GET /v2/{repository}/tags/list?n=many",
    "tags of nobody": "GET /v2/{repository}/nobody/tags/list",
    "a path that is none": "GET /v2/{repository}",
    "a method that is none": "POST /v2/{repository}/manifests/v1",
    "a chunk out of order": "PATCH {location}\nContent-Range: 5-9",
    "a last chunk out of order": "PUT {location}&digest={digest}\nContent-Range: 5-9",
    "another digest": "PUT {location}&digest={digest}",
    "no digest": "PUT {location}",
    "a range beyond the end": "GET /v2/{repository}/blobs/{empty}\nRange: bytes=5-9",
}
"""A reason for a refusal -> the request: its line, then headers."""


def refused(speaker: Speaker, refusal: str) -> Answered:
    """The answer to a request that must be refused, in a repository that holds the empty blob and a tag."""
    assert speaker.close(speaker.session(), digest_of(b"")).status == 201
    first, *headers = REFUSALS[refusal].split("\n")
    head = "\n".join([first + " HTTP/1.1", *headers, "Content-Length: 0"])
    return speaker.ask(head, digest=ABSENT, empty=digest_of(b""), location=speaker.session())


@proves("error-format", "error-code", "error-message", "error-detail", "legacy-codes")
@pytest.mark.parametrize("refusal", [name for name, request in REFUSALS.items() if not request.startswith("HEAD")])
def test_a_refusal_has_codes_of_the_specification_in_its_format(speaker: Speaker, refusal: str) -> None:
    answer = refused(speaker, refusal)
    assert 400 <= answer.status < 500, answer
    (media_type,) = answer.all("Content-Type")
    assert media_type.partition(";")[0] == "application/json"
    body = parsed(answer)
    assert body.keys() == {"errors"}
    assert body["errors"]
    for error in body["errors"]:
        assert error["code"] in CODES | LEGACY
        assert error["message"] and isinstance(error["message"], str)
        assert error["detail"].keys() >= {"given", "next"}


@proves("warnings")
@pytest.mark.parametrize("refusal", REFUSALS)
def test_warnings_if_any_are_in_the_format_and_not_too_long(speaker: Speaker, refusal: str) -> None:
    warnings = refused(speaker, refusal).all("Warning")
    assert all(WARNING.fullmatch(warning) for warning in warnings)
    assert sum(len(warning) for warning in warnings) <= 4096


def ask(store: Store, request: str, **options: object) -> Response:
    """The answer of a registry over ``store`` with other settings, to a request without a body."""
    method, target = request.split(" ")
    answer = App(store, **options).begin(Head(method, target, (("Content-Length", "0"),)))  # type: ignore[arg-type]
    return answer if isinstance(answer, Response) else answer.finish()


@proves("deletion", "delete-off", "delete-manifest-off", "delete-blob-off")
@pytest.mark.parametrize("path", ["manifests/v1", f"manifests/{ABSENT}", f"blobs/{ABSENT}"])
def test_deletion_that_is_switched_off_gets_400_or_405(tmp_path: Path, path: str) -> None:
    with Store(tmp_path) as store:
        assert ask(store, f"DELETE /v2/library/hello/{path}", deletes=False).status in (400, 405)


@proves("chunk-least")
def test_a_smallest_size_of_chunks_is_told(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        answer = ask(store, "POST /v2/library/hello/blobs/uploads/", chunk_min_length=1024)
    assert dict(answer.headers)["OCI-Chunk-Min-Length"] == "1024"
