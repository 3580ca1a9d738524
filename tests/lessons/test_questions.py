"""Questions about a transcript: what is right comes from it, and a wrong answer is told what was seen instead."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import regtutor as rt
from regtutor.backends.opening import open_registry
from regtutor.client.registry import Registry
from regtutor.errors import InvalidArgument
from regtutor.exchange import BodyRecord, Exchange, Transcript
from regtutor.lessons import questions
from regtutor.lessons.quiz import Question, Verdict, read_number, read_word

WRONG = json.loads((Path(__file__).parent / "wrong_answers.json").read_text())
LIBRARY = "library/hello"


def untyped(image: rt.Image) -> rt.Request:
    """The manifest's PUT, broken on purpose."""
    return rt.draft(rt.put_manifest, LIBRARY, "v1", image.manifest).edit(headers={"Content-Type": None})


def chunked_push(reg: Registry) -> Transcript:
    """A push in chunks of 2,000 bytes, its manifest also once without its type: the transcript of the wrong answers."""
    image = rt.sample_image()
    pushed = rt.push_image(reg, image, LIBRARY, "v1", upload="chunked", chunk_size=2000, progress=False)
    return Transcript.of([*pushed, reg.send(untyped(image))])


@pytest.fixture(scope="module")
def embedded() -> Iterator[Registry]:
    with open_registry("embedded", quiet=True) as reg:
        yield reg


@pytest.fixture(scope="module")
def embedded_transcript(embedded: Registry) -> Transcript:
    return chunked_push(embedded)


@pytest.fixture(scope="module")
def native_transcript(registry_binary: str) -> Iterator[Transcript]:
    with open_registry("native", binary=registry_binary, quiet=True) as reg:
        yield chunked_push(reg)


@pytest.fixture(params=["embedded", pytest.param("native", marks=pytest.mark.registry)])
def named(request: pytest.FixtureRequest) -> tuple[str, Transcript]:
    """The same push on each registry, by the registry's name."""
    return request.param, request.getfixturevalue(f"{request.param}_transcript")


def ask(name: str, transcript: Sequence[Exchange]) -> Question:
    question: Callable[[Sequence[Exchange]], Question] = getattr(questions, name)
    return question(transcript)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong["taken"])
def test_a_stored_wrong_answer_is_refused_and_told_what_was_seen(
    named: tuple[str, Transcript], wrong: dict[str, Any]
) -> None:
    registry, transcript = named
    answer = wrong["answer"][registry] if isinstance(wrong["answer"], dict) else wrong["answer"]
    verdict = ask(wrong["question"], transcript).check(answer)
    assert (verdict.right, verdict.answered) == (False, True)
    assert [seen for seen in wrong["seen"] if seen not in verdict.text] == []


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("bytes_sent", (12605, 3)),
        ("bytes_sent", ("12,605 bytes", "request 14")),
        ("bytes_sent", (12605.0, 4)),
        ("bytes_sent", "12,605, 9"),
        ("bytes_sent", "12605 and 9"),
        ("refusal", (400, "MANIFEST_INVALID")),
        ("refusal", ("400 Bad Request", "manifest invalid")),
        ("refusal", "400 MANIFEST_INVALID"),
        ("refusal", "400 Bad Request, MANIFEST_INVALID"),
        ("location_followed", 5),
        ("location_followed", "5"),
        ("location_followed", "Request 5."),
    ],
)
def test_a_right_answer_is_taken_in_any_form(named: tuple[str, Transcript], question: str, answer: object) -> None:
    asked = ask(question, named[1])
    verdict = asked.check(*answer) if isinstance(answer, tuple) else asked.check(answer)
    assert verdict.right, verdict.text
    assert "is right" in verdict.text


def test_the_numbers_of_a_table_are_taken_as_well(embedded_transcript: Transcript) -> None:
    table = rt.summary_table(embedded_transcript)
    question = questions.bytes_sent(embedded_transcript)
    assert question.check(table["bytes up"].sum(), table["bytes up"].idxmax()).right


