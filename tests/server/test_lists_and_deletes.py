"""Lists by pages, referrers, and what is deleted: on disk, after a restart, and for CNCF Distribution beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from regtutor.protocol.media_types import DOCKER_SCHEMA1, OCI_INDEX, OCI_MANIFEST
from regtutor.server.app import App
from regtutor.server.http import Response
from regtutor.server.storage.store import Store
from tests.server.inline import Inline, digest, faults, image_manifest
from tests.server.test_distribution import ask

REPOSITORY = "library/hello"


def said(response: Response) -> Any:
    assert isinstance(response.body, bytes)
    return json.loads(response.body)


def next_page(response: Response) -> str | None:
    link = response.header("Link")
    if link is None:
        return None
    target, _, relation = link.partition(">; ")
    assert (target[0], relation) == ("<", 'rel="next"')
    return target[1:]


def pages(inline: Inline, target: str) -> list[Any]:
    """The bodies of a list's pages, by their Links."""
    found = []
    while target and len(found) < 100:
        response = inline.ask("GET", target)
        assert response.status == 200
        found.append(said(response))
        target = next_page(response) or ""
    return found


def refer(inline: Inline, subject: str, number: int, **fields: Any) -> str:
    """Push an artifact that refers to ``subject``; its digest."""
    body = image_manifest(
        b"{}",
        subject={"mediaType": OCI_MANIFEST, "digest": subject, "size": 1},
        annotations={"number": str(number)},
        **fields,
    )
    answer = inline.ask("PUT", f"/v2/{REPOSITORY}/manifests/{digest(body)}", body, Content_Type=OCI_MANIFEST)
    assert (answer.status, answer.header("OCI-Subject")) == (201, subject)
    return digest(body)


@pytest.mark.parametrize("n", [1, 2, 3, 6, 7, 8])
def test_the_pages_of_the_tags_are_all_of_them_each_once(inline: Inline, n: int) -> None:
    manifest = inline.push_image(REPOSITORY, "B", b"{}", b"layer")
    for tag in ("a", "b", "A", "_", "10", "9"):
        inline.ask("PUT", f"/v2/{REPOSITORY}/manifests/{tag}", manifest, Content_Type=OCI_MANIFEST)
    found = pages(inline, f"/v2/{REPOSITORY}/tags/list?n={n}")
    assert [tag for page in found for tag in page["tags"]] == ["10", "9", "_", "A", "a", "B", "b"]
    assert {len(page["tags"]) for page in found[:-1]} <= {n}


@pytest.mark.parametrize("n", ["", "+1", "1.0", "0x1", "\uff11", "9" * 19, " 1", "1%00"])
def test_an_n_that_is_no_decimal_number_is_refused(inline: Inline, n: str) -> None:
    inline.push_blob(REPOSITORY, b"x")
    for target, code in (
        (f"/v2/{REPOSITORY}/tags/list", "UNSUPPORTED"),
        ("/v2/_catalog", "PAGINATION_NUMBER_INVALID"),
    ):
        refused = inline.ask("GET", f"{target}?n={n}")
        assert (refused.status, faults(refused)[0]["code"]) == (400, code)


def test_the_catalog_names_repositories_within_repositories_sorted_and_by_pages(inline: Inline) -> None:
    names = ["a", "a-b", "a/b", "a/b/c", "b/x/y/z", "blobs/uploads", "manifests", "tags/list"]
    for name in reversed(names):
        inline.push_blob(name, b"x")
    inline.start("only/a/session")
    assert said(inline.ask("GET", "/v2/_catalog")) == {"repositories": names}
    assert [name for page in pages(inline, "/v2/_catalog?n=3") for name in page["repositories"]] == names


def test_a_registry_without_content_has_no_repositories(inline: Inline) -> None:
    assert said(inline.ask("GET", "/v2/_catalog")) == {"repositories": []}


