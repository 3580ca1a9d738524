"""Images that other programs built, registries, and skopeo to bring images back."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from regtutor.backends.opening import open_registry
from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_layout
from tests.clients.doors import DOORS, Door, open_door
from tests.conftest import missing

LIMIT = 120.0


def run(*arguments: str | Path, **environment: str) -> str:
    """The output of a program that must succeed."""
    done = subprocess.run(
        list(map(str, arguments)), capture_output=True, text=True, timeout=LIMIT, env={**os.environ, **environment}
    )
    assert done.returncode == 0, f"{' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}"
    return done.stdout


def sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Brought:
    """An image as skopeo stored it: the digests of manifest, config and layers, computed from the bytes."""

    manifest: str
    config: str
    layers: tuple[str, ...]

    @classmethod
    def of(cls, manifest: bytes, read: Callable[[str], bytes]) -> Brought:
        """From the manifest's bytes and a function that reads what a digest names."""
        body = json.loads(manifest)
        config, *layers = (sha256(read(entry["digest"])) for entry in (body["config"], *body["layers"]))
        named = (body["config"]["digest"], *(layer["digest"] for layer in body["layers"]))
        assert named == (config, *layers), "what skopeo stored is not what the manifest names"
        return cls(sha256(manifest), config, tuple(layers))


class Skopeo:
    """skopeo, with nothing of this machine's settings."""

    def __init__(self, program: str, scratch: Path) -> None:
        self._program, self._scratch, self._count = program, scratch, 0

    def __call__(self, *arguments: str | Path, **environment: str) -> str:
        settings = {"REGISTRY_AUTH_FILE": str(self._scratch / "none.json")} | environment
        return run(self._program, "--insecure-policy", *arguments, **settings)

    def from_registry(self, reg: Registry, repository: str, tag: str) -> Brought:
        """Copy an image out of a registry, into an OCI layout if it is one of OCI's, and look at the bytes."""
        self._count += 1
        source = f"docker://{reg.url.removeprefix('http://')}/{repository}:{tag}"
        folder = self._scratch / f"copy{self._count}"
        manifest = json.loads(self("inspect", "--raw", "--tls-verify=false", source))
        if "vnd.oci" in manifest["config"]["mediaType"]:
            # It would compress layers that are not, and so make another image.
            self("copy", "--preserve-digests", "--src-tls-verify=false", source, f"oci:{folder}:copy")
            return from_layout(folder)
        # An OCI layout has no room for Docker's manifest: skopeo would make another one of it.
        self("copy", "--src-tls-verify=false", source, f"dir:{folder}")
        return Brought.of(
            (folder / "manifest.json").read_bytes(), lambda digest: (folder / digest.partition(":")[2]).read_bytes()
        )


def from_layout(folder: Path) -> Brought:
    """The only image of an OCI layout."""

    def read(digest: str) -> bytes:
        return (folder / "blobs" / digest.replace(":", "/")).read_bytes()

    (entry,) = json.loads((folder / "index.json").read_bytes())["manifests"]
    return Brought.of(read(entry["digest"]), read)


@pytest.fixture(scope="session")
def skopeo(require_program: Callable[[str, str], str], tmp_path_factory: pytest.TempPathFactory) -> Skopeo:
    return Skopeo(require_program("skopeo", "skopeo"), tmp_path_factory.mktemp("skopeo"))


