"""What comes back from a step: the exchange, whatever the answer; one request, and nothing done on one's behalf."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from regtutor.backends.opening import open_registry
from regtutor.client.connect import connect
from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_image
from regtutor.errors import ConnectionFailed, ContentMismatch, UnexpectedStatus
from regtutor.steps import (
    cancel_upload,
    check_api,
    draft,
    get_blob,
    get_manifest,
    head_blob,
    head_manifest,
    mount_blob,
    put_blob,
    put_manifest,
    start_upload,
)
from tests.refusing_registry import UNAUTHORIZED, Reply, refusing_registry

HELLO = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


@pytest.fixture(params=["in_process", "embedded", pytest.param("native", marks=pytest.mark.registry)])
def reg(request: pytest.FixtureRequest) -> Iterator[Registry]:
    options = {"binary": request.getfixturevalue("registry_binary")} if request.param == "native" else {}
    with open_registry(request.param, quiet=True, **options) as registry:
        yield registry


def test_a_push_by_hand_and_back(reg: Registry, tmp_path: Path) -> None:
    image = sample_image()
    assert check_api(reg).status == 200
    for blob in image.blobs:
        assert head_blob(reg, "library/hello", blob.digest).status == 404
        start = start_upload(reg, "library/hello").expect(202)
        assert start.location is not None
        put = put_blob(reg, start.location, blob).expect(201)
        assert [interim.status for interim in put.interims] == [100]
        assert put.bytes_up == blob.size
        assert put.headers["docker-content-digest"] == blob.digest
        head = head_blob(reg, "library/hello", blob.digest)
        assert (head.status, head.headers["Content-Length"]) == (200, str(blob.size))
        assert mount_blob(reg, "library/other", blob.digest, source="library/hello").status == 201
    assert put_manifest(reg, "library/hello", "v1", image.manifest).status == 201
    assert put_manifest(reg, "library/other", image.digest, image.manifest).status == 201
    assert head_manifest(reg, "library/hello", "v1").headers["Docker-Content-Digest"] == image.digest
    assert get_manifest(reg, "library/other", image.digest).content == image.manifest.data
    for number, blob in enumerate(image.blobs):
        assert get_blob(reg, "library/other", blob.digest, into=tmp_path / str(number)).status == 200
        assert (tmp_path / str(number)).read_bytes() == blob.open().read()


def test_a_session_is_given_up(reg: Registry) -> None:
    start = start_upload(reg, "library/hello")
    assert start.location is not None
    assert cancel_upload(reg, start.location).status == 204
    assert put_blob(reg, start.location, b"hello").status == 404


def test_a_refusal_is_returned_and_not_raised_until_one_asks(reg: Registry) -> None:
    exchange = get_blob(reg, "library/hello", HELLO)
    assert (exchange.status, exchange.ok) == (404, False)
    with pytest.raises(UnexpectedStatus) as caught:
        exchange.expect(200)
    assert caught.value.exchange is exchange
    assert "404" in str(caught.value)


def test_a_draft_that_was_broken_on_purpose_is_sent_as_it_stands(reg: Registry) -> None:
    image = sample_image()
    for blob in image.blobs:
        start = start_upload(reg, "library/hello")
        assert start.location is not None
        put_blob(reg, start.location, blob)
    broken = draft(put_manifest, "library/hello", "v1", image.manifest).edit(headers={"Content-Type": None})
    exchange = reg.send(broken)
    assert exchange.status == 400
    assert "Content-Type" not in exchange.request_headers
    assert [error["code"] for error in exchange.errors] == ["MANIFEST_INVALID"]


def test_without_expect_the_body_goes_at_once(reg: Registry) -> None:
    start = start_upload(reg, "library/hello")
    assert start.location is not None
    put = put_blob(reg, start.location, b"hello", expect_continue=False)
    assert (put.status, put.interims) == (201, ())


def test_a_refusal_that_comes_first_gets_no_body(reg: Registry) -> None:
    unknown = "/v2/library/hello/blobs/uploads/00000000-0000-4000-8000-000000000000?_state=x"
    put = put_blob(reg, unknown, b"hello" * 100_000)  # Distribution waits for bodies of less than 256 KiB
    assert (put.status, put.interims, put.bytes_up, put.request.body.fate) == (404, (), 0, "withheld")


def elsewhere(_method: str, target: str) -> Reply:
    return 307, {"Location": f"/elsewhere{target}"}, b""


def unauthorized(_method: str, _target: str) -> Reply:
    return UNAUTHORIZED


@pytest.mark.parametrize(("reply", "status"), [(elsewhere, 307), (unauthorized, 401)])
def test_no_redirect_is_followed_and_no_credentials_are_looked_for(
    reply: Callable[[str, str], Reply], status: int
) -> None:
    with refusing_registry(reply) as registry, connect(registry.url) as reg:
        exchange = get_blob(reg, "library/hello", HELLO)
    assert exchange.status == status
    assert registry.asked == [f"GET /v2/library/hello/blobs/{HELLO}"]


def test_a_connection_that_fails_is_raised_with_what_was_seen() -> None:
    with refusing_registry(unauthorized) as registry:
        pass
    with connect(registry.url) as reg, pytest.raises(ConnectionFailed) as caught:
        check_api(reg)
    assert caught.value.exchange is not None
    assert (caught.value.exchange.step, caught.value.exchange.status) == ("check_api", None)


def liar(_method: str, _target: str) -> Reply:
    return 200, {"Content-Type": "application/octet-stream"}, b"hellO"


def test_what_is_not_what_its_digest_says_is_not_written(tmp_path: Path) -> None:
    with refusing_registry(liar) as registry, connect(registry.url) as reg:
        with pytest.raises(ContentMismatch) as caught:
            get_blob(reg, "library/hello", HELLO, into=tmp_path / "blob")
        with pytest.raises(ContentMismatch):
            get_manifest(reg, "library/hello", HELLO)
    assert caught.value.exchange is not None and caught.value.exchange.status == 200
    assert list(tmp_path.iterdir()) == []


def test_a_blob_goes_into_an_open_file_that_stays_open(reg: Registry) -> None:
    start = start_upload(reg, "library/hello")
    assert start.location is not None
    put_blob(reg, start.location, b"hello")
    file = io.BytesIO()
    exchange = get_blob(reg, "library/hello", HELLO, into=file)
    assert exchange.response is not None
    assert (file.getvalue(), exchange.response.body.fate) == (b"hello", "saved")
