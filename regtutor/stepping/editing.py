"""Edit the request about to be sent: the learner's version of it, right or wrong.

The learner edits the request as it is shown, without secrets. A part that is left as shown is sent in its original
form. This module does not judge the request: the client reports what it cannot send, and the registry reports what is
wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from io import BytesIO

from regtutor.errors import InvalidArgument
from regtutor.message import Body, HeaderList, Location, Request
from regtutor.protocol.secrets import REDACTED, redact_header, redact_headers
from regtutor.protocol.urls import split_origin
from regtutor.stepping.altered_bodies import Chunks, altered
from regtutor.stepping.draft import AS_IT_IS, Draft

_LENGTH = "content-length"


def _none(body: Body) -> Body | None:  # noqa: ARG001 - one signature for all
    return None


def _empty(body: Body) -> Body | None:  # noqa: ARG001 - as above
    return Body(0, lambda: BytesIO(), "no bytes")


def _one_changed(body: Body) -> Body | None:
    def change(chunks: Chunks) -> Chunks:
        for chunk in chunks:
            yield bytes([chunk[0] ^ 1]) + chunk[1:]
            break
        yield from chunks

    return altered(body, change, body.size, f"{body.label}, one byte changed")


def _first_half(body: Body) -> Body | None:
    size = body.size // 2

    def change(chunks: Chunks) -> Chunks:
        left = size
        while left > 0 and (chunk := next(chunks, b"")):
            yield chunk[:left]
            left -= len(chunk)

    return altered(body, change, size, f"{body.label}, the first half")


def _one_more(body: Body) -> Body | None:
    def change(chunks: Chunks) -> Chunks:
        yield from chunks
        yield b"\n"

    return altered(body, change, body.size + 1, f"{body.label}, one byte more")


BODIES: Mapping[str, Callable[[Body], Body | None]] = {
    AS_IT_IS: lambda body: body,
    "none": _none,
    "empty": _empty,
    "one byte changed": _one_changed,
    "the first half": _first_half,
    "one byte more": _one_more,
}
"""The bodies that can be sent instead of the original, by name; a changed body is produced while it is sent."""

_NEED_BYTES = ("one byte changed", "the first half")


def bodies_for(body: Body | None) -> tuple[str, ...]:
    """Return the names in :data:`BODIES` that change ``body``, after the name of ``body`` itself."""
    same = {"none"} if body is None else {"empty"} if body.size == 0 else set()
    if body is None or body.size == 0:
        same |= set(_NEED_BYTES)
    return tuple(name for name in BODIES if name not in same)


@dataclass(frozen=True)
class Version:
    """The walk's own request (``original``), the one that will be sent (``request``), and the name of its body."""

    original: Request
    request: Request
    body: str = AS_IT_IS

    @classmethod
    def of(cls, request: Request) -> Version:
        """Return the version without any change."""
        return cls(request, request)

    @property
    def draft(self) -> Draft:
        """The version without its secrets, for display."""
        names = bodies_for(self.original.body)
        return Draft.of(self.request, body=self.body, bodies=names, edits=differences(self))

    def edit(
        self,
        *,
        method: str | None = None,
        target: str | None = None,
        headers: Iterable[tuple[str, str]] | None = None,
        body: str | None = None,
    ) -> Version:
        """Return this version with changes; an argument that is ``None`` changes nothing.

        Parameters
        ----------
        method: any text.
        target: as it is shown, in origin-form, or a whole URL. A target that is equal to the shown one is sent in its
            original form, secrets included.
        headers: all of them, in order, as they are shown. Content-Length follows the body unless it was changed.
        body: a name in :data:`BODIES`.

        Raises
        ------
        InvalidArgument: if no body has that name, if a changed text contains ``<redacted>``, if a text cannot be
            encoded, or if a value is not text.
        """
        request = self.request
        if method is not None:
            request = replace(request, method=_text("method", method))
        if target is not None:
            request = replace(request, target=self._target(_text("target", target)))
        if headers is not None:
            request = replace(request, headers=self._headers(headers))
        return self._with_body(request, self.body if body is None else body)

    def _target(self, text: str) -> str | Location:
        """Return the real target for ``text``, with its secrets if ``text`` is equal to a target that was shown."""
        for request in (self.request, self.original):
            if text in (request.shown_target, split_origin(request.shown_target)[1]):
                return request.target
        _must_be_whole("target", text)
        target = self.original.target
        origin, _ = split_origin(target.follow() if isinstance(target, Location) else target)
        return origin + text if text.startswith("/") else text

    def _headers(self, pairs: Iterable[tuple[str, str]]) -> HeaderList:
        live = {**_live(self.original), **_live(self.request)}
        found = []
        for name, value in _pairs(pairs):
            pair = (_text("header's name", name), _text(f"header {name}", value))
            originals = live.get(pair)
            if originals is None:
                _must_be_whole(f"header {name}", value)
                found.append(pair)
            else:  # headers that look alike keep their own values
                found.append(originals.pop(0) if len(originals) > 1 else originals[0])
        return tuple(found)

    def _with_body(self, request: Request, name: str) -> Version:
        if name not in BODIES:
            why = f"the bodies are {', '.join(BODIES)}"
            raise InvalidArgument(f"There is no body called {name!r}", why, "Choose one of them")
        body = self.original.body
        made = body if name == AS_IT_IS else BODIES[name](body or Body(0, lambda: BytesIO(), "no bytes"))
        headers = request.headers
        if _follows(self.request) and _lengths(headers) == _lengths(self.request.headers):
            headers = _with_length(headers, made)
        return Version(self.original, replace(request, headers=headers, body=made), name)


