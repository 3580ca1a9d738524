"""No repr, str or table prints text of a registry or of a file raw; each class with a text of its own is tried."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import regtutor as rt
from regtutor.client.tokens import HeldTokens
from regtutor.comparison.capabilities.card import CapabilityCard
from regtutor.comparison.records import Comparison, Reached, Row
from regtutor.errors import BackendFailed, ConnectionFailed
from regtutor.exchange import HeaderView
from regtutor.findings import explain
from regtutor.lessons.image_parts import Unpacked, UnpackedLayer
from regtutor.message import Location, Request
from regtutor.printable import visible, visible_lines
from regtutor.protocol.manifests import Platform
from regtutor.protocol.pages import Page
from regtutor.storage_tree import StorageTree
from regtutor.walks.referring import Referrers
from tests.formats.hostile import BAD, FAILED, HOSTILE, TRANSCRIPT
from tests.liars.steering import STEERS, raw_in

PACKAGE = Path(rt.__file__).parent
ROW = Row(1, STEERS, "header", STEERS, (STEERS, None), "differs", STEERS, None, None)
REACHED = Reached(STEERS, f"http://{STEERS}", TRANSCRIPT, STEERS)


def _image() -> Any:
    image = rt.sample_image()
    layers = tuple(replace(layer, media_type=STEERS) for layer in image.layers)
    return replace(image, name=STEERS, layers=layers)


def _unpacked_layer() -> UnpackedLayer:
    return UnpackedLayer(STEERS, STEERS, STEERS, {STEERS: b""})


@cache
def _hostile() -> Mapping[str, Any]:
    """Class -> an object of it whose texts are hostile."""
    comparison = Comparison(STEERS, (REACHED, REACHED), (ROW,))
    platform = Platform(STEERS, STEERS, STEERS, STEERS)
    return {
        "Exchange": HOSTILE,
        "Transcript": TRANSCRIPT,
        "HeaderView": HeaderView(HOSTILE.response.headers),
        "RegtutorError": ConnectionFailed(STEERS, STEERS, STEERS, exchange=FAILED),
        "BackendFailed": BackendFailed(STEERS, STEERS, log=f"{STEERS}\n{STEERS}"),
        "Location": Location(f"http://h/{STEERS}"),
        "Request": Request(STEERS, STEERS, STEERS, ((STEERS, STEERS),)),
        "Findings": explain(HOSTILE),
        "Finding": explain(HOSTILE)[0],
        "Explanation": explain(TRANSCRIPT),
        "Comparison": comparison,
        "CapabilityCard": CapabilityCard(STEERS, f"http://{STEERS}", (), (STEERS,)),
        "Image": _image(),
        "Index": replace(rt.sample_index(), name=STEERS),
        "StorageTree": StorageTree.of([(f"a/{STEERS}", 1)], [STEERS]),
        "Page": Page("error page", STEERS, STEERS),
        "Platform": platform,
        "Referrers": Referrers((), STEERS, TRANSCRIPT),
        "Registry": rt.Registry("http://h\x9b2J\u202e", None),  # type: ignore[arg-type]
        "HeldTokens": HeldTokens(),
        "Whole": rt.whole(rt.summary_table(TRANSCRIPT)),
        "ExchangeView": rt.ExchangeView(HOSTILE),
        "Unpacked": Unpacked({"os": STEERS, "config": {"Cmd": [STEERS]}}, (_unpacked_layer(),)),
    }


ELSEWHERE: Mapping[str, str] = {
    "Token": "holds what a token server grants: tests/test_secrets_at_rest.py",
    "Digest": "its parts are matched with a grammar of letters and digits",
    "Citation": "a constant of this package",
    **dict.fromkeys(
        ("Verdict", "QuestionVerdict", "Question", "Asked", "PredictionResult", "ProgressReport", "TaskReport"),
        "the text of a lesson; it calls visible_lines",
    ),
    "FilePart": "a part of the sentences of errors, which are escaped as a whole",
    "Login": "the name of a registry, which comes from its URL",
    "Inspection": "tests/cli/test_hostile_text.py: regtutor inspect prints it",
    "RecordingProxy": "its own URL",
    "Snapshot": "its text is that of the exchange or transcript that it shows",
}


def _classes() -> Iterator[str]:
    for path in PACKAGE.rglob("*.py"):
        if "server" in path.relative_to(PACKAGE).parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and any(
                isinstance(part, ast.FunctionDef) and part.name in ("__repr__", "__str__") for part in node.body
            ):
                yield node.name


def test_every_class_with_a_text_of_its_own_is_tried() -> None:
    assert set(_classes()) == {*_hostile(), *ELSEWHERE}


@pytest.mark.parametrize("name", sorted(set(_classes()) - set(ELSEWHERE)))
def test_neither_repr_nor_str_nor_text_holds_a_raw_character(name: str) -> None:
    value = _hostile()[name]
    texts = [repr(value), str(value), *([value.as_text()] if hasattr(value, "as_text") else [])]
    for text in texts:
        assert not raw_in(text), text


TABLES: Mapping[str, Callable[[], Any]] = {
    "summary_table": lambda: rt.summary_table(TRANSCRIPT),
    "headers_table": lambda: rt.headers_table(TRANSCRIPT, side="both"),
    "findings_table": lambda: rt.findings_table(HOSTILE),
    "diff_table": lambda: rt.diff_table(HOSTILE, FAILED),
    "layers_table": lambda: rt.layers_table(_image()),
    "bytes_table": lambda: rt.bytes_table({STEERS: TRANSCRIPT}),
}


def test_every_table_is_tried() -> None:
    assert set(TABLES) == {name for name in rt.__all__ if name.endswith("_table")}


@pytest.mark.parametrize(
    "table",
    [*TABLES.values(), lambda: _hostile()["Comparison"].table, lambda: _hostile()["Comparison"].summary],
)
def test_no_table_holds_a_raw_character(table: Callable[[], Any]) -> None:
    frame = table()
    assert not raw_in(frame.to_string(max_colwidth=None)), frame
    for value in [*frame.columns, *frame.index.to_flat_index(), *frame.to_numpy().ravel()]:
        for text in value if isinstance(value, tuple) else (value,):
            assert not isinstance(text, str) or not raw_in(text), text


def test_what_is_printable_stays_as_it_is() -> None:
    assert visible("a\tb é 中 \N{GRINNING FACE}") == "a\tb é 中 \N{GRINNING FACE}"
    assert visible("a\nb\x85\ud800\u2028") == "a\\nb\\x85\\ud800\\u2028"
    assert visible_lines("a\nb\rc") == "a\nb\\rc"


def test_the_hostile_text_is_there_at_all() -> None:
    assert raw_in(BAD) and raw_in(STEERS) and "\\x1b" in HOSTILE.as_text()
