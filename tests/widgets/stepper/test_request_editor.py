"""The editor of a request without a browser: fields are set in Python, as the browser does when one leaves them."""

from __future__ import annotations

import pytest

from regtutor.content.sample.image import sample_image
from regtutor.errors import InvalidArgument
from regtutor.stepping.draft import AS_IT_IS, Draft
from regtutor.steps import draft, put_manifest
from regtutor.widgets.stepper.request_editor import Edit, RequestEditor, headers_of

REQUEST = draft(put_manifest, "library/hello", "v1", sample_image().manifest)
SHOWN = Draft.of(REQUEST, bodies=(AS_IT_IS, "none"))


class Heard:
    """An editor, and what it told."""

    def __init__(self, shown: Draft | None = SHOWN, *, live: bool = True) -> None:
        self.told: list[Edit | str] = []
        self.editor = RequestEditor(lambda: self.told.append(self.editor.edit()), lambda: self.told.append("undo"))
        self.editor.show(shown, live=live)

    def field(self, name: str):  # type: ignore[no-untyped-def]
        return dict(self.editor._fields())[name]


def test_it_shows_the_request_whole_and_tells_nobody() -> None:
    heard = Heard()
    assert heard.editor.edit() == Edit("PUT", "/v2/library/hello/manifests/v1", SHOWN.headers, AS_IT_IS)
    assert heard.told == []


def test_a_field_that_was_changed_is_told_with_all_the_others() -> None:
    heard = Heard()
    lines = heard.field("headers").value.split("\n")
    heard.field("headers").value = "\n".join(line for line in lines if not line.startswith("Content-Type"))
    (edit,) = heard.told
    assert isinstance(edit, Edit)
    assert "Content-Type" not in dict(edit.headers)
    assert edit.method == "PUT"
    heard.field("body").value = "none"
    assert heard.told[-1] == Edit("PUT", "/v2/library/hello/manifests/v1", edit.headers, "none")


def test_undo_can_be_pressed_once_something_is_changed() -> None:
    heard = Heard()
    undo = heard.editor._undo
    assert undo.disabled
    heard.editor.show(Draft.of(REQUEST, edits=("method PUT -> POST",)), live=True)
    assert not undo.disabled
    undo.click()
    assert heard.told == ["undo"]


@pytest.mark.parametrize(("shown", "live"), [(SHOWN, False), (None, True)])
def test_what_is_past_and_what_is_not_there_cannot_be_edited(shown: Draft | None, live: bool) -> None:
    heard = Heard(shown, live=live)
    assert all(field.disabled for _name, field in heard.editor._fields())


def test_headers_keep_order_duplicates_and_colons() -> None:
    assert headers_of("A: 1\n\n a : 2\nB: http://x:5\n") == (("A", "1"), ("a", "2"), ("B", "http://x:5"))


def test_a_line_without_a_colon_is_named() -> None:
    with pytest.raises(InvalidArgument, match="Line 2 of the headers is not a header: 'nonsense'"):
        headers_of("A: 1\nnonsense")
