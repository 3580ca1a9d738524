"""The search for a repository without the content: what is asked, and where it ends."""

from __future__ import annotations

from itertools import islice

from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_image
from regtutor.errors import ConnectionFailed
from regtutor.exchange import Exchange, RequestRecord, ResponseRecord
from regtutor.message import HeaderList, Request
from regtutor.stepping.fresh_repository import TRIED, numbered, without_content
from regtutor.walks import run
from regtutor.walks.pushing import push_blob, push_image
from regtutor.walks.uploading import CHUNK_SIZE, uploader

IMAGE = sample_image()


class Always:
    """A transport whose responses all have one status; None is a lost connection."""

    def __init__(self, status: int | None) -> None:
        self.status, self.sent = status, 0

    def send(self, request: Request, url: str, headers: HeaderList, registry: str) -> Exchange:
        self.sent += 1
        if self.status is None:
            raise ConnectionFailed("lost", "", "")
        return Exchange(
            request.step, url, RequestRecord(request.method, request.shown_target), ResponseRecord(self.status, "")
        )

    def close(self) -> None: ...


def test_names_that_this_client_pushed_to_are_left_out(reg: Registry) -> None:
    push_image(reg, IMAGE, "a-2", "v1", progress=False)
    assert list(islice(numbered("a", reg, IMAGE), 3)) == ["a", "a-3", "a-4"]
    assert list(islice(numbered("a", reg, IMAGE, but="a"), 2)) == ["a-3", "a-4"]


def test_one_blob_that_exists_is_enough_to_leave_a_repository_alone(reg: Registry) -> None:
    last = IMAGE.blobs[-1]
    run(_only(last), reg)
    found = without_content(reg, IMAGE, ["a", "b"])
    assert (found.repository, found.taken) == ("b", "a")
    assert [exchange.status for exchange in found.looked] == [404] * 3 + [200] + [404] * 4
    assert found.note == "a already has blobs of this content, so this walk uses the new repository b."
    assert without_content(reg, IMAGE, ["b"]).note == ""


def _only(blob):  # type: ignore[no-untyped-def]
    yield from push_blob("a", blob, (), send=uploader("monolithic", CHUNK_SIZE, True))
    return ()


def test_a_registry_that_has_everything_is_asked_ten_times_and_no_more() -> None:
    transport = Always(200)
    found = without_content(Registry("http://registry", transport), IMAGE, (f"a-{n}" for n in range(1000)))
    assert (transport.sent, found.repository) == (TRIED, f"a-{TRIED - 1}")


def test_a_refusal_and_a_lost_connection_are_left_to_the_walk() -> None:
    for status in (401, 400, 500, None):
        transport = Always(status)
        found = without_content(Registry("http://registry", transport), IMAGE, ["a", "b"])
        assert (transport.sent, found.repository, found.note) == (1, "a", "")
