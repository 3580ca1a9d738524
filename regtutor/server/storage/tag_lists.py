"""The sorted tags of repositories, remembered while the directory of the tags does not change."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from regtutor.server.storage.folder_state import State, is_settled, state_of
from regtutor.server.storage.layout import Layout

MOST = 16
"""The number of repositories whose tags are remembered."""


def lexical(tag: str) -> tuple[str, str]:
    """The sort key of tags: the specification's "lexical order" ignores case."""
    return tag.lower(), tag


class TagLists:
    """The sorted names of the directories of tags. A caller checks those that it shows with ``Layout.has_tag``."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._kept: OrderedDict[str, tuple[State, list[str]]] = OrderedDict()

    def names(self, repository: str, check: Callable[[], object] = lambda: None) -> list[str]:
        """The names in lexical order; read again if the directory has changed. Do not change the list.

        Parameters
        ----------
        check: called before the directory is read and before the names are sorted; it can raise an error.
        """
        try:
            state = state_of(self._layout.tags_path(repository).stat())
        except (FileNotFoundError, NotADirectoryError):
            return []
        kept = self._kept.get(repository)
        if kept is not None and kept[0] == state:
            return kept[1]
        check()
        unsorted = self._layout.tag_names(repository)
        check()
        names = sorted(unsorted, key=lexical)
        if is_settled(state[0]):
            self._kept[repository] = state, names
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return names
