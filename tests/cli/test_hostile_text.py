"""No command prints text of a registry or of a file that could steer a terminal, whatever field it was in."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

import regtutor as rt
from regtutor.cli import main
from regtutor.content.sample.image import sample_layout
from regtutor.protocol.digests import sha256
from tests.formats.hostile import TRANSCRIPT
from tests.liars.registry import LyingRegistry, lying_registry
from tests.liars.steering import LIES, STEERS, raw_in
from tests.walks.artifacts import artifact

IMAGE = rt.sample_image()
STEERING = STEERS.replace("/", "")
"""The same as the name of a file."""


@pytest.fixture(scope="module")
def liar() -> Iterator[LyingRegistry]:
    with rt.open_registry("embedded", quiet=True) as reg:
        rt.push_image(reg, IMAGE, "library/hello", "v1", progress=False)
        made = artifact(IMAGE.manifest, "application/x.signature")
        rt.push_image(reg, made, "library/hello", made.digest, progress=False)
        with lying_registry(reg.url) as registry:
            yield registry


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image, a hostile archive, and a hostile transcript as a record, as HAR and as text of ``curl -v``."""
    folder = tmp_path_factory.mktemp("files")
    sample_layout(folder / "image", ("v1",))
    rt.save(TRANSCRIPT, folder / "t.json")
    rt.export(TRANSCRIPT, folder / "t.har")
    (folder / "t.txt").write_text(
        f"* Connected to h{STEERS} (127.0.0.1) port 80\n> GET /v2/{STEERS} HTTP/1.1\n> Host: h\n>\n"
        f"< HTTP/1.1 404 {STEERS}\n< X: {STEERS}\n< Content-Type: application/json\n<\n"
        + json.dumps({"errors": [{"code": STEERS, "message": STEERS}]})
    )
    _docker_archive(folder / "two.tar")
    _registry_directory(folder / STEERING)
    return folder


def _registry_directory(root: Path) -> None:
    """A registry's directory in which names that steer stand in a link, a manifest, and the names of folders."""
    registry = root / "docker" / "registry" / "v2"
    steering, manifest = STEERING, json.dumps({"mediaType": STEERS, "layers": [{"digest": STEERS}]})
    digest = sha256(manifest.encode())
    hexadecimal = digest.partition(":")[2]
    for folder, content in {
        "repositories/a/b/_manifests/tags/v1/current/link": STEERS,
        f"repositories/a/b/_manifests/tags/{steering}/current/link": digest,
        f"repositories/a/b/_manifests/revisions/sha256/{hexadecimal}/link": digest,
        f"repositories/a/b/_layers/sha256/{steering}/link": STEERS,
        f"repositories/{steering}/_layers/sha256/{hexadecimal}/link": digest,
        f"blobs/sha256/{hexadecimal[:2]}/{hexadecimal}/data": manifest,
        f"blobs/sha256/{steering}/{steering}/data": "x",
    }.items():
        path = registry / folder
        path.parent.mkdir(parents=True)
        path.write_text(content)


def _docker_archive(path: Path) -> None:
    """An archive of two images, so that their names are listed."""
    with tarfile.open(path, "w") as archive:

        def add(name: str, data: bytes) -> None:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))

        add("c.json", b'{"rootfs": {"type": "layers", "diff_ids": []}, "architecture": "a", "os": "b"}')
        entries = [{"Config": "c.json", "RepoTags": [f"{STEERS}{n}:v1"], "Layers": []} for n in (1, 2)]
        add("manifest.json", json.dumps(entries).encode())


Arguments = Callable[[str, Path, Path], list[list[str]]]
"""The invocations of a command: from the liar's URL, the folder with files, and an empty folder."""


def _at(*arguments: str) -> Arguments:
    """One invocation, with URL, DIGEST, FILES and OUT replaced."""

    def made(url: str, files: Path, out: Path) -> list[list[str]]:
        values = {"URL": url, "DIGEST": IMAGE.digest, "FILES": str(files), "OUT": str(out)}
        found = list(arguments)
        for name, value in values.items():
            found = [each.replace(name, value) for each in found]
        return [found]

    return made


