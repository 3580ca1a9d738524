"""Live messages: requests that are about to be sent, their bodies, and the Locations that came back.

A live message holds everything that is needed to send it, including secrets. It is never saved, and its repr shows no
secret. The records that can be saved are made from it: see ``exchange.py``.
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
from regtutor.printable import visible
from regtutor.protocol.digests import is_well_formed, sha256
from regtutor.protocol.secrets import redact_headers, redact_url
from regtutor.protocol.text import cut
from regtutor.protocol.unsaved import Unsaved

CHUNK = 256 * 1024
"""How many bytes are read and sent at a time."""

HeaderList = tuple[tuple[str, str], ...]


@runtime_checkable
class Blob(Protocol):
    """Content with a known digest that a step can send, such as a layer of an image; ``size`` is in bytes."""

    @property
    def digest(self) -> str: ...

    @property
    def size(self) -> int: ...

    def open(self) -> BinaryIO: ...


Content = bytes | bytearray | memoryview | str | os.PathLike[str] | BinaryIO | Blob
"""The types of a body: bytes, a path (str or PathLike), an open binary file, or a layer of an image."""


@dataclass(frozen=True)
class Body:
    """The body of a request: bytes to send that have not been read yet.

    Attributes
    ----------
    size: how many bytes there are.
    opener: returns a file at the first byte of the body; called once each time the body is sent.
    label: where the bytes come from, for a reader: a path, ``"bytes"`` or the digest of a layer.
    digest: the digest that the bytes are expected to have, or None if it is not known; :func:`body_of` does not compute
        it.
    digest_of_first: for a body that is hashed while it is read, a function that returns the sha256 digest of as many of
        its first bytes as are given, or None if they end before the bytes that were read last. So no byte is hashed
        twice.
    """

    size: int
    opener: Callable[[], BinaryIO] = field(repr=False)
    label: str = "bytes"
    digest: str | None = None
    digest_of_first: Callable[[int], str | None] | None = field(default=None, repr=False, compare=False)

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        """Yield the bytes, at most ``size`` at a time."""
        with self.opener() as file:
            while chunk := file.read(size):
                yield chunk

    def read(self) -> bytes:
        """Return all the bytes at once, for bodies that are known to be small."""
        with self.opener() as file:
            return file.read()


class _Borrowed:
    """An open file that is read from its current position and is not closed, because the caller opened it."""

    def __init__(self, file: BinaryIO, start: int) -> None:
        file.seek(start)
        self.read = file.read

    def __enter__(self) -> _Borrowed:
        return self

    def __exit__(self, *exc: object) -> None:
        return None


def _no_file(text: str) -> InvalidBody:
    if is_well_formed(text):
        return InvalidBody(
            "A digest cannot be sent as a body",
            f"{text} is the name of some bytes, not the bytes",
            "Give the blob itself, such as image.layers[0]",
        )
    return InvalidBody(
        f"{cut(text, 80)!r} cannot be sent",
        "a str is the path of a file, and no file has this path",
        "Give the path of a file, or bytes; text.encode() gives the bytes of a text",
    )


def body_of(content: Content) -> Body:
    """Return a :class:`Body` for anything that a step accepts; only the size is read now.

    Raises
    ------
    InvalidBody: for anything else, and for an open file that cannot seek, because its size is unknown.
    """
    if isinstance(content, Body):
        return content
    if isinstance(content, (bytes, bytearray, memoryview)):
        data = bytes(content)
        return Body(len(data), lambda: BytesIO(data))
    if isinstance(content, (str, os.PathLike)):
        path = Path(content)
        if not os.path.isfile(path):  # Path.is_file raises if the text is too long for a path
            raise _no_file(str(content))
        return Body(path.stat().st_size, lambda: path.open("rb"), str(path))
    if isinstance(content, Blob):
        return Body(content.size, content.open, content.digest, content.digest)
    if hasattr(content, "read") and hasattr(content, "seek"):
        return _body_of_file(content)
    raise InvalidBody(
        f"An object of type {type(content).__name__} cannot be sent as a body",
        "a body is bytes, a path, an open binary file or a layer of an image",
        "Give its manifest: image.manifest"
        if hasattr(content, "manifest")
        else "Give json.dumps(value).encode() for a JSON value, or open the file with 'rb'",
    )


def _body_of_file(file: BinaryIO) -> Body:
    if not file.seekable() or isinstance(file.read(0), str):
        raise InvalidBody(
            "This open file cannot be sent",
            "its length must be known before it is sent, so it must be a binary file that can seek",
            "Open a regular file with 'rb', or give its path",
        )
    start = file.tell()
    end = file.seek(0, os.SEEK_END)
    file.seek(start)
    return Body(max(end - start, 0), lambda: _Borrowed(file, start), getattr(file, "name", "open file"))  # type: ignore[arg-type, return-value]


def digest_of(body: Body) -> str:
    """Return the digest of ``body``: the known one, or else the one computed by reading the body in constant memory."""
    return body.digest or sha256(body.chunks())


class Location:
    """The URL in a ``Location`` header: opaque to the client, and followed byte for byte.

    It prints without secrets. The whole URL is kept in a private field that is neither saved nor pickled. A Location
    that held a secret can therefore no longer be followed after it was loaded from a file.

    Parameters
    ----------
    value: the value of the header, absolute or relative.
    base: the URL of the request, to resolve a relative value.
    """

    __slots__ = ("_whole", "redacted")

    def __init__(self, value: str, base: str = "") -> None:
        whole = _resolve(value, base)
        self.redacted = redact_url(whole)
        self._whole: str | None = whole

    @classmethod
    def from_record(cls, redacted: str) -> Location:
        """Return a Location as it was saved; it can be followed only if saving it removed no secret."""
        location = cls(redacted)
        if "<redacted>" in redacted:
            location._whole = None
        return location

    def follow(self) -> str:
        """Return the whole URL.

        Raises
        ------
        LocationLost: if the Location was loaded from a file without its secret part.
        """
        if self._whole is None:
            raise LocationLost(
                f"This Location cannot be followed: {self.redacted}",
                "it was loaded from a record, and records keep no secrets",
                "Send the request that returned it again, and follow the new Location",
            )
        return self._whole

    def with_query(self, **values: str) -> Location:
        """Return this Location with ``name=value`` appended after ``?`` or ``&``; the rest of it is unchanged.

        A value is sent as given, right or wrong. Only the characters that would end the value or the line are
        percent-encoded.
        """
        whole = self.follow()
        for name, value in values.items():
            url, mark, fragment = whole.partition("#")
            whole = f"{url}{'&' if '?' in url else '?'}{name}={quote(value, safe='/:')}{mark}{fragment}"
        return Location(whole)

    def __str__(self) -> str:
        return visible(self.redacted)

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
    """Resolve ``value`` against ``base``, without rewriting a byte of its path (``urljoin`` would fold ``..``)."""
    parts = urlsplit(base)
    if not base or urlsplit(value).scheme:
        return value
    if value.startswith("//"):
        return f"{parts.scheme}:{value}"
    if value.startswith("/"):
        return f"{parts.scheme}://{parts.netloc}{value}"
    return urljoin(base, value)


@dataclass(frozen=True)
class Request(Unsaved):
    """One request that has not been sent yet. Steps build it, :meth:`edit` changes it, and ``Registry.send`` sends it.

    Attributes
    ----------
    step: the name of the step that drafted it, a row of ``protocol.endpoints.ENDPOINTS``.
    method: sent as given.
    target: an origin-form path with its query, an absolute URL, or a :class:`Location`; sent byte for byte.
    headers: names and values, in order, or a mapping; the client adds Host, User-Agent and others when it sends the
        request.
    body: the bytes to send, or None. It can be given as for a step that sends one: bytes, the path of a file, or a
        layer or the manifest of an image.
    into: where a downloaded body is written: a path, a binary file, or None (the body is hashed and dropped).
    digest: the digest that a downloaded body must have, or None.
    side: ``"source"`` for a request to the registry that a walk over two registries reads from, else ``""``.
    """

    step: str
    method: str
    target: str | Location
    headers: HeaderList = ()
    body: Body | None = None
    into: str | os.PathLike[str] | BinaryIO | None = None
    digest: str | None = None
    side: str = ""

    def __post_init__(self) -> None:
        headers: Any = self.headers
        body: Any = self.body
        if isinstance(headers, Mapping):
            headers = tuple(headers.items())
        if body is not None and not isinstance(body, Body):
            body = body_of(body)
            if not any(name.lower() == "content-length" for name, _ in headers):
                headers = (*headers, ("Content-Length", str(body.size)))
        object.__setattr__(self, "headers", headers)
        object.__setattr__(self, "body", body)

    def edit(
        self,
        *,
        method: str | None = None,
        target: str | Location | None = None,
        headers: Mapping[str, str | None] | Sequence[tuple[str, str]] | None = None,
        body: Content | None = None,
        **others: Any,
    ) -> Request:
        """Return a changed copy; the original stays as it is.

        Parameters
        ----------
        method, target: replace the current ones.
        headers: a mapping changes single headers: names are matched without case, a value replaces all headers of that
            name, None removes them, and a new name is added at the end. A sequence of pairs replaces all headers.
        body: replaces the body, and sets Content-Length to its size unless ``headers`` names that header; ``b""``
            sends an empty body.
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
        """Return the first value of the header ``name``, matched without case, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def shown_target(self) -> str:
        """The target without secrets."""
        return redact_url(self.target.redacted if isinstance(self.target, Location) else self.target)

    def __repr__(self) -> str:
        headers = dict(redact_headers(self.headers))
        head = visible(f"{self.step}: {self.method} {self.shown_target}")
        return f"Request({head}, headers={headers}, body={self.body})"


def changed_headers(pairs: HeaderList, changes: Mapping[str, str | None]) -> HeaderList:
    """Return ``pairs`` with single headers changed, as in :meth:`Request.edit`."""
    wanted = {name.lower(): (name, value) for name, value in changes.items()}
    used: set[str] = set()
    result: list[tuple[str, str]] = []
    for name, value in pairs:
        key = name.lower()
        if key not in wanted:
            result.append((name, value))
            continue
        new = wanted[key][1]
        if new is not None and key not in used:
            result.append((name, new))
        used.add(key)
    result.extend((name, value) for key, (name, value) in wanted.items() if key not in used and value is not None)
    return tuple(result)
