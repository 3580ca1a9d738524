"""The graph of digests, without a browser: what is fetched, what is checked, and what bounds it."""

from __future__ import annotations

import gzip
import io
import json
import tarfile

import pytest

from regtutor.client.registry import Registry
from regtutor.content.image import Config, Image, Manifest
from regtutor.content.index import Index
from regtutor.content.sample.image import sample_image, sample_index
from regtutor.errors import InvalidArgument, InvalidDigest, InvalidReference
from regtutor.exchange import Exchange
from regtutor.message import Request
from regtutor.protocol.digests import sha256
from regtutor.protocol.manifests import Descriptor
from regtutor.protocol.media_types import OCI_INDEX, OCI_LAYER, OCI_LAYER_GZIP, OCI_MANIFEST
from regtutor.steps import put_manifest
from regtutor.steps.blobs import delete_blob
from regtutor.walks.pushing import push_image
from regtutor.widgets.digests.detail import MOST_FILES, files_of
from regtutor.widgets.digests.digest_graph import DigestGraph
from regtutor.widgets.digests.nodes import CHILDREN, MOST_DEEP, MOST_NODES, Graph, Node

WHERE = ("library/hello", "v1")
INDEX = sample_index()
SHARED = INDEX.images[0].layers[0].digest


@pytest.fixture
def pushed(reg: Registry) -> Registry:
    """A registry with the sample index under a tag."""
    push_image(reg, INDEX, *WHERE)
    return reg


def states(graph: DigestGraph) -> dict[str, str]:
    """Id -> state of every node that is drawn."""
    return {node["id"]: node["state"] for column in graph.data["columns"] for node in column}


def test_at_first_the_tag_is_asked_and_what_it_means_is_drawn(pushed: Registry) -> None:
    graph = DigestGraph(pushed, *WHERE)
    assert [[node["kind"] for node in column] for column in graph.data["columns"]] == [
        ["tag"],
        ["index"],
        ["manifest", "manifest"],
    ]
    assert [exchange.target for exchange in graph.transcript] == ["/v2/library/hello/manifests/v1"]
    assert graph.detail["check"] == {
        "good": True,
        "text": f"sha256 of the 671 bytes received is {INDEX.digest}: the Docker-Content-Digest header has the same.",
    }
    assert graph.detail["exchanges"][0].startswith("GET /v2/library/hello/manifests/v1 → 200 OK, 671 bytes, ")
    assert "curl" in graph.detail["curl"]


def test_every_digest_of_the_json_is_a_link_and_following_it_is_one_request(pushed: Registry) -> None:
    graph = DigestGraph(pushed, *WHERE)
    image = INDEX.images[0]
    links = [piece[1] for piece in graph.detail["json"] if len(piece) > 1]
    assert links == [child.digest for child in INDEX.images]
    graph.fetch(links[0])
    assert [piece[1] for piece in graph.detail["json"] if len(piece) > 1] == [
        image.config.digest,
        *(layer.digest for layer in image.layers),
    ]
    assert json.loads("".join(piece[0] for piece in graph.detail["json"])) == json.loads(image.manifest.data)
    graph.fetch(image.config.digest)
    diff_ids = {piece[0]: piece[1] for piece in graph.detail["json"] if len(piece) > 1}
    assert diff_ids == {layer.diff_id: layer.digest for layer in image.layers}, "a diff ID leads to its layer"
    graph.fetch(image.layers[1].digest)
    assert ["-rwxr-xr-x", "304", "bin/greet"] in graph.detail["files"]
    assert "the expected digest" in graph.detail["check"]["text"]
    assert len(graph.transcript) == 4
    graph.fetch(links[0])
    assert len(graph.transcript) == 4, "what was fetched is not fetched again"
    graph.fetch(links[0], again=True)
    assert len(graph.transcript) == 5


def test_a_layer_of_two_platforms_is_there_once(pushed: Registry) -> None:
    graph = DigestGraph(pushed, *WHERE)
    graph.fetch_all()
    drawn = [node for column in graph.data["columns"] for node in column]
    assert [node["named"] for node in drawn if node["id"] == SHARED] == [2]
    assert sum(edge[1] == SHARED for edge in graph.data["edges"]) == 2
    assert len(drawn) == len({node["id"] for node in drawn})
    assert graph.data["unfetched"] == 0
    assert len(graph.transcript) == 3


def test_a_layer_that_is_gone_is_shown_as_missing_with_its_exchange(pushed: Registry) -> None:
    graph = DigestGraph(pushed, *WHERE)
    graph.fetch_all()
    delete_blob(pushed, "library/hello", SHARED)
    graph.fetch(SHARED)
    assert graph.detail["state"] == "missing"
    assert "→ 404" in graph.detail["exchanges"][0]
    assert "404" in graph.detail["error"]
    assert graph.transcript[-1].status == 404
    assert "missing" in graph.as_text()
    assert "missing" in graph.static_html()


