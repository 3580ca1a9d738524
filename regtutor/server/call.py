"""A request inside the registry, as every handler receives it.

A handler takes a :class:`Call` and returns a ``Response``, or a ``BodySink`` if it needs the request body first (see
``receiving``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from regtutor.errors import InvalidDigest
from regtutor.protocol import digests
from regtutor.protocol.digests import Digest
from regtutor.protocol.endpoints import build
from regtutor.server.http import Head, Response
from regtutor.server.names import REPOSITORY_GRAMMAR, is_repository
from regtutor.server.receiving import BodySink
from regtutor.server.respond import Refusal
from regtutor.server.settings import Settings
from regtutor.server.storage.sessions import Sessions
from regtutor.server.storage.store import Store

_HOST = re.compile(r"[A-Za-z0-9._~-]+(:[0-9]+)?|\[[0-9A-Fa-f:.]+\](:[0-9]+)?")


@dataclass(frozen=True)
class Call:
    """A request to one of the endpoints.

    Attributes
    ----------
    head: the request's head.
    path, query: the fields of the request target, percent-decoded and not yet validated; both are empty if no endpoint
        fits the request.
    store: where content is stored.
    sessions: the upload sessions of the store.
    scheme: ``http`` or ``https``, as the client sees it.
    settings: the settings of the registry.
    """

    head: Head
    path: Mapping[str, str]
    query: Mapping[str, str]
    store: Store
    sessions: Sessions
    scheme: str
    settings: Settings

    @property
    def repository(self) -> str:
        """The repository in the path.

        Raises
        ------
        Refusal: NAME_INVALID, if the name does not fit the grammar.
        """
        name = self.path["repository"]
        if not is_repository(name):
            raise Refusal(
                "NAME_INVALID",
                given=name,
                expected=REPOSITORY_GRAMMAR,
                next="Send the same request with a valid name, such as library/hello",
            )
        return name

    def permit_deletion(self, allowed: str) -> None:
        """Refuse a DELETE if deletion is switched off; ``allowed`` are the other methods of the path.

        Raises
        ------
        Refusal: 405 UNSUPPORTED. The specification permits 400 and 405; 405 states that no DELETE of this path can
            succeed.
        """
        if not self.settings.deletes:
            raise Refusal(
                "UNSUPPORTED",
                given=self.head.method,
                expected=f"one of {allowed}; this registry does not delete",
                next="Ask the operator of the registry to switch deletion on",
                headers=(("Allow", allowed),),
            )

    def url(self, endpoint: str, *, query: Mapping[str, str] | None = None, **path: str) -> str:
        """The absolute URL of another request, with the host name that the client used for this one.

        The URL is built from Host, X-Forwarded-Host and X-Forwarded-Proto. Behind a proxy that does not send these, it
        is wrong. Without a usable Host it is the path alone, which the specification also permits.
        """
        target = build(endpoint, query=query, **path)
        host = self.head.header("X-Forwarded-Host") or self.head.header("Host") or ""
        host = host.partition(",")[0].strip()
        forwarded = (self.head.header("X-Forwarded-Proto") or "").partition(",")[0].strip().lower()
        scheme = forwarded if forwarded in ("http", "https") else self.scheme
        return f"{scheme}://{host}{target}" if _HOST.fullmatch(host) else target


Handler = Callable[[Call], Response | BodySink]
"""Responds to a request, or requests its body first. It can raise a ``Refusal``."""


def digest_from(text: str, next: str) -> Digest:
    """Parse ``text`` as a digest. If it is malformed, the refusal names ``next`` as the request to try.

    Raises
    ------
    Refusal: DIGEST_INVALID.
    """
    try:
        return digests.parse(text)
    except InvalidDigest as error:
        raise Refusal("DIGEST_INVALID", given=text, expected=_expected_of(text), next=next) from error


def _expected_of(text: str) -> str:
    """The correct form of the first part of ``text`` that is wrong."""
    algorithm, colon, _ = text.partition(":")
    if not colon:
        return "algorithm:encoded, such as sha256:0a1b..."
    length = digests.ALGORITHMS.get(algorithm)
    if length is None:
        return f"a supported algorithm: {' or '.join(digests.ALGORITHMS)}"
    return f"{algorithm}: followed by {length} lowercase hexadecimal characters"


@contextmanager
def found_by_a_push(call: Call, digest: Digest, unknown: Refusal) -> Iterator[None]:
    """Look ``digest`` up in the block, for a push that does not send what it finds: a collection then keeps it.

    Raises
    ------
    Refusal: ``unknown``, if a collection is removing it at the moment; and any refusal of the block.
    """
    arrivals = call.store.arrivals
    if not arrivals.found(digest):  # before the block, so that no collection can begin in between
        raise unknown
    try:
        yield
    except Refusal:
        arrivals.named([digest])
        raise
