"""The calls of a notebook: begin, predict, task, hint, question and terminal, on the lessons that exist."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import regtutor as rt
from regtutor.backends.opening import open_registry
from regtutor.client.registry import Registry
from regtutor.errors import CourseError, NotBegun, PredictionMissing
from regtutor.lessons import begin, file_of, hint, predict, progress, question, session, task, terminal, transcript
from regtutor.lessons.artifact_scenes import registry_without_referrers
from regtutor.lessons.artifacts import EMPTY, artifact_of
from regtutor.lessons.catalog import lesson_numbered
from regtutor.lessons.guesses import PredictionResult
from regtutor.lessons.lesson import Lesson
from tests.lessons.running import kernel


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> list[PredictionResult]:
    """What the learner was shown after each predicted request."""
    shown: list[PredictionResult] = []
    monkeypatch.setattr(session, "show", shown.append)
    return shown


@pytest.fixture
def lesson(tmp_path: Path, results: list[PredictionResult]) -> Iterator[tuple[Registry, str]]:
    """Lesson 00 on the embedded registry."""
    with kernel("embedded", tmp_path):
        yield begin("00")


@pytest.mark.parametrize("dots", [..., None])
def test_without_a_guess_the_request_is_not_sent_and_others_are(lesson: tuple[Registry, str], dots: object) -> None:
    reg, me = lesson
    with pytest.raises(PredictionMissing, match=r"First guess the status, then send.*status=500.*costs nothing"):
        predict("the first request", status=dots)
    with pytest.raises(PredictionMissing, match="the prediction 'the first request' has no value yet"):
        rt.check_api(reg)
    assert rt.list_tags(reg, f"{me}/hello").status == 200
    predict("the first request", status=418)
    assert rt.check_api(reg).status == 200
    assert [each.request_name for each in transcript()] == ["list_tags", "check_api"]


@pytest.mark.parametrize("guess", ["later", "2xx", 2, 99, 600])
def test_a_guess_that_is_no_status_is_refused_and_does_not_count(lesson: tuple[Registry, str], guess: object) -> None:
    reg, _ = lesson
    refusal = rf"^status={guess!r} cannot be compared .*a number of three digits.*status=500"
    with pytest.raises(PredictionMissing, match=refusal):
        predict("the first request", status=guess)
    with pytest.raises(PredictionMissing, match="the prediction 'the first request' has no value yet"):
        rt.check_api(reg)
    predict("the first request", status=200)
    assert rt.check_api(reg).status == 200


def test_a_guess_of_another_form_is_refused_with_the_form(lesson: tuple[Registry, str]) -> None:
    with pytest.raises(PredictionMissing, match=r"bytes_down='none' .*must be a whole number.*bytes_down=0"):
        predict("HEAD of a manifest", status=200, bytes_down="none")
    with pytest.raises(PredictionMissing, match=r"code=404 .*an error code in quotes.*NAME_UNKNOWN"):
        predict("a repository that does not exist", status=404, code=404)


def test_a_wrong_guess_is_told_what_came_and_what_it_would_mean(
    lesson: tuple[Registry, str], results: list[PredictionResult]
) -> None:
    predict("the first request", status="401 Unauthorized")
    rt.check_api(lesson[0])
    (result,) = results
    assert (result.right, result.counted) == (False, True)
    assert "200: this registry speaks the API" in result.text and "You expected 401." in result.text
    assert "401 would mean: this registry speaks the API and requires credentials" in result.text
    assert "The clause: OCI distribution-spec v1.1.1, Determining Support" in result.text
    assert "< HTTP/1.1 200 OK" in result.text
    assert "https://github.com/opencontainers" in result._repr_html_()


def test_only_the_first_guess_counts_and_only_one_that_came_before_the_response(
    lesson: tuple[Registry, str], results: list[PredictionResult]
) -> None:
    for status in (404, 200):
        predict("the first request", status=status)
        rt.check_api(lesson[0])
    assert [(each.right, each.counted) for each in results] == [(False, True), (True, False)]
    assert (progress().total.predictions[0], progress().total.right) == (1, 0)


def test_a_guess_about_a_response_that_the_learner_has_seen_does_not_count(
    lesson: tuple[Registry, str], results: list[PredictionResult]
) -> None:
    reg, me = lesson
    rt.check_api(reg)
    predict("the first request", status=200)
    rt.check_api(reg)
    assert [(each.right, each.counted) for each in results] == [(True, False)]
    assert "You had seen this response before" in results[0].text
    assert progress().total.predictions[0] == 0
    rt.head_manifest(reg, f"{me}/hello", "v2")
    predict("HEAD of a manifest", status=200)
    rt.head_manifest(reg, f"{me}/hello", "v1")
    assert results[1].counted, "the response to another request says nothing about this one"


def test_the_response_to_another_request_than_the_lesson_means_costs_no_guess(tmp_path: Path) -> None:
    with kernel("embedded", tmp_path), pytest.MonkeyPatch.context() as patch:
        shown: list[PredictionResult] = []
        patch.setattr(session, "show", shown.append)
        reg, me = begin("05")
        layer = rt.sample_image().layers[0]
        for source in (f"{me}/nothing", f"{me}/hello"):
            predict("a mount", status=201)
            rt.mount_blob(reg, f"{me}/other", layer.digest, source=source)
        assert [(each.right, each.counted) for each in shown] == [(False, False), (True, True)]
        assert "gets another response" in shown[0].text and "now belongs to both" not in shown[0].text
        assert "now belongs to both repositories" in shown[1].text
        assert (progress().total.predictions[0], progress().total.right) == (1, 1)


def test_a_guess_waits_for_its_own_kind_of_request_and_its_own_repository(
    lesson: tuple[Registry, str], results: list[PredictionResult]
) -> None:
    reg, me = lesson
    predict("a repository that does not exist", status=404, code="name unknown")
    rt.check_api(reg)
    rt.list_tags(reg, f"{me}/hello")
    assert results == []
    rt.list_tags(reg, f"{me}/nothing")
    assert [each.right for each in results] == [True]
    assert "NAME_UNKNOWN" in results[0].text


def test_what_cannot_be_guessed_or_does_not_exist_is_named(lesson: tuple[Registry, str]) -> None:
    with pytest.raises(CourseError, match="predict takes status, code, bytes_up, bytes_down"):
        predict("the first request", color=3)
    with pytest.raises(CourseError, match="has no prediction 'x': it has 'the first request'"):
        predict("x", status=200)
    with pytest.raises(CourseError, match="has no task 'x'"):
        task("x")
    with pytest.raises(CourseError, match="has no question 'x'"):
        question("x", ...)
    with pytest.raises(CourseError, match="There is no lesson '77'"):
        begin("77")


def test_before_the_first_cell_each_call_says_so(tmp_path: Path) -> None:
    with kernel("embedded", tmp_path):
        for call in (lambda: task("x"), lambda: predict("x"), lambda: question("x"), hint, progress, terminal):
            with pytest.raises(NotBegun, match="Run the first cell of the notebook"):
                call()


def test_scenery_is_not_the_learners(lesson: tuple[Registry, str]) -> None:
    reg, me = lesson
    assert len(transcript()) == 0, "the image of the scene was pushed unseen"
    assert rt.list_tags(reg, f"{me}/hello").json()["tags"] == ["v1"]
    task("is the layer there?")
    question("a name for exactly these bytes", "a")
    assert len(transcript()) == 1


def test_a_login_and_a_walk_are_watched_too(lesson: tuple[Registry, str]) -> None:
    reg, me = lesson
    rt.check_api(reg.with_auth("ada", "secret"))
    rt.push_image(reg, rt.sample_image(), f"{me}/walk", "v1", progress=False)
    assert [each.request_name for each in transcript()][:2] == ["check_api", "head_blob"]
    assert "secret" not in transcript().as_text()


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_a_walk_has_sent_does_not_count_and_is_named(lesson: tuple[Registry, str], jobs: int) -> None:
    reg, me = lesson
    rt.push_image(reg, rt.sample_image(), f"{me}/hello", "v1", progress=False, jobs=jobs)
    report = task("is the layer there?")
    assert not report and "5 requests were sent by a walk that ran by itself, such as rt.push_image" in report.text
    assert "The last of your 5 requests was this one" in report.text
    rt.head_blob(reg, f"{me}/hello", rt.sample_image().layers[0].digest)
    done = task("is the layer there?")
    assert done and "request 6: HEAD" in done.text


def test_a_task_that_was_done_before_the_kernel_was_restarted_says_so(tmp_path: Path) -> None:
    for sent in (True, False):
        with kernel("embedded", tmp_path):
            reg, me = begin("00")
            if sent:
                rt.list_tags(reg, f"{me}/hello")
            report = task("which tags are there?")
            assert report.passed is sent and ("stays done in your progress" in report.text) is not sent
            assert progress().total.tasks[0] == 1


def test_half_an_attempt_with_another_registry_is_not_part_of_it(tmp_path: Path) -> None:
    """The registries beside the lesson's have repositories of the same names."""
    with kernel("embedded", tmp_path):
        reg, me = begin("10")
        older = registry_without_referrers()
        rt.head_manifest(older, f"{me}/hello", "v1")
        seen = session.current().evidence()
        assert seen.sent("head_manifest") == []
        beside = seen.at("older")
        assert beside is not None and len(beside.sent("head_manifest", to="hello")) == 1
        assert rt.head_manifest(reg, f"{me}/hello", "v1") in session.current().evidence().sent("head_manifest")


