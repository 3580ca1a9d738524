"""Breaking a request on purpose: the learner's version of the one about to be sent.

What is edited is what is shown, without secrets; what stays as it was shown is sent as it was meant. Nothing is judged
here: the client says what cannot be sent, and the registry what is wrong.
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
"""What may be sent in the place of a body, by name; what needs bytes is made of them as they are sent."""

_NEED_BYTES = ("one byte changed", "the first half")


def bodies_for(body: Body | None) -> tuple[str, ...]:
    """The names in :data:`BODIES` that make something else of ``body``, and its own, which is the first."""
    same = {"none"} if body is None else {"empty"} if body.size == 0 else set()
    if body is None or body.size == 0:
        same |= set(_NEED_BYTES)
    return tuple(name for name in BODIES if name not in same)


@dataclass(frozen=True)
class Version:
    """A request as the walk meant it (``original``), as it will be sent (``request``), and which body that has."""

    original: Request
    request: Request
    body: str = AS_IT_IS

    @classmethod
    def of(cls, request: Request) -> Version:
        """The version that nothing was changed in."""
        return cls(request, request)

    @property
    def draft(self) -> Draft:
        """What of it may be shown."""
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
        """This version with something changed; what is None stays.

        Parameters
        ----------
        method: any text.
        target: as it is shown, in origin-form, or a whole URL. If it is the one that is shown, what it stands for is
            sent, secrets included.
        headers: all of them, in order, as they are shown; Content-Length follows the body if it was left as it was.
        body: a name in :data:`BODIES`.

        Raises
        ------
        InvalidArgument: for a name that no body has, for a changed text that holds ``<redacted>``, for a text that no
            encoding can write, and for what is no text.
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
        """The live target that ``text`` stands for, where it is one that was shown."""
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
            meant = live.get(pair)
            if meant is None:
                _must_be_whole(f"header {name}", value)
                found.append(pair)
            else:  # of two that look alike, each stays what it is
                found.append(meant.pop(0) if len(meant) > 1 else meant[0])
        return tuple(found)

    def _with_body(self, request: Request, name: str) -> Version:
        if name not in BODIES:
            raise InvalidArgument(f"There is no body called {name!r}", f"there are {', '.join(BODIES)}", "Choose one")
        body = self.original.body
        made = body if name == AS_IT_IS else BODIES[name](body or Body(0, lambda: BytesIO(), "no bytes"))
        headers = request.headers
        if _follows(self.request) and _lengths(headers) == _lengths(self.request.headers):
            headers = _with_length(headers, made)
        return Version(self.original, replace(request, headers=headers, body=made), name)


def _live(request: Request) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Each header as it is shown, and what it stands for: more than one where only their secrets differ."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for shown, meant in zip(redact_headers(request.headers), request.headers, strict=True):
        found.setdefault(shown, []).append(meant)
    return found


def _pairs(headers: Iterable[tuple[str, str]]) -> HeaderList:
    try:
        return tuple((name, value) for name, value in headers)
    except (TypeError, ValueError):
        raise InvalidArgument(
            f"{headers!r:.80} are no headers",
            "headers are pairs of a name and a value",
            'Give [("Name", "value"), ...]',
        ) from None


def _text(what: str, value: str) -> str:
    if not isinstance(value, str):
        raise InvalidArgument(f"The {what} is of the type {type(value).__name__}", "it is sent as text", "Give a str")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidArgument(
            f"The {what} cannot be sent", "it holds half of a character", "Type that character anew"
        ) from None
    return value


def _must_be_whole(what: str, value: str) -> None:
    if REDACTED in value:
        raise InvalidArgument(
            f"The {what} cannot be sent like this",
            f"{REDACTED} stands where a secret was, and only the text as it was shown can be sent with it",
            "Put the shown text back, or write a value of your own there",
        )


def _lengths(headers: HeaderList) -> list[str]:
    return [value for name, value in headers if name.lower() == _LENGTH]


def _follows(request: Request) -> bool:
    """Whether what the headers say of the body's length fits it, so that nobody changed it on purpose."""
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
    """What was changed, a short text for each: the method, the target, each header, the body."""
    original, request = version.original, version.request
    found = []
    if request.method != original.method:
        found.append(f"method {original.method} -> {request.method or '(none)'}")
    if _whole(request) != _whole(original):
        found.append("target changed")
    found += _header_differences(original.headers, request.headers)
    if original.headers != request.headers and not found:
        found.append("headers in another order or spelling")
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
        return f"{name} taken away"
    if not before:
        return f"{name} added"
    if len(before) == len(after) == 1:
        return f"{name} {redact_header(name, before[0])} -> {redact_header(name, after[0])}"
    return f"{name} {len(before)} times -> {len(after)} times" if len(before) != len(after) else f"{name} changed"
