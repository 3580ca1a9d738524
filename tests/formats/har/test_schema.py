"""What is exported as HAR fits the schema that others check HAR with (har-schema, from npm)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT6

import regtutor as rt
from tests.formats.hostile import TRANSCRIPT


@pytest.fixture
def validate(node_package: Callable[[str], Path]) -> Callable[[Any], None]:
    """Raises jsonschema.ValidationError for what is no HAR."""
    files = (node_package("har-schema") / "lib").glob("*.json")
    schemas = {file.name: json.loads(file.read_text()) for file in files}
    registry: Registry[Any] = Registry().with_resources(
        (name, Resource.from_contents(schema, default_specification=DRAFT6)) for name, schema in schemas.items()
    )
    return jsonschema.Draft6Validator(schemas["har.json"], registry=registry).validate


def test_a_push_and_hostile_texts_fit_the_schema(
    pushed: rt.Transcript, tmp_path: Path, validate: Callable[[Any], None]
) -> None:
    for number, transcript in enumerate((pushed, TRANSCRIPT)):
        validate(json.loads(rt.export(transcript, tmp_path / f"{number}.har").read_text()))


def test_the_schema_refuses_what_is_no_har(
    pushed: rt.Transcript, tmp_path: Path, validate: Callable[[Any], None]
) -> None:
    har = json.loads(rt.export(pushed, tmp_path / "push.har").read_text())
    del har["log"]["entries"][0]["request"]["httpVersion"]
    with pytest.raises(jsonschema.ValidationError, match="httpVersion"):
        validate(har)
