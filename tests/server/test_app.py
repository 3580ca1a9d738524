"""What the registry answers, request by request, without a socket."""

from __future__ import annotations

import base64
import json
from dataclasses import fields
from pathlib import Path

import pytest

from regtutor.protocol.media_types import DOCKER_MANIFEST, DOCKER_SCHEMA1_SIGNED, OCI_INDEX, OCI_LAYER, OCI_MANIFEST
from regtutor.server.app import App
from regtutor.server.buffered import Memory
from regtutor.server.http import Head, Response
from regtutor.server.respond import respond
from regtutor.server.settings import Settings
from regtutor.server.storage.store import Store
from tests.server.inline import Inline, digest, faults, image_manifest

HELLO = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
ABSENT = "sha256:" + "0" * 64
UPLOADS = "/v2/library/hello/blobs/uploads/"

# method, target, headers, status, code, Allow
REFUSED = [
    ("GET", "/", {}, 404, "UNSUPPORTED", None),
    ("GET", "/v2", {}, 404, "UNSUPPORTED", None),
    ("GET", "/v2/hello", {}, 404, "UNSUPPORTED", None),
    ("GET", "/v2/hello/blobs/" + HELLO + "/", {}, 404, "UNSUPPORTED", None),
    ("POST", "/v2/", {}, 405, "UNSUPPORTED", "GET, HEAD"),
    ("get", "/v2/", {}, 405, "UNSUPPORTED", "GET, HEAD"),
    ("PATCH", UPLOADS, {}, 405, "UNSUPPORTED", "POST"),
    ("POST", UPLOADS + "1", {}, 405, "UNSUPPORTED", "DELETE, GET, HEAD, PATCH, PUT"),
    ("POST", "/v2/a/manifests/v1", {}, 405, "UNSUPPORTED", "DELETE, GET, HEAD, PUT"),
    ("PUT", UPLOADS + "1?_state=x", {}, 400, "DIGEST_INVALID", None),
    ("PUT", UPLOADS + "1?_state=x&digest=sha256:zz", {}, 400, "DIGEST_INVALID", None),
    ("PUT", UPLOADS + "1?digest=md5:" + "0" * 32, {}, 400, "DIGEST_INVALID", None),
    ("PUT", UPLOADS + "1?digest=" + HELLO, {}, 404, "BLOB_UPLOAD_INVALID", None),
    ("PUT", UPLOADS + "../../x?_state=%21&digest=" + HELLO, {}, 404, "UNSUPPORTED", None),
    ("DELETE", UPLOADS + "%2e%2e", {}, 404, "BLOB_UPLOAD_INVALID", None),
    ("DELETE", UPLOADS + "1?_state=" + "A" * 400, {}, 404, "BLOB_UPLOAD_INVALID", None),
    ("POST", "/v2/Hello/blobs/uploads/", {}, 400, "NAME_INVALID", None),
    ("POST", "/v2/../../etc/blobs/uploads/", {}, 400, "NAME_INVALID", None),
    ("POST", "/v2/%2e%2e/x/blobs/uploads/", {}, 400, "NAME_INVALID", None),
    ("POST", "/v2/a%2f%2e%2e%2fb/blobs/uploads/", {}, 400, "NAME_INVALID", None),
    ("POST", "/v2/a//b/blobs/uploads/", {}, 400, "NAME_INVALID", None),
    ("POST", "/v2//a/blobs/uploads/", {}, 400, "NAME_INVALID", None),
    ("POST", "/v2/_uploads/blobs/uploads/", {}, 400, "NAME_INVALID", None),
    ("POST", "/v2/a%00b/blobs/uploads/", {}, 400, "NAME_INVALID", None),
    ("POST", "/v2/a%ffb/blobs/uploads/", {}, 400, "NAME_INVALID", None),
    ("POST", "/v2/" + "a" * 256 + "/blobs/uploads/", {}, 400, "NAME_INVALID", None),
    ("POST", "/v2/" + "a/" * 20000 + "a/blobs/uploads/?mount=" + HELLO, {}, 400, "NAME_INVALID", None),
    ("GET", "/v2/A/blobs/" + HELLO, {}, 400, "NAME_INVALID", None),
    ("GET", "/v2/a/blobs/" + ABSENT, {}, 404, "BLOB_UNKNOWN", None),
    ("GET", "/v2/a/blobs/sha256:ab", {}, 400, "DIGEST_INVALID", None),
    ("GET", "/v2/a/blobs/..", {}, 400, "DIGEST_INVALID", None),
    ("GET", "/v2/a/blobs/sha256:" + HELLO[7:].upper(), {}, 400, "DIGEST_INVALID", None),
    ("GET", "/v2/a/manifests/v1", {}, 404, "MANIFEST_UNKNOWN", None),
    ("GET", "/v2/a/manifests/.v1", {}, 404, "MANIFEST_UNKNOWN", None),
    ("GET", "/v2/a/manifests/" + ABSENT, {}, 404, "MANIFEST_UNKNOWN", None),
    ("GET", "/v2/a/manifests/sha256:ab", {}, 400, "DIGEST_INVALID", None),
    ("PUT", "/v2/a/manifests/.v1", {"Content-Type": OCI_MANIFEST}, 400, "TAG_INVALID", None),
    ("PUT", "/v2/a/manifests/%2e%2e", {"Content-Type": OCI_MANIFEST}, 400, "TAG_INVALID", None),
    ("PUT", "/v2/a/manifests/" + "v" * 129, {"Content-Type": OCI_MANIFEST}, 400, "TAG_INVALID", None),
    ("PUT", "/v2/a/manifests/v1", {}, 400, "MANIFEST_INVALID", None),
    ("PUT", "/v2/a/manifests/v1", {"Content-Type": "text/plain"}, 400, "MANIFEST_INVALID", None),
    ("PUT", "/v2/a/manifests/v1", {"Content-Type": OCI_LAYER}, 400, "MANIFEST_INVALID", None),
    ("PUT", "/v2/a/manifests/v1", {"Content-Type": OCI_MANIFEST, "Content-Length": "4194305"}, 413,
     "MANIFEST_INVALID", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "target", "headers", "status", "code", "allow"),
    REFUSED,
    ids=lambda value: value[:60] if isinstance(value, str) else None,
)
def test_a_refusal_comes_with_the_head_and_says_why_and_what_to_try(
    inline: Inline,
    store: Store,
    method: str,
    target: str,
    headers: dict[str, str],
    status: int,
    code: str,
    allow: str | None,
) -> None:
    response = inline.app.begin(Head(method, target, (("Host", "r.example"), *headers.items())))
    assert isinstance(response, Response), "refused before any body"
    (fault,) = faults(response)
    assert (response.status, fault["code"], response.header("Allow")) == (status, code, allow)
    assert fault["message"] and fault["detail"]["expected"] and fault["detail"]["next"]
    assert response.header("Content-Length") == str(len(response.body))  # type: ignore[arg-type]
    assert response.header("Docker-Distribution-Api-Version") == "registry/2.0"
    assert not (store.root / "docker").exists()


