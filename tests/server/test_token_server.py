"""The token server without a socket: which requests get a token, with which claims, and how the others are refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import jwt
import pytest

from regtutor.errors import ServerError
from regtutor.server.http import Head, Response
from regtutor.server.shell.listed_users import ListedUsers
from regtutor.server.token.app import TokenApp
from regtutor.server.token.issuing import ISSUER, LARGEST_FORM, SERVICE, TokenServer
from regtutor.server.token.key import InvalidToken, SigningKey, libtrust_id
from regtutor.server.token.policy import LESSON_POLICY, LESSON_USERS, Policy, policy_of
from regtutor.server.token.scopes import MalformedScope, Scope, parse_scopes

NOW = 1_800_000_000
FORM = ("Content-Type", "application/x-www-form-urlencoded")
PLANTED = "planted-s3cret"

HELLO, PRIVATE, ALICE = "repository:library/hello", "repository:private/plans", "repository:alice/app"
CATALOG = "registry:catalog"


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey()


def served(policy: Policy, key: SigningKey, **options: Any) -> TokenServer:
    users = ListedUsers({user.name: user.password for user in policy.users.values()})
    return TokenServer(policy, users, key, clock=lambda: NOW, **options)


@pytest.fixture
def tokens(key: SigningKey) -> TokenServer:
    return served(LESSON_POLICY, key)


def basic(name: str) -> tuple[tuple[str, str], ...]:
    """The header for a user of the lessons, for ``name:password``, or none for an empty name."""
    if not name:
        return ()
    pair = name if ":" in name else f"{name}:{LESSON_USERS[name]['password']}"
    return (("Authorization", "Basic " + base64.b64encode(pair.encode()).decode()),)


def get(tokens: TokenServer, *scopes: str, user: str = "", **fields: str) -> Response:
    query = urlencode([("service", SERVICE), *fields.items()])
    asked = "".join(f"&scope={quote(scope)}" for scope in scopes)
    answer = TokenApp(tokens).begin(Head("GET", f"/token?{query}{asked}", basic(user)))
    assert isinstance(answer, Response)
    return answer


def post(tokens: TokenServer, *headers: tuple[str, str], **fields: str) -> Response:
    form = {"service": SERVICE, "client_id": "tests", **fields}
    sink = TokenApp(tokens).begin(Head("POST", "/token", headers or (FORM,)))
    assert not isinstance(sink, Response)
    sink.write(urlencode({name: value for name, value in form.items() if value != "-"}).encode())
    return sink.finish()


def body_of(answer: Response) -> dict[str, Any]:
    assert isinstance(answer.body, bytes)
    found: dict[str, Any] = json.loads(answer.body)
    return found


def access_in(token: str) -> dict[str, list[str]]:
    claims = jwt.decode(token, options={"verify_signature": False})
    return {f"{entry['type']}:{entry['name']}": entry["actions"] for entry in claims["access"]}


@pytest.mark.parametrize(
    ("user", "asked", "granted"),
    [
        ("", [f"{HELLO}:pull"], {HELLO: ["pull"]}),
        ("", [f"{HELLO}:pull,push"], {HELLO: ["pull"]}),
        ("", [f"{PRIVATE}:pull"], {PRIVATE: []}),
        ("", [f"{CATALOG}:*"], {CATALOG: []}),
        ("", [], {}),
        ("learner", [f"{HELLO}:pull,push"], {HELLO: ["pull", "push"]}),
        ("learner", [f"{HELLO}:delete"], {HELLO: ["delete"]}),
        ("learner", [f"{HELLO}:*"], {HELLO: ["pull", "push", "delete"]}),
        ("learner", [f"{PRIVATE}:push,pull"], {PRIVATE: ["push", "pull"]}),
        ("learner", [f"{CATALOG}:*"], {CATALOG: ["*"]}),
        ("learner", [f"{HELLO}:fly"], {HELLO: []}),
        ("learner", ["planet:earth:pull"], {"planet:earth": []}),
        ("reader", [f"{PRIVATE}:pull,push,delete"], {PRIVATE: ["pull"]}),
        ("reader", [f"{CATALOG}:*"], {CATALOG: []}),
        ("alice", [f"{ALICE}:pull,push"], {ALICE: ["pull", "push"]}),
        ("alice", [f"{HELLO}:pull,push"], {HELLO: ["pull"]}),
        ("alice", [f"{PRIVATE}:pull"], {PRIVATE: []}),
        ("alice", [f"{ALICE}:pull,push", f"{HELLO}:pull"], {ALICE: ["pull", "push"], HELLO: ["pull"]}),
        ("alice", [f"{ALICE}:pull,push {HELLO}:pull"], {ALICE: ["pull", "push"], HELLO: ["pull"]}),
        ("alice", [f"{ALICE}:pull", f"{ALICE}:push"], {ALICE: ["pull", "push"]}),
        ("alice", [""], {}),
    ],
)
def test_a_token_grants_what_was_asked_for_and_is_allowed(
    tokens: TokenServer, user: str, asked: list[str], granted: dict[str, list[str]]
) -> None:
    by_get = get(tokens, *asked, user=user)
    assert by_get.status == 200
    assert access_in(body_of(by_get)["token"]) == granted
    if user:
        password = LESSON_USERS[user]["password"]
        by_post = post(tokens, grant_type="password", username=user, password=password, scope=" ".join(asked))
        assert access_in(body_of(by_post)["access_token"]) == granted


def test_the_fields_and_the_claims(tokens: TokenServer, key: SigningKey) -> None:
    answer = get(tokens, f"{HELLO}:pull", user="reader", account="reader", client_id="tests")
    fields = body_of(answer)
    assert set(fields) == {"token", "access_token", "expires_in", "issued_at"}
    assert (fields["token"], fields["expires_in"]) == (fields["access_token"], 300)
    assert fields["issued_at"] == "2027-01-15T08:00:00Z"
    assert answer.header("Cache-Control") == "no-store"
    claims = jwt.decode(fields["token"], options={"verify_signature": False})
    assert len(claims.pop("jti")) >= 16
    assert claims == {
        "iss": ISSUER,
        "sub": "reader",
        "aud": SERVICE,
        "exp": NOW + 300,
        "nbf": NOW,
        "iat": NOW,
        "access": [{"type": "repository", "name": "library/hello", "actions": ["pull"]}],
    }
    head = jwt.get_unverified_header(fields["token"])
    assert (head["alg"], head["kid"], len(head["x5c"])) == ("ES256", key.key_id, 1)


def test_an_anonymous_token_has_no_subject(tokens: TokenServer) -> None:
    token = body_of(get(tokens, f"{HELLO}:pull", offline_token="true"))
    assert "refresh_token" not in token
    assert jwt.decode(token["token"], options={"verify_signature": False})["sub"] == ""


@pytest.mark.parametrize("user", ["learner:wrong", f"nobody:{PLANTED}", ":", "learner:"])
def test_a_wrong_password_is_a_401_with_a_basic_challenge(tokens: TokenServer, user: str) -> None:
    answer = get(tokens, f"{HELLO}:pull", user=user)
    assert (answer.status, answer.header("WWW-Authenticate")) == (401, 'Basic realm="regtutor"')
    assert body_of(answer)["errors"][0]["code"] == "UNAUTHORIZED"
    assert PLANTED not in str(answer)


def test_another_scheme_is_a_401(tokens: TokenServer) -> None:
    answer = TokenApp(tokens).begin(Head("GET", f"/token?service={SERVICE}", (("Authorization", "Bearer x"),)))
    assert isinstance(answer, Response) and answer.status == 401


def test_without_public_pull_everybody_is_asked_for_a_password(key: SigningKey) -> None:
    closed = served(policy_of({"users": LESSON_USERS, "public_pull": False}), key)
    assert get(closed, f"{HELLO}:pull").status == 401
    assert access_in(body_of(get(closed, f"{HELLO}:pull", user="alice"))["token"]) == {HELLO: []}


@pytest.mark.parametrize(
    ("target", "given"),
    [
        ("/token", "no service"),
        ("/token?service=other", "another service"),
        (f"/token?service={SERVICE}&scope=repository", "a scope that is malformed"),
        (f"/token?service={SERVICE}&scope=repository:a", "a scope that is malformed"),
        (f"/token?service={SERVICE}&scope=Repository:a:pull", "a scope that is malformed"),
    ],
)
def test_a_query_that_is_invalid_is_a_400(tokens: TokenServer, target: str, given: str) -> None:
    answer = TokenApp(tokens).begin(Head("GET", target))
    assert isinstance(answer, Response) and answer.status == 400
    assert body_of(answer)["errors"][0]["detail"]["given"] == given


PASSWORD = {"grant_type": "password", "username": "alice", "password": "alice-password"}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"grant_type": "-"}, "invalid_request"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"service": "-"}, "invalid_request"),
        ({"service": "other"}, "invalid_request"),
        ({"client_id": "-"}, "invalid_request"),
        ({"username": "-"}, "invalid_request"),
        ({"password": "-"}, "invalid_request"),
        ({"password": PLANTED}, "invalid_grant"),
        ({"username": "nobody", "password": PLANTED}, "invalid_grant"),
        ({"access_type": "sometimes"}, "invalid_request"),
        ({"scope": "nonsense"}, "invalid_scope"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": PLANTED}, "invalid_grant"),
    ],
)
def test_a_form_that_is_refused_says_so_in_both_forms(
    tokens: TokenServer, change: Mapping[str, str], error: str
) -> None:
    answer = post(tokens, **{**PASSWORD, **change})
    fields = body_of(answer)
    assert (answer.status, fields["error"]) == (400, error)
    assert fields["error_description"] and set(fields["errors"][0]) == {"code", "message", "detail"}
    assert PLANTED not in str(answer)


def test_the_form_has_its_media_type_and_a_largest_length(tokens: TokenServer) -> None:
    assert body_of(post(tokens, ("Content-Type", "application/json"), **PASSWORD))["error"] == "invalid_request"
    assert body_of(post(tokens, **PASSWORD, more="x" * LARGEST_FORM))["error"] == "invalid_request"


def test_the_fields_of_oauth2(tokens: TokenServer) -> None:
    fields = body_of(post(tokens, **PASSWORD, scope=f"{ALICE}:pull,push {HELLO}:pull,push {PRIVATE}:pull"))
    assert set(fields) == {"access_token", "expires_in", "issued_at", "scope"}
    assert fields["scope"] == f"{ALICE}:pull,push {HELLO}:pull"


def test_a_refresh_token_gets_other_tokens_of_the_same_user(tokens: TokenServer) -> None:
    first = body_of(post(tokens, **PASSWORD, access_type="offline"))
    by_get = body_of(get(tokens, user="alice", offline_token="true"))
    assert len({first["refresh_token"], by_get["refresh_token"]}) == 2
    for kept in (first["refresh_token"], by_get["refresh_token"]):
        again = body_of(post(tokens, grant_type="refresh_token", refresh_token=kept, scope=f"{ALICE}:push"))
        assert (again["refresh_token"], again["scope"]) == (kept, f"{ALICE}:push")
        assert jwt.decode(again["access_token"], options={"verify_signature": False})["sub"] == "alice"


@pytest.mark.parametrize(("method", "target", "status"), [("PUT", "/token", 405), ("GET", "/v2/", 404)])
def test_it_has_one_path_and_two_methods(tokens: TokenServer, method: str, target: str, status: int) -> None:
    answer = TokenApp(tokens).begin(Head(method, target))
    assert isinstance(answer, Response) and answer.status == status


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"exp": 1}, "has expired"),
        ({"nbf": 2**33, "exp": 2**34}, "not valid yet"),
        ({"aud": "other"}, "another service"),
        ({"iss": "other"}, "another issuer"),
        ({"exp": None}, "required claim"),
    ],
)
def test_a_token_is_verified(key: SigningKey, change: Mapping[str, Any], why: str) -> None:
    claims = {"iss": ISSUER, "aud": SERVICE, "exp": 2**33, "nbf": 1, "access": []}
    assert key.claims(key.sign(claims), issuer=ISSUER, audience=SERVICE) == claims
    changed = {name: value for name, value in {**claims, **change}.items() if value is not None}
    with pytest.raises(InvalidToken, match=why):
        key.claims(key.sign(changed), issuer=ISSUER, audience=SERVICE)


def test_a_token_of_another_key_or_without_a_signature_is_refused(key: SigningKey) -> None:
    claims = {"iss": ISSUER, "aud": SERVICE, "exp": 2**33, "nbf": 1, "access": []}
    with pytest.raises(InvalidToken, match="signature"):
        key.claims(SigningKey().sign(claims), issuer=ISSUER, audience=SERVICE)
    for other in (jwt.encode(claims, None, algorithm="none"), jwt.encode(claims, "x" * 32, algorithm="HS256")):
        with pytest.raises(InvalidToken, match="algorithm"):
            key.claims(other, issuer=ISSUER, audience=SERVICE)
    with pytest.raises(InvalidToken, match="malformed") as caught:
        key.claims(PLANTED, issuer=ISSUER, audience=SERVICE)
    assert PLANTED not in str(caught.value)


def test_the_key_id_is_that_of_the_specification_of_libtrust() -> None:
    """240 bits in base32: twelve groups of four."""
    groups = libtrust_id(b"a key").split(":")
    assert [len(group) for group in groups] == [4] * 12


def test_a_scope_keeps_its_class_and_the_port_in_its_name() -> None:
    (scope,) = parse_scopes(["repository(plugin):host.example:5000/a/b:pull,push"])
    assert scope == Scope("repository", "host.example:5000/a/b", ("pull", "push"), "plugin")
    assert str(scope) == "repository(plugin):host.example:5000/a/b:pull,push"
    assert scope.entry() == {
        "type": "repository",
        "class": "plugin",
        "name": "host.example:5000/a/b",
        "actions": ["pull", "push"],
    }
    with pytest.raises(MalformedScope):
        parse_scopes(["repository:a:PULL"])


@pytest.mark.parametrize(
    "access", [None, "all", [1], [{"type": "repository", "name": "a", "actions": "pull"}], [{"actions": [["pull"]]}]]
)
def test_a_malformed_access_claim_grants_nothing(access: Any) -> None:
    assert not Scope("repository", "a", ("pull",)).is_granted_by(access)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"user": {}}, "'user'"),
        ({"users": ["ann"]}, "users"),
        ({"users": {"ann": PLANTED}}, "'ann'"),
        ({"users": {"ann": {"password": PLANTED, "role": "admin"}}}, "'role'"),
        ({"users": {"ann": {"password": PLANTED, "access": {"*": "pull,fly"}}}}, "'fly'"),
        ({"users": {"an:n": {"password": PLANTED}}}, "'an:n'"),
        ({"users": {"#ann": {"password": PLANTED}}}, "'#ann'"),
        ({"users": {"ann": {}}}, "no usable password"),
        ({"private": "private/*"}, "private"),
    ],
)
def test_an_invalid_policy_is_a_named_error_without_its_passwords(data: dict[str, Any], told: str) -> None:
    with pytest.raises(ServerError) as caught:
        policy_of(data)
    assert told in str(caught.value) and PLANTED not in str(caught.value)


def test_a_policy_shows_no_password() -> None:
    policy = policy_of({"users": {"ann": {"password": PLANTED, "access": {"*": "pull"}}}})
    assert PLANTED not in repr(policy)
