"""The record of a registry's storage."""

from __future__ import annotations

from regtutor.storage_tree import StorageTree


def test_storage_tree_lists_files_sizes_and_empty_folders(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "data").write_bytes(b"12345")
    (tmp_path / "empty").mkdir()
    tree = StorageTree.of_directory(tmp_path)
    assert (tree.files, tree.folders, tree.size) == ((("a/data", 5),), ("a/b", "empty"), 5)
    assert tree.as_text() == "a/\n  b/\n  data  5 bytes\nempty/"


def test_storage_tree_follows_no_link(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "large").write_bytes(bytes(1000))
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path / "far" / "large")
    (tmp_path / "root" / "folder").symlink_to(tmp_path / "far")
    tree = StorageTree.of_directory(tmp_path / "root")
    assert ([path for path, _ in tree], tree.folders) == (["link"], ("folder",))
    assert tree.size < 1000


def test_an_empty_storage_tree_says_so(tmp_path):
    assert str(StorageTree.of_directory(tmp_path)) == "(empty)"
