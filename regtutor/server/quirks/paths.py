"""How CNCF Distribution's router reads a path: what it redirects, what it has no page for, which methods it takes.

It has a table of patterns, and a request that fits none of them never reaches the registry's code: hence plain text
where the API would have JSON.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from html import escape
from urllib.parse import quote

from regtutor.protocol.endpoints import build, split_target
from regtutor.server.answers import Refusal, answer
from regtutor.server.call import Call, Handler
from regtutor.server.handlers.api import check_api
from regtutor.server.handlers.uploads import get_upload, start_upload
from regtutor.server.http import Response
from regtutor.server.quirks.wrapping import Outcome, asked, failure

# Go's expressions never backtrack, Python's do: no two ways to read the same text.
_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = rf"{_LABEL}(?:\.{_LABEL})*(?::[0-9]+)?"
_NAME = rf"(?P<repository>(?:{_HOST}/)?{_PART}(?:/{_PART})*)"
_DIGEST = r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+"
_TAG = r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}"
_UPLOAD_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")


@dataclass(frozen=True)
class _Page:
    """One pattern of the router, and the methods that it takes there, in the order in which it names them."""

    pattern: re.Pattern[str]
    methods: tuple[str, ...] = ()


_API = _Page(re.compile("/v2/"))
_UPLOADS = _Page(re.compile(rf"/v2/{_NAME}/blobs/uploads/"), _UPLOAD_METHODS)
_SESSION = _Page(re.compile(rf"/v2/{_NAME}/blobs/uploads/(?P<session>[a-zA-Z0-9_.=-]+)"), _UPLOAD_METHODS)
_PAGES = (
    _API,
    _Page(re.compile(rf"/v2/{_NAME}/tags/list"), ("GET",)),
    _Page(re.compile(rf"/v2/{_NAME}/manifests/(?:{_TAG}|{_DIGEST})"), ("DELETE", "GET", "HEAD", "PUT")),
    _Page(re.compile(rf"/v2/{_NAME}/blobs/{_DIGEST}"), ("DELETE", "GET", "HEAD")),
    _UPLOADS,
    _SESSION,
    _Page(re.compile("/v2/_catalog"), ("GET",)),
)
_REFERRERS = re.compile(r"/v2/.+/referrers/[^/]+")
_TEXT = ("Content-Type", "text/plain; charset=utf-8")


def _path(call: Call) -> str:
    return split_target(call.head.target)[0]


def _page(path: str) -> tuple[_Page, re.Match[str]] | None:
    found = ((page, match) for page in _PAGES if (match := page.pattern.fullmatch(path)))
    return next(found, None)


def _plain(status: int, text: str, *headers: tuple[str, str]) -> Response:
    return answer(status, *headers, _TEXT, body=text.encode())


def _location(call: Call, path: str) -> str:
    query = call.head.target.partition("?")[2]
    return quote(path, safe="/:@!$&'()*+,;=~") + (f"?{query}" if query else "")


def _moved(call: Call, path: str) -> Response:
    location = _location(call, path)
    if call.head.method not in ("GET", "HEAD"):
        return answer(301, ("Location", location))
    html = f'<a href="{escape(location)}">Moved Permanently</a>.\n\n'.encode()
    return answer(301, ("Location", location), ("Content-Type", "text/html; charset=utf-8"), body=html)


def fold_paths(handler: Handler) -> Handler:
    """301 to the path without dot segments and double slashes."""

    def folded(call: Call) -> Outcome:
        path = _path(call)
        clean = posixpath.normpath("/" + path.lstrip("/")) + ("/" if path.endswith("/") and path != "/" else "")
        return handler(call) if clean == path else answer(301, ("Location", _location(call, clean)))

    return folded


def redirect_slashes(handler: Handler) -> Handler:
    """301 to the same path with the slash at its end, or without it, where only that is a page."""

    def redirected(call: Call) -> Outcome:
        path = _path(call)
        other = path[:-1] if path.endswith("/") else f"{path}/"
        return _moved(call, other) if _page(path) is None and _page(other) else handler(call)

    return redirected


def pages_only(handler: Handler) -> Handler:
    """404 in plain text for what fits no pattern; a referrers path is left to its own quirk."""

    def found(call: Call) -> Outcome:
        path = _path(call)
        known = _page(path) is not None or _REFERRERS.fullmatch(path)
        return handler(call) if known else _plain(404, "404 page not found\n")

    return found


def no_referrers(handler: Handler) -> Handler:
    """404 in plain text for the path of referrers, whatever stands in it."""

    def found(call: Call) -> Outcome:
        return _plain(404, "404 page not found\n") if _REFERRERS.fullmatch(_path(call)) else handler(call)

    return found


def plain_methods(handler: Handler) -> Handler:
    """405 in plain text for a method that a page does not take, and 200 to OPTIONS, both with Allow."""

    def refused(call: Call) -> Outcome:
        found = _page(_path(call))
        if found is None or not found[0].methods or call.head.method in found[0].methods:
            return handler(call)
        allow = ("Allow", ", ".join(found[0].methods))
        return answer(200, allow) if call.head.method == "OPTIONS" else _plain(405, "Method not allowed\n", allow)

    return refused


def any_method_of_the_api(handler: Handler) -> Handler:
    """200 to ``/v2/`` by any method."""
    return lambda call: check_api(call) if _API.pattern.fullmatch(_path(call)) else handler(call)


def _fail_at_long_names(call: Call) -> Call:
    found = _page(_path(call))
    name = found[1].groupdict().get("repository", "") if found else ""
    if len(name) > 255:
        raise failure(f"a name of {len(name)} characters, where 255 are the most")
    return call


long_names_fail = asked(_fail_at_long_names)


def sessions_without_a_name(handler: Handler) -> Handler:
    """404 BLOB_UPLOAD_UNKNOWN to all but POST where the path ends in ``uploads/``."""

    def unknown(call: Call) -> Outcome:
        found = _page(_path(call))
        if found is None or found[0] is not _UPLOADS or call.head.method not in set(_UPLOAD_METHODS) - {"POST"}:
            return handler(call)
        start = build("start_upload", repository=found[1]["repository"])
        raise Refusal("BLOB_UPLOAD_UNKNOWN", given="no session in the path", next=f"POST {start}, and its Location")

    return unknown


def post_to_a_session(handler: Handler) -> Handler:
    """A POST to a session's own Location opens another session; a Location that is none is refused."""

    def opened(call: Call) -> Outcome:
        found = _page(_path(call))
        if found is None or found[0] is not _SESSION or call.head.method != "POST":
            return handler(call)
        session = replace(call, path=found[1].groupdict(), query=split_target(call.head.target)[1])
        get_upload(session)
        handler(replace(call, head=replace(call.head, method="GET")))  # where other quirks refuse its Location
        return start_upload(session)

    return opened
