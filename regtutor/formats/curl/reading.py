"""Reading the output of ``curl -v`` as a transcript that can be explained.

curl prints the heads that it sent and received, and little about bodies. Everything that it does not print stays empty
in the records, and the notes of the transcript list it. A text can be cut off, mixed with other output, or made to
mislead; in every case only what is in the text is read, and records redact the secrets that curl prints.

Source: curl's manual, "curl.1", ``--verbose`` <https://curl.se/docs/manpage.html#-v>.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice

from regtutor.exchange import Transcript
from regtutor.formats.curl.included import NOTE as INCLUDED
from regtutor.formats.curl.included import transfers_in
from regtutor.formats.curl.lines import Line, Lines, is_curls, text_of
from regtutor.formats.curl.trace import Dumped, is_trace, trace_events
from regtutor.formats.curl.transfer import Transfer, exchange_of
from regtutor.protocol.secrets import redact_text

LIMIT = 64 * 1024 * 1024
"""The most bytes of a text that is read."""

MOST = 50_000
"""The most exchanges of a transcript from one text."""

MOST_REPORTED = 20
"""The most errors of curl that are repeated in the notes."""

NOTE = (
    "read from the output of curl -v: times, and the bytes and digests of request bodies, are not known; "
    "sizes are as announced"
)


def transcript_of_curl(data: bytes) -> Transcript | None:
    """Return the transcript in a text; None if no line of it was written by ``curl -v`` or ``curl --trace``.

    Parameters
    ----------
    data: the bytes of a file: the standard error of curl, with or without its standard output.

    Raises
    ------
    ValueError: if it is larger than :data:`LIMIT`, or contains more than :data:`MOST` requests.
    """
    text = text_of(data[:LIMIT])
    traced = is_trace(text)
    if not traced and not is_curls(text):
        return None
    if len(data) > LIMIT:
        raise ValueError(f"it has more than {LIMIT} bytes of curl's output")
    reading = _Reading()
    (reading.trace if traced else reading.printed)(text)
    transfers = [transfer for transfer in reading.transfers if not transfer.opened]
    notes = [NOTE]
    if left_out := len(reading.transfers) - len(transfers):
        notes.append(f"left out: {left_out} CONNECT, with which curl requested a tunnel from a proxy")
    if reading.strays:
        notes.append(f"left out: {reading.strays} responses without a request")
    notes += [f"curl reported: {redact_text(each)}" for each in dict.fromkeys(reading.reported)][:MOST_REPORTED]
    return Transcript.of([exchange_of(transfer) for transfer in transfers], "", notes)


def transcript_of_responses(data: bytes) -> Transcript | None:
    """Return the transcript of responses that ``curl -i`` printed without requests, or None.

    Parameters
    ----------
    data: the bytes of a file: the standard output of curl, with or without its command.
    """
    exchanges = [exchange_of(transfer) for transfer in islice(transfers_in(text_of(data[:LIMIT])), MOST)]
    return Transcript.of(exchanges, "", [INCLUDED]) if exchanges else None


@dataclass
class _Reading:
    """The state of the reading: the transfers so far, and the properties of the connection."""

    transfers: list[Transfer] = field(default_factory=list)
    tls: bool = False
    tls_of: dict[str, bool] = field(default_factory=dict)
    peer: str = ""
    proxy: str = ""
    strays: int = 0
    reported: list[str] = field(default_factory=list)

    def printed(self, text: bytes) -> None:
        """Read the output of ``curl -v``."""
        lines = Lines(text)
        while (line := self.body(lines)) is not None:
            self.take(line)

    def trace(self, text: bytes) -> None:
        """Read the output of ``curl --trace`` or ``curl --trace-ascii``."""
        for event in trace_events(text):
            if not isinstance(event, Dumped):
                self.take(event)
            elif (now := self.current) is not None and now.response_ended:
                now.printed.append(event.data)
                now.inexact = now.inexact or not event.exact

    @property
    def current(self) -> Transfer | None:
        return self.transfers[-1] if self.transfers else None

    def body(self, lines: Lines) -> Line | None:
        """Return the next line, after taking the body of the current response if it comes next with a known length."""
        if self.current is not None and (wanted := self.current.wanted):
            self.current.whole = lines.take(wanted)
        return lines.next()

    def take(self, line: Line) -> None:
        _TAKEN[line.mark](self, line)

    def sent(self, line: Line) -> None:
        """Read a line of the head of a request; the first line begins the transfer."""
        now, text = self.current, line.text
        if now is not None and now.start and not now.request_ended:
            if text:
                now.headers.append(_pair(text))
            else:
                self._end_request(now)
        elif re.fullmatch(r"[!-~]+ \S.* HTTP/[\d.]{1,5}", text):
            if now is not None and now.start:
                now.closed = True
            begun = self._attempt()
            begun.start, begun.error = text, ""

    def _end_request(self, transfer: Transfer) -> None:
        transfer.request_ended = True
        self.tls_of[transfer.host] = transfer.tls

    def received(self, line: Line) -> None:
        """Read a line of the head of a final or interim response."""
        now, text = self.current, line.text
        if re.match(r"HTTP/[\d.]{1,5} \d{3}(?: |$)", text):
            if now is None or not now.start or now.answered:
                self.strays += 1
            else:
                self._end_request(now)
                now.heads.append([text])
        elif now is not None and now.heads and not now.response_ended:
            if text:
                now.heads[-1].append(text)
            else:
                now.response_ended = now.answered

    def other(self, line: Line) -> None:
        """Read a line without a mark: possibly a part of the body, or the head again, which ``-i`` prints."""
        now = self.current
        if now is not None and now.response_ended and not now.full and (now.printed or line.data.strip()):
            now.printed.append(line.data)

    def failed(self, line: Line) -> None:
        """Read an error of curl, such as ``curl: (7) Failed to connect ...``."""
        now = self.current
        if now is None or now.failed or now.opened:
            now = self._attempt()
        remaining = re.search(r" (\d{1,15}) (?:out of \d+ )?bytes remaining", line.text) if now.answered else None
        now.missing = int(remaining[1]) if remaining else None
        if not now.answered or remaining:
            now.error = line.text
        else:
            self.reported.append(line.text)
        now.closed = now.failed = True

    def information(self, line: Line) -> None:
        for pattern, take in _INFORMATION.items():
            if found := pattern.match(line.text):
                take(self, found)
                return

    def _attempt(self) -> Transfer:
        """Return the transfer that curl is about to start: the current one if it is open and unsent, else a new one."""
        now = self.current
        if now is None or now.start or now.closed:
            if len(self.transfers) >= MOST:
                raise ValueError(f"it contains more than {MOST} requests")
            if now is not None and now.opened:
                self.peer, self.tls = now.start.split(" ")[1], True
            now = Transfer()
            self.transfers.append(now)
        now.tls, now.peer, now.proxy = self.tls, self.peer or now.peer, self.proxy
        return now

    def trying(self, found: re.Match[str]) -> None:
        self.tls, self.peer = False, found["peer"] or ""
        self._attempt()

    def connected(self, found: re.Match[str]) -> None:
        host = f"[{found['host']}]" if ":" in found["host"] else found["host"]
        self.peer = f"{host}:{found['port']}"  # newer versions of curl print this only after the TLS handshake
        self._attempt()

    def secured(self, _found: re.Match[str]) -> None:
        self.tls = True
        if self.current is not None and not self.current.start:
            self.current.tls = True

    def reused(self, found: re.Match[str]) -> None:
        host = found["host"]
        self.tls = found["scheme"] == "https" if found["scheme"] else self.tls_of.get(host, self.tls)

    def proxied(self, found: re.Match[str]) -> None:
        self.proxy = found["proxy"]

    def uploaded(self, _found: re.Match[str]) -> None:
        if self.current is not None:
            self.current.uploaded = True

    def waited(self, _found: re.Match[str]) -> None:
        if self.current is not None:
            self.current.waited = True

    def stopped(self, _found: re.Match[str]) -> None:
        if self.current is not None:
            self.current.stopped = True

    def broke(self, found: re.Match[str]) -> None:
        """Read the end of a transfer without a response; a later line such as ``curl: (7)`` replaces the error."""
        if self.current is not None and self.current.start and not self.current.answered:
            self.current.error = found[0]
        elif self.current is None or not self.current.start or self.current.closed or self.current.opened:
            self._attempt().error = found[0]

    def closed(self, _found: re.Match[str]) -> None:
        now = self.current
        if now is not None and (now.start or now.error):
            now.closed, now.full = True, bool(now.printed)


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition(":")
    return name.strip(), value.strip(" \t")


_TAKEN: Mapping[str, Callable[[_Reading, Line], None]] = {
    ">": _Reading.sent,
    "<": _Reading.received,
    "*": _Reading.information,
    "!": _Reading.failed,
    "": _Reading.other,
}

_INFORMATION: Mapping[re.Pattern[str], Callable[[_Reading, re.Match[str]], None]] = {
    re.compile(r" {0,9}Trying (?:(?P<peer>\S+?)\.\.\.$)?"): _Reading.trying,
    re.compile(r"Connected to (?P<host>\S+) \(\S+\) port (?P<port>\d{1,5})\b"): _Reading.connected,
    re.compile(
        r"(?:TLSv1\.\d \((?:OUT|IN)\)|SSL connection using|ALPN[:,] (?:offer|curl offers)|schannel:)"
    ): _Reading.secured,
    re.compile(
        r"(?:Re-using|Reusing) existing (?:(?P<scheme>https?): )?connection.* with (?:host|proxy) (?P<host>\S+)"
    ): _Reading.reused,
    re.compile(r"Uses proxy env variable (?!no_proxy|NO_PROXY)\S+ == '(?P<proxy>[^']*)'"): _Reading.proxied,
    re.compile(
        r"(?:We are completely uploaded and fine|[Uu]pload completely sent off|Request completely sent off)"
    ): _Reading.uploaded,
    re.compile(r"Done waiting for 100-continue"): _Reading.waited,
    re.compile(r"HTTP error before end of send"): _Reading.stopped,
    re.compile(
        r"(?:Failed to connect|connect to .* failed|Could not resolve|Empty reply from server|Recv failure|Send failure"
        r"|Connection timed out|Operation timed out|SSL certificate problem|SSL: |LibreSSL/|OpenSSL/.* error"
        r"|OpenSSL SSL_|TLS connect error|schannel: failed|Received HTTP/0\.9|HTTP/2 stream .* error"
        r"|Connection reset|getaddrinfo|Unsupported HTTP|error:).*"
    ): _Reading.broke,
    re.compile(r"Closing connection|Connection #\d+ to host .* left intact"): _Reading.closed,
}
