"""The sequence diagram without a browser: what stands at an arrow, what the view sends, and its static form."""

from __future__ import annotations

from typing import Any

import pytest

import regtutor as rt
from regtutor.errors import InvalidArgument
from regtutor.exchange import BodyRecord, Exchange, Interim, RequestRecord, ResponseRecord, Transcript
from regtutor.stepping.progress import progress
from regtutor.widgets.sequence.arrows import blob_of, fate_text, item_of, short_target
from regtutor.widgets.sequence.sequence_view import MOST, MOVES, SequenceView

DIGEST = "sha256:" + "ab12" * 16
SESSION = "24df9e0c-0c2c-4a4e-9d3e-4b8d3a1c9e11"
OPEN = f"/v2/library/hello/blobs/uploads/{SESSION}"


def exchange(
    method: str,
    target: str,
    status: int | None,
    *,
    step: str = "",
    body: BodyRecord | None = None,
    interims: tuple[Interim, ...] = (),
    registry: str = "embedded",
) -> Exchange:
    response = None if status is None else ResponseRecord(status, "Reason")
    return Exchange(
        step=step,
        url=f"http://127.0.0.1:5000{target}",
        request=RequestRecord(method, target, body=body or BodyRecord()),
        response=response,
        interims=interims,
        registry=registry,
        error="" if response else "the connection was closed",
    )


PUT = exchange(
    "PUT",
    f"{OPEN}?digest={DIGEST}",
    201,
    step="put_blob",
    body=BodyRecord(2101, DIGEST, fate="sent"),
    interims=(Interim(100, "Continue"),),
)


@pytest.mark.parametrize(
    ("target", "short"),
    [
        ("/v2/", "/v2/"),
        (f"{OPEN}?digest={DIGEST}", "…/uploads/24df…?digest=sha256:ab12…"),
        (f"{OPEN}?digest=sha256%3A{'ab12' * 16}", "…/uploads/24df…?digest=sha256%3Aab12…"),
        (f"{OPEN}?_state={'x' * 200}&digest={DIGEST}", "…/uploads/24df…?_state=xxxx…&digest=sha256:ab12…"),
        ("/v2/library/hello/blobs/uploads/", "…/uploads/"),
        (f"/v2/a/b/c/blobs/{DIGEST}", "…/blobs/sha256:ab12…"),
        ("/v2/blobs/blobs/manifests/v1", "…/manifests/v1"),
        ("/v2/library/hello/tags/list?n=10&last=v1", "…/tags/list?n=10&last=v1"),
        (
            f"/v2/library/other/blobs/uploads/?mount={DIGEST}&from=library/hello",
            "…/uploads/?mount=sha256:ab12…&from=library/hello",
        ),
        ("/v2/_catalog", "/v2/_catalog"),
        ("/else\x1b[2Jwhere", "/else\\x1b[2Jwhere"),
    ],
)
def test_a_target_is_shortened_to_what_one_can_say(target: str, short: str) -> None:
    assert short_target(target) == short


def test_a_target_of_no_known_shape_is_cut() -> None:
    assert len(short_target("/" + "x" * 5000)) == 80


def test_an_item_says_everything_that_stands_at_its_arrows() -> None:
    item = item_of(3, PUT)
    assert item | {"target": "", "sentence": ""} == {
        "number": 3,
        "step": "put_blob",
        "method": "PUT",
        "target": "",
        "short": "…/uploads/24df…?digest=sha256:ab12…",
        "registry": "embedded",
        "up": "2,101 bytes",
        "interims": ["100 Continue"],
        "answer": "201 Reason",
        "down": "",
        "meaning": "the blob is stored under its digest",
        "outcome": "good",
        "detour": False,
        "sentence": "",
    }
    assert item["target"].endswith(f"?digest={DIGEST}")


def test_an_item_reads_as_a_sentence() -> None:
    assert item_of(3, PUT)["sentence"] == (
        "3: PUT to library/hello, 2,101 bytes sent, first 100 Continue, response 201 Reason: "
        "the blob is stored under its digest"
    )
    withheld = exchange("PUT", f"{OPEN}?digest={DIGEST}", 404, step="put_blob", body=BodyRecord(fate="withheld"))
    assert item_of(4, withheld, detour=True)["sentence"].startswith(
        "4: PUT to library/hello, changed by you, body withheld, response 404 Reason: "
    )


