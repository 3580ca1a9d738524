"""What a pull asks, and what it writes."""

from __future__ import annotations

import json
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from regtutor.client.connect import connect
from regtutor.client.registry import Registry
from regtutor.content.image import Layer
from regtutor.content.platforms import machine_platform
from regtutor.content.reading.load import load_image, load_index
from regtutor.content.sample.image import sample_image, sample_index, sample_layer
from regtutor.errors import BadManifest, CannotSave, ContentMismatch, NoSuchPlatform
from regtutor.exchange import Transcript
from regtutor.protocol.digests import Hasher
from regtutor.protocol.media_types import OCI_EMPTY, OCI_FOREIGN
from regtutor.walks.pulling import pull_image
from regtutor.walks.pushing import push_image
from tests.walks.serving import LARGE, Answer, Asked, an_image, honest, serving


def outline(transcript: Transcript) -> list[tuple[str, int | None]]:
    return [(exchange.step, exchange.status) for exchange in transcript]


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_an_image_that_was_pushed_comes_back_byte_for_byte(reg: Registry, tmp_path: Path) -> None:
    image = sample_image()
    push_image(reg, image, "library/hello", "v1")
    transcript = pull_image(reg, "library/hello", "v1", tmp_path / "layout")
    assert outline(transcript) == [("get_manifest", 200)] + [("get_blob", 200)] * 4
    loaded = load_image(tmp_path / "layout")
    loaded.verify()
    assert (loaded.digest, loaded.manifest, loaded.config, loaded.layers, loaded.name) == (
        image.digest,
        image.manifest,
        image.config,
        image.layers,
        "v1",
    )
    assert left_in(tmp_path) == ["layout"]


def test_of_an_index_this_machine_s_image_is_pulled_by_default(reg: Registry, tmp_path: Path) -> None:
    push_image(reg, sample_index(), "library/hello", "v1")
    transcript = pull_image(reg, "library/hello", "v1", tmp_path / "layout")
    assert outline(transcript)[:2] == [("get_manifest", 200)] * 2
    loaded = load_image(tmp_path / "layout")
    assert loaded.platform is not None
    assert loaded.platform.architecture == machine_platform().architecture
    entry = json.loads((tmp_path / "layout" / "index.json").read_bytes())["manifests"][0]
    assert entry["platform"]["architecture"] == machine_platform().architecture


def test_of_an_index_the_image_for_a_platform_is_pulled(reg: Registry, tmp_path: Path) -> None:
    push_image(reg, sample_index(), "library/hello", "v1")
    pull_image(reg, "library/hello", "v1", tmp_path / "layout", platform="linux/arm64")
    assert load_image(tmp_path / "layout").digest == sample_image(platform="linux/arm64").digest


@pytest.mark.parametrize("form", ["oci", "oci-archive"])
def test_a_whole_index_comes_back_byte_for_byte(reg: Registry, tmp_path: Path, form: str) -> None:
    index = sample_index()
    push_image(reg, index, "library/hello", "v1")
    transcript = pull_image(reg, "library/hello", "v1", tmp_path / "image", platform="all", format=form)
    assert outline(transcript) == [("get_manifest", 200)] * 3 + [("get_blob", 200)] * 6  # each shared blob once
    loaded = load_index(tmp_path / "image")
    loaded.verify()
    assert loaded.manifests == index.manifests
    assert left_in(tmp_path) == ["image"]


def test_for_another_platform_there_is_an_error_that_lists_those_that_are_there(
    embedded: Registry, tmp_path: Path
) -> None:
    push_image(embedded, sample_index(), "library/hello", "v1")
    with pytest.raises(NoSuchPlatform, match="linux/amd64, linux/arm64/v8"):
        pull_image(embedded, "library/hello", "v1", tmp_path / "layout", platform="linux/s390x")
    push_image(embedded, sample_image(platform="linux/amd64"), "library/hello", "amd64")
    with pytest.raises(NoSuchPlatform, match="linux/amd64"):
        pull_image(embedded, "library/hello", "amd64", tmp_path / "layout", platform="linux/arm64")
    assert left_in(tmp_path) == [".layout.pulling"]  # the config, which has told it


def test_by_digest_an_image_has_no_name(reg: Registry, tmp_path: Path) -> None:
    push_image(reg, sample_image(), "library/hello", "v1")
    pull_image(reg, "library/hello", sample_image().digest, tmp_path / "layout")
    loaded = load_image(tmp_path / "layout")
    assert (loaded.digest, loaded.name) == (sample_image().digest, "")