@pytest.mark.parametrize("query", ["", "?mount=" + HELLO])
def test_an_upload_without_the_slash_at_the_end_is_told_to_add_it(inline: Inline, query: str) -> None:
    (fault,) = faults(inline.ask("POST", f"/v2/library/hello/blobs/uploads{query}"))
    assert fault["detail"]["next"] == "Add the slash: POST /v2/library/hello/blobs/uploads/"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("md5:aa", "a supported algorithm: sha256 or sha512"),
        (":aa", "a supported algorithm: sha256 or sha512"),
        ("hello", "algorithm:encoded, such as sha256:0a1b..."),
        ("sha256:aa", "sha256: followed by 64 lowercase hexadecimal characters"),
        ("sha512:" + "A" * 128, "sha512: followed by 128 lowercase hexadecimal characters"),
    ],
)
def test_a_digest_that_is_none_is_told_what_would_be_one(inline: Inline, given: str, expected: str) -> None:
    (fault,) = faults(inline.ask("PUT", f"{inline.start('a')}&digest={given}"))
    assert (fault["code"], fault["detail"]["given"], fault["detail"]["expected"]) == ("DIGEST_INVALID", given, expected)


def test_what_is_wrong_with_a_tag_that_breaks_the_grammar_is_said(inline: Inline) -> None:
    (fault,) = faults(inline.ask("PUT", "/v2/a/manifests/.v1", b"{}", Content_Type=OCI_MANIFEST))
    assert fault["message"].startswith("the tag does not match the grammar")


def test_check_api_says_that_the_api_is_spoken(inline: Inline) -> None:
    response = inline.ask("GET", "/v2/")
    assert (response.status, response.body) == (200, b"{}")
    assert response.header("Content-Type") == "application/json; charset=utf-8"
    assert inline.ask("HEAD", "/v2/").body == b""


