"""The upload sessions of a store: bytes that have arrived but are not a blob yet. No HTTP.

A session is a directory ``_uploads/<uuid>/`` with the files ``data`` and ``startedat``, in a repository of a
:class:`~.store.Store`. Between the requests of a session, its hash is kept in memory, so that each byte of a blob is
hashed once, however many chunks it arrives in. If the hash is missing, because of a restart or because the digest uses
another algorithm, ``data`` is read again at the end. Distribution's ``hashstates`` beside it are not needed.
"""

from __future__ import annotations

import shutil
import stat
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path

from regtutor.errors import ServerError
from regtutor.message import CHUNK
from regtutor.protocol.digests import CANONICAL, Digest, Hasher
from regtutor.server.names import is_session
from regtutor.server.once import Once
from regtutor.server.storage.beside import Beside
from regtutor.server.storage.durable import make_folder, new_folders
from regtutor.server.storage.hashes_in_progress import HashesInProgress
from regtutor.server.storage.purging import Purging
from regtutor.server.storage.store import Store

PURGED_AT_START = 2000
PURGED_AT_ONCE = 5
"""The numbers of directories that are examined for abandoned sessions: when an App begins, and for each new session."""

_AT_ONCE = 32 * 1024
"""Bytes of one write to a file: Linux keeps pieces of memory up to this size ready for each processor. It looks for
larger ones elsewhere, and what it finds can be slow at first."""


class SessionBusy(Exception):
    """Another request has received all its bytes and is just leaving them in the session or storing them as a blob."""


class SessionGone(Exception):
    """The session was canceled, finished or taken over by another request while this one was in progress."""


class WrongDigest(Exception):
    """The bytes do not match the digest ``given``: ``found`` is their digest, and ``size`` their number."""

    def __init__(self, given: str, found: str, size: int) -> None:
        super().__init__(found)
        self.given, self.found, self.size = given, found, size


