"""Predict first: what may be guessed of the answer to a request, how a guess is judged, and the score.

What can be picked comes from the tables of requests and headers; what is said of it too. Nothing is sent from here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from regtutor.exchange import Exchange
from regtutor.protocol.endpoints import BY_NAME, ENDPOINTS
from regtutor.protocol.headers import HEADERS
from regtutor.protocol.responses import RESPONSES, documented, meaning, required_headers

HEADERS_ASKED = 5
"""How many headers a question offers."""

_OTHERS = 2
"""How many statuses a question offers besides the documented ones."""

CONCEPTS: Mapping[str, str] = {
    "check_api": "API check",
    "head_blob": "existence check",
    "head_manifest": "existence check",
    "start_upload": "upload session",
    "get_upload": "upload session",
    "head_upload": "upload session",
    "cancel_upload": "upload session",
    "patch_upload": "chunk",
    "put_blob": "closing the upload",
    "post_blob": "single POST",
    "mount_blob": "mount",
    "put_manifest": "manifest",
    "get_manifest": "pull",
    "get_blob": "pull",
    "delete_blob": "delete",
    "delete_manifest": "delete",
    "list_tags": "tags",
    "list_repositories": "catalog",
    "get_referrers": "referrers",
    "request_token": "token",
}
"""What each documented request is about, in the specification's words."""

_TELLING: Mapping[str, tuple[str, ...]] = {
    "api": ("Docker-Distribution-Api-Version", "Content-Type"),
    "uploads": ("Location", "Docker-Upload-UUID", "Range", "Docker-Content-Digest"),
    "blobs": ("Docker-Content-Digest", "Content-Length", "Location"),
    "manifests": ("Docker-Content-Digest", "Location", "Content-Type", "OCI-Subject"),
    "tags": ("Content-Type", "Link"),
    "catalog": ("Content-Type", "Link"),
    "referrers": ("OCI-Filters-Applied", "Link"),
    "token": ("Content-Type", "Cache-Control"),
}
"""The headers that tell something in the answers to a family of requests, for want of a table in the documents."""

_WRONG = ("WWW-Authenticate", "Range", "Location", "Content-Range", "Allow", "Link")
"""Headers of other answers, to fill a question up."""


class Asked(Protocol):
    """What is about to be sent: a Request, or a Draft of one."""

    @property
    def step(self) -> str:
        """The name of the documented request."""
        ...


@dataclass(frozen=True)
class Question:
    """What one may guess about the answer to a request.

    Attributes
    ----------
    step: the name of the documented request.
    concept: what it is about, in the specification's words.
    statuses: one of these may be picked, in ascending order.
    headers: any of these may be picked, by name.
    """

    step: str
    concept: str
    statuses: tuple[int, ...]
    headers: tuple[str, ...]


@dataclass(frozen=True)
class Guess:
    """What was picked: a ``status``, or None, and the ``headers`` that the answer is expected to carry."""

    status: int | None = None
    headers: frozenset[str] = frozenset()

    @classmethod
    def of(cls, status: int | None, headers: Iterable[str] = ()) -> Guess:
        """A guess of any header names."""
        return cls(status, frozenset(headers))


@dataclass(frozen=True)
class Judged:
    """One point: ``about`` what, whether the guess was ``right``, and a sentence that says what really came."""

    about: str
    right: bool
    said: str


@dataclass(frozen=True)
class Verdict:
    """A guess beside the answer: one row for the status, and one for each header that was offered.

    Without an answer there are no rows, and nothing is scored.
    """

    concept: str
    rows: tuple[Judged, ...] = ()

    @property
    def points(self) -> int:
        """How many were right."""
        return sum(row.right for row in self.rows)

    @property
    def of(self) -> int:
        """How many there were."""
        return len(self.rows)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What really came, and why; never empty."""
        return tuple(row.said for row in self.rows) or ("No answer came, so nothing is scored.",)


def question(request: Asked, exchanges: Iterable[Exchange] = ()) -> Question:
    """What may be guessed about the answer to ``request``.

    Parameters
    ----------
    request: a Request or a Draft.
    exchanges: those before it; a status that the registry gave to the same request is offered as well.
    """
    step = request.step
    seen = {exchange.status for exchange in exchanges if exchange.step == step and exchange.status is not None}
    statuses = {*documented(step), *seen, *_plausible(step)}
    return Question(step, CONCEPTS.get(step, step), tuple(sorted(statuses)), _headers(step))


def _plausible(step: str) -> tuple[int, ...]:
    """The statuses that are documented most often for other requests, and not for this one."""
    own = documented(step)
    counts = Counter(status for endpoint in ENDPOINTS for status in documented(endpoint.name) if status not in own)
    return tuple(sorted(counts, key=lambda status: (-counts[status], status))[:_OTHERS])


def _headers(step: str) -> tuple[str, ...]:
    """Those that an answer must carry, those that tell something, and wrong ones; in the order of their names."""
    required = [name for row in RESPONSES if row.endpoint == step for name in row.headers]
    family = BY_NAME[step].family if step in BY_NAME else ""
    names = dict.fromkeys((*required, *_TELLING.get(family, ()), *_WRONG))
    return tuple(sorted(list(names)[:HEADERS_ASKED]))


def judge(asked: Question, guess: Guess, exchange: Exchange | None) -> Verdict:
    """How right ``guess`` was: a point for the status, and one for each header that was offered."""
    if exchange is None or exchange.status is None:
        return Verdict(asked.concept)
    headers = (_judge_header(name, name in guess.headers, exchange) for name in asked.headers)
    return Verdict(asked.concept, (_judge_status(asked, guess.status, exchange), *headers))


def _judge_status(asked: Question, guess: int | None, exchange: Exchange) -> Judged:
    status = exchange.status or 0
    came = f"{status} came: {exchange.meaning}."
    if guess == status:
        return Judged("status", True, f"Right, {came}")
    other = "No status was picked" if guess is None else f"{guess} would have said: {meaning(asked.step, guess)}"
    return Judged("status", False, f"{came} {other}.")


def _judge_header(name: str, picked: bool, exchange: Exchange) -> Judged:
    there = name in exchange.headers
    row = HEADERS.get(name.lower())
    says = f"says {row.meaning}" if row else "stands in no table"
    came = f"{name} {'came' if there else 'did not come'}; it {says}{_why_there(name, exchange) if there else ''}."
    return Judged(name, picked == there, f"Right: {came}" if picked == there else came)


def _why_there(name: str, exchange: Exchange) -> str:
    citation = required_headers(exchange.request_name, exchange.status or 0).get(name.lower())
    return f' (the documents require it here: {citation.document.name}, "{citation.section}")' if citation else ""


@dataclass(frozen=True)
class Tally:
    """What was asked about one ``concept``: how many points there were, and how many were ``right``."""

    concept: str
    asked: int = 0
    right: int = 0


@dataclass(frozen=True)
class Score:
    """The points so far, by concept, in the order in which the concepts first came."""

    rows: tuple[Tally, ...] = ()

    def add(self, verdict: Verdict) -> Score:
        """This score and what ``verdict`` says."""
        if not verdict.of:
            return self
        tallies = {row.concept: row for row in self.rows}
        old = tallies.get(verdict.concept, Tally(verdict.concept))
        tallies[verdict.concept] = Tally(old.concept, old.asked + verdict.of, old.right + verdict.points)
        return Score(tuple(tallies.values()))

    @property
    def total(self) -> Tally:
        """All concepts together."""
        return Tally("all", sum(row.asked for row in self.rows), sum(row.right for row in self.rows))
