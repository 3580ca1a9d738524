"""Commands run in this process keep their temporary files where pytest removes them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from regtutor.cli import invocation


@pytest.fixture(autouse=True)
def _temporary_files(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    def made() -> Path:
        number, name = tempfile.mkstemp(dir=_directory(tmp_path_factory), prefix="regtutor-", suffix=".json")
        os.close(number)
        return Path(name)

    monkeypatch.setattr(invocation, "_temporary", made)


def _directory(factory: pytest.TempPathFactory) -> Path:
    path = factory.getbasetemp() / "failed-commands"
    path.mkdir(exist_ok=True)
    return path
