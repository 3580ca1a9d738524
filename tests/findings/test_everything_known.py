"""Nothing that the bundled registries answer is unknown to explain(): as recorded, and as it stands in their source."""

from __future__ import annotations

import ast
import re
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

import regtutor as rt
import regtutor.server
from regtutor.exchange import Exchange
from regtutor.server.quirks.table import PROFILES
from tests.contract.conducting import InProcessSender, conduct
from tests.contract.table import ROWS
from tests.findings.records import (
    Recording,
    refused,
)
from tests.walks.artifacts import artifact


def walked(reg: rt.Registry, directory: Path) -> list[Exchange]:
    """Everything that the walks send: pushes of each kind, a mount, lists, a pull, referrers, a deletion."""
    image, made = rt.sample_image(), [rt.check_api(reg)]
    for upload in ("monolithic", "chunked", "streamed"):
        made += rt.push_image(reg, image, f"walks/{upload}", "v1", upload=upload, chunk_size=900, progress=False)
    made += rt.push_image(reg, image, "walks/mounted", "v1", mount_from="walks/chunked", progress=False)
    made += [rt.list_tags(reg, "walks/chunked"), rt.list_repositories(reg)]
    made += rt.pull_image(reg, "walks/streamed", "v1", directory / "layout", progress=False)
    made += rt.push_image(
        reg, artifact(image.manifest, "application/vnd.example.signature"), "walks/chunked", "signature", progress=False
    )
    made += rt.list_referrers(reg, "walks/chunked", image.manifest.digest).transcript
    start = rt.start_upload(reg, "walks/cancelled")
    made += [start, rt.get_upload(reg, start.location), rt.cancel_upload(reg, start.location)]
    return made + list(rt.delete_image(reg, "walks/mounted", "v1"))


def test_nothing_in_the_walks_is_unknown_and_each_line_is_explained(reg: rt.Registry, tmp_path: Path) -> None:
    for exchange in walked(reg, tmp_path):
        findings = rt.explain(exchange)
        assert findings.unknown == ()
        lines = [item for item in findings if item.kind == "line"]
        assert response_lines(exchange) == [item.line for item in lines if item.line in response_lines(exchange)]
        assert all(item.meaning and item.citation and not item.next for item in lines)


def response_lines(exchange: Exchange) -> list[str]:
    assert exchange.response is not None
    response = exchange.response
    return [f"< {response.start_line}", *(f"< {name}: {value}" for name, value in response.headers)]


def test_a_push_and_a_pull_that_go_well_are_not_diagnosed(reg: rt.Registry, tmp_path: Path) -> None:
    made = rt.push_image(reg, rt.sample_image(), "well/done", "v1", upload="chunked", chunk_size=900, progress=False)
    made += rt.pull_image(reg, "well/done", "v1", tmp_path / "layout", progress=False)
    assert [(e.step, d.name) for e in made for d in rt.explain(e).diagnoses] == []


def test_nothing_that_the_contract_makes_a_registry_answer_is_unknown(reg: rt.Registry) -> None:
    recording = Recording(reg)
    for number, row in enumerate(ROWS):
        conducted(row, number, recording)
    seen = {exchange.status for exchange in recording.made}
    assert {200, 201, 202, 204, 400, 404, 405, 416} <= seen
    for exchange in recording.made:
        findings = rt.explain(exchange)
        assert findings.unknown == (), exchange
        assert all(item.next and item.citation for item in findings.diagnoses), exchange


def conducted(row: Any, number: int, recording: Recording) -> None:
    """One row; what its answer must be is not asked here. An answer that breaks off is none for the sender."""
    count = len(recording.made)
    try:
        conduct(row, number, InProcessSender(recording))  # type: ignore[arg-type]
    except AssertionError:
        assert len(recording.made) > count
        assert recording.made[-1].response is None or recording.made[-1].error


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_nothing_that_a_quirk_makes_a_registry_answer_is_unknown(profile: str) -> None:
    with rt.open_registry("in_process", quiet=True, quirks=profile) as opened:
        recording = Recording(opened)
        for number, row in enumerate(ROWS):
            conducted(row, number, recording)
    assert {301, 500} <= {exchange.status for exchange in recording.made}
    assert [(item.line, made) for made in recording.made for item in rt.explain(made).unknown] == []


# As it stands in the source: what a registry could send that no test makes it send.

SERVER = Path(regtutor.server.__file__).parent
NO_HEADERS = {"SHA-1"}
NO_CODES = {"UUID", "O_BINARY", "O_NONBLOCK", "RLIMIT_NOFILE", "RLIM_INFINITY"}


def constants(kind: type) -> set[Any]:
    """Every literal of a type in the embedded registry's source."""
    trees = [ast.parse(path.read_text()) for path in SERVER.rglob("*.py")]
    found = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {value for value in found if type(value) is kind}


def literals() -> tuple[set[int], set[str], set[str]]:
    """Statuses, error codes and header names."""
    texts = constants(str)
    headers = {text for text in texts if re.fullmatch(r"[A-Z][A-Za-z]+(-[A-Z0-9][A-Za-z0-9]*)+", text)}
    first = {pair[0] for pair in re.findall(r'\("([A-Z][a-z]+)", (f?"|[a-z])', sources())}
    codes = {text for text in texts if re.fullmatch(r"[A-Z]+(_[A-Z]+)+", text)}
    codes |= set(re.findall(r'(?:Refusal|Fault)\(\s*"([^"]*)"', sources()))
    statuses = {number for number in constants(int) if number in {status.value for status in HTTPStatus}}
    return statuses, codes - NO_CODES, (headers | first) - NO_HEADERS


def sources() -> str:
    return "\n".join(path.read_text() for path in sorted(SERVER.rglob("*.py")))


def test_the_source_of_the_registry_holds_what_is_looked_for_in_it() -> None:
    statuses, codes, headers = literals()
    assert {200, 201, 202, 204, 206, 301, 304, 400, 404, 405, 408, 413, 416, 500} <= statuses
    assert {"DIGEST_INVALID", "UNSUPPORTED", "UNKNOWN", "PAGINATION_NUMBER_INVALID"} <= codes
    assert {"Docker-Upload-UUID", "OCI-Chunk-Min-Length", "WWW-Authenticate", "Location", "Range", "Allow"} <= headers


def test_nothing_that_stands_in_the_source_of_the_registry_is_unknown() -> None:
    statuses, codes, headers = literals()
    lines = tuple((name, "x") for name in sorted(headers))
    made = [refused(status, *codes, sent=lines, received=lines) for status in statuses]
    assert {item.name for one in made for item in rt.explain(one).unknown} == set()
