"""buildah on the embedded registry: every command that it has for one, through each door."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from regtutor.content.sample.image import sample_image, sample_index
from regtutor.steps import get_manifest
from regtutor.walks.pushing import push_image
from tests.clients.doors import NAME, PASSWORD, Door

pytestmark = pytest.mark.clients

Client = Callable[..., str]

IMAGE = sample_image()


@pytest.fixture(autouse=True)
def _forgets(buildah: Client) -> Iterator[None]:
    yield
    buildah("rm", "--all")
    buildah("rmi", "--all", "--force")


def test_push_and_pull(door: Door, layout: Path, buildah: Client) -> None:
    reference = f"{door.host}/library/hello:v1"
    name = buildah("pull", "--quiet", f"oci:{layout}:v1")
    buildah("push", "--quiet", *door.flags(), name, f"docker://{reference}")
    pushed = json.loads(get_manifest(door.reg, "library/hello", "v1").content)
    assert pushed["config"]["digest"] == IMAGE.config.digest
    buildah("rmi", "--all", "--force")
    assert buildah("pull", "--quiet", *door.flags(), reference) == IMAGE.config.digest.partition(":")[2]


def test_from_and_commit_to_the_registry(door: Door, buildah: Client, tmp_path: Path) -> None:
    push_image(door.reg, sample_index(), "library/hello", "v1")
    container = buildah("from", "--quiet", *door.flags(), f"{door.host}/library/hello:v1")
    (tmp_path / "more").write_text("more\n")
    buildah("add", "--quiet", container, tmp_path / "more", "/srv/")
    buildah("commit", "--quiet", *door.flags(), container, f"docker://{door.host}/library/more:v1")
    layers = json.loads(get_manifest(door.reg, "library/more", "v1").content)["layers"]
    assert len(layers) == len(IMAGE.layers) + 1


def test_manifest_push_of_all_platforms(door: Door, buildah: Client) -> None:
    push_image(door.reg, sample_index(), "library/hello", "v1")
    reference = f"{door.host}/library/hello"
    buildah("manifest", "create", "both")
    buildah("manifest", "add", "--all", *door.flags(), "both", f"docker://{reference}:v1")
    buildah("manifest", "push", "--quiet", "--all", *door.flags(), "both", f"docker://{door.host}/library/other:v1")
    stored = json.loads(get_manifest(door.reg, "library/other", "v1").content)
    assert [entry["digest"] for entry in stored["manifests"]] == [image.digest for image in sample_index().images]


def test_login_and_logout(locked_door: Door, buildah: Client) -> None:
    door, settings = locked_door, locked_door.settings()
    push_image(door.reg, sample_index(), "library/hello", "v1")
    login = ("login", *door.trust(), "--username", NAME, "--password")
    pull = ("pull", "--quiet", "--policy=always", *door.trust(), f"{door.host}/library/hello:v1")
    with pytest.raises(AssertionError, match="invalid username/password"):
        buildah(*login, "wrong", door.host, **settings)
    with pytest.raises(AssertionError, match="unauthorized"):
        buildah(*pull, **settings)
    buildah(*login, PASSWORD, door.host, **settings)
    buildah(*pull, **settings)
    buildah("logout", door.host, **settings)
    with pytest.raises(AssertionError, match="unauthorized"):
        buildah(*pull, **settings)


def test_what_a_push_sends(plain_door: Door, umoci_layout: Path, buildah: Client) -> None:
    """HEAD once or twice for each blob, then POST, one streamed PATCH, PUT. The image has two layers."""
    name = buildah("pull", "--quiet", f"oci:{umoci_layout}:v1")
    buildah("push", "--quiet", *plain_door.flags(), name, f"docker://{plain_door.host}/umoci/image:v1")
    sent = plain_door.sent()
    assert 3 <= sent.pop("HEAD head_blob 404") <= 5
    assert sent == {
        "POST start_upload 202": 3,
        "PATCH patch_upload 202": 3,
        "PUT put_blob 201": 3,
        "PUT put_manifest 201": 1,
    }
