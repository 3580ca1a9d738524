"""podman on the embedded registry: every command that it has for one, through each door."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from regtutor.content.sample.image import sample_image, sample_index
from regtutor.steps import get_manifest
from regtutor.walks.pushing import push_image
from tests.clients.doors import NAME, PASSWORD, Door

pytestmark = [pytest.mark.clients, pytest.mark.container]

Client = Callable[..., str]

IMAGE = sample_image()
BOTH = sample_index().manifest


def test_push_and_pull(door: Door, layout: Path, containers: Client) -> None:
    reference = f"{door.host}/library/hello:v1"
    name = containers("pull", "--quiet", f"oci:{layout}:v1")
    containers("push", *door.flags(), name, f"docker://{reference}")
    pushed = json.loads(get_manifest(door.reg, "library/hello", "v1").content)
    assert pushed["config"]["digest"] == IMAGE.config.digest
    containers("rmi", "--all", "--force")
    assert containers("pull", "--quiet", *door.flags(), reference) == IMAGE.config.digest.partition(":")[2]


def test_run_pulls_and_runs(door: Door, containers: Client) -> None:
    push_image(door.reg, sample_index(), "library/hello", "v1")
    told = containers("run", "--rm", "--pull=always", f"{door.host}/library/hello:v1", **door.settings(logged_in=True))
    assert "library/hello:v1" in told
    assert door.sent()["GET get_blob 200"] == 1 + len(IMAGE.layers)


def test_pull_of_one_platform_of_an_index(door: Door, containers: Client) -> None:
    push_image(door.reg, sample_index(), "library/hello", "v1")
    reference = f"{door.host}/library/hello:v1"
    told = containers("pull", "--quiet", "--platform=linux/arm64", *door.flags(), reference)
    assert told == sample_image(platform="linux/arm64").config.digest.partition(":")[2]


def test_manifest_push_of_all_platforms(door: Door, layout: Path, containers: Client) -> None:
    push_image(door.reg, sample_index(), "library/hello", "v1")
    reference = f"{door.host}/library/hello"
    containers("manifest", "create", "both")
    containers("manifest", "add", "--all", *door.flags(), "both", f"docker://{reference}:v1")
    containers("manifest", "push", "--all", *door.flags(), "both", f"docker://{reference}:again")
    stored = json.loads(get_manifest(door.reg, "library/hello", "again").content)
    platforms = [(entry["platform"]["architecture"], entry["digest"]) for entry in stored["manifests"]]
    assert platforms == [(i.platform.architecture, i.digest) for i in sample_index().images]
    containers("manifest", "rm", "both")


def test_manifest_inspect(door: Door, containers: Client) -> None:
    push_image(door.reg, sample_index(), "library/hello", "v1")
    told = containers("manifest", "inspect", f"{door.host}/library/hello:v1", **door.settings(logged_in=True))
    assert [entry["digest"] for entry in json.loads(told)["manifests"]] == [i.digest for i in sample_index().images]


def test_search_lists_tags_and_repositories(door: Door, containers: Client) -> None:
    for repository, tag in (("library/hello", "v1"), ("library/hello", "v2"), ("library/other", "v1")):
        push_image(door.reg, sample_image(), repository, tag)
    settings = door.settings(logged_in=True)
    listed = containers("search", "--list-tags", f"{door.host}/library/hello", **settings)
    assert [line.split()[1] for line in listed.splitlines()] == ["TAG", "v1", "v2"]
    found = containers("search", "--format={{.Name}}", f"{door.host}/hello", **settings)
    assert found.split() == [f"{door.host}/library/hello"]


def test_build_on_an_image_of_the_registry(door: Door, containers: Client, tmp_path: Path) -> None:
    push_image(door.reg, sample_index(), "library/hello", "v1")
    (tmp_path / "Containerfile").write_text(f"FROM {door.host}/library/hello:v1\nLABEL more=yes\n")
    built = containers("build", "--quiet", *door.flags(), tmp_path)
    containers("push", *door.flags(), built, f"{door.host}/library/built:v1")
    layers = json.loads(get_manifest(door.reg, "library/built", "v1").content)["layers"]
    assert {layer.digest for layer in IMAGE.layers} <= {layer["digest"] for layer in layers}


def test_login_and_logout(locked_door: Door, containers: Client) -> None:
    door, settings = locked_door, locked_door.settings()
    push_image(door.reg, sample_index(), "library/hello", "v1")
    reference = f"{door.host}/library/hello:v1"
    with pytest.raises(AssertionError, match="invalid username/password"):
        containers("login", "--username", NAME, "--password", "wrong", door.host, **settings)
    with pytest.raises(AssertionError, match="unauthorized"):
        containers("pull", "--quiet", reference, **settings)
    containers("login", "--username", NAME, "--password", PASSWORD, door.host, **settings)
    containers("pull", "--quiet", reference, **settings)
    containers("logout", door.host, **settings)
    with pytest.raises(AssertionError, match="unauthorized"):
        containers("pull", "--quiet", reference, **settings)


def test_without_the_ca_it_does_not_talk(tls_door: Door, containers: Client) -> None:
    with pytest.raises(AssertionError, match="x509"):
        containers("pull", "--quiet", f"{tls_door.host}/library/hello:v1")
    assert not tls_door.sent()
    assert "tls failed:" in tls_door.reg.logs()


def test_what_a_push_sends(plain_door: Door, umoci_layout: Path, containers: Client) -> None:
    """HEAD once or twice for each blob, then POST, one streamed PATCH, PUT. The image has two layers."""
    name = containers("pull", "--quiet", f"oci:{umoci_layout}:v1")
    containers("push", *plain_door.flags(), name, f"{plain_door.host}/umoci/image:v1")
    sent = plain_door.sent()
    assert 3 <= sent.pop("HEAD head_blob 404") <= 5  # by what it remembers of the layers' compressed forms
    assert sent == {
        "POST start_upload 202": 3,
        "PATCH patch_upload 202": 3,
        "PUT put_blob 201": 3,
        "PUT put_manifest 201": 1,
    }


def test_what_a_pull_sends(plain_door: Door, containers: Client) -> None:
    push_image(plain_door.reg, sample_index(), "library/hello", "v1")
    before = plain_door.sent()
    containers("pull", "--quiet", *plain_door.flags(), f"{plain_door.host}/library/hello:v1")
    assert plain_door.sent() - before == {"GET get_manifest 200": 2, "GET get_blob 200": 1 + len(IMAGE.layers)}
