"""Compare a learner's guess with the exchange that followed, and say what came and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

from regtutor.exchange import Exchange
from regtutor.lessons.lesson import KINDS, Prediction
from regtutor.lessons.quiz import read_number, read_word
from regtutor.lessons.showing import box, lines_block, paragraph
from regtutor.protocol.citations import Citation
from regtutor.protocol.codes import CODES
from regtutor.protocol.headers import HEADERS
from regtutor.protocol.responses import meaning, response_row
from regtutor.protocol.text import visible_lines

Value = int | str


@dataclass(frozen=True)
class Measure:
    """One thing about an exchange that a learner can guess.

    Attributes
    ----------
    read: parses what the learner typed; None if that is no value of this kind.
    values: every value of the exchange that is right.
    told: a value as a phrase, such as ``"0 bytes sent"``.
    """

    read: Callable[[object], Value | None]
    values: Callable[[Prediction, Exchange], tuple[Value, ...]]
    told: Callable[[Value], str]


def _read_status(given: object) -> int | None:
    """Return the status in ``given``; None if it has another number of digits, as in ``"2xx"``."""
    number = read_number(given)
    return number if number is not None and 100 <= number <= 599 else None


def _read_header(given: object) -> str | None:
    """Return the name of a header, spelled as the documents spell it; ``""`` for ``"none"``."""
    if not isinstance(given, str) or not (name := given.strip().rstrip(":").lower()):
        return None
    return "" if name == "none" else HEADERS[name].name if name in HEADERS else name


def _telling_headers(prediction: Prediction, exchange: Exchange) -> tuple[str, ...]:
    """Return those of the prediction's headers that came; ``""`` if none did."""
    return tuple(name for name in prediction.headers if name in exchange.headers) or ("",)


MEASURES: Mapping[str, Measure] = {
    "status": Measure(_read_status, lambda _, exchange: (exchange.status,) if exchange.status else (), str),
    "code": Measure(
        read_word,
        lambda _, exchange: tuple(dict.fromkeys(str(entry.get("code", "")).upper() for entry in exchange.errors)),
        lambda value: f"the error code {value}",
    ),
    "bytes_up": Measure(read_number, lambda _, exchange: (exchange.bytes_up,), lambda value: f"{value} bytes sent"),
    "bytes_down": Measure(
        read_number, lambda _, exchange: (exchange.bytes_down,), lambda value: f"{value} bytes received"
    ),
    "header": Measure(
        _read_header, _telling_headers, lambda value: f"the header {value}" if value else "no such header"
    ),
}
"""The arguments of ``predict``."""


_ANOTHER_REQUEST = (
    "The request that the lesson means gets another response, so this guess does not count. Correct your request, and "
    "run the cell again."
)


@dataclass(frozen=True)
class PredictionResult:
    """The response to a predicted request compared with the guess, and the reason for the response.

    Attributes
    ----------
    right: whether every guess was right.
    counted: False if the learner had seen this response before, or sent another request than the lesson means; only the
        first guess counts.
    sentences, lines: what happened, and the lines of the exchange that show it.
    clause: the clause that names the response; None without one.
    """

    right: bool
    counted: bool
    sentences: tuple[str, ...]
    lines: tuple[str, ...] = ()
    clause: Citation | None = None

    @property
    def text(self) -> str:
        """The sentences, then the lines, indented."""
        clause = [f"The clause: {self.clause}"] if self.clause else []
        lines = (f"    {visible_lines(line)}" for line in self.lines)
        return "\n".join([*map(visible_lines, self.sentences), *clause, *lines])

    def _repr_html_(self) -> str:
        first, *rest = self.sentences
        blocks = [f"<b>{paragraph(first)}</b>", lines_block(self.lines), *map(paragraph, rest)]
        if self.clause is not None:
            label = escape(f"{self.clause.document.name}, {self.clause.section}")
            blocks.append(f'<div>The clause: <a href="{escape(self.clause.url)}" target="_blank">{label}</a></div>')
        return box("good" if self.right else "open", *blocks)

    def __repr__(self) -> str:
        return visible_lines(self.text)


