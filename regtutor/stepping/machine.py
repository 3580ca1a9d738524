"""Step through a walk: the state machine behind ``PushStepper``.

:class:`Stepping` drives the same walks as ``push_image`` and the other calls, one request at a time, and keeps a frozen
:class:`State` after each, so that you can look back. A request can be changed before it is sent; if the registry
refuses it, the walk does not receive the response. This module does not depend on widgets: a test or a terminal can
drive it as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from itertools import chain

from regtutor import walks
from regtutor.client.registry import Registry
from regtutor.content.image import Image
from regtutor.content.index import Index
from regtutor.content.writing.staging import Receiver
from regtutor.errors import ConnectionFailed, InvalidArgument, RegtutorError
from regtutor.exchange import Exchange, Transcript
from regtutor.message import Request
from regtutor.stepping.choices import Begun, Choice, choice
from regtutor.stepping.detours import ACCEPTED, after_detour, after_end, after_failure
from regtutor.stepping.editing import Version
from regtutor.stepping.fresh_repository import Found, numbered, without_content
from regtutor.stepping.log_lines import LogReader
from regtutor.stepping.progress import OnBytes, counted, progress
from regtutor.stepping.remembering import Remembering
from regtutor.stepping.states import State
from regtutor.steps.sender import refuse
from regtutor.storage_tree import StorageTree
from regtutor.walks import Notes
from regtutor.walks.driving import driven_at_once

RUN_LIMIT = 500
"""The most requests that one :meth:`Stepping.run` sends."""

NEW, SAME = "new", "same"
"""Where :meth:`Stepping.reset` starts the walk again: in a new repository, or in the same one."""

_INTERRUPTED = "Interrupted before it was read"


class Stepping:
    """A walk, one request at a time, with every state that it went through.

    Parameters
    ----------
    reg: the registry.
    image: the content of the walk: an image, or an index with all its images.
    repository, tag: where the content is or goes, such as ``"library/hello"`` and ``"v1"``. If the repository has
        blobs of the image already, a walk that uploads them uses ``library/hello-2`` or the next number.
    walk: a name in :data:`~regtutor.stepping.choices.CHOICES`.
    on_bytes: called while the bytes of a blob go out, see :data:`~regtutor.stepping.progress.OnBytes`.
    pause: a function that waits the given number of seconds, for log lines that are late.

    The preparation of a walk runs first. If the registry refuses it, the first state holds the error and its exchange.

    Attributes
    ----------
    states: every state of the current walk, the latest last; never empty.
    position: the index of the state that is shown.
    choice: the current walk, as it was chosen.
    content: the image or index of the current walk, or the artifact that it pushes.
    prepared: the exchanges of the preparation of the current walk, which are not shown.
    """

    def __init__(
        self,
        reg: Registry,
        image: Image | Index,
        repository: str,
        tag: str,
        *,
        walk: str = "monolithic",
        on_bytes: OnBytes | None = None,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        if not isinstance(reg, Registry):
            refuse(reg, "PushStepper")
        self.tag = tag
        self._image, self._first, self._on_bytes = image, repository, on_bytes
        self._sender = Remembering(reg)
        self._logs = LogReader(reg, pause)
        self._version: Version | None = None
        self._walker = walks.Walker(_ended(), self._sender)
        self._start(choice(walk), chain([repository], self._names(but=repository)))

    def _names(self, but: str) -> Iterator[str]:
        return numbered(self._first, self._sender.reg, self._image, but=but)

    def _start(self, chosen: Choice, names: Iterable[str], *, fresh: bool = True) -> None:
        """Begin a walk; the former one stays as it is until the preparation is done.

        Parameters
        ----------
        names: the repositories to choose from.
        fresh: whether a push must not begin in a repository that has its blobs already.
        """
        reg, error = self._sender.reg, None
        if fresh and chosen.pushes is not None:
            with driven_at_once():
                found = without_content(reg, chosen.pushes(self._image), names)
        else:
            found = Found(next(iter(names)))
        repository = found.repository
        try:
            begun = chosen.begin(reg, self._image, repository, self.tag)
        except RegtutorError as caught:
            begun, error = Begun(_ended(), self._image, prepared=caught.transcript or Transcript()), caught
        walker = walks.Walker(begun.walk, self._sender)
        self._walker.close()
        self._walker, self.choice, self.content = walker, chosen, begun.content
        self.prepared = Transcript.of([*found.looked, *begun.prepared], begun.prepared.title)
        unlogged = self._logs.skip()
        tree, unseen = _tree(reg)
        self.states: list[State] = []
        self.position = 0
        refused = error.exchange if error is not None else None
        note = " ".join(filter(None, (found.note, begun.note)))
        first = State(0, repository, exchange=refused, tree=tree, unseen=unseen, note=note, error=error)
        self._add(replace(first, unlogged=unlogged))

    # -- position --------------------------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """The state that is shown."""
        return self.states[self.position]

    @property
    def live(self) -> bool:
        """Whether the latest state is shown, so that its draft can be edited and sent."""
        return self.position == len(self.states) - 1

    @property
    def repository(self) -> str:
        """The repository of the current walk."""
        return self.states[0].repository

    @property
    def can_back(self) -> bool:
        """Whether an earlier state exists."""
        return self.position > 0

    @property
    def can_forward(self) -> bool:
        """Whether a later state exists."""
        return not self.live

    @property
    def can_next(self) -> bool:
        """Whether a later state exists, or a request can be sent."""
        return self.can_forward or self.can_send

    @property
    def can_send(self) -> bool:
        """Whether the walk has another request."""
        return self.states[-1].draft is not None

    # -- moves -----------------------------------------------------------------------------------------------------

    def back(self) -> State:
        """Show the previous state; nothing is undone in the registry. At the first state, this does nothing."""
        self.position = max(self.position - 1, 0)
        return self.state

    def forward(self) -> State:
        """Show the next state; nothing is sent. At the latest state, this does nothing."""
        self.position = min(self.position + 1, len(self.states) - 1)
        return self.state

    def send(self) -> State:
        """Send the request about to be sent. At an earlier state, and at the end, this does nothing.

        Raises
        ------
        Exception: whatever stopped the walk; a state that holds it is added first.
        RegtutorError: if an edited request cannot be sent; no state is added, and the request can be edited again.
        """
        if self.live and self.can_send:
            self._send()
        return self.state

    def next(self) -> State:
        """Do what :meth:`forward` does, or at the latest state what :meth:`send` does."""
        return self.send() if self.live else self.forward()

    def run(self, each: Callable[[State], None] | None = None, limit: int = RUN_LIMIT) -> State:
        """Go to the latest state and send the remaining requests, at most ``limit``; call ``each`` with each new state.

        Raises
        ------
        Exception: as :meth:`send` does.
        """
        self.position = len(self.states) - 1
        for _ in range(limit):
            if not self.can_send:
                break
            self._send()
            if each is not None:
                each(self.state)
        return self.state

    def reset(self, where: str, walk: str | None = None) -> str:
        """Start a walk again, and return a sentence about it.

        The states of the former walk are dropped; the registry stays as it is.

        Parameters
        ----------
        where: :data:`NEW`, a repository that has no blob of the image, so that you see uploads again; or :data:`SAME`,
            where HEAD now finds the content that was pushed.
        walk: a name in :data:`~regtutor.stepping.choices.CHOICES`; by default the current walk.

        Raises
        ------
        InvalidArgument: if the place or the walk does not exist; nothing is changed then.
        """
        if where not in (NEW, SAME):
            why = f"a walk starts in a {NEW!r} repository or in the {SAME!r} one"
            raise InvalidArgument(f"There is no place called {where!r}", why, "Choose one of the two")
        left = self._left_open()
        chosen = choice(walk) if walk is not None else self.choice
        if where == NEW:
            self._start(chosen, self._names(but=self.repository))
            done = f"Started again in the new repository {self.repository}{self.choice.reset_note}."
        else:
            self._start(chosen, [self.repository], fresh=False)
            finds = ": HEAD returns 200 for the blobs that exist already" if self.choice.reset_note else ""
            done = f"Started again in the same repository, {self.repository}{finds}."
        return f"{done} {left}".rstrip()

    def _left_open(self) -> str:
        last = self.states[-1]
        if last.draft is None or last.draft.step not in ("put_blob", "patch_upload"):
            return ""
        opened = next((e for e in reversed(last.exchanges) if e.step in ("start_upload", "mount_blob")), None)
        number = last.exchanges.index(opened) + 1 if opened is not None else last.number
        return f"The upload session that request {number} opened stays open; registries delete such sessions in time."

    # -- editing ---------------------------------------------------------------------------------------------------

    def edit(
        self,
        *,
        method: str | None = None,
        target: str | None = None,
        headers: Iterable[tuple[str, str]] | None = None,
        body: str | None = None,
    ) -> State:
        """Change the request about to be sent; an argument that is ``None`` changes nothing.

        The state then shows the changed draft.

        Parameters
        ----------
        method, target, headers, body: see :meth:`Version.edit <regtutor.stepping.editing.Version.edit>`.

        Raises
        ------
        InvalidArgument: if the request cannot be changed like this, or if no request is about to be sent; nothing is
            changed then.
        """
        return self._show_version(self._editable().edit(method=method, target=target, headers=headers, body=body))

    def undo_edit(self) -> State:
        """Restore the walk's original request. If nothing was edited, this does nothing."""
        if self._version is None:
            return self.state
        return self._show_version(Version.of(self._version.original))

    def _editable(self) -> Version:
        if self._version is None or not self.live:
            raise InvalidArgument(
                "There is no request to change here",
                "the walk has ended" if self.live else "this state shows a request that was sent already",
                "Reset to start again" if self.live else "Go forward to the latest state",
            )
        return self._version

    def _show_version(self, version: Version) -> State:
        self._version = version
        self.states[-1] = replace(self.states[-1], draft=version.draft)
        return self.state

    # -- sending ---------------------------------------------------------------------------------------------------

    def _send(self) -> None:
        assert self._version is not None
        self.position = len(self.states) - 1
        into = self._version.original.into
        if isinstance(into, Receiver):
            into.empty()  # it can hold bytes of a response that was cut off, or that the walk did not receive
        if self._version.draft.edited:
            self._send_edited(self._version)
        else:
            self._send_original()

    def _send_original(self) -> None:
        assert self._walker.request is not None
        known = len(self._walker.exchanges)
        try:
            self._walker.step(self._counted(self._walker.request))
        except Exception as error:
            self._conclude(known, error=error)
            raise
        self._conclude(known)

    def _send_edited(self, version: Version) -> None:
        """Send the edited request; a response below 400 goes to the walk, any other outcome is a detour."""
        known, edits = len(self._walker.exchanges), version.draft.edits
        try:
            exchange = self._walker.attempt(self._counted(version.request))
        except RegtutorError as error:
            if error.exchange is None and not isinstance(error, ConnectionFailed):
                raise  # nothing was sent, and the learner can correct the request
            self._conclude(known, note=str(error), edits=edits, detour=True)
            return
        if not exchange.ok:
            self._conclude(known, edits=edits, detour=True)
            return
        try:
            self._walker.tell(exchange)
        except Exception as error:
            self._conclude(known, note=ACCEPTED, edits=edits, error=error)
            raise
        self._conclude(known, note=ACCEPTED, edits=edits)

    def _counted(self, request: Request) -> Request:
        """Return ``request`` so that it reports the progress of its blob while the bytes go out or come in."""
        own = self._walker.request
        if self._on_bytes is None or own is None:
            return request
        names = (own.body.digest, own.body.label) if own.body else (own.shown_target.rpartition("/")[2],)
        row = next((row for row in self.states[-1].blobs if row.digest in names), None)
        return counted(request, row, self._on_bytes) if row is not None else request

    def _conclude(
        self,
        known: int,
        *,
        note: str = "",
        error: Exception | None = None,
        edits: tuple[str, ...] = (),
        detour: bool = False,
    ) -> None:
        """Add the state after the request that was just sent; ``known`` exchanges came before it.

        The request is done, so the state is added even if reading the registry's log or storage is interrupted.
        """
        exchanges, before = tuple(self._walker.exchanges), self.states[-1]
        exchange = exchanges[-1] if len(exchanges) > known else None
        state = State(before.number + 1, before.repository, exchanges, exchange, error=error)
        state = replace(state, detour=detour, edits=edits, unseen=_INTERRUPTED, unlogged=_INTERRUPTED)
        try:
            log, unlogged = self._logs.read()
            tree, unseen = _tree(self._sender.reg)
            state = replace(state, log=log, unlogged=unlogged, tree=tree, unseen=unseen)
        finally:
            more = after_detour(self._walker.request, before.tree, state.tree) if detour else self._note(state)
            self._add(replace(state, note=" ".join(part for part in (note, more) if part)))

    def _note(self, state: State) -> str:
        failure, request = self._sender.failure, self._walker.request
        if state.error is not None:
            return after_end(state.exchange)
        if failure is not None and request is not None:
            return after_failure(failure, request)
        return " ".join(f"{note}." for note in self._walker.notes)

    def _add(self, state: State) -> None:
        """Add ``state`` with the request about to be sent and the progress of the blobs, and show it."""
        request = self._walker.request if state.error is None else None
        self._version = Version.of(request) if request is not None else None
        draft = self._version.draft if self._version is not None else None
        blobs = progress(self.content, state.exchanges, begins=self.choice.fate)
        self.states.append(replace(state, draft=draft, blobs=blobs))
        self.position = len(self.states) - 1


def _ended() -> Generator[Request, Exchange, Notes]:
    """A walk without requests."""
    yield from ()
    return ()


def _tree(reg: Registry) -> tuple[StorageTree | None, str]:
    try:
        return reg.tree(), ""
    except RegtutorError as error:
        return None, str(error)
    except OSError as error:
        return None, f"The storage cannot be read: {error.strerror or error}"
