"""request_token: where it goes, what it sends, what the exchange then holds, and what no record has."""

from __future__ import annotations

import base64
import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

import regtutor as rt
from regtutor.client.connect import connect
from regtutor.client.registry import Registry
from regtutor.errors import InsecureTokenServer, InvalidArgument, InvalidChallenge, TokenLost
from regtutor.protocol.challenges import Challenge
from regtutor.protocol.tokens import Token
from tests.guarded_registry import PASSWORD, REFRESH, Guard, guarded

REALM = {"realm": "https://auth.test/t?client=x", "service": "registry.test", "scope": "repository:a/b:pull"}
BEARER = Challenge("Bearer", REALM)
SCOPES = "repository:h:5000/a:pull repository(x):b:push,pull"


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[Guard]:
    with guarded(tmp_path / "store") as made:
        yield made


@pytest.fixture
def reg(guard: Guard) -> Iterator[Registry]:
    with connect(guard.url) as made:
        yield made


def challenged(reg: Registry, repository: str = "a/b") -> Challenge:
    (found,) = rt.challenges(rt.list_tags(reg, repository))
    return found


def test_a_get_appends_to_the_query_of_the_realm_and_repeats_scope() -> None:
    drafted = rt.draft(rt.request_token, BEARER, scopes=["repository:a/b:pull,push", "repository:c:pull"], offline=True)
    assert (drafted.method, drafted.body, drafted.headers) == ("GET", None, ())
    assert drafted.target == (
        "https://auth.test/t?client=x&service=registry.test&scope=repository:a/b:pull,push&scope=repository:c:pull"
        "&client_id=regtutor&offline_token=true"
    )


def test_a_get_sends_basic_only_if_a_user_name_is_given() -> None:
    drafted = rt.draft(rt.request_token, BEARER, username="ann", password=PASSWORD, account="ann")
    assert drafted.header("Authorization") == "Basic " + base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
    assert "account=ann" in str(drafted.target)
    assert PASSWORD not in repr(drafted) + rt.curl(drafted)


def test_a_post_is_a_form_with_the_scopes_separated_by_blanks() -> None:
    drafted = rt.draft(
        rt.request_token, BEARER, scopes=["x:y:pull", "x:z:pull"], method="POST", username="ann", password="p&=+ü ;x"
    )
    assert drafted.body is not None
    assert drafted.target == REALM["realm"]
    assert parse_qsl(drafted.body.read().decode()) == [
        ("grant_type", "password"), ("username", "ann"), ("password", "p&=+ü ;x"), ("service", "registry.test"),
        ("client_id", "regtutor"), ("scope", "x:y:pull x:z:pull"),
    ]  # fmt: skip
    assert drafted.header("Content-Length") == str(drafted.body.size)


@pytest.mark.parametrize(
    "challenge",
    [
        Challenge("Basic", {"realm": "https://a.test/"}),
        Challenge("Bearer", {}),
        Challenge("Bearer", {"realm": "token"}),
        Challenge("Bearer", {"realm": "ftp://a.test/"}),
        Challenge("Bearer", {"realm": "//a.test/token"}),
        Challenge("Bearer", {"realm": "https://a.test/token?sig=<redacted>"}),
    ],
)
def test_a_challenge_that_names_no_token_server_is_refused(challenge: Challenge) -> None:
    with pytest.raises(InvalidChallenge, match="No token can be requested"):
        rt.draft(rt.request_token, challenge)


def test_wrong_arguments_are_refused_by_name() -> None:
    with pytest.raises(InvalidArgument, match=r"rt.challenges\(exchange\)"):
        rt.draft(rt.request_token, "Bearer")
    with pytest.raises(InvalidArgument, match="method='POST'"):
        rt.draft(rt.request_token, BEARER, refresh_token="x")


def test_nothing_is_sent_over_http_for_a_registry_on_https() -> None:
    class Unused:
        def send(self, *_: object) -> Any:
            raise AssertionError

        def close(self) -> None: ...

    reg = Registry("https://registry.test", Unused())
    plain = Challenge("Bearer", {"realm": "http://auth.test/token"})
    with pytest.raises(InsecureTokenServer, match="plain http"):
        rt.request_token(reg, plain, username="ann", password=PASSWORD)
    with pytest.raises(AssertionError):
        rt.request_token(reg, plain, insecure=True)


def test_the_token_hangs_on_the_exchange_and_opens_the_registry(reg: Registry, guard: Guard) -> None:
    exchange = rt.request_token(reg, challenged(reg), username="ann", password=PASSWORD)
    assert exchange.status == 200 and exchange.request_name == "request_token"
    token = exchange.token
    assert token is not None and token.fresh
    assert token.granted == {"a/b": ("pull",)}
    assert (token.claims["aud"], token.claims["sub"], token.lifetime) == ("registry.test", "ann", 300)
    assert token.missing(["repository:a/b:pull,push"]) == ("repository:a/b:push",)
    assert rt.list_tags(rt.with_token(reg, exchange), "a/b").status == 404
    assert rt.list_tags(rt.with_token(reg, token.follow()), "a/b").status == 404
    assert guard.asked("registry")[-1].authorization == f"Bearer {token.follow()}"


