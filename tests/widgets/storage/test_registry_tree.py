"""The storage tree, without a browser: its rows, what is said of them, and what the browser can ask for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from regtutor.client.connect import connect
from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_image, sample_index
from regtutor.errors import InvalidArgument
from regtutor.steps import put_blob, start_upload
from regtutor.steps.uploads import patch_upload
from regtutor.storage_tree import StorageTree
from regtutor.walks.pushing import push_image
from regtutor.widgets.storage.path_meanings import LAYOUT, part_of, place_of
from regtutor.widgets.storage.registry_tree import RegistryTree
from regtutor.widgets.storage.rows import MOST_ROWS, PAGE

HELLO = "docker/registry/v2/repositories/library/hello"
EMPTY = StorageTree()


def many(number: int) -> StorageTree:
    """A storage with so many blobs in one folder, and one repository."""
    blobs = [(f"docker/registry/v2/blobs/sha256/ab/{n:064x}/data", n) for n in range(number)]
    return StorageTree.of([*blobs, (f"{HELLO}/_layers/sha256/{0:064x}/link", 71)])


def kinds(view: RegistryTree) -> dict[str, str]:
    """Path -> what happened to it, for every row that the browser got."""
    return {row["path"]: row["kind"] for row in view.data["rows"]}


def test_a_step_of_a_push_shows_what_it_changed(any_reg: Registry) -> None:
    start = start_upload(any_reg, "library/hello")
    view = RegistryTree(any_reg)
    assert view.data["changed"] == 0
    put_blob(any_reg, start.location, sample_image().layers[0])
    view.refresh()
    files = 3 if any_reg.name == "native" else 2  # Distribution keeps a state of the digest in hashstates, too
    said = f"1 new file in blobs, 1 new file in library/hello/_layers, {files} files gone from library/hello/_uploads."
    assert view.data["said"] == said
    found = kinds(view)
    assert found["docker/registry/v2/blobs/sha256"] == "new"
    assert found["docker/registry/v2/repositories/library/hello"] == ""
    assert found[f"{HELLO}/_uploads"] == "", "it stays, empty"
    gone = [path.removeprefix(f"{HELLO}/_uploads/") for path, kind in found.items() if kind == "gone"]
    assert {"", "data", "startedat"} <= {path.partition("/")[2] for path in gone}
    assert "- " in view.as_text() and "+ " in view.as_text()


def test_every_part_of_a_storage_that_a_push_and_an_open_upload_leave_is_explained(any_reg: Registry) -> None:
    push_image(any_reg, sample_index(), "library/hello", "v1")
    patch_upload(any_reg, start_upload(any_reg, "library/hello").location, b"hello")
    paths = [path for path, _ in any_reg.tree()]
    parts = {path.rsplit("/", cut)[0] for path in paths for cut in range(path.count("/") - 1)}
    assert [path for path in parts if path.count("/") >= 2 and place_of(path) is None] == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("docker/registry/v2/blobs", "each digest once"),
        (f"docker/registry/v2/blobs/sha256/ab/{'ab' * 32}/data", "as they were pushed"),
        (f"docker/registry/v2/blobs/sha512/ab/{'ab' * 64}/data", "as they were pushed"),
        (f"{HELLO}/_uploads", "Open upload sessions"),
        (f"{HELLO}/_uploads/5ae3e562/data", "received so far"),
        (f"{HELLO}/_uploads/5ae3e562/startedat", "session began"),
        (f"{HELLO}/_uploads/5ae3e562/hashstates/sha256/5", "state of the computation"),
        (f"{HELLO}/_layers/sha256/{'ab' * 32}/link", "digest as text"),
        (f"{HELLO}/_manifests/revisions", "with or without a tag"),
        (f"{HELLO}/_manifests/tags/v1/current/link", "means now"),
        (f"{HELLO}/_manifests/tags/v1/index/sha256/{'ab' * 32}/link", "digest as text"),
        ("docker/registry/v2/repositories/a", "repository's name"),
        ("docker/registry/v2/repositories/a/b/c", "repository's name"),
    ],
)
def test_a_path_gets_the_words_for_it(path: str, words: str) -> None:
    place = place_of(path)
    assert place is not None
    assert words in LAYOUT[place].words


@pytest.mark.parametrize("path", ["docker", "docker/registry", "other/data", f"{HELLO}/_referrers", ".cache/v2/blobs"])
def test_a_path_outside_the_layout_gets_none(path: str) -> None:
    assert place_of(path) is None


def test_the_part_of_a_path_is_what_one_calls_it() -> None:
    assert part_of("docker/registry/v2/blobs/sha256/ab/x/data") == "blobs"
    assert part_of(f"{HELLO}/_uploads/1/data") == "library/hello/_uploads"
    assert part_of("elsewhere/file") == "elsewhere"
    assert part_of("file") == "the root"


def test_chains_of_single_folders_stand_on_one_line_and_digests_are_short() -> None:
    view = RegistryTree(many(1))
    shown = ["".join(part[0] for part in row["parts"]) for row in view.data["rows"]]
    assert "blobs/sha256/" in shown
    assert "ab/000000000000…/data" in shown
    assert "library/hello/" in shown
    (row,) = (row for row in view.data["rows"] if row["path"].endswith("/data"))
    assert row["parts"][1][1] == "0" * 64, "the whole digest goes with it"
    assert (
        "docker/registry/v2/repositories/" in RegistryTree(StorageTree.of([(f"{HELLO}/_uploads/1/data", 0)])).as_text()
    )


def test_sums_are_on_folders_and_leave_out_what_is_gone() -> None:
    view = RegistryTree(StorageTree.of([("a/x", 10), ("a/y", 5)]), StorageTree.of([("a/x", 4), ("a/z", 100)]))
    (folder,) = (row for row in view.data["rows"] if row["folder"])
    assert (folder["files"], folder["size"], folder["inside"], folder["kind"]) == (2, 15, [1, 1, 1], "")
    assert kinds(view) == {"a": "", "a/x": "changed", "a/y": "new", "a/z": "gone"}
    assert view.data["said"] == "1 file changed in a, 1 new file in a, 1 file gone from a."


def test_an_empty_folder_that_comes_or_goes_is_told_too() -> None:
    before, after = StorageTree.of([("a/x", 1)], ["a/old"]), StorageTree.of([("a/x", 1)], ["a/new"])
    view = RegistryTree(after, before)
    assert kinds(view) == {"a": "", "a/x": "", "a/new": "new", "a/old": "gone"}
    assert view.data["said"] == "No file changed; 1 empty folder new, 1 empty folder gone."
    assert RegistryTree(after, after).data["said"] == "Nothing in the storage changed."


def test_without_a_moment_before_nothing_is_new() -> None:
    view = RegistryTree(many(3))
    assert set(kinds(view).values()) == {""}
    assert view.data["said"] == "4 files with 74 bytes in all."


def test_of_very_many_files_a_page_is_sent_and_what_changed_is_in_it() -> None:
    before = many(20_000)
    late = f"docker/registry/v2/blobs/sha256/ab/{19_999:064x}/data"
    view = RegistryTree(StorageTree.of([*(entry for entry in before if entry[0] != late), (late, 5)]), before)
    assert len(view.data["rows"]) <= MOST_ROWS
    assert len(json.dumps(view.data)) < 200_000
    assert kinds(view)[late] == "changed"
    (folder,) = (row for row in view.data["rows"] if row["path"].endswith("/ab"))
    assert folder["total"] == 20_000
    assert view.as_text().count("\n") < MOST_ROWS


def ask(view: RegistryTree, kind: str, **values: Any) -> dict[str, Any]:
    """What the browser gets for a question."""
    sent: list[dict[str, Any]] = []
    view.send = lambda content, _buffers=None: sent.append(content)  # type: ignore[method-assign]
    view._reply(view, {"kind": kind, "id": 1, **values}, [])
    return sent[-1]


def test_the_browser_can_ask_for_the_next_rows_of_a_folder() -> None:
    view = RegistryTree(many(250))
    folder = "docker/registry/v2/blobs/sha256/ab"
    pages = [
        ask(view, "children", path=folder, start=start)["value"]["rows"] for start in (0, PAGE, 2 * PAGE, 3 * PAGE)
    ]
    assert [len(rows) for rows in pages] == [100, 100, 50, 0]
    assert len({row["path"] for rows in pages for row in rows}) == 250
    assert {row["of"] for row in pages[0]} == {folder}
    assert ask(view, "children", path="not/there", start=0)["value"] == {"rows": []}
    assert "invalid request" in ask(view, "children", path=1, start=0)["error"]


def test_what_changed_is_opened_again_where_it_had_been_closed() -> None:
    view = RegistryTree(many(1))
    view.opened = {"docker/registry/v2/blobs/sha256": False, HELLO: False}
    view.show(many(2), many(1))
    assert view.opened == {HELLO: False}


def test_a_storage_that_cannot_be_seen_says_why() -> None:
    with connect("http://127.0.0.1:5000") as reg:
        view = RegistryTree(reg)
    assert not view.data["seen"]
    assert "did not start this registry" in view.data["said"]
    assert "did not start this registry" in view.as_text()
    view.show(None, unseen="because")
    assert view.data["said"] == "because"


def test_a_very_deep_path_is_no_trouble() -> None:
    view = RegistryTree(StorageTree.of([("/".join(["d", "e"] * 3000), 1)]), EMPTY)
    assert view.data["changed"] == 1


def test_names_on_disk_are_escaped_in_the_picture() -> None:
    html = RegistryTree(StorageTree.of([("<img src=x>/y", 1), ("z", 2)])).static_html()
    assert "<img" not in html
    assert "&lt;img" in html


def test_only_a_registry_or_a_tree_is_taken() -> None:
    with pytest.raises(InvalidArgument, match="has no storage"):
        RegistryTree("http://127.0.0.1:5000")  # type: ignore[arg-type]
