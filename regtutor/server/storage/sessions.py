"""The upload sessions of a store: bytes that have arrived and are not yet a blob; no HTTP.

A session is ``_uploads/<uuid>/`` with ``data`` and ``startedat`` in a repository of a :class:`~.store.Store`. Between
the requests of a session its hash is kept in memory, so that a blob is hashed once however many chunks it comes in.
Where that was lost, by a restart or because the digest is of another algorithm, ``data`` is read once more at the end;
Distribution's ``hashstates`` beside it are not needed.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections import OrderedDict
from pathlib import Path

from regtutor.errors import ServerError
from regtutor.message import CHUNK
from regtutor.protocol.digests import CANONICAL, Digest, Hasher
from regtutor.server.names import is_session
from regtutor.server.storage.purging import purge
from regtutor.server.storage.store import Store


class SessionBusy(Exception):
    """All the bytes of another request are there, and are being left in the session or made a blob at this moment."""


class SessionGone(Exception):
    """The session was cancelled, finished, or taken over by another request, while this one was under way."""


class WrongDigest(Exception):
    """The bytes are not what their digest says; ``found`` is the digest that they have, ``size`` how many they are."""

    def __init__(self, found: str, size: int) -> None:
        super().__init__(found)
        self.found, self.size = found, size


class Sessions:
    """The upload sessions of ``store``; one object for each store, as one process writes to it.

    Attributes
    ----------
    uploading: the sessions to which a request writes now, by their directories.
    hashes: what the bytes of open sessions hash to so far.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.uploading: dict[Path, SessionWriter] = {}
        self.hashes = HashesInProgress()

    def start(self, repository: str) -> Session:
        """A new session without bytes; ValueError if ``repository`` does not fit the grammar."""
        session = Session(self, repository, str(uuid.uuid4()))
        session.data.parent.mkdir(parents=True)
        session.data.touch()
        (session.data.parent / "startedat").write_text(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        return session

    def open(self, repository: str, id: str) -> Session | None:
        """The session that was started as ``id``, or None; ValueError for an ``id`` that is not a UUID."""
        session = Session(self, repository, id)
        return session if session.exists else None

    def purge(self) -> int:
        """Remove the sessions that were started too long ago, as ``purging`` says; returns how many.

        Raises
        ------
        ServerError: if one cannot be removed.
        """
        try:
            return purge(self.store.repositories_path)
        except OSError as error:
            raise ServerError(
                f"The registry directory {self.store.root} cannot be used",
                error.strerror or str(error),
                "Give a directory that you may write to",
            ) from error


class HashesInProgress:
    """The hashes of sessions between their requests, of at most ``limit`` sessions: the oldest is forgotten first."""

    def __init__(self, limit: int = 256) -> None:
        self._limit = limit
        self._kept: OrderedDict[Path, Hasher] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, session: Path, hasher: Hasher) -> None:
        """Remember what the bytes of ``session`` hash to so far."""
        self._kept[session] = hasher
        while len(self._kept) > self._limit:
            self._kept.popitem(last=False)

    def pop(self, session: Path) -> Hasher | None:
        """What was kept for ``session``, no longer kept."""
        return self._kept.pop(session, None)


class Session:
    """One upload session, whether or not it exists.

    Parameters
    ----------
    sessions, repository: where it belongs.
    id: a UUID; anything else is a ``ValueError``.
    """

    def __init__(self, sessions: Sessions, repository: str, id: str) -> None:
        if not is_session(id):
            raise ValueError(f"{id!r} is not an upload session")
        self.sessions, self.repository, self.id = sessions, repository, id
        self._path = sessions.store.repository_path(repository) / "_uploads" / id
        self.data = self._path / "data"

    @property
    def exists(self) -> bool:
        return (self._path / "startedat").is_file()

    @property
    def started_at(self) -> str:
        """When it was started, as RFC 3339 text; SessionGone if it has ended meanwhile."""
        try:
            return (self._path / "startedat").read_text()
        except FileNotFoundError:
            raise SessionGone(self.id) from None

    @property
    def size(self) -> int:
        """How many bytes have arrived, without those of a request that must be whole to count."""
        writer = self.sessions.uploading.get(self._path)
        if writer is not None and not writer.keeps:
            return writer.start
        try:
            return self.data.stat().st_size
        except FileNotFoundError:
            return 0

    def discard(self) -> None:
        """Remove it and its bytes; what a request still writes to it goes nowhere.

        Raises
        ------
        SessionBusy: while another request to it ends.
        SessionGone: if it has ended meanwhile.
        """
        self._interrupt()
        try:
            self._remove()
        except FileNotFoundError:
            raise SessionGone(self.id) from None

    def _remove(self) -> None:
        self.sessions.hashes.pop(self._path)
        shutil.rmtree(self._path)

    def writer(self, algorithm: str = CANONICAL, *, keeps: bool = False) -> SessionWriter:
        """Take further bytes.

        A request that still writes to this session is interrupted: a client that comes back after a cut connection need
        not wait until the cut is noticed here.

        Parameters
        ----------
        algorithm: of the digest that the bytes will be asked for.
        keeps: whether bytes that came before a cut stay.

        Raises
        ------
        SessionBusy: while another request to it ends.
        SessionGone: if it has ended meanwhile.
        """
        self._interrupt()
        try:
            return SessionWriter(self, algorithm, keeps)
        except FileNotFoundError:
            raise SessionGone(self.id) from None

    def _interrupt(self) -> None:
        writer = self.sessions.uploading.get(self._path)
        if writer is not None:
            writer.abort()
        if self._path in self.sessions.uploading:
            raise SessionBusy(self.id)


