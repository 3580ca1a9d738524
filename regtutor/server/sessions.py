"""Upload sessions on disk: bytes that have arrived and are not yet a blob.

A session is ``_uploads/<uuid>/`` with ``data`` and ``startedat`` in a repository of a :class:`~.store.Store`; no HTTP.
Distribution's ``hashstates`` beside them are not needed: the hash is computed again from ``data``.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid

from regtutor.message import CHUNK
from regtutor.protocol.digests import Digest, Hasher
from regtutor.server.names import is_session
from regtutor.server.store import Store


class SessionBusy(Exception):
    """Another request writes to this session now."""


class SessionGone(Exception):
    """The session was cancelled while this request wrote to it."""


class WrongDigest(Exception):
    """The bytes are not what their digest says; ``found`` is the digest that they have, ``size`` how many they are."""

    def __init__(self, found: str, size: int) -> None:
        super().__init__(found)
        self.found, self.size = found, size


class Session:
    """One upload session.

    Parameters
    ----------
    store, repository: where it belongs.
    id: a UUID; anything else is a ``ValueError``.
    """

    def __init__(self, store: Store, repository: str, id: str) -> None:
        if not is_session(id):
            raise ValueError(f"{id!r} is not an upload session")
        self.store, self.repository, self.id = store, repository, id
        self._path = store.repository_path(repository) / "_uploads" / id
        self.data = self._path / "data"

    @classmethod
    def start(cls, store: Store, repository: str) -> Session:
        """A new session without bytes."""
        session = cls(store, repository, str(uuid.uuid4()))
        session._path.mkdir(parents=True)
        session.data.touch()
        (session._path / "startedat").write_text(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
        return session

    @property
    def exists(self) -> bool:
        return (self._path / "startedat").is_file()

    @property
    def started_at(self) -> str:
        """When it was started, as RFC 3339 text."""
        return (self._path / "startedat").read_text()

    @property
    def size(self) -> int:
        """How many bytes have arrived."""
        return self.data.stat().st_size if self.data.exists() else 0

    @property
    def _busy(self) -> bool:
        return self._path in self.store.uploading

    def discard(self) -> None:
        """Remove it and its bytes; what a request still writes to it goes nowhere.

        Raises
        ------
        SessionBusy: while its bytes are being made a blob.
        """
        writer = self.store.uploading.get(self._path)
        if writer is not None:
            writer.cancel()
        shutil.rmtree(self._path)

    def writer(self, digest: Digest) -> SessionWriter:
        """Take the rest of the blob ``digest``.

        Raises
        ------
        SessionBusy: while another request writes to it.
        """
        if self._busy:
            raise SessionBusy(self.id)
        return SessionWriter(self, digest)


class SessionWriter:
    """Appends bytes to a session; then either all of them become a blob, or the session is as it was before.

    Parameters
    ----------
    session: not busy.
    digest: what all the bytes of the session must be in the end.
    """

    def __init__(self, session: Session, digest: Digest) -> None:
        self.session, self.digest = session, digest
        self._hasher = Hasher(digest.algorithm)
        self._file = session.data.open("a+b")
        self._start = self._file.seek(0, os.SEEK_END)
        self._file.seek(0)
        while chunk := self._file.read(CHUNK):
            self._hasher.update(chunk)
        self._committing = self._cancelled = False
        session.store.uploading[session._path] = self

    @property
    def received(self) -> int:
        """How many bytes this writer was given."""
        return self._hasher.size - self._start

    def write(self, chunk: bytes) -> None:
        """Append ``chunk``."""
        if not self._cancelled:
            self._file.write(chunk)
        self._hasher.update(chunk)

    def cancel(self) -> None:
        """Take no more bytes, for the session is being removed: a client that cut off a request need not be waited for.

        Raises
        ------
        SessionBusy: during ``commit``.
        """
        if self._committing:
            raise SessionBusy(self.session.id)
        self._cancelled = True
        self._release()

    def commit(self) -> None:
        """Make the session's bytes a blob of its repository; the session is gone after it, whatever the outcome.

        Raises
        ------
        WrongDigest: the bytes are not those of the digest; nothing was stored.
        SessionGone: the session was cancelled meanwhile; nothing was stored.
        """
        if self._cancelled:
            raise SessionGone(self.session.id)
        self._committing = True
        try:
            if self._hasher.digest != str(self.digest):
                raise WrongDigest(self._hasher.digest, self._hasher.size)
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self.session.store.keep(self.session.data, self.session.repository, self.digest)
        finally:
            self._release()
            self.session.discard()

    def abort(self) -> None:
        """Forget what this writer was given; the session can be written to again. Has no effect after ``commit``."""
        if not self._file.closed:
            self._file.truncate(self._start)
            self._release()

    def _release(self) -> None:
        self._file.close()
        self.session.store.uploading.pop(self.session._path, None)
