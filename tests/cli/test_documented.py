"""docs/cli.md and the README name every command; the page is what the commands make of it, and its examples run."""

from __future__ import annotations

import re
import shlex
import tarfile
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

import regtutor as rt
from regtutor.backends.opening import open_registry
from regtutor.cli import main
from regtutor.cli.invocation import REFUSED, UNUSABLE
from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_layout
from tests.cli.page import ARGUMENTS, PAGE, PART, filled

TEXT = PAGE.read_text(encoding="utf-8")
README = (PAGE.parents[1] / "README.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"^\$ (?:.+ \| )?regtutor (.+)\n((?:(?!\$ |```).*\n)*)", re.MULTILINE)

WAIT_FOR_CTRL_C = ("serve", "lab")
"""Their examples are parsed and not run, unless they only print something."""

PRINTED_BY_CURL = """\
> GET /v2/ HTTP/1.1
> Host: 127.0.0.1:5000
>
< HTTP/1.1 200 OK
< Content-Length: 2
<
{}
"""


def examples(text: str) -> list[tuple[str, str]]:
    """The arguments of each example in a console block, and the output that the page shows."""
    blocks = re.findall(r"^```console\n(.*?^)```$", text, re.MULTILINE | re.DOTALL)
    return [(arguments, output) for block in blocks for arguments, output in EXAMPLE.findall(block)]


def words(arguments: str) -> list[str]:
    return shlex.split(arguments, comments=True)


def by_heading() -> dict[str, str]:
    """The page's sections."""
    return {section.partition("\n")[0]: section for section in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]}


def options_in(part: str) -> set[str]:
    """The options in the first column of the part's table."""
    return {
        option
        for cell in re.findall(r"^\| `(-[^`]+)` \|", part, re.MULTILINE)
        for option in re.findall(r"--?[\w-]+", cell)
    }


def test_the_page_is_what_the_commands_make_of_it() -> None:
    assert filled(TEXT) == TEXT, "run python -m tests.cli.page and commit docs/cli.md"


def test_every_command_has_one_part_of_the_page() -> None:
    parts = [name for name, _ in PART.findall(TEXT)]
    assert sorted(parts) == sorted([*main.commands, "commands", "options of requests"])


def test_every_argument_option_and_default_is_on_the_page() -> None:
    parts = dict(PART.findall(TEXT))
    shared = options_in(parts["options of requests"])
    for name, command in main.commands.items():
        context = click.Context(command, info_name=name)
        assert " ".join(command.collect_usage_pieces(context)) in parts[name]
        listed = options_in(parts[name]) | (shared if "#authenticate-and-trace" in parts[name] else set())
        for parameter in command.params:
            assert isinstance(parameter, click.Argument) or parameter.help, f"{name}: {parameter.name}"
            assert {option for option in parameter.opts if option.startswith("-")} <= listed, (
                f"{name}: {parameter.name}"
            )


def test_no_meaning_is_left_of_an_argument_that_no_command_has() -> None:
    pieces = {
        piece
        for command in main.commands.values()
        for piece in command.collect_usage_pieces(click.Context(command, info_name=command.name))
    }
    assert set(ARGUMENTS) == pieces - {"[OPTIONS]"}


def test_every_command_has_an_example_in_its_own_section() -> None:
    for section in by_heading().values():
        for name, _ in PART.findall(section):
            if name in main.commands:
                assert name in {words(arguments)[0] for arguments, _ in examples(section)}, name


def test_the_exit_statuses_are_those_of_the_commands() -> None:
    rows = re.findall(r"^\| (\d+) \| .+ \| (.+) \|$", by_heading()["Exit status"], re.MULTILINE)
    assert [int(status) for status, _ in rows] == [0, REFUSED, UNUSABLE, 130]
    named = {name for _, commands in rows for name in re.findall(r"`(\w+)`", commands)}
    assert named <= set(main.commands)


def test_the_readme_names_every_command_and_no_other() -> None:
    (sentence,) = re.findall(r"^The commands are (.+?)\.$", README, re.MULTILINE | re.DOTALL)
    assert re.findall(r"`(\w+)`", sentence) == list(main.commands)


@pytest.fixture
def elsewhere() -> Iterator[Registry]:
    """The registry that the page calls registry.example."""
    with open_registry("embedded", quiet=True) as registry:
        yield registry


def test_the_examples_run_in_order(
    reg: Registry, elsewhere: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = sample_layout(tmp_path / "layout", ("v1",))
    with tarfile.open(tmp_path / "app.tar", "w") as archive:
        archive.add(layout, ".")
    (tmp_path / "passwords").touch()
    (tmp_path / "users.toml").touch()
    (tmp_path / "registry" / "docker" / "registry" / "v2").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REGTUTOR_PROGRESS", str(tmp_path / "progress.json"))
    for arguments, output in examples(TEXT) + examples(README):
        here = arguments.replace("127.0.0.1:5000", host(reg)).replace("registry.example", host(elsewhere))
        done = run(words(here.replace("sha256:...", rt.sample_image().digest)))
        assert done.exit_code == 0, f"regtutor {arguments}\n{done.output}"
        assert not output or re.fullmatch(pattern(output), done.stdout, re.DOTALL), f"{arguments}\n{done.stdout}"


def run(arguments: list[str]) -> Result:
    if arguments[0] in WAIT_FOR_CTRL_C and "list" not in arguments:
        main.commands[arguments[0]].make_context(arguments[0], arguments[1:])
        return CliRunner().invoke(main, ["--version"])
    given = PRINTED_BY_CURL if "-" in arguments else "password\n"
    return CliRunner().invoke(main, arguments, input=given)


def host(registry: Registry) -> str:
    return registry.url.removeprefix("http://")


def pattern(output: str) -> str:
    """A regular expression for what the page shows, where ``...`` can be any text."""
    return re.escape(output).replace(re.escape("..."), ".*")
