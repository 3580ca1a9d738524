"""No secret enters a record: not its repr, its text, its fields, its JSON, or its pickle."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from regtutor.exchange import BodyRecord, Exchange, Interim, RequestRecord, ResponseRecord, Transcript, WireEvent
from regtutor.formats import save
from regtutor.message import Location, Request
from regtutor.protocol import secrets
from regtutor.protocol.secret_names import ENDINGS, FIELDS, HEADERS, PUBLIC, QUERY, is_secret
from regtutor.protocol.secrets import (
    REDACTED,
    redact_address,
    redact_body,
    redact_header,
    redact_text,
    redact_url,
)

ENDING = tuple(f"x-{name}" for name in ENDINGS)
SECRET_HEADERS, SECRET_QUERY_NAMES, SECRET_FIELDS = {*HEADERS, *ENDING}, {*QUERY, *ENDING}, {*FIELDS, *ENDING}

SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
SECRETS = st.text(SAFE, min_size=12, max_size=60).map(lambda text: f"s3cret{text}")
"""A beginning that stands nowhere else, so that one secret is never a part of what is not secret."""


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("name", ["identitytoken", "registrytoken", "secret", "assertion"])
def test_the_fields_in_which_docker_and_oauth_write_secrets_are_taken_out(name):
    body = json.dumps({name: "s3cret", "kept": "x"}).encode()
    assert json.loads(redact_body("application/json", body)) == {name: REDACTED, "kept": "x"}
    assert redact_body(FORM, f"{name}=s3cret&kept=x".encode()) == f"{name}={REDACTED}&kept=x".encode()


def test_the_header_of_an_api_key_is_taken_out():
    assert redact_header("X-Api-Key", "s3cret") == REDACTED


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Bearer s3cret", f"Bearer {REDACTED}"),
        ("Bearer", REDACTED),  # perhaps the scheme alone, perhaps a token
        ("s3cret", REDACTED),
        ("Token s3cret", REDACTED),
        ("s3cret is what this is", REDACTED),
    ],
)
def test_of_credentials_only_a_known_scheme_before_a_value_is_shown(value, shown):
    assert redact_header("Authorization", value) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Bearer authentication-and-authorization",
        "Basic Authentication-Middleware/for-registries",
        "The registry wants Authorization: Bearer, with a token for repository:a/b:pull",
        "basic functionality, and the bearer of bad news",
        "a cookie: it is a small cake",
        "eyJ is how a JWT begins",
    ],
)
def test_prose_about_authentication_stays(text):
    assert redact_text(text) == text
    assert json.loads(redact_body("application/json", json.dumps({"d": text}).encode())) == {"d": text}


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("u:s3cret@host:5000/a:b", f"{REDACTED}@host:5000/a:b"),
        ("http://u:s3cret@host", f"http://{REDACTED}@host"),
        ("host:5000/a@sha256:0", "host:5000/a@sha256:0"),
        ("embedded", "embedded"),
    ],
)
def test_an_address_needs_no_scheme_to_lose_its_password(address, shown):
    assert redact_address(address) == shown


def with_query(name):
    return lambda secret: exchange(target=f"/v2/?a=1&{name}={secret}&b=2")


def with_request_header(name):
    return lambda secret: exchange(sent=[(name.title(), f"Basic {secret}")])


def with_response_header(name):
    return lambda secret: exchange(received=[(name, secret)])


def with_field(name):
    return lambda secret: exchange(down=json.dumps({"a": [{name: secret}]}).encode())


def exchange(target="/v2/", sent=(), received=(), up=b"", down=b"", kind="application/json", **more):
    url = f"http://registry.example{target}"
    location = next((value for name, value in received if name == "Location"), "")
    return Exchange(
        "check_api",
        more.pop("url", url),
        RequestRecord("GET", target, tuple(sent), BodyRecord(len(up), None, up, "sent", kind)),
        ResponseRecord(401, "Unauthorized", tuple(received), BodyRecord(len(down), None, down, "received", kind)),
        location=Location(location, url) if location else None,
        **more,
    )


PLACES = {
    **{f"query {name}": with_query(name) for name in sorted(SECRET_QUERY_NAMES)},
    "query in capitals": with_query("X-AMZ-SIGNATURE"),
    "query percent-encoded": with_query("%74oken"),
    "query after a semicolon": lambda secret: exchange(target=f"/v2/?a=1;token={secret}"),
    "fragment": lambda secret: exchange(target=f"/v2/#access_token={secret}"),
    **{f"request header {name}": with_request_header(name) for name in sorted(SECRET_HEADERS)},
    **{f"response header {name}": with_response_header(name) for name in sorted(SECRET_HEADERS)},
    "unknown scheme": lambda secret: exchange(sent=[("authorization", f"AWS4-HMAC-SHA256 Credential={secret}")]),
    "userinfo of the url": lambda secret: exchange(url=f"http://me:{secret}@registry.example/v2/"),
    "userinfo of a proxy": lambda secret: exchange(proxy=f"http://me:{secret}@proxy:3128"),
    "Location query": lambda secret: exchange(received=[("Location", f"https://s3/b?X-Amz-Signature={secret}&x=1")]),
    "Location userinfo": lambda secret: exchange(received=[("Location", f"https://me:{secret}@s3/b")]),
    "Location with a space": lambda secret: exchange(received=[("Location", f"https://s3/b?sig=a {secret}")]),
    "relative Location": lambda secret: exchange(received=[("Location", f"/b?token={secret}")]),
    "Link": lambda secret: exchange(received=[("Link", f'</v2/_catalog?n=1&token={secret}>; rel="next"')]),
    "WWW-Authenticate": lambda s: exchange(received=[("WWW-Authenticate", f'Bearer realm="https://a:{s}@h/?sig={s}"')]),
    "any header": lambda secret: exchange(received=[("X-Any", f"see https://me:{secret}@h/?sig={secret}")]),
    "error": lambda secret: exchange(error=f"https://me:{secret}@h/?token={secret} was silent"),
    "note": lambda s: exchange(events=(WireEvent(0.0, "failed", note=f"http://a:{s}@h/?sig={s} was silent"),)),
    "interim": lambda s: exchange(interims=(Interim(103, "Early Hints", (("Link", f"<https://h/?sig={s}>"),)),)),
    **{f"JSON field {name}": with_field(name) for name in sorted(SECRET_FIELDS)},
    "JSON field in capitals": lambda secret: exchange(down=json.dumps({"Token": secret}).encode()),
    "JSON list": lambda secret: exchange(down=json.dumps({"password": [secret]}).encode()),
    "JSON escaped": lambda secret: exchange(down=f'{{"t\\u006fken": "{secret}"}}'.encode()),
    "JSON cut off": lambda secret: exchange(down=f'{{"a": 1, "token" : "{secret}'.encode()),
    "JSON cut off after an escape": lambda secret: exchange(down=f'{{"token":"{secret}\\'.encode()),
    "JSON string": lambda secret: exchange(
        down=json.dumps({"detail": f"https://s3/b?X-Amz-Signature={secret}"}).encode()
    ),
    "JSON of no type": lambda secret: exchange(down=json.dumps({"token": secret}).encode(), kind=""),
    "JSON as text": lambda s: exchange(down=json.dumps({"token": s}).encode(), kind="text/plain; charset=utf-8"),
    "form": lambda s: exchange(up=f"grant_type=password&password={s}".encode(), kind=FORM),
    "form first": lambda s: exchange(up=f"refresh_token={s}&a=b".encode(), kind=FORM),
    "HTML of a redirect": lambda secret: exchange(
        down=f'<a href="https://s3/b?X-Amz-Date=1&amp;X-Amz-Signature={secret}&amp;x=1">Elsewhere</a>'.encode(),
        kind="text/html; charset=utf-8",
    ),
}


def everything_shown(record, folder):
    transcript = Transcript.of([record], "t")
    save(transcript, folder / "transcript.json")
    return "\n".join(
        [
            repr(record),
            str(record),
            record.as_text(),
            transcript.as_text(),
            repr(dataclasses.asdict(record)),
            repr(copy.deepcopy(record)),
            record.meaning,
            (folder / "transcript.json").read_text(),
            pickle.dumps(record).decode("latin-1"),
            pickle.dumps(transcript).decode("latin-1"),
            repr([getattr(record.request, each.name) for each in dataclasses.fields(record.request)]),
            repr([getattr(record.response, each.name) for each in dataclasses.fields(record.response)]),
        ]
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("records")


@pytest.mark.parametrize("place", PLACES)
@given(secret=SECRETS)
@example(secret="s3cret-AKIA%2Fabc%3D%3D")
def test_a_secret_is_in_nothing_that_a_record_shows(folder: Path, place, secret):
    shown = everything_shown(PLACES[place](secret), folder)
    assert secret not in shown
    assert REDACTED in shown


@given(secret=SECRETS)
def test_a_draft_and_a_location_show_no_secret(secret):
    location = Location(f"/b?x=1&sig={secret}", f"https://me:{secret}@h/")
    draft = Request("put_blob", "PUT", location, (("Authorization", f"Bearer {secret}"),))
    shown = [repr(draft), draft.shown_target, repr(location), str(location), repr(pickle.loads(pickle.dumps(location)))]
    assert secret not in "".join(shown)
    assert location.follow().endswith(f"/b?x=1&sig={secret}")


@pytest.mark.parametrize("text", ["/v2/?_state=abc%3D%3D&digest=sha256:00", "/v2/a@b/", "/?n=1&last=x", "http://h:5000/v2/",
                                  "/v2/name@sha256:0a/", "/?tokenized=1&signed=2"])  # fmt: skip
def test_what_is_no_secret_is_shown(text):
    assert (redact_url(text), redact_text(text)) == (text, text)


def test_a_json_body_without_a_secret_keeps_its_bytes():
    body = b'{ "errors" : [ {"code":"DENIED", "detail": "name@sha256:0", "x": "\\u00e9"} ] }\n'
    assert redact_body("application/json", body) == body


def test_bytes_that_are_no_text_keep_theirs():
    for kind in ("application/octet-stream", "text/plain", "", "application/json"):
        body = b'{"token\xff\xfe' + bytes(range(256))
        assert redact_body(kind, body) == body


def test_the_scheme_of_a_credential_and_everything_around_a_secret_stay():
    assert redact_header("Authorization", "Bearer abc") == f"Bearer {REDACTED}"
    assert redact_url("https://me:pw@h/p?a=1&sig=x&b=2#f") == f"https://{REDACTED}@h/p?a=1&sig={REDACTED}&b=2#f"
    link = '<https://h/?token=abc>; rel="next"'
    assert redact_header("Link", link) == f'<https://h/?token={REDACTED}>; rel="next"'


@given(st.text(), st.sampled_from(sorted(SECRET_QUERY_NAMES)))
def test_redacting_twice_is_redacting_once(text, name):
    url = f"http://h/?{name}={quote(text)}&{text}"
    assert redact_url(redact_url(url)) == redact_url(url)
    assert redact_text(redact_text(url)) == redact_text(url)


@pytest.mark.parametrize("piece", ["?", "&a", ";a", "//", "a:", "\\u0026", ";a=", '"token":', "//a@", "x", "{", "["])
def test_no_text_takes_long(piece):
    text = piece * (400_000 // len(piece))
    started = time.process_time()
    redact_url(text)
    redact_text(text)
    redact_body("application/json", text.encode())
    redact_body("application/json", json.dumps({"token@": text}).encode())
    assert time.process_time() - started < 5


NAMES_IN_THE_FIELD = {
    "header": (
        "X-JFrog-Art-Api", "X-Vault-Token", "JOB-TOKEN", "Deploy-Token", "PRIVATE-TOKEN", "X-Harbor-CSRF-Token",
        "X-Registry-Config", "X-Access-Token", "Cf-Access-Client-Secret", "CF-Access-Jwt-Assertion", "X-Auth-Token",
        "X-Amz-Security-Token", "X-Goog-Iap-Jwt-Assertion", "Ocp-Apim-Subscription-Key", "X-Api-Key", "apikey",
        "X-Auth-Request-Access-Token", "X-Gitlab-Token", "Set-Cookie", "Proxy-Authorization", "X-CSRF-Token",
    ),
    "query": (
        "verify", "hmac", "Policy", "q-signature", "x-oss-signature", "sign", "auth_key", "jwt", "api_key", "code",
        "X-Amz-Credential", "X-Amz-Signature", "x-goog-signature", "sig", "Signature", "access_token", "accessToken",
        "x-cos-security-token", "x-obs-security-token", "client_secret", "SAMLResponse", "password", "passwd",
    ),
    "field": (
        "authorizationToken", "accessToken", "refreshToken", "SecretAccessKey", "apiKey", "passwd", "identitytoken",
        "registrytoken", "sessionToken", "client_secret", "private_key", "auth", "Authorization", "id_token", "tokens",
    ),
}  # fmt: skip


@pytest.mark.parametrize("place", NAMES_IN_THE_FIELD)
def test_the_names_that_clouds_and_registries_use_are_secrets(place):
    assert [name for name in NAMES_IN_THE_FIELD[place] if not is_secret(name, place)] == []


@pytest.mark.parametrize(
    "name",
    [*PUBLIC, "nextToken", "last", "_state", "digest", "Docker-Content-Digest", "OCI-Subject", "ETag", "Link",
     "WWW-Authenticate", "Content-Type", "X-Amz-Date", "X-Amz-Algorithm", "service", "scope", "Expires", "message"],
)  # fmt: skip
def test_what_a_reader_needs_is_no_secret(name):
    assert not any(is_secret(name, place) for place in ("header", "query", "field"))


@pytest.mark.parametrize("password", ["Pw/s3cret", "s3cret@x/y", "s3cret?a#b", "http://s3cret"])
@pytest.mark.parametrize("scheme", ["", "http://"])
def test_a_password_in_an_address_can_have_any_character(scheme, password):
    shown = redact_address(f"{scheme}me:{password}@host:5000/a:v1")
    assert shown == f"{scheme}{REDACTED}@host:5000/a:v1"
    digest = f"@sha256:{'0' * 64}"
    assert redact_address(f"{scheme}me:{password}@host/a{digest}") == f"{scheme}{REDACTED}@host/a{digest}"


PIECES = (
    "Authorization: ", "Cookie: ", "a: ", "\n", "\\n", "\\r", "> ", ":", "=", "&", "?", "#", ";", "//", "@",
    "u:p@", "eyJ", "eyJh.bbb.c", "Bearer ", "BASIC  ", "ba\u017fic ", "\u0130", "abcDEF1234567890=", "sig=",
    "X-Api-Key:", "x" * 101, "token=", "\\u0026", " ", '"', '{"auth":"x"}', "api_key", "secret", "\\", "sha256:0",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
@example("x" * 101 + ": a\nCookie: b")
def test_no_pattern_is_left_out_that_would_find_a_secret(text):
    found = secrets._PAIR_IN_TEXT.sub(secrets._pair, secrets._USERINFO_IN_TEXT.sub(secrets._userinfo, text))
    found = secrets._HEADER_IN_TEXT.sub(secrets._header, found)
    found = secrets._CREDENTIALS_IN_TEXT.sub(rf"\g<scheme> {REDACTED}", found)
    assert redact_text(text) == secrets._JWT.sub(REDACTED, found)
    assert secrets._may_hold_secrets(text.encode()) == bool(secrets._MAY_HOLD_SECRETS.search(text.encode()))
    url = secrets._USERINFO_IN_URL.sub(secrets._userinfo, text)
    assert redact_url(text) == secrets._PAIR_IN_URL.sub(secrets._pair, url)


@pytest.mark.parametrize("name", sorted({*ENDINGS, *FIELDS, *(f"{name}=" for name in QUERY)}))
def test_every_name_of_a_secret_is_found_in_a_body(name):
    for written in (name, name.upper(), name.replace("-", "_"), name.replace("-", "")):
        if "=" not in name or written.lower() == name:
            assert secrets._may_hold_secrets(f"x {written} y".encode()), written