def test_the_registry_s_own_token_is_not_sent_to_the_token_server(reg: Registry, guard: Guard) -> None:
    guard.realm = guard.url + "/auth/token"
    challenge = challenged(reg)
    rt.request_token(reg.with_auth(token="mine"), challenge)
    assert guard.seen[-1].authorization == ""


def test_a_relative_realm_is_a_path_of_the_registry(reg: Registry, guard: Guard) -> None:
    guard.realm = "/auth/token"
    exchange = rt.request_token(reg, challenged(reg))
    assert exchange.url.startswith(f"{guard.url}/auth/token?service=registry.test")
    assert (exchange.status, exchange.token) == (401, None)


def test_oauth2_with_a_password_and_then_with_the_refresh_token(reg: Registry, guard: Guard) -> None:
    challenge = challenged(reg)
    first = rt.request_token(reg, challenge, method="POST", username="ann", password=PASSWORD, offline=True)
    assert first.token is not None and first.token.can_refresh
    second = rt.request_token(
        reg, challenge, method="POST", refresh_token=first.token, scopes=["repository:a/b:pull,push"]
    )
    assert second.token is not None
    assert second.token.granted == {"a/b": ("pull", "push")}
    with pytest.raises(TokenLost):
        second.token.refresh()
    refused = rt.request_token(reg, challenge, method="POST", refresh_token="wrong")
    assert (refused.status, refused.token, refused.endpoint is not None) == (400, None, True)


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/json", b'{"token": "%s"}'),
        ("text/html", b'{"access_token": "%s"}'),
        ("application/octet-stream", b'{"token":"%s","issued_at":"x"}'),
        ("", b'[{"id_token": "%s"}]'),
        ("text/plain", b"%s"),
        ("application/json", b'{"token": "%s", "' + b"x" * 5000),
    ],
)
def test_no_record_has_the_token_whatever_the_type_of_the_response(
    reg: Registry, guard: Guard, media_type: str, body: bytes
) -> None:
    secret = b"eyJhbGciOiJ4In0.eyJzdWIiOiJhbm4ifQ.c2VjcmV0LXNpZw"
    guard.answer = lambda _seen: (200, media_type, body % secret if b"%s" in body else body)
    exchange = rt.request_token(reg, challenged(reg))
    assert secret.decode() not in exchange.as_text() + repr(exchange)


def everything_said(exchange: rt.Exchange, folder: Path) -> str:
    transcript = rt.Transcript.of([exchange])
    texts = [repr(exchange), exchange.as_text(), repr(exchange.token), str(pickle.dumps(exchange)), rt.curl(exchange)]
    texts.append(repr(rt.explain(exchange)))
    for name in ("t.json", "t.har", "t.html", "t.md", "t.sh", "t.svg"):
        path = folder / name
        (rt.save if name == "t.json" else rt.export)(transcript, path)
        texts.append(path.read_text(encoding="utf-8"))
    return "\n".join(texts)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_secret_is_in_anything_that_is_shown_or_saved(reg: Registry, tmp_path: Path, method: str) -> None:
    exchange = rt.request_token(
        reg, challenged(reg), method=method, username="ann", password=PASSWORD, offline=True, scopes=["x:y:pull"] * 400
    )
    assert exchange.token is not None
    said = everything_said(exchange, tmp_path)
    basic = base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
    for secret in (PASSWORD, REFRESH, basic, exchange.token.follow(), exchange.token.follow().split(".")[1]):
        assert secret not in said
    assert exchange.request.body.digest is None
    loaded = rt.load(tmp_path / "t.json")[0]
    assert (loaded.token, loaded.endpoint is not None) == (None, True)


def test_an_unpickled_token_is_readable_and_cannot_be_sent(reg: Registry) -> None:
    exchange = rt.request_token(reg, challenged(reg), username="ann", password=PASSWORD)
    token = pickle.loads(pickle.dumps(exchange)).token
    assert token.granted == {"a/b": ("pull",)}
    with pytest.raises(TokenLost):
        rt.with_token(reg, token).send(rt.draft(rt.check_api))
    with pytest.raises(InvalidArgument, match="has no token"):
        rt.with_token(reg, rt.check_api(reg))


@pytest.mark.parametrize(
    ("fields", "lifetime", "granted"),
    [
        ({"token": "opaque"}, 60, None),
        ({"token": "x", "expires_in": 5, "scope": SCOPES}, 5, {"h:5000/a": ("pull",), "b": ("push", "pull")}),
        ({"access_token": "opaque", "expires_in": True}, 60, None),
        ({"token": "opaque", "expires_in": -1}, 60, None),
        ({"token": "opaque", "expires_in": 1e300}, 400 * 86400, None),
        ({"token": "a.!!!.c"}, 60, None),
        ({"token": f"a.{base64.urlsafe_b64encode(b'[' * 9000).decode()}.c"}, 60, None),
        ({"token": 5, "access_token": "x", "scope": "registry:catalog:*"}, 60, {"registry:catalog": ("*",)}),
    ],
)  # fmt: skip
def test_what_a_response_says_of_its_token(fields: dict[str, Any], lifetime: float, granted: Any) -> None:
    token = Token.from_response(json.dumps(fields).encode())
    assert token is not None
    assert (token.lifetime, token.granted) == (lifetime, granted)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"token": ""}', b'{"token": "a b"}', b'{"token": null}']
)
def test_a_response_without_a_token(body: bytes) -> None:
    assert Token.from_response(body) is None
