"""What explain() says: on everything that the registries answer nothing is unknown, and each trap is recognised."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from click.testing import CliRunner

import regtutor as rt
from regtutor.cli import main
from regtutor.errors import ConnectionFailed, InvalidArgument
from regtutor.exchange import BodyRecord, Exchange, RequestRecord, ResponseRecord
from regtutor.findings import Finding, Findings
from regtutor.formats.findings_html import findings_html
from regtutor.message import Request
from regtutor.protocol.digests import sha256
from regtutor.protocol.headers import HEADERS
from regtutor.protocol.media_types import DOCKER_MANIFEST, MANIFEST_TYPES, OCI_MANIFEST
from regtutor.tables import findings_table
from tests.contract.conducting import InProcessSender, conduct
from tests.contract.table import ROWS
from tests.refusing_registry import Reply, refusing_registry
from tests.walks.artifacts import artifact

REGISTRIES = ("in_process", "embedded", pytest.param("native", marks=pytest.mark.registry))


class Recording:
    """Sends to a registry, and keeps every exchange, also one that broke off."""

    def __init__(self, registry: rt.Registry) -> None:
        self._registry, self.made = registry, []  # type: ignore[var-annotated]

    def send(self, request: Request) -> Exchange:
        try:
            exchange = self._registry.send(request)
        except ConnectionFailed as error:
            assert error.exchange is not None
            exchange = error.exchange
        self.made.append(exchange)
        return exchange


@pytest.fixture(scope="module", params=REGISTRIES)
def reg(request: pytest.FixtureRequest) -> Iterator[rt.Registry]:
    options = {"binary": request.getfixturevalue("registry_binary")} if request.param == "native" else {}
    with rt.open_registry(request.param, quiet=True, **options) as opened:
        yield opened


def walked(reg: rt.Registry, directory: Path) -> list[Exchange]:
    """Everything that the walks send: pushes of each kind, a mount, lists, a pull, referrers, a deletion."""
    image, made = rt.sample_image(), [rt.check_api(reg)]
    for upload in ("monolithic", "chunked", "streamed"):
        made += rt.push_image(reg, image, f"walks/{upload}", "v1", upload=upload, chunk_size=900, progress=False)
    made += rt.push_image(reg, image, "walks/mounted", "v1", mount_from="walks/chunked", progress=False)
    made += [rt.list_tags(reg, "walks/chunked"), rt.list_repositories(reg)]
    made += rt.pull_image(reg, "walks/streamed", "v1", directory / "layout", progress=False)
    made += rt.push_image(
        reg, artifact(image.manifest, "application/vnd.example.signature"), "walks/chunked", "signature", progress=False
    )
    made += rt.list_referrers(reg, "walks/chunked", image.manifest.digest).transcript
    start = rt.start_upload(reg, "walks/cancelled")
    made += [start, rt.get_upload(reg, start.location), rt.cancel_upload(reg, start.location)]
    return made + list(rt.delete_image(reg, "walks/mounted", "v1"))


def test_nothing_in_the_walks_is_unknown_and_each_line_is_explained(reg: rt.Registry, tmp_path: Path) -> None:
    for exchange in walked(reg, tmp_path):
        findings = rt.explain(exchange)
        assert findings.unknown == ()
        lines = [item for item in findings if item.kind == "line"]
        assert response_lines(exchange) == [item.line for item in lines if item.line in response_lines(exchange)]
        assert all(item.meaning and item.citation and not item.next for item in lines)


def response_lines(exchange: Exchange) -> list[str]:
    assert exchange.response is not None
    response = exchange.response
    return [f"< {response.start_line}", *(f"< {name}: {value}" for name, value in response.headers)]


def test_a_push_and_a_pull_that_go_well_are_not_diagnosed(reg: rt.Registry, tmp_path: Path) -> None:
    made = rt.push_image(reg, rt.sample_image(), "well/done", "v1", upload="chunked", chunk_size=900, progress=False)
    made += rt.pull_image(reg, "well/done", "v1", tmp_path / "layout", progress=False)
    assert [(e.step, d.name) for e in made for d in rt.explain(e).diagnoses] == []


def test_nothing_that_the_contract_makes_a_registry_answer_is_unknown(reg: rt.Registry) -> None:
    recording = Recording(reg)
    for number, row in enumerate(ROWS):
        conducted(row, number, recording)
    seen = {exchange.status for exchange in recording.made}
    assert {200, 201, 202, 204, 400, 404, 405, 416} <= seen
    for exchange in recording.made:
        findings = rt.explain(exchange)
        assert findings.unknown == (), exchange
        assert all(item.next and item.citation for item in findings.diagnoses), exchange


def conducted(row: Any, number: int, recording: Recording) -> None:
    """One row; what its answer must be is not asked here. An answer that breaks off is none for the sender."""
    count = len(recording.made)
    try:
        conduct(row, number, InProcessSender(recording))  # type: ignore[arg-type]
    except AssertionError:
        assert len(recording.made) > count
        assert recording.made[-1].response is None or recording.made[-1].error


# What a line says here, with the exchange's own values.


def exchange(
    step: str = "get_blob",
    method: str = "GET",
    target: str = "/v2/library/hello/blobs/sha256:" + "0" * 64,
    status: int = 200,
    *,
    sent: tuple[tuple[str, str], ...] = (),
    received: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
    answer: bytes = b"",
    url: str = "http://127.0.0.1:5000",
) -> Exchange:
    """A record written by hand, for what no registry here answers."""
    request = RequestRecord(method, target, sent, record(body, "sent", dict(sent)))
    response = ResponseRecord(status, "", received, record(answer, "received", dict(received)))
    return Exchange(step, url + target, request, response)


def record(data: bytes, fate: str, headers: dict[str, str]) -> BodyRecord:
    media_type = headers.get("Content-Type", "")
    return BodyRecord(len(data), sha256(data), data, fate, media_type) if data else BodyRecord()


def refused(status: int, *codes: str, message: str = "", **others: Any) -> Exchange:
    errors = {"errors": [{"code": code, "message": message} for code in codes]}
    return exchange(status=status, answer=json.dumps(errors).encode(), **others)


def named(findings: Findings, name: str) -> Finding:
    (found,) = [item for item in findings if item.name.lower() == name.lower()]
    return found


SESSION = "/v2/library/hello/blobs/uploads/11111111-1111-1111-1111-111111111111"
MANIFEST = "/v2/library/hello/manifests/v1"
PATCH = {"step": "patch_upload", "method": "PATCH", "target": f"{SESSION}?_state=a"}
PUT = {"step": "put_blob", "method": "PUT", "target": f"{SESSION}?_state=a&digest=sha256:{'0' * 64}"}
PUT_MANIFEST = {"step": "put_manifest", "method": "PUT", "target": MANIFEST}
GET_MANIFEST = {"step": "get_manifest", "target": MANIFEST}
DIGEST = "Docker-Content-Digest"
TYPED = (("Content-Type", OCI_MANIFEST),)
ALL_TYPES = (("Accept", ", ".join(MANIFEST_TYPES)),)


@pytest.mark.parametrize(
    ("made", "name", "says"),
    [
        (exchange(**PATCH, status=202, received=(("Range", "0-41"),)), "Range", "starts at 42"),
        (exchange(**PATCH, status=202, received=(("Range", "0-41"),)), "Range", "42 bytes are there"),
        (exchange(**PATCH, status=202, received=(("Range", "0-0"),)), "Range", "one byte is there, or none"),
        (exchange(**PATCH, sent=(("Content-Range", "5-9"),)), "Content-Range", "bytes 5 to 9 of the blob"),
        (exchange(**PATCH, status=202, received=(("Location", "/x"),)), "Location", "relative"),
        (exchange(**PATCH, status=202, received=(("Location", "/x"),)), "Location", "?digest=<digest>"),
        (exchange(**PATCH, status=202, received=(("Location", "/x?a"),)), "Location", "&digest=<digest>"),
        (exchange(received=(("Content-Length", "3"),), answer=b"abc"), "Content-Length", "as many came"),
        (exchange(received=(("Content-Length", "4"),), answer=b"abc"), "Content-Length", "but 3 came"),
        (exchange(method="HEAD", received=(("Content-Length", "4"),)), "Content-Length", "GET would send 4 bytes"),
        (exchange(received=(("Content-Range", "bytes 3-4/5"),)), "Content-Range", "of a content of 5 bytes"),
        (exchange(received=((DIGEST, sha256(b"a")),), answer=b"a"), DIGEST, "have it too"),
        (exchange(received=((DIGEST, sha256(b"b")),), answer=b"a"), DIGEST, "another"),
        (exchange(status=307, received=(("Location", "https://cdn/x"),)), "Location", "another host"),
        (
            exchange(status=401, received=(("WWW-Authenticate", 'Bearer realm="https://a/t",service="s",scope="r:x:pull"'),)),
            "WWW-Authenticate",
            "given at https://a/t for service s, scope r:x:pull",
        ),
        (exchange(sent=(("Authorization", "Basic YTpi"),)), "Authorization", "scheme Basic"),
    ],
)  # fmt: skip
def test_a_header_is_explained_with_the_values_of_its_exchange(made: Exchange, name: str, says: str) -> None:
    assert says in named(rt.explain(made), name).meaning


def test_what_is_in_no_table_says_so() -> None:
    made = refused(418, "TEAPOT", received=(("X-Tea", "hot"),))
    assert [item.name for item in rt.explain(made).unknown] == ["418", "X-Tea", "TEAPOT"]
    assert all("regtutor" in item.meaning for item in rt.explain(made).unknown)


def test_a_secret_is_not_in_what_is_said_of_it() -> None:
    made = exchange(status=401, sent=(("Authorization", "Basic c2VjcmV0OnBhc3N3b3Jk"),))
    assert "c2VjcmV0OnBhc3N3b3Jk" not in str(rt.explain(made)) + findings_html(rt.explain(made))


def test_a_refusal_is_explained_without_an_answer_too() -> None:
    broken = replace(exchange(), response=None, error="connection refused")
    assert named(rt.explain(broken).diagnoses, "no answer").meaning.endswith("connection refused")  # type: ignore[arg-type]


# The traps.

PACKED = gzip.compress(b"abc", mtime=0)
BEARER = (("WWW-Authenticate", 'Bearer realm="https://auth/token",service="reg",scope="repository:a/b:pull"'),)
DELETE = {"step": "delete_blob", "method": "DELETE"}

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


def test_an_ordinary_404_of_a_tag_with_every_type_in_accept_is_not_blamed_on_accept() -> None:
    assert rt.explain(refused(404, "MANIFEST_UNKNOWN", **GET_MANIFEST, sent=ALL_TYPES)).diagnoses == ()


def test_a_trap_on_the_wire_is_diagnosed_as_on_paper(reg: rt.Registry) -> None:
    start = rt.start_upload(reg, "traps/digest")
    (diagnosis,) = rt.explain(rt.put_blob(reg, start.location, b"abc", digest=sha256(b"x"))).diagnoses
    assert diagnosis.name == "the digest is not that of the bytes"
    manifest = rt.put_manifest(reg, "traps/blobs", "v1", rt.sample_image().manifest)
    assert [item.name for item in rt.explain(manifest).diagnoses] == ["a blob of the manifest is missing"]


# The traps on the wire: what registries here really answer.


def diagnosed(exchange: Exchange) -> list[str]:
    return [item.name for item in rt.explain(exchange).diagnoses]


def test_a_half_open_range_is_diagnosed_whether_the_registry_minds_or_not(reg: rt.Registry) -> None:
    start = rt.start_upload(reg, "traps/half-open")
    draft = rt.draft(rt.patch_upload, start.location, b"0123456789", start=0)
    made = reg.send(draft.edit(headers={"Content-Range": "0-10"}))
    assert made.status in (202, 400, 416)
    assert "half-open" in rt.explain(made).diagnoses[0].meaning


def test_a_gap_is_diagnosed_whether_the_registry_refuses_it_or_appends(reg: rt.Registry) -> None:
    start = rt.start_upload(reg, "traps/gap")
    first = rt.patch_upload(reg, start.location, b"0123456789", start=0)
    made = rt.patch_upload(reg, first.location, b"0123456789", start=20)
    expected = {416: "not the next bytes", 202: "the chunk is not where it was said to be"}
    assert made.status is not None and diagnosed(made) == [expected[made.status]]


def test_an_empty_session_and_one_of_a_single_byte_are_told_apart_by_nobody(reg: rt.Registry) -> None:
    start = rt.start_upload(reg, "traps/one-byte")
    patched = rt.patch_upload(reg, start.location, b"x", start=0)
    assert diagnosed(patched) == []
    assert diagnosed(rt.get_upload(reg, patched.location)) == ["0-0 is one byte or none"]


def test_a_diff_id_in_place_of_the_digest_is_recognised_by_unpacking(reg: rt.Registry) -> None:
    start = rt.start_upload(reg, "traps/diff-id")
    assert diagnosed(rt.put_blob(reg, start.location, PACKED, digest=sha256(b"abc"))) == ["the digest is the diff ID"]
    start = rt.start_upload(reg, "traps/diff-id")
    large = gzip.compress(random.Random(1).randbytes(9000))
    made = rt.put_blob(reg, start.location, large, digest=sha256(b"abc"))
    assert "diff ID" in rt.explain(made).diagnoses[0].next


OF_28 = ("in_process", {"quirks": "distribution-2.8"})
OF_NATIVE = pytest.param(("native", {}), marks=pytest.mark.registry, id="native")


@pytest.mark.parametrize("which", [pytest.param(OF_28, id="quirks"), OF_NATIVE])
def test_what_distribution_passes_over_is_diagnosed(
    which: tuple[str, dict[str, Any]], request: pytest.FixtureRequest
) -> None:
    name, options = which
    if name == "native":
        options = {"binary": request.getfixturevalue("registry_binary")}
    with rt.open_registry(name, quiet=True, **options) as reg:
        start = rt.start_upload(reg, "traps/put")
        put = rt.put_blob(reg, start.location, b"abc", start=5)
        posted = rt.post_blob(reg, "traps/post", b"abc")
    assert (put.status, diagnosed(put)) == (201, ["Content-Range of a PUT was not looked at"])
    assert (posted.status, diagnosed(posted)) == (202, ["202 is not stored"])


@pytest.mark.registry
def test_a_blob_that_a_stale_cache_believes_in_is_diagnosed(registry_binary: str) -> None:
    cached = {"REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR": "inmemory"}
    with rt.open_registry("native", quiet=True, binary=registry_binary, settings=cached) as reg:
        start = rt.start_upload(reg, "traps/cache")
        digest = rt.put_blob(reg, start.location, b"x" * 120).expect(201).request.body.digest or ""
        (data,) = reg.host.root.glob(f"**/{digest.removeprefix('sha256:')}/data")  # type: ignore[union-attr]
        data.unlink()  # as a garbage collection does
        recording = Recording(reg)
        assert rt.head_blob(recording, "traps/cache", digest).status == 200
        got = rt.get_blob(recording, "traps/cache", digest)
    assert (got.status, got.bytes_down) == (200, 0)
    assert diagnosed(got) == ["the body is not as long as announced"]
    assert "Restart the registry" in rt.explain(got).diagnoses[0].next


def test_a_registry_without_tls_that_is_asked_over_tls_is_diagnosed() -> None:
    with rt.open_registry("embedded", quiet=True) as reg:
        recording = Recording(rt.connect(reg.url.replace("http:", "https:")))
        assert diagnosed(rt.check_api(recording)) == ["plain HTTP at this port"]


def as_vendors_do(method: str, target: str) -> Reply:
    """A Location outside of the API (Google), a Range that stands still (Amazon), a limit of a request (GitHub)."""
    if method == "POST":
        return 202, {"Location": "/artifacts-uploads/1"}, b""
    if "large" in target:
        return 416, {"Content-Type": "application/json"}, b'{"errors":[{"message":"chunk exceeds 4.00MiB"}]}'
    return 202, {"Location": target, "Range": "0-9"}, b""


def test_habits_of_other_registries_are_diagnosed_on_the_wire() -> None:
    with refusing_registry(as_vendors_do) as there:
        reg = rt.connect(there.url)
        start = rt.start_upload(reg, "traps/vendors")
        frozen = rt.patch_upload(reg, start.location, b"0123456789", start=10)
        large = rt.patch_upload(reg, f"{there.url}/large", b"0123456789", start=10)
    assert diagnosed(start) == ["Location is outside of /v2/"]
    assert diagnosed(frozen) == ["Location is outside of /v2/", "the chunk is not where it was said to be"]
    assert diagnosed(large) == ["the chunk is too large"]


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
    assert [item.name for item in findings.diagnoses] == ["credentials are wanted"]
    assert "Basic" in named(findings, "WWW-Authenticate").meaning


# How findings look.

ORDER = ["request", "request header", "interim", "request body", "response", "response header", "error code"]


def test_the_lines_stand_in_the_order_of_the_message_and_the_diagnoses_after_them() -> None:
    with rt.open_registry("in_process", quiet=True) as reg:
        start = rt.start_upload(reg, "library/hello")
        findings = rt.explain(rt.put_blob(reg, start.location, b"abc", digest=sha256(b"x")))
    parts = list(dict.fromkeys(item.part for item in findings if item.kind == "line"))
    assert parts == [*ORDER, "response body"]
    kinds = [item.kind for item in findings]
    assert kinds == sorted(kinds, reverse=True)


def test_as_text_each_line_is_followed_by_its_meaning_and_the_clause() -> None:
    lines = str(rt.explain(exchange(**PATCH, status=202, received=(("Range", "0-41"), ("Location", "/x"))))).split("\n")
    after = lines[lines.index("< Range: 0-41") + 1]
    assert after.startswith("    42 bytes are there")
    assert after.endswith("spec.md#pushing-a-blob-in-chunks>]")


def test_control_characters_steer_neither_a_terminal_nor_a_page() -> None:
    findings = rt.explain(exchange(received=(("X-Odd", "\x1b[2J<script>alert(1)</script>"),)))
    assert "\x1b" not in str(findings)
    assert "\x1b" not in findings_html(findings)
    assert "<script" not in findings_html(findings)


def test_as_html_each_line_opens_to_its_meaning_without_script_or_style_sheet() -> None:
    findings = rt.explain(refused(405, "UNSUPPORTED", **DELETE, received=(("Allow", "GET"),)))
    shown = findings_html(findings)
    assert shown.count("<details>") == shown.count("</details>") == len(findings) - len(findings.diagnoses)
    assert "<style" not in shown
    assert "deletion is switched off" in shown


def test_as_a_table_each_finding_is_a_row_of_the_same_types_also_where_there_is_none() -> None:
    findings = rt.explain(refused(405, "UNSUPPORTED", **DELETE, received=(("Allow", "GET"),)))
    table, empty = findings_table(findings), findings_table(Findings())
    assert list(table["name"]) == [item.name for item in findings]
    assert list(table.dtypes) == list(empty.dtypes)
    assert table["next"].notna().sum() == len(findings.diagnoses) == 1


def test_a_part_of_the_findings_is_findings() -> None:
    findings = rt.explain(exchange())
    assert isinstance(findings[:1], Findings)
    assert findings[0] == findings[:1][0]


def test_what_is_no_exchange_is_refused_by_name() -> None:
    with pytest.raises(InvalidArgument, match="Transcript"):
        rt.explain(rt.Transcript())  # type: ignore[arg-type]


# In a terminal.


def test_the_command_explains_every_exchange_of_a_saved_transcript(tmp_path: Path) -> None:
    rt.save([exchange(), refused(405, "UNSUPPORTED", **DELETE, received=(("Allow", "GET"),))], tmp_path / "push.json")
    done = CliRunner().invoke(main, ["explain", str(tmp_path / "push.json")])
    assert done.exit_code == 0
    assert done.output.count("\n* ") + 1 == 2
    assert "! deletion is switched off" in done.output


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"format": "regtutor-transcript/9"}'])
def test_the_command_ends_with_2_and_says_why_for_a_bad_file(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "bad.json"
    if content is not None:
        path.write_bytes(content)
    done = CliRunner().invoke(main, ["explain", str(path)])
    assert done.exit_code == 2
    assert "bad.json cannot be loaded" in done.stderr
