"""A registry that says it stored something else than what was sent ends the push, whatever the status."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest

import regtutor as rt
from regtutor.errors import PushFailed
from tests.liars.registry import Asked, LyingRegistry, Truth, lying_registry

OTHER = "sha256:" + "0" * 64


@pytest.fixture
def liar(reg: rt.Registry) -> Iterator[LyingRegistry]:
    with lying_registry(reg.url) as registry:
        yield registry


def names(
    named: str, chosen: Callable[[Asked], bool], status: int | None = None
) -> Callable[..., Iterable[bytes] | None]:
    def lie(asked: Asked, truth: Truth) -> Iterable[bytes] | None:
        if not chosen(asked) or truth.status >= 300:
            return None
        told = truth.with_header("Docker-Content-Digest", named)
        return [Truth(status or told.status, "OK", told.headers, told.body).wire()]

    return lie


def ends_a_blob(asked: Asked) -> bool:
    return asked.method == "PUT" and "/blobs/" in asked.target


def is_a_manifest(asked: Asked) -> bool:
    return asked.method == "PUT" and "/manifests/" in asked.target


@pytest.mark.parametrize("named", [OTHER, "sha256:0", "nonsense"])
@pytest.mark.parametrize("status", [None, 200, 204])
@pytest.mark.parametrize("chosen", [ends_a_blob, is_a_manifest])
def test_another_digest_ends_the_push(
    liar: LyingRegistry, chosen: Callable[[Asked], bool], status: int | None, named: str
) -> None:
    liar.lie = names(named, chosen, status)
    with pytest.raises(PushFailed, match="says that the registry stored") as caught:
        rt.push_image(rt.connect(liar.url), rt.sample_image(), "a/b", "v1", progress=False)
    assert named in str(caught.value) and caught.value.exchange is caught.value.transcript[-1]


@pytest.mark.parametrize("upload", ["chunked", "streamed"])
def test_it_ends_each_way_to_upload(liar: LyingRegistry, upload: str) -> None:
    liar.lie = names(OTHER, ends_a_blob)
    with pytest.raises(PushFailed, match="says that the registry stored"):
        rt.push_image(rt.connect(liar.url), rt.sample_image(), "a/b", "v1", upload=upload, progress=False)


def test_a_mount_of_another_digest_ends_the_push(liar: LyingRegistry) -> None:
    reg = rt.connect(liar.url)
    rt.push_image(reg, rt.sample_image(), "a/b", "v1", progress=False)
    liar.lie = names(OTHER, lambda asked: "mount=" in asked.target)
    with pytest.raises(PushFailed, match="says that the registry stored"):
        rt.push_image(reg, rt.sample_image(), "a/c", "v1", progress=False)


def test_a_blob_that_is_another_one_is_uploaded(liar: LyingRegistry) -> None:
    reg = rt.connect(liar.url)
    rt.push_image(reg, rt.sample_image(), "a/b", "v1", progress=False)
    liar.lie = names(OTHER, lambda asked: asked.method == "HEAD" and "/blobs/" in asked.target)
    made = rt.push_image(reg, rt.sample_image(), "a/b", "v1", progress=False)
    assert [each.step for each in made].count("put_blob") == len(rt.sample_image().blobs)


def test_a_digest_of_another_algorithm_is_no_other_digest(liar: LyingRegistry) -> None:
    liar.lie = names("sha512:" + "0" * 128, lambda asked: ends_a_blob(asked) or is_a_manifest(asked))
    assert rt.push_image(rt.connect(liar.url), rt.sample_image(), "a/b", "v1", progress=False)[-1].status == 201