class SessionWriter:
    """Appends bytes to a session: in the end they stay there (``pause``), or become a blob (``commit``).

    Only one of ``pause``, ``commit`` and ``abort`` has an effect: the first.

    Parameters
    ----------
    session: one that no other writer writes to.
    algorithm: of the digest that the bytes will be asked for.
    keeps: whether ``abort`` leaves what has arrived in the session.

    Attributes
    ----------
    start: how many bytes the session had before.
    received: how many this writer was given.
    limit: None, a session takes any number of bytes.
    """

    limit = None

    def __init__(self, session: Session, algorithm: str, keeps: bool) -> None:
        self.session, self.keeps = session, keeps
        # Unbuffered: what a full disk refused once must not be tried again by truncating or closing the file.
        self._file = session.data.open("ab", buffering=0)
        self.start, self.received = self._file.tell(), 0
        kept = session.sessions.hashes.pop(session._path)
        self._before = kept if kept is not None and kept.size == self.start else None
        if self.start == 0:
            self._before = Hasher(algorithm)
        self._hasher = self._before.copy() if self._before is not None else None
        # Taken by whoever ends this writer. The loop and a worker may both try: taking from a list is atomic.
        self._may_end = [True]
        session.sessions.uploading[session._path] = self

    def write(self, chunk: bytes) -> None:
        """Append ``chunk``; once the writer was ended from elsewhere, only count it."""
        self.received += len(chunk)
        if not self._may_end:
            return
        left = memoryview(chunk)
        while left:
            left = left[self._file.write(left) :]
        if self._hasher is not None:
            self._hasher.update(chunk)

    def pause(self) -> None:
        """Leave the bytes in the session, for a later request to go on.

        Raises
        ------
        SessionGone: the session was cancelled, or taken over by another request.
        """
        if not self._take_end():
            raise SessionGone(self.session.id)
        self._leave(self._hasher)

    def abort(self) -> None:
        """End it in the middle: what was received stays in the session, or is forgotten, as ``keeps`` says."""
        if not self._take_end():
            return
        try:
            if not self.keeps:
                self._file.truncate(self.start)
        finally:
            self._leave(self._hasher if self.keeps else self._before)

    def forget(self) -> None:
        """End it in the middle, and forget what was received."""
        self.keeps = False
        self.abort()

    def commit(self, digest: Digest) -> None:
        """Make the session's bytes the blob ``digest``; the session is gone after it, whatever the outcome.

        Raises
        ------
        WrongDigest: the bytes are not those of the digest; nothing was stored.
        SessionGone: the session was cancelled, or taken over by another request; nothing was stored by this one.
        """
        if not self._take_end():
            raise SessionGone(self.session.id)
        try:
            os.fsync(self._file.fileno())
            self._file.close()
            hasher = self._whole(digest.algorithm)
            if hasher.digest != str(digest):
                raise WrongDigest(hasher.digest, hasher.size)
            self.session.sessions.store.keep(self.session.data, self.session.repository, digest)
        finally:
            try:
                self.session._remove()
            finally:
                self._leave(None)

    def _whole(self, algorithm: str) -> Hasher:
        """The hash of all bytes of the session, if need be by reading them once more."""
        if self._hasher is not None and self._hasher.algorithm == algorithm:
            return self._hasher
        hasher = Hasher(algorithm)
        with self.session.data.open("rb") as file:
            while chunk := file.read(CHUNK):
                hasher.update(chunk)
        return hasher

    def _take_end(self) -> bool:
        try:
            return self._may_end.pop()
        except IndexError:
            return False

    def _leave(self, hasher: Hasher | None) -> None:
        try:
            self._file.close()  # which can fail, on a network disk
        finally:
            self.session.sessions.uploading.pop(self.session._path, None)
        if hasher is not None:
            self.session.sessions.hashes.keep(self.session._path, hasher)
