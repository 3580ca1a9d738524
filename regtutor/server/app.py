"""The registry without a socket: it turns a request head into a response, or into a sink for the request body.

It is synchronous and uses neither threads nor event loops, so it runs wherever Python does. ``shell.listen`` puts it on
a socket.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

from regtutor.protocol.endpoints import ENDPOINTS, Endpoint, parse, paths_like, split_target
from regtutor.server.application import CHANGE, LIST, PASSWORD, Work
from regtutor.server.call import Call, Handler
from regtutor.server.handlers import api, blobs, catalog, manifests, referrers, tags, token, uploads
from regtutor.server.http import Head, Response
from regtutor.server.receiving import BodySink, Handling, receives, response_of
from regtutor.server.respond import Refusal
from regtutor.server.settings import Settings
from regtutor.server.storage.sessions import Sessions
from regtutor.server.storage.store import Store, StoreLost

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
"""The module of handlers for each family of endpoints."""

HANDLERS: Mapping[str, Handler] = {
    endpoint.name: getattr(FAMILIES[endpoint.family], endpoint.name) for endpoint in ENDPOINTS
}
"""The handler of each endpoint, under the same name."""


TAKE_LONG: Mapping[str, Work] = {
    "get_referrers": LIST,
    "list_tags": LIST,
    "list_repositories": LIST,
    "delete_manifest": CHANGE,
}
"""The endpoints whose handlers read everything that a repository, or the whole registry, contains."""

VERIFY = frozenset({"get_blob", "head_blob"})
"""The endpoints whose handlers read a whole blob first, if the setting ``verify_reads`` is on."""


class App:
    """A registry over a store.

    Parameters
    ----------
    store: where content is stored; the App does not close it. A store has one App at a time, which owns its upload
        sessions.
    secret: as in ``Settings``; by default the store's own secret, so that sessions outlive the App.
    quirks: where to deviate from the specification, as another registry does: names from ``quirks.table.QUIRKS`` or
        ``quirks.table.PROFILES``, such as ``distribution-2.8``.
    settings: the other fields of ``Settings``, by name.

    Raises
    ------
    ServerError: for an unknown quirk, or if old upload sessions cannot be removed.
    """

    def __init__(
        self, store: Store, *, secret: bytes | None = None, quirks: str | Iterable[str] = (), **settings: Any
    ) -> None:
        self._handlers: Mapping[str, Handler] = HANDLERS
        self._respond: Handler = self._by_table
        if quirks or isinstance(quirks, str):
            self._imitate(quirks)
        self.store, self.sessions = store, Sessions(store)
        self.settings = Settings(secret if secret is not None else store.secret(), **settings)
        self.sessions.purge()

    def _imitate(self, quirks: str | Iterable[str]) -> None:
        """Wrap the handlers in ``quirks``, whose modules a registry without quirks does not need."""
        from regtutor.server.quirks.table import chosen, wrapped
        from regtutor.server.quirks.wrapping import EVERY

        selected = chosen(quirks)
        self._handlers = {name: wrapped(selected, name, handler) for name, handler in HANDLERS.items()}
        self._respond = wrapped(selected, EVERY, self._by_table)

    def begin(self, head: Head, *, scheme: str = "http") -> Response | BodySink:
        """Respond to the request, or accept it and request its body.

        Parameters
        ----------
        head: the request's head; its target is origin-form.
        scheme: how the client reached the registry, ``http`` or ``https``; used for absolute Locations.

        Returns
        -------
        Either the final response: a request body that arrives anyway is irrelevant, and with ``Expect: 100-continue``
        it need not be sent at all. Or a sink for the body: ``write()`` each chunk, then call ``finish()``, which
        returns the response, or ``abort()`` if the body is cut off.
        """
        match = head.endpoint
        path, query = (match.path, match.query) if match is not None else ({}, {})
        outcome = self._outcome(Call(head, path, query, self.store, self.sessions, scheme, self.settings))
        return _for_method(head.method, outcome) if isinstance(outcome, Response) else outcome

    def takes_long(self, head: Head) -> Work | None:
        """The reason why :meth:`begin` can take long for this request, such as work that grows with the content.

        A server with several clients should call ``begin`` in a thread then. This is safe, since such a request touches
        no upload session.
        """
        if self._is_for_tokens(head):
            return PASSWORD
        match = head.endpoint
        name = match.endpoint.name if match is not None else ""
        return LIST if self.settings.verify_reads and name in VERIFY else TAKE_LONG.get(name)

    @receives
    def _outcome(self, call: Call) -> Handling:
        """The response to ``call``. A refusal becomes a response too, whether raised before or after the body."""
        try:
            if self._is_for_tokens(call.head):  # a POST too, which is no endpoint
                return (yield from response_of(token.request_token(call)))
            refused = self.settings.admit(call) if self.settings.admit is not None else None
            if refused is not None:  # before quirks, which may respond by themselves
                return refused
            self.store.check_root()
            return (yield from response_of(self._respond(call)))
        except Refusal as refusal:
            return refusal.response()
        except StoreLost as error:
            self.store.report(f"503 because the storage is gone: {error}")
            return Refusal("UNAVAILABLE", given=error.what, expected=error.why, next=error.next).response()

    def _is_for_tokens(self, head: Head) -> bool:
        return self.settings.tokens is not None and self.settings.tokens.takes(head)

    def _by_table(self, call: Call) -> Response | BodySink:
        """Call the handler of the request's endpoint."""
        match = call.head.endpoint
        if match is None:
            raise _no_endpoint(call.head)
        return self._handlers[match.endpoint.name](call)


def _for_method(method: str, response: Response) -> Response:
    """``response``, without its body if the method is HEAD: the headers are those of GET."""
    return Response(response.status, response.headers, b"") if method == "HEAD" else response


def _no_endpoint(head: Head) -> Refusal:
    """Why no endpoint fits the request: the path, the method, or a missing query parameter."""
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
        next=f"Add the slash: {head.method} {path}/" if slashed else f"{rows[0].method} {rows[0].template}",
        headers=(("Allow", allowed),),
    )


def _query_missing(endpoint: Endpoint) -> Refusal:
    names = " and ".join(endpoint.query)
    code = "DIGEST_INVALID" if "digest" in endpoint.query else "UNSUPPORTED"
    next = f"Send the same {endpoint.method} with {names} in the query, appended with & if the URL already has a ?"
    return Refusal(code, given=f"no {names} in the query", expected=f"{names}=...", next=next, status=400)
