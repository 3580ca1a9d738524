"""Redirects of every kind of request: by a registry to its storage, and by a proxy to another name."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import regtutor as rt
from regtutor.errors import PushFailed
from regtutor.exchange import Transcript
from regtutor.walks import resume, run, tags, upload
from regtutor.walks.redirects import REDIRECTS
from tests.walks.serving import IMAGE, LARGE, LARGE_BYTES


@dataclass
class Door:
    """A server before a registry that redirects what a test names, and keeps what it was asked."""

    url: str = ""
    asked: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)


@contextmanager
def door(answer: Any) -> Iterator[Door]:
    """Answer each request with the status and the headers that ``answer`` returns for its method and path."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_HEAD(self) -> None:
            self.close_connection = True
            opened.asked.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
            status, headers = answer(self.command, self.path)
            if "expect" not in self.headers and "transfer-encoding" not in self.headers:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            for name, value in {"Content-Length": "0", "Connection": "close", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD

        def handle_expect_100(self) -> bool:
            return True

        def log_message(self, *_args: object) -> None:
            """Tests look at ``asked``."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    opened = Door(f"http://127.0.0.1:{listener.server_port}")
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield opened
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join(5)


def to(registry: rt.Registry, status: int) -> Any:
    """Redirect everything to the same path of another registry."""
    return lambda _method, path: (status, {"Location": f"{registry.url}{path}"})


def statuses(transcript: Transcript) -> list[tuple[str, int | None]]:
    return [(exchange.step, exchange.status) for exchange in transcript]


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("way", ["monolithic", "chunked", "streamed"])
def test_a_push_follows_redirects_that_keep_the_method_and_the_body(
    status: int, way: str, embedded: rt.Registry
) -> None:
    with door(to(embedded, status)) as front, rt.connect(front.url).with_auth("me", "secret") as reg:
        transcript = rt.push_image(reg, IMAGE, "library/hello", "v1", upload=way, progress=False)
    assert rt.get_blob(embedded, "library/hello", LARGE.digest).status == 200
    assert rt.head_manifest(embedded, "library/hello", "v1").headers["Docker-Content-Digest"] == IMAGE.digest
    assert ("head_blob", status) in statuses(transcript) and ("put_manifest", status) in statuses(transcript)
    assert all("authorization" in headers for _, _, headers in front.asked)
    elsewhere = [exchange for exchange in transcript if exchange.url.startswith(embedded.url)]
    assert elsewhere and not any("Authorization" in exchange.request_headers for exchange in elsewhere)


def test_what_a_walk_sends_itself_as_authorization_does_not_go_to_another_host(embedded: rt.Registry) -> None:
    def drafted() -> Any:
        request = rt.draft(rt.check_api).edit(headers={"Authorization": "Bearer secret", "X-Mine": "1"})
        exchange = yield request
        assert exchange.status == 200
        return ()

    from regtutor.walks.redirects import follows_redirects

    with door(to(embedded, 307)) as front, rt.connect(front.url) as reg:
        first, second = run(follows_redirects(drafted)(), reg)
    assert "Authorization" in first.request_headers
    assert "Authorization" not in second.request_headers and second.request_headers["X-Mine"] == "1"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_reads_follow_every_redirect(status: int, embedded: rt.Registry, tmp_path: Path) -> None:
    rt.push_image(embedded, IMAGE, "library/hello", "v1", progress=False)
    with door(to(embedded, status)) as front, rt.connect(front.url) as reg:
        rt.pull_image(reg, "library/hello", "v1", tmp_path / "image", progress=False)
        assert rt.inspect_image(reg, "library/hello", "v1").manifest.digest == IMAGE.digest
        listed: list[str] = []
        assert statuses(run(tags("library/hello", listed), reg))[0] == ("list_tags", status)
        assert listed == ["v1"]
        assert len(rt.list_referrers(reg, "library/hello", IMAGE.digest)) == 0
        rt.copy_image(reg, "library/hello", "v1", embedded, "library/copy", "v1", progress=False)
    assert rt.head_manifest(embedded, "library/copy", "v1").status == 200


@pytest.mark.parametrize("status", [307, 308])
def test_deletions_follow_redirects(status: int, embedded: rt.Registry) -> None:
    rt.push_image(embedded, IMAGE, "library/hello", "v1", progress=False)
    with door(to(embedded, status)) as front, rt.connect(front.url) as reg:
        rt.delete_image(reg, "library/hello", "v1")
    assert rt.head_manifest(embedded, "library/hello", "v1").status == 404


def test_an_upload_and_a_resumed_one_follow_redirects(embedded: rt.Registry) -> None:
    with door(to(embedded, 307)) as front, rt.connect(front.url) as reg:
        run(upload("library/one", LARGE, chunk_size=100_000), reg)
        opened = rt.start_upload(embedded, "library/two").expect(202)
        rt.patch_upload(embedded, opened.location, LARGE_BYTES[:1000], start=0).expect(202)
        location = f"{front.url}{opened.location.follow().removeprefix(embedded.url)}"
        run(resume(location, LARGE, repository="library/two"), reg)
    for name in ("library/one", "library/two"):
        assert rt.head_blob(embedded, name, LARGE.digest).status == 200


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_would_change_the_method_stops_the_push_with_its_reason(
    status: int, embedded: rt.Registry
) -> None:
    def answer(method: str, path: str) -> Any:
        return (404, {}) if method == "HEAD" else to(embedded, status)(method, path)

    with (
        door(answer) as front,
        rt.connect(front.url) as reg,
        pytest.raises(PushFailed, match=f"returned {status}, not 202") as caught,
    ):
        rt.push_image(reg, IMAGE, "library/hello", "v1", progress=False)
    assert caught.value.exchange is not None
    found = rt.explain(caught.value.exchange).diagnoses
    assert found[0].name == "redirect of an upload"
    assert embedded.url in found[0].next


@pytest.mark.parametrize("refusal", [400, 401, 403, 405, 500, 501])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_refused_head_at_the_storage_does_not_stop_a_push(status: int, refusal: int, embedded: rt.Registry) -> None:
    with door(lambda _method, _path: (refusal, {})) as storage:

        def answer(method: str, path: str) -> Any:
            elsewhere = storage if method == "HEAD" else embedded
            return (status if method == "HEAD" else 307), {"Location": f"{elsewhere.url}{path}"}

        with door(answer) as front, rt.connect(front.url) as reg:
            rt.push_image(reg, IMAGE, "library/hello", "v1", progress=False)
    assert {method for method, _, _ in storage.asked} == {"HEAD"}
    assert rt.head_blob(embedded, "library/hello", LARGE.digest).status == 200


def test_a_blob_that_the_storage_has_is_not_sent_again(embedded: rt.Registry) -> None:
    rt.push_image(embedded, IMAGE, "library/hello", "v1", progress=False)
    with door(to(embedded, 307)) as front, rt.connect(front.url) as reg:
        transcript = rt.push_image(reg, IMAGE, "library/hello", "v2", progress=False)
    assert {exchange.step for exchange in transcript} == {"head_blob", "put_manifest"}


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "12"}], ids=str)
def test_a_page_at_the_end_of_a_redirect_is_no_blob(headers: dict[str, str], embedded: rt.Registry) -> None:
    with door(lambda _method, _path: (200, {"Content-Type": "text/html", **headers})) as login:

        def answer(method: str, path: str) -> Any:
            return (302, {"Location": f"{login.url}/login"}) if method == "HEAD" else to(embedded, 307)(method, path)

        with door(answer) as front, rt.connect(front.url) as reg:
            rt.push_image(reg, IMAGE, "library/hello", "v1", progress=False)
    assert rt.head_blob(embedded, "library/hello", LARGE.digest).status == 200


def test_redirects_in_a_circle_end() -> None:
    with door(lambda _method, path: (307, {"Location": path})) as front, rt.connect(front.url) as reg:
        with pytest.raises(PushFailed):
            rt.push_image(reg, IMAGE, "library/hello", "v1", progress=False)
        assert len(front.asked) <= 2 * (REDIRECTS + 2)


def test_a_tag_list_continues_at_the_address_that_it_was_redirected_to(embedded: rt.Registry) -> None:
    for tag in ("a", "b", "c"):
        rt.push_image(embedded, IMAGE, "library/hello", tag, progress=False)
    with door(to(embedded, 307)) as front, rt.connect(front.url) as reg:
        listed: list[str] = []
        run(tags("library/hello", listed, n=1), reg)
    assert listed == ["a", "b", "c"]
    assert json.dumps(listed)