def compare(
    prediction: Prediction, guess: Mapping[str, Value], exchange: Exchange, *, kind: str, counted: bool
) -> PredictionResult:
    """Return the result of ``guess``.

    Parameters
    ----------
    guess: the name of a measure, and the guessed value.
    exchange: the exchange that the prediction was about.
    kind: the kind of registry, see :func:`~regtutor.lessons.lesson.kind_of`.
    counted: whether this was the first guess.
    """
    sentences = []
    right = True
    for name, value in guess.items():
        came = MEASURES[name].values(prediction, exchange)
        right &= value in came
        sentences.append(_sentence(name, value, came, exchange))
    lines = (f"< {exchange.response.start_line}",) if exchange.response else ()
    if not prediction.expects(exchange.status, kind):
        sentences.append(_ANOTHER_REQUEST)
        return PredictionResult(False, False, tuple(sentences), lines)
    sentences += [text for text in (prediction.reason(exchange.status),) if text]
    if exchange.status == prediction.known_status(kind) or not kind:
        sentences += _others(prediction, kind)
    if not counted:
        sentences.append("You had seen this response before, so the guess does not count.")
    return PredictionResult(right, counted, tuple(sentences), lines, _clause(exchange))


_DECIDING = ("Accept", "Authorization", "Content-Range", "Content-Type", "If-None-Match", "Range")
"""The request headers that can decide about the response to a request of a lesson."""

_OF_THE_SESSION = ("session", "_state")
"""The fields of a target that are other ones in each upload session."""


def is_same_request(earlier: Exchange, later: Exchange) -> bool:
    """Return whether a learner who has seen ``earlier`` knew the response to ``later``: same request, same response.

    Two requests are the same if their methods, targets, bodies and the headers that decide are; the upload session is
    left out, because each has a name of its own.
    """
    return earlier.status == later.status and _identity(earlier) == _identity(later)


def _identity(exchange: Exchange) -> tuple[object, ...]:
    match, body = exchange.endpoint, exchange.request.body
    target: object = exchange.shown_target
    if match is not None and (match.path or match.query):
        fields = {**match.path, **match.query}
        target = tuple(sorted((name, value) for name, value in fields.items() if name not in _OF_THE_SESSION))
    headers = tuple(exchange.request_headers.all(name) for name in _DECIDING)
    host = urlsplit(exchange.url).netloc
    return (host, exchange.method, exchange.request_name, target, headers, body.digest if body.size else None)


def _sentence(name: str, value: Value, values: tuple[Value, ...], exchange: Exchange) -> str:
    measure, hit = MEASURES[name], value in values
    came = " and ".join(measure.told(each) for each in values) or "no response"
    if name == "code" and not values:
        came = "a response without an error code"
    if name == "status":
        about = f": {exchange.meaning}"
        other = "" if hit else f" {value} would mean: {_meaning(exchange, int(value))}."
    else:
        row = CODES.get(str(values[0])) if name == "code" and values else None
        about, other = (f": {row.meaning}" if row else ""), ""
    verb = "you expected it, and it came" if hit else f"you expected {measure.told(value)}"
    return f"{came[:1].upper()}{came[1:]}{about}. {verb[:1].upper()}{verb[1:]}.{other}"


def _meaning(exchange: Exchange, status: int) -> str:
    return meaning(exchange.request_name, status, exchange.case)


def _clause(exchange: Exchange) -> Citation | None:
    row = response_row(exchange.request_name, exchange.status or 0, exchange.case)
    return row.citation if row is not None and row.endpoint else None


def _others(prediction: Prediction, kind: str) -> list[str]:
    return [
        f"{KINDS[other][:1].upper()}{KINDS[other][1:]} responds with {status} here."
        for other, status in prediction.differs.items()
        if other != kind and status != prediction.known_status(kind)
    ]
