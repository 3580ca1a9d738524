"""What explain says of a refused token request, of a token that does not suffice, and of a realm."""

from __future__ import annotations

import pytest

import regtutor as rt
from regtutor.exchange import Exchange, RequestRecord, ResponseRecord

CHALLENGE = 'Bearer realm="https://auth.test/token",service="r",scope="repository:a/b:push"'


def refused(challenge: str = CHALLENGE, *, status: int = 401, sent: str = "", url: str = "https://r.test") -> Exchange:
    headers = (("Authorization", sent),) if sent else ()
    answer = ResponseRecord(status, "No", (("WWW-Authenticate", challenge),))
    return Exchange("list_tags", f"{url}/v2/a/b/tags/list", RequestRecord("GET", "/v2/a/b/tags/list", headers), answer)


def names(exchange: Exchange) -> list[str]:
    return [finding.name for finding in rt.explain(exchange) if finding.kind == "diagnosis"]


def named(exchange: Exchange, name: str) -> str:
    return next(f"{one.meaning} {one.next}" for one in rt.explain(exchange) if one.name == name)


def test_without_a_token_the_registry_wants_credentials() -> None:
    assert names(refused()) == ["credentials required"]
    assert "rt.login" in named(refused(), "credentials required")


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_lacks_a_scope(status: int) -> None:
    lacking = refused(f'{CHALLENGE},error="insufficient_scope"', status=status, sent="Bearer x")
    assert names(lacking)[0] == "the token lacks a scope" and "credentials required" not in names(lacking)
    assert "repository:a/b:push" in named(lacking, "the token lacks a scope")


def test_a_token_that_expired() -> None:
    expired = refused(f'{CHALLENGE},error="invalid_token",error_description="too old"', sent="Bearer x")
    assert names(expired) == ["the token is not accepted"]
    assert "too old" in named(expired, "the token is not accepted")


@pytest.mark.parametrize(
    ("realm", "url", "name"),
    [
        ("http://auth.test/token", "https://r.test", "token server on plain http"),
        ("http://auth.test/token", "http://r.test", ""),
        ("/token", "https://r.test", "realm without a host"),
        ("", "http://r.test", "realm without a host"),
        ("https://auth.test/token", "http://r.test", ""),
    ],
)
def test_the_address_of_the_token_server(realm: str, url: str, name: str) -> None:
    assert names(refused(f'Bearer realm="{realm}"', url=url)) == ([name] if name else []) + ["credentials required"]


@pytest.mark.parametrize(
    ("status", "word"), [(400, "malformed"), (401, "password"), (403, "permit"), (404, "POST"), (500, "failed")]
)
def test_a_refusal_of_the_token_server_is_its_own(status: int, word: str) -> None:
    request = RequestRecord("GET", "/auth?service=r")
    made = Exchange("request_token", "https://auth.test/auth?service=r", request, ResponseRecord(status, "No"))
    assert "no token" in names(made) and "credentials required" not in names(made)
    assert word in named(made, "no token")
