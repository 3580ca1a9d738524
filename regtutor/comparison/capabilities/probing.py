"""``probe``: try every capability of the table in order, and make the card."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from regtutor.client.registry import Registry
from regtutor.comparison.capabilities import deletes, lists, manifests, pulling, uploads
from regtutor.comparison.capabilities.capability import CAPABILITIES, Capability, Verdict
from regtutor.comparison.capabilities.card import CapabilityCard, Item
from regtutor.comparison.capabilities.cleaning import clean_up
from regtutor.comparison.capabilities.content import find, prepare
from regtutor.comparison.capabilities.trial import NotTried, Trial
from regtutor.exchange import Exchange, Transcript
from regtutor.protocol.secrets import redact_url
from regtutor.steps.sender import needs_registry

MODULES = (pulling, lists, uploads, manifests, deletes)
"""The modules with the rows of the table; importing them fills it."""

GROUPS = ("api", "pull", "lists", "uploads", "manifests", "deletion")
"""The groups in order."""

SECONDS = 60.0


@needs_registry
def probe(
    reg: Registry,
    repository: str | None = None,
    tag: str | None = None,
    *,
    write: bool = False,
    scratch: str = "",
    seconds: float = SECONDS,
    watch: Callable[[Exchange], None] | None = None,
) -> CapabilityCard:
    """Find out what a registry can do: a capability card, with the exchanges that prove each verdict.

    Parameters
    ----------
    reg: the registry.
    repository, tag: the content to read; by default the first tag of the first repository in the catalog. With
        ``write`` the content that the probe pushes is read instead.
    write: push to scratch repositories, whose names begin with ``regtutor-probe-`` and a random part, and then
        delete what was pushed, if the registry deletes. Without it nothing is changed.
    scratch: the prefix of these names, such as ``"me/"`` if you may push only to one namespace.
    seconds: the time for all requests; after it, capabilities are ``not tried``. The cleanup has 20 s of its own.
    watch: is called with each exchange as soon as it is made.

    Returns
    -------
    A :class:`~regtutor.comparison.capabilities.card.CapabilityCard`: a sequence of items with ``outcome``, ``summary``,
    level and clause, and ``exchanges``; ``.table``, ``.as_text()``, ``.as_json()``, ``.deviations``; ``.notes`` say
    which content stays in the registry. A registry that does not respond also has a card.

    Source: each item has its own clause, most of them of OCI distribution-spec v1.1.1
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md>.
    """
    trial = Trial(reg, seconds, scratch, watch)
    notes: list[str] = []
    cleaned: tuple[str, ...] = ()
    items: list[Item] = []
    try:
        notes.append(_set_up(trial, repository, tag, write))
        begun = len(trial.exchanges)
        items += [_item(trial, row) for row in _rows(write)]
        ended = len(trial.exchanges)
    finally:
        if write:
            cleaned = clean_up(trial)
    return CapabilityCard(
        reg.name,
        redact_url(reg.url),
        tuple(items),
        (*notes, *cleaned),
        Transcript.of(trial.exchanges[:begun]),
        Transcript.of(trial.exchanges[ended:]),
    )


def _rows(write: bool) -> Iterable[Capability]:
    rows = sorted(CAPABILITIES, key=lambda row: GROUPS.index(row.group))
    return [row for row in rows if write or not row.writes]


def _set_up(trial: Trial, repository: str | None, tag: str | None, write: bool) -> str:
    try:
        name = prepare(trial) if write else find(trial, repository, tag)
    except NotTried as reason:
        return f"No content to read: {reason}"
    return f"The probe pushed to {name} and its neighbors" if write else f"The probe read {name} and changed nothing"


def _item(trial: Trial, row: Capability) -> Item:
    begun = len(trial.exchanges)
    try:
        found = row.look(trial)
    except NotTried as reason:
        found = Verdict("not tried", str(reason))
    proof = Transcript.of(trial.exchanges[begun:], row.name)
    return Item(
        row.name, row.group, row.question, row.level, row.citation, found.outcome, found.summary, proof, row.condition
    )
