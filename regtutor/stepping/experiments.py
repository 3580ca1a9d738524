"""Experiments after a walk: a table of requests to break or to vary on purpose, and the set-up of each in the stepper.

An experiment starts a walk, sends its requests up to the one in question, and changes that one. The learner sends it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from regtutor.errors import InvalidArgument
from regtutor.protocol.ranges import first_and_last
from regtutor.stepping.draft import Draft
from regtutor.stepping.machine import NEW, RUN_LIMIT, SAME, Stepping

OFFERED = 3
"""The number of experiments that are suggested at the end of a walk."""

Change = Callable[[Draft], Mapping[str, Any]]
"""Returns the arguments of :meth:`Stepping.edit <regtutor.stepping.machine.Stepping.edit>` for a request."""


@dataclass(frozen=True)
class Experiment:
    """A request to try, and how to get to it.

    Attributes
    ----------
    name: its name in code and on its card.
    asks: the question that it is about.
    walk: a name in :data:`~regtutor.stepping.choices.CHOICES`.
    step, nth: the request in question is the ``nth`` request of this endpoint; with ``""``, it is the first of all.
    change: the change to the request; None sends it in its original form.
    where: ``new`` or ``same`` repository.
    """

    name: str
    asks: str
    walk: str
    step: str = ""
    nth: int = 1
    change: Change | None = None
    where: str = NEW


def _changed_byte(_draft: Draft) -> Mapping[str, Any]:
    return {"body": "one byte changed"}


def _gap(draft: Draft) -> Mapping[str, Any]:
    """Move the range of a chunk by one byte: the byte before it is then missing."""
    start, end = first_and_last(dict(draft.headers).get("Content-Range", "")) or (0, (draft.size or 1) - 1)
    return {"headers": _with(draft, "Content-Range", f"{start + 1}-{end + 1}")}


def _without_type(draft: Draft) -> Mapping[str, Any]:
    return {"headers": [(name, value) for name, value in draft.headers if name.lower() != "content-type"]}


def _without_digest(draft: Draft) -> Mapping[str, Any]:
    path, _, query = draft.target.partition("?")
    kept = "&".join(pair for pair in query.split("&") if not pair.startswith("digest="))
    return {"target": f"{path}?{kept}" if kept else path}


def _from_nowhere(draft: Draft) -> Mapping[str, Any]:
    path, _, query = draft.target.partition("?")
    pairs = ["from=library/nowhere" if pair.startswith("from=") else pair for pair in query.split("&")]
    return {"target": f"{path}?{'&'.join(pairs)}"}


def _unknown_tag(draft: Draft) -> Mapping[str, Any]:
    return {"target": f"{draft.target.rpartition('/')[0]}/no-such-tag"}


def _unknown_digest(draft: Draft) -> Mapping[str, Any]:
    return {"target": draft.target[:-1] + ("1" if draft.target[-1] == "0" else "0")}


def _deleted(_draft: Draft) -> Mapping[str, Any]:
    return {"method": "DELETE"}


def _first_bytes(draft: Draft) -> Mapping[str, Any]:
    return {"headers": _with(draft, "Range", "bytes=0-99")}


def _another_type(draft: Draft) -> Mapping[str, Any]:
    return {"target": f"{draft.target.partition('?')[0]}?artifactType=application/vnd.example.other"}


def _with(draft: Draft, name: str, value: str) -> list[tuple[str, str]]:
    return [*((other, kept) for other, kept in draft.headers if other.lower() != name.lower()), (name, value)]


_ROWS = (
    Experiment(
        "send the manifest first",
        "Does the registry accept a manifest before it has the blobs that the manifest names?",
        "manifest first",
    ),
    Experiment(
        "one byte changed",
        "The body of a PUT differs from its digest in one byte. Does anybody notice?",
        "monolithic",
        "put_blob",
        change=_changed_byte,
    ),
    Experiment(
        "a chunk that leaves a gap",
        "The second chunk says that it begins one byte too late. What does the registry do with it?",
        "chunked",
        "patch_upload",
        2,
        change=_gap,
    ),
    Experiment(
        "mount from another repository",
        "Another repository has the blob. How many bytes does a push send then?",
        "mount",
        "mount_blob",
    ),
    Experiment(
        "mount from a repository that does not have it",
        "The named repository does not exist. Is that an error?",
        "mount",
        "mount_blob",
        change=_from_nowhere,
    ),
    Experiment(
        "close an upload without a digest",
        "PUT sends all bytes, but its target has no digest. Is the blob stored?",
        "monolithic",
        "put_blob",
        change=_without_digest,
    ),
    Experiment(
        "a manifest without Content-Type",
        "The manifest's own mediaType field states its type. Is the header needed as well?",
        "monolithic",
        "put_manifest",
        change=_without_type,
    ),
    Experiment(
        "push it again",
        "The same push, to the same repository. Which requests are left?",
        "monolithic",
        where=SAME,
    ),
    Experiment(
        "a tag that does not exist",
        "Which status and which error code does a pull of an unknown tag get?",
        "pull",
        "get_manifest",
        change=_unknown_tag,
    ),
    Experiment(
        "a digest that does not exist",
        "The last digit of a blob's digest is changed. What does the registry find?",
        "pull",
        "get_blob",
        change=_unknown_digest,
    ),
    Experiment(
        "only the first 100 bytes",
        "A Range header requests a part of a blob. What does the pull say about that part?",
        "pull",
        "get_blob",
        change=_first_bytes,
    ),
    Experiment(
        "delete by tag",
        "DELETE names a tag instead of a digest. What is deleted?",
        "delete",
        "head_manifest",
        change=_deleted,
    ),
    Experiment(
        "referrers of another type",
        "The list of referrers is filtered by an artifact type that nothing has. What is in the list?",
        "referrers",
        "get_referrers",
        change=_another_type,
    ),
)

EXPERIMENTS: Mapping[str, Experiment] = {row.name: row for row in _ROWS}
"""Every experiment, by name."""

SUGGESTED: Mapping[str, tuple[str, ...]] = {
    "monolithic": ("send the manifest first", "one byte changed", "a chunk that leaves a gap"),
    "chunked": ("a chunk that leaves a gap", "close an upload without a digest", "one byte changed"),
    "mount": ("mount from a repository that does not have it", "push it again", "send the manifest first"),
    "already there": ("a manifest without Content-Type", "mount from another repository", "one byte changed"),
    "manifest first": ("one byte changed", "a manifest without Content-Type", "a chunk that leaves a gap"),
    "pull": ("a tag that does not exist", "a digest that does not exist", "only the first 100 bytes"),
    "delete": ("delete by tag", "a tag that does not exist", "push it again"),
    "referrers": ("referrers of another type", "a manifest without Content-Type", "mount from another repository"),
}
"""The experiments that fit the end of each walk, in order."""


def suggestions(walk: str, tried: Collection[str] = ()) -> tuple[Experiment, ...]:
    """Return :data:`OFFERED` experiments for the end of a walk: those that fit it, and then any others.

    Parameters
    ----------
    walk: a name in :data:`~regtutor.stepping.choices.CHOICES`.
    tried: the names of experiments that come last, because they were tried already.
    """
    names = dict.fromkeys((*SUGGESTED.get(walk, ()), *EXPERIMENTS))
    ordered = sorted(names, key=lambda name: name in tried)
    return tuple(EXPERIMENTS[name] for name in ordered[:OFFERED])


def experiment(name: str) -> Experiment:
    """Return the experiment called ``name``.

    Raises
    ------
    InvalidArgument: if it does not exist.
    """
    if name not in EXPERIMENTS:
        why = f"the experiments are {', '.join(map(repr, EXPERIMENTS))}"
        raise InvalidArgument(f"There is no experiment called {name!r}", why, "Choose one of them")
    return EXPERIMENTS[name]


def set_up(stepping: Stepping, chosen: Experiment) -> str:
    """Start the walk of an experiment, send its requests up to the one in question, and change that one.

    Parameters
    ----------
    stepping: the machine; its current walk is dropped.
    chosen: the experiment.

    Returns
    -------
    A sentence about what was done, and the question of the experiment.

    Raises
    ------
    Exception: whatever stopped the walk before that request, as :meth:`Stepping.send` does.
    """
    began = stepping.reset(chosen.where, chosen.walk)
    draft = _go_to(stepping, chosen)
    if draft is None:
        return f"{began} This walk does not send the request of the experiment here."
    if chosen.change is not None:
        stepping.edit(**chosen.change(draft))
    sent = stepping.state.number
    count = (
        f" {sent} requests were sent to get here." if sent > 1 else " 1 request was sent to get here." if sent else ""
    )
    return f"Experiment: {chosen.name}. {chosen.asks} Predict, and press Send.{count}"


def _go_to(stepping: Stepping, chosen: Experiment) -> Draft | None:
    """Send until the request of the experiment is next, and return it; None if the walk ends before."""
    met = 0
    for _ in range(RUN_LIMIT):
        draft = stepping.state.draft
        if draft is None:
            return None
        met += draft.step == chosen.step
        if not chosen.step or met == chosen.nth:
            return draft
        stepping.send()
    return None
