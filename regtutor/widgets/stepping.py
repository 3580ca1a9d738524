"""A push that one steps through: the state machine behind ``PushStepper``.

It drives the same walk as ``push_image``, a request at a time, and keeps a frozen :class:`State` after each, so that
one can look back. It knows nothing of widgets: a test, or a terminal, can drive it as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from regtutor import walks
from regtutor.client.host import StorageTree
from regtutor.client.registry import Registry
from regtutor.content.image import Image
from regtutor.errors import RegtutorError
from regtutor.exchange import Exchange
from regtutor.message import Request
from regtutor.protocol.secrets import redact_headers

RUN_LIMIT = 500
"""Requests that one :meth:`Stepping.run` sends at most."""

NEW, SAME = "new", "same"
"""Where :meth:`Stepping.reset` starts the walk anew: in a new repository without mount, or in the same one."""


@dataclass(frozen=True)
class Draft:
    """A request about to be sent, as far as it may be shown; the connection adds headers of its own when it is sent.

    Attributes
    ----------
    step: the name of the documented request.
    start_line: method, target in origin-form, version; without secrets.
    origin: scheme and host, if the target names them (a Location may), or ``""``.
    headers: name and value, without secrets.
    size: bytes of the body; None without a body.
    label: where the body's bytes come from.
    """

    step: str
    start_line: str
    origin: str
    headers: tuple[tuple[str, str], ...]
    size: int | None
    label: str

    @classmethod
    def of(cls, request: Request) -> Draft:
        """What of ``request`` may be shown."""
        origin, target = _split(request.shown_target)
        body = request.body
        return cls(
            step=request.step,
            start_line=f"{request.method} {target} HTTP/1.1",
            origin=origin,
            headers=redact_headers(request.headers),
            size=body.size if body else None,
            label=body.label if body else "",
        )

    def as_text(self) -> str:
        """The request line by line, as :meth:`Exchange.as_text` writes it."""
        lines = [f"> {self.start_line}", *(f"> {name}: {value}" for name, value in self.headers), ">"]
        if self.size is not None:
            source = "bytes in memory" if self.label == "bytes" else self.label
            lines.append(f"> [{self.size} bytes to be sent, from {source}]")
        if self.origin:
            lines.append(f"* to {self.origin}, which the Location named")
        return "\n".join(lines)


def _split(url: str) -> tuple[str, str]:
    """Origin and origin-form target of a URL or a target, cut without rewriting anything."""
    scheme, mark, rest = url.partition("://")
    if not mark or "/" in scheme:
        return "", url
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host}", slash + path


@dataclass(frozen=True)
class State:
    """What there was to see after ``number`` requests of one walk.

    Attributes
    ----------
    number: how many requests had been sent; 0 before the first.
    repository: where the walk pushes to.
    exchanges: those of this walk so far; one fewer than ``number`` for each request that got no record.
    exchange: the last one; None before the first, or if sending ended without a record.
    draft: the request about to be sent; None at the end.
    tree: the registry's storage, or None where it cannot be seen.
    unseen: why ``tree`` is None, or ``""``.
    note: what is to be said about this state: what the walk left out, or that it goes on after a failure.
    error: what stopped the walk here, or None.
    """

    number: int
    repository: str
    exchanges: tuple[Exchange, ...] = ()
    exchange: Exchange | None = None
    draft: Draft | None = None
    tree: StorageTree | None = None
    unseen: str = ""
    note: str = ""
    error: Exception | None = None

    @property
    def complete(self) -> bool:
        """Whether the walk came to its end."""
        return self.draft is None and self.error is None


class Stepping:
    """A push in steps, with the states it went through.

    Parameters
    ----------
    reg: the registry to push to.
    image: what to push.
    repository, tag: where to, such as ``"library/hello"`` and ``"v1"``.
    prepare: what is done to each request before it is sent, such as counting its bytes for a progress bar.

    Attributes
    ----------
    states: every state of the present walk, the latest last; never empty.
    position: the index of the state that is shown.
    """

    def __init__(
        self,
        reg: Registry,
        image: Image,
        repository: str,
        tag: str,
        *,
        prepare: Callable[[Request], Request] | None = None,
    ) -> None:
        self.tag = tag
        self._image, self._first, self._prepare = image, repository, prepare
        self._sender = _Remembering(reg)
        self._start(repository, mount=True)

    def _start(self, repository: str, mount: bool) -> None:
        reg = self._sender.reg
        mount_from = reg.pushed.repositories if mount else walks.nowhere
        walk = walks.push(self._image, repository, self.tag, mount_from=mount_from)
        self._walker = walks.Walker(walk, self._sender, prepare=self._prepare)
        self.states: list[State] = [self._observe(State(0, repository))]
        self.position = 0

    @property
    def state(self) -> State:
        """The state that is shown."""
        return self.states[self.position]

    @property
    def live(self) -> bool:
        """Whether the latest state is shown, so that :meth:`next` would send."""
        return self.position == len(self.states) - 1

    @property
    def repository(self) -> str:
        """Where the present walk pushes to."""
        return self.states[0].repository

    @property
    def can_back(self) -> bool:
        """Whether there is an earlier state."""
        return self.position > 0

    @property
    def can_next(self) -> bool:
        """Whether there is a later state, or a request to be sent."""
        return not self.live or self.can_send

    @property
    def can_send(self) -> bool:
        """Whether the walk has a further request."""
        return self.states[-1].draft is not None

    def back(self) -> State:
        """Show the state before; nothing is undone in the registry. At the first state this does nothing."""
        self.position = max(self.position - 1, 0)
        return self.state

    def next(self) -> State:
        """Show the state after this one; at the latest, send the next request. At the end this does nothing.

        Raises
        ------
        Exception: whatever stopped the walk, after a state that holds it was added.
        """
        if not self.live:
            self.position += 1
        elif self.can_send:
            self._send()
        return self.state

    def run(self, each: Callable[[State], None] | None = None, limit: int = RUN_LIMIT) -> State:
        """Go to the latest state and send what is left, at most ``limit`` requests; ``each`` sees every new state.

        Raises
        ------
        Exception: whatever stopped the walk, after a state that holds it was added.
        """
        self.position = len(self.states) - 1
        for _ in range(limit):
            if not self.can_send:
                break
            self._send()
            if each is not None:
                each(self.state)
        return self.state

    def reset(self, where: str) -> str:
        """Start the walk anew, and say how. The states of the former walk are dropped; the registry stays as it is.

        Parameters
        ----------
        where: :data:`NEW`, a repository that this client has not pushed the image to, mounting nothing, so that
            uploads are seen again; or :data:`SAME`, where HEAD now finds what was pushed.
        """
        left = self._left_open()
        if where == NEW:
            self._start(self._unused(), mount=False)
            said = f"Started anew in the new repository {self.repository}, without mount: every blob is uploaded again."
        else:
            self._start(self.repository, mount=True)
            said = (
                f"Started anew in the same repository, {self.repository}: HEAD answers 200 for what is there already."
            )
        return f"{said} {left}".rstrip()

    def _left_open(self) -> str:
        last = self.states[-1]
        if last.draft is None or last.draft.step != "put_blob":
            return ""
        return f"The upload session that request {last.number} opened is left behind; registries drop those in time."

    def _unused(self) -> str:
        """The first of name-2, name-3, ... that this client has pushed no blob of the image to."""
        pushed = self._sender.reg.pushed
        used = {name for blob in self._image.blobs for name in pushed.repositories(blob.digest)} | {self.repository}
        number = 2
        while f"{self._first}-{number}" in used:
            number += 1
        return f"{self._first}-{number}"

    def _send(self) -> None:
        before = self.states[-1]
        known = len(self._walker.exchanges)
        try:
            self._walker.step()
        except Exception as error:
            self._add(before, known, error)
            raise
        self._add(before, known)

    def _add(self, before: State, known: int, error: Exception | None = None) -> None:
        exchanges = tuple(self._walker.exchanges)
        state = State(
            number=before.number + 1,
            repository=before.repository,
            exchanges=exchanges,
            exchange=exchanges[-1] if len(exchanges) > known else None,
            note=self._note(error),
            error=error,
        )
        self.states.append(self._observe(state))
        self.position = len(self.states) - 1

    def _note(self, error: Exception | None) -> str:
        if self._sender.failure is not None and error is None:
            return f"{self._sender.failure} The next request cleans up after it; then the push stops."
        return " ".join(f"{note}." for note in self._walker.notes)

    def _observe(self, state: State) -> State:
        request = self._walker.request if state.error is None else None
        tree, unseen = _tree(self._sender.reg)
        return replace(state, draft=Draft.of(request) if request else None, tree=tree, unseen=unseen)


class _Remembering:
    """Sends to ``reg``, and remembers how the last sending failed: the walk may handle it and say nothing."""

    def __init__(self, reg: Registry) -> None:
        self.reg = reg
        self.failure: RegtutorError | None = None

    def send(self, request: Request) -> Exchange:
        self.failure = None
        try:
            return self.reg.send(request)
        except RegtutorError as error:
            self.failure = error
            raise


def _tree(reg: Registry) -> tuple[StorageTree | None, str]:
    try:
        return reg.tree(), ""
    except RegtutorError as error:
        return None, str(error)


@dataclass(frozen=True)
class Change:
    """A file of the registry's storage that two trees do not agree on: what ``kind`` of change, path and bytes."""

    kind: str
    path: str
    size: int


def changes(before: StorageTree | None, after: StorageTree | None) -> tuple[Change, ...]:
    """What became ``new``, ``changed`` (its size) or ``gone`` between two trees, by path; empty if one is unknown."""
    if before is None or after is None:
        return ()
    old, new = dict(before), dict(after)
    found = [Change("new", path, size) for path, size in new.items() if path not in old]
    found += [Change("changed", path, size) for path, size in new.items() if old.get(path, size) != size]
    found += [Change("gone", path, size) for path, size in old.items() if path not in new]
    return tuple(sorted(found, key=lambda change: change.path))
