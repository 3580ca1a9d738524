"""Messages of other clients: each is found in what a client prints, and the page is made from them."""

from __future__ import annotations

import json
import time

import pytest
from click.testing import CliRunner

from regtutor.cli import main
from regtutor.findings.client_messages import CLIENT_MESSAGES
from regtutor.findings.found_messages import LIMIT, messages_in
from tests.findings.messages_page import PAGE, page

PRINTED = {
    "docker, HTTP": (
        "The push refers to repository [10.0.0.15:5000/hello]\n"
        "Get https://10.0.0.15:5000/v2/: http: server gave HTTP response to HTTPS client",
        ["http: server gave HTTP response to HTTPS client"],
        "10.0.0.15:5000",
    ),
    "docker, 413": (
        "error parsing HTTP 413 response body: invalid character '<' looking for beginning of value: "
        '"<html>\\r\\n<head><title>413 Request Entity Too Large</title></head>"',
        ["error parsing HTTP 413 response body: invalid character '<'"],
        "HOST",
    ),
    "docker, proxy": (
        "Error response from daemon: Get https://registry-1.docker.io/v2/: proxyconnect tcp: tls: first record does "
        "not look like a TLS handshake",
        ["proxyconnect tcp: tls: first record does not look like a TLS handshake"],
        "registry-1.docker.io",
    ),
    "skopeo, a page": (
        'level=fatal msg="writing blob: uploading layer chunked: StatusCode: 400, \\"<html><body><h1>400 Bad request"',
        ["error parsing HTTP 400 response body: invalid character '<' looking for beginning of value"],
        "HOST",
    ),
    "containerd, HEAD": (
        'failed to resolve reference "ghcr.io/a/b:latest": unexpected status from HEAD request to '
        "https://ghcr.io/v2/a/b/manifests/latest: 403 Forbidden",
        ["unexpected status from HEAD request to https://HOST/v2/...: 403 Forbidden"],
        "ghcr.io",
    ),
    "podman, CA": (
        'pinging container registry r.example:5000: Get "https://r.example:5000/v2/": tls: failed to verify '
        "certificate: x509: certificate signed by unknown authority",
        ["x509: certificate signed by unknown authority"],
        "r.example:5000",
    ),
    "crane": (
        "Error: PUT http://localhost:8080/v2/ns2/fn/manifests/latest: MANIFEST_INVALID: manifest invalid; map[]",
        ["manifest invalid"],
        "localhost:8080",
    ),
    "helm": (
        'Error: media type "application/vnd.oci.image.config.v1+json" is not allowed, found in descriptor with digest: '
        '"sha256:d167"',
        ['media type "application/vnd.oci.image.config.v1+json" is not allowed, found in descriptor'],
        "HOST",
    ),
    "docker, session": ("blob upload unknown", ["blob upload unknown"], "HOST"),
    "docker, token": ("5f70bf18a086: Pushed\nunauthorized: authentication required", None, "HOST"),
}


@pytest.mark.parametrize("name", PRINTED)
def test_a_message_is_found_and_names_the_registry(name: str) -> None:
    text, shown, host = PRINTED[name]
    found = messages_in(text)
    assert [each.message.shown for each in found] == (shown or ["unauthorized: authentication required"])
    assert {each.host for each in found} == {host}
    assert all("HOST" not in each.next for each in found) or host == "HOST"


@pytest.mark.parametrize("row", CLIENT_MESSAGES, ids=lambda row: row.shown[:40])
def test_each_row_is_complete_and_finds_itself(row) -> None:  # type: ignore[no-untyped-def]
    assert row.shown in [each.message.shown for each in messages_in(row.shown)]
    assert all(part == part.lower() for part in row.parts)
    assert row.causes and row.next and row.meaning and not row.meaning.endswith(".")
    assert row.sources and all(url.startswith("https://") for url in row.sources)


def test_there_are_enough_rows_without_duplicates() -> None:
    shown = [row.shown for row in CLIENT_MESSAGES]
    assert len(shown) == len(set(shown)) >= 25
    assert {name for row in CLIENT_MESSAGES for name in row.hides} <= set(shown)


@pytest.mark.parametrize("text", ["repository [" * LIMIT, "https://" * LIMIT, "a" * LIMIT * 4, "\u0130" * LIMIT])
def test_a_long_text_is_searched_in_linear_time(text: str) -> None:
    start = time.perf_counter()
    messages_in(text)
    assert time.perf_counter() - start < 2


def test_the_page_is_made_from_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.findings.messages_page"


def test_the_command_explains_what_another_client_printed() -> None:
    text = PRINTED["docker, HTTP"][0]
    done = CliRunner().invoke(main, ["explain", "-"], input=text)
    assert done.exit_code == 0
    assert "regtutor check http://10.0.0.15:5000" in done.output and "a sign of it" in done.output
    done = CliRunner().invoke(main, ["explain", "-", "--json"], input=text)
    assert json.loads(done.output)[0]["next"].startswith("regtutor check http://10.0.0.15:5000")


def test_a_text_without_a_known_message_is_still_refused() -> None:
    done = CliRunner().invoke(main, ["explain", "-"], input="nothing of this is known\n")
    assert done.exit_code == 2
    assert "cannot be loaded" in done.stderr
