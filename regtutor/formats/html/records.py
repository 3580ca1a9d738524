"""Records, images and registries as HTML, for the output of a notebook, a report or a widget.

Everything that came over the wire is escaped. There is no script and no style sheet, because notebook viewers remove
both. Styles are inline, colours come from JupyterLab's variables if they exist, and text has no colour of its own, so
that it is readable in light and dark mode. Nothing here sends a request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from html import escape
from typing import TYPE_CHECKING

from regtutor.exchange import PREVIEW, BodyRecord, Exchange, Transcript
from regtutor.message import HeaderList, Location, Request
from regtutor.protocol.secrets import redact_headers, redact_url
from regtutor.protocol.text import visible

if TYPE_CHECKING:
    from regtutor.client.registry import Registry
    from regtutor.content.image import Image
    from regtutor.storage_tree import StorageTree
    from regtutor.walks.inspecting import Inspection

MOST_EXCHANGES = 200
"""The most exchanges that are rendered one by one; a longer transcript is rendered as a summary."""

MOST_LINES = 400
"""The most lines of a storage tree that are rendered."""

_MONO = "font-family:var(--jp-code-font-family,monospace);font-size:var(--jp-code-font-size,13px);line-height:1.4"
_WRAP = "white-space:pre-wrap;overflow-wrap:anywhere"
_PRE = f"margin:4px 0;padding:0;background:none;border:none;color:inherit;{_MONO};{_WRAP}"
_CELL = "text-align:left;vertical-align:top;padding:2px 12px 2px 0"
_SHORT = 40
"""The most characters of a cell that stay on one line; longer text can break anywhere."""
_PLAIN = "var(--jp-border-color1,#9e9e9e)"
_BARS = {"good": "var(--jp-success-color1,#388e3c)", "quiet": _PLAIN}
_BAR_REFUSED = "var(--jp-error-color1,#d32f2f)"


def exchange_html(exchange: Exchange) -> str:
    """Render the messages of an exchange, line by line; bodies are folded, except the body of a refusal."""
    response = exchange.response
    parts = [_line(f"<b>{escape(exchange.step)}</b>: {_answered(exchange)}")]
    if exchange.proxy:
        parts.append(_line(f"through the proxy {escape(exchange.proxy)}"))
    parts.append(_message("sent", exchange.request.start_line, exchange.request.headers))
    parts += [_message("received", interim.start_line, interim.headers) for interim in exchange.interims]
    parts.append(_body(exchange.request.body))
    if response is not None:
        parts.append(_message("received", response.start_line, response.headers))
        parts.append(_body(response.body, unfolded=not exchange.ok))
    parts += [_line(escape(event.note)) for event in exchange.events if event.note]
    return _boxed("".join(parts), _BARS.get(exchange.outcome, _BAR_REFUSED))


def transcript_html(transcript: Transcript, *, most: int = MOST_EXCHANGES) -> str:
    """Render each exchange as a line that opens to the whole exchange; for more than ``most``, count the responses."""
    title = f"<b>{escape(transcript.title)}</b>: " if transcript.title else ""
    count = f"{len(transcript)} exchange{'' if len(transcript) == 1 else 's'}"
    head = _line(f"{title}{count}, {transcript.bytes_up:,} bytes up, {transcript.bytes_down:,} bytes down")
    notes = "".join(_line(escape(note)) for note in transcript.notes)
    if len(transcript) > most:
        return f"<div>{head}{_counts(transcript)}{notes}</div>"
    rows = "".join(_folded(_summary(n, exchange), exchange_html(exchange)) for n, exchange in enumerate(transcript, 1))
    return f"<div>{head}{rows}{notes}</div>"


def _summary(number: int, exchange: Exchange) -> str:
    path = escape(exchange.target.partition("?")[0])
    return f"{number} <b>{escape(exchange.step)}</b> {escape(exchange.method)} {path}: {_answered(exchange)}"


def _answered(exchange: Exchange) -> str:
    if exchange.response is None:
        return escape(exchange.meaning)
    return f"<b>{exchange.response.status}</b>, {escape(exchange.meaning)}"


def _counts(transcript: Transcript) -> str:
    counted = Counter((exchange.step, exchange.status) for exchange in transcript)
    rows = [(step, "-" if status is None else str(status), f"{n:,}") for (step, status), n in counted.items()]
    return _table(("step", "status", "count"), rows)


def request_html(request: Request) -> str:
    """Render a request that was not sent: the message that will be sent, without the headers that a client adds."""
    target, to = request.shown_target, ""
    scheme, mark, rest = target.partition("://")
    if mark and scheme.lower() in ("http", "https"):
        # An absolute target selects the host to connect to; the target on the wire begins with the path.
        host, slash, path = rest.partition("/")
        target, to = slash + path, f" to {scheme}://{host}"
    parts = [
        _line(f"<b>{escape(request.step)}</b>, draft, not sent"),
        _message(f"to be sent{to}", f"{request.method} {target} HTTP/1.1", redact_headers(request.headers)),
    ]
    if request.body is not None:
        parts.append(_line(f"body: {request.body.size:,} bytes ({escape(str(request.body.label))})"))
    return _boxed("".join(parts), _PLAIN)


def location_html(location: Location) -> str:
    """Render the URL of a Location, not as a link: a browser would send a different request than a step does."""
    return f'<code style="{_MONO};{_WRAP};color:inherit;background:none">{escape(location.redacted)}</code>'


def _credentials_note(registry: Registry) -> str:
    if registry.armed is not None:
        return "; requests carry credentials"
    return "; credentials are sent after a challenge" if registry.credentials is not None else ""


def registry_html(registry: Registry) -> str:
    """Render the name and address of a registry, and whether its log and storage are available; send no request."""
    access = (
        "logs() and tree() show its log and its storage"
        if registry.host
        else "only its URL is known: no logs(), no tree()"
    )
    address = f"Registry <b>{escape(registry.name)}</b> at {escape(redact_url(registry.url))}"
    return _line(f"{address}{_credentials_note(registry)}; {access}")


def image_html(image: Image) -> str:
    """Render an image as it is pushed: the manifest and the config by digest, and the layers as a table."""
    platform = f" for {escape(str(image.platform))}" if image.platform else ""
    name = escape(image.name or "without a name")
    rows = [tuple(_number(cell) for cell in row.values()) for row in image.rows()]
    columns = tuple(image.rows()[0]) if rows else ("no layers",)
    documents = [
        ("manifest", image.manifest.media_type, _number(image.manifest.size), image.manifest.digest),
        ("config", image.config.media_type, _number(image.config.size), image.config.digest),
    ]
    head = _line(f"Image <b>{name}</b>{platform}: {len(rows)} layers, {image.size:,} bytes to push")
    return f"<div>{head}{_table(('', 'media type', 'size', 'digest'), documents)}{_table(columns, rows)}</div>"


def inspection_html(inspection: Inspection) -> str:
    """Render the manifest and the config as a table of names and values, and the layers or entries as another."""
    facts = [(visible(name), visible(value)) for name, value in inspection.facts]
    rows = [tuple(visible(_number(cell)) for cell in row.values()) for row in inspection.rows]
    listed = _table(tuple(inspection.rows[0]), rows) if rows else ""
    return f"<div>{_table(('', ''), facts)}{listed}</div>"


def tree_html(tree: StorageTree) -> str:
    """Render the storage of a registry as an indented tree, with sizes in bytes."""
    lines = tree.as_text().split("\n")
    rest = len(lines) - MOST_LINES
    more = _line(f"... and {rest:,} more lines: print(reg.tree())") if rest > 0 else ""
    text = escape("\n".join(lines[:MOST_LINES]))
    head = _line(f"{len(tree.files):,} files, {tree.size:,} bytes")
    return f'<div>{head}<pre style="{_PRE}">{text}</pre>{more}</div>'


def _number(cell: str | int) -> str:
    return f"{cell:,}" if isinstance(cell, int) else cell


def _message(direction: str, start_line: str, headers: HeaderList) -> str:
    lines = [f"<b>{escape(start_line)}</b>", *(f"{escape(name)}: {escape(value)}" for name, value in headers)]
    text = "\n".join(lines)
    return f'{_line(f"<i>{escape(direction)}</i>")}<pre style="{_PRE};padding-left:12px">{text}</pre>'


_FATES: dict[str, Callable[[BodyRecord], str]] = {
    "none": lambda _: "",
    "withheld": lambda _: _line("<i>body withheld: the response came before the body was sent</i>"),
}


def _body(body: BodyRecord, *, unfolded: bool = False) -> str:
    if body.fate in _FATES:
        return _FATES[body.fate](body)
    digest = f", {escape(body.digest)}" if body.digest else ""
    title = f"<i>body {escape(body.fate)}</i>: {body.size:,} bytes{digest}"
    if not body.preview:
        return _line(title)
    return _folded(title, f'<pre style="{_PRE};padding-left:12px">{escape(_shown(body))}</pre>', unfolded)


def _shown(body: BodyRecord) -> str:
    """Return the first part of a body as text, or as hexadecimal numbers if it is binary."""
    first = body.preview[:PREVIEW]
    more = "\n..." if body.size > len(first) else ""
    text = first.decode("utf-8", "replace")
    if "\0" in text or text.count("\ufffd") > len(text) // 8:
        return "\n".join(first[at : at + 16].hex(" ") for at in range(0, min(len(first), 256), 16)) + "\n..."
    return text + more


def _line(html: str) -> str:
    return f'<div style="overflow-wrap:anywhere">{html}</div>'


def _folded(summary: str, html: str, unfolded: bool = False) -> str:
    opened = " open" if unfolded else ""
    title = f'<summary style="cursor:pointer;overflow-wrap:anywhere">{summary}</summary>'
    return f"<details{opened}>{title}{html}</details>"


def _boxed(html: str, bar: str) -> str:
    return f'<div style="border-left:3px solid {bar};padding-left:10px;margin:4px 0">{html}</div>'


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f'<th style="{_CELL}">{escape(column)}</th>' for column in columns)
    lines = ("".join(_cell(cell) for cell in row) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return (
        f'<table style="border-collapse:collapse;{_MONO}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    )


def _cell(text: str) -> str:
    wrap = "white-space:nowrap" if len(text) <= _SHORT else "overflow-wrap:anywhere"
    return f'<td style="{_CELL};{wrap}">{escape(text)}</td>'