def test_what_is_in_the_layout_is_not_fetched_again(reg: Registry, tmp_path: Path) -> None:
    push_image(reg, sample_image("v1"), "library/hello", "v1")
    push_image(reg, sample_image("v2"), "library/hello", "v2")
    pull_image(reg, "library/hello", "v1", tmp_path / "layout")
    again = pull_image(reg, "library/hello", "v1", tmp_path / "layout")
    assert outline(again) == [("get_manifest", 200)]
    second = pull_image(reg, "library/hello", "v2", tmp_path / "layout")
    assert outline(second) == [("get_manifest", 200)] + [("get_blob", 200)] * 2  # config and the layer that differs
    for tag in ("v1", "v2"):
        loaded = load_image(tmp_path / "layout", name=tag)
        loaded.verify()
        assert loaded.digest == sample_image(tag).digest
    assert left_in(tmp_path) == ["layout"]


def test_a_tag_that_moved_replaces_its_entry(embedded: Registry, tmp_path: Path) -> None:
    for tag in ("v1", "v2"):
        push_image(embedded, sample_image(tag), "library/hello", "latest")
        pull_image(embedded, "library/hello", "latest", tmp_path / "layout")
    assert load_image(tmp_path / "layout").digest == sample_image("v2").digest


def test_a_damaged_blob_in_the_layout_is_fetched_again(embedded: Registry, tmp_path: Path) -> None:
    push_image(embedded, sample_image(), "library/hello", "v1")
    pull_image(embedded, "library/hello", "v1", tmp_path / "layout")
    damaged = tmp_path / "layout" / "blobs" / sample_image().layers[0].digest.replace(":", "/")
    damaged.write_bytes(b"x" + damaged.read_bytes()[1:])
    assert outline(pull_image(embedded, "library/hello", "v1", tmp_path / "layout"))[1:] == [("get_blob", 200)]
    load_image(tmp_path / "layout").verify()


def test_a_pull_goes_on_from_what_an_earlier_one_left(reg: Registry, tmp_path: Path) -> None:
    push_image(reg, an_image(LARGE), "library/large", "v1")
    part = tmp_path / ".layout.pulling" / "blobs" / f"{LARGE.digest.replace(':', '/')}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(LARGE.open().read()[:123_456])
    transcript = pull_image(reg, "library/large", "v1", tmp_path / "layout")
    assert outline(transcript)[-1] == ("get_blob", 206)
    assert transcript[-1].request_headers["Range"] == "bytes=123456-"
    assert transcript[-1].bytes_down == LARGE.size - 123_456
    load_image(tmp_path / "layout").verify()
    assert left_in(tmp_path) == ["layout"]


def test_a_docker_archive_is_read_back_with_the_same_config_and_layers(reg: Registry, tmp_path: Path) -> None:
    push_image(reg, sample_index(), "library/hello", "v1")
    path = tmp_path / "image.tar"
    pull_image(reg, "library/hello", "v1", path, platform="linux/arm64", format="docker-archive")
    image, loaded = sample_image(platform="linux/arm64"), load_image(path)
    loaded.verify()
    assert loaded.config.data == image.config.data
    assert [(layer.digest, layer.diff_id) for layer in loaded.layers] == [
        (layer.digest, layer.diff_id) for layer in image.layers
    ]
    assert loaded.name == f"{reg.url.removeprefix('http://')}/library/hello:v1"
    assert left_in(tmp_path) == ["image.tar"]


def by_sha512(layer: Layer) -> Layer:
    hasher = Hasher("sha512")
    hasher.update(layer.open().read())
    return replace(layer, digest=hasher.digest)


@pytest.mark.parametrize("form", ["oci", "oci-archive"])
def test_a_layer_that_is_named_by_its_sha512_is_pulled(embedded: Registry, tmp_path: Path, form: str) -> None:
    image = an_image(LARGE, by_sha512(LARGE))
    push_image(embedded, image, "library/hello", "v1")
    transcript = pull_image(embedded, "library/hello", "v1", tmp_path / "image", format=form)
    assert outline(transcript) == [("get_manifest", 200)] + [("get_blob", 200)] * 3
    loaded = load_image(tmp_path / "image")
    loaded.verify()
    assert [layer.digest for layer in loaded.layers] == [layer.digest for layer in image.layers]
    assert left_in(tmp_path) == ["image"]


def test_a_layer_that_is_named_by_its_sha512_resumes(embedded: Registry, tmp_path: Path) -> None:
    layer = by_sha512(LARGE)
    push_image(embedded, an_image(layer), "library/hello", "v1")
    part = tmp_path / ".layout.pulling" / "blobs" / f"{layer.digest.replace(':', '/')}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(LARGE.open().read()[:1000])
    assert outline(pull_image(embedded, "library/hello", "v1", tmp_path / "layout"))[-1] == ("get_blob", 206)
    load_image(tmp_path / "layout").verify()


def test_other_bytes_than_their_sha512_says_are_not_kept(tmp_path: Path) -> None:
    layer = by_sha512(LARGE)
    inner = honest(an_image(layer))

    def other(asked: Asked) -> Answer:
        return Answer(200, bytes(LARGE.size)) if asked.path.endswith(layer.digest) else inner(asked)

    with serving(other) as server, connect(server.url) as reg, pytest.raises(ContentMismatch):
        pull_image(reg, "library/hello", "v1", tmp_path / "image")
    assert list(tmp_path.rglob("sha512/*")) == []


