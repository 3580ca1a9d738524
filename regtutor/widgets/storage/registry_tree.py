"""``RegistryTree``: a registry's storage on disk as a tree that highlights the changes of a request."""

from __future__ import annotations

from html import escape
from typing import Any, ClassVar

import traitlets

from regtutor.client.registry import Registry
from regtutor.errors import InvalidArgument, NotObservable
from regtutor.stepping.states import changes
from regtutor.storage_tree import StorageTree
from regtutor.widgets.storage import rows
from regtutor.widgets.storage.path_meanings import LAYOUT
from regtutor.widgets.storage.rows import KINDS, SIGNS, Entry, Row, visible
from regtutor.widgets.view import View, script, style

_STYLES = {
    "": "",
    "new": "background:#e2f4e4;color:#1b1b1b",
    "changed": "background:#fdf3d6;color:#1b1b1b",
    "gone": "background:#fbe3e1;color:#1b1b1b;text-decoration:line-through",
}
_LINE = "white-space:pre-wrap;overflow-wrap:anywhere;font-family:monospace;line-height:1.5"


class RegistryTree(View):
    """The storage of a registry as a tree: click, or press the arrow keys, to open a folder and to read its purpose.

    A sign, a word and a colour mark each entry that is new, changed in size, or gone since ``before``; a sentence sums
    the changes up.

    Parameters
    ----------
    source: a :class:`~regtutor.client.registry.Registry`, whose storage is read now and by Refresh; or the result of
        ``reg.tree()``; or None to show a tree later.
    before: the storage a moment ago, to compare with.

    Attributes
    ----------
    tree, before: the tree that is shown, and the one that it is compared with, or None.
    data: the data for the browser.
    opened: path of a folder -> whether the learner opened (True) or closed (False) it.
    selected: path of the row whose explanation is shown.

    Raises
    ------
    InvalidArgument: for any other source.
    """

    _esm = script("registry_tree.js")
    _css = style("registry_tree.css")

    data = traitlets.Dict().tag(sync=True)
    opened = traitlets.Dict().tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)

    questions: ClassVar = {"children": "_children", "refresh": "_refresh"}

    def __init__(self, source: Registry | StorageTree | None = None, before: StorageTree | None = None) -> None:
        if source is not None and not isinstance(source, Registry | StorageTree):
            raise InvalidArgument(
                f"An object of type {type(source).__name__} has no storage to show",
                "a registry and the result of reg.tree() have",
                "Pass one of them, for example rt.RegistryTree(reg)",
            )
        super().__init__()
        self._reg = source if isinstance(source, Registry) else None
        self.tree: StorageTree | None = None
        self.before: StorageTree | None = None
        if self._reg is not None:
            self._look(before)
        else:
            self.show(source if isinstance(source, StorageTree) else None, before)

    def show(self, tree: StorageTree | None, before: StorageTree | None = None, unseen: str = "") -> None:
        """Show the storage at another moment.

        Parameters
        ----------
        tree: the storage; None if it cannot be read.
        before: the storage to compare it with, or None for no comparison.
        unseen: why the storage cannot be read.
        """
        self.tree, self.before = tree, before if tree is not None else None
        self._root = rows.grow(tree, self.before) if tree is not None else Entry("", "")
        touched = {path for path, open_ in self.opened.items() if not open_ and self._touched(path)}
        if touched:
            self.opened = {path: open_ for path, open_ in self.opened.items() if path not in touched}
        self._rows = rows.outline(self._root, self.opened)
        self.data = {
            "said": unseen or self._summary(),
            "seen": tree is not None,
            "changed": self._root.touched,
            "rows": [row.as_json() for row in self._rows],
            "total": len(self._root.children),
            "files": self._root.files,
            "size": self._root.size,
            "refresh": self._reg is not None,
            "words": [place.words for place in LAYOUT],
        }

    def refresh(self) -> None:
        """Read the registry's storage again and show the changes since the last reading; does nothing without one."""
        if self._reg is not None:
            self._look(self.tree)

    def _look(self, before: StorageTree | None) -> None:
        assert self._reg is not None
        try:
            tree = self._reg.tree()
        except NotObservable as error:
            self.show(None, unseen=str(error))
        else:
            self.show(tree, before)

    def _touched(self, path: str) -> bool:
        entry: Entry | None = self._root
        for name in path.split("/"):
            entry = entry.children.get(name) if entry else None
        return entry is not None and entry.touched > 0

    def _summary(self) -> str:
        if self.tree is None:
            return "No storage is shown: it was not given, or cannot be seen, as that of a registry at a URL."
        if self.before is None:
            count = len(self.tree)
            return f"{count:,} file{'s' * (count != 1)} with {self.tree.size:,} bytes in all." if count else "No files."
        found = changes(self.before, self.tree)
        return rows.summary(found, {kind: self._root.inside[f"{kind}/"] for kind in KINDS})

    def _refresh(self, _question: dict[str, Any]) -> None:
        self.refresh()

    def _children(self, question: dict[str, Any]) -> dict[str, Any]:
        """Return the next rows of a folder."""
        path, start = question.get("path"), question.get("start")
        if not isinstance(path, str) or not isinstance(start, int):
            raise InvalidArgument("The browser sent an invalid request for rows", "", "Run the cell again")
        return {"rows": [row.as_json() for row in rows.page(self._root, path, start)]}

    def as_text(self) -> str:
        """Return the visible rows, one on each line, with a sign before each change."""
        if self.tree is None:
            return f"Storage: {self.data['said']}"
        lines = [self._line(depth, row) for depth, row in visible(self._rows, self.opened)]
        return "\n".join([f"Storage: {self.data['said']}", *lines])

    def _line(self, depth: int, row: Row) -> str:
        size = _size(row)
        return f"{SIGNS[row.entry.kind]} {'  ' * depth}{_name(row)}{'  ' + size if size else ''}"

    def static_html(self) -> str:
        """Return the rows of :meth:`as_text` with colours."""
        head = f'<div style="margin:4px 0"><b>{escape(self.data["said"])}</b></div>'
        lines = [
            f'<div style="{_LINE};{_STYLES[row.entry.kind]}">{escape(self._line(depth, row))}</div>'
            for depth, row in visible(self._rows, self.opened)
        ]
        return f"<div>{head}{''.join(lines)}</div>"


def _name(row: Row) -> str:
    return "".join(str(part[0]) for part in row.as_json()["parts"])  # type: ignore[attr-defined]


def _size(row: Row) -> str:
    """Return the bytes of a file, or the sum of a folder with the number of changes in it."""
    entry = row.entry
    if not row.total:
        size = "empty" if entry.folder else f"{entry.size:,} bytes"
        return "gone" if entry.kind == "gone" else ", ".join(filter(None, (entry.kind, size)))
    marks = [f"{SIGNS[kind]}{entry.inside[kind]}" for kind in KINDS if entry.inside[kind]]
    files = f"{entry.files:,} file{'s' * (entry.files != 1)}, {entry.size:,} bytes"
    return f"({', '.join([*marks, files])})"
