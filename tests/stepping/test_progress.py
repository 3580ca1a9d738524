"""How far blobs are, from exchanges that were made up; and how bytes are counted."""

from __future__ import annotations

import pytest

from regtutor.content.sample.image import sample_image
from regtutor.exchange import BodyRecord, Exchange, RequestRecord, ResponseRecord
from regtutor.message import Request, body_of
from regtutor.stepping.progress import BlobProgress, counted, progress

IMAGE = sample_image()
LAYER = IMAGE.layers[0]
REPOSITORY = "/v2/library/hello"
UPLOADS, SESSION = f"{REPOSITORY}/blobs/uploads/", f"{REPOSITORY}/blobs/uploads/1"
HEAD = ("head_blob", "HEAD", f"{REPOSITORY}/blobs/{LAYER.digest}")
POST = ("start_upload", "POST", UPLOADS)
MOUNT = ("mount_blob", "POST", f"{UPLOADS}?mount={LAYER.digest}&from=library/other")
PATCH = ("patch_upload", "PATCH", SESSION)
PUT = ("put_blob", "PUT", f"{SESSION}?digest={LAYER.digest}")
CANCEL = ("cancel_upload", "DELETE", SESSION)
GET = ("get_blob", "GET", f"{REPOSITORY}/blobs/{LAYER.digest}")
ELSEWHERE = ("get_blob", "GET", "/bucket/layer?sig=1")
DELETE = ("delete_blob", "DELETE", f"{REPOSITORY}/blobs/{LAYER.digest}")


def made(kind: tuple[str, str, str], status: int, *, up: int = 0, down: int = 0, **headers: str) -> Exchange:
    step, method, target = kind
    response = ResponseRecord(status, "", tuple(headers.items()), BodyRecord(size=down))
    return Exchange(step, f"http://r{target}", RequestRecord(method, target, (), BodyRecord(size=up)), response)


ASKED, OPENED = made(HEAD, 404), made(POST, 202)


@pytest.mark.parametrize(
    ("exchanges", "fate", "sent"),
    [
        ([], "waiting", 0),
        ([ASKED], "waiting", 0),
        ([made(HEAD, 200)], "already there", 0),
        ([ASKED, made(MOUNT, 201)], "mounted", 0),
        ([ASKED, made(MOUNT, 202)], "sending", 0),
        ([ASKED, OPENED], "sending", 0),
        ([ASKED, OPENED, made(PATCH, 202, up=100, Range="0-99")], "sending", 100),
        ([ASKED, OPENED, made(PATCH, 202, up=1, Range="0-0")], "sending", 1),
        ([ASKED, OPENED, made(PATCH, 202, up=100), made(PATCH, 202, up=50)], "sending", 150),
        ([ASKED, OPENED, made(PATCH, 202, up=100), made(PATCH, 416, up=50)], "sending", 100),
        ([ASKED, OPENED, made(PUT, 400, up=LAYER.size)], "sending", 0),
        ([ASKED, OPENED, made(PUT, 201, up=LAYER.size)], "uploaded", LAYER.size),
        ([ASKED, OPENED, made(CANCEL, 204)], "waiting", 0),
        ([made(GET, 200, down=LAYER.size)], "fetched", LAYER.size),
        ([made(GET, 307), made(ELSEWHERE, 200, down=LAYER.size)], "fetched", LAYER.size),
        ([made(GET, 404)], "waiting", 0),
        ([made(DELETE, 202)], "deleted", 0),
    ],
)
def test_what_the_requests_did_to_a_blob(exchanges: list[Exchange], fate: str, sent: int) -> None:
    rows = progress(IMAGE, exchanges)
    assert (rows[0].digest, rows[0].fate, rows[0].sent) == (LAYER.digest, fate, sent)
    assert {row.fate for row in rows[1:]} == {"waiting"}


def test_requests_about_something_else_change_nothing() -> None:
    other = "sha256:" + "0" * 64
    exchange = made(("head_blob", "HEAD", f"{REPOSITORY}/blobs/{other}"), 200)
    assert progress(IMAGE, [exchange, OPENED]) == progress(IMAGE, [])


def test_a_manifest_is_known_by_its_bytes() -> None:
    target = f"{REPOSITORY}/manifests/v1"
    body = BodyRecord(IMAGE.manifest.size, IMAGE.digest)
    put = Exchange("put_manifest", f"http://r{target}", RequestRecord("PUT", target, (), body), ResponseRecord(201, ""))
    assert progress(IMAGE, [put])[-1].fate == "uploaded"
    wrong = BodyRecord(IMAGE.manifest.size, "sha256:" + "1" * 64)
    other = Exchange("put_manifest", put.url, RequestRecord("PUT", target, (), wrong), ResponseRecord(201, ""))
    assert progress(IMAGE, [other])[-1].fate == "waiting"


def test_a_body_that_is_sent_anew_is_counted_anew() -> None:
    told: list[tuple[str, int, int]] = []
    row = BlobProgress("sha256:a", 15, "layer 1", sent=5)
    request = Request("patch_upload", "PATCH", "/", (), body_of(b"0123456789"))
    body = counted(request, row, lambda *call: told.append(call)).body
    assert body is not None
    assert (body.read(), body.read()) == (b"0123456789", b"0123456789")
    assert told == [("sha256:a", 15, 15)] * 2
    told.clear()
    assert b"".join(body.chunks(1)) == b"0123456789"
    assert [sent for _, sent, _ in told] == [15]
