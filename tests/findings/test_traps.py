"""Each known trap is diagnosed alone, and says what to try."""

from __future__ import annotations

from dataclasses import replace

import pytest

import regtutor as rt
from regtutor.exchange import Exchange
from regtutor.protocol.digests import sha256
from regtutor.protocol.media_types import DOCKER_MANIFEST, OCI_MANIFEST
from tests.findings.records import (
    ALL_TYPES,
    DELETE,
    GET_MANIFEST,
    PACKED,
    PATCH,
    PUT,
    PUT_MANIFEST,
    SESSION,
    TYPED,
    exchange,
    refused,
)

BEARER = (("WWW-Authenticate", 'Bearer realm="https://auth/token",service="reg",scope="repository:a/b:pull"'),)

FORM = (("Content-Type", "application/x-www-form-urlencoded"),)

TRAPS: list[tuple[Exchange, str, str]] = [
    (
        exchange(**PATCH, status=202, received=(("Location", "http://r.example/v2/x"), ("Range", "0-1")), url="https://r.example"),
        "Location leaves https",
        "X-Forwarded-Proto: https",
    ),
    (
        exchange(**PATCH, status=202, received=(("Location", "http://127.0.0.1/v2/x"), ("Range", "0-1"))),
        "Location lost the port",
        "Host",
    ),
    (
        refused(404, "BLOB_UPLOAD_INVALID", **{**PUT, "target": f"{SESSION}?_state=a?digest=sha256:0"}),
        "the Location was changed",
        "&",
    ),
    (  # as another tool recorded it, which knows no steps
        refused(404, "BLOB_UPLOAD_INVALID", step="request", method="PUT", target=f"{SESSION}?_state=a?digest=sha256:0"),
        "the Location was changed",
        "&",
    ),
    (
        refused(404, "BLOB_UPLOAD_INVALID", **{**PUT, "target": f"{SESSION}?digest=sha256:0"}),
        "the Location was changed",
        "byte for byte",
    ),
    (refused(404, "BLOB_UPLOAD_UNKNOWN", **PUT), "the upload session is gone", "POST"),
    (
        refused(400, "MANIFEST_INVALID", **{**PUT_MANIFEST, "sent": FORM}),
        "the body was sent as a form",
        "mediaType",
    ),
    (
        exchange(**PATCH, status=500, sent=(("Content-Range", "bytes 0-9"),)),
        "Content-Range is not written so",
        "Content-Range: 0-9",
    ),
    (
        refused(400, "SIZE_INVALID", **PATCH, sent=(("Content-Range", "0-10"),), body=b"0123456789"),
        "Content-Range is not as long as the body",
        "Content-Range: 0-9",
    ),
    (refused(400, "SIZE_INVALID", **PATCH), "the size is not what was said", "<last>"),
    (
        refused(416, "RANGE_INVALID", **PATCH, received=(("Range", "0-4"),)),
        "not the next bytes",
        "Content-Range: 5-",
    ),
    (refused(400, "DIGEST_INVALID", **PUT, body=b"abc"), "the digest is not that of the bytes", "Hash"),
    (
        refused(400, "DIGEST_INVALID", **{**PUT, "target": f"{SESSION}?digest=sha256:abc"}, body=b"abc"),
        "malformed digest",
        sha256(b"abc"),
    ),
    (exchange(**PUT_MANIFEST, status=400, body=b"{}"), "manifest without Content-Type", "Content-Type"),
    (
        exchange(
            **PUT_MANIFEST,
            status=400,
            sent=(("Content-Type", DOCKER_MANIFEST),),
            body=rt.sample_image().manifest.data,
        ),
        "Content-Type is not the mediaType",
        f"Content-Type: {OCI_MANIFEST}",
    ),
    (
        refused(400, "MANIFEST_BLOB_UNKNOWN", **PUT_MANIFEST, sent=TYPED),
        "a blob of the manifest is missing",
        "/v2/library/hello/blobs/",
    ),
    (
        exchange(
            "mount_blob", "POST", "/v2/a/b/blobs/uploads/?mount=sha256:0&from=c", 202, received=(("Location", SESSION),)
        ),
        "202 is not mounted",
        "PUT",
    ),
    (
        exchange("post_blob", "POST", "/v2/a/b/blobs/uploads/?digest=sha256:0", 202, received=(("Location", SESSION),)),
        "202 is not stored",
        "PUT",
    ),
    (
        refused(
            404,
            "MANIFEST_UNKNOWN",
            message="OCI manifest found, but accept header does not support OCI manifests",
            **GET_MANIFEST,
            sent=(("Accept", "*/*"),),
        ),
        "Accept does not name the type",
        OCI_MANIFEST,
    ),
    (exchange(status=401, received=BEARER), "credentials are wanted", "https://auth/token?service=reg&scope="),
    (
        exchange(status=401, received=(("WWW-Authenticate", 'Basic realm="r"'),)),
        "credentials are wanted",
        "rt.connect",
    ),
    (exchange(status=403), "not permitted", "scope"),
    (
        exchange(**PUT, status=413, received=(("Content-Type", "text/html"),), answer=b"<html>413</html>"),
        "too large for a proxy",
        "client_max_body_size",
    ),
    (refused(413, "SIZE_INVALID", **PUT_MANIFEST, sent=TYPED), "too large for the registry", "smaller"),
    (
        exchange("contract", "POST", "/v2/a/b/blobs/uploads", 301, received=(("Location", "/v2/a/b/blobs/uploads/"),)),
        "the slash at the end is missing",
        "POST /v2/a/b/blobs/uploads/",
    ),
    (
        exchange("get_manifest", target="/v2/library/Hello/manifests/v1", status=404, sent=ALL_TYPES),
        "upper case in the name",
        "library/hello",
    ),
    (
        refused(405, "UNSUPPORTED", **DELETE, received=(("Allow", "GET"),)),
        "deletion is switched off",
        "storage.delete.enabled",
    ),
    (
        refused(405, "UNSUPPORTED", method="PUT", received=(("Allow", "GET"),)),
        "not a method of this path",
        "slash",
    ),
    (
        refused(
            404,
            "MANIFEST_UNKNOWN",
            step="delete_manifest",
            method="DELETE",
            target=f"/v2/a/b/manifests/sha256:{'0' * 64}",
        ),
        "perhaps the digest of another form",
        "Docker-Content-Digest",
    ),
    (
        exchange("get_referrers", target="/v2/a/b/referrers/sha256:0", status=404),
        "no referrers API",
        "sha256-0",
    ),
    (exchange(status=429, received=(("Retry-After", "30"),)), "too many requests", "30"),
    (exchange(answer=b"abc"), "the content is not what its digest says", "Do not use"),
    (
        exchange(status=200, received=(("Content-Length", "120"),)),
        "the body is not as long as announced",
        "Restart",
    ),
    (
        exchange(**PUT, status=201, sent=(("Content-Length", "5"),), body=b"abc", received=(("Location", "/x"),)),
        "Content-Length is not that of the body sent",
        "announce",
    ),
    (
        exchange(
            **PUT_MANIFEST,
            status=201,
            sent=TYPED,
            body=b"{}",
            received=(("Location", "/x"), ("Docker-Content-Digest", sha256(b"other"))),
        ),
        "another content was stored",
        sha256(b"{}"),
    ),
    (exchange("start_upload", "POST", "/v2/a/b/blobs/uploads/", 202), "missing header", "registry itself"),
    (
        exchange("start_upload", "POST", "/v2/a/b/blobs/uploads/", 202, received=(("Location", "https://s.example/u"),)),
        "Location is outside of /v2/",
        "byte for byte",
    ),
    (
        refused(416, "RANGE_INVALID", message="chunk size exceeds 4.00MiB", **PATCH),
        "the chunk is too large",
        "at most 4.00MiB",
    ),
    (
        exchange(
            **PATCH,
            status=202,
            sent=(("Content-Range", "20-22"),),
            body=b"abc",
            received=(("Location", SESSION), ("Range", "0-9")),
        ),
        "the chunk is not where it was said to be",
        "GET the Location",
    ),
    (
        exchange("get_upload", "GET", SESSION, 204, received=(("Location", SESSION), ("Range", "0-0"))),
        "0-0 is one byte or none",
        "Count the bytes",
    ),
    (
        exchange(
            "put_blob",
            "PUT",
            f"{SESSION}?digest={sha256(b'abc')}",
            201,
            sent=(("Content-Range", "5-7"),),
            body=b"abc",
            received=(("Location", SESSION),),
        ),
        "Content-Range of a PUT was not looked at",
        "Content-Range: 0-2",
    ),
    (
        refused(400, "DIGEST_INVALID", **{**PUT, "target": f"{SESSION}?digest={sha256(b'abc')}"}, body=PACKED),
        "the digest is the diff ID",
        f"digest={sha256(PACKED)}",
    ),
    (
        replace(exchange(url="https://r.example"), response=None, error="https://r.example does not speak TLS"),
        "plain HTTP at this port",
        "insecure-registries",
    ),
    (
        exchange(status=400, answer=b"Client sent an HTTP request to an HTTPS server.\n"),
        "TLS at this port",
        "https://",
    ),
    (
        refused(405, step="request", method="POST", target="/v2/a/b/blobs/uploads", received=(("Allow", "GET"),)),
        "the slash at the end is missing",
        "POST /v2/a/b/blobs/uploads/",
    ),
    (
        exchange("request", "GET", "/v2", 404, answer=b"404 page not found\n"),
        "the slash at the end is missing",
        "GET /v2/",
    ),
    (
        exchange(
            "mount_blob",
            "POST",
            f"/v2/a/b/blobs/uploads/?mount={sha256(b'')}",
            202,
            received=(("Location", SESSION),),
        ),
        "202 is not mounted",
        "&from=",
    ),
    (
        exchange(**{**PUT_MANIFEST, "target": "/v2/a/b/manifests/-v1"}, status=404, sent=TYPED),
        "not a tag",
        "Begin it with",
    ),
    (
        refused(400, "MANIFEST_INVALID", **PUT_MANIFEST, sent=TYPED, body=b"{not json"),
        "the body is not a manifest",
        "--data-binary @FILE",
    ),
    (
        replace(exchange(), response=None, error="curl: (6) Could not resolve host: nosuch.invalid"),
        "no answer",
        "how the host's name is written",
    ),
    (
        replace(exchange(), response=None, error="curl: (60) SSL certificate problem: self-signed certificate"),
        "no answer",
        "--cacert",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("made", "name", "next"), TRAPS, ids=[name for _, name, _ in TRAPS])
def test_a_trap_is_diagnosed_alone_and_says_what_to_try(made: Exchange, name: str, next: str) -> None:
    (diagnosis,) = rt.explain(made).diagnoses
    assert diagnosis.name == name
    assert next in diagnosis.next
    assert diagnosis.citation is not None
    assert diagnosis.line == "" or diagnosis.line in [item.line for item in rt.explain(made) if item.kind == "line"]


def test_both_digests_are_named_when_they_are_not_the_same() -> None:
    (diagnosis,) = rt.explain(refused(400, "DIGEST_INVALID", **PUT, body=b"abc")).diagnoses
    assert sha256(b"abc") in diagnosis.meaning
    assert f"sha256:{'0' * 64}" in diagnosis.meaning


def test_credentials_that_were_refused_are_told_from_none() -> None:
    asked = (("WWW-Authenticate", 'Basic realm="r"'),)
    (none,) = rt.explain(refused(401, "UNAUTHORIZED", received=asked)).diagnoses
    (wrong,) = rt.explain(
        refused(401, "UNAUTHORIZED", received=asked, sent=(("Authorization", "Basic YTpi"),))
    ).diagnoses
    assert "Name yourself" in none.next and "-u NAME" in none.next
    assert "are right" in wrong.next and "-u NAME" in wrong.next


def test_of_an_empty_session_it_is_not_said_that_a_byte_is_there() -> None:
    made = refused(416, "BLOB_UPLOAD_INVALID", **PATCH, received=(("Location", SESSION), ("Range", "0-0")))
    (diagnosis,) = rt.explain(made).diagnoses
    assert "one byte is there, or none" in diagnosis.meaning


def test_a_tag_and_a_digest_that_fit_the_grammar_are_not_blamed() -> None:
    for reference in ("v1", "_x.Y-z", sha256(b"")):
        made = refused(404, "NAME_UNKNOWN", **{**PUT_MANIFEST, "target": f"/v2/a/b/manifests/{reference}"}, sent=TYPED)
        assert rt.explain(made).diagnoses == ()


def test_an_ordinary_404_of_a_tag_with_every_type_in_accept_is_not_blamed_on_accept() -> None:
    assert rt.explain(refused(404, "MANIFEST_UNKNOWN", **GET_MANIFEST, sent=ALL_TYPES)).diagnoses == ()
