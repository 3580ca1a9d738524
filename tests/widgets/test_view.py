"""The base of the views, without a browser: how the browser's files are joined, and how questions are answered."""

from __future__ import annotations

import base64
import re
from importlib.resources import files
from typing import Any, ClassVar

import pytest

from regtutor.errors import InvalidArgument
from regtutor.widgets.view import VIEW, View, picture, script, style

ENTRIES = sorted(
    file.name for file in (files("regtutor.widgets") / "front").iterdir() if "export default" in file.read_text()
)


class Asked(View):
    """Answers three kinds of questions: well, with a refusal, and not at all as it should."""

    questions: ClassVar = {"sum": "_sum", "refuse": "_refused", "break": "_broken"}

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Any] = []

    def send(self, content: Any, buffers: Any = None) -> None:
        self.sent.append(content)

    def _sum(self, question: dict[str, Any]) -> int:
        return int(sum(question["of"]))

    def _refused(self, question: dict[str, Any]) -> None:
        raise InvalidArgument("what", "why", "next")

    def _broken(self, question: dict[str, Any]) -> None:
        raise ZeroDivisionError("nobody foresaw this")


def test_a_question_gets_its_answer() -> None:
    view = Asked()
    view._reply(view, {"kind": "sum", "id": 7, "of": [1, 2]}, [])
    assert view.sent == [{"re": 7, "value": 3}]


def test_a_question_of_no_known_kind_is_answered_all_the_same_so_that_the_browser_knows_the_kernel_lives() -> None:
    view = Asked()
    view._reply(view, {"kind": "ping", "id": 1}, [])
    assert view.sent == [{"re": 1, "value": None}]


def test_a_refusal_is_shown_and_sent_and_the_next_answer_takes_it_away() -> None:
    view = Asked()
    view._reply(view, {"kind": "refuse", "id": 1}, [])
    assert view.error == "what\nwhy\nnext"
    assert view.sent == [{"re": 1, "error": "what\nwhy\nnext"}]
    view._reply(view, {"kind": "sum", "id": 2, "of": []}, [])
    assert view.error == ""


def test_what_nobody_foresaw_is_shown_and_raised() -> None:
    view = Asked()
    with pytest.raises(ZeroDivisionError):
        view._reply(view, {"kind": "break", "id": 1}, [])
    assert view.error == "ZeroDivisionError: nobody foresaw this"
    assert view.sent[0]["re"] == 1


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_joined_script_imports_nothing_and_exports_one_thing(entry: str) -> None:
    joined = script(entry)
    assert re.findall(r"^\s*import\b", joined, re.MULTILINE) == []
    assert len(re.findall(r"^export\b", joined, re.MULTILINE)) == 1
    functions = re.findall(r"^(?:async )?function (\w+)", joined, re.MULTILINE)
    assert len(functions) == len(set(functions)), "files that are joined share one scope"
    assert len(joined) < 60_000, "it is sent with every widget"


def test_the_shared_style_comes_first() -> None:
    assert style().startswith("/* The common style of all views")


def test_the_bundle_has_a_widget_a_picture_and_a_text_and_a_snapshot_has_no_widget() -> None:
    view = Asked()
    data, _metadata = view._repr_mimebundle_()
    assert set(data) == {VIEW, "text/html", "text/plain"}
    assert data[VIEW]["model_id"] == view.model_id
    assert view.snapshot()._repr_html_() == data["text/html"]
    assert not hasattr(view.snapshot(), "_repr_mimebundle_")


def test_a_picture_is_an_img_whose_description_is_escaped() -> None:
    html = picture("<svg/>", 'a "push"')
    assert 'alt="a &quot;push&quot;"' in html
    assert base64.b64encode(b"<svg/>").decode() in html
