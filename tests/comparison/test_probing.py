"""probe: each registry has the observed capabilities, with the exchanges that prove them, and is left clean."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import bcrypt
import pytest

import regtutor as rt
from regtutor.backends.container import open_container
from regtutor.client.credentials import Credentials
from regtutor.comparison.capabilities import probing
from regtutor.comparison.capabilities.capability import CAPABILITIES
from regtutor.comparison.capabilities.card import CapabilityCard
from regtutor.comparison.capabilities.trial import MOST_REQUESTS, PREFIX
from regtutor.formats.html.comparison import card_html
from regtutor.message import Request
from tests.comparison.expected_capabilities import DISTRIBUTION_2, EMBEDDED, IMITATED_2, IMITATED_3, Verdicts


@pytest.fixture(scope="module")
def card() -> Iterator[CapabilityCard]:
    """The card of the embedded registry."""
    with rt.open_registry("embedded", quiet=True) as reg:
        yield rt.probe(reg, write=True)


@pytest.mark.parametrize(
    ("quirks", "expected"), [((), EMBEDDED), ("distribution-2.8", IMITATED_2), ("distribution-3.1", IMITATED_3)]
)
def test_the_embedded_registry_has_the_expected_capabilities(quirks: str, expected: Verdicts) -> None:
    with rt.open_registry("embedded", quirks=quirks, quiet=True) as reg:
        assert rt.probe(reg, write=True).verdicts == expected


@pytest.mark.registry
def test_the_native_registry_has_the_expected_capabilities(registry_binary: str) -> None:
    with rt.open_registry("native", binary=registry_binary, quiet=True) as reg:
        assert rt.probe(reg, write=True).verdicts == DISTRIBUTION_2


@pytest.mark.container
def test_the_registry_in_a_container_has_those_of_the_same_binary(podman: str, image: str) -> None:
    with open_container(engine=podman, image=image) as reg:
        assert rt.probe(reg, write=True).verdicts == DISTRIBUTION_2


def test_each_verdict_has_a_level_and_the_exchanges_that_prove_it(card: CapabilityCard) -> None:
    for item in card:
        assert len(item.exchanges) and item.level, item.name
        assert item.exchanges[-1].response is not None
        assert f"{item.exchanges[-1].status}" in item.summary, item.name


def test_the_names_are_unique_and_the_groups_are_known() -> None:
    names = [row.name for row in CAPABILITIES]
    assert sorted(set(names)) == sorted(names)
    assert {row.group for row in CAPABILITIES} == set(probing.GROUPS)
    assert all(row.question.endswith("?") and row.requests for row in CAPABILITIES)


def test_what_was_pushed_is_deleted_again(reg: rt.Registry) -> None:
    found = rt.probe(reg, write=True)
    assert "manifests and blobs of the probe were deleted" in found.notes[1]
    assert not any("stays" in note or "Not deleted" in note for note in found.notes)
    assert [name for name in reg.tree().files if "/_uploads/" in name[0]] == []
    repositories = {
        x.endpoint.path["repository"] for x in found.exchanges if x.endpoint and x.endpoint.path.get("repository")
    }
    assert len(repositories) == 6 and all(name.startswith(PREFIX) for name in repositories)
    for name in repositories:
        assert not rt.list_tags(reg, name).ok or not rt.list_tags(reg, name).json()["tags"]


def test_a_registry_that_does_not_delete_is_named_with_what_stays() -> None:
    with rt.open_registry("in_process", quiet=True) as reg:
        refusing = _NoDeletes(reg)
        found = rt.probe(refusing, write=True)  # type: ignore[arg-type]
    assert found.named("delete a blob").outcome == "no"
    assert any(note.startswith("Not deleted") and "manifests" in note and "blobs" in note for note in found.notes)


class _NoDeletes:
    """Sends a DELETE of content to a path that refuses it with 405."""

    def __init__(self, reg: rt.Registry) -> None:
        self._reg, self.name, self.url = reg, reg.name, reg.url

    def send(self, request: Request) -> rt.Exchange:
        if request.method == "DELETE" and "uploads" not in str(request.target):
            return self._reg.send(request.edit(target="/v2/"))
        return self._reg.send(request)


def test_without_write_nothing_but_get_and_head_is_sent(reg: rt.Registry) -> None:
    rt.push_image(reg, rt.sample_image(), "library/hello", "v1", progress=False)
    before = reg.tree()
    found = rt.probe(reg)
    assert {x.method for x in found.exchanges} == {"GET", "HEAD"}
    assert reg.tree() == before
    assert found.notes == ("The probe read library/hello:v1 and changed nothing",)
    assert {item.group for item in found} == {"api", "pull", "lists"}
    assert {item.name: item.summary for item in found if item.outcome == "not tried"} == {
        "pages of tags": "the list has fewer than two entries",
        "pages of the catalog": "the list has fewer than two entries",
    }


def test_an_index_is_read_by_its_first_image(reg: rt.Registry) -> None:
    rt.push_image(reg, rt.sample_index(), "library/all", "v1", progress=False)
    found = rt.probe(reg, "library/all")
    assert found.named("ranges").outcome == "yes"
    assert "image.index" in found.named("HEAD of a manifest").summary


def test_an_empty_registry_is_said_to_be_empty(reg: rt.Registry) -> None:
    found = rt.probe(reg)
    assert found.named("API version").outcome == "yes"
    assert found.named("ranges").summary.startswith("no content to read")
    assert "the catalog names no repository with a tag" in found.notes[0]


def test_a_registry_that_does_not_respond_gives_a_card_and_gets_few_requests() -> None:
    found = rt.probe(rt.connect("http://127.0.0.1:9"), write=True)
    assert {item.outcome for item in found} == {"not tried"}
    assert len(found.exchanges) < 12


def test_a_registry_that_wants_credentials_is_said_to(tmp_path: Path) -> None:
    passwords = tmp_path / "htpasswd"
    passwords.write_bytes(b"alice:" + bcrypt.hashpw(b"secret", bcrypt.gensalt(4)) + b"\n")
    with rt.open_registry("embedded", htpasswd=passwords, quiet=True) as reg:
        found = rt.probe(reg, write=True)
        known = rt.probe(reg.with_auth("alice", "secret"), write=True)
    assert found.named("authentication").summary == "401: Basic"
    assert found.named("chunks").summary == "401: credentials that permit it are required"
    assert known.named("chunks").outcome == "yes"
    assert "secret" not in known.as_json() + known.as_text() + card_html(known)


class _Page(BaseHTTPRequestHandler):
    """A web server that sends the same page for every request."""

    def _page(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else b"<html>")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _page

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


def test_a_web_server_is_not_taken_for_a_registry() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        found = rt.probe(rt.connect(f"http://127.0.0.1:{server.server_address[1]}"), write=True)
        server.shutdown()
    assert found.named("API version").summary == "200: a web page"
    assert [item.name for item in found if item.outcome == "yes"] == []


def test_the_time_is_limited(reg: rt.Registry) -> None:
    found = rt.probe(reg, write=True, seconds=0.0)
    assert {item.summary for item in found} == {"the limit of the probe is reached"} | {
        "no content to read: name a repository and a tag, or allow write=True"
    }
    assert len(found.exchanges) == 0


def test_it_stays_far_from_the_limit_of_requests(card: CapabilityCard) -> None:
    assert len(card.exchanges) < MOST_REQUESTS - 50


def test_a_name_for_scratch_repositories_can_be_given(reg: rt.Registry) -> None:
    found = rt.probe(reg, write=True, scratch="me/")
    assert f"me/{PREFIX}" in found.notes[0]


def test_the_card_as_table_text_json_and_html(card: CapabilityCard) -> None:
    table = card.table
    assert list(table.columns) == ["group", "outcome", "summary", "level", "clause", "requests"]
    assert table.loc["single POST", "outcome"] == "yes" and table.loc["single POST", "requests"] == 2
    value = json.loads(card.as_json())
    assert len(value["capabilities"]) == len(EMBEDDED) and value["capabilities"][0]["exchanges"][0]["status"] == 200
    assert "  single POST " in card.as_text() and "[allowed, Single POST]" in card.as_text()
    html = card_html(card)
    assert html.startswith("<div>") and "single POST" in html and "<script" not in html


def test_a_required_capability_that_is_missing_is_a_deviation() -> None:
    with rt.open_registry("embedded", quirks="distribution-2.8", quiet=True) as reg:
        found = rt.probe(reg, write=True)
    assert [item.name for item in found.deviations] == [
        "pages of tags",
        "chunk out of order",
        "Content-Range with a unit",
        "Content-Range on PUT",
    ]


@pytest.mark.parametrize(
    ("which", "expected"),
    [("embedded", EMBEDDED), pytest.param("native", DISTRIBUTION_2, marks=pytest.mark.registry)],
)
def test_a_registry_that_asks_for_tokens_has_the_same_capabilities(
    which: str, expected: Verdicts, request: pytest.FixtureRequest
) -> None:
    options = {"binary": request.getfixturevalue("registry_binary")} if which == "native" else {}
    with rt.open_registry(which, auth="token", quiet=True, **options) as reg:
        card = rt.probe(reg.with_credentials(Credentials("learner", "learner-password")), write=True)
    assert "request_token" in [exchange.step for exchange in card.exchanges]
    differing = {name for name, verdict in card.verdicts.items() if expected[name] != verdict}
    assert differing == {"API version", "authentication"}
    assert card.verdicts["authentication"] == ("yes", "401: Bearer")


def test_without_credentials_it_reads_with_anonymous_tokens() -> None:
    with rt.open_registry("embedded", auth="token", quiet=True) as reg:
        learner = rt.login(reg, "learner", "learner-password").registry
        rt.push_image(learner, rt.sample_image(), "library/hello", "v1", progress=False)
        rt.push_image(learner, rt.sample_image(), "private/plans", "v1", progress=False)
        public, private = (rt.probe(reg, name, "v1") for name in ("library/hello", "private/plans"))
    assert public.named("HEAD of a manifest").outcome == "yes"
    assert private.named("HEAD of a manifest").outcome == "not tried"
    assert public.named("catalog").outcome == "not tried" and "did not grant" in public.named("catalog").summary