def test_another_transcript_has_other_answers(embedded: Registry) -> None:
    """Nothing is hard-coded: a whole layer in each PUT, the second image of two, and another way to break a request."""
    image = rt.sample_image("v2")
    pushed = rt.push_image(embedded, image, "library/whole", "v2", mount_from=(), progress=False)
    session = rt.start_upload(embedded, "library/whole")
    false = rt.put_blob(embedded, session.location, b"not it", digest="sha256:" + "0" * 64)
    made = [*pushed, session, false]
    assert questions.bytes_sent(made).check(image.size + 6, 3).right
    assert questions.refusal(made).check(400, "DIGEST_INVALID").right
    assert f"Request {len(made)}, PUT" in questions.refusal(made).text
    question = questions.location_followed(made)
    assert question.text.startswith("Request 3, PUT /v2/library/whole/")
    assert question.check(2).right
    assert "the response to request 2, the POST" in question.check(5).text


def test_of_several_refusals_the_manifest_without_a_type_is_asked_about(embedded: Registry) -> None:
    image = rt.sample_image()
    session = rt.start_upload(embedded, LIBRARY)
    false = rt.put_blob(embedded, session.location, b"not it", digest="sha256:" + "0" * 64)
    assert (
        "Request 1, PUT /v2/library/hello/manifests/v1"
        in questions.refusal([embedded.send(untyped(image)), session, false]).text
    )


def test_a_refusal_without_an_error_body_is_asked_for_its_status_only(embedded: Registry) -> None:
    refused = embedded.send(rt.draft(rt.head_blob, LIBRARY, "sha256:short"))
    question = questions.refusal([refused])
    assert refused.status == 400 and refused.errors == ()
    assert question.check("400 Bad Request").right
    assert "error code" not in question.text


def test_what_was_only_not_there_is_no_refusal(embedded: Registry) -> None:
    looked = [
        rt.head_blob(embedded, LIBRARY, "sha256:" + "0" * 64),
        rt.get_manifest(embedded, LIBRARY, "none"),
    ]
    assert [exchange.status for exchange in looked] == [404, 404]
    verdict = questions.refusal(looked).check(404, "MANIFEST_UNKNOWN")
    assert not verdict.answered
    assert "Break one on purpose" in verdict.text and "Content-Type" in verdict.text


def test_a_body_that_was_withheld_was_not_sent(embedded: Registry) -> None:
    layer = rt.sample_image().layers[0]
    session = rt.start_upload(embedded, LIBRARY)
    made = [session, rt.cancel_upload(embedded, session.location), rt.put_blob(embedded, session.location, layer)]
    again = rt.start_upload(embedded, LIBRARY)
    made += [again, rt.put_blob(embedded, again.location, layer)]
    question = questions.bytes_sent(made)
    assert question.check(layer.size, 5).right
    verdict = question.check(2 * layer.size, 3)
    assert "announced" in verdict.text and "withheld: 0 bytes were sent" in verdict.text
    assert f"{layer.size:,} in request 5" in verdict.text


def test_where_every_answer_names_the_same_place_each_of_them_is_right(embedded_transcript: Transcript) -> None:
    """Some registries keep one Location for a whole session."""
    place = rt.Location("http://127.0.0.1:5000/v2/library/hello/blobs/uploads/1")
    post, first, second, put = embedded_transcript[1], *embedded_transcript[2:4], embedded_transcript[5]
    made = [replace(x, url=str(place), location=place) for x in (first, second)]
    made = [replace(post, location=place), *made, replace(put, url=f"{place}?digest=sha256:{'0' * 64}")]
    question = questions.location_followed(made)
    assert [question.check(n).right for n in (1, 2, 3, 4)] == [True, True, True, False]


@pytest.mark.parametrize("answer", [(), (None,), ("",), ("?",), ([],), ({},), (True,), (1.5,), (1, 2, 3), (object(),)])
@pytest.mark.parametrize("question", ["bytes_sent", "refusal", "location_followed"])
def test_what_is_no_answer_is_told_how_to_give_one(
    embedded_transcript: Transcript, question: str, answer: tuple[object, ...]
) -> None:
    verdict = ask(question, embedded_transcript).check(*answer)
    assert (verdict.right, verdict.answered) == (False, False)
    assert verdict.text.startswith("Not answered yet: the ")
    assert "such as check(" in verdict.text


