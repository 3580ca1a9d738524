"""An address in the place of a registry is refused by name, with how to get a registry."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

import regtutor as rt
from regtutor.errors import InvalidArgument
from regtutor.steps import STEPS

VERBS = (
    rt.push_image,
    rt.pull_image,
    rt.copy_image,
    rt.delete_image,
    rt.list_referrers,
    rt.inspect_image,
    rt.upload_chunks,
    rt.resume_upload,
)


@pytest.mark.parametrize("asker", [*STEPS.values(), *VERBS], ids=lambda asker: asker.__name__)
def test_an_address_is_no_registry(asker: Callable[..., Any]) -> None:
    needed = [p for p in inspect.signature(asker).parameters.values() if p.default is p.empty]
    with pytest.raises(InvalidArgument, match=f"{asker.__name__} was given a str instead of a registry") as refused:
        asker("http://127.0.0.1:5000", *["anything"] * (len(needed) - 1))
    assert "rt.connect" in str(refused.value)


def test_the_stepper_takes_no_address_either() -> None:
    with pytest.raises(InvalidArgument, match="PushStepper was given a str"):
        rt.PushStepper("http://127.0.0.1:5000", rt.sample_image(), "library/hello", "v1")  # type: ignore[arg-type]
