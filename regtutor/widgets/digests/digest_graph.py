"""``DigestGraph``: the content of a tag, down to the layers, as a picture in which every digest is a link."""

from __future__ import annotations

from html import escape
from typing import Any, ClassVar

import traitlets

from regtutor.client.registry import Registry
from regtutor.content.image import Image
from regtutor.content.index import Index
from regtutor.errors import InvalidArgument, InvalidDigest, InvalidReference
from regtutor.exchange import Exchange, Transcript
from regtutor.protocol import digests
from regtutor.protocol.references import REPOSITORY, TAG
from regtutor.protocol.text import cut, visible
from regtutor.widgets.digests.detail import detail, short_id
from regtutor.widgets.digests.nodes import AT_HAND, CHILDREN, FETCHED, STATES, Graph, Loaded, Node
from regtutor.widgets.digests.picture import svg_of
from regtutor.widgets.digests.sources import FromContent, FromRegistry, Source
from regtutor.widgets.view import View, picture, script, style

MOST_FETCHED = 50
"""The most requests of one "Fetch all manifests"."""

_CELL = "text-align:left;vertical-align:top;padding:2px 12px 2px 0"
_LONG = 40
"""The most characters of a table cell that stay on one line; longer text can break anywhere."""


class DigestGraph(View):
    """A tag, an index, manifests, configs and layers: click one to fetch it, and see the request, the check, the bytes.

    Each digest has one node, so a layer that two platforms share appears once.

    Parameters
    ----------
    source: a :class:`~regtutor.client.registry.Registry`; or an image or an index, for which nothing is fetched.
    repository, reference: for a registry, the content to show; the reference is a tag or a digest.

    Attributes
    ----------
    transcript: every exchange that was made for it.
    data: the graph, as the browser draws it; ``detail``: the details of the node that is ``selected``.

    Raises
    ------
    InvalidArgument: for another source, or for a registry without a repository and a reference.
    InvalidReference: if the repository name or the reference is malformed. Nothing is sent then.
    """

    _esm = script("digest_graph.js")
    _css = style("digest_graph.css")

    data = traitlets.Dict().tag(sync=True)
    detail = traitlets.Dict().tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)

    questions: ClassVar = {"open": "_opened", "again": "_again", "more": "_more", "referrers": "_refer", "all": "_all"}

    def __init__(self, source: Registry | Image | Index, repository: str = "", reference: str = "") -> None:
        if not isinstance(source, Registry | Image | Index):
            raise InvalidArgument(
                f"An object of type {type(source).__name__} has no graph of digests",
                "a registry, an image or an index has one",
                'Pass one of them, for example rt.DigestGraph(reg, "library/hello", "v1")',
            )
        root = _root(repository, reference) if isinstance(source, Registry) else _at_hand(source)
        super().__init__()
        self._exchanges: list[Exchange] = []
        self._source: Source = (
            FromRegistry(source, repository, self._exchanges.append)
            if isinstance(source, Registry)
            else FromContent(source)
        )
        self.graph = Graph(root, STATES if self._source.asks else AT_HAND)
        self.fetch(root.id)
        if not self._source.asks:
            self.fetch_all()

    @property
    def transcript(self) -> Transcript:
        """Every exchange that was made, in order."""
        return Transcript.of(self._exchanges, f"a look at {self._source.said}")

    def fetch(self, digest: str, again: bool = False) -> None:
        """Select a node, and fetch it unless that was done before; ``detail`` then describes it.

        Parameters
        ----------
        digest: of the node; for the tag, ``"tag:"`` and the tag. A digest that no manifest names is fetched as a blob.
        again: fetch it even if that was done before.

        Raises
        ------
        InvalidDigest: if the digest is malformed.
        """
        node = self._node(digest)
        if node.loaded is None or again:
            self._load(node)
        self._show(node, node.loaded)

    def fetch_all(self, limit: int = MOST_FETCHED) -> None:
        """Fetch the drawn manifests that were not fetched yet, and those that they name, at most ``limit`` of them."""
        for _ in range(limit):
            drawn = [node for column in self.graph.columns() for node in column]
            node = next((one for one in drawn if one.loaded is None and one.is_manifest), None)
            if node is None:
                break
            self._load(node)
        node = self.graph.nodes[self.selected]
        self._show(node, node.loaded)

    def ask_referrers(self, digest: str) -> None:
        """Request the referrers of a manifest, such as its signatures, and draw them.

        Raises
        ------
        InvalidArgument: for content that is not from a registry, and for a node that is not a manifest with a digest.
        """
        node = self._node(digest)
        if not isinstance(self._source, FromRegistry) or node.is_tag or not node.is_manifest:
            raise InvalidArgument(
                "Only a registry lists what refers to a manifest",
                "this graph is not from a registry, or the node is not a manifest",
            )
        loaded, found = self._source.referrers(node)
        node.referrers = loaded
        for descriptor in found:
            self.graph.name(node, descriptor, "referrer")
        self._show(node, loaded)
        if loaded.state == FETCHED:
            some = f"{len(found):,} manifest{'s' * (len(found) != 1)} name{'s' * (len(found) == 1)} it as subject."
            self.detail = {**self.detail, "note": some if found else "No manifest refers to it."}

    def _node(self, digest: str) -> Node:
        node = self.graph.nodes.get(digest)
        if node is None:
            parent = self.graph.nodes[self.selected]
            node = self.graph.add(parent, Node(str(digests.parse(digest)), "blob"), "named in its JSON")
            # The requested node is drawn, however many others there are.
            parent.shown = max(parent.shown, len(parent.children))
        return node

    def _load(self, node: Node) -> None:
        node.loaded = self._source.load(node)
        data, view = node.loaded.data, node.loaded.view
        if data is None or view is None:
            if data is not None and node.size is None:
                node.size = len(data)
            return
        node.size = len(data)
        if not node.is_tag:
            self.graph.describe(node, view)
            return
        node.media_type = view.media_type
        node.children.clear()  # the tag may have been moved since the last fetch
        header = node.loaded.exchanges[-1].headers.get("Docker-Content-Digest") if node.loaded.exchanges else None
        digest = header or digests.sha256(data)
        target = self.graph.add(node, Node(digest, "manifest", size=len(data)), "means")
        target.loaded = node.loaded
        self.graph.describe(target, view)

    def _show(self, node: Node, loaded: Loaded | None) -> None:
        asks = isinstance(self._source, FromRegistry)
        can = {
            "again": asks,
            "referrers": asks and node.kind in ("index", "manifest", "referrer") and node.state == FETCHED,
        }
        with self.hold_sync():
            self.selected = node.id
            self.data = self._drawn()
            self.detail = {**detail(self.graph, node, loaded), "can": can, "asks": asks, "note": ""}

    def _drawn(self) -> dict[str, Any]:
        columns = self.graph.columns()
        places = {node.id for column in columns for node in column}
        edges = [[node.id, child.id] for column in columns for node in column for child in self.graph.drawn(node)]
        parents: dict[str, list[str]] = {}
        for node in self.graph.nodes.values():
            for child, role in node.children.items():
                parents.setdefault(child, []).append(role)
        every = [node for column in columns for node in column]
        return {
            "said": self._source.said,
            "asks": self._source.asks,
            "columns": [
                [_node_json(node, self.graph.said(node), parents.get(node.id, [])) for node in column]
                for column in columns
            ],
            "edges": [edge for edge in edges if edge[1] in places],
            "unfetched": sum(node.loaded is None and node.is_manifest for node in every),
            "requests": len(self._exchanges),
            "left": len(self.graph.named() - places),
        }

    def _opened(self, question: dict[str, Any]) -> None:
        self.fetch(str(question.get("digest")))

    def _again(self, question: dict[str, Any]) -> None:
        self.fetch(str(question.get("digest")), again=True)

    def _more(self, question: dict[str, Any]) -> None:
        node = self.graph.nodes.get(str(question.get("digest")))
        if node is not None:
            node.shown += CHILDREN
            self.data = self._drawn()

    def _refer(self, question: dict[str, Any]) -> None:
        self.ask_referrers(str(question.get("digest")))

    def _all(self, _question: dict[str, Any]) -> None:
        self.fetch_all()

    def as_text(self) -> str:
        """Return the graph as an indented list; a digest that appears again is not expanded again."""
        lines, seen = [f"Digests: {self._source.said}"], set[str]()
        left = [(0, "", self.graph.root)]
        while left:
            depth, role, node = left.pop()
            again = node.id in seen
            seen.add(node.id)
            head = f"{role}: " if role else ""
            size = f", {node.size:,} bytes" if node.size is not None else ""
            what = "see above" if again else f"{visible(node.media_type) or node.kind}{size}, {self.graph.said(node)}"
            lines.append(f"{'  ' * depth}{visible(head)}{node.id} ({what})")
            if not again:
                drawn = self.graph.drawn(node)
                rest = len(node.children) - len(drawn)
                left += [(depth + 1, node.children[child.id], child) for child in reversed(drawn)]
                if rest:
                    lines[-1] += f", {rest:,} of {len(node.children):,} not listed"
                if node.loaded and node.loaded.error:
                    lines.append(f"{'  ' * depth}  {visible(cut(node.loaded.error, 300))}")
        return "\n".join(lines)

    def static_html(self) -> str:
        """Return a picture of the graph, and a table of its nodes."""
        columns = self.graph.columns()
        drawn = picture(svg_of(self.graph, columns), f"The graph of digests: {self._source.said}")
        rows = [
            (node.kind, node.platform, visible(node.media_type), node.size, node.id, self.graph.said(node))
            for column in columns
            for node in column
        ]
        heads = "".join(
            f'<th style="{_CELL}">{head}</th>'
            for head in ("kind", "platform", "media type", "bytes", "digest", "state")
        )
        body = "".join(f"<tr>{''.join(_cell(value) for value in row)}</tr>" for row in rows)
        return f"<div>{drawn}<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"


