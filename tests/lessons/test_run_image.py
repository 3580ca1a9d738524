"""A pushed image is run only where that is possible; elsewhere a sentence says why not."""

from __future__ import annotations

from pathlib import Path

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


@pytest.mark.parametrize("line", ["Writing manifest to image destination", "Status: Downloaded newer image for x"])
def test_after_a_complete_pull_the_push_is_not_the_reason(
    reg: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str
) -> None:
    """As podman in a container without the rights to start one: it pulls, and ends with 126."""
    told = _run_with(f"echo '{line}' >&2; echo 'Error: permission denied' >&2; exit 126", reg, monkeypatch, tmp_path)
    assert "engine pulled the whole image, so your push is complete" in told
    assert told.index("your push is complete") < told.index("It ended with status 126:") < told.index("denied")


def test_without_a_complete_pull_the_output_of_the_engine_is_all(
    reg: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = _run_with("echo 'manifest unknown' >&2; exit 125", reg, monkeypatch, tmp_path)
    assert "It ended with status 125:\nmanifest unknown" in told
    assert "your push" not in told


def _run_with(run: str, reg: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    engine = tmp_path / "engine"
    engine.write_text(f'#!/bin/sh\ncase "$1" in run) {run};; esac\n')
    engine.chmod(0o755)
    monkeypatch.setenv("REGTUTOR_ENGINE", str(engine))
    return run_from(reg, "library/hello", "v1")
