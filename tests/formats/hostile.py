"""One exchange in which everything that can be is hostile: what a bad registry, or a bad file, may hold."""

from __future__ import annotations

from regtutor.exchange import (
    BodyRecord,
    Exchange,
    Interim,
    RequestRecord,
    ResponseRecord,
    Transcript,
    WireEvent,
)

BAD = (
    "</script><script>alert(1)</script>\"'`` ``` ````|\\|\x00\x1b[31m\r\n\x7f\u202e"
    "$(touch pwned)`touch pwned`]]>&amp;--><b>"
)
"""Ends a script, a fence, a table's cell, a quote, a line, CDATA and a comment; steers a terminal; runs a command."""

BODY = BodyRecord(len(BAD.encode()), f"sha256:{BAD}", BAD.encode(), "sent", f"text/plain; {BAD}")
HOSTILE = Exchange(
    step=BAD,
    url=f"http://127.0.0.1:1/v2/{BAD}",
    request=RequestRecord("PUT", f"/v2/{BAD}", (("X-Bad", BAD), (BAD, "x"), ("Host", BAD)), BODY, f"HTTP/1.1{BAD}"),
    response=ResponseRecord(202, BAD, (("Location", f"/{BAD}"), ("X-Bad", BAD)), BODY, BAD),
    interims=(Interim(100, BAD, (("X-Bad", BAD),)),),
    events=(WireEvent(0.1, BAD, 3, BAD),),
    started=BAD,
    registry=BAD,
    error=BAD,
)
FAILED = Exchange(BAD, f"http://127.0.0.1:1/v2/{BAD}", RequestRecord("GET", "/v2/", (), BodyRecord()), error=BAD)
TRANSCRIPT = Transcript.of([HOSTILE, FAILED], BAD, [BAD])
