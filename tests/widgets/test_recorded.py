"""``rt.record`` in a notebook: a timeline that grows while a client works."""

from __future__ import annotations

import time

import regtutor as rt
from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_image
from regtutor.widgets.view import VIEW


def test_the_view_grows_and_has_what_came_before_it(reg: Registry) -> None:
    with rt.record(reg) as recorded:
        through = rt.connect(recorded.url)
        rt.check_api(through)
        view = recorded.view
        own = rt.push_image(through, sample_image(), "library/hello", "v1")
        deadline = time.monotonic() + 20
        while len(view.rows) < len(own) + 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert recorded.view is view
    assert [row[0] for row in view.rows] == ["check_api", *(exchange.step for exchange in own)]
    assert view.transcript.exchanges == recorded.transcript.exchanges
    assert "Recorded between a client and" in view.title


def test_a_cell_shows_the_timeline(reg: Registry) -> None:
    with rt.record(reg) as recorded:
        rt.check_api(rt.connect(recorded.url))
    data, _ = recorded._repr_mimebundle_()
    assert VIEW in data and "check_api" in data["text/plain"] + data["text/html"]
    assert repr(recorded) == f"<Recorded at {recorded.url}: 1 exchanges>"


def test_the_view_shows_what_the_transcript_keeps(reg: Registry) -> None:
    with rt.record(reg, limit=2) as recorded:
        for _ in range(4):
            rt.check_api(rt.connect(recorded.url))
        view = recorded.view
    assert len(view.rows) == 2