@pytest.fixture(scope="session")
def umoci_layout(require_program: Callable[[str, str], str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An OCI layout that umoci made: two layers, compressed."""
    umoci = require_program("umoci", "umoci")
    folder = tmp_path_factory.mktemp("umoci")
    layout, image = folder / "layout", f"{folder / 'layout'}:v1"
    (folder / "large").write_bytes(os.urandom(300_000))
    (folder / "small").write_text("hello\n")
    run(umoci, "init", "--layout", layout)
    run(umoci, "new", "--image", image)
    for name in ("large", "small"):
        run(umoci, "insert", "--rootless", "--image", image, folder / name, f"/srv/{name}")
    run(umoci, "config", "--image", image, "--config.entrypoint", "/srv/large")
    return layout


@pytest.fixture(scope="session")
def buildah_images(
    require_program: Callable[[str, str], str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """One image that buildah made, in three forms: ``layout``, ``oci-archive`` and ``docker-archive``."""
    buildah = require_program("buildah", "buildah")
    folder = tmp_path_factory.mktemp("buildah")
    storage = ("--root", folder / "root", "--runroot", folder / "run", "--storage-driver", "vfs")
    (folder / "file").write_bytes(os.urandom(200_000))
    started = subprocess.run([buildah, *storage, "from", "scratch"], capture_output=True, text=True, timeout=LIMIT)
    if started.returncode != 0:
        missing(f"buildah cannot build for this user: {started.stderr.strip()}")
    container = started.stdout.strip()
    run(buildah, *storage, "add", container, folder / "file", "/srv/")
    run(buildah, *storage, "config", "--entrypoint", '["/srv/file"]', container)
    run(buildah, *storage, "commit", "--quiet", container, f"oci:{folder / 'layout'}:v1")
    run(buildah, *storage, "commit", "--quiet", container, f"oci-archive:{folder / 'oci.tar'}:v1")
    docker = f"docker-archive:{folder / 'docker.tar'}:lessons/hello:v1"
    run(buildah, *storage, "commit", "--quiet", "--format", "docker", container, docker)
    return {"layout": folder / "layout", "oci-archive": folder / "oci.tar", "docker-archive": folder / "docker.tar"}


@pytest.fixture(
    scope="session",
    params=[
        "embedded",
        pytest.param("native", marks=pytest.mark.registry),
        pytest.param("container", marks=pytest.mark.container),
    ],
)
def reg(request: pytest.FixtureRequest) -> Iterator[Registry]:
    """Each registry that other programs can reach."""
    options: dict[str, Any] = {}
    if request.param != "embedded":
        options = {"binary": request.getfixturevalue("registry_binary")}
    if request.param == "container":
        options |= {"engine": request.getfixturevalue("podman"), "build": True}
    with open_registry(request.param, quiet=True, **options) as registry:
        yield registry


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Door]:
    """An empty embedded registry: over HTTP and TLS, for everybody and with a password."""
    with open_door(request.param, tmp_path) as door:
        yield door


@pytest.fixture
def plain_door(tmp_path: Path) -> Iterator[Door]:
    """An empty embedded registry over HTTP, for everybody."""
    with open_door("http", tmp_path) as door:
        yield door


@pytest.fixture(params=[kind for kind in DOORS if "password" in kind])
def locked_door(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Door]:
    """An empty embedded registry that asks for a password, over HTTP and TLS."""
    with open_door(request.param, tmp_path) as door:
        yield door


@pytest.fixture(scope="session")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample image: an index of two platforms as ``v1`` and as ``v2``."""
    return sample_layout(tmp_path_factory.mktemp("sample") / "layout")


@pytest.fixture(scope="session")
def buildah(require_program: Callable[[str, str], str], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """``buildah("push", ...)``, with a storage of its own."""
    program, folder = require_program("buildah", "buildah"), tmp_path_factory.mktemp("buildah-storage")
    storage = ("--root", folder / "root", "--runroot", folder / "run", "--storage-driver", "vfs")

    def call(*arguments: str | Path, **environment: str) -> str:
        return run(program, *storage, *arguments, **environment).strip()

    return call


@pytest.fixture
def containers(podman: str) -> Iterator[Callable[..., str]]:
    """``containers("push", ...)``: podman; what it has afterwards is removed."""

    def call(*arguments: str | Path, **environment: str) -> str:
        return run(podman, *arguments, **environment).strip()

    yield call
    subprocess.run([podman, "rmi", "--force", "--all"], capture_output=True, timeout=LIMIT)


@pytest.fixture
def tls_door(tmp_path: Path) -> Iterator[Door]:
    """An empty embedded registry over TLS, for everybody."""
    with open_door("tls", tmp_path) as door:
        yield door
