"""docs/clients.md names every test of a client, and no other."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "clients.md"
CLIENTS = ("test_skopeo.py", "test_podman.py", "test_buildah.py", "test_oras.py")

DOORS = {"door": "", "plain_door": "(HTTP only)", "locked_door": "(with a password)", "tls_door": "(TLS)"}
"""The fixtures, and what the page says of a test that does not go through all four."""


def test_the_page_names_each_test_once_and_no_other() -> None:
    named = re.findall(r"\| (test_\w+\.py::test_\w+) \|$", PAGE.read_text(), re.MULTILINE)
    found = [
        f"{name}::{node.name}"
        for name in CLIENTS
        for node in ast.parse((HERE / name).read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert sorted(named) == sorted(found)


def test_the_page_says_through_which_doors_each_test_goes() -> None:
    rows = re.findall(r"^\| [\w-]+ \| (.+) \| (test_\w+\.py)::(test_\w+) \|$", PAGE.read_text(), re.MULTILINE)
    operations = {(file, test): text for text, file, test in rows if "|" not in text}
    assert len(operations) > 25
    for (file, test), text in operations.items():
        (node,) = (n for n in ast.parse((HERE / file).read_text()).body if getattr(n, "name", "") == test)
        assert isinstance(node, ast.FunctionDef)
        (door,) = {argument.arg for argument in node.args.args} & set(DOORS)
        assert [words for words in DOORS.values() if words and words in text] == [
            words for words in (DOORS[door],) if words
        ]
