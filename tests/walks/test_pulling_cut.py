"""A pull whose connection is cut, or whose registry lies: what is asked next, and what is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from regtutor import walks
from regtutor.client.connect import connect
from regtutor.content.image import Config, Manifest
from regtutor.content.reading.load import load_image
from regtutor.content.writing import staging
from regtutor.content.writing.destination import destination
from regtutor.errors import ConnectionFailed, ContentMismatch, PullFailed, PullLocked, RegtutorError
from regtutor.exchange import Transcript
from regtutor.protocol.digests import sha256
from regtutor.protocol.media_types import OCI_INDEX, OCI_MANIFEST
from regtutor.walks.fetching import REDIRECTS, TRIES
from regtutor.walks.pulling import pull_image
from tests.walks.serving import IMAGE, LARGE, LARGE_BYTES, Answer, Asked, Script, an_image, honest, serving


def pull(script: Script, into: Path, reference: str = "v1") -> tuple[Transcript, list[Asked]]:
    """A pull from a server that answers with ``script``; the transcript, and how the large layer was asked for."""
    with serving(script) as server, connect(server.url) as reg:
        transcript = pull_image(reg, "library/hello", reference, into, progress=False)
        return transcript, server.blob_requests(LARGE.digest)


def cutting(*cuts: int, script: Script | None = None) -> Script:
    """``script``, whose answers for the large layer are cut after so many bytes, one after the other."""
    rest: Iterator[int] = iter(cuts)
    inner = script or honest()

    def answer(asked: Asked) -> Answer:
        return replace(inner(asked), cut=next(rest, None)) if asked.path.endswith(LARGE.digest) else inner(asked)

    return answer


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def kept_in(folder: Path) -> set[str]:
    """The digests of the blobs that wait there for the next pull; what is not whole ends in ``.part``."""
    kept = {path for path in (folder / ".image.pulling").rglob("*") if path.is_file()}
    assert left_in(folder) == ([".image.pulling"] if kept else [])
    return {f"{path.parent.name}:{path.name}" for path in kept}


def layer_in(layout: Path) -> bytes:
    (layer,) = load_image(layout).layers
    layer.verify()
    return layer.open().read()


def test_a_cut_transfer_goes_on_where_it_was_cut(tmp_path: Path) -> None:
    transcript, asked = pull(cutting(100_000, 50_000), tmp_path / "image")
    assert [request.start for request in asked] == [None, 100_000, 150_000]
    assert [request.headers.get("if-range") for request in asked] == [None, f'"{LARGE.digest}"', f'"{LARGE.digest}"']
    assert [exchange.status for exchange in transcript][-3:] == [200, 206, 206]
    assert layer_in(tmp_path / "image") == LARGE_BYTES
    assert left_in(tmp_path) == ["image"]


def test_a_registry_that_knows_no_ranges_is_taken_from_the_beginning(tmp_path: Path) -> None:
    inner = honest()

    def no_ranges(asked: Asked) -> Answer:
        return inner(replace(asked, headers={}))

    _, asked = pull(cutting(100_000, script=no_ranges), tmp_path / "image")
    assert [request.start for request in asked] == [None, 100_000]
    assert layer_in(tmp_path / "image") == LARGE_BYTES


def test_another_range_than_was_asked_for_is_not_taken(tmp_path: Path) -> None:
    inner = honest()

    def other_range(asked: Asked) -> Answer:
        answer = inner(asked)
        return replace(answer, headers={"Content-Range": "bytes 5-9/10"}) if answer.status == 206 else answer

    _, asked = pull(cutting(100_000, script=other_range), tmp_path / "image")
    assert [request.start for request in asked] == [None, 100_000, None]
    assert layer_in(tmp_path / "image") == LARGE_BYTES


def test_a_range_that_cannot_be_satisfied_is_followed_by_the_whole_blob(tmp_path: Path) -> None:
    inner = honest()

    def refuses_ranges(asked: Asked) -> Answer:
        return Answer(416) if asked.start else inner(asked)

    transcript, asked = pull(cutting(100_000, script=refuses_ranges), tmp_path / "image")
    assert [request.start for request in asked] == [None, 100_000, None]
    assert [exchange.status for exchange in transcript][-3:] == [200, 416, 200]
    assert layer_in(tmp_path / "image") == LARGE_BYTES


def test_tries_are_bounded_and_what_came_is_used_by_the_next_pull(tmp_path: Path) -> None:
    with pytest.raises(ConnectionFailed) as caught:
        pull(cutting(*[1000] * TRIES), tmp_path / "image")
    assert caught.value.transcript is not None
    assert len(caught.value.transcript) == 2 + TRIES  # the manifest and the config before them
    assert left_in(tmp_path) == [".image.pulling"]
    transcript, asked = pull(honest(), tmp_path / "image")
    assert [request.start for request in asked] == [1000 * TRIES]
    assert [exchange.step for exchange in transcript] == ["get_manifest", "get_blob"]
    assert layer_in(tmp_path / "image") == LARGE_BYTES
    assert left_in(tmp_path) == ["image"]


def test_a_blob_is_asked_for_six_times_and_no_more(tmp_path: Path) -> None:
    with pytest.raises(ConnectionFailed) as caught:
        pull(cutting(*[1000] * 6), tmp_path / "image")
    assert caught.value.transcript is not None
    starts = [exchange.request_headers.get("Range") for exchange in caught.value.transcript[2:]]
    assert starts == [None, *(f"bytes={thousands}000-" for thousands in range(1, 6))]


def test_after_bytes_have_come_a_connection_that_brings_nothing_is_tried_again_after_a_wait(
    tmp_path: Path, waited: list[float]
) -> None:
    _, asked = pull(cutting(100_000, 0, 0), tmp_path / "image")
    assert [request.start for request in asked] == [None, 100_000, 100_000, 100_000]
    assert waited == [0.2, 0.5, 1.0]
    assert layer_in(tmp_path / "image") == LARGE_BYTES


def test_where_the_registry_stays_away_the_tries_are_bounded(tmp_path: Path) -> None:
    with pytest.raises(ConnectionFailed) as caught:
        pull(cutting(100_000, *[0] * 9), tmp_path / "image")
    assert caught.value.transcript is not None
    assert len(caught.value.transcript) == 2 + TRIES
    assert left_in(tmp_path) == [".image.pulling"]


def test_a_connection_that_brings_nothing_is_not_tried_again(tmp_path: Path) -> None:
    with pytest.raises(ConnectionFailed) as caught:
        pull(cutting(0), tmp_path / "image")
    assert caught.value.transcript is not None
    assert len(caught.value.transcript) == 3


def test_bytes_of_an_earlier_pull_that_were_damaged_since_are_fetched_anew(tmp_path: Path) -> None:
    with pytest.raises(ConnectionFailed):
        pull(cutting(*[1000] * TRIES), tmp_path / "image")
    (part,) = (tmp_path / ".image.pulling").rglob("*.part")
    part.write_bytes(b"x" * 6000)
    _, asked = pull(honest(), tmp_path / "image")
    assert [request.start for request in asked] == [6000, None]
    assert layer_in(tmp_path / "image") == LARGE_BYTES


def test_a_program_that_was_stopped_after_the_last_byte_asks_for_nothing(tmp_path: Path) -> None:
    part = tmp_path / ".image.pulling" / "blobs" / f"{LARGE.digest.replace(':', '/')}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(LARGE_BYTES)
    _, asked = pull(honest(), tmp_path / "image")
    assert asked == []
    assert layer_in(tmp_path / "image") == LARGE_BYTES


def with_layer(data: bytes) -> Script:
    inner = honest()

    def answer(asked: Asked) -> Answer:
        return Answer(200, data) if asked.path.endswith(LARGE.digest) else inner(asked)

    return answer


@pytest.fixture
def read_again(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read to compute their digest."""
    names: list[str] = []
    digest_of = staging._digest_of

    def noting(path: Path, like: str) -> str:
        names.append(path.name)
        return digest_of(path, like)

    monkeypatch.setattr(staging, "_digest_of", noting)
    return names