def _live(request: Request) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Return each header as it is shown, and its real forms: several if they differ only in their secrets."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for shown, original in zip(redact_headers(request.headers), request.headers, strict=True):
        found.setdefault(shown, []).append(original)
    return found


def _pairs(headers: Iterable[tuple[str, str]]) -> HeaderList:
    try:
        return tuple((name, value) for name, value in headers)
    except (TypeError, ValueError):
        raise InvalidArgument(
            f"{headers!r:.80} is not a list of headers",
            "headers are pairs of a name and a value",
            'Pass [("Name", "value"), ...]',
        ) from None


def _text(what: str, value: str) -> str:
    if not isinstance(value, str):
        raise InvalidArgument(f"The {what} is of type {type(value).__name__}", "it is sent as text", "Pass a str")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidArgument(
            f"The {what} cannot be sent", "it contains half of a character", "Type that character again"
        ) from None
    return value


def _must_be_whole(what: str, value: str) -> None:
    if REDACTED in value:
        raise InvalidArgument(
            f"The {what} cannot be sent like this",
            f"{REDACTED} replaces a secret, which is sent only if the whole text is left as it was shown",
            f"Restore the text as it was shown, or replace {REDACTED} with your own value",
        )


def _lengths(headers: HeaderList) -> list[str]:
    return [value for name, value in headers if name.lower() == _LENGTH]


def _follows(request: Request) -> bool:
    """Whether the headers state the true length of the body: then nobody has changed it on purpose."""
    if any(name.lower() == "transfer-encoding" for name, _ in request.headers):
        return False
    return _lengths(request.headers) == ([] if request.body is None else [str(request.body.size)])


def _with_length(headers: HeaderList, body: Body | None) -> HeaderList:
    pairs = [(name, value) for name, value in headers if name.lower() != _LENGTH]
    if body is None:
        return tuple(pairs)
    place = next((index for index, (name, _) in enumerate(headers) if name.lower() == _LENGTH), len(pairs))
    pairs.insert(place, ("Content-Length", str(body.size)))
    return tuple(pairs)


def differences(version: Version) -> tuple[str, ...]:
    """Return a short text for each change: the method, the target, each header, the body."""
    original, request = version.original, version.request
    found = []
    if request.method != original.method:
        found.append(f"method {original.method} -> {request.method or '(none)'}")
    if _whole(request) != _whole(original):
        found.append("target changed")
    found += _header_differences(original.headers, request.headers)
    if original.headers != request.headers and not found:
        found.append("headers in a different order or spelling")
    if version.body != AS_IT_IS:
        found.append(f"body: {version.body}")
    return tuple(found)


def _whole(request: Request) -> str:
    return request.target.follow() if isinstance(request.target, Location) else request.target


def _header_differences(old: HeaderList, new: HeaderList) -> list[str]:
    found = []
    names = {name.lower(): name for name, _ in (*new, *old)}
    for key, name in names.items():
        before = [value for other, value in old if other.lower() == key]
        after = [value for other, value in new if other.lower() == key]
        if before != after:
            found.append(_difference(name, before, after))
    return found


def _difference(name: str, before: list[str], after: list[str]) -> str:
    if not after:
        return f"{name} removed"
    if not before:
        return f"{name} added"
    if len(before) == len(after) == 1:
        return f"{name} {redact_header(name, before[0])} -> {redact_header(name, after[0])}"
    return f"{name} {len(before)} times -> {len(after)} times" if len(before) != len(after) else f"{name} changed"
