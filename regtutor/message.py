"""Live messages: what is about to go over the wire, and what just came back.

A live message holds whatever it needs to be sent, secrets included. It is never saved, and its repr shows no secret.
What may be kept is made from it: see ``exchange.py``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Protocol, runtime_checkable
from urllib.parse import quote, urljoin, urlsplit

from regtutor.errors import InvalidBody, LocationLost
from regtutor.protocol.digests import sha256
from regtutor.protocol.secrets import redact_headers, redact_url

CHUNK = 256 * 1024
"""Bytes that are read and sent at a time."""

HeaderList = tuple[tuple[str, str], ...]


@runtime_checkable
class Blob(Protocol):
    """What a step can send by its digest, such as a layer of an image; ``size`` is in bytes."""

    @property
    def digest(self) -> str: ...

    @property
    def size(self) -> int: ...

    def open(self) -> BinaryIO: ...


Content = bytes | bytearray | memoryview | str | os.PathLike[str] | BinaryIO | Blob
"""What a step takes as a body: bytes, a path (str or PathLike), an open binary file, or a layer of an image."""


@dataclass(frozen=True)
class Body:
    """Bytes to be sent, not yet read.

    Attributes
    ----------
    size: how many bytes there are.
    opener: gives a file at the body's first byte; called once for each sending.
    label: where the bytes come from, for a reader: a path, ``"bytes"`` or a layer's digest.
    digest: what they are expected to be, where that is known; :func:`body_of` does not read them to find out.
    """

    size: int
    opener: Callable[[], BinaryIO] = field(repr=False)
    label: str = "bytes"
    digest: str | None = None

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        """The bytes, at most ``size`` at a time."""
        with self.opener() as file:
            while chunk := file.read(size):
                yield chunk

    def read(self) -> bytes:
        """All the bytes at once, for bodies that are known to be small."""
        with self.opener() as file:
            return file.read()


class _Borrowed:
    """An open file that is read from where it stood and is not closed: the caller opened it."""

    def __init__(self, file: BinaryIO, start: int) -> None:
        file.seek(start)
        self.read = file.read

    def __enter__(self) -> _Borrowed:
        return self

    def __exit__(self, *exc: object) -> None:
        return None


def body_of(content: Content) -> Body:
    """A :class:`Body` for anything that a step takes; nothing is read yet but sizes.

    Raises
    ------
    InvalidBody: for anything else, and for an open file that cannot seek (its size cannot be known beforehand).
    """
    if isinstance(content, Body):
        return content
    if isinstance(content, (bytes, bytearray, memoryview)):
        data = bytes(content)
        return Body(len(data), lambda: BytesIO(data))
    if isinstance(content, (str, os.PathLike)):
        path = Path(content)
        if not path.is_file():
            raise InvalidBody(f"{path} cannot be sent", "there is no such file", "Give the path of a file, or bytes")
        return Body(path.stat().st_size, lambda: path.open("rb"), str(path))
    if isinstance(content, Blob):
        return Body(content.size, content.open, content.digest, content.digest)
    if hasattr(content, "read") and hasattr(content, "seek"):
        return _body_of_file(content)
    raise InvalidBody(
        f"What was given as a body is of the type {type(content).__name__}",
        "a body is bytes, a path, an open binary file or a layer of an image",
        "Give its manifest: image.manifest"
        if hasattr(content, "manifest")
        else "Give json.dumps(value).encode() for a JSON value, or open the file with 'rb'",
    )


def _body_of_file(file: BinaryIO) -> Body:
    if not file.seekable() or isinstance(file.read(0), str):
        raise InvalidBody(
            "This open file cannot be sent",
            "its length must be known before it is sent, so it must be binary and able to seek",
            "Open a regular file with 'rb', or give its path",
        )
    start = file.tell()
    end = file.seek(0, os.SEEK_END)
    file.seek(start)
    return Body(max(end - start, 0), lambda: _Borrowed(file, start), getattr(file, "name", "open file"))  # type: ignore[arg-type, return-value]


def digest_of(body: Body) -> str:
    """The digest of ``body``: the one it is known by, else computed by reading it once in constant memory."""
    return body.digest or sha256(body.chunks())


class Location:
    """Where an answer told the client to go on: opaque, and followed byte for byte.

    It prints without secrets. What is followed is kept in a private field that is neither saved nor pickled; after
    loading, a Location that held a secret says that it can no longer be followed.

    Parameters
    ----------
    value: the header's value, absolute or relative.
    base: the URL of the request that it answers, for a relative value.
    """

    __slots__ = ("_whole", "redacted")

    def __init__(self, value: str, base: str = "") -> None:
        whole = _resolve(value, base)
        self.redacted = redact_url(whole)
        self._whole: str | None = whole

    @classmethod
    def from_record(cls, redacted: str) -> Location:
        """A Location as it was saved; followable only if saving it took nothing away."""
        location = cls(redacted)
        if "<redacted>" in redacted:
            location._whole = None
        return location

    def follow(self) -> str:
        """The URL, whole.

        Raises
        ------
        LocationLost: if it was loaded from a file and its secret part was not saved.
        """
        if self._whole is None:
            raise LocationLost(
                f"This Location cannot be followed: {self.redacted}",
                "it was loaded from a record, and records keep no secrets",
                "Send the request that it answered once more, and follow the new Location",
            )
        return self._whole

    def with_query(self, **values: str) -> Location:
        """This Location with ``name=value`` appended, by ``?`` or ``&``; nothing else of it is touched.

        A value is sent as it is, right or wrong, except for the characters that would end it or the line: those are
        percent-encoded.
        """
        whole = self.follow()
        for name, value in values.items():
            url, mark, fragment = whole.partition("#")
            whole = f"{url}{'&' if '?' in url else '?'}{name}={quote(value, safe='/:')}{mark}{fragment}"
        return Location(whole)

    def __str__(self) -> str:
        return self.redacted

    def __repr__(self) -> str:
        return f"Location({self.redacted!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Location):
            return False
        if self._whole is None or other._whole is None:
            return self.redacted == other.redacted
        return self._whole == other._whole

    def __hash__(self) -> int:
        return hash(self.redacted)

    def __reduce__(self) -> tuple[Any, ...]:
        return Location.from_record, (self.redacted,)


def _resolve(value: str, base: str) -> str:
    """``value`` against ``base`` without rewriting a byte of ``value``'s path (``urljoin`` would fold ``..``)."""
    parts = urlsplit(base)
    if not base or urlsplit(value).scheme:
        return value
    if value.startswith("//"):
        return f"{parts.scheme}:{value}"
    if value.startswith("/"):
        return f"{parts.scheme}://{parts.netloc}{value}"
    return urljoin(base, value)


