"""A pushed image is run only where that is possible; elsewhere a sentence says why not."""

from __future__ import annotations

import pytest

import regtutor as rt
from regtutor.client.registry import Registry
from regtutor.lessons.run_image import run_from


def test_without_an_engine_it_says_so(reg: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGTUTOR_ENGINE", "no-such-engine")
    assert run_from(reg, "library/hello", "v1").startswith("Not run: No container engine is available: no-such-engine")


def test_no_engine_pulls_from_another_machine() -> None:
    told = run_from(rt.connect("https://registry.example"), "library/hello", "v1")
    assert (
        told
        == "Not run: https://registry.example is not a loopback address with a port, so no engine pulls from it here."
    )