def test_a_tag_that_is_not_there_is_shown_and_not_raised(reg: Registry) -> None:
    graph = DigestGraph(reg, "library/none", "v1")
    assert states(graph) == {"tag:v1": "missing"}
    assert graph.transcript[0].status == 404
    assert "The pull stopped at get_manifest: 404" in graph.as_text()


def test_a_tag_that_was_moved_leads_elsewhere_when_it_is_fetched_again(pushed: Registry) -> None:
    graph = DigestGraph(pushed, *WHERE)
    push_image(pushed, INDEX.images[0], *WHERE)
    graph.fetch("tag:v1", again=True)
    assert [["tag:v1", INDEX.images[0].digest], INDEX.digest in states(graph)] == [graph.data["edges"][0], False]
    assert graph.data["left"] == 0


class Lying(Registry):
    """Sends what it is asked, but one answer is another's."""

    def __init__(self, reg: Registry, swap: dict[str, str]) -> None:
        super().__init__(reg.url, reg._transport, host=reg.host)
        self._reg, self._swap = reg, swap

    def send(self, request: Request) -> Exchange:
        target = str(request.target)
        for asked, given in self._swap.items():
            target = target.replace(asked, given)
        return self._reg.send(Request(request.step, request.method, target, request.headers, into=request.into))


def test_bytes_that_are_not_what_the_digest_says_are_shown_as_such_and_not_looked_into(pushed: Registry) -> None:
    one, other = (image.digest for image in INDEX.images)
    graph = DigestGraph(Lying(pushed, {one: other}), *WHERE)
    graph.fetch(one)
    assert graph.detail["state"] == "wrong"
    assert other in graph.detail["error"]
    assert graph.detail["json"] == [[""]]
    assert graph.graph.nodes[one].children == {}


def test_a_digest_that_nothing_names_is_asked_for_as_a_blob_and_what_is_none_is_not_asked(pushed: Registry) -> None:
    graph = DigestGraph(pushed, *WHERE)
    unknown = f"sha256:{'0' * 64}"
    graph.fetch(unknown)
    assert states(graph)[unknown] == "missing"
    assert graph.transcript[-1].method == "HEAD"
    before = len(graph.transcript)
    for text in ("sha256:../../x", "sha256:abc", "", "v1"):
        with pytest.raises(InvalidDigest):
            graph.fetch(text)
    assert len(graph.transcript) == before


@pytest.mark.parametrize(("repository", "reference"), [("UPPER", "v1"), ("a/../b", "v1"), ("a", "-x"), ("a", "md5:1")])
def test_what_cannot_stand_in_a_request_as_meant_is_refused_before_one(
    reg: Registry, repository: str, reference: str
) -> None:
    with pytest.raises(InvalidReference):
        DigestGraph(reg, repository, reference)


def test_other_sources_are_refused(reg: Registry) -> None:
    with pytest.raises(InvalidArgument):
        DigestGraph("library/hello")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument):
        DigestGraph(reg)


def test_an_index_at_hand_is_drawn_without_a_request(reg: Registry) -> None:
    graph = DigestGraph(INDEX)
    assert graph.data["said"] == "Read from the given image: nothing is fetched."
    graph.fetch(INDEX.images[0].layers[1].digest)
    assert ["-rwxr-xr-x", "304", "bin/greet"] in graph.detail["files"]
    assert (graph.detail["exchanges"], graph.detail["curl"], len(graph.transcript)) == ([], "", 0)
    assert DigestGraph(sample_image()).data["columns"][0][0]["kind"] == "manifest"
    with pytest.raises(InvalidArgument):
        graph.ask_referrers(INDEX.digest)


def referrer(subject: Descriptor) -> Image:
    """A signature of ``subject``."""
    config = Config(b"{}", "application/vnd.oci.empty.v1+json")
    body = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": "application/vnd.example.signature",
        "config": {"mediaType": config.media_type, "digest": config.digest, "size": 2},
        "layers": [{"mediaType": config.media_type, "digest": config.digest, "size": 2}],
        "subject": {"mediaType": subject.media_type, "digest": subject.digest, "size": subject.size},
    }
    return Image(Manifest(json.dumps(body).encode(), OCI_MANIFEST), config, ())


