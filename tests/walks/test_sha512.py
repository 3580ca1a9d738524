"""Images whose descriptors have sha512 digests: pushed, pulled, copied, and named as the registry names them."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import regtutor as rt
from regtutor.cli import main
from regtutor.content.image import Config, Image, Layer, Manifest
from regtutor.content.sample.image import sample_image
from regtutor.protocol.media_types import OCI_MANIFEST


def sha512(data: bytes) -> str:
    return f"sha512:{hashlib.sha512(data).hexdigest()}"


def layout(root: Path, parts: str) -> str:
    """An OCI layout of the sample image; ``parts`` that have sha512 digests. Returns the digest of the manifest."""

    def put(part: str, data: bytes) -> dict[str, Any]:
        digest = sha512(data) if part in parts else f"sha256:{hashlib.sha256(data).hexdigest()}"
        path = root / "blobs" / digest.replace(":", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return {"digest": digest, "size": len(data)}

    image = sample_image()
    manifest = json.loads(image.manifest.data)
    manifest["config"] |= put("config", image.config.data)
    for entry, layer in zip(manifest["layers"], image.layers, strict=True):
        entry |= put("layers", layer.open().read())
    data = json.dumps(manifest).encode()
    entry = {"mediaType": image.media_type, **put("manifest", data)}
    (root / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (root / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return str(entry["digest"])


PARTS = ["layers", "config", "layers config", "manifest", "layers config manifest"]


@pytest.mark.parametrize("parts", PARTS)
def test_an_image_with_sha512_digests_goes_round(parts: str, reg: rt.Registry, tmp_path: Path) -> None:
    digest = layout(tmp_path / "image", parts)
    image = rt.load_image(tmp_path / "image")
    assert image.digest == digest
    for way in ("monolithic", "chunked", "streamed"):
        rt.push_image(reg, image, f"library/{way}", "v1", upload=way, progress=False)
        for form in ("oci", "oci-archive", "docker-archive"):
            rt.pull_image(reg, f"library/{way}", "v1", tmp_path / f"{way}-{form}", format=form, progress=False)
        again = rt.load_image(tmp_path / f"{way}-oci-archive")
        assert again.manifest.data == image.manifest.data
    copied = rt.copy_image(reg, "library/chunked", "v1", reg, "library/copy", "v1", progress=False)
    assert copied[-1].status == 201
    rt.pull_image(reg, "library/copy", "v1", tmp_path / "copy", progress=False)
    assert rt.load_image(tmp_path / "copy").manifest.data == image.manifest.data
    assert rt.inspect_image(reg, "library/copy", "v1").config is not None


def test_a_mount_that_only_claims_to_have_happened_is_an_upload(reg: rt.Registry, tmp_path: Path) -> None:
    layout(tmp_path / "image", "layers config")
    image = rt.load_image(tmp_path / "image")
    rt.push_image(reg, image, "library/one", "v1", progress=False)
    rt.push_image(reg, image, "library/two", "v1", progress=False)
    for blob in image.blobs:
        assert rt.get_blob(reg, "library/two", blob.digest).status == 200


@pytest.mark.parametrize("parts", ["manifest", "layers config manifest", ""])
def test_the_printed_digest_is_one_that_the_registry_serves(parts: str, reg: rt.Registry, tmp_path: Path) -> None:
    layout(tmp_path / "image", parts)
    host = reg.url.removeprefix("http://")
    pushed = CliRunner().invoke(main, ["push", "-q", str(tmp_path / "image"), f"{host}/library/hello:v1"])
    assert pushed.exit_code == 0
    printed = pushed.stdout.split()[-1]
    assert rt.head_manifest(reg, "library/hello", printed).status == 200
    copied = CliRunner().invoke(main, ["copy", "-q", f"{host}/library/hello:v1", f"{host}/library/copy:v1"])
    assert rt.head_manifest(reg, "library/copy", copied.stdout.split()[-1]).status == 200


def test_a_referrer_is_listed_by_the_digest_that_the_registry_serves(reg: rt.Registry) -> None:
    config = Config(b"{}", "application/vnd.oci.empty.v1+json", sha512(b"{}"))
    data = b"a signature"
    layer = Layer("text/plain", sha512(data), len(data), opener=lambda: io.BytesIO(data))
    image = sample_image()
    rt.push_image(reg, image, "library/hello", "v1", progress=False)
    body = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": "text/x-signature",
            "config": {"mediaType": config.media_type, "digest": config.digest, "size": config.size},
            "layers": [{"mediaType": layer.media_type, "digest": layer.digest, "size": layer.size}],
            "subject": {"mediaType": image.media_type, "digest": image.digest, "size": image.manifest.size},
        }
    ).encode()
    artifact = Image(Manifest(body, OCI_MANIFEST, sha512(body)), config, (layer,))
    rt.push_image(reg, artifact, "library/hello", "signature", progress=False)
    (found,) = rt.list_referrers(reg, "library/hello", image.digest)
    assert rt.head_manifest(reg, "library/hello", found.digest).status == 200