def test_an_upload_session_is_a_location_whose_state_can_be_read_as_distributions_can(inline: Inline) -> None:
    response = inline.ask("POST", UPLOADS)
    location = response.header("Location") or ""
    session = response.header("Docker-Upload-UUID")
    assert response.status == 202
    assert response.header("Range") == "0-0"
    assert location.startswith(f"http://r.example:5000{UPLOADS}{session}?_state=")
    state = json.loads(base64.urlsafe_b64decode(location.partition("_state=")[2].replace("%3D", "="))[32:])
    assert list(state) == ["Name", "UUID", "Offset", "StartedAt"]
    assert (state["Name"], state["UUID"], state["Offset"]) == ("library/hello", session, 0)


@pytest.mark.parametrize(
    ("headers", "start"),
    [
        ({"Host": "r.example"}, "http://r.example/v2/"),
        ({"Host": "[::1]:5000"}, "http://[::1]:5000/v2/"),
        ({"Host": "in.example", "X-Forwarded-Proto": "https"}, "https://in.example/v2/"),
        ({"Host": "in.example", "X-Forwarded-Host": "out.example:8443"}, "http://out.example:8443/v2/"),
        ({"Host": "in.example", "X-Forwarded-Proto": "javascript"}, "http://in.example/v2/"),
        ({"Host": "evil/path"}, "/v2/"),
        ({}, "/v2/"),
    ],
)
def test_a_location_is_absolute_by_what_host_and_the_proxy_say(
    inline: Inline, headers: dict[str, str], start: str
) -> None:
    response = inline.app.begin(Head("POST", "/v2/a/blobs/uploads/", tuple(headers.items())))
    assert isinstance(response, Response)
    assert (response.header("Location") or "").startswith(start + "a/blobs/uploads/")


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_blob_that_was_put_is_there_by_its_digest(inline: Inline, algorithm: str) -> None:
    name = digest(b"hello", algorithm)
    put = inline.ask("PUT", f"{inline.start('a')}&digest={name}", b"hello", Content_Length="5")
    assert (put.status, put.body) == (201, b"")
    assert put.header("Location") == f"http://r.example:5000/v2/a/blobs/{name}"
    assert put.header("Docker-Content-Digest") == name
    for method, body in (("GET", b"hello"), ("HEAD", b"")):
        got = inline.ask(method, f"/v2/a/blobs/{name}")
        assert (got.status, got.body, got.header("Content-Length")) == (200, body, "5")
        assert got.header("Docker-Content-Digest") == name
        assert got.header("Etag") == f'"{name}"'
        assert got.header("Content-Type") == "application/octet-stream"
    assert inline.ask("HEAD", f"/v2/b/blobs/{name}").status == 404, "another repository does not have it"


def test_the_bytes_may_come_in_any_pieces(inline: Inline) -> None:
    sink = inline.app.begin(Head("PUT", f"{inline.start('a')}&digest={HELLO}"))
    assert not isinstance(sink, Response)
    for chunk in (b"h", b"", b"ell", b"o"):
        sink.write(chunk)
    assert sink.finish().status == 201


def test_an_empty_blob_can_be_stored(inline: Inline) -> None:
    name = inline.push_blob("a", b"")
    assert inline.ask("GET", f"/v2/a/blobs/{name}").body == b""
    assert inline.ask("GET", f"/v2/a/blobs/{name}", Range="bytes=0-").status == 416


def test_wrong_bytes_are_not_stored_and_their_session_is_gone(inline: Inline, store: Store) -> None:
    target = f"{inline.start('a')}&digest={HELLO}"
    refused = inline.ask("PUT", target, b"hellx")
    (fault,) = faults(refused)
    assert (refused.status, fault["code"]) == (400, "DIGEST_INVALID")
    assert fault["detail"]["given"] == HELLO
    assert digest(b"hellx") in fault["detail"]["expected"]
    again = inline.ask("PUT", target, b"hello")
    assert (again.status, faults(again)[0]["code"]) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert not [path for path in (store.root / "docker").rglob("*") if path.is_file()]


def test_fewer_bytes_than_were_promised_are_refused_and_the_session_can_go_on(inline: Inline) -> None:
    target = f"{inline.start('a')}&digest={HELLO}"
    refused = inline.ask("PUT", target, b"hel", Content_Length="5")
    assert (refused.status, faults(refused)[0]["code"]) == (400, "SIZE_INVALID")
    assert inline.ask("PUT", target, b"hello", Content_Length="5").status == 201


