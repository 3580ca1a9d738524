"""The output of ``curl -i`` without ``-v``, or only the received half of ``curl -v``: responses without their requests.

If the command was pasted as well, its method and its URL are read from it. Otherwise the request stays empty.

Source: curl's manual, "curl.1", ``--include`` <https://curl.se/docs/manpage.html#-i>.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from regtutor.formats.curl.transfer import Transfer

NOTE = (
    "read from responses that curl printed without -v: the headers of the requests are not known; "
    "curl -v prints them as well"
)

_HEAD = re.compile(
    rb"^(?:< )?HTTP/[\d.]{1,5} \d{3}(?: [^\n]*)?\n(?:(?:< ?)?[!-9;-~]{1,200}:[^\n]*\n){0,300}(?:< ?)?\r?(?:\n|\Z)",
    re.MULTILINE,
)
_COMMAND = re.compile(rb"^[^\n]{0,200}?(?:^|[$#%>] )curl (?P<rest>(?:[^\n\\]|\\\r?\n|\\.){1,4000})$", re.M)
_MARKED = re.compile(rb"^\* [^\n]*(?:\n|\Z)", re.MULTILINE)
_WITH_VALUE = re.compile(r"--(?:request|header|user|output|data[a-z-]*|cacert|cert|key|proxy)|-[a-zA-Z]*[XHuodxE]")


_NEAR = 8 * 1024
"""How many bytes before a response are searched for its command."""


def transfers_in(data: bytes) -> Iterator[Transfer]:
    """Yield a transfer for each final response in ``data``; interim responses belong to the final one after them."""
    found = list(_HEAD.finditer(data))
    after: list[list[str]] = []
    for head, following in zip(found, [*found[1:], None], strict=False):
        lines = [
            line.removeprefix("<").strip() for line in head[0].decode("latin-1").splitlines() if line.strip("< \r")
        ]
        after.append(lines)
        if 100 <= int(lines[0].split(" ")[1]) < 200:
            continue
        method, url = _command_before(data, head.start())
        rest = data[head.end() : following.start() if following else len(data)]
        if next_command := _COMMAND.search(rest):
            rest = rest[: next_command.start()]
        yield _transfer(method, url, after, _MARKED.sub(b"", rest))
        after = []


def _transfer(method: str, url: str, heads: list[list[str]], body: bytes) -> Transfer:
    transfer = Transfer(heads=heads, request_ended=True, response_ended=True, printed=[body])
    announced = transfer.announced
    if announced is not None and body[announced : announced + 1] in (b"", b"\r", b"\n") and len(body) >= announced:
        transfer.whole = body[:announced]  # a prompt or another command can follow
    if url:
        scheme, _, rest = url.partition("://")
        authority, slash, path = rest.partition("/")
        transfer.start = f"{method} {slash or '/'}{path} HTTP/1.1"
        transfer.peer, transfer.tls = authority.rpartition("@")[2], scheme.lower() == "https"
    return transfer


def _command_before(data: bytes, at: int) -> tuple[str, str]:
    """Return the method and the URL in the last curl command before ``at``; empty texts without one."""
    commands = list(_COMMAND.finditer(data[max(at - _NEAR, 0) : at]))
    if not commands:
        return "", ""
    text = re.sub(r"\\\r?\n", " ", commands[-1]["rest"].decode("utf-8", "replace"))
    try:
        words = shlex.split(text)
    except ValueError:  # an open quotation
        words = text.split()
    return _method_and_url(words)


def _method_and_url(words: list[str]) -> tuple[str, str]:
    method, url, skipped = "GET", "", False
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if skipped:
            skipped = False
            continue
        if re.fullmatch(r"--request|-[a-zA-Z]*X", word):
            method = following
        elif word == "--head" or re.fullmatch(r"-[a-zA-HJ-Z]*+I[a-zA-Z]*+", word):
            method = "HEAD"
        elif re.match(r"--data|-[a-zA-Z]*d$", word) and method == "GET":
            method = "POST"
        elif not word.startswith("-") and not url:
            url = word if word.startswith(("http://", "https://")) else f"http://{word}"
        skipped = _WITH_VALUE.fullmatch(word) is not None
    if not re.fullmatch(r"[A-Za-z]{1,20}", method) or not re.fullmatch(r"[!-~]{1,4000}", url):
        return "", ""
    return method, url.partition("#")[0]
