"""The registry without a socket: a request head goes in, and a response, or a sink for the body, comes out.

Synchronous; it knows neither threads nor loops, so it runs wherever Python does. ``listen`` puts it on a socket.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any

from regtutor.protocol.endpoints import ENDPOINTS, Endpoint, parse, paths_like, split_target
from regtutor.server.call import Call, Handler
from regtutor.server.handlers import api, blobs, catalog, manifests, referrers, tags, token, uploads
from regtutor.server.http import Head, Response
from regtutor.server.quirks.table import chosen, wrapped
from regtutor.server.quirks.wrapping import EVERY
from regtutor.server.receiving import BodySink, Handling, receives, response_of
from regtutor.server.respond import Refusal
from regtutor.server.settings import Settings
from regtutor.server.storage.sessions import Sessions
from regtutor.server.storage.store import Store

FAMILIES: Mapping[str, ModuleType] = {
    "api": api,
    "uploads": uploads,
    "blobs": blobs,
    "manifests": manifests,
    "tags": tags,
    "catalog": catalog,
    "referrers": referrers,
    "token": token,
}
"""The file of handlers for each family of documented requests."""

HANDLERS: Mapping[str, Handler] = {
    endpoint.name: getattr(FAMILIES[endpoint.family], endpoint.name) for endpoint in ENDPOINTS
}
"""For each documented request the handler of the same name."""


TAKE_LONG = frozenset({"get_referrers", "delete_manifest", "list_tags", "list_repositories"})
"""The documented requests whose handlers look at everything that a repository, or the registry, holds."""


class App:
    """A registry over a store.

    Parameters
    ----------
    store: where content is kept; the App does not close it. It has one App at a time, which owns its upload sessions.
    secret: as in ``Settings``; by default the store's own, so that sessions outlive the App.
    quirks: in what it behaves as another registry does, against the specification: names of ``quirks.table.QUIRKS`` or
        of ``quirks.table.PROFILES``, such as ``distribution-2.8``.
    settings: the other fields of ``Settings``, by name.

    Raises
    ------
    ServerError: for a quirk that there is not, or if old upload sessions cannot be removed.
    """

    def __init__(
        self, store: Store, *, secret: bytes | None = None, quirks: str | Iterable[str] = (), **settings: Any
    ) -> None:
        asked = chosen(quirks)
        self.store, self.sessions = store, Sessions(store)
        self.settings = Settings(secret if secret is not None else store.secret(), **settings)
        self._handlers = {name: wrapped(asked, name, handler) for name, handler in HANDLERS.items()}
        self._answer = wrapped(asked, EVERY, self._by_table)
        self.sessions.purge()

    def begin(self, head: Head, *, scheme: str = "http") -> Response | BodySink:
        """Answer the request, or accept it and ask for its body.

        Parameters
        ----------
        head: the request's head; its target is origin-form.
        scheme: how the client reached the registry, ``http`` or ``https``; for absolute Locations.

        Returns
        -------
        The final response: a body that comes nevertheless is of no interest, and with ``Expect: 100-continue`` it need
        not come at all. Or a sink: write each chunk, then ``finish()``, which gives the response; ``abort()`` if the
        body is cut off.
        """
        outcome = self._outcome(Call(head, {}, {}, self.store, self.sessions, scheme, self.settings))
        return _for_method(head.method, outcome) if isinstance(outcome, Response) else outcome

    def takes_long(self, head: Head) -> bool:
        """Whether :meth:`begin` may take long for this request, as it grows with what is stored.

        Whoever serves several clients asks for it in a thread, which is safe: nothing of an upload session is touched.
        """
        match = head.endpoint
        return match is not None and match.endpoint.name in TAKE_LONG

    @receives
    def _outcome(self, call: Call) -> Handling:
        """The response to ``call``; a refusal is one, before the body as after it."""
        try:
            return (yield from response_of(self._answer(call)))
        except Refusal as refusal:
            return refusal.response()

    def _by_table(self, call: Call) -> Response | BodySink:
        """Let the handler answer whose request this is, by the table of documented requests."""
        match = call.head.endpoint
        if match is None:
            raise _no_row(call.head)
        return self._handlers[match.endpoint.name](replace(call, path=match.path, query=match.query))


def _for_method(method: str, response: Response) -> Response:
    """HEAD gets the headers that GET would, and no body."""
    return Response(response.status, response.headers, b"") if method == "HEAD" else response


def _no_row(head: Head) -> Refusal:
    """Why no documented request fits: the path, the method, or what is missing from the query."""
    rows = [endpoint for endpoint, _ in paths_like(head.target)]
    if not rows:
        path, _ = split_target(head.target)
        return Refusal("UNSUPPORTED", given=path, expected="a path of the API, below /v2/", next="GET /v2/", status=404)
    for endpoint in rows:
        if endpoint.method == head.method:
            return _query_missing(endpoint)
    methods = {endpoint.method for endpoint in rows}
    allowed = ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))
    path, _ = split_target(head.target)
    slashed = parse(head.method, f"{path}/") is not None
    return Refusal(
        "UNSUPPORTED",
        given=head.method,
        expected=allowed,
        next=f"add the slash: {head.method} {path}/" if slashed else f"{rows[0].method} {rows[0].template}",
        headers=(("Allow", allowed),),
    )


def _query_missing(endpoint: Endpoint) -> Refusal:
    names = " and ".join(endpoint.query)
    code = "DIGEST_INVALID" if "digest" in endpoint.query else "UNSUPPORTED"
    next = f"the same {endpoint.method} with {names} in the query, appended with & where there is a ? already"
    return Refusal(code, given=f"no {names} in the query", expected=f"{names}=...", next=next, status=400)
