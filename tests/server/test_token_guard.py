"""The registry's side of tokens: what each request needs, and the challenge of those that do not have it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from regtutor.server.app import App
from regtutor.server.http import Head, Response
from regtutor.server.shell.listed_users import ListedUsers
from regtutor.server.storage.store import Store
from regtutor.server.token.guard import TokenGuard, needed_scopes
from regtutor.server.token.issuing import SERVICE, TokenServer
from regtutor.server.token.key import SigningKey
from regtutor.server.token.policy import LESSON_POLICY
from tests.server.inline import digest, faults

D = digest(b"a layer")
SESSION = "/v2/a/blobs/uploads/01234567-0123-0123-0123-0123456789ab"


@pytest.fixture(scope="module")
def tokens() -> TokenServer:
    users = {user.name: user.password for user in LESSON_POLICY.users.values()}
    return TokenServer(LESSON_POLICY, ListedUsers(users), SigningKey())


Ask = Callable[..., Response]


@pytest.fixture
def ask(store: Store, tokens: TokenServer) -> Ask:
    """``ask("GET", "/v2/", a=["pull"])`` with a token for these repositories; ``token=`` another one, None without."""
    app = App(store, tokens=tokens, admit=TokenGuard(tokens).refusal, quirks="distribution-2.8")

    def ask(method: str, target: str, token: str | None = "made", **granted: list[str]) -> Response:
        sent = token_of(tokens, **granted) if token == "made" else token
        headers = (("Host", "r.example:5000"), *([("Authorization", f"Bearer {sent}")] if sent else []))
        outcome = app.begin(Head(method, target, headers))
        return outcome if isinstance(outcome, Response) else outcome.finish()

    return ask


def token_of(tokens: TokenServer, changed: dict[str, Any] | None = None, **granted: list[str]) -> str:
    now = int(time.time())
    access = [{"type": "repository", "name": name, "actions": actions} for name, actions in granted.items()]
    claims = {"iss": tokens.issuer, "aud": tokens.service, "sub": "x", "exp": now + 60, "nbf": now, "access": access}
    return tokens.key.sign({**claims, **(changed or {})})


@pytest.mark.parametrize(
    ("method", "target", "needed"),
    [
        ("GET", "/v2/", ""),
        ("GET", "/v2/_catalog", "registry:catalog:*"),
        ("GET", "/v2/a/tags/list", "repository:a:pull"),
        ("HEAD", f"/v2/a/b/blobs/{D}", "repository:a/b:pull"),
        ("GET", "/v2/a/manifests/v1", "repository:a:pull"),
        ("PUT", "/v2/a/manifests/v1", "repository:a:pull,push"),
        ("DELETE", "/v2/a/manifests/v1", "repository:a:delete"),
        ("DELETE", f"/v2/a/blobs/{D}", "repository:a:delete"),
        ("GET", f"/v2/a/referrers/{D}", "repository:a:pull"),
        ("POST", "/v2/a/blobs/uploads/", "repository:a:pull,push"),
        ("POST", f"/v2/a/blobs/uploads/?digest={D}", "repository:a:pull,push"),
        ("PATCH", SESSION, "repository:a:pull,push"),
        ("PUT", f"{SESSION}?digest={D}", "repository:a:pull,push"),
        ("GET", SESSION, "repository:a:pull"),
        ("DELETE", SESSION, "repository:a:delete"),
        ("POST", f"/v2/a/blobs/uploads/?mount={D}&from=b", "repository:a:pull,push repository:b:pull"),
        ("POST", f"/v2/a/blobs/uploads/?mount={D}&from=a", "repository:a:pull,push"),
        ("POST", f"/v2/a/blobs/uploads/?mount={D}", "repository:a:pull,push"),
        ("POST", f"/v2/a/blobs/uploads/?mount={D}&from=%62", "repository:a:pull,push repository:b:pull"),
    ],
)
def test_each_request_needs_its_scopes_and_the_challenge_names_them(
    ask: Ask, method: str, target: str, needed: str
) -> None:
    found = needed_scopes(Head(method, target))
    assert found is not None and " ".join(map(str, found)) == needed
    answer = ask(method, target, token=None)
    scope = f',scope="{needed}"' if needed else ""
    challenge = f'Bearer realm="http://r.example:5000/token",service="{SERVICE}"{scope}'
    assert (answer.status, answer.header("WWW-Authenticate")) == (401, challenge)
    assert method == "HEAD" or faults(answer)[0]["code"] == "UNAUTHORIZED"


@pytest.mark.parametrize(("target", "status"), [("/", 200), ("/v2/nothing", 404), ("/elsewhere", 404)])
def test_a_path_that_no_endpoint_has_needs_no_token(ask: Ask, target: str, status: int) -> None:
    # / is for the health checks of Distribution, which this registry imitates
    assert ask("GET", target, token=None).status == status


def test_any_valid_token_passes_the_check_of_the_api(ask: Ask) -> None:
    assert ask("GET", "/v2/").status == 200


@pytest.mark.parametrize(
    ("method", "target", "granted", "status"),
    [
        ("POST", "/v2/a/blobs/uploads/", {"a": ["pull", "push"]}, 202),
        ("POST", "/v2/a/blobs/uploads/", {"a": ["*"]}, 202),
        ("POST", "/v2/a/blobs/uploads/", {"a": ["push"]}, 401),
        ("POST", "/v2/a/blobs/uploads/", {"a": ["pull"]}, 401),
        ("POST", "/v2/a/blobs/uploads/", {"b": ["pull", "push"]}, 401),
        ("POST", f"/v2/a/blobs/uploads/?mount={D}&from=b", {"a": ["pull", "push"], "b": ["pull"]}, 202),
        ("POST", f"/v2/a/blobs/uploads/?mount={D}&from=b", {"a": ["pull", "push"]}, 401),
        ("DELETE", "/v2/a/manifests/v1", {"a": ["pull", "push"]}, 401),
        ("GET", "/v2/_catalog", {"a": ["*"]}, 401),
    ],
)
def test_a_token_passes_for_what_it_grants(
    ask: Ask, method: str, target: str, granted: dict[str, list[str]], status: int
) -> None:
    answer = ask(method, target, **granted)
    assert answer.status == status
    if status == 401:
        assert (answer.header("WWW-Authenticate") or "").endswith(',error="insufficient_scope"')


@pytest.mark.parametrize(
    ("changed", "given"),
    [
        ({"exp": 1}, "a token that has expired"),
        ({"aud": "other"}, "a token for another service"),
        ({"iss": "other"}, "a token of another issuer"),
    ],
)
def test_an_invalid_token_is_named_and_not_shown(
    ask: Ask, tokens: TokenServer, changed: dict[str, Any], given: str
) -> None:
    token = token_of(tokens, changed, a=["pull"])
    answer = ask("GET", "/v2/a/tags/list", token=token)
    assert (answer.header("WWW-Authenticate") or "").endswith(',scope="repository:a:pull",error="invalid_token"')
    assert faults(answer)[0]["detail"]["given"] == given
    assert token not in str(answer)


def test_a_scope_with_a_quote_cannot_leave_its_parameter(ask: Ask) -> None:
    answer = ask("POST", '/v2/a"b/blobs/uploads/?from=c%22,d%0d%0aX:y', token=None)
    challenge = answer.header("WWW-Authenticate") or ""
    assert challenge.endswith(r'scope="repository:a\"b:pull,push repository:c\",dX:y:pull"')


def test_behind_a_proxy_the_realm_is_where_the_client_asked(store: Store, tokens: TokenServer) -> None:
    app = App(store, tokens=tokens, admit=TokenGuard(tokens).refusal)
    headers = (("Host", "inner:5000"), ("X-Forwarded-Host", "r.example"), ("X-Forwarded-Proto", "https"))
    answer = app.begin(Head("GET", "/v2/", headers))
    assert isinstance(answer, Response)
    assert 'realm="https://r.example/token"' in (answer.header("WWW-Authenticate") or "")
