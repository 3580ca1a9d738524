"""The README's Python runs unchanged from top to bottom, and its pictures and files exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_its_python_runs_block_after_block(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REGTUTOR_REGISTRY", "embedded")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    assert len(BLOCKS) >= 4
    try:
        for number, block in enumerate(BLOCKS):
            exec(compile(block, f"README.md, block {number}", "exec"), names)
        assert names["put"].status == names["mount"].status == 201
        assert (tmp_path / "push.har").is_file()
    finally:
        if "reg" in names:
            names["reg"].close()


def test_what_it_shows_and_names_is_there() -> None:
    named = re.findall(
        r"(?:\]\(|src=\"|srcset=\")((?!https?:)[^)\"]+)|`((?:docs|notebooks|regtutor|tests)/[\w./]+)`", README
    )
    paths = {one or other for one, other in named}
    assert len(paths) > 6
    assert [path for path in paths if not (ROOT / path).exists()] == []
