"""Three questions about a transcript. The correct answers are computed from the learner's own transcript.

Requests are counted from 1, as in ``rt.summary_table`` and wherever a transcript is shown. A verdict is never just
"wrong": it states what happened instead, and in which line of which exchange. No request is sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from regtutor.errors import InvalidArgument, InvalidManifest
from regtutor.exchange import Exchange
from regtutor.findings import explain
from regtutor.lessons.quiz import Part, Question, Remark, Value
from regtutor.protocol.codes import CODES
from regtutor.protocol.manifests import parse_manifest
from regtutor.protocol.responses import meaning

_MOST_NAMED = 8
"""Of a longer list of requests, only this many are named."""

_SHOWN = 30
"""The number of characters shown of the part of a long line that matters."""

_DIGEST = re.compile(r"[?&]digest=[^&]*\Z")


def bytes_sent(transcript: Sequence[Exchange]) -> Question:
    """Ask how many bytes all requests sent in bodies, and which of them sent the most: two numbers.

    Parameters
    ----------
    transcript: the exchanges, including detours.

    Raises
    ------
    InvalidArgument: if it contains anything but exchanges. The other questions raise it as well.
    """
    exchanges = _exchanges_of(transcript)
    total = sum(exchange.bytes_up for exchange in exchanges)
    if not total:
        return Question("No request has sent a body yet. Push something first, then ask again.")
    most = max(exchange.bytes_up for exchange in exchanges)
    largest = tuple(n for n, exchange in enumerate(exchanges, 1) if exchange.bytes_up == most)
    count = _requests(len(exchanges))
    text = f"You made {count}. How many bytes did they send in bodies, and which of them sent the most?"
    return Question(
        text,
        f"check(bytes, request), such as check({1000 if total != 1000 else 2000}, {_another(largest)})",
        (
            Part(
                "the bytes", (total,), Remark(_bytes_seen(exchanges, total)), _table_of(_other_sums(exchanges, total))
            ),
            Part(
                "the request",
                largest,
                _largest_seen(exchanges, largest),
                _which(exchanges, lambda n: _sent_of(exchanges[n - 1]), largest),
            ),
        ),
    )


def refusal(transcript: Sequence[Exchange]) -> Question:
    """Ask for the status and the error code with which the registry refused a request that was broken on purpose.

    That request is the last manifest sent without a ``Content-Type``, or else the last refused request of any kind. A
    404 to HEAD or GET is not a refusal: the content just does not exist. Neither is a 401, which asks for credentials.
    """
    exchanges = _exchanges_of(transcript)
    number = _refused(exchanges)
    if number is None:
        return Question(
            "No request has been refused yet. Break one on purpose: before the manifest is sent, remove its "
            'Content-Type (stepper.edit(headers={"Content-Type": None})), send it, and ask again.'
        )
    exchange = exchanges[number - 1]
    codes = tuple(str(entry["code"]).upper() for entry in exchange.errors if entry.get("code"))
    status = exchange.status or 0
    asked = "with which status, and which error code" if codes else "with which status"
    parts = [Part("the status", (status,), _status_seen(number, exchange), _status_mistake(exchange))]
    form = "check(status), such as check(200)"
    if codes:
        parts.append(Part("the error code", codes, _code_seen(number, exchange), _code_mistake))
        form = 'check(status, code), such as check(200, "UNKNOWN")'
    return Question(f"Request {number}, {_label(exchange)}, was refused: {asked}?", form, tuple(parts))


def location_followed(transcript: Sequence[Exchange]) -> Question:
    """Ask which response had the Location to which the closing PUT of an upload was sent: the number of its request.

    Of several uploads, the question is about the one with the most requests, or the first of these. In a chunked upload
    each response has a new Location, and the last is the one to follow.
    """
    exchanges = _exchanges_of(transcript)
    chain = max(_uploads(exchanges), key=len, default=())
    if not chain:
        return Question("No upload has been closed yet. Push a layer first, preferably in chunks, then ask again.")
    *_, followed, put = chain
    right = _same_place(exchanges, followed, put)
    return Question(
        f"Request {put}, {_label(exchanges[put - 1])}, closed an upload. It was sent to the Location in the response "
        "to an earlier request: which one?",
        f"check(request), such as check({_another(right)})",
        (
            Part(
                "the request",
                right,
                _place_seen(exchanges, chain),
                _which(exchanges, _other_place(exchanges, chain), right),
            ),
        ),
    )


def _exchanges_of(transcript: Sequence[Exchange]) -> list[Exchange]:
    exchanges: list[Exchange] = [transcript] if isinstance(transcript, Exchange) else list(transcript)
    if not all(isinstance(exchange, Exchange) for exchange in exchanges):
        raise InvalidArgument(
            "The question is about a transcript",
            "the argument has something that is not an exchange",
            "Give stepper.transcript",
        )
    return exchanges


def _requests(count: int) -> str:
    return f"{count:,} request{'' if count == 1 else 's'}"


def _label(exchange: Exchange) -> str:
    path = exchange.target.partition("?")[0]
    head, _, last = path.rpartition("/")
    return f"{exchange.method} {head}/{_cut(last)}"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _another(right: Sequence[int]) -> int:
    """Return a number for the example that is not right."""
    return next(n for n in range(1, len(right) + 2) if n not in right)


def _list_of(numbers: Sequence[int]) -> str:
    shown = [str(n) for n in numbers[:_MOST_NAMED]]
    more = len(numbers) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def _table_of(sentences: Mapping[int, str]) -> Callable[[Value], Remark | None]:
    def mistake(value: Value) -> Remark | None:
        return Remark(sentences[value]) if isinstance(value, int) and value in sentences else None

    return mistake


def _which(
    exchanges: Sequence[Exchange], about: Callable[[int], Remark], right: Sequence[int]
) -> Callable[[Value], Remark | None]:
    """Return the function that makes the remark on the number of a wrong request."""

    def mistake(value: Value) -> Remark | None:
        if not isinstance(value, int) or not 1 <= value <= len(exchanges):
            return Remark(f"There are {_requests(len(exchanges))}, counted from 1.")
        found = about(value)
        count = " (Requests are counted from 1, Python lists from 0.)" if value + 1 in right else ""
        return Remark(f"Request {value}, {_label(exchanges[value - 1])}, {found.said}{count}", found.lines)

    return mistake


def _bytes_seen(exchanges: Sequence[Exchange], total: int) -> str:
    sent = sorted(
        ((x.bytes_up, n) for n, x in enumerate(exchanges, 1) if x.bytes_up), key=lambda pair: (-pair[0], pair[1])
    )
    named = ", ".join(f"{size:,} in request {n}" for size, n in sent[:_MOST_NAMED])
    rest = sent[_MOST_NAMED:]
    more = f", and {sum(size for size, _ in rest):,} in {len(rest):,} others" if rest else ""
    return f"{total:,} bytes were sent in bodies: {named}{more}."


def _other_sums(exchanges: Sequence[Exchange], total: int) -> dict[int, str]:
    """Return wrong numbers that a learner can mistake for the bytes sent, each with its true meaning."""
    down = sum(exchange.bytes_down for exchange in exchanges)
    accepted = sum(exchange.bytes_up for exchange in exchanges if exchange.ok)
    announced = sum(_length(exchange) for exchange in exchanges)
    most = max(exchange.bytes_up for exchange in exchanges)
    sums = {
        down: "That is the size of the response bodies, not of the request bodies.",
        total + down: "That counts both directions: request bodies and response bodies.",
        accepted: "That leaves out the refused requests, but their bodies were sent as well.",
        announced: "That is the sum of the announced lengths. A withheld body was announced, but not sent.",
        most: "That is only the largest body.",
        **dict(_image_sizes(exchanges)),
    }
    return {number: sentence for number, sentence in sums.items() if number and number != total}


def _length(exchange: Exchange) -> int:
    value = exchange.request_headers.get("Content-Length", "")
    return int(value) if re.fullmatch("[0-9]{1,15}", value) else exchange.bytes_up


def _image_sizes(exchanges: Sequence[Exchange]) -> Iterator[tuple[int, str]]:
    """Yield the size of the image of each manifest that was sent, with and without the manifest.

    A push does not have to send exactly that many bytes.
    """
    for exchange in exchanges:
        body = exchange.request.body
        if exchange.step != "put_manifest" or not body.size or not body.whole:
            continue
        try:
            blobs = sum(blob.size for blob in parse_manifest(body.preview).blobs)
        except InvalidManifest:
            continue
        yield blobs, "That is the size of the image's blobs, each counted once; the manifest is sent as well."
        own = "That is the image's own size: the manifest, and each blob once."
        yield blobs + body.size, f"{own} Content that was sent again or refused counts too; a mounted blob does not."


def _largest_seen(exchanges: Sequence[Exchange], largest: Sequence[int]) -> Remark:
    first = exchanges[largest[0] - 1]
    each = f"Request {largest[0]}" if len(largest) == 1 else f"Each of the requests {_list_of(largest)}"
    return Remark(f"{each} sent {first.bytes_up:,} bytes, and no request sent more.", _body_line(first))


def _body_line(exchange: Exchange) -> tuple[str, ...]:
    lines = exchange.as_text().splitlines()
    return tuple(line for line in lines if line.startswith("> ["))[:1]


def _sent_of(exchange: Exchange) -> Remark:
    if exchange.bytes_up:
        return Remark(f"sent {exchange.bytes_up:,} bytes.", _body_line(exchange))
    if exchange.request.body.fate == "withheld":
        return Remark("announced a body, but it was withheld: 0 bytes were sent.")
    return Remark("sent no body.")


def _refused(exchanges: Sequence[Exchange]) -> int | None:
    refused = [n for n, exchange in enumerate(exchanges, 1) if _is_refused(exchange)]
    untyped = [n for n in refused if _is_untyped(exchanges[n - 1])]
    return next(reversed(untyped or refused), None)


def _is_refused(exchange: Exchange) -> bool:
    looked = exchange.method in ("GET", "HEAD") and exchange.status == 404
    return exchange.status is not None and exchange.status >= 400 and exchange.status != 401 and not looked


def _is_untyped(exchange: Exchange) -> bool:
    return exchange.step == "put_manifest" and "Content-Type" not in exchange.request_headers


def _status_seen(number: int, exchange: Exchange) -> Remark:
    assert exchange.response is not None
    described = meaning(exchange.request_name, exchange.status or 0)
    return Remark(
        f"The response to request {number} has the status {exchange.status}: {described}.",
        (f"< {exchange.response.start_line}",),
    )


def _status_mistake(exchange: Exchange) -> Callable[[Value], Remark | None]:
    def mistake(value: Value) -> Remark | None:
        if not isinstance(value, int) or not 100 <= value < 600:
            return Remark("A status has three digits, and the first is 1 to 5.")
        return Remark(f"Here, {value} would mean: {meaning(exchange.request_name, value)}.")

    return mistake


def _code_seen(number: int, exchange: Exchange) -> Remark:
    entry = next(entry for entry in exchange.errors if entry.get("code"))
    code = str(entry["code"])
    row = CODES.get(code.upper())
    described = f": {row.meaning}" if row else ""
    why = "".join(f" The cause: {found.meaning}." for found in explain(exchange).diagnoses[:1])
    body = f"< {code}: {_cut(str(entry.get('message', '')))}"
    return Remark(f"The response to request {number} has the error code {code}{described}.{why}", (body,))


def _code_mistake(value: Value) -> Remark | None:
    row = CODES.get(str(value))
    return Remark(
        f"{value} would mean: {row.meaning}." if row else f"{value} is not in regtutor's table of error codes."
    )


def _uploads(exchanges: Sequence[Exchange]) -> Iterator[tuple[int, ...]]:
    """Yield each upload that a PUT closed: the numbers of its requests, each sent to the Location of the one before."""
    before: dict[int, int] = {}
    latest: dict[str, int] = {}
    closed: list[int] = []
    for n, exchange in enumerate(exchanges, 1):
        closes = exchange.step == "put_blob" and exchange.status == 201
        place = _DIGEST.sub("", exchange.url) if closes else exchange.url
        if place in latest:
            before[n] = latest[place]
            closed += [n] if closes else []
        if exchange.location is not None and exchange.ok and not closes:
            latest[str(exchange.location)] = n
    for n in closed:
        chain = [n]
        while chain[0] in before:
            chain.insert(0, before[chain[0]])
        yield tuple(chain)


def _same_place(exchanges: Sequence[Exchange], followed: int, put: int) -> tuple[int, ...]:
    """Return every request before ``put`` whose response has the same Location: some registries never change it."""
    place = exchanges[followed - 1].location
    named = [n for n, exchange in enumerate(exchanges[: put - 1], 1) if exchange.location == place]
    return (followed, *(n for n in named if n != followed))


def _location_line(exchange: Exchange) -> str:
    return f"< Location: {exchange.headers.get('Location', '')}"


def _place_seen(exchanges: Sequence[Exchange], chain: Sequence[int]) -> Remark:
    *_, followed, put = chain
    goes = f"> {exchanges[put - 1].request.start_line}"
    way = f" The whole upload is requests {_list_of(chain)}." if len(chain) > 3 else ""
    label = _label(exchanges[followed - 1]).partition(" ")[0]
    place = f"the Location in the response to request {followed}, the {label}, with digest appended"
    text = f"Request {put} was sent to {place}.{way}"
    return Remark(text, (_from_query(_location_line(exchanges[followed - 1])), _from_query(goes)))


def _from_query(line: str) -> str:
    """Shorten a long line but show its start and the beginning of its query, which often is the part that changes."""
    path, mark, query = line.partition("?")
    end = query.rpartition("&digest=")[2] if "&digest=" in query else ""
    shown = _cut(query) if len(query) > _SHOWN else query
    tail = f"&digest={_cut(end)}" if end and "&digest=" not in shown else ""
    return f"{path}{mark}{shown}{tail}"


def _other_place(exchanges: Sequence[Exchange], chain: Sequence[int]) -> Callable[[int], Remark]:
    opened, put = chain[0], chain[-1]

    def about(number: int) -> Remark:
        exchange = exchanges[number - 1]
        if number == put:
            return Remark(
                "is the closing request itself: the Location in its response is the address of the stored blob."
            )
        if "Location" not in exchange.headers:
            return Remark("got a response without a Location.")
        if number > put:
            return Remark("was sent later.")
        start = "opened the session, and its response has" if number == opened else "got a response with"
        return Remark(f"{start} a different Location.", (_from_query(_location_line(exchange)),))

    return about
