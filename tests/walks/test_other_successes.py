"""Registries whose successes have other statuses than the specification names: the walks continue, explain names it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

import regtutor as rt
from regtutor.errors import DeleteFailed, PushFailed
from regtutor.exchange import Exchange
from regtutor.message import Request
from regtutor.walks import push, run, upload
from regtutor.walks.deleting import delete
from tests.walks.serving import IMAGE, LARGE, LARGE_BYTES


class Other:
    """A registry whose responses get other statuses and lose headers on their way to the walk."""

    def __init__(self, reg: rt.Registry, statuses: Mapping[str, int], without: tuple[str, ...] = ()) -> None:
        self.reg, self.statuses, self.without = reg, statuses, without
        self.sent: list[Exchange] = []

    def send(self, request: Request) -> Exchange:
        exchange = self.reg.send(request)
        response = exchange.response
        if response is not None and request.step in self.statuses and response.status < 300:
            headers = tuple(pair for pair in response.headers if pair[0].lower() not in self.without)
            response = replace(response, status=self.statuses[request.step], headers=headers)
            exchange = replace(exchange, response=response)
        self.sent.append(exchange)
        return exchange


@pytest.fixture
def pushed(embedded: rt.Registry) -> Iterator[rt.Registry]:
    rt.push_image(embedded, IMAGE, "library/hello", "v1", progress=False)
    yield embedded


@pytest.mark.parametrize("without", [(), ("range",), ("range", "location")], ids=str)
@pytest.mark.parametrize("status", [200, 201, 204, 206])
def test_chunks_that_are_acknowledged_with_another_status(
    status: int, without: tuple[str, ...], embedded: rt.Registry
) -> None:
    other = Other(embedded, {"patch_upload": status}, without)
    run(upload("library/hello", LARGE, chunk_size=30_000), other)
    assert rt.head_blob(embedded, "library/hello", LARGE.digest).status == 200
    patches = [exchange for exchange in other.sent if exchange.step == "patch_upload"]
    assert len(patches) == 10
    (found,) = [item for item in rt.explain(patches[0]).diagnoses if item.name == "another success status"]
    assert "202" in found.meaning and str(status) in found.meaning


@pytest.mark.parametrize("way", ["monolithic", "chunked", "streamed"])
@pytest.mark.parametrize("status", [200, 202, 204])
def test_a_push_whose_blobs_and_manifests_are_stored_with_another_status(
    status: int, way: str, embedded: rt.Registry
) -> None:
    other = Other(embedded, {"put_blob": status, "put_manifest": status, "start_upload": 201, "get_upload": 200})
    run(push(IMAGE, "library/hello", "v1", upload=way), other)
    assert rt.head_manifest(embedded, "library/hello", "v1").status == 200
    for step in ("put_blob", "put_manifest"):
        exchange = next(exchange for exchange in other.sent if exchange.step == step)
        assert "another success status" in [item.name for item in rt.explain(exchange).diagnoses]


@pytest.mark.parametrize("status", [200, 204])
def test_a_mount_with_another_status(status: int, pushed: rt.Registry) -> None:
    other = Other(pushed, {"mount_blob": status})
    run(push(IMAGE, "library/other", "v1", mount_from=lambda _digest: ["library/hello"]), other)
    assert "put_blob" not in {exchange.step for exchange in other.sent}


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_deletion_with_another_status(status: int, pushed: rt.Registry) -> None:
    other = Other(pushed, {"delete_manifest": status})
    run(delete("library/hello", "v1"), other)
    assert rt.head_manifest(pushed, "library/hello", "v1").status == 404


class Lying(Other):
    """A registry that reports successes and does nothing."""

    def send(self, request: Request) -> Exchange:
        if request.step not in self.statuses:
            return super().send(request)
        head = rt.check_api(self.reg)
        assert head.response is not None
        response = replace(head.response, status=self.statuses[request.step], headers=())
        sent = replace(head.request, method=request.method, target=request.shown_target)
        exchange = replace(head, step=request.step, request=sent, response=response)
        self.sent.append(exchange)
        return exchange


@pytest.mark.parametrize("step", ["put_blob", "put_manifest"])
@pytest.mark.parametrize("status", [200, 202, 204])
def test_a_success_without_the_content_stops_the_push(step: str, status: int, embedded: rt.Registry) -> None:
    with pytest.raises(PushFailed, match="does not have the"):
        run(push(IMAGE, "library/hello", "v1"), Lying(embedded, {step: status}))


def test_chunks_that_do_not_arrive_stop_the_upload(embedded: rt.Registry) -> None:
    lying = Lying(embedded, {"patch_upload": 200})
    with pytest.raises(PushFailed):
        run(upload("library/hello", LARGE, chunk_size=30_000), lying)
    assert len(lying.sent) < 60
    assert len(LARGE_BYTES) == LARGE.size


def test_a_deletion_that_does_not_happen_stops_the_walk(pushed: rt.Registry) -> None:
    with pytest.raises(DeleteFailed, match="still has sha256:"):
        run(delete("library/hello", "v1"), Lying(pushed, {"delete_manifest": 200}))
