"""Walks meet challenges: what is requested, what is sent to whom, and how it ends where a scope is not granted."""

from __future__ import annotations

import base64
import pickle
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

import regtutor as rt
from regtutor.client.connect import connect
from regtutor.client.credentials import Credentials
from regtutor.client.registry import Registry
from regtutor.errors import LoginFailed, PushFailed, ScopeNotGranted, TokenRefused
from regtutor.exchange import Exchange, Transcript
from tests.guarded_registry import PASSWORD, REFRESH, Guard, guarded

IMAGE = rt.sample_image()


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[Guard]:
    with guarded(tmp_path / "store") as made:
        yield made


@pytest.fixture
def reg(guard: Guard) -> Iterator[Registry]:
    with connect(guard.url, username="ann", password=PASSWORD) as made:
        yield made


def push(reg: Registry, repository: str = "a/b", **options: object) -> Transcript:
    return rt.push_image(reg, IMAGE, repository, "v1", progress=False, **options)  # type: ignore[arg-type]


def steps(transcript: Transcript) -> list[tuple[str, int | None]]:
    return [(exchange.step, exchange.status) for exchange in transcript]


def scopes(guard: Guard) -> list[str]:
    return [
        " ".join(value for name, value in parse_qsl(one.target.partition("?")[2]) if name == "scope")
        for one in guard.asked("token")
    ]


def test_a_push_shows_the_challenge_the_token_and_the_repeated_request(reg: Registry, guard: Guard) -> None:
    made = push(reg)
    assert steps(made)[:6] == [
        ("head_blob", 401), ("request_token", 200), ("head_blob", 404),
        ("start_upload", 401), ("request_token", 200), ("start_upload", 202),
    ]  # fmt: skip
    assert [step for step, status in steps(made) if status == 401] == ["head_blob", "start_upload"]
    assert scopes(guard) == ["repository:a/b:pull", "repository:a/b:pull,push"]
    assert steps(push(reg))[0] == ("head_blob", 200)


def test_a_password_goes_out_only_to_whom_the_challenge_names(reg: Registry, guard: Guard) -> None:
    push(reg)
    assert guard.asked("registry")[0].authorization == ""
    assert {one.authorization.partition(" ")[0] for one in guard.asked("registry")} == {"", "Bearer"}
    assert {one.authorization.partition(" ")[0] for one in guard.asked("token")} == {"Basic"}


def test_basic_is_sent_after_a_challenge_that_asks_for_it(reg: Registry, guard: Guard) -> None:
    guard.scheme = "Basic"
    made = push(reg)
    assert [step for step, status in steps(made) if status == 401] == ["head_blob"]
    assert guard.asked("token") == []
    assert [one.authorization.partition(" ")[0] for one in guard.asked("registry")][:3] == ["", "Basic", "Basic"]


def test_bearer_comes_before_basic_where_both_are_offered(reg: Registry, guard: Guard) -> None:
    guard.scheme = "Both"
    push(reg)
    assert "Basic" not in {one.authorization.partition(" ")[0] for one in guard.asked("registry")}


def test_without_credentials_the_token_is_requested_anonymously(guard: Guard) -> None:
    guard.grants = lambda user, _name, action: user == "" and action == "pull"
    with connect(guard.url) as reg:
        with pytest.raises(ScopeNotGranted) as caught:
            push(reg)
        assert caught.value.scopes == ("repository:a/b:push",)
        assert "Give the credentials" in caught.value.next and "push to a/b" in caught.value.next
        assert caught.value.transcript is not None and steps(caught.value.transcript)[-1] == ("start_upload", 401)
    assert {one.authorization for one in guard.asked("token")} == {""}


@pytest.mark.parametrize("status", [401, 403])
def test_a_scope_that_is_not_granted_ends_with_what_to_ask_for(reg: Registry, guard: Guard, status: int) -> None:
    guard.refused_status = status
    guard.grants = lambda _user, _name, action: action == "pull"
    with pytest.raises(ScopeNotGranted, match="did not grant repository:a/b:push") as caught:
        push(reg)
    assert "give ann the right to push to a/b" in caught.value.next
    assert caught.value.exchange is not None and caught.value.exchange.status == status
    assert len(guard.asked("token")) == 2


def test_the_order_of_actions_in_a_challenge_does_not_matter(reg: Registry, guard: Guard) -> None:
    guard.turns = True
    guard.grants = lambda _user, _name, action: action == "pull"
    for _ in range(2):
        with pytest.raises(ScopeNotGranted) as caught:
            push(reg)
        assert caught.value.scopes == ("repository:a/b:push",)
    assert len(guard.asked("token")) <= 4


def test_a_wrong_password_names_the_token_server(guard: Guard) -> None:
    named = r"The token server 127\.0\.0\.1:\d+ issued no token: 401"
    with connect(guard.url, username="ann", password="wr0ng-one") as reg, pytest.raises(TokenRefused) as caught:
        push(reg)
    caught.match(named)
    assert "the password" in caught.value.next and caught.value.why == "its message is 'wrong password'"
    assert "wr0ng-one" not in repr(caught.value) + str(caught.value.transcript)
    assert len(guard.asked("token")) == 1


