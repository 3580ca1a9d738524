"""How the tests are shared out between the workers of pytest-xdist: a file goes to one worker, a group too.

A group is for what must not happen twice at the same time, or would be made once for each worker. Its tests may be in
any file. The groups come first, because they take longest.
"""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadGroupScheduling

MARKED = {
    "browser": "browser",  # one JupyterLab, and one Chromium at a time
    "container": "engine",  # podman keeps the locks of all its storages in one place, and its image is built once
}
"""A marker, and the group of the tests that have it."""

NEEDED = {"podman": "engine"}
"""A fixture, and the group of the tests that ask for it."""


def group_of(item: pytest.Item) -> str | None:
    """The group of a test, or None where its file is all that it must stay with."""
    marked = (group for marker, group in MARKED.items() if item.get_closest_marker(marker))
    needed = (group for fixture, group in NEEDED.items() if fixture in getattr(item, "fixturenames", ()))
    return next(marked, None) or next(needed, None)


class Groups(LoadGroupScheduling):
    """Files, but for the tests that are in a group."""

    def _split_scope(self, nodeid: str) -> str:
        group: str = super()._split_scope(nodeid)
        return nodeid.partition("::")[0] if group == nodeid else group


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Groups | None:
    return Groups(config, log) if config.getoption("dist") == "loadgroup" else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not hasattr(config, "workerinput"):
        return
    for item in items:
        if group := group_of(item):
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: group_of(item) is None)
