"""How findings look: as text, as HTML, as a table, and in a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import regtutor as rt
from regtutor.cli import main
from regtutor.errors import InvalidArgument
from regtutor.exchange import Exchange
from regtutor.findings import Findings
from regtutor.findings.finding import Finding
from regtutor.formats.html.findings import explanation_html, findings_html
from regtutor.protocol.citations import HTTP, LEVELS, Citation, Level
from regtutor.protocol.digests import sha256
from regtutor.tables import findings_table
from regtutor.widgets.exchange.exchange_data import exchange_data
from tests.findings.records import (
    DELETE,
    PATCH,
    exchange,
    refused,
)

# How findings look.

ORDER = ["request", "request header", "interim", "request body", "response", "response header", "response body"]


def test_the_lines_stand_in_the_order_of_the_message_and_the_diagnoses_after_them() -> None:
    with rt.open_registry("in_process", quiet=True) as reg:
        start = rt.start_upload(reg, "library/hello")
        findings = rt.explain(rt.put_blob(reg, start.location, b"abc", digest=sha256(b"x")))
    parts = list(dict.fromkeys(item.part for item in findings if item.kind == "line"))
    assert parts == [*ORDER, "error code"]
    kinds = [item.kind for item in findings]
    assert kinds == sorted(kinds, reverse=True)


def test_as_text_each_line_is_followed_by_its_meaning_and_the_clause() -> None:
    lines = str(rt.explain(exchange(**PATCH, status=202, received=(("Range", "0-41"), ("Location", "/x"))))).split("\n")
    after = lines[lines.index("< Range: 0-41") + 1]
    assert after.startswith("    the session holds 42 bytes")
    assert after.endswith("spec.md#pushing-a-blob-in-chunks>]")


CLAUSE = Citation(HTTP, "6.6.1 Date", "section-6.6.1")


@pytest.mark.parametrize(
    ("rule", "condition", "citation", "shown"),
    [
        ("required", "", CLAUSE, "[required: RFC 9110, 6.6.1 Date <"),
        ("required", "if the server has a clock", CLAUSE, "[required if the server has a clock: RFC 9110, 6."),
        ("not in the registry documents", "", CLAUSE, "[not in the registry documents; defined in RFC 9110, 6."),
        ("not in the registry documents", "", None, "[not in the registry documents]"),
    ],
)  # fmt: skip
def test_the_rule_is_shown_with_its_condition_and_its_clause(
    rule: Level, condition: str, citation: Citation | None, shown: str
) -> None:
    finding = Finding("< Date: x", "response header", "Date", "x", "a date", rule, citation, condition=condition)
    assert finding.rule == finding.level == rule
    assert shown in finding.as_text()
    assert f"<i>({finding.badge}" in findings_html(Findings((finding,)))
    assert list(findings_table([finding])["condition"].fillna("")) == [condition]


def test_control_characters_steer_neither_a_terminal_nor_a_page() -> None:
    findings = rt.explain(exchange(received=(("X-Odd", "\x1b[2J<script>alert(1)</script>"),)))
    assert "\x1b" not in str(findings)
    assert "\x1b" not in findings_html(findings)
    assert "<script" not in findings_html(findings)


def test_as_html_each_line_opens_to_its_meaning_without_script_or_style_sheet() -> None:
    findings = rt.explain(refused(405, "UNSUPPORTED", **DELETE, received=(("Allow", "GET"),)))
    shown = findings_html(findings)
    assert shown.count("<details>") == shown.count("</details>") == len(findings) - len(findings.diagnoses)
    assert "<style" not in shown
    assert "deletion is switched off" in shown


def test_as_a_table_each_finding_is_a_row_of_the_same_types_also_where_there_is_none() -> None:
    findings = rt.explain(refused(405, "UNSUPPORTED", **DELETE, received=(("Allow", "GET"),)))
    table, empty = findings_table(findings), findings_table(Findings())
    assert list(table["name"]) == [item.name for item in findings]
    assert list(table.dtypes) == list(empty.dtypes)
    assert table["next"].notna().sum() == len(findings.diagnoses) == 1


def test_a_part_of_the_findings_is_findings() -> None:
    findings = rt.explain(exchange())
    assert isinstance(findings[:1], Findings)
    assert findings[0] == findings[:1][0]


def test_what_is_no_exchange_is_refused_by_name() -> None:
    with pytest.raises(InvalidArgument, match="Request"):
        rt.explain(rt.draft(rt.check_api))  # type: ignore[call-overload]


def refusal() -> Exchange:
    return refused(405, "UNSUPPORTED", message="not\x1bhere", **DELETE, received=(("Allow", "GET"),))


def test_what_stands_out_comes_first_as_text_and_as_html() -> None:
    findings = rt.explain(refusal())
    lines = findings.as_text().split("\n")
    assert lines[1].startswith("! deletion is switched off")
    assert [line[:1] for line in lines[3:] if line[:1] in "><"][:1] == [">"]
    html = findings_html(findings)
    assert html.index("next:") < html.index("<details>")
    assert len(findings.as_text(brief=True).split("\n")) < 6


def test_nothing_is_drawn_as_a_line_of_the_wire_that_did_not_go_over_it() -> None:
    made = refusal()
    marked = [line for line in rt.explain(made).as_text().split("\n") if line.startswith(("> ", "< "))]
    assert set(marked) <= {*made.as_text().split("\n")}
    assert "    UNSUPPORTED: not\\x1bhere" in rt.explain(made).as_text().split("\n")
    line = exchange_data(made)["lines"][-1]
    assert (line["way"], line["head"], line["rest"]) == ("inside", "UNSUPPORTED:", "not\\x1bhere")


def test_each_badge_that_is_shown_is_in_the_legend() -> None:
    findings = rt.explain(refusal())
    rules = {item.rule for item in findings}
    assert {rule for rule in LEVELS if f"*   {rule}: " in findings.as_text()} == rules
    assert {rule for rule in LEVELS if f"<b>{rule}</b>: " in findings_html(findings)} == rules
    assert {row["rule"] for row in exchange_data(refusal())["levels"]} == rules


def test_a_transcript_is_explained_with_the_cause_first() -> None:
    transcript = rt.Transcript.of([exchange(), refusal()], "two", ["a note"])
    explanation = rt.explain(transcript)
    assert [len(each) for each in explanation] == [len(rt.explain(each)) for each in transcript]
    assert explanation.cause is not None and explanation.cause in explanation.diagnoses
    text = explanation.as_text()
    assert text.startswith("2 exchanges; 1 with a diagnosis\nThe cause:\n! deletion is switched off")
    assert "* a note" in text
    assert len(explanation.as_text(brief=True)) < len(text) / 2
    plain = explanation.as_json()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["cause"]["name"] == explanation.cause.name
    assert "lines" not in explanation.as_json(brief=True)["exchanges"][0]
    html = explanation_html(explanation)
    assert "a note" in html and html.count("<details>") == html.count("</details>")


# In a terminal.


def test_the_command_explains_every_exchange_of_a_saved_transcript(tmp_path: Path) -> None:
    rt.save([exchange(), refused(405, "UNSUPPORTED", **DELETE, received=(("Allow", "GET"),))], tmp_path / "push.json")
    done = CliRunner().invoke(main, ["explain", str(tmp_path / "push.json")])
    assert done.exit_code == 0
    assert done.output.count("\n* get_blob") + done.output.count("\n* delete_blob") == 2
    assert "! deletion is switched off" in done.output


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"format": "regtutor-transcript/9"}'])
def test_the_command_ends_with_2_and_says_why_for_a_bad_file(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "bad.json"
    if content is not None:
        path.write_bytes(content)
    done = CliRunner().invoke(main, ["explain", str(path)])
    assert done.exit_code == 2
    assert "bad.json cannot be loaded" in done.stderr


@pytest.mark.parametrize("flags", [("--brief",), ("--json",), ("--brief", "--json")])
def test_the_command_prints_only_what_stands_out_or_json(tmp_path: Path, flags: tuple[str, ...]) -> None:
    rt.save([exchange(), refusal()], tmp_path / "push.json")
    done = CliRunner().invoke(main, ["explain", str(tmp_path / "push.json"), *flags])
    assert done.exit_code == 0
    assert "deletion is switched off" in done.output
    assert ("Allow: GET" in done.output) == ("--brief" not in flags)
    if "--json" in flags:
        assert json.loads(done.output)["cause"]["name"] == "deletion is switched off"
