"""regtutor probe: the card on standard output, the requests on standard error, and nothing changed without --write."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

import regtutor as rt
from regtutor.cli import main


def probe(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["probe", *arguments])


def test_it_prints_the_card_and_reports_each_request(reg: rt.Registry) -> None:
    done = probe(reg.url)
    assert done.exit_code == 0
    assert "  API version " in done.stdout and "[allowed, Determining Support]" in done.stdout
    assert "200  check_api" in done.stderr
    assert "POST" not in reg.logs() and "PUT" not in reg.logs()


def test_write_json_and_trace_hold_the_proof(reg: rt.Registry, tmp_path: Path) -> None:
    done = probe(reg.url, "--write", "--json", "--quiet", "--trace", str(tmp_path / "probe.json"))
    card = json.loads(done.stdout)
    single = next(each for each in card["capabilities"] if each["name"] == "single POST")
    assert (single["outcome"], single["summary"]) == ("yes", "201, then 200")
    assert [each["status"] for each in single["exchanges"]] == [201, 200]
    assert len(rt.load(tmp_path / "probe.json")) > 100
    assert "GET /v2/" not in done.stderr


def test_a_repository_and_a_tag_can_be_named(reg: rt.Registry) -> None:
    for name in ("library/one", "library/two"):
        rt.push_image(reg, rt.sample_image(), name, "v1", progress=False)
    done = probe(reg.url, "--repository", "library/two", "--tag", "v1", "-q")
    assert "The probe read library/two:v1 and changed nothing" in done.stdout


def test_a_registry_that_does_not_respond_is_status_1() -> None:
    done = probe("127.0.0.1:9", "-q")
    assert done.exit_code == 1
    assert "not tried" in done.stdout and "nothing listens on that port" in done.stdout


def test_a_malformed_address_is_status_2() -> None:
    assert probe("http://127.0.0.1:5000/v2/").exit_code == 2