class Sessions:
    """The upload sessions of ``store``. A store has one such object, since only one process writes to it.

    Attributes
    ----------
    uploading: the writers of the requests that are in progress, by ``Session.key``.
    hashes: the hashes so far of open sessions.
    lock: held while a request takes a session over or removes it, since two threads can try at the same time.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.uploading: dict[str, SessionWriter] = {}
        self.hashes = HashesInProgress()
        self.purging = Purging(store.repositories_path, self.in_use)
        self._purging = threading.Lock()
        # Reentrant: while it is held, Python can close an abandoned handler, which removes its session.
        self.lock = threading.RLock()

    def in_use(self, session: Path) -> bool:
        """Whether a request writes to the session in the directory ``session``."""
        return str(session) in self.uploading

    def start(self, repository: str, algorithm: str = CANONICAL) -> Session:
        """Start a session without bytes, to be hashed with ``algorithm`` as they arrive.

        Raises
        ------
        ValueError: if ``repository`` does not fit the grammar.
        OSError: such as for a full disk; nothing is left behind.
        StoreLost: if the directory of the store is gone.
        """
        session = Session(self, repository, str(uuid.uuid4()))
        self.store.check_root()
        if self._purging.acquire(blocking=False):  # sessions begin in the event loop and in workers
            try:
                with suppress(OSError):  # an old session that cannot be removed must not prevent a new one
                    self.purging.proceed(PURGED_AT_ONCE)
            finally:
                self._purging.release()
        try:
            make_folder(self.store.repository_path(repository), self.store.clear)
            new_folders(session.data.parent, self.store.clear)
            session.data.touch()
            session.startedat.write_text(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        except OSError:
            with suppress(OSError):
                session.remove()
            raise
        if algorithm != CANONICAL:
            self.hashes.keep(session.key, Hasher(algorithm))
        return session

    def open(self, repository: str, id: str) -> Session | None:
        """The existing session ``id``, or None; ValueError if ``id`` is not a UUID."""
        session = Session(self, repository, id)
        return session if session.exists else None

    def purge(self) -> int:
        """Begin to remove abandoned sessions, and return how many were removed so far. Each new session continues it.

        Raises
        ------
        ServerError: if one cannot be removed.
        """
        try:
            return self.purging.proceed(PURGED_AT_START)
        except OSError as error:
            raise ServerError(
                f"The registry directory {self.store.root} cannot be used",
                error.strerror or str(error),
                "Use a directory that you can write to",
            ) from error


class Session:
    """One upload session, whether or not it exists.

    Parameters
    ----------
    sessions, repository: where the session belongs.
    id: a UUID; anything else raises ``ValueError``.

    Attributes
    ----------
    data: the file with the bytes that have arrived.
    startedat: the file with the time when it began; the session exists while this file does.
    key: the name of the session among those of all repositories.
    """

    def __init__(self, sessions: Sessions, repository: str, id: str) -> None:
        if not is_session(id):
            raise ValueError(f"{id!r} is not an upload session")
        self.sessions, self.repository, self.id = sessions, repository, id
        self._path = sessions.store.repository_path(repository) / "_uploads" / id
        self.data, self.key = self._path / "data", str(self._path)
        self.startedat = self._path / "startedat"

    @property
    def exists(self) -> bool:
        return self.startedat.is_file() and self._is_whole()

    def _is_whole(self) -> bool:
        try:
            if stat.S_ISREG(self.data.lstat().st_mode):
                return True
        except FileNotFoundError:
            return True
        self.sessions.store.found_damage(self.data, "it is not a regular file")
        return False

    @property
    def started_at(self) -> str:
        """The start time as RFC 3339 text; SessionGone if the session has ended in the meantime."""
        try:
            return self.startedat.read_text("ascii", "replace")
        except FileNotFoundError:
            raise SessionGone(self.id) from None

    @property
    def size(self) -> int:
        """The number of bytes that have arrived, without those of a running request that must be complete to count."""
        writer = self.sessions.uploading.get(self.key)
        if writer is not None and not writer.keeps:
            return writer.start
        try:
            return self.data.stat().st_size
        except FileNotFoundError:
            return 0

    def discard(self) -> None:
        """Remove the session and its bytes. Whatever a request still writes to it is discarded.

        Raises
        ------
        SessionBusy: while another request to the session is finishing.
        SessionGone: if the session has ended in the meantime.
        """
        with self.sessions.lock:
            self._interrupt()
            try:
                self.remove()
            except FileNotFoundError:
                raise SessionGone(self.id) from None

    def remove(self) -> None:
        """Remove the session and its bytes, without regard to its writer; FileNotFoundError if it has ended.

        This opens no file, so it also works when no descriptor is left.
        """
        self.sessions.hashes.pop(self.key)
        for file in (self.startedat, self.data):
            with suppress(OSError):
                file.unlink()
        try:
            self._path.rmdir()
        except FileNotFoundError:
            raise
        except OSError:  # something of another registry is in it
            shutil.rmtree(self._path)

    def begin(self, writer: SessionWriter) -> Hasher | None:
        """Make ``writer`` the writer of the session, and return the hash so far if it is known."""
        self.sessions.uploading[self.key] = writer
        return self.sessions.hashes.pop(self.key)

    def end(self, hasher: Hasher | None) -> None:
        """Permit another writer, and keep the hash so far for it; None if there is nothing to keep."""
        if hasher is not None:  # first: once another writer can begin, it can also end the session
            self.sessions.hashes.keep(self.key, hasher)
        self.sessions.uploading.pop(self.key, None)

    def writer(self, algorithm: str = CANONICAL, *, keeps: bool = False) -> SessionWriter:
        """Open a writer for further bytes.

        A request that still writes to this session is interrupted: after a cut connection, a client need not wait until
        the registry notices the cut.

        Parameters
        ----------
        algorithm: the algorithm of the digest against which the bytes will be checked.
        keeps: whether the session keeps bytes that arrive before a cut.

        Raises
        ------
        SessionBusy: while another request to the session is finishing.
        SessionGone: if the session has ended in the meantime.
        """
        with self.sessions.lock:
            self._interrupt()
            try:
                return SessionWriter(self, algorithm, keeps)
            except FileNotFoundError:
                raise SessionGone(self.id) from None

    def _interrupt(self) -> None:
        writer = self.sessions.uploading.get(self.key)
        if writer is not None:
            writer.abort()
        if self.key in self.sessions.uploading:
            raise SessionBusy(self.id)


class SessionWriter:
    """Appends bytes to a session. At the end they stay there (``pause``) or become a blob (``commit``).

    Only the first call of ``pause``, ``commit`` or ``abort`` has an effect.

    Parameters
    ----------
    session: a session without another writer.
    algorithm: the algorithm of the digest against which the bytes will be checked.
    keeps: whether ``abort`` leaves the received bytes in the session.

    Attributes
    ----------
    start: the number of bytes that the session had before.
    received: the number of bytes that this writer has received.
    limit: None, since a session accepts any number of bytes.
    """

    limit = None

    def __init__(self, session: Session, algorithm: str, keeps: bool) -> None:
        self.session, self.keeps = session, keeps
        self._end = Once()  # the event loop and a worker can both try to end this writer
        self._writing = threading.Lock()  # held for each write, so that an end waits for the chunk in progress
        # Unbuffered: truncating or closing a buffered file would repeat a write that a full disk has refused.
        self._file = session.data.open("ab", buffering=0)
        self.start, self.received = self._file.tell(), 0
        kept = session.begin(self)
        self._before = kept if kept is not None and kept.size == self.start else None
        if self.start == 0 and (self._before is None or algorithm != CANONICAL):
            self._before = Hasher(algorithm)
        self._beside = Beside(self._before.copy() if self._before is not None else None)

    def block(self) -> memoryview | None:
        """Room for the next bytes, if the request is large; see ``receiving.Destination``."""
        return self._beside.block(self.start + self.received)

    def write(self, chunk: bytes | memoryview) -> None:
        """Append ``chunk``. If the writer has been ended from elsewhere, only count it."""
        self.received += len(chunk)
        with self._writing:
            if self._end.taken:
                return
            left = memoryview(chunk)
            while left:
                left = left[self._file.write(left[:_AT_ONCE]) :]
            self._beside.hash(chunk)
            self._beside.flush(self._file.fileno(), len(chunk))

    def pause(self) -> None:
        """Leave the bytes in the session, so that a later request can continue.

        Raises
        ------
        OSError: if bytes that were already on their way to the disk could not be written.
        SessionGone: the session was canceled, or taken over by another request.
        """
        if not self._take_end():
            raise SessionGone(self.session.id)
        hasher = None
        try:
            self._beside.flushed()
            hasher = self._beside.hasher
        except OSError:
            # No later sync reports the lost bytes once more, so they must not become part of a blob.
            self._file.truncate(self.start)
            hasher = self._before
            raise
        finally:
            self._leave(hasher)
        self.session.sessions.store.check_root()

    def abort(self) -> None:
        """End the writer early: ``keeps`` decides whether the received bytes stay in the session or are discarded."""
        if not self._take_end():
            return
        kept = self._before
        try:
            with suppress(OSError):
                self._beside.flushed()
                kept = self._beside.hasher if self.keeps else kept
            if kept is self._before:
                self._file.truncate(self.start)
        finally:
            self._leave(kept)

    def forget(self) -> None:
        """End the writer early, and discard the received bytes."""
        self.keeps = False
        self.abort()

    def commit(self, digest: Digest) -> None:
        """Store the session's bytes as the blob ``digest``. The session ends, whatever the outcome.

        Raises
        ------
        WrongDigest: the bytes do not match the digest; nothing was stored.
        SessionGone: the session was canceled, or taken over by another request; this request stored nothing.
        """
        if not self._take_end():
            raise SessionGone(self.session.id)
        try:
            hasher = self._whole(digest.algorithm)
            if hasher.digest != str(digest):
                raise WrongDigest(str(digest), hasher.digest, hasher.size)
            self._beside.flushed()
            self._file.close()
            self.session.sessions.store.keep(self.session.data, self.session.repository, digest)
        finally:
            try:
                with suppress(FileNotFoundError):  # as after the registry's directory was deleted
                    self.session.remove()
            finally:
                self._leave(None)

    def _whole(self, algorithm: str) -> Hasher:
        """The hash of all bytes of the session, which are read again if necessary."""
        kept = self._beside.hasher
        if kept is not None and kept.algorithm == algorithm:
            return kept
        hasher = Hasher(algorithm)
        with self.session.data.open("rb") as file:
            while chunk := file.read(CHUNK):
                hasher.update(chunk)
        return hasher

    def _take_end(self) -> bool:
        """End this writer, unless it has ended: True for the first caller. From here on, no byte is written."""
        with self._writing:
            return self._end.take()

    def _leave(self, hasher: Hasher | None) -> None:
        kept = None
        self._beside.close()
        try:
            self._file.close()  # which can fail, on a network disk
            kept = hasher
        finally:
            self.session.end(kept)
