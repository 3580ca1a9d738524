"""No planted password, token or signed query is in anything that regtutor shows, saves, logs or raises."""

from __future__ import annotations

import base64
import json
import logging
import os
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat
import pytest
from click.testing import CliRunner
from nbclient import NotebookClient

import regtutor as rt
from regtutor.backends.recorder.proxy import RecordingProxy
from regtutor.cli import main
from regtutor.client.auth_files import stored_credentials
from regtutor.client.credentials import Credentials
from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_layout
from regtutor.errors import RegtutorError
from regtutor.exchange import Exchange, Transcript
from regtutor.formats.curl.script import script_of
from regtutor.formats.har.writing import har_of
from regtutor.formats.html import comparison, findings, records
from regtutor.formats.html.page import page_of
from regtutor.formats.markdown import markdown_of
from regtutor.formats.svg import svg_of
from regtutor.message import Request
from regtutor.protocol.challenges import Challenge
from regtutor.walks import progress_bar
from tests.planted import (
    BEARER,
    COOKIE,
    HEADERS,
    IDENTITY,
    PASSWORD,
    REFRESH,
    SECRETS,
    SIGNED,
    SIGNED_QUERIES,
    USER,
    echo,
    leaks,
    signed,
    spellings,
)

TYPES = ("text/html", "application/json", "application/xml")
BASIC = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def sent_to(url: str) -> list[Exchange]:
    """Requests with a secret in every place, to a server that repeats them."""
    plain = rt.connect(url)
    challenge = Challenge("Bearer", {"realm": f"{url}/token?{signed('sig')}", "service": "s", "scope": "a:b:pull"})
    exchanges = []
    for kind in TYPES:
        ask = Request("check_api", "GET", "/v2/", (("Accept", kind),))
        exchanges += [reg.send(ask) for reg in (plain.with_auth(USER, PASSWORD), rt.with_token(plain, BEARER))]
    exchanges += [plain.send(Request("get_blob", "GET", f"/b?{signed(name)}")) for name in SIGNED_QUERIES]
    exchanges += [plain.send(Request("check_api", "GET", "/v2/", ((name, PASSWORD),))) for name in HEADERS]
    exchanges.append(plain.send(Request("check_api", "GET", "/v2/", (("Cookie", f"a=b; session={COOKIE}"),))))
    exchanges.append(rt.request_token(plain, challenge, username=USER, password=PASSWORD))
    exchanges.append(rt.request_token(plain, challenge, method="POST", username=USER, password=PASSWORD))
    exchanges.append(rt.request_token(plain, challenge, method="POST", refresh_token=REFRESH))
    return exchanges


@pytest.fixture(scope="module")
def transcript() -> Transcript:
    with echo() as url:
        return Transcript.of(sent_to(url), "planted")


def each(show: Callable[[Exchange], Any]) -> Callable[[Transcript], str]:
    return lambda transcript: "\n".join(str(show(exchange)) for exchange in transcript)


FORMS: dict[str, Callable[[Transcript], str | bytes]] = {
    "repr": lambda transcript: f"{transcript!r} {transcript.exchanges!r}",
    "str": str,
    "body": each(lambda exchange: (exchange.content, exchange.request.body.preview, exchange.text)),
    "fields": each(lambda exchange: (exchange.url, exchange.location, exchange.error, exchange.events, exchange.token)),
    "pickle": pickle.dumps,
    "curl": each(rt.curl),
    "script": lambda transcript: script_of(transcript, Path(".")),
    "HAR": har_of,
    "Markdown": markdown_of,
    "SVG": svg_of,
    "page": page_of,
    "HTML": lambda transcript: records.transcript_html(transcript, most=10_000),
    "HTML of each": each(records.exchange_html),
    "explanation": lambda transcript: str(rt.explain(transcript)),
    "explanation as JSON": lambda transcript: json.dumps(rt.explain(transcript).as_json()),
    "explanation as HTML": lambda transcript: findings.explanation_html(rt.explain(transcript)),
    "findings of each": each(rt.explain),
    "challenges": each(rt.challenges),
    "summary": lambda transcript: rt.summary_table(transcript).to_csv(),
    "headers": lambda transcript: rt.headers_table(transcript).to_csv(),
    "findings": lambda transcript: rt.findings_table(transcript[0]).to_csv(),
    "timeline": lambda transcript: json.dumps(rt.TranscriptView(transcript).get_state(), default=str),
    "view": each(lambda exchange: json.dumps(rt.ExchangeView(exchange).get_state(), default=str)),
}
"""Everything that shows or saves a transcript."""


