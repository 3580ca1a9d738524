"""The repositories in order: as quick among many as among few, and right whatever another registry does."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest

from regtutor.server.app import App
from regtutor.server.http import Abandoned, Head
from regtutor.server.names import is_repository
from regtutor.server.storage import folder_state, repository_lists
from regtutor.server.storage.repository_lists import Order, by_name, by_path
from regtutor.server.storage.store import Store
from tests.server.inline import Inline
from tests.server.storage.test_referrers import counting, planted

PARTS = ["a", "b", "a-b", "a.b", "a__b", "a0", "z", "a-"]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of a directory is trusted at once, and each one is remembered."""
    monkeypatch.setattr(folder_state, "SETTLED", -1.0)
    monkeypatch.setattr(repository_lists, "LARGE", 0)


def plant(store: Store, *names: str) -> None:
    for name in names:
        (store.repositories_path / name / "_layers").mkdir(parents=True, exist_ok=True)


def catalog(inline: Inline, query: str = "") -> list[str]:
    body = inline.ask("GET", f"/v2/_catalog{query}").body
    assert isinstance(body, bytes)
    found: list[str] = json.loads(body)["repositories"]
    return found


def forest(chance: random.Random) -> set[str]:
    names = {"/".join(chance.choices(PARTS, k=chance.randint(1, 3))) for _ in range(chance.randint(0, 30))}
    return {name for name in names if is_repository(name)}


@pytest.mark.parametrize("order", [by_name, by_path])
def test_whatever_the_names_and_the_last_one_the_rest_follows_in_order(tmp_path: Path, order: Order) -> None:
    for seed in range(60):
        chance = random.Random(seed)
        with Store(tmp_path / str(seed)) as store:
            names = forest(chance)
            plant(store, *names)
            ordered = sorted(names, key=order)  # type: ignore[arg-type]
            assert list(store.repository_lists.after("", order)) == ordered
            others = [*forest(chance), "a/", "a/a/", "/a", "../x", "a//b", "~", "/", "a/b/", "A"]
            for last in [*names, *others]:
                wanted = [name for name in ordered if order(name) > order(last)]  # type: ignore[operator]
                assert list(store.repository_lists.after(last, order)) == wanted, last


@pytest.mark.parametrize("profile", ["", "distribution-2.8", "distribution-3.1"])
@pytest.mark.parametrize("count", [10, 1000, pytest.param(50_000, marks=pytest.mark.soak)])
def test_a_page_among_many_repositories_opens_as_many_files_as_among_few(
    tmp_path: Path, count: int, profile: str
) -> None:
    with Store(tmp_path) as store:
        plant(store, *(f"team/r{number:06}" for number in range(count)), "zoo")
        for name in ("team/r000003", "team/r000004", "team/r000005", "team/r000006"):
            (store.repository_path(name) / "_manifests").mkdir()
        inline = Inline(App(store, quirks=[profile] if profile else ()))
        assert catalog(inline, "?n=1")
        with counting() as opened:
            assert catalog(inline, "?n=3&last=team/r000002") == ["team/r000003", "team/r000004", "team/r000005"]
        assert len(opened) <= 16, opened


def test_what_changes_anywhere_is_listed_at_once(store: Store) -> None:
    inline = Inline(App(store))
    plant(store, "a/b", "c")
    assert catalog(inline) == ["a/b", "c"]
    plant(store, "a")
    assert catalog(inline) == ["a", "a/b", "c"], "a directory that exists becomes a repository"
    plant(store, "a/a", "b")
    assert catalog(inline) == ["a", "a/a", "a/b", "b", "c"]
    os.rename(store.repositories_path / "a" / "a", store.repositories_path / "a" / "z")
    (store.repositories_path / "c" / "_layers").rmdir()
    assert catalog(inline) == ["a", "a/b", "a/z", "b"]


def test_a_change_within_the_grain_of_the_clock_is_found(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_state, "SETTLED", 1000.0)
    inline = Inline(App(store))
    plant(store, "a", "b")
    state = store.repositories_path.stat()
    assert catalog(inline) == ["a", "b"]
    os.rename(store.repositories_path / "b", store.repositories_path / "c")
    os.utime(store.repositories_path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert catalog(inline) == ["a", "c"]


@pytest.mark.parametrize(
    ("target", "profile"),
    [
        ("/v2/_catalog", ""),
        ("/v2/_catalog?n=900", ""),
        ("/v2/_catalog", "distribution-2.8"),
        ("/v2/_catalog?n=900", "distribution-3.1"),
        ("/v2/a/tags/list", ""),
        ("/v2/a/tags/list?n=900", ""),
        ("/v2/a/tags/list", "distribution-2.8"),
    ],
)
def test_a_list_ends_when_its_client_has_left(store: Store, target: str, profile: str) -> None:
    plant(store, "a", *(f"r{number}" for number in range(1000)))
    planted(store, 1000)
    inline, asked = Inline(App(store, quirks=[profile] if profile else ())), []

    def abandoned() -> bool:
        asked.append(1)
        return len(asked) > 100

    with pytest.raises(Abandoned):
        inline.app.begin(Head("GET", target, (("Host", "r"),), abandoned))
    assert len(asked) == 101