def test_files_that_are_no_content_are_not_taken_for_names(inline: Inline, store: Store) -> None:
    manifest = inline.push_image(REPOSITORY, "v1", b"{}", b"layer")
    folder = store.repository_path(REPOSITORY)
    for path in ("_manifests/tags/.DS_Store", "_manifests/revisions/.DS_Store", "_manifests/revisions/sha256/zz/link"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("no digest")
    (folder / "_manifests/tags/no-link").mkdir()
    (folder.parent / "Thumbs.db").write_text("")
    assert said(inline.ask("GET", f"/v2/{REPOSITORY}/tags/list"))["tags"] == ["v1"]
    assert said(inline.ask("GET", "/v2/_catalog"))["repositories"] == [REPOSITORY]
    assert said(inline.ask("GET", f"/v2/{REPOSITORY}/referrers/{digest(manifest)}"))["manifests"] == []


def test_referrers_come_in_as_many_pages_as_a_manifest_may_be_long(store: Store) -> None:
    inline = Inline(App(store, max_manifest_size=1000))
    inline.push_blob(REPOSITORY, b"{}")
    subject = digest(b"subject")
    pushed = {refer(inline, subject, number) for number in range(9)}
    found = pages(
        inline, f"/v2/{REPOSITORY}/referrers/{subject}?artifactType=application/vnd.oci.image.config.v1%2Bjson"
    )
    assert len(found) > 1
    assert max(len(json.dumps(page)) for page in found) <= 1000
    listed = [entry["digest"] for page in found for entry in page["manifests"]]
    assert (len(listed), set(listed)) == (9, pushed)


def test_a_referrer_that_alone_is_too_long_for_a_page_has_one_of_its_own(store: Store) -> None:
    inline = Inline(App(store, max_manifest_size=800))
    inline.push_blob(REPOSITORY, b"{}")
    subject = digest(b"subject")
    for number in range(2):
        refer(Inline(App(store)), subject, number, artifactType="x" * 900)
    assert [len(page["manifests"]) for page in pages(inline, f"/v2/{REPOSITORY}/referrers/{subject}")] == [1, 1]


def test_a_subject_may_be_named_by_its_sha512(inline: Inline) -> None:
    inline.push_blob(REPOSITORY, b"{}")
    subject = digest(b"subject", "sha512")
    referrer = refer(inline, subject, 1)
    (entry,) = said(inline.ask("GET", f"/v2/{REPOSITORY}/referrers/{subject}"))["manifests"]
    assert entry["digest"] == referrer


def test_a_manifest_that_was_pushed_by_its_sha512_is_found_listed_and_deleted_by_it(inline: Inline) -> None:
    inline.push_blob(REPOSITORY, b"{}")
    subject = {"mediaType": OCI_MANIFEST, "digest": digest(b"subject"), "size": 1}
    body = image_manifest(b"{}", subject=subject)
    target = f"/v2/{REPOSITORY}/manifests/{digest(body, 'sha512')}"
    assert inline.ask("PUT", target, body, Content_Type=OCI_MANIFEST).status == 201
    listed = f"/v2/{REPOSITORY}/referrers/{subject['digest']}"
    assert said(inline.ask("GET", listed))["manifests"][0]["digest"] == digest(body, "sha512")
    assert [inline.ask("DELETE", target).status, inline.ask("GET", target).status] == [202, 404]
    assert said(inline.ask("GET", listed))["manifests"] == []


def test_a_deleted_tag_leaves_no_trace_and_its_manifest_stays(inline: Inline, store: Store) -> None:
    manifest = inline.push_image(REPOSITORY, "v1", b"{}", b"layer")
    assert inline.ask("DELETE", f"/v2/{REPOSITORY}/manifests/v1").status == 202
    assert list((store.repository_path(REPOSITORY) / "_manifests" / "tags").iterdir()) == []
    assert inline.ask("GET", f"/v2/{REPOSITORY}/manifests/{digest(manifest)}").status == 200
    assert inline.ask("DELETE", f"/v2/{REPOSITORY}/manifests/v1").status == 404


def test_what_was_deleted_can_be_pushed_again(inline: Inline) -> None:
    for _ in range(2):
        manifest = inline.push_image(REPOSITORY, "v1", b"{}", b"layer")
        for path in (f"manifests/{digest(manifest)}", f"blobs/{digest(b'layer')}", f"blobs/{digest(b'{}')}"):
            assert inline.ask("DELETE", f"/v2/{REPOSITORY}/{path}").status == 202
    assert said(inline.ask("GET", f"/v2/{REPOSITORY}/tags/list"))["tags"] == []


def test_a_deleted_blob_is_not_in_the_repository_and_still_on_disk(inline: Inline, store: Store) -> None:
    name = inline.push_blob(REPOSITORY, b"layer")
    inline.ask("DELETE", f"/v2/{REPOSITORY}/blobs/{name}")
    assert [path.read_bytes() for path in store.root.rglob("blobs/**/data")] == [b"layer"]
    assert list((store.repository_path(REPOSITORY) / "_layers" / "sha256").iterdir()) == []


def test_a_registry_that_deletes_nothing_says_so_and_names_the_other_methods(store: Store) -> None:
    inline = Inline(App(store, deletes=False))
    manifest = inline.push_image(REPOSITORY, "v1", b"{}", b"layer")
    for path, allowed in (
        (f"blobs/{digest(b'layer')}", "GET, HEAD"),
        ("manifests/v1", "GET, HEAD, PUT"),
        (f"manifests/{digest(manifest)}", "GET, HEAD, PUT"),
    ):
        refused = inline.ask("DELETE", f"/v2/{REPOSITORY}/{path}")
        (fault,) = faults(refused)
        assert (refused.status, fault["code"], refused.header("Allow")) == (405, "UNSUPPORTED", allowed)
        assert list(fault["detail"]) == ["given", "expected", "next"]
        assert inline.ask("GET", f"/v2/{REPOSITORY}/{path}").status == 200


def test_what_a_crash_left_half_removed_is_cleared_away(tmp_path: Path) -> None:
    left_over = tmp_path / ".regtutor" / "removed-1" / "current"
    left_over.mkdir(parents=True)
    (left_over / "link").write_text("x")
    Store(tmp_path).close()
    assert list((tmp_path / ".regtutor").glob("removed-*")) == []


def test_a_folder_that_is_removed_while_something_is_written_into_it_is_made_again(
    inline: Inline, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = inline.push_image(REPOSITORY, "v1", b"{}", b"layer")
    replace, deleted = os.replace, []

    def interrupted(source: Any, target: Any) -> None:
        if str(target).endswith("current/link") and not deleted:
            deleted.append(store.remove_tag(REPOSITORY, "v1"))
        replace(source, target)

    monkeypatch.setattr("os.replace", interrupted)
    put = inline.ask("PUT", f"/v2/{REPOSITORY}/manifests/v1", manifest, Content_Type=OCI_MANIFEST)
    assert (deleted, put.status) == ([True], 201)
    assert inline.ask("GET", f"/v2/{REPOSITORY}/manifests/v1").status == 200


@pytest.mark.parametrize("content_type", [DOCKER_SCHEMA1, OCI_MANIFEST])
def test_schema_1_is_refused_with_what_it_lacks_and_what_to_send(inline: Inline, content_type: str) -> None:
    body = {"schemaVersion": 1, "name": "a", "tag": "v1", "fsLayers": [{"blobSum": digest(b"x")}] * 3, "history": []}
    refused = inline.ask("PUT", "/v2/a/manifests/v1", json.dumps(body).encode(), Content_Type=content_type)
    (fault,) = faults(refused)
    assert (refused.status, fault["code"]) == (400, "MANIFEST_INVALID")
    assert "Schema 1. It names neither a config" in fault["detail"]["given"]
    assert ("3 layers" in fault["detail"]["given"]) is (content_type == OCI_MANIFEST)
    assert OCI_INDEX in fault["detail"]["expected"]
    assert fault["detail"]["next"].startswith("PUT /v2/a/manifests/v1 with a manifest of one of these types")


@pytest.mark.registry
def test_each_registry_sees_what_the_other_one_deleted(
    tmp_path: Path, distribution: Callable[[Path], AbstractContextManager[str]]
) -> None:
    root = tmp_path / "root"
    with Store(root) as store:
        inline = Inline(App(store))
        kept = inline.push_image(REPOSITORY, "kept", b"{}", b"layer")
        gone = inline.push_image(REPOSITORY, "gone", b"{}", b"another")
        inline.push_image("library/other", "v1", b"{}", b"layer")
        assert inline.ask("DELETE", f"/v2/{REPOSITORY}/manifests/gone").status == 202
        assert inline.ask("DELETE", f"/v2/{REPOSITORY}/blobs/{digest(b'another')}").status == 202
    with distribution(root) as url:
        assert json.loads(ask(url, "GET", f"/v2/{REPOSITORY}/tags/list")[2])["tags"] == ["kept"]
        assert ask(url, "HEAD", f"/v2/{REPOSITORY}/blobs/{digest(b'another')}")[0] == 404
        target = f"/v2/{REPOSITORY}/manifests/{digest(gone)}"
        assert ask(url, "GET", target, Accept=OCI_MANIFEST)[0] == 200
        assert ask(url, "DELETE", f"/v2/{REPOSITORY}/manifests/{digest(kept)}")[0] == 202
        assert ask(url, "DELETE", f"/v2/library/other/blobs/{digest(b'layer')}")[0] == 202
        names = json.loads(ask(url, "GET", "/v2/_catalog")[2])["repositories"]
    with Store(root) as store:
        inline = Inline(App(store))
        assert said(inline.ask("GET", f"/v2/{REPOSITORY}/tags/list"))["tags"] == []
        assert inline.ask("GET", f"/v2/{REPOSITORY}/manifests/{digest(kept)}").status == 404
        assert inline.ask("GET", target).status == 200
        assert inline.ask("HEAD", f"/v2/library/other/blobs/{digest(b'layer')}").status == 404
        assert inline.ask("HEAD", f"/v2/{REPOSITORY}/blobs/{digest(b'layer')}").status == 200
        assert said(inline.ask("GET", "/v2/_catalog"))["repositories"] == names == [REPOSITORY, "library/other"]