def test_a_blob_that_came_in_one_response_is_not_read_again(tmp_path: Path, read_again: list[str]) -> None:
    pull(honest(), tmp_path / "image")
    assert read_again == []


def test_a_blob_that_came_in_two_responses_is_read_once(tmp_path: Path, read_again: list[str]) -> None:
    pull(cutting(100_000), tmp_path / "image")
    assert read_again == [f"{LARGE.digest.removeprefix('sha256:')}.part"]


OTHER = LARGE_BYTES[:-1] + bytes([LARGE_BYTES[-1] ^ 1])


@pytest.mark.parametrize("data", [OTHER, LARGE_BYTES + b"x", LARGE_BYTES[:-1], b""])
def test_a_blob_that_is_not_what_its_digest_says_is_not_kept(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ContentMismatch) as caught:
        pull(with_layer(data), tmp_path / "image")
    assert caught.value.transcript is not None
    assert kept_in(tmp_path) == {IMAGE.config.digest}


def test_a_blob_whose_size_in_the_manifest_is_wrong_is_not_kept(tmp_path: Path) -> None:
    image = an_image(replace(LARGE, size=LARGE.size + 1))
    with pytest.raises(ContentMismatch):
        pull(honest(image), tmp_path / "image")
    assert kept_in(tmp_path) == {IMAGE.config.digest}