def test_a_layer_that_stands_twice_in_a_docker_archive_is_stored_once(tmp_path: Path) -> None:
    image = an_image(LARGE, LARGE)
    with serving(honest(image)) as server, connect(server.url) as reg:
        pull_image(reg, "library/hello", "v1", tmp_path / "image.tar", format="docker-archive", progress=False)
    with tarfile.open(tmp_path / "image.tar") as archive:
        assert len(archive.getnames()) == 3
        listed = archive.extractfile("manifest.json")
        assert listed is not None
        assert len(json.loads(listed.read())[0]["Layers"]) == 2


def test_an_archive_is_the_same_every_time(embedded: Registry, tmp_path: Path) -> None:
    push_image(embedded, sample_image(), "library/hello", "v1")
    for name in ("one", "two"):
        pull_image(embedded, "library/hello", "v1", tmp_path / name, format="oci-archive")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_docker_archive_holds_neither_an_index_nor_an_artifact(embedded: Registry, tmp_path: Path) -> None:
    push_image(embedded, sample_index(), "library/hello", "v1")
    with pytest.raises(CannotSave, match="choose a platform") as caught:
        pull_image(embedded, "library/hello", "v1", tmp_path / "image.tar", platform="all", format="docker-archive")
    assert caught.value.transcript is not None
    assert outline(caught.value.transcript) == [("get_manifest", 200)]
    artifact = an_artifact()
    push_image(embedded, artifact, "library/hello", "note")
    with pytest.raises(CannotSave, match="this is an artifact"):
        pull_image(embedded, "library/hello", "note", tmp_path / "image.tar", format="docker-archive")
    assert left_in(tmp_path) == []


def an_artifact():  # type: ignore[no-untyped-def]
    image = an_image(sample_layer(1000), artifactType="application/vnd.example.note")
    body = json.loads(image.manifest.data)
    body["config"] = {"mediaType": OCI_EMPTY, "digest": f"sha256:{EMPTY}", "size": 2, "data": "e30="}
    manifest = replace(image.manifest, data=json.dumps(body).encode(), digest="")
    return replace(image, manifest=manifest, config=replace(image.config, data=b"{}", media_type=OCI_EMPTY, digest=""))


EMPTY = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_an_artifact_is_pulled_as_it_is_and_bytes_that_its_manifest_carries_are_not_asked_for(
    reg: Registry, tmp_path: Path
) -> None:
    artifact = an_artifact()
    push_image(reg, artifact, "library/hello", "note")
    transcript = pull_image(reg, "library/hello", "note", tmp_path / "layout")
    assert outline(transcript) == [("get_manifest", 200), ("get_blob", 200)]
    loaded = load_image(tmp_path / "layout")
    assert (loaded.digest, loaded.artifact_type) == (artifact.digest, "application/vnd.example.note")
    assert (tmp_path / "layout" / "blobs" / "sha256" / EMPTY).read_bytes() == b"{}"


def test_a_layer_that_is_fetched_from_elsewhere_is_not_pulled_and_a_note_says_so(tmp_path: Path) -> None:
    foreign = replace(LARGE, media_type=OCI_FOREIGN, urls=("https://elsewhere.example/layer",))
    with serving(honest(an_image(foreign))) as server, connect(server.url) as reg:
        transcript = pull_image(reg, "library/hello", "v1", tmp_path / "layout")
        with pytest.raises(CannotSave, match="not in the registry"):
            pull_image(reg, "library/hello", "v1", tmp_path / "image.tar", format="docker-archive")
    assert "https://elsewhere.example/layer" in transcript.notes[0]
    assert load_image(tmp_path / "layout").layers[0].uploadable is False


def test_a_place_that_cannot_be_written_is_said_before_the_first_request(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").write_text("mine")
    (tmp_path / ".linked.pulling").symlink_to(tmp_path / "other")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (broken / "index.json").write_text("nonsense")
    with serving(honest()) as server, connect(server.url) as reg:
        for into, form, told in [
            ("other", "oci", "something else"),
            ("other/file", "oci", "it is a file"),
            ("other", "oci-archive", "it is a folder"),
            ("other", "docker-archive", "it is a folder"),
            ("nowhere/image", "oci", "does not exist"),
            ("linked", "oci", "is a link"),
            ("image", "zip", "Unknown format"),
        ]:
            with pytest.raises(CannotSave, match=told):
                pull_image(reg, "library/hello", "v1", tmp_path / into, format=form)
        with pytest.raises(BadManifest):
            pull_image(reg, "library/hello", "v1", broken)
    assert server.asked == []
    assert (tmp_path / "other" / "file").read_text() == "mine"