def test_a_put_that_is_cut_leaves_no_blob_and_a_session_that_can_be_used_again(inline: Inline, store: Store) -> None:
    target = f"{inline.start('a')}&digest={HELLO}"
    sink = inline.app.begin(Head("PUT", target))
    assert not isinstance(sink, Response)
    sink.write(b"hell")
    sink.abort()
    assert inline.ask("HEAD", f"/v2/a/blobs/{HELLO}").status == 404
    assert {path.name for path in (store.root / "docker").rglob("*") if path.is_file()} == {"data", "startedat"}
    assert inline.ask("PUT", target, b"hello").status == 201


def test_a_session_takes_the_bytes_of_one_request_at_a_time_and_the_later_one_wins(inline: Inline) -> None:
    target = inline.start("a")
    sink = inline.app.begin(Head("PUT", f"{target}&digest={HELLO}"))
    assert not isinstance(sink, Response)
    sink.write(b"hel")
    assert inline.ask("PUT", f"{target}&digest={HELLO}", b"hello").status == 201
    sink.write(b"lo")
    refused = sink.finish()
    assert (refused.status, faults(refused)[0]["code"]) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert inline.ask("GET", f"/v2/a/blobs/{HELLO}").body == b"hello"


def test_a_session_can_be_cancelled_while_bytes_still_come_and_nothing_is_stored(inline: Inline, store: Store) -> None:
    target = inline.start("a")
    sink = inline.app.begin(Head("PUT", f"{target}&digest={HELLO}"))
    assert not isinstance(sink, Response)
    sink.write(b"hel" * 1_000_000)
    assert inline.ask("DELETE", target).status == 204
    sink.write(b"lo")
    refused = sink.finish()
    sink.abort()
    assert (refused.status, faults(refused)[0]["code"]) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert not [path for path in (store.root / "docker").rglob("*") if path.is_file()]


def test_a_cancelled_session_is_gone(inline: Inline, store: Store) -> None:
    target = inline.start("a")
    canceled = inline.ask("DELETE", target)
    assert (canceled.status, canceled.body, canceled.header("Content-Length")) == (204, b"", None)
    assert faults(inline.ask("DELETE", target))[0]["code"] == "BLOB_UPLOAD_UNKNOWN"
    assert not [path for path in (store.root / "docker").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "change",
    [
        lambda target: target.partition("?")[0] + "?digest=" + HELLO,
        lambda target: target.replace("_state=", "_state=x") + "&digest=" + HELLO,
        lambda target: target.replace("/a/", "/b/") + "&digest=" + HELLO,
        lambda target: target + "?digest=" + HELLO + "&digest=" + HELLO,
    ],
    ids=["without state", "state changed", "another repository", "a second question mark"],
)
def test_a_location_that_was_not_followed_byte_for_byte_is_refused(inline: Inline, change: object) -> None:
    refused = inline.ask("PUT", change(inline.start("a")), b"hello")  # type: ignore[operator]
    assert (refused.status, faults(refused)[0]["code"]) == (404, "BLOB_UPLOAD_INVALID")


def test_registries_that_share_secret_and_storage_take_each_others_sessions(store: Store) -> None:
    one, other, stranger = (Inline(App(store, secret=secret)) for secret in (b"shared", b"shared", b"other"))
    target = f"{one.start('a')}&digest={HELLO}"
    assert stranger.ask("PUT", target, b"hello").status == 404
    assert other.ask("PUT", target, b"hello").status == 201


def test_a_mounted_blob_is_in_the_other_repository_without_a_byte_sent(inline: Inline) -> None:
    name = inline.push_blob("a", b"hello")
    mounted = inline.ask("POST", f"/v2/b/blobs/uploads/?mount={name}&from=a")
    assert mounted.status == 201
    assert mounted.header("Location") == f"http://r.example:5000/v2/b/blobs/{name}"
    assert mounted.header("Docker-Content-Digest") == name
    assert inline.ask("GET", f"/v2/b/blobs/{name}").body == b"hello"