def _cell(value: str | int | None) -> str:
    text = "" if value is None else f"{value:,}" if isinstance(value, int) else value
    wrap = ";overflow-wrap:anywhere" if len(text) > _LONG else ""
    return f'<td style="{_CELL}{wrap}">{escape(text)}</td>'


def _node_json(node: Node, said: str, roles: list[str]) -> dict[str, Any]:
    """Return a node as the browser draws it."""
    head = node.platform or next((role.removeprefix(node.kind).strip() for role in roles if role != "means"), "")
    size = f"{node.size:,} bytes" if node.size is not None else ""
    return {
        "id": node.id,
        "kind": node.kind,
        "head": visible(cut(head, 40)),
        "short": short_id(node.id),
        "size": size,
        "state": node.state,
        "said": said,
        "named": len(roles),
        "more": max(len(node.children) - node.shown, 0),
    }


def _root(repository: str, reference: str) -> Node:
    """Return the first node: the requested tag or manifest, if the names are well formed."""
    if not repository or not reference:
        raise InvalidArgument(
            "With a registry, a repository and a reference are needed",
            "without them there is nothing to show",
            'Pass both, for example rt.DigestGraph(reg, "library/hello", "v1")',
        )
    if not REPOSITORY.fullmatch(repository):
        raise InvalidReference(f"{repository!r} is not a repository name", "it is malformed")
    if ":" not in reference:
        if not TAG.fullmatch(reference):
            raise InvalidReference(f"{reference!r} is not a tag", "it is malformed")
        return Node(f"tag:{reference}", "tag")
    try:
        return Node(str(digests.parse(reference)), "manifest")
    except InvalidDigest as error:
        raise InvalidReference(error.what, error.why) from error


def _at_hand(content: Image | Index) -> Node:
    manifest = content.manifest
    kind = "index" if isinstance(content, Index) else "manifest"
    return Node(manifest.digest, kind, media_type=manifest.media_type, size=manifest.size)
