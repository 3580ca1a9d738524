"""Each known trap is diagnosed alone, and says what to try."""

from __future__ import annotations

from dataclasses import replace

import pytest

import regtutor as rt
from regtutor.exchange import Exchange
from regtutor.findings import Finding
from regtutor.findings.traps import TRAPS as EVERY_TRAP
from regtutor.protocol import endpoints
from regtutor.protocol.codes import CODES
from regtutor.protocol.digests import sha256
from regtutor.protocol.media_types import DOCKER_MANIFEST, OCI_MANIFEST
from tests.findings.records import (
    ALL_TYPES,
    DELETE,
    GET_MANIFEST,
    MANIFEST,
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

DELETE_TAG = {"step": "delete_manifest", "method": "DELETE", "target": MANIFEST}

FORM = (("Content-Type", "application/x-www-form-urlencoded"),)

TRAPS: list[tuple[Exchange, str, str]] = [
    (
        exchange(**PATCH, status=202, received=(("Location", "http://r.example/v2/x"), ("Range", "0-1")), url="https://r.example"),
        "Location changes https to http",
        "X-Forwarded-Proto: https",
    ),
    (
        exchange(**PATCH, status=202, received=(("Location", "http://127.0.0.1/v2/x"), ("Range", "0-1"))),
        "Location has no port",
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
        "malformed Content-Range",
        "Content-Range: 0-9",
    ),
    (
        refused(400, "SIZE_INVALID", **PATCH, sent=(("Content-Range", "0-10"),), body=b"0123456789"),
        "Content-Range does not match the length of the body",
        "Content-Range: 0-9",
    ),
    (refused(400, "SIZE_INVALID", **PATCH), "the size does not match the headers", "<last>"),
    (
        refused(416, "RANGE_INVALID", **PATCH, received=(("Range", "0-4"),)),
        "the chunk is out of order",
        "Content-Range: 5-",
    ),
    (
        refused(
            416,
            "BLOB_UPLOAD_INVALID",
            **PATCH,
            sent=(("Content-Range", "5-7"),),
            body=b"abc",
            received=(("Location", SESSION), ("Range", "0-4")),
        ),
        "the Location is not the latest one",
        "to the Location of that response",
    ),
    (refused(400, "DIGEST_INVALID", **PUT, body=b"abc"), "the digest does not match the bytes", "Hash"),
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
        "Content-Type does not match mediaType",
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
        "202 means that the blob was not mounted",
        "PUT",
    ),
    (
        exchange(
            "put_manifest",
            "PUT",
            f"/v2/a/b/manifests/{sha256(b'{}')}?tag=v1&tag=v2",
            201,
            sent=TYPED,
            received=(("Location", f"/v2/a/b/manifests/{sha256(b'{}')}"), ("OCI-Tag", "v1")),
            body=b"{}",
        ),
        "the registry ignored tags in the query",
        "PUT /v2/a/b/manifests/v2",
    ),
    (
        exchange("post_blob", "POST", "/v2/a/b/blobs/uploads/?digest=sha256:0", 202, received=(("Location", SESSION),)),
        "202 means that the blob was not stored",
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
        "Accept does not list the manifest's type",
        OCI_MANIFEST,
    ),
    (exchange(status=401, received=BEARER), "credentials required", "https://auth/token?service=reg&scope="),
    (
        exchange(status=401, received=(("WWW-Authenticate", 'Basic realm="r"'),)),
        "credentials required",
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
        "missing slash at the end of the path",
        "POST /v2/a/b/blobs/uploads/",
    ),
    (
        exchange("get_manifest", target="/v2/library/Hello/manifests/v1", status=404, sent=ALL_TYPES),
        "uppercase letter in the repository name",
        "library/hello",
    ),
    (
        refused(405, "UNSUPPORTED", **DELETE, received=(("Allow", "GET"),)),
        "deletion is switched off",
        "storage.delete.enabled",
    ),
    (
        refused(405, "UNSUPPORTED", method="PUT", received=(("Allow", "GET"),)),
        "this path does not support the method",
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
        "no manifest has this digest",
        "Docker-Content-Digest",
    ),
    (
        exchange("get_referrers", target="/v2/a/b/referrers/sha256:0", status=404),
        "no referrers API",
        "sha256-0",
    ),
    (exchange(status=429, received=(("Retry-After", "30"),)), "too many requests", "30"),
    (exchange(answer=b"abc"), "the content does not match its digest", "Do not use"),
    (
        exchange(status=200, received=(("Content-Length", "120"),)),
        "Content-Length does not match the received body",
        "Restart",
    ),
    (
        exchange(**PUT, status=201, sent=(("Content-Length", "5"),), body=b"abc", received=(("Location", "/x"),)),
        "Content-Length does not match the sent body",
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
        "the registry stored different content",
        sha256(b"{}"),
    ),
    (exchange("start_upload", "POST", "/v2/a/b/blobs/uploads/", 202), "missing header", "directly to the registry"),
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
        "the chunk landed at a different offset",
        "GET the Location",
    ),
    (
        exchange("get_upload", "GET", SESSION, 204, received=(("Location", SESSION), ("Range", "0-0"))),
        "Range 0-0 means one byte or none",
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
        "the registry ignored Content-Range on PUT",
        "Content-Range: 0-2",
    ),
    (
        refused(400, "DIGEST_INVALID", **{**PUT, "target": f"{SESSION}?digest={sha256(b'abc')}"}, body=PACKED),
        "the digest is the diff ID",
        f"digest={sha256(PACKED)}",
    ),
    (
        replace(exchange(url="https://r.example"), response=None, error="https://r.example does not speak TLS"),
        "plain HTTP on this port",
        "insecure-registries",
    ),
    (
        exchange(status=400, answer=b"Client sent an HTTP request to an HTTPS server.\n"),
        "TLS on this port",
        "https://",
    ),
    (
        refused(405, step="request", method="POST", target="/v2/a/b/blobs/uploads", received=(("Allow", "GET"),)),
        "missing slash at the end of the path",
        "POST /v2/a/b/blobs/uploads/",
    ),
    (
        exchange("request", "GET", "/v2", 404, answer=b"404 page not found\n"),
        "missing slash at the end of the path",
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
        "202 means that the blob was not mounted",
        "&from=",
    ),
    (
        exchange(**{**PUT_MANIFEST, "target": "/v2/a/b/manifests/-v1"}, status=404, sent=TYPED),
        "malformed tag",
        "Begin it with",
    ),
    (
        refused(400, "MANIFEST_INVALID", **PUT_MANIFEST, sent=TYPED, body=b"{not json"),
        "the body is not a manifest",
        "--data-binary @FILE",
    ),
    (
        replace(exchange(), response=None, error="curl: (6) Could not resolve host: nosuch.invalid"),
        "no response",
        "the spelling of the host name",
    ),
    (
        replace(exchange(), response=None, error="curl: (60) SSL certificate problem: self-signed certificate"),
        "no response",
        "--cacert",
    ),
    (
        refused(400, "DIGEST_INVALID", **DELETE_TAG),
        "this registry deletes by digest only",
        "HEAD the manifest v1",
    ),
    (
        refused(405, "UNSUPPORTED", **DELETE_TAG, received=(("Allow", "GET"),)),
        "the tag was not deleted",
        "Docker-Content-Digest",
    ),
    (refused(404, "BLOB_UPLOAD_INVALID", **PUT), "the upload state was refused", "http.secret"),
    (
        refused(400, "DIGEST_INVALID", target="/v2/a/b/blobs/multihash+base58:QmRZxt2b"),
        "unsupported digest algorithm",
        "sha256",
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
    assert "Send a user name" in none.next and "-u NAME" in none.next
    assert "Check the user name" in wrong.next and "-u NAME" in wrong.next


def test_of_an_empty_session_it_is_not_said_that_a_byte_is_there() -> None:
    made = refused(416, "BLOB_UPLOAD_INVALID", **PATCH, received=(("Location", SESSION), ("Range", "0-0")))
    (diagnosis,) = rt.explain(made).diagnoses
    assert "one byte or none" in diagnosis.meaning


def test_a_tag_and_a_digest_that_fit_the_grammar_are_not_blamed() -> None:
    for reference in ("v1", "_x.Y-z", sha256(b"")):
        made = refused(404, "NAME_UNKNOWN", **{**PUT_MANIFEST, "target": f"/v2/a/b/manifests/{reference}"}, sent=TYPED)
        assert rt.explain(made).diagnoses == ()


def test_an_ordinary_404_of_a_tag_with_every_type_in_accept_is_not_blamed_on_accept() -> None:
    assert rt.explain(refused(404, "MANIFEST_UNKNOWN", **GET_MANIFEST, sent=ALL_TYPES)).diagnoses == ()


# What a trap says is what the sources say.


def found(made: Exchange) -> Finding:
    (diagnosis,) = rt.explain(made).diagnoses
    return diagnosis


def test_a_session_of_another_secret_is_told_from_one_that_is_gone() -> None:
    assert "http.secret" not in found(refused(404, "BLOB_UPLOAD_UNKNOWN", **PUT)).meaning
    assert "http.secret" in found(refused(404, "BLOB_UPLOAD_INVALID", **PUT)).meaning


def test_a_refusal_without_credentials_does_not_say_that_they_were_refused() -> None:
    none, wrong = found(exchange(status=403)), found(exchange(status=403, sent=(("Authorization", "Basic YTpi"),)))
    assert "without credentials" in none.meaning and "Send credentials" in none.next
    assert "with these credentials" in wrong.meaning


def test_the_referrers_tag_of_a_long_digest_is_a_tag() -> None:
    said = found(exchange("get_referrers", target=f"/v2/a/b/referrers/sha512:{'a' * 128}", status=404)).next
    assert f"sha512-{'a' * 64}; " in said


def test_a_mount_may_fail_because_the_registry_does_not_mount() -> None:
    target = "/v2/a/b/blobs/uploads/?mount=sha256:0&from=c"
    made = exchange("mount_blob", "POST", target, 202, received=(("Location", SESSION),))
    assert "the registry does not mount" in found(made).meaning


def test_of_a_manifest_that_is_not_there_it_is_first_said_that_it_may_be_deleted() -> None:
    said = found(
        refused(404, "MANIFEST_UNKNOWN", **{**DELETE_TAG, "target": f"/v2/a/b/manifests/{sha256(b'')}"})
    ).meaning
    assert said.index("already deleted") < said.index("Distribution 2.8")


@pytest.mark.parametrize(
    ("status", "warns", "section"),
    [
        (301, "follow a 301 with GET", "15.4.2 301 Moved Permanently"),
        (302, "follow a 302 with GET", "15.4.3 302 Found"),
        (308, "", "15.4.9 308 Permanent Redirect"),
    ],
)
def test_a_redirect_that_keeps_the_method_is_not_said_to_change_it(status: int, warns: str, section: str) -> None:
    made = exchange("x", "POST", "/v2/a/blobs/uploads", status, received=(("Location", "/v2/a/blobs/uploads/"),))
    diagnosis = found(made)
    assert (warns in diagnosis.meaning) and ("GET" in diagnosis.meaning) == bool(warns)
    assert diagnosis.citation is not None and diagnosis.citation.section == section


@pytest.mark.parametrize(
    ("made", "rule", "condition", "anchor"),
    [
        (exchange(**PUT_MANIFEST, status=400, body=b"{}"), "recommended", "", "pushing-manifests"),
        (
            exchange(**PUT_MANIFEST, status=400, body=rt.sample_image().manifest.data),
            "required",
            "if the manifest has a mediaType, as this one",
            "pushing-manifests",
        ),
        (refused(400, "DIGEST_INVALID", target="/v2/a/b/blobs/x:"), "required", "", "digests"),
        (refused(400, "DIGEST_INVALID", target="/v2/a/b/blobs/x:0"), "recommended", "", "digests"),
        (refused(400, "DIGEST_INVALID", **PUT, body=b"abc"), "required", "", "pushing-a-blob-in-chunks"),
        (exchange(status=429), "allowed", "", "section-4"),
        (exchange(status=403), "allowed", "", "section-15.5.4"),
        (
            refused(400, "MANIFEST_BLOB_UNKNOWN", **PUT_MANIFEST, sent=TYPED),
            "required",
            "if the registry refuses a manifest for this reason",
            "push",
        ),
        (
            refused(405, "UNSUPPORTED", **DELETE, received=(("Allow", "GET"),)),
            "required",
            "if deletion is switched off: 400 or 405",
            "deleting-blobs",
        ),
    ],
)
def test_a_diagnosis_has_the_level_of_the_clause_that_it_cites(
    made: Exchange, rule: str, condition: str, anchor: str
) -> None:
    diagnosis = found(made)
    assert (diagnosis.level, diagnosis.condition) == (rule, condition)
    assert diagnosis.citation is not None and diagnosis.citation.anchor == anchor


def test_an_error_code_is_diagnosed_by_its_endpoint() -> None:
    well_written = f"/v2/a/b/blobs/{sha256(b'')}"
    assert rt.explain(refused(400, "DIGEST_INVALID", target=well_written)).diagnoses == ()
    assert rt.explain(refused(400, "DIGEST_INVALID", **GET_MANIFEST)).diagnoses == ()


# The table of traps.


def test_each_trap_says_what_it_is_about_and_is_for_endpoints_and_codes_that_exist() -> None:
    assert len({trap.name for trap in EVERY_TRAP}) == len(EVERY_TRAP)
    for trap in EVERY_TRAP:
        assert trap.about.endswith("."), trap.name
        assert trap.endpoints <= set(endpoints.BY_NAME) and trap.codes <= set(CODES), trap.name


def test_a_trap_is_looked_for_only_where_it_is_for() -> None:
    (mounted,) = [trap for trap in EVERY_TRAP if trap.name == "no_mount"]
    assert mounted.is_for("mount_blob", 202, ())
    assert not mounted.is_for("mount_blob", 201, ()) and not mounted.is_for("", 202, ())
    (missing,) = [trap for trap in EVERY_TRAP if trap.name == "missing_blob"]
    assert missing.is_for("", 400, ["MANIFEST_INVALID", "MANIFEST_BLOB_UNKNOWN"]) and not missing.is_for("", 400, ())


def test_a_request_is_identified_once_however_much_is_said_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    parse = endpoints.parse
    monkeypatch.setattr(endpoints, "_REMEMBERED", 0)  # what other exchanges have asked is not remembered
    monkeypatch.setattr(endpoints, "parse", lambda method, form: asked.append(form) or parse(method, form))
    made = refused(400, "DIGEST_INVALID", **PUT, body=b"abc", received=(("Location", SESSION),))
    assert len(rt.explain(made)) > 4
    assert asked == [PUT["target"]]


def test_a_request_that_was_edited_to_no_endpoint_is_explained_as_none() -> None:
    findings = rt.explain(exchange(**{**PUT, "target": "/v2/nonsense"}, status=404))
    assert findings.title == "PUT /v2/nonsense: not found"
    assert findings[0].meaning == "no document of the API names this request"
    assert findings.diagnoses == ()


def test_a_session_outside_of_the_api_is_explained_as_its_step() -> None:
    findings = rt.explain(exchange(**{**PATCH, "target": "/artifacts-uploads/1"}, status=404))
    assert findings.title == "patch_upload: the upload session is not known to the registry"
    assert findings[0].meaning == "sends bytes to an upload session of the repository"
