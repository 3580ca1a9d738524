"""What a notebook shows: HTML once registered, the same text as before, and no IPython where there is none."""

from __future__ import annotations

import subprocess
import sys
from html import escape
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from IPython.core.formatters import DisplayFormatter

import regtutor as rt
from regtutor import display
from regtutor.exchange import RequestRecord, ResponseRecord
from regtutor.formats.html.records import inspection_html
from regtutor.message import Location
from regtutor.storage_tree import StorageTree
from regtutor.walks.inspecting import Inspection
from regtutor.widgets.showing import VIEWS, view_of
from regtutor.widgets.view import VIEW


def shell() -> Any:
    return SimpleNamespace(display_formatter=DisplayFormatter())


def inspection() -> Inspection:
    image = rt.sample_image()
    return Inspection(image.manifest, image.config, rt.Transcript())


THINGS: dict[str, Any] = {
    "Exchange": rt.Exchange("check_api", "http://h/v2/", RequestRecord("GET", "/v2/")),
    "Transcript": rt.Transcript(),
    "Findings": rt.explain(rt.Exchange("check_api", "http://h/v2/", RequestRecord("GET", "/v2/"))),
    "Comparison": rt.compare(rt.check_api, rt.connect("http://127.0.0.1:9")),  # type: ignore[arg-type]
    "CapabilityCard": rt.probe(rt.connect("http://127.0.0.1:9")),
    "Explanation": rt.explain(rt.Transcript()),
    "Request": rt.draft(rt.check_api),
    "Location": Location("http://h/v2/"),
    "Image": rt.sample_image(),
    "Registry": rt.connect("http://127.0.0.1:9"),
    "StorageTree": StorageTree.of([("a/b", 1)]),
    "Inspection": inspection(),
}


def test_every_type_that_is_named_exists_and_is_tried() -> None:
    assert {name for _, name in display.FORMATTERS} == set(THINGS)
    for module, name in display.FORMATTERS:
        assert isinstance(THINGS[name], getattr(import_module(module), name))


@pytest.mark.parametrize("name", THINGS)
def test_a_registered_shell_shows_html_and_whole_texts(name: str) -> None:
    plain, taught = shell(), shell()
    assert display.register(taught) is True
    before, _ = plain.display_formatter.format(THINGS[name])
    after, _ = taught.display_formatter.format(THINGS[name])
    assert "text/html" not in before
    assert after["text/html"].startswith("<")
    whole = name in {name for _, name in display.TEXTS}
    assert after["text/plain"] == (THINGS[name].as_text() if whole else before["text/plain"])


def test_an_inspection_is_shown_as_tables_of_the_same_facts() -> None:
    html, text = inspection_html(inspection()), inspection().as_text()
    for name, value in inspection().facts:
        assert escape(name) in html and name in text
        assert escape(value) in html and value in text
    assert all(layer.digest in html for layer in rt.sample_image().layers)


def test_in_a_list_an_exchange_stays_short() -> None:
    taught = shell()
    display.register(taught)
    shown, _ = taught.display_formatter.format([THINGS["Exchange"]])
    assert shown["text/plain"] == "[<Exchange check_api: GET /v2/ -> >]"


def test_our_tables_are_shown_uncut_and_other_frames_as_pandas_does() -> None:
    taught = shell()
    display.register(taught)
    digest = "sha256:" + 64 * "a"
    ours = rt.headers_table([exchange_with("Docker-Content-Digest", digest)])
    other = pd.DataFrame({"digest": [digest]})
    assert digest in taught.display_formatter.format(ours)[0]["text/html"]
    assert digest in taught.display_formatter.format(ours.iloc[:, :1])[0]["text/html"]
    assert taught.display_formatter.format(other)[0]["text/html"] == other._repr_html_()


def test_a_long_table_of_ours_is_cut_in_the_middle_and_says_so() -> None:
    taught = shell()
    display.register(taught)
    table = rt.summary_table([THINGS["Exchange"]] * 5000)
    shown = taught.display_formatter.format(table)[0]["text/html"]
    assert "5000 rows" in shown and shown.count("<tr") < 250


def exchange_with(name: str, value: str) -> rt.Exchange:
    request = RequestRecord("GET", "/v2/")
    return rt.Exchange("check_api", "http://h/v2/", request, ResponseRecord(200, "OK", ((name, value),)))


def test_without_a_shell_nothing_is_registered_and_nothing_imported() -> None:
    code = (
        "import sys; from regtutor import display; assert display.register() is False;"
        "sys.exit(bool({'IPython', 'pandas', 'regtutor.formats', 'regtutor.exchange'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def test_the_running_shell_is_found_by_itself() -> None:
    code = (
        "from IPython.core.interactiveshell import InteractiveShell;"
        "shell = InteractiveShell.instance(); from regtutor import display; assert display.register();"
        "from regtutor.message import Location;"
        "assert '<code' in shell.display_formatter.format(Location('http://h/'))[0]['text/html']"
    )
    done = subprocess.run([sys.executable, "-c", code], timeout=60, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def with_kernel() -> Any:
    taught = SimpleNamespace(display_formatter=DisplayFormatter(), kernel=object())
    display.register(taught)
    return taught


VIEWED = [name for _, name in display.VIEWED]


@pytest.mark.parametrize("name", VIEWED)
def test_where_there_is_a_kernel_records_show_themselves_as_widgets_with_a_picture_and_a_text(name: str) -> None:
    thing = rt.sample_index() if name == "Index" else THINGS[name]
    shown, _ = with_kernel().display_formatter.format(thing)
    assert shown[VIEW]["model_id"]
    assert shown["text/html"].startswith("<")
    assert "text/plain" in shown


def test_without_a_kernel_nothing_is_a_widget() -> None:
    taught = shell()
    display.register(taught)
    shown, _ = taught.display_formatter.format(THINGS["Exchange"])
    assert VIEW not in shown


def test_the_same_object_has_the_same_view_until_that_is_closed() -> None:
    thing = rt.Exchange("check_api", "http://h/v2/", RequestRecord("GET", "/v2/"))
    first = view_of(thing)
    assert view_of(thing) is first
    assert view_of(rt.Exchange("check_api", "http://h/v2/", RequestRecord("GET", "/v2/"))) is not first
    first.close()
    assert view_of(thing) is not first


def test_every_type_that_has_a_view_is_named_once() -> None:
    assert set(VIEWS) == set(VIEWED)
