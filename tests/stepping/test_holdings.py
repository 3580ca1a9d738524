"""What a repository holds, read from a real storage."""

from __future__ import annotations

from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_image
from regtutor.stepping.holdings import Holdings, holdings
from regtutor.steps import start_upload
from regtutor.storage_tree import StorageTree
from regtutor.walks.pushing import push_image

IMAGE = sample_image()


def test_blobs_manifests_tags_and_open_sessions_are_counted_by_repository(any_reg: Registry) -> None:
    assert holdings(any_reg.tree(), "library/hello") == Holdings()
    push_image(any_reg, IMAGE, "library/hello", "v2", progress=False)
    push_image(any_reg, IMAGE, "library/hello", "v1", progress=False)
    start_upload(any_reg, "library/hello")
    start_upload(any_reg, "library/hello-2")
    assert holdings(any_reg.tree(), "library/hello") == Holdings(len(IMAGE.blobs), 1, ("v1", "v2"), 1)
    assert holdings(any_reg.tree(), "library/hello-2") == Holdings(sessions=1)
    assert holdings(any_reg.tree(), "library") == Holdings()


def test_an_unknown_layout_holds_nothing() -> None:
    assert holdings(StorageTree.of([("another/tree", 1)]), "library/hello") == Holdings()
