"""A registry, or a proxy before it, that responds 417 to Expect: the request is repeated without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

import regtutor as rt
from regtutor.cli import main
from regtutor.content.sample.image import sample_layer, sample_layout
from regtutor.errors import PushFailed
from tests.walks.serving import an_image
from tests.walks.test_redirects import Door, door

IMAGE = an_image(*(sample_layer(9000, seed=seed) for seed in (1, 2, 3)))


@contextmanager
def refusing(reg: rt.Registry) -> Iterator[Door]:
    """A proxy that refuses every Expect, and leads everything else to ``reg``."""

    def answer(_method: str, path: str) -> tuple[int, dict[str, str]]:
        if "expect" in fronts[0].asked[-1][2]:
            return 417, {}
        return 307, {"Location": f"{reg.url}{path}"}

    with door(answer) as front:
        fronts = [front]
        yield front


@contextmanager
def through(front: Door, reg: rt.Registry) -> Iterator[rt.Registry]:
    """A registry whose sessions begin at ``front``."""

    class Through(rt.Registry):
        def send(self, request: rt.Request) -> rt.Exchange:
            target = str(request.target)
            if request.header("Expect") and target.startswith(reg.url):
                request = request.edit(target=target.replace(reg.url, front.url))
            return super().send(request)

    with rt.connect(front.url) as opened:
        opened.__class__ = Through
        yield opened


def puts(transcript: rt.Transcript) -> list[tuple[int | None, bool]]:
    found = (each for each in transcript if each.step == "put_blob")
    return [(each.status, "Expect" in each.request_headers) for each in found]


def test_the_first_put_is_repeated_and_the_others_are_sent_without(embedded: rt.Registry) -> None:
    with refusing(embedded) as front, through(front, embedded) as reg:
        transcript = rt.push_image(reg, IMAGE, "library/hello", "v1", progress=False)
    assert puts(transcript) == [(417, True), (201, False), (201, False), (201, False), (201, False)]
    assert rt.head_manifest(embedded, "library/hello", "v1").status == 200
    refused = next(each for each in transcript if each.status == 417)
    assert refused.request.body.fate == "withheld"
    (found,) = rt.explain(refused).diagnoses
    assert (found.name, "--no-expect" in found.next) == ("Expect is not supported", True)


def test_a_copy_repeats_it_too(embedded: rt.Registry) -> None:
    rt.push_image(embedded, IMAGE, "library/hello", "v1", progress=False)
    with (
        rt.open_registry("embedded", quiet=True) as other,
        refusing(other) as front,
        through(front, other) as reg,
    ):
        transcript = rt.copy_image(embedded, "library/hello", "v1", reg, "library/copy", "v1", progress=False)
        assert rt.head_manifest(other, "library/copy", "v1").status == 200
    assert [status for status, _ in puts(transcript)].count(417) == 1


def test_a_second_417_stops_the_push(embedded: rt.Registry) -> None:
    with refusing(embedded) as front, through(front, embedded) as reg:

        class Stubborn(type(reg)):  # type: ignore[misc]
            def send(self, request: rt.Request) -> rt.Exchange:
                if request.step == "put_blob":
                    request = request.edit(headers={"Expect": "100-continue"})
                return super().send(request)  # type: ignore[no-any-return]

        reg.__class__ = Stubborn
        with pytest.raises(PushFailed, match="417") as caught:
            rt.push_image(reg, IMAGE, "library/hello", "v1", progress=False)
    assert caught.value.transcript is not None and len(puts(caught.value.transcript)) == 2


def test_the_option_leaves_it_out_from_the_beginning(embedded: rt.Registry, tmp_path: Path) -> None:
    transcript = rt.push_image(embedded, IMAGE, "library/hello", "v1", expect_continue=False, progress=False)
    assert puts(transcript) == [(201, False)] * 4
    sample_layout(tmp_path / "image", ("v1",))
    reference = f"{embedded.url.removeprefix('http://')}/library/two:v1"
    trace = tmp_path / "trace.json"
    pushed = CliRunner().invoke(
        main, ["push", "-q", "--no-expect", "--trace", str(trace), str(tmp_path / "image"), reference]
    )
    assert pushed.exit_code == 0, pushed.output
    assert puts(rt.load(trace)) and not any(expected for _, expected in puts(rt.load(trace)))
