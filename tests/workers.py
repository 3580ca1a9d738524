"""How the tests are shared out between the workers of pytest-xdist: a file goes to one worker, a group too.

A group is for what must not happen twice at the same time, or would be made once for each worker. Its tests may be in
any file. The groups come first, because they take longest.
"""

from __future__ import annotations

from collections.abc import Generator
from types import SimpleNamespace

import pytest

MARKED = {
    "browser": "browser",  # one JupyterLab, and one Chromium at a time
    "container": "engine",  # podman keeps the locks of all its storages in one place, and builds the image once
}
"""A marker, and the group of the tests that have it."""

NEEDED = {"podman": "engine"}
"""A fixture, and the group of the tests that ask for it."""


def group_of(item: pytest.Item) -> str | None:
    """The group of a test, or None where its file is all that it must stay with."""
    marked = (group for marker, group in MARKED.items() if item.get_closest_marker(marker))
    needed = (group for fixture, group in NEEDED.items() if fixture in getattr(item, "fixturenames", ()))
    return next(marked, None) or next(needed, None)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: group_of(item) is None)


@pytest.hookimpl(wrapper=True)
def pytest_collection_finish(session: pytest.Session) -> Generator[None]:
    """While a worker tells which tests it has, each is called ``NODE ID@GROUP``: ``--dist=loadgroup`` goes by that."""
    # pytest-xdist 3.8 itself writes the group of a marker where pytest 9.2 no longer looks for an item's node ID.
    items = session.items
    if hasattr(session.config, "workerinput"):
        told = [SimpleNamespace(nodeid=f"{item.nodeid}@{group_of(item) or item.path}") for item in items]
        session.items = told  # type: ignore[assignment]
    yield
    session.items = items
