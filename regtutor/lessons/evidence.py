"""The evidence that a check of a lesson looks at: the learner's exchanges, and the state of the registry.

A :class:`Stage` sends requests through a connection that nobody watches, so they do not count as the learner's.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from regtutor.client.registry import Registry
from regtutor.exchange import Exchange
from regtutor.message import Blob
from regtutor.steps import get_blob, get_manifest, get_upload, head_blob, list_tags, put_blob, start_upload


@dataclass(frozen=True)
class Stage:
    """A registry and the learner's prefix on it.

    Attributes
    ----------
    reg: the registry; requests through it do not count as the learner's.
    me: the prefix of the learner's repositories.
    """

    reg: Registry
    me: str

    def repository(self, name: str) -> str:
        """Return the learner's repository ``name``: ``{me}/name``."""
        return f"{self.me}/{name}"

    def scratch(self) -> str:
        """Return a new repository of the learner's, for requests that show something."""
        return self.repository(f"shown-{uuid.uuid4().hex[:8]}")

    def upload(self, repository: str, blob: Blob) -> Exchange:
        """Upload ``blob`` to ``repository``, given with its prefix, in a session; return the exchange of the PUT."""
        opened = start_upload(self.reg, repository).expect(202)
        return put_blob(self.reg, opened.location or "", blob)

    def has_blob(self, name: str, digest: str) -> bool:
        """Return whether the learner's repository ``name`` has the blob."""
        return head_blob(self.reg, self.repository(name), digest).status == 200

    def digest_of_blob(self, name: str, digest: str) -> str | None:
        """Return the digest of the bytes that ``{me}/name`` has under ``digest``; None if it has none."""
        exchange = get_blob(self.reg, self.repository(name), digest)
        return exchange.response.body.digest if exchange.status == 200 and exchange.response else None

    def manifest(self, name: str, reference: str) -> Exchange | None:
        """Return the response to a GET of a manifest in the learner's repository ``name``; None if it has none."""
        exchange = get_manifest(self.reg, self.repository(name), reference)
        return exchange if exchange.status == 200 else None

    def digest(self, name: str, reference: str) -> str | None:
        """Return the digest of the manifest to which ``reference`` points in ``{me}/name``; None if it has none."""
        exchange = self.manifest(name, reference)
        return exchange.response.body.digest if exchange is not None and exchange.response else None

    def tags(self, name: str) -> tuple[str, ...]:
        """Return the tags of the learner's repository ``name``; empty if it does not exist."""
        exchange = list_tags(self.reg, self.repository(name))
        return tuple(exchange.json().get("tags") or ()) if exchange.status == 200 else ()

    def is_open(self, session: Exchange) -> bool:
        """Return whether the upload session at the Location of ``session`` still exists."""
        return session.location is not None and get_upload(self.reg, session.location).status == 204


