"""What a notebook shows: HTML once registered, the same text as before, and no IPython where there is none."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.formatters import DisplayFormatter

import regtutor as rt
from regtutor import display
from regtutor.client.host import StorageTree
from regtutor.exchange import RequestRecord
from regtutor.message import Location


def shell() -> Any:
    return SimpleNamespace(display_formatter=DisplayFormatter())


THINGS: dict[str, Any] = {
    "Exchange": rt.Exchange("check_api", "http://h/v2/", RequestRecord("GET", "/v2/")),
    "Transcript": rt.Transcript(),
    "Request": rt.draft(rt.check_api),
    "Location": Location("http://h/v2/"),
    "Image": rt.sample_image(),
    "Registry": rt.connect("http://127.0.0.1:9"),
    "StorageTree": StorageTree.of([("a/b", 1)]),
}


def test_every_type_that_is_named_exists_and_is_tried() -> None:
    assert {name for _, name in display.FORMATTERS} == set(THINGS)
    for module, name in display.FORMATTERS:
        assert isinstance(THINGS[name], getattr(import_module(module), name))


@pytest.mark.parametrize("name", THINGS)
def test_a_registered_shell_shows_html_and_the_same_text(name: str) -> None:
    plain, taught = shell(), shell()
    assert display.register(taught) is True
    before, _ = plain.display_formatter.format(THINGS[name])
    after, _ = taught.display_formatter.format(THINGS[name])
    assert "text/html" not in before
    assert after["text/html"].startswith("<")
    assert after["text/plain"] == before["text/plain"]


def test_without_a_shell_nothing_is_registered_and_nothing_imported() -> None:
    code = (
        "import sys; from regtutor import display; assert display.register() is False;"
        "sys.exit(bool({'IPython', 'pandas', 'regtutor.formats', 'regtutor.exchange'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def test_the_running_shell_is_found_by_itself() -> None:
    code = (
        "from IPython.core.interactiveshell import InteractiveShell;"
        "shell = InteractiveShell.instance(); from regtutor import display; assert display.register();"
        "from regtutor.message import Location;"
        "assert '<code' in shell.display_formatter.format(Location('http://h/'))[0]['text/html']"
    )
    done = subprocess.run([sys.executable, "-c", code], timeout=60, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