@pytest.mark.parametrize(
    "response", [(500, "text/html", b"<h1>"), (200, "text/html", b"<h1>"), (302, "text/plain", b""), (404, "", b"")]
)
def test_a_token_server_that_gives_no_token_is_named(
    reg: Registry, guard: Guard, response: tuple[int, str, bytes]
) -> None:
    guard.answer = lambda _seen: response
    with pytest.raises(TokenRefused, match=f"issued no token: {response[0]}"):
        push(reg)
    assert len(guard.asked("token")) == 1


def test_a_token_server_that_cannot_be_reached_is_named(reg: Registry, guard: Guard) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        guard.realm = f"http://127.0.0.1:{nobody.getsockname()[1]}/token"
        with pytest.raises(
            TokenRefused, match=r"The token server 127\.0\.0\.1:\d+, which the registry names"
        ) as caught:
            push(reg)
    assert caught.value.transcript is not None
    assert steps(caught.value.transcript) == [("head_blob", 401), ("request_token", None)]


def test_a_token_that_expires_in_the_middle_of_a_push_is_requested_again(reg: Registry, guard: Guard) -> None:
    expired: list[str] = []

    def expire(exchange: Exchange) -> None:
        if exchange.step == "start_upload" and exchange.status == 202 and len(expired) < 2:
            expired.append(exchange.step)
            guard.issued.clear()

    made = push(reg, watch=expire)
    assert len([step for step, status in steps(made) if (step, status) == ("put_blob", 401)]) == 2
    refused = next(exchange for exchange in made if (exchange.step, exchange.status) == ("put_blob", 401))
    assert refused.bytes_up == 0 and refused.request.body.fate == "withheld"
    assert made[-1].status == 201


@pytest.mark.parametrize("upload", ["chunked", "streamed"])
def test_a_body_in_pieces_is_sent_again_after_the_token_expired(reg: Registry, guard: Guard, upload: str) -> None:
    expired: list[Exchange] = []

    def expire(exchange: Exchange) -> None:
        if exchange.step == "start_upload" and exchange.status == 202 and not expired:
            expired.append(exchange)
            guard.issued.clear()

    made = push(reg, upload=upload, chunk_size=1024, watch=expire)
    assert ("patch_upload", 401) in steps(made)
    assert made[-1].status == 201


def test_a_token_that_is_about_to_expire_is_not_sent(reg: Registry, guard: Guard) -> None:
    push(reg)
    assert steps(push(reg))[0] == ("head_blob", 200)
    (challenge,) = rt.challenges(rt.list_tags(reg, "a/b"))
    token = rt.request_token(reg, challenge, username="ann", password=PASSWORD).token
    assert token is not None and token.fresh
    token.expires_at = datetime.now(UTC) + timedelta(seconds=9)
    assert not token.fresh
    reg.tokens.add(["repository:a/b:pull,push"], token)
    reg.tokens.add(["repository:a/b:pull"], token)
    assert ("head_blob", 401) in steps(push(reg))


def test_a_mount_asks_for_pull_on_its_source_too(reg: Registry, guard: Guard) -> None:
    push(reg, "a/b")
    guard.names_source = False
    made = push(reg, "c/d")
    assert ("mount_blob", 201) in steps(made)
    assert scopes(guard)[-1].split() == ["repository:c/d:pull,push", "repository:a/b:pull"]


def test_a_mount_whose_source_is_not_granted_becomes_an_upload(reg: Registry, guard: Guard) -> None:
    push(reg, "a/b")
    guard.grants = lambda _user, name, _action: name != "a/b"
    made = push(reg, "c/d")
    assert ("mount_blob", 401) in steps(made) and ("mount_blob", 201) not in steps(made)
    assert made[-1].status == 201


def test_a_challenge_without_scope_is_met_with_what_the_request_needs(reg: Registry, guard: Guard) -> None:
    guard.names_scope = False
    assert push(reg)[-1].status == 201
    assert "repository:a/b:pull,push" in scopes(guard)


def test_a_pull_a_list_and_a_deletion_authenticate_too(reg: Registry, guard: Guard, tmp_path: Path) -> None:
    push(reg)
    with connect(guard.url, username="ann", password=PASSWORD) as fresh:
        made = rt.pull_image(fresh, "a/b", "v1", tmp_path / "image", progress=False)
        assert [step for step, status in steps(made) if status == 401] == ["get_manifest"]
        assert ("delete_manifest", 202) in steps(rt.delete_image(fresh, "a/b", "v1"))
    assert scopes(guard)[-1] == "repository:a/b:delete"