REGISTRY: Mapping[str, tuple[Arguments, ...]] = {
    "push": (_at("push", "FILES/image", "URL/library/hello:v2"),),
    "pull": (_at("pull", "URL/library/hello:v1", "OUT/image"),),
    "copy": (_at("copy", "URL/library/hello:v1", "URL/library/copy:v1"),),
    "inspect": (_at("inspect", "URL/library/hello:v1"),),
    "tags": (_at("tags", "URL/library/hello"),),
    "referrers": (_at("referrers", "URL/library/hello@DIGEST"),),
    "delete": (_at("delete", "URL/library/hello:gone"),),
    "check": (_at("check", "URL"),),
    "request": (
        _at("request", "GET", "URL/v2/library/hello/manifests/v1"),
        _at("request", "POST", "URL/v2/a/blobs/uploads/"),
    ),
    "probe": (_at("probe", "URL", "--repository", "library/hello", "--tag", "v1"),),
    "login": (_at("login", "URL", "--username", "me", "--authfile", "OUT/auth.json"),),
}
FILE: Mapping[str, tuple[Arguments, ...]] = {
    "push": (
        _at("push", "FILES/two.tar", "127.0.0.1:9/a"),
        _at("push", "FILES/two.tar", "127.0.0.1:9/a", "--name", "x"),
    ),
    "show": tuple(_at("show", f"FILES/t.{end}") for end in ("json", "har", "txt")),
    "explain": tuple(
        _at("explain", f"FILES/t.{end}", *more)
        for end in ("json", "har", "txt")
        for more in ((), ("--brief",), ("--json",))
    ),
    "export": tuple(_at("export", f"FILES/t.{end}", "-o", "OUT/made.md") for end in ("json", "har", "txt")),
    "fsck": (_at("fsck", f"FILES/{STEERING}"),),
    "gc": tuple(_at("gc", f"FILES/{STEERING}", "--dry-run", *more) for more in ((), ("--untagged",))),
    "logout": (_at("logout", "h.example", "--authfile", "OUT/auth.json"),),
}
ELSEWHERE: Mapping[str, str] = {
    "serve": "tests/server/shell/test_listen.py: its lines are about requests, and are escaped there",
    "record": "it reports with the function of the other commands, below",
    "demo": "it prints the exchanges and tables of a push, below",
    "solutions": "it prints texts of the course",
    "progress": "it prints the report of a lesson, whose text tests/test_printable.py holds",
    "lab": "it starts JupyterLab, and prints no text of a registry",
}


def test_every_command_is_tried() -> None:
    assert set(main.commands) == {*REGISTRY, *FILE, *ELSEWHERE}


def _run(arguments: list[str]) -> str:
    done = CliRunner().invoke(main, arguments, input="password\n", color=True)
    assert done.exception is None or isinstance(done.exception, SystemExit), (arguments, done.exception)
    return done.output


@pytest.mark.parametrize("command", REGISTRY)
def test_text_of_a_registry_is_escaped(command: str, liar: LyingRegistry, files: Path, tmp_path: Path) -> None:
    seen = ""
    for name, lie in LIES.items():
        liar.lie = lie
        for number, made in enumerate(REGISTRY[command]):
            out = tmp_path / f"{name.replace(' ', '-')}-{number}"
            out.mkdir()
            for arguments in made(liar.url, files, out):
                printed = _run([*arguments, "--deadline", "5"])
                assert not raw_in(printed), (name, arguments, raw_in(printed), printed)
                seen += printed
    assert "\\x1b" in seen, "the text must have come through, or this test proves nothing"


@pytest.mark.parametrize("command", FILE)
def test_text_of_a_file_is_escaped(command: str, files: Path, tmp_path: Path) -> None:
    seen = ""
    for number, made in enumerate(FILE[command]):
        out = tmp_path / str(number)
        out.mkdir()
        for arguments in made("", files, out):
            printed = _run(arguments)
            assert not raw_in(printed), (arguments, raw_in(printed), printed)
            seen += printed
    if command not in ("logout", "export", "gc"):  # gc prints no name that does not fit the grammar
        assert "\\x1b" in seen or "\\u001b" in seen
