"""An error in a cell of a real kernel: its sentences and its exchange, and %tb still gives the whole traceback."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.notebook

PUSH = """
import regtutor as rt
reg = rt.open_registry("embedded", quiet=True)
rt.push_image(reg, rt.sample_image(), "library/hello", "not a tag", progress=False)
"""
PLAIN = "raise ValueError('not ours')"


def test_an_error_shows_its_sentences_and_the_last_exchange_and_tb_the_whole_traceback() -> None:
    cells = [nbformat.v4.new_code_cell(source) for source in (PUSH, "%tb", PLAIN, "reg.close()")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, allow_errors=True).execute()
    (shown,), (whole,), (plain,) = ([o for o in cell.outputs if o.output_type == "error"] for cell in cells[:3])
    text = "\n".join(shown.traceback)
    assert shown.ename == "PushFailed"
    assert len(text.split("\n")) < 80
    assert 'Line 3: rt.push_image(reg, rt.sample_image(), "library/hello", "not a tag", progress=False)' in text
    assert "PushFailed: The push stopped at put_manifest" in text
    assert "> PUT /v2/library/hello/manifests/not%20a%20tag HTTP/1.1" in text
    assert "%tb" in text and "walks/driving.py" not in text
    assert "driving.py" in "\n".join(whole.traceback)
    assert "Traceback" in "\n".join(plain.traceback)