@pytest.mark.parametrize("form", FORMS)
def test_a_transcript(form: str, transcript: Transcript) -> None:
    shown = FORMS[form](transcript)
    assert shown and leaks(shown) == []


def test_the_server_did_repeat_them_and_the_search_finds_each_spelling(transcript: Transcript) -> None:
    assert "<redacted>" in str(transcript) and len(transcript) > 40
    for secret in SECRETS:
        for spelling in spellings(secret):
            assert leaks(f"a {spelling} b"), spelling


@pytest.mark.parametrize("suffix", [".json", ".har", ".sh", ".md", ".svg", ".html"])
def test_a_file(suffix: str, transcript: Transcript, tmp_path: Path) -> None:
    path = tmp_path / f"planted{suffix}"
    rt.save(transcript, path) if suffix == ".json" else rt.export(transcript, path)
    assert leaks(path.read_bytes()) == []


def test_what_another_program_printed(tmp_path: Path) -> None:
    """curl -v and HAR, written by programs that do not redact."""
    target = f"/v2/?{signed('X-Amz-Signature')}"
    lines = (
        f"* Server auth using Basic with user '{USER}'",
        f"> GET {target} HTTP/1.1",
        "> Host: registry.example",
        f"> Authorization: Basic {BASIC}",
        f"> X-Registry-Auth: {IDENTITY}",
        ">",
        "< HTTP/1.1 307 Temporary Redirect",
        f"< Location: https://{USER}:{quote(PASSWORD, safe='')}@cdn.example/x?{signed('sig')}",
        f"< Set-Cookie: a={SIGNED}",
        "<",
    )
    (tmp_path / "curl.txt").write_text("\n".join(lines))
    header = [{"name": "Authorization", "value": f"Bearer {BEARER}"}]
    entry = {
        "request": {"method": "GET", "url": f"https://h{target}", "headers": header, "httpVersion": "HTTP/1.1"},
        "response": {
            "status": 200,
            "headers": [],
            "content": {"mimeType": "application/json", "text": f'{{"token": "{BEARER}"}}'},
        },
    }
    (tmp_path / "other.har").write_text(json.dumps({"log": {"version": "1.2", "entries": [entry]}}))
    for name in ("curl.txt", "other.har"):
        loaded = rt.load(tmp_path / name)
        assert (
            len(loaded) == 1 and leaks(f"{loaded} {har_of(loaded)} {rt.explain(loaded)} {pickle.dumps(loaded)!r}") == []
        )


def test_a_recorded_client() -> None:
    with echo() as url, RecordingProxy(url) as proxy:
        sent_to(proxy.url)
        recorded = proxy.transcript
    assert len(recorded) > 40
    found = {form: leaks(FORMS[form](recorded)) for form in ("str", "body", "fields", "pickle", "HAR")}
    assert {form: secrets for form, secrets in found.items() if secrets} == {}


