"""The request that each step builds, as it would be sent, and what a step may be given."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from regtutor.backends.opening import open_registry
from regtutor.content.sample.image import sample_image, sample_layer
from regtutor.errors import InvalidArgument, InvalidBody, LocationLost, NoLocation
from regtutor.message import Location, Request
from regtutor.protocol.media_types import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from regtutor.steps import (
    STEPS,
    cancel_upload,
    check_api,
    delete_blob,
    delete_manifest,
    draft,
    get_blob,
    get_manifest,
    get_referrers,
    get_upload,
    head_blob,
    head_manifest,
    head_upload,
    list_repositories,
    list_tags,
    mount_blob,
    patch_upload,
    post_blob,
    put_blob,
    put_manifest,
    start_upload,
)

HELLO = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
SESSION = "/v2/library/hello/blobs/uploads/2fe0aa2b-7e1a-4b6e-8a0e-6f6f4a6a1a2b?_state=YWJj%3D%3D"
ACCEPTED = tuple(("Accept", kind) for kind in (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST))

REQUESTS: list[tuple[Any, tuple[Any, ...], str, str, tuple[tuple[str, str], ...]]] = [
    (check_api, (), "GET", "/v2/", ()),
    (
        start_upload,
        ("library/hello",),
        "POST",
        "/v2/library/hello/blobs/uploads/",
        (("Content-Length", "0"),),
    ),
    (
        put_blob,
        (SESSION, b"hello"),
        "PUT",
        f"{SESSION}&digest={HELLO}",
        (("Content-Type", "application/octet-stream"), ("Content-Length", "5"), ("Expect", "100-continue")),
    ),
    (
        post_blob,
        ("library/hello", b"hello"),
        "POST",
        f"/v2/library/hello/blobs/uploads/?digest={HELLO}",
        (("Content-Type", "application/octet-stream"), ("Content-Length", "5")),
    ),
    (
        patch_upload,
        (SESSION, b"hello"),
        "PATCH",
        SESSION,
        (("Content-Type", "application/octet-stream"), ("Transfer-Encoding", "chunked")),
    ),
    (get_upload, (SESSION,), "GET", SESSION, ()),
    (head_upload, (SESSION,), "HEAD", SESSION, ()),
    (cancel_upload, (SESSION,), "DELETE", SESSION, (("Content-Length", "0"),)),
    (head_blob, ("library/hello", HELLO), "HEAD", f"/v2/library/hello/blobs/{HELLO}", ()),
    (get_blob, ("library/hello", HELLO), "GET", f"/v2/library/hello/blobs/{HELLO}", ()),
    (delete_blob, ("library/hello", HELLO), "DELETE", f"/v2/library/hello/blobs/{HELLO}", (("Content-Length", "0"),)),
    (
        delete_manifest,
        ("library/hello", "v1"),
        "DELETE",
        "/v2/library/hello/manifests/v1",
        (("Content-Length", "0"),),
    ),
    (head_manifest, ("library/hello", "v1"), "HEAD", "/v2/library/hello/manifests/v1", ACCEPTED),
    (get_manifest, ("library/hello", "v1"), "GET", "/v2/library/hello/manifests/v1", ACCEPTED),
    (
        put_manifest,
        ("library/hello", "v1", b"{}"),
        "PUT",
        "/v2/library/hello/manifests/v1",
        (("Content-Type", OCI_MANIFEST), ("Content-Length", "2")),
    ),
    (list_tags, ("library/hello",), "GET", "/v2/library/hello/tags/list", ()),
    (list_repositories, (), "GET", "/v2/_catalog", ()),
    (get_referrers, ("library/hello", HELLO), "GET", f"/v2/library/hello/referrers/{HELLO}", ()),
]


def target_of(request: Request) -> str:
    return request.target.follow() if isinstance(request.target, Location) else request.target


@pytest.mark.parametrize(
    ("step", "given", "method", "target", "headers"), REQUESTS, ids=[row[0].__name__ for row in REQUESTS]
)
def test_the_request_of_each_step(
    step: Any, given: tuple[Any, ...], method: str, target: str, headers: tuple[tuple[str, str], ...]
) -> None:
    request = draft(step, *given)
    assert (request.step, request.method, target_of(request), request.headers) == (
        step.__name__,
        method,
        target,
        headers,
    )


def test_a_registry_that_is_given_to_draft_is_refused_by_name() -> None:
    with (
        open_registry("in_process", quiet=True) as reg,
        pytest.raises(InvalidArgument, match=r"rt\.draft\(rt\.put_manifest, \.\.\.\) without it"),
    ):
        draft(put_manifest, reg, "library/hello", "v1", b"{}")


@pytest.mark.parametrize(
    ("source", "query"),
    [
        ({"source": "library/hello"}, f"mount={HELLO}&from=library/hello"),
        ({"source": ""}, f"mount={HELLO}&from="),
        ({"source": None}, f"mount={HELLO}"),
        ({}, f"mount={HELLO}"),
    ],
)
def test_the_request_of_mount_blob_names_the_digest_and_the_source_if_there_is_one(
    source: dict[str, str | None], query: str
) -> None:
    request = draft(mount_blob, "library/other", HELLO, **source)
    assert (request.step, request.method, request.target, request.headers) == (
        "mount_blob",
        "POST",
        f"/v2/library/other/blobs/uploads/?{query}",
        (("Content-Length", "0"),),
    )


def test_a_chunk_says_its_first_and_its_last_byte() -> None:
    assert draft(patch_upload, SESSION, b"hello", start=7).headers == (
        ("Content-Type", "application/octet-stream"),
        ("Content-Length", "5"),
        ("Content-Range", "7-11"),
    )


def test_a_last_chunk_says_its_first_and_its_last_byte_and_the_digest_of_all() -> None:
    request = draft(put_blob, SESSION, b"lo", digest=HELLO, start=3)
    assert target_of(request) == f"{SESSION}&digest={HELLO}"
    assert request.header("Content-Range") == "3-4"
    assert request.header("Content-Length") == "2"


@pytest.mark.parametrize("start", [None, 5])
def test_a_put_without_bytes_has_no_range_and_expects_nothing(start: int | None) -> None:
    assert draft(put_blob, SESSION, b"", digest=HELLO, start=start).headers == (
        ("Content-Type", "application/octet-stream"),
        ("Content-Length", "0"),
    )


def test_every_step_is_drafted_here() -> None:
    in_files_of_their_own = {"mount_blob", "request_token"}  # test_token.py
    assert {row[0].__name__ for row in REQUESTS} | in_files_of_their_own == set(STEPS)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/v2/a/blobs/uploads/1", f"/v2/a/blobs/uploads/1?digest={HELLO}"),
        ("/v2/a/blobs/uploads/1?_state=x", f"/v2/a/blobs/uploads/1?_state=x&digest={HELLO}"),
        ("/v2/a/blobs/uploads/1?", f"/v2/a/blobs/uploads/1?&digest={HELLO}"),
        ("/up/%7e/../%2F?a=b%20c", f"/up/%7e/../%2F?a=b%20c&digest={HELLO}"),
        ("https://elsewhere.invalid/up?sig=1", f"https://elsewhere.invalid/up?sig=1&digest={HELLO}"),
    ],
)
def test_a_location_is_followed_byte_for_byte_with_the_digest_appended(location: str, target: str) -> None:
    assert target_of(draft(put_blob, location, b"hello")) == target
    assert target_of(draft(put_blob, Location(location), b"hello")) == target
    assert target_of(draft(cancel_upload, location)) == location


@pytest.mark.parametrize("step", [put_blob, patch_upload, get_upload, head_upload, cancel_upload])
def test_the_location_of_an_answer_that_had_none_is_refused_by_name(step: Any) -> None:
    content = (b"x",) if step in (put_blob, patch_upload) else ()
    with pytest.raises(
        NoLocation, match=r"There is no Location to send the request to: .* was the request refused"
    ) as failed:
        draft(step, None, *content)
    assert "after a 201, the blob is stored" in failed.value.next


@pytest.mark.parametrize("step", [head_blob, get_blob, delete_blob, get_manifest])
def test_a_layer_in_place_of_its_digest_is_refused_by_name(step: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"is of type Layer.*Give its digest"):
        draft(step, "library/hello", sample_layer(3))


def test_an_image_in_place_of_its_manifest_is_refused_by_name() -> None:
    with pytest.raises(InvalidBody, match=r"of type Image.*Give its manifest: image\.manifest"):
        draft(put_manifest, "library/hello", "v1", sample_image())


def test_an_empty_digest_or_media_type_is_sent_as_it_is() -> None:
    assert str(draft(put_blob, SESSION, b"x", digest="").target).endswith("&digest=")
    assert str(draft(post_blob, "a", b"x", digest="").target).endswith("?digest=")
    assert draft(put_manifest, "a", "v1", b"{}", media_type="").header("Content-Type") == ""


@pytest.mark.parametrize("wrong", ["sha256:x y", "sha256:a&b=c", "no digest\r\nX: y"])
def test_a_wrong_digest_is_written_alike_in_every_query(wrong: str) -> None:
    written = [
        str(draft(put_blob, SESSION, b"x", digest=wrong).target).partition("&digest=")[2],
        str(draft(post_blob, "a", b"x", digest=wrong).target).partition("?digest=")[2],
        str(draft(mount_blob, "a", wrong, source="b").target).partition("?mount=")[2].partition("&from=")[0],
    ]
    assert len(set(written)) == 1 and unquote(written[0]) == wrong
    assert not {" ", "&", "\n"} & set(written[0])


def test_a_location_whose_secret_was_not_saved_is_not_followed() -> None:
    with pytest.raises(LocationLost):
        draft(put_blob, Location.from_record("http://127.0.0.1/up?sig=<redacted>"), b"hello")


@pytest.mark.parametrize(
    ("repository", "path"),
    [
        ("Library/Hello", "/v2/Library/Hello/blobs/uploads/"),
        ("a..b/-", "/v2/a..b/-/blobs/uploads/"),
        ("../../etc", "/v2/../../etc/blobs/uploads/"),
        ("what?#", "/v2/what%3F%23/blobs/uploads/"),
        ("two words\r\nHost: x", "/v2/two%20words%0D%0AHost:%20x/blobs/uploads/"),
        ("ö", "/v2/%C3%B6/blobs/uploads/"),
    ],
)
def test_a_wrong_name_is_sent_for_the_registry_to_judge_but_cannot_end_the_path_or_the_line(
    repository: str, path: str
) -> None:
    assert draft(start_upload, repository).target == path


def test_a_wrong_digest_is_sent_for_the_registry_to_judge() -> None:
    assert draft(head_blob, "a", "md5:1").target == "/v2/a/blobs/md5:1"
    assert target_of(draft(put_blob, "/up", b"hello", digest="nonsense")) == "/up?digest=nonsense"


def contents(tmp_path: Path) -> dict[str, Any]:
    """``hello`` in every form that a step takes."""
    (tmp_path / "hello").write_bytes(b"hello")
    late = io.BytesIO(b"oh, hello")
    late.seek(4)
    return {
        "bytes": b"hello",
        "bytearray": bytearray(b"hello"),
        "memoryview": memoryview(b"hello"),
        "a path": tmp_path / "hello",
        "a path as text": str(tmp_path / "hello"),
        "an open file": io.BytesIO(b"hello"),
        "an open file, from where it stands": late,
    }


@pytest.mark.parametrize(
    "form",
    [
        "bytes",
        "bytearray",
        "memoryview",
        "a path",
        "a path as text",
        "an open file",
        "an open file, from where it stands",
    ],
)
def test_a_blob_may_be_given_in_any_form_and_sent_twice(form: str, tmp_path: Path) -> None:
    request = draft(put_blob, "/up?_state=x", contents(tmp_path)[form])
    assert target_of(request) == f"/up?_state=x&digest={HELLO}"
    assert request.header("Content-Length") == "5"
    assert request.body is not None
    assert [request.body.read(), request.body.read()] == [b"hello", b"hello"]


def test_an_open_file_stays_open(tmp_path: Path) -> None:
    (tmp_path / "hello").write_bytes(b"hello")
    with (tmp_path / "hello").open("rb") as file:
        request = draft(put_blob, "/up", file)
        assert request.body is not None
        request.body.read()
        assert not file.closed


def test_a_layer_is_known_by_its_digest_and_not_read_to_draft_a_request() -> None:
    layer = sample_layer(1000)

    def opener() -> Any:
        raise AssertionError("opened")

    closed = type(layer)(layer.media_type, layer.digest, layer.size, opener=opener)
    request = draft(put_blob, "/up", closed)
    assert target_of(request) == f"/up?digest={layer.digest}"
    assert request.header("Content-Length") == "1000"


@pytest.mark.parametrize(
    "content",
    [None, 5, {"a": 1}, io.StringIO("hello"), "/no/such/file", [b"hello"]],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_sent_is_refused_by_name(content: Any) -> None:
    with pytest.raises(InvalidBody) as caught:
        draft(put_blob, "/up", content)
    assert caught.value.why and caught.value.next


def test_a_manifest_of_an_image_brings_its_media_type() -> None:
    image = sample_image()
    request = draft(put_manifest, "a", "v1", image.manifest)
    assert request.header("Content-Type") == image.media_type
    assert request.body is not None and request.body.read() == image.manifest.data
    assert draft(put_manifest, "a", "v1", image.manifest, media_type="x/y").header("Content-Type") == "x/y"


def test_a_manifest_in_bytes_is_not_looked_into(tmp_path: Path) -> None:
    data = json.dumps({"schemaVersion": 2, "mediaType": DOCKER_MANIFEST}).encode()
    assert draft(put_manifest, "a", "v1", data).header("Content-Type") == OCI_MANIFEST
    assert draft(put_manifest, "a", "v1", data, media_type=DOCKER_MANIFEST).header("Content-Type") == DOCKER_MANIFEST


def test_expect_can_be_left_out() -> None:
    assert draft(put_blob, "/up", b"hello", expect_continue=False).header("Expect") is None


def test_accept_can_be_chosen_and_left_out() -> None:
    assert draft(get_manifest, "a", "v1", accept=["x/y"]).headers == (("Accept", "x/y"),)
    assert draft(head_manifest, "a", "v1", accept=()).headers == ()


def test_what_is_fetched_by_digest_is_checked_against_it() -> None:
    assert draft(get_blob, "a", HELLO).digest == HELLO
    assert draft(get_manifest, "a", HELLO).digest == HELLO
    assert draft(get_manifest, "a", "v1").digest is None


def test_a_draft_is_edited_into_a_copy() -> None:
    request = draft(put_blob, "/up", b"hello")
    edited = request.edit(headers={"content-type": None, "X-More": "1"}, body=b"hello, world")
    assert edited.headers == (("Content-Length", "12"), ("Expect", "100-continue"), ("X-More", "1"))
    assert request.header("Content-Type") == "application/octet-stream"
    assert target_of(edited) == target_of(request)


def test_tags_of_the_main_branch_are_in_the_query_of_the_put() -> None:
    request = draft(put_manifest, "library/hello", HELLO, b"hello", tags=["v1", "1.0", "a&b"])
    assert target_of(request) == f"/v2/library/hello/manifests/{HELLO}?tag=v1&tag=1.0&tag=a%26b"


def test_the_algorithm_of_the_main_branch_is_in_the_query_of_the_post() -> None:
    request = draft(start_upload, "library/hello", digest_algorithm="sha512")
    assert target_of(request) == "/v2/library/hello/blobs/uploads/?digest-algorithm=sha512"
    assert request.step == "start_upload"
