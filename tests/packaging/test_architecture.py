"""The picture in docs/architecture.md shows the layers of the contract, in their order."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.packaging.architecture import ROOT, ROWS, THEMES, path, picture


def test_it_shows_the_layers_of_the_contract_in_their_order() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    names = [name for layer in layers for name in re.findall(r"\w+", layer) if name != "__main__"]
    assert [name for _, packages in ROWS for name, _ in packages] == names


@pytest.mark.parametrize("theme", THEMES)
def test_it_is_as_the_table_draws_it(theme: str) -> None:
    assert path(theme).read_text(encoding="utf-8") == picture(theme), "run: python -m tests.packaging.architecture"


def test_the_page_names_every_package_of_the_picture() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    (alt,) = re.findall(r'alt="([^"]*)"', page)
    assert [name for _, packages in ROWS for name, _ in packages if name not in re.findall(r"\w+", alt)] == []
