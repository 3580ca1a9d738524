"""Fills docs/cli.md with the commands' own usage lines, help texts and options; a test compares the page::

python -m tests.cli.page

Headings, examples and the text between the parts are written by hand. A part begins with ``<!-- made: NAME -->`` and
ends with ``<!-- end -->``.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import click

from regtutor.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
PART = re.compile(r"^<!-- made: ([\w -]+) -->\n(.*?)^<!-- end -->$", re.MULTILINE | re.DOTALL)
REQUESTS_ANCHOR = "[options of every command that sends requests](#authenticate-and-trace)"

ARGUMENTS: Mapping[str, str] = {
    "HOST": "The registry: its host, and its port if it has one; a scheme may precede it.",
    "IMAGE": "An OCI layout (a folder or a tar file), or an archive that `docker save` wrote.",
    "PATH": "The folder or file to write.",
    "FILE": "A file that `--trace` or `rt.save` wrote, HAR, or the output of `curl -v`; `-` reads standard input.",
    "METHOD": "The method, such as `GET`.",
    "HOST/PATH": "The registry and the path with its query, such as `127.0.0.1:5000/v2/`.",
    "HOST/REPOSITORY": "The registry and the repository.",
    "HOST/REPOSITORY[:TAG]": "The registry, the repository and the tag; the default tag is `latest`.",
    "HOST/REPOSITORY[:TAG|@DIGEST]": "The registry, the repository and a tag or digest; the default tag is `latest`.",
    "HOST/REPOSITORY:TAG|@DIGEST": "The registry, the repository and a tag or a digest, one of which is required.",
    "HOST/REPOSITORY@DIGEST": "The registry, the repository and the digest of a manifest.",
    "ROOT": "The directory of a registry, such as that of `regtutor serve --root`.",
    "[COMMAND]...": "The client to run, with its arguments. `{registry}` in them means the proxy's host and port.",
    "TARGET": "The folder to write; created if it does not exist.",
    "URL": "The registry: `HOST` or `HOST:PORT`, with `http://` or `https://` before it to choose.",
    "[JUPYTER_ARGS]...": "Arguments for JupyterLab, such as `--no-browser`.",
}
"""The meaning of each argument, under the name that the usage line gives it: click has no help for arguments."""


def filled(text: str) -> str:
    """``text`` with every part made again."""
    return PART.sub(lambda part: f"<!-- made: {part[1]} -->\n{_made(part[1])}<!-- end -->", text)


def _made(name: str) -> str:
    parts: Mapping[str, Callable[[], Iterable[str]]] = {"commands": _overview, "options of requests": _requests}
    lines = parts[name]() if name in parts else _reference(main.commands[name])
    return "\n".join(["", *lines, "\n"])


def _overview() -> Iterable[str]:
    yield "| command | what it does |"
    yield "|---|---|"
    for name, command in main.commands.items():
        yield f"| [`{name}`](#regtutor-{name}) | {(command.help or '').splitlines()[0]} |"


def _requests() -> Iterable[str]:
    return _option_table(next(iter(_asking())), lambda name: name in _shared())


def _reference(command: click.Command) -> Iterable[str]:
    context = _context(command)
    arguments = [one for one in command.params if isinstance(one, click.Argument)]
    yield f'<a id="regtutor-{command.name}"></a>'
    yield f"\n    {context.command_path} {' '.join(command.collect_usage_pieces(context))}\n"
    yield inspect.cleandoc(command.help or "")
    if arguments:
        yield "\n| argument | meaning |"
        yield "|---|---|"
        for name in command.collect_usage_pieces(context)[1:]:
            yield f"| {_code(name)} | {ARGUMENTS[name]} |"
    sends = command in _asking()
    own = list(_option_table(command, lambda name: not sends or name not in _shared()))
    if len(own) > 2:
        yield ""
        yield from own
    if sends:
        yield f"\n{'Also' if len(own) > 2 else 'It has'} the {REQUESTS_ANCHOR}."


def _option_table(command: click.Command, wanted: Callable[[str], bool]) -> Iterable[str]:
    context = _context(command)
    yield "| option | meaning | default |"
    yield "|---|---|---|"
    for option in command.params:
        if not isinstance(option, click.Option) or not wanted(option.name or ""):
            continue
        names, _ = option.get_help_record(context) or ("", "")
        default = option.to_info_dict()["default"] if option.show_default else None
        yield f"| {_code(names)} | {option.help or ''} | {'' if default is None else _code(str(default))} |"


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def _context(command: click.Command) -> click.Context:
    return click.Context(command, info_name=command.name, parent=click.Context(main, info_name="regtutor"))


def _asking() -> list[click.Command]:
    """The commands that send requests to a registry that the user names: those with ``--trace``."""
    return [one for one in main.commands.values() if "trace" in {parameter.name for parameter in one.params}]


def _shared() -> set[str]:
    """The options that all of these have."""
    return set.intersection(*({str(parameter.name) for parameter in one.params} for one in _asking()))


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
