"""Walks: what clients do with the steps, as generators.

A walk yields Requests and is sent Exchanges. It sends nothing itself, so that a loop can drive it (:func:`run`), a
widget can drive it by clicks, and a test can drive it with answers of its own. What it returns in the end are notes:
what it left out, and why.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import NoReturn

from regtutor.content.checked import checked
from regtutor.content.image import Image
from regtutor.errors import ImageError, PushFailed, RegtutorError
from regtutor.exchange import Exchange, Transcript
from regtutor.message import Blob, Location, Request, body_of
from regtutor.steps import cancel_upload, draft, head_blob, mount_blob, put_blob, put_manifest, start_upload
from regtutor.steps.sender import Sender

Notes = tuple[str, ...]
Walk = Generator[Request, Exchange, Notes]

MOUNT_TRIES = 3
"""How many repositories are tried for one mount."""


def nowhere(digest: str) -> Sequence[str]:  # noqa: ARG001
    """The repositories to mount a blob from: none."""
    return ()


def push(image: Image, repository: str, tag: str, *, mount_from: Callable[[str], Sequence[str]] = nowhere) -> Walk:
    """The requests of a push: for each blob HEAD, then a mount, else an upload; then the manifest.

    Parameters
    ----------
    image: what to push; its blobs' digests and sizes are those of its manifest.
    repository: where to, such as ``library/hello``.
    tag: the tag that shall point to the image, or the manifest's digest.
    mount_from: digest -> the repositories of the same registry to try a mount from, in order.

    Returns
    -------
    Notes: one for each layer that is not pushed because its manifest says where else its bytes are.

    Raises
    ------
    PushFailed: if the registry answers anything that ends the push.
    DigestMismatch: if a blob's bytes are not what its digest says; its upload has then been cancelled.
    """
    for blob in image.blobs:
        sources = [source for source in mount_from(blob.digest) if source != repository]
        yield from _push_blob(repository, blob, sources[:MOUNT_TRIES])
    answer = yield draft(put_manifest, repository, tag, image.manifest)
    _expect(answer, 201)
    return tuple(
        f"{layer.digest} was not pushed: {layer.media_type} layers are fetched from {', '.join(layer.urls)}"
        for layer in image.layers
        if not layer.uploadable
    )


def _push_blob(repository: str, blob: Blob, sources: Sequence[str]) -> Generator[Request, Exchange, None]:
    answer = yield draft(head_blob, repository, blob.digest)
    if answer.status == 200:
        return
    _expect(answer, 404)
    location = None
    for source in sources:
        answer = yield draft(mount_blob, repository, blob.digest, source=source)
        if answer.status == 201:
            return
        if answer.status == 202:
            # Not mounted, but the session that was opened instead is as good as a new one.
            location = answer.location
            break
    if location is None:
        answer = yield draft(start_upload, repository)
        _expect(answer, 202)
        location = answer.location
    yield from _upload(answer, location, blob)


def _upload(opened: Exchange, location: Location | None, blob: Blob) -> Generator[Request, Exchange, None]:
    if location is None:
        _stop(opened, "The answer has no Location, so there is nowhere to send the blob")
    request = draft(put_blob, location, blob)
    try:
        answer = yield replace(request, body=checked(body_of(blob)))
    except ImageError:
        yield draft(cancel_upload, location)
        raise
    _expect(answer, 201)


def _expect(exchange: Exchange, status: int) -> None:
    if exchange.status != status:
        _stop(exchange, f"{exchange.method} {exchange.target} was answered {exchange.status}, not {status}")


def _stop(exchange: Exchange, why: str) -> NoReturn:
    told = "; ".join(f"{e.get('code')}: {e.get('message') or ''}".rstrip(": ") for e in exchange.errors)
    raise PushFailed(
        f"The push stopped at {exchange.step}: {exchange.status}, {exchange.meaning}",
        why,
        f"The registry says: {told}" if told else "",
        exchange=exchange,
    )


class Walker:
    """Drives one walk, a request at a time.

    Parameters
    ----------
    walk: a walk that was not driven yet.
    reg: the registry that its requests are sent to.
    source: the registry for requests whose ``side`` is ``"source"``; by default ``reg`` as well.
    prepare: what is done to each request before it is sent, such as counting its bytes for a progress bar.

    Attributes
    ----------
    request: the next one to be sent, or None at the end.
    exchanges: those made so far.
    notes: what the walk returned in the end.
    """

    def __init__(
        self,
        walk: Walk,
        reg: Sender,
        *,
        source: Sender | None = None,
        prepare: Callable[[Request], Request] | None = None,
    ) -> None:
        self._walk = walk
        self._reg, self._source = reg, source or reg
        self._prepare = prepare or (lambda request: request)
        self.exchanges: list[Exchange] = []
        self.notes: Notes = ()
        self.request: Request | None = None
        self._advance(lambda: next(walk))

    def step(self, request: Request | None = None) -> Exchange | None:
        """Send :attr:`request` (or ``request`` in its place), give the walk the answer, and return the exchange.

        None if sending it failed in a way that the walk knows how to go on from.

        Raises
        ------
        RegtutorError: what stopped the walk; its ``transcript`` holds every exchange made so far.
        """
        sent = request or self.request
        if sent is None:
            raise RegtutorError("This walk has ended", "it has no further request", "Start a new one")
        registry = self._source if sent.side == "source" else self._reg
        try:
            exchange = registry.send(self._prepare(sent))
        except RegtutorError as error:
            failure = error
            partial = getattr(error, "exchange", None)
            if partial is not None:
                self.exchanges.append(partial)
            self._advance(lambda: self._walk.throw(failure))
            return None
        self.exchanges.append(exchange)
        self._advance(lambda: self._walk.send(exchange))
        return exchange

    def _advance(self, move: Callable[[], Request]) -> None:
        self.request = None
        try:
            self.request = move()
        except StopIteration as end:
            self.notes = end.value or ()
        except RegtutorError as error:
            error.transcript = self.transcript()
            raise

    def transcript(self, title: str = "") -> Transcript:
        """The exchanges made so far."""
        return Transcript.of(self.exchanges, title, self.notes)


def run(
    walk: Walk,
    reg: Sender,
    *,
    source: Sender | None = None,
    prepare: Callable[[Request], Request] | None = None,
    watch: Callable[[Exchange], None] | None = None,
    title: str = "",
) -> Transcript:
    """Drive ``walk`` to its end.

    Parameters
    ----------
    walk, reg, source, prepare: see :class:`Walker`.
    watch: is told of each exchange as soon as it is made.
    title: the transcript's title.

    Returns
    -------
    The transcript of every request that the walk made.

    Raises
    ------
    RegtutorError: what stopped the walk; its ``transcript`` holds every exchange made so far.
    """
    walker = Walker(walk, reg, source=source, prepare=prepare)
    while walker.request is not None:
        exchange = walker.step()
        if watch is not None and exchange is not None:
            watch(exchange)
    return walker.transcript(title)