@pytest.mark.parametrize(("status", "reference"), [(401, "v1"), (429, "v1"), (503, "v1"), (404, "mistyped")])
def test_a_refusal_takes_nothing_away_that_came_before(tmp_path: Path, status: int, reference: str) -> None:
    inner = honest()

    def refusing(asked: Asked) -> Answer:
        return Answer(status, b"no") if asked.path.endswith(LARGE.digest) else inner(asked)

    with pytest.raises(ConnectionFailed):
        pull(cutting(100_000, *[0] * TRIES), tmp_path / "image")
    with pytest.raises(PullFailed):
        pull(refusing, tmp_path / "image", reference)
    assert kept_in(tmp_path) == {IMAGE.config.digest, f"{LARGE.digest}.part"}
    _, asked = pull(inner, tmp_path / "image")
    assert [request.start for request in asked] == [100_000]
    assert layer_in(tmp_path / "image") == LARGE_BYTES


def test_another_pull_to_the_same_place_is_refused_before_its_first_request(tmp_path: Path) -> None:
    into = tmp_path / "image"
    with serving(honest()) as server, connect(server.url) as reg:
        first = walks.Walker(walks.pull("library/hello", "v1", destination(into)), reg)
        first.step()
        begun = len(server.asked)
        with pytest.raises(PullLocked, match="another pull writes to it"):
            pull_image(reg, "library/hello", "v1", into, progress=False)
        assert len(server.asked) == begun
        while first.request is not None:
            first.step()
        assert layer_in(into) == LARGE_BYTES
        pull_image(reg, "library/hello", "v1", into, progress=False)
    assert left_in(tmp_path) == ["image"]


def test_a_place_that_another_pull_has_filled_in_the_meantime_is_added_to(tmp_path: Path) -> None:
    into = tmp_path / "image"
    with serving(honest()) as server, connect(server.url) as reg:
        second = destination(into)
        pull_image(reg, "library/hello", "v1", into, progress=False)
        transcript = walks.run(walks.pull("library/hello", IMAGE.digest, second), reg)
    assert [exchange.step for exchange in transcript] == ["get_manifest"]
    assert len(json.loads((into / "index.json").read_bytes())["manifests"]) == 2
    assert left_in(tmp_path) == ["image"]


def test_a_pull_that_is_given_up_lets_the_next_one_in(tmp_path: Path) -> None:
    with serving(honest()) as server, connect(server.url) as reg:
        walk = walks.pull("library/hello", "v1", destination(tmp_path / "image"))
        next(walk)
        walk.close()
        assert left_in(tmp_path) == []
        pull_image(reg, "library/hello", "v1", tmp_path / "image", progress=False)


def test_a_layout_that_is_there_stays_as_it_was_when_the_next_pull_fails(tmp_path: Path) -> None:
    pull(honest(), tmp_path / "image")
    index = (tmp_path / "image" / "index.json").read_bytes()
    other = an_image(LARGE, replace(LARGE, digest="sha256:" + "0" * 64))
    with pytest.raises(PullFailed):
        pull(lambda asked: Answer(404) if "0000" in asked.path else honest(other)(asked), tmp_path / "image")
    assert (tmp_path / "image" / "index.json").read_bytes() == index
    assert layer_in(tmp_path / "image") == LARGE_BYTES
    assert left_in(tmp_path) == ["image"]


def manifest_answer(**changes: object) -> Script:
    def answer(asked: Asked) -> Answer:
        found = honest()(asked)
        return replace(found, **changes) if "/manifests/" in asked.path else found  # type: ignore[arg-type]

    return answer


TYPED = {"Content-Type": OCI_MANIFEST}
SCHEMA1 = b'{"schemaVersion": 1, "name": "a", "tag": "b", "fsLayers": [], "history": []}'


