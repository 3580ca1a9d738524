"""The client against each registry that ``auth=`` opens: embedded, in process, and CNCF Distribution."""

from __future__ import annotations

import base64
import pickle
import re
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

import regtutor as rt
from regtutor.client.credentials import Credentials
from regtutor.client.registry import Registry
from regtutor.errors import LoginFailed, RegtutorError, ScopeNotGranted, TokenRefused
from regtutor.exchange import Exchange, Transcript
from regtutor.protocol.tokens import Token

IMAGE = rt.sample_image()
PLANTED = "planted-s3cret"
Open = Callable[..., AbstractContextManager[Registry]]


@pytest.fixture(params=["embedded", "in_process", pytest.param("native", marks=pytest.mark.registry)])
def open_one(request: pytest.FixtureRequest, require_program: Callable[[str, str], str]) -> Open:
    if request.param == "native":
        require_program("docker-registry", "docker-registry")
    return lambda **options: rt.open_registry(request.param, quiet=True, **options)


@pytest.fixture(params=["token", "basic"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def locked(open_one: Open) -> Iterator[Registry]:
    """A registry that requires tokens, with the users of the lessons."""
    with open_one(auth="token") as reg:
        yield reg


def user(reg: Registry, name: str = "learner", password: str = "") -> Registry:
    return reg.with_credentials(Credentials(name, password or f"{name}-password"))


def push(reg: Registry, repository: str = "library/hello", **options: Any) -> Transcript:
    return rt.push_image(reg, IMAGE, repository, "v1", progress=False, **options)


def names(transcript: Transcript) -> list[str]:
    return [exchange.step for exchange in transcript]


def test_push_pull_and_delete_after_challenges(open_one: Open, scheme: str, tmp_path: Path) -> None:
    with open_one(auth=scheme) as reg:
        learner = user(reg)
        pushed = push(learner)
        assert (pushed[0].status, pushed[-1].status) == (401, 201)
        assert "Authorization" not in pushed[0].request_headers
        pulled = rt.pull_image(learner, "library/hello", "v1", tmp_path / "layout", progress=False)
        assert pulled[-1].status == 200
        deleted = rt.delete_image(learner, "library/hello", "v1")
        assert [exchange.status for exchange in deleted if exchange.step == "delete_manifest"][-1] == 202
        assert deleted[-1].status == 404, "it is gone"
    assert ("request_token" in names(pushed)) == (scheme == "token")


def test_one_token_for_each_set_of_scopes(locked: Registry) -> None:
    learner = user(locked)
    pushed = push(learner)
    assert names(pushed).count("request_token") == [exchange.status for exchange in pushed].count(401) == 2
    assert "request_token" not in names(push(learner))


def test_login_with_the_scheme_that_the_registry_names(open_one: Open, scheme: str) -> None:
    with open_one(auth=scheme) as reg:
        done = rt.login(reg, "learner", "learner-password")
        assert done.scheme == {"token": "Bearer", "basic": "Basic"}[scheme]
        assert rt.check_api(done.registry).status == 200
        assert rt.check_api(reg).status == 401
        assert push(done.registry)[-1].status == 201, "the registry of a login gets further tokens"


def test_a_wrong_password_is_refused_by_the_server_that_checks_it(open_one: Open, scheme: str) -> None:
    expected = {"token": TokenRefused, "basic": LoginFailed}[scheme]
    with open_one(auth=scheme) as reg, pytest.raises(expected) as caught:
        rt.login(reg, "learner", PLANTED)
    assert caught.value.exchange is not None and caught.value.exchange.status == 401
    assert PLANTED not in str(caught.value) + repr(caught.value.transcript)


def test_a_refused_scope_names_the_action_and_the_repository(locked: Registry) -> None:
    push(user(locked))
    with pytest.raises(ScopeNotGranted) as caught:
        push(user(locked, "reader"), "library/new")
    assert caught.value.scopes == ("repository:library/new:push",)
    assert "push to library/new" in caught.value.next


def test_a_private_repository_needs_a_user_with_its_right(locked: Registry, tmp_path: Path) -> None:
    push(user(locked), "private/plans")
    rt.pull_image(user(locked, "reader"), "private/plans", "v1", tmp_path / "reader", progress=False)
    for other in (locked, user(locked, "alice")):
        with pytest.raises(ScopeNotGranted) as caught:
            rt.pull_image(other, "private/plans", "v1", tmp_path / "other", progress=False)
        assert caught.value.scopes == ("repository:private/plans:pull",)


def test_a_public_repository_is_pulled_with_an_anonymous_token(locked: Registry, tmp_path: Path) -> None:
    push(user(locked))
    pulled = rt.pull_image(locked, "library/hello", "v1", tmp_path / "layout", progress=False)
    assert names(pulled)[:3] == ["get_manifest", "request_token", "get_manifest"]
    assert "Authorization" not in pulled[1].request_headers


def test_a_mount_has_a_token_for_both_repositories(locked: Registry) -> None:
    push(user(locked))
    mounted = push(user(locked), "team/copy", mount_from="library/hello")
    mounts = [exchange for exchange in mounted if exchange.step == "mount_blob"]
    assert 201 in {exchange.status for exchange in mounts}
    assert {exchange.status for exchange in mounts} <= {201, 401}
    assert "start_upload" not in names(mounted)


def test_a_mount_that_is_not_permitted_becomes_an_upload(locked: Registry) -> None:
    push(user(locked), "private/plans")
    pushed = push(user(locked, "alice"), "alice/app", mount_from="private/plans")
    assert pushed[-1].status == 201 and "start_upload" in names(pushed)


def test_a_refresh_token_gets_the_next_token(locked: Registry) -> None:
    (challenge,) = rt.challenges(rt.check_api(locked))
    scopes = ["repository:library/hello:pull,push"]
    given = {"username": "learner", "password": "learner-password"}
    first = rt.request_token(locked, challenge, scopes=scopes, offline=True, **given)
    assert first.token is not None and first.token.can_refresh
    form = rt.request_token(locked, challenge, scopes=scopes, method="POST", offline=True, **given)
    assert form.token is not None and form.token.can_refresh
    second = rt.request_token(locked, challenge, scopes=scopes, method="POST", refresh_token=first.token)
    assert (second.status, second.token and second.token.granted) == (200, {"library/hello": ("pull", "push")})
    assert push(rt.with_token(locked, second))[-1].status == 201
    kept = locked.with_credentials(Credentials("<token>", "", first.token.refresh()))
    assert push(kept, "library/other")[-1].status == 201
    wrong = rt.request_token(locked, challenge, scopes=scopes, method="POST", refresh_token="unknown")
    assert (wrong.status, wrong.token) == (400, None)


@pytest.mark.parametrize("back_end", ["embedded", "in_process"])  # CNCF Distribution accepts a token for 60 s more
@pytest.mark.parametrize("notices", [True, False])
def test_a_token_that_expires_in_the_middle_of_a_push(
    back_end: str, notices: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not notices:  # a client whose clock is slow sends the expired token
        monkeypatch.setattr(Token, "fresh", property(lambda _token: True))
    waited: list[float] = []

    def wait_once(exchange: Exchange) -> None:
        if exchange.step == "start_upload" and exchange.status == 202 and not waited:
            waited.append(2.2)
            time.sleep(2.2)

    with rt.open_registry(back_end, quiet=True, auth="token", token_seconds=2) as reg:
        pushed = push(user(reg), watch=wait_once)
    assert pushed[-1].status == 201
    at = next(number for number, exchange in enumerate(pushed) if exchange.step == "put_blob")
    assert [(one.step, one.status) for one in pushed[at : at + 3]] == [
        ("put_blob", 401), ("request_token", 200), ("put_blob", 201),
    ]  # fmt: skip
    assert ("Authorization" in pushed[at].request_headers) != notices


def test_connect_sends_no_password_without_a_challenge() -> None:
    with (
        rt.open_registry("embedded", quiet=True) as server,
        rt.connect(server.url, username="ann", password=PLANTED) as reg,
    ):
        assert not [one for one in push(reg) if "Authorization" in one.request_headers]
    with (
        rt.open_registry("embedded", quiet=True, auth="basic") as server,
        rt.connect(server.url, username="learner", password="learner-password") as reg,
    ):
        assert rt.check_api(reg).status == 401
        assert push(reg)[-1].status == 201


def test_planted_secrets_are_shown_nowhere(open_one: Open, scheme: str, tmp_path: Path) -> None:
    with open_one(auth=scheme, users={"ann": PLANTED}) as reg:
        ann = user(reg, "ann", PLANTED)
        exchanges, secrets = [*push(ann)], [PLANTED, base64.b64encode(f"ann:{PLANTED}".encode()).decode()]
        errors, objects = [refused(lambda: rt.login(reg, "bob", PLANTED))], [reg, ann, ann.credentials, ann.tokens]
        if scheme == "token":
            (challenge,) = rt.challenges(rt.check_api(reg))
            scopes = ["repository:library/hello:pull"]
            for method in ("GET", "POST"):
                given = {"method": method, "username": "ann", "password": PLANTED, "offline": True}
                exchanges.append(rt.request_token(reg, challenge, scopes=scopes, **given))  # type: ignore[arg-type]
            held = exchanges[-1].token
            assert held is not None
            exchanges.append(rt.request_token(reg, challenge, method="POST", refresh_token=held))
            tokens = [one.token for one in exchanges if one.token is not None]
            assert len(tokens) >= 5
            secrets += [token.follow() for token in tokens]
            secrets += [token.refresh() for token in tokens if token.can_refresh]
            objects += [*tokens, rt.with_token(reg, held)]
            errors.append(refused(lambda: push(rt.with_token(reg, held))))
        logs = reg.logs()
    said = texts(Transcript.of(exchanges), objects, errors, tmp_path) + logs
    assert [secret[:8] for secret in secrets if secret in said] == []


def refused(act: Callable[[], object]) -> RegtutorError:
    with pytest.raises(RegtutorError) as caught:
        act()
    return caught.value


def texts(made: Transcript, objects: list[Any], errors: list[RegtutorError], folder: Path) -> str:
    """Everything that is shown or written of exchanges, objects and errors."""
    found = [made.as_text(), repr(made), str(pickle.dumps(made))]
    found += [text for one in made for text in (repr(one), one.as_text(), rt.curl(one), str(rt.explain(one)))]
    found += [html for one in (made, *made, *objects) if (html := getattr(one, "_repr_html_", str)())]
    found += map(repr, objects)
    for error in errors:
        found += [str(error), repr(error), "".join(traceback.format_exception(error)), str(pickle.dumps(error))]
        found.append(str(getattr(error, "transcript", "")))
    for name in ("t.json", "t.har", "t.html", "t.md", "t.sh", "t.svg"):
        (rt.save if name == "t.json" else rt.export)(made, folder / name)
        found.append((folder / name).read_text(encoding="utf-8"))
    plain = "\n".join(found)
    bodies = b" ".join(body.preview for one in made for body in bodies_of(one))
    return plain + bodies.decode(errors="replace") + re.sub(r"\\n", "\n", plain)


def bodies_of(one: Exchange) -> list[Any]:
    return [one.request.body, *([one.response.body] if one.response is not None else [])]