def test_begin_again_keeps_everything_and_another_lesson_starts_afresh(
    lesson: tuple[Registry, str], capsys: pytest.CaptureFixture[str]
) -> None:
    reg, me = lesson
    rt.check_api(reg)
    assert begin("0") == (reg, me)
    assert "as before" in capsys.readouterr().out
    assert len(transcript()) == 1
    other, prefix = begin("01")
    assert other is not reg and prefix != me
    assert len(transcript()) == 0


def test_the_prefix_stays_with_the_learner_but_not_on_a_registry_that_keeps_what_was_pushed(
    tmp_path: Path, reg: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGTUTOR_LEARNER", "Ada L.")
    prefixes = []
    for registry in ("embedded", "embedded", reg.url, reg.url):
        with kernel(registry, tmp_path):
            prefixes.append(begin("00")[1])
    first, second, third, fourth = prefixes
    assert first == second == third and fourth == f"{first}-2"
    assert first.startswith("adal00-")


def test_three_hints_one_at_a_time(lesson: tuple[Registry, str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CourseError, match="No task has been checked yet"):
        hint()
    assert "3 of 3 left" in task("which tags are there?").text
    capsys.readouterr()
    shown = []
    for _ in range(4):
        hint()
        shown.append(capsys.readouterr().out.count("Hint "))
    assert shown == [1, 2, 3, 3]
    assert "hint() repeats the hints" in task("which tags are there?").text


def test_a_task_says_what_it_saw_last(lesson: tuple[Registry, str]) -> None:
    reg, me = lesson
    assert "You have sent no request in this lesson yet" in task("is the layer there?").text
    rt.head_blob(reg, f"{me}/hello", "sha256:" + "0" * 64)
    text = task("is the layer there?").text
    assert f"> request 1: HEAD /v2/{me}/hello/blobs/sha256:000" in text and "< 404 Not Found" in text


def test_a_question_is_asked_until_a_letter_is_given(lesson: tuple[Registry, str]) -> None:
    asked = question("a name for exactly these bytes", ...)
    assert not asked and "(d) the size of the manifest" in asked.text
    assert not question("a name for exactly these bytes", "e")
    assert progress().total.questions[0] == 0
    wrong = question("a name for exactly these bytes", "A")
    assert not wrong and "A tag is a pointer" in wrong.text
    assert question("a name for exactly these bytes", "(c).")
    assert progress().total.questions[0] == 1
    assert session.current().results.entry("00", "questions", "a name for exactly these bytes")["first"] is False


def test_a_request_of_curl_is_the_learners_and_answers_a_prediction(
    lesson: tuple[Registry, str], results: list[PredictionResult], require_program: Callable[[str, str], str]
) -> None:
    curl, url = require_program("curl", "curl"), terminal()
    assert url == terminal() != lesson[0].url
    predict("the first request", status=200)
    for _ in range(3):
        subprocess.run([curl, "-sS", f"{url}/v2/"], check=True, timeout=20, capture_output=True)
        seen = len(transcript())
    assert seen == 3, "each was seen at once"
    assert [each.right for each in results] == [True]
    assert task("the same request, by hand").passed


def test_a_file_for_a_terminal_has_the_bytes_and_goes_with_the_lesson(tmp_path: Path) -> None:
    with kernel("embedded", tmp_path):
        begin("00")
        manifest = rt.sample_image().manifest
        path = Path(file_of(manifest))
        assert path.read_bytes() == manifest.data
        assert file_of(manifest) == str(path)
    assert not path.exists()


def test_a_lesson_can_open_its_own_registry_and_check_it_with_other_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(which: str) -> Registry:
        assert which == "auto"
        return open_registry(which, quiet=True, auth="basic")

    entry = lesson_numbered("00")
    lesson = Lesson(
        tasks=entry.lesson.tasks, opened=opened, staged=lambda reg: reg.with_auth("learner", "learner-password")
    )
    monkeypatch.setattr("regtutor.lessons.tasks.start_here.LESSON", lesson)
    with kernel("embedded", tmp_path):
        reg, _ = begin("00")
        assert rt.check_api(reg).status == 401
        assert rt.check_api(session.current().stage.reg).status == 200


def test_of_several_equal_error_codes_one_is_told(
    lesson: tuple[Registry, str], results: list[PredictionResult]
) -> None:
    reg, me = begin("01")
    predict("a manifest without its blobs", status=400, code="NAME_INVALID")
    rt.put_manifest(reg, f"{me}/empty", "v1", rt.sample_image().manifest)
    assert results[0].text.count("The error code MANIFEST_BLOB_UNKNOWN") == 1
    assert "You expected the error code NAME_INVALID" in results[0].text


def test_a_prediction_about_a_missing_header_waits_for_a_request_without_it(
    tmp_path: Path, results: list[PredictionResult]
) -> None:
    with kernel("embedded", tmp_path):
        reg, me = begin("02")
        stepper = rt.PushStepper(reg, rt.sample_image(), f"{me}/hello", "v1")
        predict("a manifest without its type", status=400)
        stepper.run()
        assert results == []
        rt.put_manifest(reg, f"{me}/hello", "v1", rt.sample_image().manifest)
        assert results == []
        stepper.reset()
        while stepper.state.draft is not None and stepper.state.draft.step != "put_manifest":
            stepper.send()
        stepper.edit(headers={"Content-Type": None})
        stepper.send()
    assert [result.right for result in results] == [True]


def test_a_question_about_your_requests_is_answered_with_the_call_that_it_names(tmp_path: Path) -> None:
    with kernel("embedded", tmp_path):
        reg, me = begin("02")
        rt.put_manifest(reg, f"{me}/hello", "v1", b"{}", media_type=None)
        call = 'question("the bytes that you sent", '
        for asked in (question("the bytes that you sent"), question("the bytes that you sent", "?")):
            assert f"{call}bytes, request), such as {call}1000, " in str(asked)
            assert "check(" not in str(asked)


def test_the_lines_of_a_question_show_the_query_that_it_is_about(tmp_path: Path) -> None:
    with kernel("native", tmp_path):
        begin("01")
        shown = str(question("the address in Location", "a"))
    first, second, third = (line for line in shown.splitlines() if "> PUT" in line)
    assert "_state=" not in first and "?digest=sha256:" in first
    assert second.count("?") == 2
    assert third.count("?") == 1 and "?_state=" in third and "&digest=sha256:" in third


def test_a_program_that_sends_the_headers_of_a_step_is_still_another_program(lesson: tuple[Registry, str]) -> None:
    reg, _ = lesson
    mine = rt.check_api(reg)
    agent = mine.request_headers["User-Agent"]
    subprocess.run(["curl", "-sS", "-A", agent, f"{terminal()}/v2/"], check=True, capture_output=True, timeout=20)
    seen = session.current().evidence()
    assert [seen.is_by_hand(each) for each in seen.exchanges] == [False, True]


@pytest.mark.parametrize(("slash", "others"), [("", ["CNCF Distribution 2.8 responds with 301 here."]), ("/", [])])
def test_after_another_request_than_the_predicted_one_no_other_registry_is_named(
    tmp_path: Path, results: list[PredictionResult], slash: str, others: list[str]
) -> None:
    with kernel("embedded", tmp_path):
        reg, me = begin("A1")
        predict("without the slash", status=405)
        reg.send(rt.Request("start_upload", "POST", f"/v2/{me}/page/blobs/uploads{slash}"))
    assert [sentence for sentence in results[0].sentences if "Distribution" in sentence] == others


@pytest.mark.parametrize(("guess", "right"), [("oci-subject:", True), ("Location", False), ("none", False)])
def test_the_header_of_a_response_can_be_guessed(
    guess: str, right: bool, tmp_path: Path, results: list[PredictionResult]
) -> None:
    with kernel("embedded", tmp_path):
        reg, me = begin("10")
        image = rt.sample_image()
        rt.put_blob(reg, rt.start_upload(reg, f"{me}/hello").location, EMPTY)
        predict("a manifest with a subject", header=guess)
        rt.put_manifest(reg, f"{me}/hello", "sbom", artifact_of(EMPTY, image.manifest)).expect(201)
        assert [each.right for each in results] == [right]
        assert "The header OCI-Subject" in results[0].text


def test_a_header_that_did_not_come_is_none(tmp_path: Path, results: list[PredictionResult]) -> None:
    with kernel("embedded", tmp_path):
        reg, me = begin("10")
        predict("a manifest with a subject", header="none")
        rt.put_manifest(reg, f"{me}/hello", "v2", rt.sample_image().manifest).expect(201)
        assert results[0].right and "No such header. You expected it" in results[0].text
        with pytest.raises(PredictionMissing, match='the name of a header in quotes, or "none"'):
            predict("a manifest with a subject", header=7)


def test_a_second_look_is_at_the_same_attempt(tmp_path: Path) -> None:
    """A task about the last attempt stays done, although nothing was sent between the two looks."""
    with kernel("embedded", tmp_path):
        reg, me = begin("01")
        image = rt.sample_image("v2")
        rt.push_image(reg, image, f"{me}/memory", "v2", progress=False)
        assert not task("a push from memory").passed, "a walk sends a HEAD for each blob"
        for blob in image.blobs:
            rt.put_blob(reg, rt.start_upload(reg, f"{me}/memory").location, blob)
        rt.put_manifest(reg, f"{me}/memory", "v2", image.manifest)
        assert task("a push from memory").passed
        assert task("a push from memory").passed


def test_a_walk_does_not_mount_from_a_repository_that_a_question_has_filled(tmp_path: Path) -> None:
    with kernel("embedded", tmp_path):
        reg, me = begin("05")
        question("a blob that exists elsewhere", "a")
        push = rt.push_image(reg, rt.sample_image(), f"{me}/fresh", "v1", progress=False)
        assert "mount_blob" not in [each.request_name for each in push]
