"""Commands run in this process keep their temporary files where pytest removes them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from regtutor.cli import invocation


@pytest.fixture(autouse=True)
def _temporary_files(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    def made(**names: str) -> tuple[int, str]:
        return tempfile.mkstemp(dir=_directory(tmp_path_factory), **names)

    monkeypatch.setattr(invocation, "mkstemp", made)


def _directory(factory: pytest.TempPathFactory) -> Path:
    path = factory.getbasetemp() / "failed-commands"
    path.mkdir(exist_ok=True)
    return path