def test_what_refers_to_a_manifest_is_drawn_below_it_and_makes_no_circle(any_reg: Registry) -> None:
    push_image(any_reg, INDEX, *WHERE)
    signature = referrer(Descriptor(OCI_INDEX, INDEX.digest, INDEX.manifest.size))
    push_image(any_reg, signature, "library/hello", "signature")
    graph = DigestGraph(any_reg, *WHERE)
    graph.ask_referrers(INDEX.digest)
    assert graph.detail["note"] == "1 manifest names it as subject."
    graph.fetch(signature.digest)
    assert (graph.detail["kind"], graph.detail["state"]) == ("referrer", "fetched")
    assert [signature.digest, INDEX.digest] not in graph.data["edges"]
    assert [INDEX.digest, signature.digest] in graph.data["edges"]


def index_of(*entries: tuple[str, str, int]) -> bytes:
    """An index that names these."""
    manifests = [{"mediaType": kind, "digest": digest, "size": size} for kind, digest, size in entries]
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}).encode()


def test_a_thousand_children_and_deep_nesting_are_bounded() -> None:
    entries = [(OCI_MANIFEST, sha256(str(number).encode()), 1) for number in range(1000)]
    wide = Index(Manifest(index_of(*entries), OCI_INDEX), ())
    deep = wide
    for _ in range(2 * MOST_DEEP):
        deep = Index(Manifest(index_of((OCI_INDEX, deep.digest, deep.manifest.size)), OCI_INDEX), (deep,))
    assert len(DigestGraph(deep).data["columns"]) == MOST_DEEP
    graph = DigestGraph(wide)
    assert len(graph.data["columns"][1]) == CHILDREN
    assert graph.data["columns"][0][0]["more"] == 1000 - CHILDREN
    assert f"{1000 - CHILDREN} of 1,000 not listed" in graph.as_text()
    for _ in range(20):
        graph._more({"digest": wide.digest})
    assert len(states(graph)) == MOST_NODES
    assert graph.data["left"] == 1001 - MOST_NODES
    assert len(json.dumps(graph.data)) < 400_000


def test_a_circle_that_digests_cannot_make_is_not_followed() -> None:
    graph = Graph(Node("sha256:a", "index"))
    root = graph.root
    child = graph.name(root, Descriptor(OCI_INDEX, "sha256:b", 1), "entry 1")
    assert child is not None
    assert graph.name(child, Descriptor(OCI_INDEX, "sha256:a", 1), "entry 1") is None
    assert graph.name(root, Descriptor(OCI_INDEX, "sha256:a", 1), "entry 2") is None
    assert len(graph.columns()) == 2


def packed(names: list[str], size: int = 0) -> bytes:
    """A tar archive of files."""
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w") as archive:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = size
            archive.addfile(entry, io.BytesIO(bytes(size)))
    return into.getvalue()


def test_the_list_of_a_layers_files_is_bounded_and_survives_what_is_broken() -> None:
    many = packed([f"file-{n}" for n in range(MOST_FILES + 5)])
    assert len(files_of(OCI_LAYER, many)) == MOST_FILES + 1
    assert "not listed" in files_of(OCI_LAYER_GZIP, gzip.compress(many))[-1][2]
    assert "ends here" in files_of(OCI_LAYER_GZIP, gzip.compress(many)[:-2000])[-1][2]
    assert "ends here" in files_of(OCI_LAYER, b"no tar")[-1][2]
    bomb = gzip.compress(packed(["a"], 80 * 1024 * 1024) + packed(["b"]))
    assert len(bomb) < 200_000
    assert "ends here" in files_of(OCI_LAYER_GZIP, bomb)[-1][2]
    chained = tarfile.TarInfo("a")
    chained.type = tarfile.GNUTYPE_LONGNAME
    assert "ends here" in files_of(OCI_LAYER, chained.tobuf() * 5000)[-1][2]
    assert files_of("application/x-other", many) == []
    assert files_of(OCI_LAYER, packed(["\x1b[2J"]))[0][2] == "\\x1b[2J"


def test_the_static_forms_have_every_digest_and_escape_what_they_show(pushed: Registry) -> None:
    graph = DigestGraph(pushed, *WHERE)
    graph.fetch_all()
    for digest in states(graph):
        assert digest.removeprefix("tag:") in graph.static_html()
        assert digest in graph.as_text()
    assert "<svg" not in graph.static_html()
    hostile = json.loads(INDEX.manifest.data)
    hostile["manifests"][0]["platform"]["os"] = "<img src=x>\x1b[2J"
    data = json.dumps(hostile).encode()
    put_manifest(pushed, "library/hello", "bad", Manifest(data, OCI_INDEX))
    bad = DigestGraph(pushed, "library/hello", "bad")
    assert "<img src=x" not in bad.static_html()
    assert "\x1b" not in bad.as_text() + json.dumps(bad.data, ensure_ascii=False) + bad.static_html()