@pytest.mark.parametrize(
    ("one", "outcome"),
    [
        (PUT, "good"),
        (exchange("HEAD", f"/v2/a/blobs/{DIGEST}", 404), "quiet"),
        (exchange("PUT", f"{OPEN}?digest={DIGEST}", 404), "bad"),
        (exchange("HEAD", f"/v2/A/blobs/{DIGEST}", 400), "bad"),
        (exchange("GET", "/v2/", 401), "quiet"),
        (exchange("GET", "/v2/", None), "none"),
    ],
)
def test_the_outcome_decides_the_colour_and_to_ask_for_what_is_not_there_is_no_failure(
    one: Exchange, outcome: str
) -> None:
    assert item_of(1, one)["outcome"] == outcome


@pytest.mark.parametrize(
    ("body", "up"),
    [
        (BodyRecord(), ""),
        (BodyRecord(1, fate="sent"), "1 byte"),
        (BodyRecord(0, fate="withheld"), "body withheld"),
        (BodyRecord(1024, fate="partial"), "1,024 bytes, then cut"),
    ],
)
def test_what_became_of_the_body_is_told(body: BodyRecord, up: str) -> None:
    assert item_of(1, exchange("PUT", OPEN, 201, body=body))["up"] == up


def test_without_an_answer_the_item_says_why() -> None:
    item = item_of(1, exchange("PUT", OPEN, None, registry=""))
    assert (item["answer"], item["meaning"]) == ("no response", "the connection was closed")
    assert item["registry"] == "127.0.0.1:5000"


def test_a_share_is_told_while_bytes_go() -> None:
    assert [fate_text(200, sent, "sending") for sent in (0, 80, 200)] == [
        "uploading 0 %",
        "uploading 40 %",
        "uploading 100 %",
    ]
    assert fate_text(0, 0, "sending") == "uploading 100 %"
    assert fate_text(200, 50, "fetching") == "fetching 25 %"
    assert fate_text(200, 0, "already there") == "already there"


class Told(SequenceView):
    """Keeps what it sends to the browser."""

    def __init__(self, *registries: str) -> None:
        self.states: list[dict[str, Any]] = []
        self.answers: list[Any] = []
        super().__init__(registries or ("registry",))
        self.states.clear()

    def send_state(self, key: Any = None) -> None:
        keys = {key} if isinstance(key, str) else set(key or self.keys)
        if not self._holding_sync:
            self.states.append(self.get_state(keys))

    def send(self, content: Any, buffers: Any = None) -> None:
        self.answers.append(content)


def blobs(*sent: int) -> list[dict[str, Any]]:
    return [
        {"name": f"layer {n}", "digest": f"sha256:{n}", "size": 1000, "sent": at, "fate": "sending"}
        for n, at in enumerate(sent, 1)
    ]


def items(count: int) -> list[dict[str, Any]]:
    return [item_of(number, PUT) for number in range(1, count + 1)]


def test_one_message_shows_everything() -> None:
    view = Told("embedded")
    view.show(items(3), 2, "put_manifest", blobs(0, 400))
    assert len(view.states) == 1
    assert set(view.states[0]) == {"scene", "selected", "ghost", "bars"}
    assert view.ghost == {"text": "put_manifest", "to": "embedded"}
    assert view.bars["sha256:2"] == {"sent": 400, "fate": "sending", "text": "uploading 40 %"}


def test_looking_back_sends_no_items_again() -> None:
    view = Told()
    view.show(items(3), 2)
    view.states.clear()
    view.show(items(3), 1)
    assert [set(state) for state in view.states] == [{"selected"}]


def test_a_bar_moves_by_itself_and_not_more_often_than_can_be_seen() -> None:
    view = Told()
    view.show([], -1, blobs=blobs(0))
    view.states.clear()
    for sent in range(1, 1001):
        view.move("sha256:1", sent)
    assert view.bars["sha256:1"]["text"] == "uploading 100 %"
    assert MOVES // 2 <= len(view.states) <= MOVES + 1
    assert all(set(state) == {"bars"} for state in view.states)
    view.move("sha256:1", 1000, "uploaded")
    assert view.bars["sha256:1"]["text"] == "uploaded"
    view.move("sha256:unknown", 1)
    assert "sha256:unknown" not in view.bars