def raising(url: str, tmp_path: Path) -> dict[str, Callable[[], object]]:
    """Calls that fail, each with a secret among its arguments."""
    closed, quoted = "http://127.0.0.1:9", quote(PASSWORD, safe="")
    challenge = Challenge("Bearer", {"realm": f"ftp://{USER}:{quoted}@x/?{signed('sig')}"})
    plain = rt.connect(url)
    return {
        "userinfo": lambda: rt.login(rt.connect(f"http://{USER}:{quoted}@{url[7:]}")),
        "no connection": lambda: rt.check_api(rt.connect(f"http://{USER}:{quoted}@{closed[7:]}")),
        "a path": lambda: rt.connect(f"http://{USER}:{quoted}@h/x?{signed('sig')}"),
        "no URL": lambda: rt.connect(f"{USER}:{quoted}@h:port"),
        "a proxy": lambda: rt.check_api(
            rt.connect("http://registry.example", proxies={"http": f"http://{USER}:{quoted}@127.0.0.1:9"})
        ),
        "no proxy": lambda: rt.connect("http://h", proxies=f"http://{USER}:{quoted}@127.0.0.1:9"),
        "a password": lambda: Credentials("a:b", PASSWORD),
        "a token": lambda: rt.with_token(plain, f"{BEARER} {BEARER}"),
        "a login": lambda: rt.login(plain, USER, PASSWORD),
        "a push": lambda: rt.push_image(
            plain.with_auth(USER, PASSWORD), rt.sample_image(), "a/b", "v1", progress=False
        ),
        "a signed address": lambda: plain.send(Request("get_blob", "GET", f"x?{signed('X-Amz-Signature')}")),
        "a realm": lambda: rt.request_token(plain, challenge, username=USER, password=PASSWORD),
        "a registry": lambda: rt.open_registry(f"{USER}:{quoted}@h:port"),
        "an option": lambda: rt.open_registry(f"http://{USER}:{quoted}@h", tls=True),
        "an auth file": lambda: stored_credentials("h", path=tmp_path / "auth.json"),
        "a broken auth file": lambda: stored_credentials("h", path=tmp_path / "broken.json"),
        "a policy": lambda: rt.open_registry("embedded", auth="token", users={"a:b": PASSWORD}),
    }


