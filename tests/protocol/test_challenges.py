"""The challenges of a 401: each parameter belongs to its own scheme, however the lines are written."""

from __future__ import annotations

import time

import pytest

import regtutor as rt
from regtutor.exchange import Exchange, RequestRecord, ResponseRecord
from regtutor.findings.response_headers import MEANINGS
from regtutor.protocol.challenges import Challenge, parse_challenges, token_query, with_pairs

BEARER = {"realm": "https://auth.test/token", "service": "registry.test", "scope": "repository:a/b:pull,push"}


def test_one_bearer_challenge_with_a_comma_in_quotes() -> None:
    line = 'Bearer realm="https://auth.test/token",service="registry.test",scope="repository:a/b:pull,push"'
    (found,) = parse_challenges([line])
    assert found == Challenge("Bearer", BEARER)
    assert (found.realm, found.scopes, found.error) == (BEARER["realm"], ("repository:a/b:pull,push",), "")


@pytest.mark.parametrize(
    "lines",
    [
        ['Basic realm="simple", Bearer realm="t", service="s"'],
        ['Basic realm="simple"', 'Bearer realm="t", service="s"'],
        ['Basic realm="simple"', 'Bearer realm="t"', 'service="s"'],
        [', ,Basic  realm = "simple" ,, Bearer\trealm=t,,service=s,'],
        ['basic REALM="simple" bearer realm="t" service="s"'],
    ],
)
def test_several_challenges_keep_their_own_parameters(lines: list[str]) -> None:
    one, two = parse_challenges(lines)
    assert one.is_of("Basic") and one.parameters == {"realm": "simple"}
    assert two.is_of("Bearer") and two.parameters == {"realm": "t", "service": "s"}


def test_escaped_quotes_commas_and_schemes_within_quotes() -> None:
    (found,) = parse_challenges([r'Bearer realm="a, Basic realm=\"x\" \\ y",error_description="it\, expired"'])
    assert found.parameters == {"realm": r'a, Basic realm="x" \ y', "error_description": "it, expired"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Negotiate", [Challenge("Negotiate")]),
        ("Negotiate, Basic realm=x", [Challenge("Negotiate"), Challenge("Basic", {"realm": "x"})]),
        ("Negotiate YWJjZA==, NTLM", [Challenge("Negotiate", {}, "YWJjZA=="), Challenge("NTLM")]),
        ("Newauth abc", [Challenge("Newauth", {}, "abc")]),
        ("", []),
        (",,", []),
        ('realm="x"', []),
        ('"x" Basic', [Challenge("Basic")]),
        ('Bearer realm="never ends', [Challenge("Bearer", {"realm": "never ends"})]),
        ("Bearer realm=http://a/t?x=1,service=s", [Challenge("Bearer", {"realm": "http://a/t?x=1", "service": "s"})]),
        ('Bearer realm="",service=s', [Challenge("Bearer", {"realm": "", "service": "s"})]),
        ("Bearer realm=a,realm=b", [Challenge("Bearer", {"realm": "a"})]),
        ("Bearer scope=a:b:c,scope=d:e:f", [Challenge("Bearer", {"scope": "a:b:c d:e:f"})]),
    ],
)  # fmt: skip
def test_other_forms(line: str, expected: list[Challenge]) -> None:
    assert list(parse_challenges([line])) == expected


def test_blanks_separate_the_scopes_of_rfc_6750() -> None:
    line = 'Bearer realm="r",scope="repository:a:pull  repository:b:pull,push",error="insufficient_scope"'
    (found,) = parse_challenges([line])
    assert (found.scopes, found.error) == (("repository:a:pull", "repository:b:pull,push"), "insufficient_scope")


@pytest.mark.parametrize(
    "text",
    ['"', "\\", ",", " ", "a ", "a=", "a,", '="', "Basic ", 'a="\\', "a= ,", "=", "A", "a  a", 'x="y" ', "a/", "\x00"],
)  # fmt: skip
def test_the_worst_quarter_megabyte_takes_linear_time(text: str) -> None:
    line = "Bearer " + text * (262_144 // len(text))
    begun = time.process_time()
    parse_challenges([line, line + "!", '"' + line])
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    ("realm", "expected"),
    [
        ("https://a.test/token", "https://a.test/token?service=s&scope=x:y:pull,push"),
        ("https://a.test/token?client_id=x", "https://a.test/token?client_id=x&service=s&scope=x:y:pull,push"),
        ("https://a.test/token?", "https://a.test/token?service=s&scope=x:y:pull,push"),
        ("/token#part", "/token?service=s&scope=x:y:pull,push"),
    ],
)
def test_a_realm_with_a_query_of_its_own_gets_an_ampersand(realm: str, expected: str) -> None:
    pairs = token_query(Challenge("Bearer", {"service": "s", "scope": "x:y:pull,push"}))
    assert with_pairs(realm, pairs) == expected
    assert with_pairs(realm, []) == realm.partition("#")[0]


def _refused(*lines: str) -> Exchange:
    headers = tuple(("WWW-Authenticate", line) for line in lines)
    return Exchange(
        "check_api", "http://r.test/v2/", RequestRecord("GET", "/v2/"), ResponseRecord(401, "Unauthorized", headers)
    )


def test_an_exchange_gives_the_challenges_of_all_its_lines() -> None:
    found = rt.challenges(_refused("Negotiate", 'Basic realm="x"'))
    assert [one.scheme for one in found] == ["Negotiate", "Basic"]


def test_the_explanation_does_not_mix_two_schemes() -> None:
    bearer = 'Bearer realm="https://a.test/t?client_id=x",scope="a:b:pull c:d:pull",error="invalid_token"'
    made = _refused(f'Basic realm="people", {bearer}')
    said = MEANINGS["www-authenticate"](made, made.headers["WWW-Authenticate"])
    basic, bearer = said.split("; or ")
    assert "people" in basic and "a.test" not in basic
    assert "a.test" in bearer and "people" not in bearer and "invalid_token" in bearer
    named = next(each for each in rt.explain(made) if each.name == "credentials required")
    assert "https://a.test/t?client_id=x&scope=a:b:pull&scope=c:d:pull with" in named.next
    assert "invalid_token" in named.meaning