@dataclass(frozen=True)
class Request:
    """One request, not yet sent. Steps build it; :meth:`edit` breaks it on purpose; ``Registry.send`` sends it.

    Attributes
    ----------
    step: the name of the documented request, a row of ``protocol.endpoints.ENDPOINTS``.
    method: sent as it stands.
    target: an origin-form path with its query, an absolute URL, or a :class:`Location`; sent byte for byte.
    headers: name and value, in order; the client adds Host, User-Agent and the like when it sends them.
    body: the bytes to send, or None.
    into: where a downloaded body goes: a path, a binary file, or None (hashed and dropped).
    digest: what a downloaded body must be, or None.
    side: ``"source"`` for the requests that a walk over two registries sends to the one it reads from, else ``""``.
    """

    step: str
    method: str
    target: str | Location
    headers: HeaderList = ()
    body: Body | None = None
    into: str | os.PathLike[str] | BinaryIO | None = None
    digest: str | None = None
    side: str = ""

    def edit(
        self,
        *,
        method: str | None = None,
        target: str | Location | None = None,
        headers: Mapping[str, str | None] | Sequence[tuple[str, str]] | None = None,
        body: Content | None = None,
        **others: Any,
    ) -> Request:
        """A copy with something changed; the original stays as it was.

        Parameters
        ----------
        method, target: replace the present ones.
        headers: a mapping changes single headers (matched without case; one value takes the place of all of that name,
            None takes them away, a new name is added at the end); a sequence of pairs replaces them all.
        body: replaces the body, and Content-Length follows it unless ``headers`` names it; ``b""`` sends an empty one.
        others: any other field of the request.
        """
        changes: dict[str, Any] = dict(others)
        if method is not None:
            changes["method"] = method
        if target is not None:
            changes["target"] = target
        pairs = self.headers
        if body is not None:
            changes["body"] = body_of(body)
            pairs = changed_headers(pairs, {"Content-Length": str(changes["body"].size)})
        if headers is not None:
            pairs = changed_headers(pairs, headers) if isinstance(headers, Mapping) else tuple(headers)
        return replace(self, headers=pairs, **changes)

    def header(self, name: str) -> str | None:
        """The first value of the header ``name``, matched without case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def shown_target(self) -> str:
        """The target without secrets."""
        return redact_url(str(self.target))

    def __repr__(self) -> str:
        headers = dict(redact_headers(self.headers))
        return f"Request({self.step}: {self.method} {self.shown_target}, headers={headers}, body={self.body})"


def changed_headers(pairs: HeaderList, changes: Mapping[str, str | None]) -> HeaderList:
    """``pairs`` with single headers changed, as :meth:`Request.edit` does it."""
    wanted = {name.lower(): (name, value) for name, value in changes.items()}
    used: set[str] = set()
    kept: list[tuple[str, str]] = []
    for name, value in pairs:
        key = name.lower()
        if key not in wanted:
            kept.append((name, value))
            continue
        new = wanted[key][1]
        if new is not None and key not in used:
            kept.append((name, new))
        used.add(key)
    kept.extend((name, value) for key, (name, value) in wanted.items() if key not in used and value is not None)
    return tuple(kept)