def test_the_example_is_never_the_answer(embedded_transcript: Transcript) -> None:
    made = embedded_transcript[2:3]
    first = replace(made[0], request=replace(made[0].request, body=BodyRecord(1000, fate="sent")))
    assert questions.bytes_sent([first]).form.endswith("such as check(2000, 2)")


def test_half_an_answer_is_told_which_half_is_missing(embedded_transcript: Transcript) -> None:
    assert "Not answered yet: the request. " in questions.bytes_sent(embedded_transcript).check(12605, None).text
    assert "Not answered yet: the error code. " in questions.refusal(embedded_transcript).check(400).text


@pytest.mark.parametrize(
    ("question", "next_step"),
    [("bytes_sent", "Push something"), ("refusal", "Break one on purpose"), ("location_followed", "Push a layer")],
)
def test_a_transcript_with_nothing_to_ask_about_says_what_to_do(question: str, next_step: str) -> None:
    asked = ask(question, Transcript())
    assert next_step in asked.text
    assert asked.check(1) == Verdict(False, False, asked.check(1).remarks)
    assert next_step in asked.check(1, 2).text


def test_a_number_of_no_request_is_told_how_many_there_are(embedded_transcript: Transcript) -> None:
    assert "There are 22 requests, counted from 1." in questions.location_followed(embedded_transcript).check(99).text


def test_a_saved_transcript_has_the_same_answers(embedded_transcript: Transcript, tmp_path: Path) -> None:
    for path in (
        rt.save(embedded_transcript, tmp_path / "push.json"),
        rt.export(embedded_transcript, tmp_path / "a.har"),
    ):
        loaded = rt.load(path)
        assert questions.bytes_sent(loaded).check(12605, 3).right
        assert questions.refusal(loaded).check(400, "MANIFEST_INVALID").right
        assert questions.location_followed(loaded).check(5).right


def test_only_exchanges_can_be_asked_about() -> None:
    with pytest.raises(InvalidArgument, match=r"stepper\.transcript"):
        questions.bytes_sent([rt.draft(rt.check_api)])  # type: ignore[list-item]


def test_a_verdict_shows_itself_without_scripts_or_style_sheets(embedded_transcript: Transcript) -> None:
    body = json.dumps({"errors": [{"code": "<script>X", "message": "<img src=x>\x1b[31m"}]}).encode()
    last = embedded_transcript[-1]
    assert last.response is not None
    hostile = replace(
        last,
        request=replace(last.request, target="/v2/<b>a</b>/manifests/v1"),
        response=replace(last.response, body=BodyRecord(len(body), preview=body, fate="received")),
    )
    question = questions.refusal([hostile])
    verdict = question.check(400, "NO")
    html = question._repr_html_() + verdict._repr_html_()
    assert "&lt;SCRIPT&gt;X" in html or "&lt;script&gt;X" in html
    for tag in ("<script", "<img", "<b>a", "<style", "class=", "\x1b"):
        assert tag not in html, tag
    assert "\x1b" not in verdict.text
    assert repr(verdict) == str(verdict) == verdict.text


@pytest.mark.parametrize(
    ("given", "number"),
    [
        (201, 201),
        ("201", 201),
        (" 201 Created", 201),
        ("11,748 bytes", 11748),
        ("1,234,567", 1234567),
        ("11_748", 11748),
        ("request 4", 4),
        ("#4", 4),
        ("4.", 4),
        ("1.5", None),
        ("-4", None),
        ("2 or 3", None),
        ("9" * 5000, None),
        (True, None),
        (b"4", None),
        (float("nan"), None),
        (float("inf"), None),
    ],
)
def test_numbers_are_read_as_people_write_them(given: object, number: int | None) -> None:
    assert read_number(given) == number


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ("MANIFEST_INVALID", "MANIFEST_INVALID"),
        ("manifest invalid", "MANIFEST_INVALID"),
        (" Manifest-Invalid. ", "MANIFEST_INVALID"),
        ('"DENIED"', "DENIED"),
        ("400", None),
        ("", None),
        (None, None),
        (400, None),
    ],
)
def test_error_codes_are_read_as_people_write_them(given: object, word: str | None) -> None:
    assert read_word(given) == word
