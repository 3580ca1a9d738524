"""The tabs and the curl command without a browser."""

from __future__ import annotations

from regtutor.client.registry import Registry
from regtutor.steps import check_api
from regtutor.widgets.stepper.curl_view import CurlView
from regtutor.widgets.stepper.tabs import Tabs, panel_class


def test_a_tab_that_does_not_exist_is_not_selected() -> None:
    tabs = Tabs({"log": "Log", "curl": "curl"})
    assert tabs.selected == "log"
    tabs.selected = "curl"
    tabs.selected = "nowhere"
    assert (tabs.selected, tabs.as_text()) == ("curl", "Log [curl]")
    assert panel_class("log") == "regtutor-panel-log"


def test_the_command_repeats_the_last_request(reg: Registry) -> None:
    view = CurlView()
    assert view.as_text() == "Nothing has been sent yet."
    view.show(check_api(reg))
    assert view.as_text().startswith("curl ")
    assert f"{reg.url}/v2/" in view.as_text()
    view.show(None)
    assert view.as_text() == "Nothing has been sent yet."
