"""The second notebook, from a clean kernel to its end, on each registry, and what it says to a learner's answers."""

from __future__ import annotations

import json

import pytest

from tests.notebooks.conftest import NOTEBOOKS, Execute

NOTEBOOK = "02_step_through_a_push.ipynb"

pytestmark = pytest.mark.notebook

RIGHT = {
    # As a learner finds them: in a table, in the refused exchange, and by looking for the Location that was followed.
    "question-1": '(table := rt.summary_table(stepper.transcript)["bytes up"]).sum(), table.idxmax()',
    "question-2": '"400 Bad Request, manifest invalid"',
    "question-3": "next(n for n, x in enumerate(stepper.transcript, 1) if x.step == 'patch_upload' and x.location and "
    "str(x.location) == stepper.transcript[int(str(question).split()[1].strip(',')) - 1].url.partition('&digest=')[0])",
}
WRONG = (
    "questions.bytes_sent(stepper.transcript).check(image.size, 1)",
    "questions.bytes_sent(stepper.transcript).check(stepper.transcript.bytes_down, 3)",
    'questions.refusal(stepper.transcript).check(404, "MANIFEST_UNKNOWN")',
    "questions.location_followed(stepper.transcript).check(16)",
    "questions.refusal(push[:3]).check(400)",
)


def assert_told(cells: dict[str, str], name: str) -> None:
    """What the story promises at each place, whatever the registry."""
    promised = {
        "code-01": [f"Registry: {name} at http://127.0.0.1:"],
        "stepper": ["PushStepper: stepper-", "layer 1", "manifest", "next: > HEAD /v2/stepper-"],
        "first": ["< HTTP/1.1 404 Not Found"],
        "second": ["< Location: http://127.0.0.1:", "existence check", "upload session"],
        "behind": ["POST /v2/stepper-", "new", "startedat"],
        "back": ["shown: 1 | sent: 2 | the next would be: POST /v2/stepper-", "shown: 2"],
        "broken": ["changed: Content-Type removed", "400 ['MANIFEST_INVALID']"],
        "why": ["manifest without Content-Type", "next: Send Content-Type"],
        "recovered": ["201 sha256:8e659d4f", "put_manifest"],
        "chunks": ["0-1543", "1544-3087", "3088-4630", "0-4630"],
        "gap": ["9999-11542", "put_blob     201"],
        "wrong-byte": ["400", "404", "_uploads"],
        "reset": ["201 for stepper-", "closing the upload", "manifest", "chunk"],
        "referrers": ["refers to the image: application/vnd.example.note sha256:cab88176"],
        "sequence": ["client -> ", "400 Bad Request"],
        "exports": ["push.har", "push.sh", "push.md", "push.svg", "push.html"],
        "curl": ["the target has a second ?", "Append digest= with &"],
    }
    missing = {cell: [text for text in texts if text not in cells[cell]] for cell, texts in promised.items()}
    assert {cell: texts for cell, texts in missing.items() if texts} == {}
    assert [line.split()[-5:] for line in cells["walks"].splitlines()[2:]][:5] == [
        ["14", "4", "0", "0", "12605"],
        ["9", "0", "4", "0", "857"],
        ["5", "0", "0", "4", "857"],
        ["5", "0", "0", "0", "0"],
        ["3", "0", "0", "0", "0"],
    ]


def assert_answered(cells: dict[str, str]) -> None:
    """Right answers are accepted."""
    for question in RIGHT:
        assert " is right. " in cells[question] and "In the transcript: " not in cells[question], cells[question]


def assert_corrected(cells: dict[str, str]) -> None:
    """Wrong answers are told what was seen instead."""
    size, down, unknown, not_the_last, none = (cells[f"after-{number}"] for number in range(len(WRONG)))
    assert "the image's own size" in size and "bytes were sent in bodies: " in size
    assert "the size of the response bodies" in down and "3 is right" in down
    assert (
        "The response to request 13 has the status 400" in unknown
        and "The response to request 13 has the error code MANIFEST_INVALID" in unknown
    )
    assert "opened the session, and its response has a different Location" in not_the_last
    assert (
        "In the transcript: Request 20 was sent to the Location in the response to request 19, the PATCH"
        in not_the_last
    )
    assert "Break one on purpose" in none


def test_on_the_embedded_registry(execute: Execute) -> None:
    cells = execute(NOTEBOOK, {"REGTUTOR_REGISTRY": "embedded"}, typed=RIGHT, after=WRONG)
    assert_told(cells, "embedded")
    assert_answered(cells)
    assert_corrected(cells)
    assert "missing signature key" not in cells["why"]
    assert "416" in cells["gap"], "a chunk out of order is refused"
    assert "gone from" in cells["wrong-byte"], "the session is thrown away"
    assert "/referrers/sha256:8e" in cells["referrers"] and "/manifests/sha256-8e" not in cells["referrers"]


def assert_as_distribution(cells: dict[str, str]) -> None:
    assert 'the log: err.detail="missing signature key"' in cells["why"]
    assert "416" not in cells["gap"], "a chunk out of order is appended"
    assert "gone from" not in cells["wrong-byte"] and "4,631 bytes" in cells["wrong-byte"], "the session is left lying"
    assert "/manifests/sha256-8e" in cells["referrers"], "the list stands under a tag"


@pytest.mark.registry
def test_on_the_native_registry(execute: Execute, registry_binary: str) -> None:
    cells = execute(NOTEBOOK, {"REGTUTOR_REGISTRY": "native"}, typed=RIGHT, after=WRONG)
    assert_told(cells, "native")
    assert_answered(cells)
    assert_corrected(cells)
    assert_as_distribution(cells)


@pytest.mark.container
def test_on_the_registry_container_as_it_stands(execute: Execute, container: dict[str, str]) -> None:
    cells = execute(NOTEBOOK, container)
    assert_told(cells, "container")
    assert_as_distribution(cells)
    for question in RIGHT:
        assert "Not answered yet: the " in cells[question]


def test_is_committed_without_outputs() -> None:
    notebook = json.loads((NOTEBOOKS / NOTEBOOK).read_text())
    assert [cell for cell in notebook["cells"] if cell.get("outputs") or cell.get("execution_count")] == []
