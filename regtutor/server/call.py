"""One request inside the registry: what every handler is given, and what it may give back.

A handler takes a :class:`Call` and returns a ``Response``, or a ``BodySink`` if it wants the body first (see
``receiving``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
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
    """A request that fits a row of the table of documented requests.

    Attributes
    ----------
    head: the request's head.
    path, query: the fields of its target, percent-decoded and not yet judged.
    store: where content is kept.
    sessions: what is being uploaded to it.
    scheme: ``http`` or ``https``, as the client sees it.
    settings: those of the registry.
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
        Refusal: NAME_INVALID, if it does not fit the grammar.
        """
        name = self.path["repository"]
        if not is_repository(name):
            raise Refusal(
                "NAME_INVALID",
                given=name,
                expected=REPOSITORY_GRAMMAR,
                next="the same request with a name that fits, such as library/hello",
            )
        return name

    def permit_deletion(self, allowed: str) -> None:
        """Let a DELETE pass, if this registry deletes; ``allowed`` are the other methods of the path.

        Raises
        ------
        Refusal: UNSUPPORTED. The specification leaves 400 and 405 open; 405 says that no such request will do.
        """
        if not self.settings.deletes:
            raise Refusal(
                "UNSUPPORTED",
                given=self.head.method,
                expected=f"{allowed}: deletion is switched off in this registry",
                next="ask those who run it to switch deletion on",
                headers=(("Allow", allowed),),
            )

    def url(self, endpoint: str, *, query: Mapping[str, str] | None = None, **path: str) -> str:
        """The absolute URL of another request, by the name under which the client asked for this one.

        It is built from Host, X-Forwarded-Host and X-Forwarded-Proto: behind a proxy that does not send them, it is
        wrong. Where there is no usable Host, it is the path alone, which the specification permits as well.
        """
        target = build(endpoint, query=query, **path)
        host = self.head.header("X-Forwarded-Host") or self.head.header("Host") or ""
        host = host.partition(",")[0].strip()
        forwarded = (self.head.header("X-Forwarded-Proto") or "").partition(",")[0].strip().lower()
        scheme = forwarded if forwarded in ("http", "https") else self.scheme
        return f"{scheme}://{host}{target}" if _HOST.fullmatch(host) else target


Handler = Callable[[Call], Response | BodySink]
"""What answers a request, or asks for its body first; it may raise a ``Refusal``."""


def digest_from(text: str, next: str) -> Digest:
    """``text`` as a digest; ``next`` is what the client is told to try when it is none.

    Raises
    ------
    Refusal: DIGEST_INVALID.
    """
    try:
        return digests.parse(text)
    except InvalidDigest as error:
        raise Refusal("DIGEST_INVALID", given=text, expected=_expected_of(text), next=next) from error


def _expected_of(text: str) -> str:
    """What the first part of ``text`` that is wrong should be."""
    algorithm, colon, _ = text.partition(":")
    if not colon:
        return "algorithm:encoded, as in sha256:0a1b..."
    length = digests.ALGORITHMS.get(algorithm)
    if length is None:
        return f"an algorithm known here: {' or '.join(digests.ALGORITHMS)}"
    return f"{algorithm}: and {length} lower-case hexadecimal characters"