@pytest.mark.parametrize(
    "query",
    [
        f"mount={HELLO}",
        f"mount={HELLO}&from=nobody",
        f"mount={HELLO}&from=../a",
        f"mount={ABSENT}&from=a",
        "mount=x&from=a",
    ],
)
def test_what_cannot_be_mounted_opens_an_upload_session(inline: Inline, query: str) -> None:
    inline.push_blob("a", b"hello")
    opened = inline.ask("POST", f"/v2/b/blobs/uploads/?{query}")
    assert opened.status == 202
    assert "_state=" in (opened.header("Location") or "")


@pytest.mark.parametrize(
    ("asked", "status", "body", "content_range"),
    [
        ("bytes=1-2", 206, b"el", "bytes 1-2/5"),
        ("bytes=0-", 206, b"hello", "bytes 0-4/5"),
        ("bytes=-2", 206, b"lo", "bytes 3-4/5"),
        ("bytes=-99", 206, b"hello", "bytes 0-4/5"),
        ("bytes=3-99", 206, b"lo", "bytes 3-4/5"),
        ("bytes=5-", 416, None, "bytes */5"),
        ("bytes=-0", 416, None, "bytes */5"),
        ("bytes=" + "9" * 5000 + "-", 416, None, "bytes */5"),
        ("bytes=3-1", 416, None, "bytes */5"),
        ("bytes=-", 200, b"hello", None),
        ("bytes=0-1,3-4", 200, b"hello", None),
        ("lines=1-2", 200, b"hello", None),
    ],
)
def test_range_gives_a_part_of_a_blob(
    inline: Inline, asked: str, status: int, body: bytes | None, content_range: str | None
) -> None:
    name = inline.push_blob("a", b"hello")
    got = inline.ask("GET", f"/v2/a/blobs/{name}", Range=asked)
    assert (got.status, got.header("Content-Range")) == (status, content_range)
    if body is None:
        (fault,) = faults(got)
        assert (fault["code"], fault["message"]) == ("SIZE_INVALID", "a length or a range does not match the content")
        assert (fault["detail"]["given"], fault["detail"]["expected"]) == (asked, "a range within the 5 bytes")
    else:
        assert (got.body, got.header("Content-Length")) == (body, str(len(body)))


def test_if_range_with_other_content_gives_the_whole(inline: Inline) -> None:
    name = inline.push_blob("a", b"hello")
    target = f"/v2/a/blobs/{name}"
    assert inline.ask("GET", target, Range="bytes=1-2", If_Range=f'"{name}"').status == 206
    assert inline.ask("GET", target, Range="bytes=1-2", If_Range=f'"{ABSENT}"').body == b"hello"


@pytest.mark.parametrize("form", ['"{}"', "{}", 'W/"{}"', '"other", "{}"', "*"])
def test_who_has_the_content_already_gets_304(inline: Inline, form: str) -> None:
    manifest = inline.push_image("a", "v1", b"{}", b"layer")
    for target, name in (
        (f"/v2/a/blobs/{digest(b'layer')}", digest(b"layer")),
        ("/v2/a/manifests/v1", digest(manifest)),
    ):
        for method in ("GET", "HEAD"):
            got = inline.ask(method, target, If_None_Match=form.format(name))
            assert (got.status, got.body, got.header("Content-Length")) == (304, b"", None)
            assert got.header("Etag") == f'"{name}"'
        assert inline.ask("GET", target, If_None_Match=f'"{ABSENT}"').status == 200


def test_a_manifest_comes_back_byte_for_byte_by_tag_and_by_digest(inline: Inline) -> None:
    for blob in (b"{}", b"layer"):
        inline.push_blob("a", blob)
    manifest = image_manifest(b"{}", b"layer") + b"\n \n"
    put = inline.ask("PUT", "/v2/a/manifests/v1", manifest, Content_Type=OCI_MANIFEST)
    name = digest(manifest)
    assert (put.status, put.header("Docker-Content-Digest")) == (201, name)
    assert put.header("Location") == f"http://r.example:5000/v2/a/manifests/{name}"
    assert put.header("OCI-Subject") is None
    for reference in ("v1", name):
        for method, body in (("GET", manifest), ("HEAD", b"")):
            got = inline.ask(method, f"/v2/a/manifests/{reference}")
            assert (got.status, got.body) == (200, body)
            assert got.header("Content-Type") == OCI_MANIFEST
            assert got.header("Content-Length") == str(len(manifest))
            assert got.header("Docker-Content-Digest") == name
            assert got.header("Etag") == f'"{name}"'