def test_at_most_so_many_are_drawn_around_the_current_one_and_the_rest_is_counted() -> None:
    view = SequenceView()
    view.show(items(1000), 500)
    scene = view.scene
    assert (scene["before"], len(scene["items"]), scene["after"]) == (400, MOST, 400)
    view.selected = 999
    assert (view.scene["before"], view.scene["after"]) == (800, 0)
    assert view.scene["items"][view.selected - view.scene["before"]]["number"] == 1000
    assert "800 earlier exchanges are not drawn" in view.as_text()
    view.show(items(3), 50)
    assert (view.selected, view.scene["before"]) == (2, 0)


def test_a_choice_in_the_browser_sets_selected_and_is_answered() -> None:
    view = Told()
    view.show(items(3), 2)
    seen: list[int] = []
    view.observe(lambda change: seen.append(change.new), "selected")
    view._reply(view, {"kind": "select", "id": 1, "index": 0}, [])
    view._reply(view, {"kind": "select", "id": 2, "index": 99}, [])
    assert seen == [0, 2]
    assert view.answers == [{"re": 1, "value": 0}, {"re": 2, "value": 2}]


def test_what_an_observer_raises_is_shown() -> None:
    view = Told()
    view.show(items(3), 2)

    def refuse(_change: Any) -> None:
        raise rt.RegtutorError("what", "why", "next")

    view.observe(refuse, "selected")
    view._reply(view, {"kind": "select", "id": 1, "index": 0}, [])
    assert view.error == "what\nwhy\nnext"


def test_the_text_is_a_list_of_arrows() -> None:
    view = SequenceView(("embedded",))
    lost = exchange("PUT", OPEN, None)
    view.show([item_of(1, PUT), item_of(2, lost, detour=True)], 0, "put_manifest", blobs(400))
    assert view.as_text().splitlines() == [
        "  1  client -> embedded  PUT …/uploads/24df…?digest=sha256:ab12…  2,101 bytes",
        "     client <- embedded  100 Continue",
        "     client <- embedded  201 Reason: the blob is stored under its digest",
        "  2  client -> embedded  PUT …/uploads/24df…  (yours)",
        "     client x- embedded  no response: the connection was closed",
        "     next: put_manifest",
        "layer 1  sha256:1  1,000 bytes  uploading 40 %",
    ]
    assert SequenceView().as_text() == "No request has been sent yet."


def test_the_static_form_is_a_picture_and_a_table_without_style_sheet_or_script() -> None:
    nasty = exchange("GET", '/v2/<script>"', 200)
    view = SequenceView.of(Transcript.of([PUT, nasty]))
    html = view.static_html()
    assert html.count("<img ") == 1
    assert html.count("<tr>") == 3
    assert [tag for tag in ("<style", "<script", "<svg") if tag in html] == []
    assert "/v2/&lt;script&gt;" in html
    assert view.snapshot()._repr_html_() == html
    without = SequenceView(("embedded",))
    without.show([item_of(1, PUT)], 0)
    assert "<img" not in without.static_html()
    assert "1 shown" in without.static_html()


def test_a_whole_transcript_has_its_registries_and_with_the_image_its_bars(reg: rt.Registry) -> None:
    image = rt.sample_image()
    pushed = rt.push_image(reg, image, "library/hello", "v1", progress=False)
    view = SequenceView.of(pushed, image)
    assert view.scene["registries"] == ["embedded"]
    assert len(view.scene["items"]) == len(pushed)
    assert not view.scene["dims"]
    assert {bar["text"] for bar in view.bars.values()} == {"uploaded"}
    halfway = [blob_of(row) for row in progress(image, pushed[:3])]
    view.show(view.scene["items"][:3], 2, blobs=halfway)
    assert [bar["text"] for bar in view.bars.values()][:2] == ["uploaded", "waiting"]


@pytest.mark.parametrize("wrong", [3, "registry", Transcript(), ["registry", 3]])
def test_what_is_no_list_of_names_is_refused_with_the_way_for_a_transcript(wrong: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"use rt\.SequenceView\.of\(transcript\)"):
        SequenceView(wrong)
