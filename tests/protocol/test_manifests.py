"""What a manifest says, and which bytes are refused as one."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtutor.errors import InvalidManifest
from regtutor.protocol import media_types as types
from regtutor.protocol.bounded_json import MAX_BYTES, parse_json
from regtutor.protocol.digests import sha256
from regtutor.protocol.manifests import Platform, parse_manifest

EMPTY = {"mediaType": types.OCI_EMPTY, "digest": sha256(b"{}"), "size": 2}
LAYER = {"mediaType": types.OCI_LAYER_GZIP, "digest": sha256(b"layer"), "size": 5}
FOREIGN = {**LAYER, "mediaType": types.DOCKER_FOREIGN_GZIP, "digest": sha256(b"foreign"), "urls": ["https://a.test/l"]}


def manifest(**changes: Any) -> bytes:
    body = {"schemaVersion": 2, "mediaType": types.OCI_MANIFEST, "config": EMPTY, "layers": [LAYER], **changes}
    return json.dumps({name: value for name, value in body.items() if value is not ...}).encode()


def index(**changes: Any) -> bytes:
    child = {"mediaType": types.OCI_MANIFEST, "digest": sha256(b"child"), "size": 5}
    child["platform"] = {"os": "linux", "architecture": "arm", "variant": "v7"}
    body = {"schemaVersion": 2, "mediaType": types.OCI_INDEX, "manifests": [child], **changes}
    return json.dumps({name: value for name, value in body.items() if value is not ...}).encode()


def test_a_manifest_names_its_config_and_layers() -> None:
    view = parse_manifest(manifest())
    assert (view.kind, view.media_type) == ("manifest", types.OCI_MANIFEST)
    assert view.config is not None and view.config.digest == EMPTY["digest"]
    assert [layer.size for layer in view.layers] == [5]


def test_blobs_are_each_digest_once_without_foreign_layers() -> None:
    view = parse_manifest(manifest(layers=[LAYER, FOREIGN, LAYER]))
    assert [blob.digest for blob in view.blobs] == [LAYER["digest"], EMPTY["digest"]]
    assert [layer.foreign for layer in view.layers] == [False, True, False]


def test_an_index_names_manifests_and_their_platforms() -> None:
    view = parse_manifest(index())
    assert view.kind == "index"
    assert view.manifests[0].platform == Platform("linux", "arm", "v7")
    assert str(view.manifests[0].platform) == "linux/arm/v7"


def test_a_subject_is_read() -> None:
    view = parse_manifest(manifest(subject=EMPTY))
    assert view.subject is not None and view.subject.digest == EMPTY["digest"]


@pytest.mark.parametrize("media_type", [types.DOCKER_SCHEMA1, types.DOCKER_SCHEMA1_SIGNED, None])
def test_schema_1_is_told_apart(media_type: str | None) -> None:
    data = json.dumps({"schemaVersion": 1, "name": "a", "tag": "b", "fsLayers": [{"blobSum": LAYER["digest"]}]})
    view = parse_manifest(data.encode(), media_type)
    assert view.kind == "schema1"
    assert view.blob_sums == (LAYER["digest"],)
    assert (view.config, view.layers, view.blobs) == (None, (), ())


def test_a_type_given_with_parameters_and_capitals_is_the_same_type() -> None:
    assert parse_manifest(manifest(), "Application/vnd.oci.image.manifest.v1+JSON; charset=utf-8").kind == "manifest"


@pytest.mark.parametrize(("data", "kind"), [(manifest(mediaType=...), "manifest"), (index(mediaType=...), "index")])
def test_without_a_media_type_the_fields_tell(data: bytes, kind: str) -> None:
    view = parse_manifest(data)
    assert (view.kind, view.declared_media_type) == (kind, "")


def test_null_lists_are_empty_lists() -> None:
    assert parse_manifest(manifest(layers=None)).layers == ()
    assert parse_manifest(index(manifests=None)).manifests == ()


def test_embedded_data_is_given_when_it_is_the_content() -> None:
    view = parse_manifest(manifest(config={**EMPTY, "data": base64.b64encode(b"{}").decode()}))
    assert view.config is not None and view.config.data == b"{}"


REFUSED = [
    (b"", "not JSON"),
    (b"[]", "not an object"),
    (b"\xff{}", "not JSON"),
    ("{}".encode("utf-16"), "not JSON"),
    (b'{"schemaVersion": NaN}', "not JSON"),
    (b'{"schemaVersion": ' + b"9" * 5000 + b"}", "not JSON"),
    (b"{}", "it has no mediaType"),
    (manifest(mediaType=..., manifests=[]), "it has no mediaType"),
    (manifest(mediaType="text/plain"), "not the media type of a manifest"),
    (manifest(mediaType=types.OCI_LAYER), "not the media type of a manifest"),
    (manifest(mediaType=7), "not a string"),
    (manifest(manifests=[LAYER]), "must not have"),
    (index(layers=[LAYER]), "must not have"),
    (manifest(schemaVersion=1), "schemaVersion"),
    (manifest(schemaVersion=...), "schemaVersion"),
    (manifest(schemaVersion=2.0), "schemaVersion"),
    (manifest(schemaVersion="2"), "schemaVersion"),
    (manifest(config=...), "config is missing"),
    (manifest(config="x"), "config is not an object"),
    (manifest(layers={}), "layers is not a list"),
    (manifest(layers=[LAYER] * 10_001), "10,001 entries"),
    (manifest(layers=[{**LAYER, "size": -1}]), "layers[0].size"),
    (manifest(layers=[{**LAYER, "size": 2**63}]), "layers[0].size"),
    (manifest(layers=[{**LAYER, "size": True}]), "layers[0].size"),
    (manifest(layers=[{**LAYER, "digest": "sha256:AB"}]), "layers[0].digest"),
    (manifest(layers=[{**LAYER, "digest": None}]), "layers[0].digest"),
    (manifest(layers=[{**LAYER, "mediaType": "a\r\nb"}]), "layers[0].mediaType"),
    (manifest(layers=[{**LAYER, "urls": [1]}]), "layers[0].urls"),
    (manifest(layers=[{**LAYER, "annotations": {"a": 1}}]), "layers[0].annotations"),
    (manifest(config={**EMPTY, "data": "e30"}), "config.data"),
    (manifest(config={**EMPTY, "data": "eyA="}), "config.data"),
    (manifest(config={**EMPTY, "data": 1}), "config.data"),
    (index(manifests=[{**EMPTY, "platform": []}]), "platform is not an object"),
    (b'{"schemaVersion": 1, "fsLayers": [{}]}', "fsLayers[0].blobSum"),
    (b'{"schemaVersion": 1, "fsLayers": [3]}', "fsLayers[0].blobSum"),
]


@pytest.mark.parametrize(("data", "reason"), REFUSED, ids=[f"{n}-{row[1]}" for n, row in enumerate(REFUSED)])
def test_what_is_no_manifest_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidManifest) as caught:
        parse_manifest(data)
    assert reason in str(caught.value)


def test_another_type_than_was_said_is_refused() -> None:
    with pytest.raises(InvalidManifest, match="but it was sent or listed as"):
        parse_manifest(manifest(), types.DOCKER_MANIFEST)


@pytest.mark.parametrize("data", [b"[" * MAX_BYTES, b'{"a":' * 500_000, b'{"a":' * 65 + b"1" + b"}" * 65])
def test_a_nesting_bomb_is_refused_at_once(data: bytes) -> None:
    started = time.monotonic()
    with pytest.raises(InvalidManifest, match="nested more than 64 deep"):
        parse_manifest(data)
    assert time.monotonic() - started < 5


def test_brackets_inside_strings_are_not_nesting() -> None:
    assert parse_manifest(manifest(annotations={"a": "[{" * 500 + '"\\'})).kind == "manifest"


@pytest.mark.parametrize(
    "data", [b'"\\' * (MAX_BYTES // 2), b'"' * MAX_BYTES, b"\\" * MAX_BYTES, b"[]" * (MAX_BYTES // 2)]
)
def test_broken_strings_take_no_more_than_one_pass(data: bytes) -> None:
    started = time.monotonic()
    with pytest.raises(InvalidManifest):
        parse_json(data)
    assert time.monotonic() - started < 10


def test_more_bytes_than_the_limit_are_refused_unread() -> None:
    with pytest.raises(InvalidManifest, match="4,194,305 bytes"):
        parse_manifest(b" " * (MAX_BYTES + 1))


@given(st.binary(max_size=200))
def test_any_bytes_give_a_view_or_invalid_manifest(data: bytes) -> None:
    with pytest.raises(InvalidManifest):
        parse_manifest(data)


@given(st.data())
def test_a_changed_byte_gives_a_view_or_invalid_manifest(data: st.DataObject) -> None:
    whole = bytearray(data.draw(st.sampled_from([manifest(layers=[LAYER, FOREIGN]), index()])))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert parse_manifest(bytes(whole)).kind in ("manifest", "index", "schema1")
    except InvalidManifest as error:
        assert error.why


def test_every_media_type_has_a_meaning_and_a_citation() -> None:
    assert len(types.MEDIA_TYPES) == 19
    for name, row in types.MEDIA_TYPES.items():
        assert name == row.name == name.lower()
        assert row.meaning
        assert row.citation.url.startswith("https://")


def test_accept_names_the_two_manifests_and_the_two_indexes() -> None:
    kinds = [types.kind_of(name) for name in types.MANIFEST_TYPES]
    assert kinds == ["manifest", "index", "manifest", "index"]
    assert types.kind_of("text/plain") is None


@pytest.mark.parametrize("name", [types.DOCKER_FOREIGN, types.DOCKER_FOREIGN_GZIP, types.OCI_FOREIGN_ZSTD])
def test_a_layer_is_foreign_only_with_urls(name: str) -> None:
    plain = parse_manifest(manifest(layers=[{**LAYER, "mediaType": name}]))
    assert not plain.layers[0].foreign
    elsewhere = parse_manifest(manifest(layers=[{**LAYER, "mediaType": name, "urls": ["https://a.test"]}]))
    assert elsewhere.layers[0].foreign