def test_a_tag_moves_and_the_old_manifest_stays(inline: Inline) -> None:
    old, new = inline.push_image("a", "v1", b"{}", b"old"), inline.push_image("a", "v1", b"{}", b"new")
    assert inline.ask("GET", "/v2/a/manifests/v1").body == new
    assert inline.ask("GET", f"/v2/a/manifests/{digest(old)}").body == old


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_a_manifest_can_be_put_under_its_digest_alone(inline: Inline, algorithm: str) -> None:
    inline.push_blob("a", b"{}")
    manifest = image_manifest(b"{}")
    name = digest(manifest, algorithm)
    put = inline.ask("PUT", f"/v2/a/manifests/{name}", manifest, Content_Type=OCI_MANIFEST + "; charset=utf-8")
    assert (put.status, put.header("Docker-Content-Digest")) == (201, name)
    assert inline.ask("GET", f"/v2/a/manifests/{name}").body == manifest


def test_a_manifest_under_a_digest_that_is_not_its_own_is_refused(inline: Inline) -> None:
    inline.push_blob("a", b"{}")
    refused = inline.ask("PUT", f"/v2/a/manifests/{ABSENT}", image_manifest(b"{}"), Content_Type=OCI_MANIFEST)
    assert (refused.status, faults(refused)[0]["code"]) == (400, "DIGEST_INVALID")


def test_a_manifest_that_names_absent_blobs_is_refused_with_each_of_them(inline: Inline) -> None:
    inline.push_blob("a", b"there")
    inline.push_blob("b", b"elsewhere")
    manifest = image_manifest(b"config", b"there", b"elsewhere", b"layer", b"layer")
    refused = inline.ask("PUT", "/v2/a/manifests/v1", manifest, Content_Type=OCI_MANIFEST)
    assert refused.status == 400
    assert {fault["code"] for fault in faults(refused)} == {"MANIFEST_BLOB_UNKNOWN"}
    named = [fault["detail"]["given"] for fault in faults(refused)]
    assert sorted(named) == sorted(digest(blob) for blob in (b"config", b"elsewhere", b"layer"))
    assert inline.ask("GET", "/v2/a/manifests/v1").status == 404


def test_a_foreign_layer_need_not_be_there_and_a_subject_may_come_later(inline: Inline) -> None:
    inline.push_blob("a", b"{}")
    foreign = {
        "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "digest": ABSENT,
        "size": 9,
        "urls": ["https://layers.example/9"],
    }
    subject = {"mediaType": OCI_MANIFEST, "digest": HELLO, "size": 5}
    manifest = image_manifest(b"{}", layers=[foreign], subject=subject)
    put = inline.ask("PUT", "/v2/a/manifests/v1", manifest, Content_Type=OCI_MANIFEST)
    assert (put.status, put.header("OCI-Subject")) == (201, HELLO)
    without = image_manifest(b"{}", layers=[foreign | {"urls": []}])
    assert inline.ask("PUT", "/v2/a/manifests/v2", without, Content_Type=OCI_MANIFEST).status == 400


def test_an_index_needs_its_manifests(inline: Inline) -> None:
    child = image_manifest(b"{}")
    entry = {"mediaType": OCI_MANIFEST, "digest": digest(child), "size": len(child)}
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}).encode()
    refused = inline.ask("PUT", "/v2/a/manifests/all", index, Content_Type=OCI_INDEX)
    assert faults(refused)[0]["code"] == "MANIFEST_BLOB_UNKNOWN"
    inline.push_image("a", "one", b"{}")
    assert inline.ask("PUT", "/v2/a/manifests/all", index, Content_Type=OCI_INDEX).status == 201
    assert inline.ask("GET", "/v2/a/manifests/all").header("Content-Type") == OCI_INDEX


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{", OCI_MANIFEST),
        (b"[]", OCI_MANIFEST),
        (b"", OCI_MANIFEST),
        (b"[" * 100_000, OCI_MANIFEST),
        (image_manifest(b"{}"), DOCKER_MANIFEST),
        (image_manifest(b"{}"), OCI_INDEX),
        (image_manifest(b"{}", mediaType=None), DOCKER_MANIFEST),
        (image_manifest(b"{}", schemaVersion=1), OCI_MANIFEST),
        (image_manifest(b"{}", config=None), OCI_MANIFEST),
    ],
    ids=["cut", "no object", "empty", "deep", "other type", "an index", "docker unnamed", "version 1", "no config"],
)
def test_what_is_no_manifest_of_the_named_type_is_refused(inline: Inline, body: bytes, content_type: str) -> None:
    inline.push_blob("a", b"{}")
    refused = inline.ask("PUT", "/v2/a/manifests/v1", body, Content_Type=content_type)
    assert (refused.status, faults(refused)[0]["code"]) == (400, "MANIFEST_INVALID")
    assert faults(refused)[0]["detail"]["given"]