@pytest.mark.parametrize("case", raising("http://127.0.0.1:9", Path(os.devnull)))
def test_an_error_with_its_traceback(case: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    (tmp_path / "auth.json").write_text(json.dumps({"auths": {"h": {"auth": f"{BASIC}!"}}}))
    (tmp_path / "broken.json").write_text(f'{{"auths": {{"h": {{"auth": "{BASIC}"')
    with echo() as url, pytest.raises(RegtutorError) as caught:
        raising(url, tmp_path)[case]()
    error = caught.value
    shown = [str(error), repr(error), str(vars(error)), caplog.text, str(error.exchange), str(error.transcript)]
    assert leaks("".join([*shown, *traceback.format_exception(error)])) == []


LOCKED = {"auth": "token", "users": {USER: PASSWORD}}


def test_a_push_with_its_progress_its_log_and_its_widgets(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(progress_bar, "LONG", 1)
    caplog.set_level(logging.DEBUG)
    with rt.open_registry("embedded", **LOCKED) as reg:
        login = rt.login(reg, USER, PASSWORD)
        token = login.token
        assert token is not None
        live = token.follow()
        pushed = rt.push_image(login.registry, rt.sample_image(), "a/b", "v1")
        card = rt.probe(login.registry, "a/b", "v1")
        compared = rt.compare(rt.check_api, [login.registry, reg])
        stepper = rt.PushStepper(login.registry, rt.sample_image(), "a/c", "v1")
        stepper.send()
        shown = [login, login.registry, vars(login), pushed, card, card.as_json(), compared, compared.table.to_csv()]
        html = [records.registry_html(login.registry), comparison.card_html(card), comparison.comparison_html(compared)]
        states = [json.dumps(widget.get_state(), default=str) for widget in (stepper, *_inner(stepper))]
        text = "".join(map(str, [*shown, *html, *states, reg.logs(), reg.host, reg.why]))
    everything = text + "".join(capfd.readouterr()) + caplog.text
    assert "B/s" in everything, "there was a progress bar"
    assert leaks(everything) == [] and live not in everything


def _inner(widget: Any) -> list[Any]:
    return [inner for child in getattr(widget, "children", ()) for inner in (child, *_inner(child))]


def test_the_log_of_a_registry_has_no_signature() -> None:
    with rt.open_registry("embedded", quiet=True) as reg:
        for name in SIGNED_QUERIES:
            reg.send(Request("check_api", "GET", f"/v2/?{signed(name)}", (("Authorization", f"Bearer {BEARER}"),)))
        assert reg.logs().count("GET /v2/") == len(SIGNED_QUERIES) and leaks(reg.logs()) == []


COMMANDS = {
    "push": ("push", "{image}", "{host}/a/b:v1", "--username", USER, "--password-stdin"),
    "tags": ("tags", "http://{userinfo}@{host}/a/b"),
    "check": ("check", "http://{userinfo}@{host}"),
    "request": ("request", "GET", "{host}/b?{signed}", "-H", f"Authorization: Bearer {BEARER}"),
    "login": ("login", "{host}", "--username", USER, "--password-stdin", "--authfile", "{home}/auth.json"),
    "probe": ("probe", "{host}", "--token", BEARER),
    "explain": ("explain", "-"),
    "serve": ("serve", "--auth", "token", "--htpasswd", "{home}/none"),
}
ADDRESS = f"https://{USER}:{quote(PASSWORD, safe='')}@h/x?{signed('sig')}"
PRINTED = f'Error: Get "{ADDRESS}": x509: certificate signed by unknown authority'


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_and_the_trace_that_it_leaves(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary, layout = tmp_path / "tmp", sample_layout(tmp_path / "layout", ("v1",))
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("HOME", str(tmp_path))
    quoted = quote(PASSWORD, safe="")
    with echo() as url:
        values = {
            "image": layout,
            "host": url[7:],
            "userinfo": f"{USER}:{quoted}",
            "signed": signed("sig"),
            "home": tmp_path,
        }
        arguments = [part.format(**values) for part in COMMANDS[command]]
        text = PRINTED if command == "explain" else f"{PASSWORD}\n"
        done = CliRunner().invoke(main, arguments, input=text)
    traces = [path.read_text() for path in temporary.glob("regtutor-*.json")]
    assert done.output and leaks(done.output + "".join(traces)) == []
    assert traces or command not in ("push", "tags", "login")


CELLS = (
    "import os, regtutor as rt\nreg = rt.open_registry('embedded', auth='token', users={'ann': os.environ['PLANTED']})",
    "login = rt.login(reg, 'ann', os.environ['PLANTED'])\nlogin.transcript",
    "push = rt.push_image(login.registry, rt.sample_image(), 'a/b', 'v1')\npush",
    "rt.TranscriptView(push)",
    "rt.PushStepper(login.registry, rt.sample_image(), 'a/c', 'v1')",
    "rt.explain(push)",
    "rt.login(reg, 'ann', os.environ['PLANTED'] + '2')",
    "vars(login), login.registry.armed, login.registry.credentials",
)


@pytest.mark.notebook
def test_a_saved_notebook(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PLANTED", PASSWORD)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    NotebookClient(notebook, timeout=120, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}}).execute()
    nbformat.write(notebook, tmp_path / "saved.ipynb")
    saved = (tmp_path / "saved.ipynb").read_text()
    assert "widget-state" in saved and "TokenRefused" in saved
    assert leaks(saved) == [] and "eyJ" not in saved


def test_a_registry_and_its_credentials_have_no_repr_of_a_secret() -> None:
    reg: Registry = rt.connect("http://h").with_auth(USER, PASSWORD)
    shown = [
        reg,
        reg.armed,
        reg.credentials,
        vars(reg),
        Credentials(USER, "", IDENTITY),
        rt.with_token(reg, BEARER).armed,
    ]
    assert leaks(f"{shown!r} {[str(each) for each in shown]}") == []
