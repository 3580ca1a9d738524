"""The experiments at the end of a walk: each one sets the stepper up, and its response is explained."""

from __future__ import annotations

import pytest

from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_image
from regtutor.errors import InvalidArgument
from regtutor.findings import explain
from regtutor.stepping.choices import CHOICES
from regtutor.stepping.experiments import EXPERIMENTS, OFFERED, SUGGESTED, experiment, set_up, suggestions
from regtutor.stepping.machine import Stepping

EMBEDDED = {
    "send the manifest first": (400, "MANIFEST_BLOB_UNKNOWN"),
    "one byte changed": (400, "DIGEST_INVALID"),
    "a chunk that leaves a gap": (416, "BLOB_UPLOAD_INVALID"),
    "mount from another repository": (201, ""),
    "mount from a repository that does not have it": (202, ""),
    "close an upload without a digest": (400, "DIGEST_INVALID"),
    "a manifest without Content-Type": (400, "MANIFEST_INVALID"),
    "push it again": (200, ""),
    "a tag that does not exist": (404, "MANIFEST_UNKNOWN"),
    "a digest that does not exist": (404, "BLOB_UNKNOWN"),
    "only the first 100 bytes": (206, ""),
    "delete by tag": (202, ""),
    "referrers of another type": (200, ""),
}
"""The response of the embedded registry to the request of each experiment: status and error code."""


def machine(reg: Registry) -> Stepping:
    return Stepping(reg, sample_image(), "library/hello", "v1")


def test_every_walk_suggests_three_that_exist() -> None:
    assert set(SUGGESTED) == set(CHOICES)
    for walk in CHOICES:
        assert len({one.name for one in suggestions(walk)}) == OFFERED
    assert {one.walk for one in EXPERIMENTS.values()} <= set(CHOICES)


def test_one_that_was_tried_makes_room_for_another() -> None:
    first = [one.name for one in suggestions("monolithic")]
    tried = [one.name for one in suggestions("monolithic", {first[0]})]
    assert first[0] not in tried
    assert tried[:2] == first[1:]
    assert len(suggestions("monolithic", EXPERIMENTS)) == OFFERED, "when all were tried, all are offered again"


def test_there_is_no_other() -> None:
    with pytest.raises(InvalidArgument, match=r"no experiment called 'boom'.*one byte changed"):
        experiment("boom")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_each_sets_the_stepper_up_and_its_response_is_explained(reg: Registry, name: str) -> None:
    stepping = machine(reg)
    stepping.run()
    said = set_up(stepping, experiment(name))
    assert name in said
    state = stepping.state
    assert state.draft is not None
    assert state.draft.edited == (EXPERIMENTS[name].change is not None)
    assert all(exchange.ok or exchange.status == 404 for exchange in state.exchanges)
    try:
        stepping.send()
    except Exception as error:  # noqa: BLE001 - the walk may stop at this response; the state holds its error
        assert stepping.state.error is error
    exchange = stepping.state.exchange
    assert exchange is not None
    codes = [entry.get("code", "") for entry in exchange.errors] or [""]
    assert (exchange.status, codes[0]) == EMBEDDED[name]
    findings = explain(exchange)
    assert all(finding.meaning for finding in findings)
    if not exchange.ok:
        explained = [*findings.diagnoses, *(finding for finding in findings if finding.part == "error code")]
        assert explained, "a refusal has a diagnosis, or a line for its error code"


def test_push_it_again_stays_in_the_repository(reg: Registry) -> None:
    stepping = machine(reg)
    stepping.run()
    set_up(stepping, experiment("push it again"))
    assert stepping.repository == "library/hello"


def test_after_a_refused_experiment_the_walk_ends_as_usual(reg: Registry) -> None:
    stepping = machine(reg)
    set_up(stepping, experiment("send the manifest first"))
    stepping.send()
    assert stepping.state.exchange is not None
    assert stepping.state.exchange.status == 400
    assert stepping.run().complete
