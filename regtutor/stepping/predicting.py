"""Predictions: what a learner can guess about a response, how a guess is judged, and the score.

The options, and the sentences about them, come from the tables of endpoints and headers. This module sends nothing.
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
"""The number of headers that a question offers."""

_OTHERS = 2
"""The number of statuses that a question offers in addition to the documented ones."""

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
"""The topic of each endpoint, in the specification's words."""

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
"""The informative headers of the responses of each family of endpoints; the documents have no table of them."""

_WRONG = ("WWW-Authenticate", "Range", "Location", "Content-Range", "Allow", "Link")
"""Headers of other responses, to fill up a question."""


class HasStep(Protocol):
    """The request about to be sent: a Request, or a Draft of one."""

    @property
    def step(self) -> str:
        """The name of the endpoint."""
        ...


@dataclass(frozen=True)
class Question:
    """The guesses that a learner can make about the response to a request.

    Attributes
    ----------
    step: the name of the endpoint.
    concept: its topic, in the specification's words.
    statuses: the learner picks one of these; in ascending order.
    headers: the learner picks any of these; in the order of their names.
    """

    step: str
    concept: str
    statuses: tuple[int, ...]
    headers: tuple[str, ...]


@dataclass(frozen=True)
class Guess:
    """A prediction: a ``status``, or None, and the ``headers`` that the response is expected to have."""

    status: int | None = None
    headers: frozenset[str] = frozenset()

    @classmethod
    def of(cls, status: int | None, headers: Iterable[str] = ()) -> Guess:
        """Return a guess from any iterable of header names."""
        return cls(status, frozenset(headers))


@dataclass(frozen=True)
class Judged:
    """One point: its topic (``about``), whether the guess was ``right``, and a sentence about the real response."""

    about: str
    right: bool
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """A guess compared with the response: one row for the status, and one for each header that was offered.

    Without a response there are no rows, and nothing is scored.
    """

    concept: str
    rows: tuple[Judged, ...] = ()

    @property
    def points(self) -> int:
        """The number of correct guesses."""
        return sum(row.right for row in self.rows)

    @property
    def of(self) -> int:
        """The number of guesses."""
        return len(self.rows)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The sentences about the real response; never empty."""
        return tuple(row.sentence for row in self.rows) or ("There was no response, so nothing is scored.",)


def question(request: HasStep, exchanges: Iterable[Exchange] = ()) -> Question:
    """Return what a learner can guess about the response to ``request``.

    Parameters
    ----------
    request: a Request or a Draft.
    exchanges: earlier ones; a status that the registry returned for the same endpoint is offered as well.
    """
    step = request.step
    seen = {exchange.status for exchange in exchanges if exchange.step == step and exchange.status is not None}
    statuses = {*documented(step), *seen, *_plausible(step)}
    return Question(step, CONCEPTS.get(step, step), tuple(sorted(statuses)), _headers(step))


def _plausible(step: str) -> tuple[int, ...]:
    """Return the statuses that are documented most often for other endpoints, and not for this one."""
    own = documented(step)
    counts = Counter(status for endpoint in ENDPOINTS for status in documented(endpoint.name) if status not in own)
    return tuple(sorted(counts, key=lambda status: (-counts[status], status))[:_OTHERS])


def _headers(step: str) -> tuple[str, ...]:
    """Return required headers, informative ones and wrong ones, in the order of their names."""
    required = [name for row in RESPONSES if row.endpoint == step for name in row.headers]
    family = BY_NAME[step].family if step in BY_NAME else ""
    names = dict.fromkeys((*required, *_TELLING.get(family, ()), *_WRONG))
    return tuple(sorted(list(names)[:HEADERS_ASKED]))


def judge(asked: Question, guess: Guess, exchange: Exchange | None) -> Verdict:
    """Score ``guess``: a point for the status, and one for each header that was offered."""
    if exchange is None or exchange.status is None:
        return Verdict(asked.concept)
    headers = (_judge_header(name, name in guess.headers, exchange) for name in asked.headers)
    return Verdict(asked.concept, (_judge_status(asked, guess.status, exchange), *headers))


def _judge_status(asked: Question, guess: int | None, exchange: Exchange) -> Judged:
    status = exchange.status or 0
    real = f"status was {status}: {exchange.meaning}."
    if guess == status:
        return Judged("status", True, f"Right, the {real}")
    other = "You picked no status" if guess is None else f"{guess} would mean: {meaning(asked.step, guess)}"
    return Judged("status", False, f"The {real} {other}.")


def _judge_header(name: str, picked: bool, exchange: Exchange) -> Judged:
    present = name in exchange.headers
    row = HEADERS.get(name.lower())
    about = f"its meaning: {row.meaning}" if row else "no table describes it"
    why = _why_present(name, exchange) if present else ""
    real = f"{name} was {'present' if present else 'absent'}; {about}{why}."
    return Judged(name, picked == present, f"Right: {real}" if picked == present else real)


def _why_present(name: str, exchange: Exchange) -> str:
    citation = required_headers(exchange.request_name, exchange.status or 0, exchange.case).get(name.lower())
    return f' (the documents require it here: {citation.document.name}, "{citation.section}")' if citation else ""


@dataclass(frozen=True)
class Tally:
    """The score of one ``concept``: the number of ``guesses``, and how many of them were ``right``."""

    concept: str
    guesses: int = 0
    right: int = 0


@dataclass(frozen=True)
class Score:
    """The points so far, by concept, in the order in which the concepts first appeared."""

    rows: tuple[Tally, ...] = ()

    def add(self, verdict: Verdict) -> Score:
        """Return this score with the points of ``verdict`` added."""
        if not verdict.of:
            return self
        tallies = {row.concept: row for row in self.rows}
        old = tallies.get(verdict.concept, Tally(verdict.concept))
        tallies[verdict.concept] = Tally(old.concept, old.guesses + verdict.of, old.right + verdict.points)
        return Score(tuple(tallies.values()))

    @property
    def total(self) -> Tally:
        """The sum over all concepts."""
        return Tally("all", sum(row.guesses for row in self.rows), sum(row.right for row in self.rows))