def test_an_oci_manifest_need_not_name_its_type(inline: Inline) -> None:
    inline.push_blob("a", b"{}")
    manifest = image_manifest(b"{}", mediaType=None)
    assert inline.ask("PUT", "/v2/a/manifests/v1", manifest, Content_Type=OCI_MANIFEST).status == 201
    assert inline.ask("GET", "/v2/a/manifests/v1").header("Content-Type") == OCI_MANIFEST


def test_schema_1_is_refused_by_name(inline: Inline) -> None:
    refused = inline.ask("PUT", "/v2/a/manifests/v1", b"{}", Content_Type=DOCKER_SCHEMA1_SIGNED)
    assert refused.status == 400
    assert "Schema 1" in faults(refused)[0]["detail"]["given"]


def test_a_manifest_over_the_limit_is_refused_also_when_its_length_was_not_announced(store: Store) -> None:
    inline = Inline(App(store, max_manifest_size=1000))
    inline.push_blob("a", b"{}")
    padded = image_manifest(b"{}").ljust(1000)
    assert inline.ask("PUT", "/v2/a/manifests/v1", padded, Content_Type=OCI_MANIFEST).status == 201
    refused = inline.ask("PUT", "/v2/a/manifests/v2", padded + b" ", Content_Type=OCI_MANIFEST)
    assert (refused.status, faults(refused)[0]["code"]) == (413, "MANIFEST_INVALID")


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (OCI_MANIFEST, 200),
        (OCI_MANIFEST.upper(), 200),
        ("*/*", 200),
        ("application/*", 200),
        (f"{OCI_INDEX}, {OCI_MANIFEST};q=0.5", 200),
        ("", 200),
        (OCI_INDEX, 404),
        ("text/*", 404),
        (f"*/*, {OCI_MANIFEST};q=0", 404),
    ],
)
def test_accept_decides_whether_a_manifest_is_given(inline: Inline, accept: str, status: int) -> None:
    inline.push_image("a", "v1", b"{}")
    for method in ("GET", "HEAD"):
        got = inline.ask(method, "/v2/a/manifests/v1", Accept=accept)
        assert got.status == status
    if status == 404:
        (fault,) = faults(inline.ask("GET", "/v2/a/manifests/v1", Accept=accept))
        assert fault["code"] == "MANIFEST_UNKNOWN"
        assert fault["detail"]["next"].endswith(f"Accept: {OCI_MANIFEST}")


def test_several_accept_headers_count_as_one(inline: Inline) -> None:
    inline.push_image("a", "v1", b"{}")
    headers = (("Accept", OCI_INDEX), ("accept", OCI_MANIFEST))
    outcome = inline.app.begin(Head("GET", "/v2/a/manifests/v1", headers))
    assert isinstance(outcome, Response) and outcome.status == 200


def test_content_outlives_the_registry(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        manifest = Inline(App(store)).push_image("library/hello", "v1", b"{}", b"layer")
    with Store(tmp_path) as store:
        later = Inline(App(store))
        assert later.ask("GET", "/v2/library/hello/manifests/v1").body == manifest
        assert later.ask("GET", f"/v2/library/hello/blobs/{digest(b'layer')}").body == b"layer"


def test_a_setting_of_an_app_is_a_field_of_settings_and_reaches_the_handlers_whole(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = {
        "secret": b"abc",
        "max_manifest_size": 10,
        "chunk_min_length": 4,
        "deletes": False,
        "sparse_indexes": True,
        "verify_reads": True,
    }
    chosen |= {"admit": lambda _call: None, "tokens": None, "memory": Memory(0)}
    assert set(chosen) == {field.name for field in fields(Settings)}
    seen: list[Settings] = []
    app = App(store, **chosen)  # type: ignore[arg-type]
    monkeypatch.setitem(app._handlers, "check_api", lambda call: seen.append(call.settings) or respond(200))
    app.begin(Head("GET", "/v2/"))
    assert seen == [app.settings] == [Settings(**chosen)]  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="max_blob_size"):
        App(store, max_blob_size=10)