@dataclass(frozen=True)
class Evidence(Stage):
    """A stage, and what the learner has sent in this lesson, oldest first.

    Attributes
    ----------
    exchanges: what counts, oldest first: without the requests of walks, unless the task accepts them.
    everything: everything that the learner has sent, oldest first; requests are numbered in it.
    looked_at: how many of everything were there when the last attempt began: at the look before the last new request.
    beside: the registries that the lesson opened beside its own, by name.
    recorded: those of the exchanges that another program sent to the address of ``terminal()``.
    walked: those of everything that a walk sent, such as ``rt.push_image``.
    """

    exchanges: Sequence[Exchange] = field(default=())
    everything: Sequence[Exchange] = field(default=())
    looked_at: int = 0
    beside: Mapping[str, Registry] = field(default_factory=dict)
    recorded: Sequence[Exchange] = field(default=())
    walked: Sequence[Exchange] = field(default=())

    @property
    def alone(self) -> Evidence:
        """Only what the learner has sent request by request, without the requests of walks."""
        return replace(self, exchanges=tuple(each for each in self.exchanges if not _among(each, self.walked)))

    @property
    def attempt(self) -> Evidence:
        """Only the last attempt: what was sent since a task was last looked at. A second look has the same attempt.

        Any exchange of the lesson can complete a task. The last attempt shows best what is still missing.
        """
        if not 0 < self.looked_at < len(self.everything):
            return self
        later = self.everything[self.looked_at :]
        kept = tuple(each for each in self.exchanges if _among(each, later))
        walked = tuple(each for each in self.walked if _among(each, later))
        return replace(self, exchanges=kept, walked=walked, looked_at=0)

    def at(self, name: str) -> Evidence | None:
        """Return the evidence about the registry ``name`` beside the lesson's own; None if it is not open yet."""
        reg = self.beside.get(name)
        if reg is None:
            return None
        own = tuple(each for each in self.exchanges if _is_at(each, reg))
        return replace(self, reg=reg, exchanges=own, looked_at=0, beside={})

    def sent(self, *endpoints: str, to: str | None = None, status: int | None = None, **fields: str) -> list[Exchange]:
        """Return the learner's exchanges that fit, oldest first, without those with a registry beside the lesson's.

        Parameters
        ----------
        endpoints: names of endpoints, such as ``"head_blob"``; none for any request. A HEAD at an endpoint of GET, such
            as that of ``list_tags``, has no body to read, and is left out.
        to: a repository of the learner, such as ``"other"`` for ``{me}/other``.
        status: the status of the response.
        fields: fields of the path or the query, such as ``digest=`` or ``mount=``; ``source=`` stands for ``from=``.
        """
        repository = None if to is None else self.repository(to)
        wanted = {{"source": "from"}.get(name, name): value for name, value in fields.items()}
        return [
            exchange
            for exchange in self.exchanges
            if (not endpoints or (endpoint_of(exchange) in endpoints and _has_its_method(exchange)))
            and (repository is None or field_of(exchange, "repository") == repository)
            and (status is None or exchange.status == status)
            and all(field_of(exchange, name) == value for name, value in wanted.items())
            and not self.is_beside(exchange)
        ]

    def latest(
        self, *endpoints: str, to: str | None = None, status: int | None = None, **fields: str
    ) -> Exchange | None:
        """Return the last exchange of :meth:`sent`, or None."""
        found = self.sent(*endpoints, to=to, status=status, **fields)
        return found[-1] if found else None

    def number(self, exchange: Exchange) -> int | None:
        """Return the number of the learner's request, counted from 1 as in ``rt.summary_table``."""
        return next((n for n, other in enumerate(self.everything, 1) if other is exchange), None)

    def is_by_hand(self, exchange: Exchange) -> bool:
        """Return whether another program sent it, also with the headers of a step; or ``rt.Request(...)`` built it."""
        return not built_by_step(exchange) or self.is_of_a_program(exchange)

    def is_of_a_program(self, exchange: Exchange) -> bool:
        """Return whether another program sent it, to the address of ``terminal()``."""
        return _among(exchange, self.recorded)

    def of_session(self, put: Exchange) -> list[Exchange]:
        """Return the learner's requests that sent bytes to the upload session of ``put``, oldest first; itself too."""
        session = field_of(put, "session")
        if session is None:  # a POST with the whole blob has no session
            return [put]
        return [each for each in self.sent("patch_upload", "put_blob") if field_of(each, "session") == session]

    def bytes_of(self, put: Exchange) -> int:
        """Return how many bytes of the learner's the upload session of ``put`` accepted, or ``put`` itself sent."""
        return sum(each.bytes_up for each in self.of_session(put) if each.ok or each is put)

    def pushes(self, to: str, tag: str) -> list[list[Exchange]]:
        """Return the learner's requests to ``{me}/to``, in parts that each end with an accepted manifest of ``tag``."""
        parts: list[list[Exchange]] = [[]]
        for exchange in self.sent(to=to):
            parts[-1].append(exchange)
            tagged = endpoint_of(exchange) == "put_manifest" and field_of(exchange, "reference") == tag
            if tagged and exchange.status == 201:
                parts.append([])
        return parts[:-1]

    def is_beside(self, exchange: Exchange) -> bool:
        """Return whether it went to a registry that the lesson opened beside its own."""
        return any(_is_at(exchange, reg) for reg in self.beside.values())

    def after(self, exchange: Exchange) -> Sequence[Exchange]:
        """Return the learner's exchanges after ``exchange``."""
        number = self.number(exchange)
        later = self.everything[number:] if number is not None else ()
        return tuple(each for each in self.exchanges if _among(each, later))


def _among(exchange: Exchange, others: Sequence[Exchange]) -> bool:
    """Return whether ``exchange`` itself is one of ``others``; an equal one is another request."""
    return any(each is exchange for each in others)


def _is_at(exchange: Exchange, reg: Registry) -> bool:
    return exchange.url.startswith(f"{reg.url}/")


def _has_its_method(exchange: Exchange) -> bool:
    return exchange.method != "HEAD" or (exchange.endpoint is not None and exchange.endpoint.endpoint.method == "HEAD")


SENT_BY_A_STEP = (
    "A step sent it, or its label is the name of a step. Write the request with rt.Request and another label, or with "
    "curl."
)
"""Said of a request that ought to be by hand."""


def endpoint_of(exchange: Exchange) -> str:
    """Return the name of the endpoint that the request went to; empty for any other address."""
    return exchange.endpoint.endpoint.name if exchange.endpoint is not None else ""


def built_by_step(exchange: Exchange) -> bool:
    """Return whether a step built the request; False for ``rt.Request(...)`` and for other programs, such as curl."""
    agent = exchange.request_headers.get("User-Agent", "")
    return exchange.step == endpoint_of(exchange) and agent.startswith("regtutor/")


def field_of(exchange: Exchange, name: str) -> str | None:
    """Return a field of the request's path or query, such as ``repository``, ``digest`` or ``mount``; or None."""
    if exchange.endpoint is None:
        return None
    return exchange.endpoint.path.get(name, exchange.endpoint.query.get(name))
