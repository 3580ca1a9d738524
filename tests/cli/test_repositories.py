"""``regtutor tags``, ``referrers`` and ``delete``: what they print, and with which status they end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from regtutor.backends.opening import open_registry
from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_image
from regtutor.formats import load
from regtutor.steps import head_manifest
from regtutor.walks.pushing import push_image
from tests.cli.test_cli import call, host_of, nobody, run, unauthorized
from tests.refusing_registry import Reply, refusing_registry
from tests.walks.artifacts import artifact

REPOSITORY = "library/hello"
DIGEST = sample_image().digest
SIGNATURE = artifact(sample_image().manifest, "application/vnd.example.signature")


@pytest.fixture
def reg() -> Iterator[Registry]:
    with open_registry("embedded", quiet=True) as registry:
        for tag in ("v2", "v1"):
            push_image(registry, sample_image(), REPOSITORY, tag)
        yield registry


def test_tags_are_printed_one_in_a_line(reg: Registry) -> None:
    done = run("tags", f"{host_of(reg)}/{REPOSITORY}")
    assert (done.returncode, done.stdout) == (0, "v1\nv2\n")
    assert [line.split()[:2] for line in done.stderr.splitlines()] == [["200", "list_tags"]]


def test_tags_in_several_pages_are_followed_byte_for_byte(tmp_path: Path) -> None:
    def reply(_method: str, target: str) -> Reply:
        more = {"Link": '</elsewhere?p=%7e2>; rel="next"'} if "elsewhere" not in target else {}
        return 200, more, json.dumps({"name": "a", "tags": [target[-2:]]}).encode()

    with refusing_registry(reply) as registry:
        host = registry.url.removeprefix("http://")
        done = call("tags", f"{host}/a", "--quiet", "--trace", tmp_path / "trace.json")
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "st\ne2\n",
        f"The exchanges are in {tmp_path}/trace.json\n",
    )
    assert registry.asked == ["GET /v2/a/tags/list", "GET /elsewhere?p=%7e2"]
    assert len(load(tmp_path / "trace.json")) == 2


def test_referrers_are_printed_with_their_types(reg: Registry) -> None:
    push_image(reg, SIGNATURE, REPOSITORY, SIGNATURE.digest)
    reference = f"{host_of(reg)}/{REPOSITORY}@{DIGEST}"
    done = run("referrers", reference)
    assert (done.returncode, done.stdout) == (0, f"{SIGNATURE.digest}  application/vnd.example.signature\n")
    assert call("referrers", reference, "--artifact-type", "text/plain").stdout == ""


@pytest.mark.registry
def test_referrers_are_found_under_their_tag_where_there_is_no_api(registry_binary: str) -> None:
    with open_registry("native", quiet=True, binary=registry_binary) as reg:
        push_image(reg, sample_image(), REPOSITORY, "v1")
        push_image(reg, SIGNATURE, REPOSITORY, SIGNATURE.digest)
        done = call("referrers", f"{host_of(reg)}/{REPOSITORY}@{DIGEST}")
    assert (done.returncode, done.stdout.split()[0]) == (0, SIGNATURE.digest)
    assert "no referrers API" in done.stderr


@pytest.mark.parametrize("reference", [":v1", f"@{DIGEST}"])
def test_delete_ends_with_the_digest_of_what_is_gone(reg: Registry, reference: str) -> None:
    done = run("delete", f"{host_of(reg)}/{REPOSITORY}{reference}")
    assert (done.returncode, done.stdout) == (0, f"{DIGEST}\n")
    assert "every tag that pointed to it" in done.stderr
    assert head_manifest(reg, REPOSITORY, "v2").status == 404


def test_delete_of_a_tag_alone_leaves_the_image(reg: Registry) -> None:
    done = call("delete", f"{host_of(reg)}/{REPOSITORY}:v1", "--tag-only")
    assert (done.returncode, done.stdout) == (0, "v1\n")
    assert [head_manifest(reg, REPOSITORY, tag).status for tag in ("v1", "v2")] == [404, 200]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("tags", "127.0.0.1:1/a:v1"), "more than a repository"),
        (("tags", "a"), "does not name a registry"),
        (("referrers", "127.0.0.1:1/a:v1"), "regtutor inspect"),
        (("referrers", "127.0.0.1:1/a@sha256:0"), "sha256:0"),
        (("delete", "127.0.0.1:1/a"), "no tag and no digest"),
        (("delete", f"127.0.0.1:1/a@{DIGEST}", "--tag-only"), "--tag-only needs a tag"),
        (("delete", "127.0.0.1:1/a:-v"), "is not a tag"),
    ],
)
def test_an_argument_that_cannot_be_used_ends_with_status_2(arguments: tuple[str, ...], told: str) -> None:
    done = call(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


@pytest.mark.parametrize("arguments", [("tags", "a"), ("referrers", f"a@{DIGEST}"), ("delete", "a:v1")])
def test_a_registry_that_refuses_or_is_not_there_ends_with_status_1(arguments: tuple[str, str]) -> None:
    command, rest = arguments
    with refusing_registry(unauthorized) as registry:
        done = call(command, f"{registry.url.removeprefix('http://')}/{rest}")
    assert (done.returncode, done.stdout) == (1, "")
    assert "401" in done.stderr and "--username" in done.stderr
    done = call(command, f"{nobody()}/{rest}")
    assert (done.returncode, done.stdout) == (1, "")
