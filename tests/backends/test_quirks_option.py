"""Quirks as an option: of ``open_registry`` and of ``regtutor serve``."""

from __future__ import annotations

import subprocess
import sys

import pytest

from regtutor.backends.opening import open_registry
from regtutor.server.quirks.table import PROFILES, QUIRKS
from regtutor.steps import draft
from regtutor.steps.tags import list_tags


def serve(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "regtutor", "serve", "--port", "0", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_serve_lists_every_quirk_and_profile_and_starts_nothing() -> None:
    shown = serve("--quirks", "list")
    assert shown.returncode == 0
    assert [name for name in (*PROFILES, *QUIRKS) if name not in shown.stdout] == []
    assert "http://" not in shown.stdout


def test_serve_refuses_a_quirk_that_there_is_not_as_a_bad_argument() -> None:
    refused = serve("--quirks", "distribution-2.8", "--quirks", "distribution-1")
    assert refused.returncode == 2
    assert "'distribution-1'" in refused.stderr and "Traceback" not in refused.stderr


@pytest.mark.parametrize("which", ["embedded", "in_process"])
@pytest.mark.parametrize("quirks", ["methods_refused_in_plain_text", ("distribution-2.8",)])
def test_a_registry_is_opened_with_quirks(which: str, quirks: str | tuple[str, ...]) -> None:
    with open_registry(which, quiet=True, quirks=quirks) as reg:
        exchange = reg.send(draft(list_tags, "a/b").edit(method="PUT"))
    assert exchange.status == 405
    assert exchange.content == b"Method not allowed\n"
