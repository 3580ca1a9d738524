"""Tables: fixed columns and dtypes, nothing lost, and nothing that was not sent."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import groupby

import pandas as pd
import pytest

from regtutor.exchange import BodyRecord, Exchange, Interim, RequestRecord, ResponseRecord, Transcript, WireEvent
from regtutor.findings import explain
from regtutor.message import HeaderList, Request
from regtutor.tables import bytes_table, diff_table, findings_table, headers_table, layers_table, summary_table, whole

DIGEST = "sha256:" + "ab" * 32
SESSION = "/v2/library/hello/blobs/uploads/0af9?_state=xyz"


def exchange(
    step: str = "check_api",
    method: str = "GET",
    target: str = "/v2/",
    *,
    sent: HeaderList = (("Host", "127.0.0.1:5000"),),
    status: int | None = 200,
    received: HeaderList = (),
    up: BodyRecord | None = None,
    interims: tuple[Interim, ...] = (),
) -> Exchange:
    response = None if status is None else ResponseRecord(status, "Reason", received, BodyRecord(2, DIGEST, b"{}"))
    return Exchange(
        step,
        f"http://127.0.0.1:5000{target}",
        RequestRecord(method, target, sent, up or BodyRecord()),
        response,
        interims,
        (WireEvent(0.0, "connected"), WireEvent(0.0125, "body received", 2)),
        error="" if status else "the connection was closed",
    )


START = exchange(
    "start_upload",
    "POST",
    "/v2/library/hello/blobs/uploads/",
    status=202,
    received=(("Date", "today"), ("Location", SESSION), ("X-Empty", ""), ("Warning", "one"), ("warning", "two")),
)
PUT = exchange(
    "put_blob",
    "PUT",
    SESSION + "&digest=" + DIGEST,
    sent=(("Host", "127.0.0.1:5000"), ("Expect", "100-continue")),
    status=201,
    received=(("Docker-Content-Digest", DIGEST), ("date", "today")),
    up=BodyRecord(7, DIGEST, b"1234567", "sent"),
    interims=(Interim(100, "Continue", (("X-Interim", "yes"),)),),
)
LOST = exchange(status=None)


def test_headers_are_matched_without_case_and_spelled_as_first_received() -> None:
    table = headers_table([START, PUT])
    assert list(table.index.names) == ["side", "header"]
    assert list(table.columns) == ["1 start_upload 202", "2 put_blob 201"]
    assert list(table.index) == [
        ("response", name) for name in ("Date", "Location", "X-Empty", "Warning", "Docker-Content-Digest")
    ]
    assert table.loc[("response", "Date"), "2 put_blob 201"] == "today"


def test_a_missing_header_is_na_and_an_empty_one_is_empty() -> None:
    table = headers_table([START, PUT])
    assert table.loc[("response", "Location"), "2 put_blob 201"] is pd.NA
    assert table.loc[("response", "X-Empty"), "1 start_upload 202"] == ""
    assert "<NA>" in table.to_string()


def test_a_repeated_header_is_one_cell_with_a_line_for_each_value() -> None:
    assert headers_table(START).loc[("response", "Warning"), "1 start_upload 202"] == "one\ntwo"


def test_the_request_side_and_both_sides() -> None:
    assert list(headers_table([START, PUT], side="request").index) == [("request", "Host"), ("request", "Expect")]
    both = headers_table([START, PUT], side="both")
    assert both.index[0] == ("request", "Host")
    assert both.index[-1] == ("response", "Docker-Content-Digest")
    assert len(both) == 7


def test_an_exchange_without_an_answer_has_a_column_of_na() -> None:
    table = headers_table([START, LOST])
    assert table.columns[1] == "2 check_api -"
    assert table["2 check_api -"].isna().all()


@pytest.mark.parametrize("several", [START, [START], Transcript.of([START]), iter([START])])
def test_one_exchange_a_list_a_transcript_and_an_iterator_are_taken(several: object) -> None:
    assert headers_table(several).shape == (4, 1)  # type: ignore[arg-type]


def test_interim_headers_stand_only_in_the_table_as_sent() -> None:
    assert "X-Interim" not in headers_table(PUT, side="both").index.get_level_values("header")
    assert headers_table(PUT, as_sent=True).loc[("1 put_blob 201", "interim", 1), "value"] == "yes"


def test_as_sent_keeps_order_spelling_and_duplicates_of_every_exchange() -> None:
    table = headers_table([START, PUT], side="both", as_sent=True)
    assert list(table.index.names) == ["exchange", "side", "position"]
    assert list(table.columns) == ["header", "value"]
    first = table.loc["1 start_upload 202"].loc["response"]
    assert list(zip(first["header"], first["value"], strict=True)) == list(START.response.headers)  # type: ignore[union-attr]
    assert list(table.loc["2 put_blob 201"].loc["request"]["header"]) == ["Host", "Expect"]


def test_a_draft_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="type Request cannot be in this table"):
        headers_table([Request("check_api", "GET", "/v2/")])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="'answer'"):
        headers_table([], side="answer")  # type: ignore[arg-type]


SUMMARY = {
    "step": "string",
    "method": "string",
    "target": "string",
    "status": "Int64",
    "bytes up": "int64",
    "bytes down": "int64",
    "milliseconds": "float64",
    "meaning": "string",
}


def dtypes(table: pd.DataFrame) -> dict[str, str]:
    return {str(name): str(dtype) for name, dtype in table.dtypes.items()}


def test_the_summary_has_a_row_for_each_exchange() -> None:
    table = summary_table(Transcript.of([START, PUT, LOST]))
    assert dtypes(table) == SUMMARY
    assert list(table.index) == [1, 2, 3] and table.index.name == "n"
    assert list(table.loc[2])[:7] == ["put_blob", "PUT", PUT.target, 201, 7, 2, 12.5]
    assert table.loc[2, "meaning"] == "the blob is stored under its digest"
    assert table.loc[3, "status"] is pd.NA
    assert table.loc[3, "meaning"] == "no response: the connection was closed"


def test_a_target_has_its_query_and_neither_host_nor_secrets() -> None:
    def target(sent: str) -> object:
        return summary_table(exchange(target=sent)).loc[1, "target"]

    assert target("http://other:1/v2/a?b=c://d") == "/v2/a?b=c://d"
    assert target("/v2/a?next=http://b/c") == "/v2/a?next=http://b/c"
    assert target("http://other:1") == "/"
    assert target("/v2/token?access_token=secret&n=1") == "/v2/token?access_token=<redacted>&n=1"


def test_a_diff_says_what_is_the_same_and_what_only_one_has() -> None:
    table = diff_table(START, PUT)
    assert dtypes(table) == {"a": "string", "b": "string", "same": "bool"}
    assert list(table.loc[("request", "method")]) == ["POST", "PUT", False]
    assert list(table.loc[("response header", "Date")]) == ["today", "today", True]
    assert table.loc[("response header", "Location"), "b"] is pd.NA
    assert table.loc[("request body", "digest"), "b"] == DIGEST
    assert table.loc[("interim", "status"), "b"] == "100"
    assert table.loc[("response body", "digest"), "same"]
    assert diff_table(PUT, PUT)["same"].all()


def test_a_diff_keeps_the_parts_of_a_message_together() -> None:
    runs = [part for part, _ in groupby(diff_table(START, PUT).index.get_level_values("part"))]
    assert len(runs) == len(set(runs)) == 7


def test_a_diff_with_an_exchange_that_got_no_answer() -> None:
    assert diff_table(START, LOST).loc[("response", "status"), "b"] is pd.NA


class TwoLayers:
    def rows(self) -> list[dict[str, str | int]]:
        return [
            {"media type": "a", "size": 3, "digest": DIGEST, "diff ID": DIGEST},
            {"media type": "b", "size": 2**40, "digest": DIGEST, "diff ID": ""},
        ]


class NoLayers:
    def rows(self) -> list[dict[str, str | int]]:
        return []


LAYERS = {"media type": "string", "size": "int64", "digest": "string", "diff ID": "string"}


def test_layers_keep_whole_digests_and_say_which_diff_id_is_missing() -> None:
    table = layers_table(TwoLayers())
    assert dtypes(table) == LAYERS
    assert table.loc[1, "digest"] == DIGEST
    assert table.loc[2, "diff ID"] is pd.NA
    assert table.loc[2, "size"] == 2**40


def test_the_sample_image_as_a_table() -> None:
    from regtutor.content.sample.image import sample_image

    image = sample_image()
    assert list(layers_table(image)["digest"]) == [layer.digest for layer in image.layers]


def test_what_pushes_cost() -> None:
    mount = exchange("mount_blob", "POST", status=201)
    refused = exchange("mount_blob", "POST", status=202)
    head = exchange("head_blob", "HEAD", status=200)
    table = bytes_table({"first": Transcript.of([START, PUT]), "second": Transcript.of([mount, refused, head])})
    assert list(table.loc["first"]) == [2, 1, 0, 0, 7]
    assert list(table.loc["second"]) == [3, 0, 1, 1, 0]
    assert table.index.name == "push"
    assert set(dtypes(table).values()) == {"int64"}


@pytest.mark.parametrize(
    ("empty", "expected"),
    [
        (summary_table(Transcript()), SUMMARY),
        (layers_table(NoLayers()), LAYERS),
        (bytes_table({}), dict.fromkeys(["requests", "uploads", "mounts", "HEAD 200", "bytes up"], "int64")),
        (headers_table([], as_sent=True), {"header": "string", "value": "string"}),
        (headers_table([]), {}),
    ],
)
def test_nothing_gives_an_empty_frame_with_its_columns_and_dtypes(
    empty: pd.DataFrame, expected: dict[str, str]
) -> None:
    assert len(empty) == 0
    assert dtypes(empty) == expected


def test_empty_headers_tables_keep_their_index() -> None:
    assert list(headers_table([]).index.names) == ["side", "header"]
    assert list(headers_table([], as_sent=True).index.names) == ["exchange", "side", "position"]
    assert dtypes(headers_table([LOST])) == {"1 check_api -": "string"}


def test_whole_shows_digests_uncut_and_line_breaks_and_escapes_what_a_registry_sent() -> None:
    bad = exchange(received=(("X-<b>", "<script>alert(1)</script>"), ("Digest", DIGEST), ("W", "a"), ("W", "b")))
    table = headers_table([bad])
    shown = whole(table)._repr_html_()
    assert DIGEST in shown and DIGEST in repr(whole(table))
    assert "a<br>b" in shown and "&lt;script&gt;" in shown
    assert "<script" not in shown and "<b>" not in shown
    missing = headers_table([bad, LOST])
    assert missing.iloc[0, 1] is pd.NA
    assert "NA" not in whole(missing)._repr_html_() and "</td>" in whole(missing)._repr_html_()
    assert whole(table).table is table


def test_whole_shows_all_rows_or_says_how_many_there_are() -> None:
    table = summary_table([START] * 300)
    assert whole(table)._repr_html_().count("<tr>") == 301  # the index name has a row as well
    cut = whole(table, most_rows=100)._repr_html_()
    assert cut.count("<tr>") == 102 and "300 rows" in cut
    assert "300 rows" not in whole(table, most_rows=300)._repr_html_()


def test_every_cell_is_aligned_to_the_left_and_only_short_ones_refuse_to_break() -> None:
    shown = whole(summary_table([START, LOST]))._repr_html_()
    cells = re.findall(r"<t[dh]\b[^>]*>", shown)
    assert cells
    assert all("text-align:left" in cell for cell in cells)
    assert re.search(r'<span style="white-space:nowrap">POST</span>', shown)
    assert '<span style="overflow-wrap:break-word">start_<wbr>upload</span>' in shown
    assert "<td" in shown and "<script" not in whole(pd.DataFrame({"<td>": ["<td>x"]}))._repr_html_()
    assert whole(pd.DataFrame({"a": ["<td>x"]}))._repr_html_().count("<td") == 1, "only the tags of the table"


def test_whole_rounds_milliseconds_and_nothing_of_other_frames() -> None:
    assert ">12.5<" in whole(summary_table([START]))._repr_html_()
    assert "0.00012345" in whole(pd.DataFrame({"seconds": [0.00012345]}))._repr_html_()


def test_whole_leaves_the_global_options_of_pandas_alone() -> None:
    before = pd.get_option("display.max_colwidth")
    whole(headers_table([START]))._repr_html_()
    assert pd.get_option("display.max_colwidth") == before


def test_importing_the_tables_loads_no_pandas() -> None:
    code = "import regtutor.tables, sys; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def test_an_exchange_is_explained_for_the_table_of_its_findings() -> None:
    made = Exchange("check_api", "http://h/v2/", RequestRecord("GET", "/v2/"))
    assert findings_table(made).equals(findings_table(explain(made)))
