"""``regtutor pull``, ``copy`` and ``inspect``: what they print, and with which status they end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from regtutor.backends.opening import open_registry
from regtutor.client.connect import connect
from regtutor.client.registry import Registry
from regtutor.content.reading.load import load_image, load_index
from regtutor.content.sample.image import sample_image, sample_index, sample_layout
from regtutor.errors import NoSuchPlatform
from regtutor.formats import load
from regtutor.steps import get_manifest
from regtutor.walks.pulling import pull_image
from regtutor.walks.pushing import push_image
from tests.cli.test_cli import call, host_of, nobody, run, unauthorized
from tests.refusing_registry import refusing_registry
from tests.walks.serving import LARGE, Answer, Asked, Script, honest, serving


@pytest.fixture
def reg() -> Iterator[Registry]:
    with open_registry("embedded", quiet=True) as registry:
        push_image(registry, sample_index(), "library/hello", "v1")
        yield registry


def test_pull_ends_with_the_digest_alone_on_standard_output(reg: Registry, tmp_path: Path) -> None:
    done = run("pull", f"{host_of(reg)}/library/hello:v1", tmp_path / "layout")
    assert (done.returncode, done.stdout) == (0, f"{sample_image().digest}\n")
    told = [line.split()[:2] for line in done.stderr.splitlines()]
    assert told == [["200", "get_manifest"]] * 2 + [["200", "get_blob"]] * 4
    assert load_image(tmp_path / "layout").digest == sample_image().digest


def test_pull_takes_a_digest_a_platform_a_format_and_a_trace(reg: Registry, tmp_path: Path) -> None:
    host, arm = host_of(reg), sample_image(platform="linux/arm64")
    done = call("pull", f"{host}/library/hello@{arm.digest}", tmp_path / "by-digest", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{arm.digest}\n", "")
    options = ("--platform", "linux/arm64", "--format", "docker-archive", "--trace", tmp_path / "trace.json")
    assert call("pull", f"{host}/library/hello:v1", tmp_path / "image.tar", *options).stdout == f"{arm.digest}\n"
    assert load_image(tmp_path / "image.tar").config == type(arm.config)(
        arm.config.data, load_image(tmp_path / "image.tar").config.media_type
    )
    assert [exchange.step for exchange in load(tmp_path / "trace.json")] == ["get_manifest"] * 2 + ["get_blob"] * 4
    done = call("pull", f"{host}/library/hello:v1", tmp_path / "all", "--platform", "all")
    assert done.stdout == f"{sample_index().digest}\n"
    assert load_index(tmp_path / "all").digest == sample_index().digest


def test_pull_of_what_is_no_platform_asks_nothing(tmp_path: Path) -> None:
    with serving(honest()) as server, connect(server.url) as reg:
        with pytest.raises(NoSuchPlatform, match="is not a platform"):
            pull_image(reg, "a/b", "v1", tmp_path / "place", platform="bogus")
        done = call("pull", f"{server.url}/a/b:v1", tmp_path / "place", "--platform", "bogus")
    assert (done.returncode, server.asked, list(tmp_path.iterdir())) == (2, [], [])


def test_push_takes_all_platforms(reg: Registry, tmp_path: Path) -> None:
    layout = sample_layout(tmp_path / "layout", ("v1",))
    done = call("push", layout, f"{host_of(reg)}/library/again:v1", "--platform", "all")
    assert (done.returncode, done.stdout) == (0, f"{sample_index().digest}\n")
    assert get_manifest(reg, "library/again", "v1").content == sample_index().manifest.data


def test_copy_ends_with_the_digest_of_what_it_copied(reg: Registry, tmp_path: Path) -> None:
    with open_registry("embedded", quiet=True) as other:
        source, target = f"{host_of(reg)}/library/hello:v1", f"{host_of(other)}/copies/hello:v2"
        done = run("copy", source, target, "--trace", tmp_path / "trace.json")
        assert (done.returncode, done.stdout) == (0, f"{sample_index().digest}\n")
        assert get_manifest(other, "copies/hello", "v2").content == sample_index().manifest.data
        assert len(load(tmp_path / "trace.json")) == len(done.stderr.splitlines()) - 1


def test_copy_without_a_tag_means_latest_and_its_help_says_so(reg: Registry) -> None:
    assert call("copy", f"{host_of(reg)}/library/hello:v1", f"{host_of(reg)}/library/other").returncode == 0
    assert get_manifest(reg, "library/other", "latest").status == 200
    told = call("copy", "--help").stdout
    assert "HOST/REPOSITORY[:TAG]\n" in told and "The default tag of both is latest." in " ".join(told.split())


def test_copy_within_one_registry_mounts(reg: Registry) -> None:
    done = call("copy", f"{host_of(reg)}/library/hello@{sample_image().digest}", f"{host_of(reg)}/library/other:v1")
    assert (done.returncode, done.stdout) == (0, f"{sample_image().digest}\n")
    assert done.stderr.count("mount_blob") == 4


def challenging(script: Script) -> Script:
    """``script`` for requests with credentials; any other is asked for them."""

    def answer(asked: Asked) -> Answer:
        challenge = {"WWW-Authenticate": 'Basic realm="lessons"'}
        return script(asked) if "authorization" in asked.headers else Answer(401, headers=challenge)

    return answer


def test_copy_asks_each_registry_as_whom_it_was_told(tmp_path: Path) -> None:
    with serving(challenging(honest())) as server, refusing_registry(unauthorized) as target:
        places = [f"{url.removeprefix('http://')}/a/b:v1" for url in (server.url, target.url)]
        done = call("copy", *places, "--source-username", "reader", "--username", "writer", input="one\ntwo\n")
    assert done.returncode == 1
    assert "401" in done.stderr
    assert server.asked[1].headers["authorization"] == "Basic cmVhZGVyOm9uZQ=="  # reader:one
    assert "one" not in done.stderr.split()


def test_copy_shows_the_source_neither_the_name_nor_the_password_of_the_target(tmp_path: Path) -> None:
    with serving(honest()) as server, refusing_registry(unauthorized) as target:
        places = [f"{url.removeprefix('http://')}/a/b:v1" for url in (server.url, target.url)]
        done = call("copy", *places, "--username", "writer", "--trace", tmp_path / "trace.json", input="two\n")
    assert done.returncode == 1
    assert server.asked and not [asked for asked in server.asked if "authorization" in asked.headers]
    asked_target = [one for one in load(tmp_path / "trace.json") if one.registry == target.url.removeprefix("http://")]
    assert ["Authorization" in one.request_headers for one in asked_target] == [False, True]


@pytest.mark.parametrize("scheme", ["", "http://"])
def test_copy_within_one_registry_asks_both_ends_with_one_name_and_one_password(tmp_path: Path, scheme: str) -> None:
    with serving(challenging(honest())) as server:
        address = server.url.removeprefix("http://")
        places = (f"{address}/a/b:v1", f"{scheme}{address}/a/c:v1")
        call("copy", *places, "--username", "ann", input="one\n")
    assert [asked.headers["authorization"] for asked in server.asked[1:2]] == ["Basic YW5uOm9uZQ=="]  # ann:one


def test_copy_with_a_name_for_the_source_alone_asks_the_target_as_nobody(tmp_path: Path) -> None:
    with serving(challenging(honest())) as server, refusing_registry(unauthorized) as target:
        places = [f"{url.removeprefix('http://')}/a/b:v1" for url in (server.url, target.url)]
        done = call("copy", *places, "--source-username", "reader", "--trace", tmp_path / "trace.json", input="one\n")
    assert done.returncode == 1
    assert server.asked[1].headers["authorization"] == "Basic cmVhZGVyOm9uZQ=="  # reader:one
    names = [[name.lower() for name in one.request_headers] for one in load(tmp_path / "trace.json")]
    assert ["authorization" in one for one in names[:2]] == [False, True] and "authorization" not in names[-1]


def test_inspect_shows_an_index_and_an_image(reg: Registry) -> None:
    done = run("inspect", f"{host_of(reg)}/library/hello:v1", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    for told in (sample_index().digest, "linux/amd64", "linux/arm64/v8", *(i.digest for i in sample_index().images)):
        assert told in done.stdout
    done = call("inspect", f"{host_of(reg)}/library/hello@{sample_image().digest}")
    assert done.returncode == 0
    for layer in sample_image().layers:
        assert layer.digest in done.stdout


def test_inspect_raw_prints_the_manifest_s_bytes_and_nothing_else(reg: Registry) -> None:
    done = call("inspect", f"{host_of(reg)}/library/hello:v1", "--raw")
    assert done.stdout.encode() == sample_index().manifest.data


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("pull", "hello", "place"), "hello"),
        (("pull", "127.0.0.1:1/a@sha256:12", "place"), "sha256"),
        (("pull", "127.0.0.1:1/a:b", "nowhere/place"), "nowhere"),
        (("pull", "127.0.0.1:1/a:b", "place", "--format", "zip"), "zip"),
        (("pull", "127.0.0.1:1/a:b", "place", "--trace", "nowhere/trace.json"), "nowhere"),
        (("pull", "127.0.0.1:1/a:b"), "PATH"),
        (("pull", "127.0.0.1:1/a:b", "place", "--platform", "bogus"), "'bogus' is not a platform"),
        (("pull", "127.0.0.1:1/a:b", "place", "--platform", "linux/"), "'linux/' is not a platform"),
        (("pull", "127.0.0.1:1/a:b", "place", "--platform", "linux/arm/v7/x"), "linux/arm64"),
        (("pull", "127.0.0.1:1/a:b", "place", "--platform", ""), "is not a platform"),
        (("copy", "127.0.0.1:1/a:b"), "HOST"),
        (("copy", "127.0.0.1:1/a:b", f"127.0.0.1:1/a@sha256:{'0' * 64}"), "digest"),
        (("inspect", "127.0.0.1:1/A:b"), "A"),
    ],
)
def test_an_argument_that_cannot_be_used_ends_with_status_2_and_names_it(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    done = call(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


@pytest.mark.parametrize("command", ["pull", "copy", "inspect"])
def test_a_registry_that_refuses_or_is_not_there_ends_with_status_1(tmp_path: Path, command: str) -> None:
    more = {"pull": [str(tmp_path / "place")], "copy": ["127.0.0.1:1/a:b"], "inspect": []}[command]
    assert call(command, f"{nobody()}/a:b", *more).returncode == 1
    with refusing_registry(unauthorized) as registry:
        reference = f"{registry.url.removeprefix('http://')}/a:b"
        done = call(command, reference, *more, "--trace", tmp_path / "trace.json")
    assert (done.returncode, done.stdout) == (1, "")
    assert "401" in done.stderr
    assert [exchange.status for exchange in load(tmp_path / "trace.json")] == [401]


def test_wrong_bytes_end_with_status_1_and_are_not_kept(tmp_path: Path) -> None:
    def lying(asked: Asked) -> Answer:
        return Answer(200, b"other") if asked.path.endswith(LARGE.digest) else honest()(asked)

    with serving(lying) as server:
        done = call("pull", f"{server.url.removeprefix('http://')}/a/b:v1", tmp_path / "place")
    assert (done.returncode, done.stdout) == (1, "")
    assert "not the requested content" in done.stderr
    assert not (tmp_path / "place").exists()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.read_bytes() == b"other"]


def test_the_manifest_that_is_printed_is_json(reg: Registry) -> None:
    done = run("inspect", f"{host_of(reg)}/library/hello@{sample_image().digest}", "--raw", "--quiet")
    assert json.loads(done.stdout) == json.loads(sample_image().manifest.data)
