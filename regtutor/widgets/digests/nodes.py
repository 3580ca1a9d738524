"""The graph of digests: the model behind ``DigestGraph``.

It has one node for the tag and one for each digest, however many manifests name it, and an edge from each manifest to
each digest that it names. This module fetches nothing and does not depend on widgets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from regtutor.exchange import Exchange
from regtutor.protocol.manifests import Descriptor, ManifestView
from regtutor.protocol.media_types import Kind, kind_of
from regtutor.protocol.text import cut, visible

MOST_NODES = 400
"""The most nodes that are drawn."""

MOST_DEEP = 16
"""The most columns that are drawn: an index can name indexes, and so on."""

CHILDREN = 50
"""How many of the digests that one manifest names are drawn at first, and how many more at each request."""

NAMED, FETCHED, THERE, MISSING, WRONG, FAILED = "named", "fetched", "there", "missing", "wrong", "failed"
STATES = {
    NAMED: "not fetched",
    FETCHED: "fetched, digest checked",
    THERE: "exists (HEAD)",
    MISSING: "missing",
    WRONG: "does not match its digest",
    FAILED: "could not be fetched",
}
"""State of a node -> its description."""

AT_HAND = {
    **STATES,
    NAMED: "not read yet",
    FETCHED: "in the image, digest checked",
    THERE: "in the image",
    FAILED: "could not be read",
}
"""The same for an image or index, for which nothing is fetched."""


@dataclass(frozen=True)
class Loaded:
    """The result of fetching a node, or of reading it from an image.

    Attributes
    ----------
    state: one of :data:`STATES`.
    data: its bytes, or None if they were not read.
    exchanges: the exchanges of the fetch, including those of redirects.
    error: why it could not be fetched or read, or ``""``.
    """

    state: str
    data: bytes | None = None
    exchanges: tuple[Exchange, ...] = ()
    error: str = ""
    view: ManifestView | None = None


@dataclass
class Node:
    """A tag, a manifest or a blob.

    Attributes
    ----------
    id: the digest, or ``tag:`` and the tag.
    kind: ``tag``, ``index``, ``manifest``, ``config``, ``layer``, ``referrer`` or ``blob``.
    descriptor: the first descriptor that named it; None for the requested node.
    children: the ids of the nodes that it names, each once and in order, with their roles.
    shown: how many of them are drawn.
    """

    id: str
    kind: str
    descriptor: Descriptor | None = None
    media_type: str = ""
    size: int | None = None
    platform: str = ""
    children: dict[str, str] = field(default_factory=dict)
    shown: int = CHILDREN
    loaded: Loaded | None = None
    referrers: Loaded | None = None

    @property
    def state(self) -> str:
        """One of :data:`STATES`."""
        return self.loaded.state if self.loaded else NAMED

    @property
    def is_manifest(self) -> bool:
        """Whether it is fetched as a manifest, not as a blob."""
        return self.kind in ("tag", "index", "manifest", "referrer")

    @property
    def is_tag(self) -> bool:
        """Whether it is a tag, which has no digest."""
        return self.kind == "tag"


class Graph:
    """The nodes, by id; the first one is the requested node. ``words`` describe the states."""

    def __init__(self, root: Node, words: Mapping[str, str] = STATES) -> None:
        self.root = root
        self.words = words
        self.nodes = {root.id: root}

    def name(self, parent: Node, descriptor: Descriptor, role: str) -> Node | None:
        """Add that ``parent`` names ``descriptor`` as its ``role``; return the node, or None if it makes a cycle."""
        node = self.nodes.get(descriptor.digest)
        if node is not None and self._reaches(node, parent):
            return None
        if node is None:
            node = Node(
                descriptor.digest,
                _kind(role, kind_of(descriptor.media_type)),
                descriptor,
                descriptor.media_type,
                descriptor.size,
                _platform(descriptor),
            )
            self.nodes[node.id] = node
        parent.children.setdefault(node.id, role)
        return node

    def add(self, parent: Node, node: Node, role: str) -> Node:
        """Add and return a node without a descriptor, such as the target of a tag, or return the existing one."""
        node = self.nodes.setdefault(node.id, node)
        if not self._reaches(node, parent):
            parent.children.setdefault(node.id, role)
        return node

    def describe(self, node: Node, view: ManifestView) -> None:
        """Add the content of a manifest that was fetched."""
        node.media_type = view.media_type
        if node.kind != "referrer":
            node.kind = "index" if view.kind == "index" else "manifest"
        for number, entry in enumerate(view.manifests):
            self.name(node, entry, _platform(entry) or f"entry {number + 1}")
        if view.config:
            self.name(node, view.config, "config")
        for number, layer in enumerate(view.layers):
            self.name(node, layer, f"layer {number + 1}")
        if view.subject:
            self.name(node, view.subject, "subject")

    def named(self, start: Node | None = None) -> set[str]:
        """Return the ids of ``start`` (by default the first node) and of all that it names, directly or not."""
        seen = {(start or self.root).id}
        left = list(seen)
        while left:
            further = self.nodes[left.pop()].children.keys() - seen
            seen |= further
            left += further
        return seen

    def _reaches(self, start: Node, goal: Node) -> bool:
        return goal.id in self.named(start)

    def drawn(self, node: Node) -> list[Node]:
        """Return the children of ``node`` that are drawn if ``node`` is."""
        return [self.nodes[child] for child in list(node.children)[: node.shown]]

    def said(self, node: Node) -> str:
        """Return the state of ``node`` in words."""
        return self.words[node.state]

    def parents(self, node: Node) -> Iterator[tuple[Node, str]]:
        """Yield each node that names ``node``, and the role of ``node`` in it."""
        for other in self.nodes.values():
            if node.id in other.children:
                yield other, other.children[node.id]

    def columns(self) -> list[list[Node]]:
        """Return the nodes that are drawn, within the bounds; each is to the right of every node that names it."""
        depth = {self.root.id: 0}
        order = {self.root.id: 0}
        wave = [self.root]
        for column in range(1, MOST_DEEP):
            further: dict[str, Node] = {}
            for node in wave:
                for child in self.drawn(node):
                    if child.id not in order and len(order) >= MOST_NODES:
                        continue
                    order.setdefault(child.id, len(order))
                    depth[child.id] = column
                    further[child.id] = child
            wave = list(further.values())
            if not wave:
                break
        columns: list[list[Node]] = [[] for _ in range(max(depth.values()) + 1)]
        for id_ in order:
            columns[depth[id_]].append(self.nodes[id_])
        return columns


def _platform(descriptor: Descriptor) -> str:
    """Return a platform in a form that is safe to show: an index can contain any text."""
    return visible(cut(str(descriptor.platform or ""), 80))


def _kind(role: str, known: Kind | None) -> str:
    if role == "config" or role == "referrer":
        return role
    if role.startswith("layer "):
        return "layer"
    if role in ("subject",) or known in ("manifest", "index"):
        return "index" if known == "index" else "manifest"
    return "manifest"