def test_credentials_for_one_registry_are_not_sent_to_the_other_of_a_copy(
    reg: Registry, guard: Guard, tmp_path: Path
) -> None:
    push(reg)
    with guarded(tmp_path / "other") as other, connect(other.url, username="bob", password=PASSWORD) as target:
        rt.copy_image(reg, "a/b", "v1", target, "c/d", "v1", progress=False)
        bob = "Basic " + base64.b64encode(f"bob:{PASSWORD}".encode()).decode()
        assert {one.authorization for one in other.asked("token")} == {bob}
        assert bob not in {one.authorization for one in guard.seen}
        assert not {one.authorization for one in guard.asked("registry")} & {
            one.authorization for one in other.asked("registry") if one.authorization
        }


def test_a_registry_that_challenges_for_ever_is_asked_three_times(reg: Registry, guard: Guard) -> None:
    guard.lifetime = -1
    with pytest.raises(PushFailed):
        push(reg)
    assert len(guard.asked("registry")) <= 3 and len(guard.asked("token")) <= 2


def test_a_location_on_another_host_gets_no_credentials_and_its_challenge_is_not_met(
    reg: Registry, guard: Guard, tmp_path: Path
) -> None:
    with guarded(tmp_path / "evil") as evil:
        evil.scheme = "Both"
        walk = rt.run(_one(rt.draft(rt.check_api).edit(target=f"{evil.url}/v2/")), reg)
        assert steps(walk) == [("check_api", 401)]
        assert {one.authorization for one in evil.seen} == {""}


def _one(request: rt.Request):  # type: ignore[no-untyped-def]
    yield request
    return ()


def test_identity_tokens_are_refresh_tokens(guard: Guard) -> None:
    with connect(guard.url) as plain:
        reg = plain.with_credentials(Credentials("<token>", "", REFRESH))
        made = push(reg)
        assert {one.method for one in guard.asked("token")} == {"POST"}
        said = made.as_text() + repr(reg.credentials) + repr(reg) + str(pickle.dumps(made))
        assert REFRESH not in said
        with pytest.raises(TokenRefused, match="400"):
            push(plain.with_credentials(Credentials("<token>", "", "other")), "x/y")


def test_an_armed_registry_sends_its_token_and_requests_none(reg: Registry, guard: Guard) -> None:
    (challenge,) = rt.challenges(rt.list_tags(reg, "a/b"))
    first = rt.request_token(reg, challenge, scopes=["repository:a/b:pull,push"], username="ann", password=PASSWORD)
    made = push(rt.with_token(reg, first))
    assert {status for _, status in steps(made)} <= {200, 201, 202, 404}
    assert len(guard.asked("token")) == 1


def test_a_registry_armed_with_a_password_meets_a_bearer_challenge(guard: Guard) -> None:
    with connect(guard.url) as plain:
        assert push(plain.with_auth("ann", PASSWORD))[-1].status == 201


def test_the_stepper_shows_the_requests_of_authentication(reg: Registry, guard: Guard) -> None:
    stepper = rt.PushStepper(reg, IMAGE, "a/b", "v1")
    stepper.run()
    found = [exchange.step for exchange in stepper.transcript]
    assert "request_token" in found and stepper.transcript[-1].status == 201


def test_login_by_bearer(reg: Registry, guard: Guard) -> None:
    done = rt.login(reg)
    assert steps(done.transcript) == [("check_api", 401), ("request_token", 200), ("check_api", 200)]
    assert (done.scheme, done.registry.armed) == ("Bearer", done.token)
    assert rt.check_api(done.registry).status == 200
    assert rt.check_api(reg).status == 401


def test_login_by_basic_and_to_an_open_registry(reg: Registry, guard: Guard) -> None:
    guard.scheme = "Basic"
    done = rt.login(reg, username="ann", password=PASSWORD)
    assert (done.scheme, steps(done.transcript)) == ("Basic", [("check_api", 401), ("check_api", 200)])
    assert rt.list_tags(done.registry, "a/b").status == 404
    with rt.open_registry("in_process", quiet=True) as free:
        done = rt.login(free, "ann", PASSWORD)
        assert (done.scheme, steps(done.transcript)) == ("", [("check_api", 200)])
        assert "without credentials" in str(done)


def test_login_that_fails(reg: Registry, guard: Guard) -> None:
    guard.scheme = "Basic"
    with pytest.raises(LoginFailed, match="refused the credentials") as caught:
        rt.login(reg, "ann", "wr0ng-one")
    assert caught.value.transcript is not None and len(caught.value.transcript) == 2
    with connect(guard.url) as nobody, pytest.raises(LoginFailed, match="no credentials were sent"):
        rt.login(nobody)


def test_no_secret_is_in_the_transcript_of_a_walk(reg: Registry, guard: Guard, tmp_path: Path) -> None:
    made = push(reg)
    texts = [made.as_text(), repr(made), str(pickle.dumps(made)), repr(reg.tokens), repr(reg.credentials)]
    for name in ("t.json", "t.har", "t.html", "t.md", "t.sh", "t.svg"):
        (rt.save if name == "t.json" else rt.export)(made, tmp_path / name)
        texts.append((tmp_path / name).read_text(encoding="utf-8"))
    said = "\n".join(texts)
    basic = base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
    for secret in (PASSWORD, basic, *guard.issued):
        assert secret not in said