@pytest.mark.parametrize(
    ("script", "error", "told"),
    [
        (manifest_answer(headers={**TYPED, "Docker-Content-Digest": "sha256:" + "0" * 64}), ContentMismatch, "0000"),
        (manifest_answer(headers={**TYPED, "Docker-Content-Digest": "md5:abc"}), ContentMismatch, "md5"),
        (manifest_answer(body=b" " * (4 * 1024 * 1024 + 1), headers=TYPED), PullFailed, "4,194,304"),
        (manifest_answer(body=b"[" * 100_000, headers=TYPED), PullFailed, "nested"),
        (manifest_answer(body=b"{}", headers=TYPED), PullFailed, "schemaVersion"),
        (manifest_answer(body=b"<html>", headers={"Content-Type": "text/html"}), PullFailed, "not JSON"),
        (manifest_answer(body=SCHEMA1, headers={}), PullFailed, "schema 1"),
        (manifest_answer(status=401, headers={}), PullFailed, "401"),
        (manifest_answer(status=404, headers={}), PullFailed, "404"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_said_and_nothing_is_written(
    tmp_path: Path, script: Script, error: type[RegtutorError], told: str
) -> None:
    with pytest.raises(error, match=told) as caught:
        pull(script, tmp_path / "image")
    assert caught.value.transcript is not None
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("config", [b"nonsense", b"[" * 100_000, b'{"rootfs": {"diff_ids": ["x"]}}', b'{"os": 5}'])
def test_a_config_that_cannot_be_read_is_the_registry_s_fault(tmp_path: Path, config: bytes) -> None:
    found = Config(config, IMAGE.config.media_type)
    body = json.loads(IMAGE.manifest.data)
    body["config"] |= {"digest": found.digest, "size": found.size}
    image = replace(IMAGE, manifest=Manifest(json.dumps(body).encode(), OCI_MANIFEST), config=found)
    with pytest.raises(PullFailed, match=found.digest):
        pull(honest(image), tmp_path / "image")
    assert kept_in(tmp_path) == {found.digest}


def test_by_digest_other_bytes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ContentMismatch):
        pull(manifest_answer(body=IMAGE.manifest.data + b" ", headers=TYPED), tmp_path / "image", IMAGE.digest)
    assert left_in(tmp_path) == []


def test_no_file_name_comes_from_the_registry(tmp_path: Path) -> None:
    evil = json.loads(IMAGE.manifest.data)
    evil["layers"][0]["digest"] = "sha256:../../../../evil"
    with pytest.raises(PullFailed, match="not a digest"):
        pull(manifest_answer(body=json.dumps(evil).encode(), headers=TYPED), tmp_path / "deep" / ".." / "image")
    assert left_in(tmp_path) == []


def test_indexes_that_lie_too_deep_are_refused(tmp_path: Path) -> None:
    indexes: dict[str, bytes] = {}
    entry = {"mediaType": OCI_MANIFEST, "digest": IMAGE.digest, "size": IMAGE.manifest.size}
    for _ in range(6):
        data = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}).encode()
        digest = sha256(data)
        indexes[digest] = data
        entry = {"mediaType": OCI_INDEX, "digest": digest, "size": len(data)}

    def answer(asked: Asked) -> Answer:
        name = asked.path.rpartition("/")[2]
        data = indexes.get(digest if name == "v1" else name)
        return Answer(200, data, {"Content-Type": OCI_INDEX}) if data else honest()(asked)

    with pytest.raises(PullFailed, match="more than 4 levels deep"):
        pull(answer, tmp_path / "image")


def test_redirects_are_followed_as_requests_without_credentials_for_the_other_host(tmp_path: Path) -> None:
    with serving(lambda asked: honest()(replace(asked, path=asked.path.partition("?")[0]))) as storage:

        def redirecting(asked: Asked) -> Answer:
            if "/blobs/" not in asked.path:
                return honest()(asked)
            return Answer(307, b"elsewhere", {"Location": f"{storage.url}/bucket{asked.path}?X-Amz-Signature=secret"})

        with serving(redirecting) as server, connect(server.url) as reg:
            armed = reg.with_auth("me", "secret")
            transcript = pull_image(armed, "library/hello", "v1", tmp_path / "image", progress=False)
    assert [(exchange.step, exchange.status) for exchange in transcript] == [
        ("get_manifest", 200),
        *[("get_blob", 307), ("get_blob", 200)] * 2,
    ]
    assert all("authorization" in asked.headers for asked in server.asked)
    assert not any("authorization" in asked.headers for asked in storage.asked)
    assert all("X-Amz-Signature=secret" in asked.path for asked in storage.asked)
    assert "secret" not in str(transcript)
    assert layer_in(tmp_path / "image") == LARGE_BYTES


def test_redirects_are_bounded(tmp_path: Path) -> None:
    def turning(asked: Asked) -> Answer:
        return honest()(asked) if "/manifests/" in asked.path else Answer(307, b"", {"Location": asked.path})

    with pytest.raises(PullFailed, match="redirects") as caught:
        pull(turning, tmp_path / "image")
    assert caught.value.transcript is not None
    assert len(caught.value.transcript) == 2 + REDIRECTS


def test_a_redirect_to_nowhere_is_said(tmp_path: Path) -> None:
    def nowhere(asked: Asked) -> Answer:
        return honest()(asked) if "/manifests/" in asked.path else Answer(307)

    with pytest.raises(PullFailed, match="Location"):
        pull(nowhere, tmp_path / "image")
