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


@pytest.mark.parametrize(
    ("call", "missing"),
    [
        (lambda reg: rt.get_manifest(reg), "'repository' and 'reference'"),
        (lambda reg: rt.get_manifest(reg, "a/b"), "'reference'"),
        (lambda reg: rt.get_manifest(reg, "a/b", "v1", surprise=1), "surprise"),
        (lambda reg: rt.push_image(reg), "'image', 'repository', and 'tag'"),
    ],
)
def test_a_call_with_missing_arguments_shows_the_signature(call: Callable[..., Any], missing: str) -> None:
    with rt.open_registry("in_process") as reg, pytest.raises(TypeError, match=missing) as raised:
        call(reg)
    name = str(raised.value).partition("(")[0]
    (note,) = raised.value.__notes__
    parameters = [each for each in inspect.signature(getattr(rt, name)).parameters if each in note]
    assert note.startswith(f"The signature is {name}(reg, ")
    assert parameters == list(inspect.signature(getattr(rt, name)).parameters)


def test_an_error_from_inside_a_step_gets_no_signature() -> None:
    class Broken:
        def send(self, request: object) -> None:
            raise TypeError("inside")

    with pytest.raises(TypeError, match="inside") as raised:
        rt.check_api(Broken())  # type: ignore[arg-type]
    assert not hasattr(raised.value, "__notes__")
