"""Answers that are odd in a way of their own: pages without an end, encoded lists, minimums of 30 digits, no URLs."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import regtutor as rt
from regtutor.errors import CannotSave, InvalidArgument, InvalidURL, ListFailed, PullFailed
from regtutor.walks import tags
from tests.liars.registry import Asked, Lie, LyingRegistry, Truth, lying_registry


@pytest.fixture
def liar() -> Iterator[LyingRegistry]:
    with rt.open_registry("embedded", quiet=True) as reg:
        rt.push_image(reg, rt.sample_image(), "a/b", "v1", progress=False)
        with lying_registry(reg.url) as registry:
            yield registry


def redirects_to(location: str) -> Lie:
    told = Truth(307, "Moved", (("Location", location), ("Content-Length", "0")), b"")
    return lambda _asked, _truth: [told.wire()]


@pytest.mark.parametrize("query", ["", "?n=1"])
def test_a_link_to_a_page_that_was_listed_before_ends_the_list(liar: LyingRegistry, query: str) -> None:
    liar.lie = lambda asked, truth: [
        truth.with_header("Link", f'<{asked.target.partition("?")[0]}{query}>; rel="next"').wire()
    ]
    with pytest.raises(ListFailed, match="which was requested before") as caught:
        rt.run(tags("a/b", []), rt.connect(liar.url))
    assert len(caught.value.transcript) <= 2
    with pytest.raises(ListFailed, match="which was requested before"):
        rt.list_referrers(rt.connect(liar.url), "a/b", rt.sample_image().digest)


def test_an_encoded_list_is_named_as_such(liar: LyingRegistry) -> None:
    def lie(_asked: Asked, truth: Truth) -> Iterable[bytes]:
        return [truth.with_body(gzip.compress(truth.body)).with_header("Content-Encoding", "gzip").wire()]

    liar.lie = lie
    with pytest.raises(ListFailed, match="Content-Encoding: gzip, which the request did not ask for"):
        rt.run(tags("a/b", []), rt.connect(liar.url))


@pytest.mark.parametrize("least", ["1" + "0" * 30, "0" * 40 + "9" * 25, "99999999999999999999"])
def test_a_minimum_beyond_every_size_sends_one_chunk(liar: LyingRegistry, least: str) -> None:
    liar.lie = lambda asked, truth: (
        [truth.with_header("OCI-Chunk-Min-Length", least).wire()] if asked.method == "POST" else None
    )
    made = rt.upload_chunks(rt.connect(liar.url), "a/c", b"x" * 5000, chunk_size=1, progress=False)
    assert [each.step for each in made] == ["start_upload", "patch_upload", "put_blob"]


@pytest.mark.parametrize("location", ["http://[", "http://[::1", "//["])
def test_a_redirect_to_no_url_is_named_with_its_value(liar: LyingRegistry, location: str) -> None:
    liar.lie = redirects_to(location)
    with pytest.raises(PullFailed, match="which is not a URL") as caught:
        rt.inspect_image(rt.connect(liar.url), "a/b", "v1")
    assert location in str(caught.value)


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://h/x", "gopher://h"])
def test_another_scheme_is_named_as_what_it_is(liar: LyingRegistry, location: str) -> None:
    liar.lie = redirects_to(location)
    with pytest.raises(InvalidURL, match="an absolute http or https URL") as caught:
        rt.inspect_image(rt.connect(liar.url), "a/b", "v1")
    assert "Begin the path" not in str(caught.value)


@pytest.mark.parametrize("inside", ["blobs", "blobs/sha256", "blobs/sha256/x"])
def test_a_staging_folder_with_a_link_in_it_is_refused(reg: rt.Registry, tmp_path: Path, inside: str) -> None:
    rt.push_image(reg, rt.sample_image(), "a/b", "v1", progress=False)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = tmp_path / ".image.pulling" / inside
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere)
    with pytest.raises(CannotSave, match="is a symbolic link"):
        rt.pull_image(reg, "a/b", "v1", tmp_path / "image", progress=False)
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("given", [None, 5, "text", rt.draft(rt.check_api), [rt.draft(rt.check_api)], [1]])
@pytest.mark.parametrize("table", [rt.findings_table, rt.summary_table, rt.headers_table])
def test_a_table_of_something_else_is_a_named_error(table: object, given: object) -> None:
    with pytest.raises(InvalidArgument, match="cannot be in this table"):
        table(given)  # type: ignore[operator]
