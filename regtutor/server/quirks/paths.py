"""Quirks of paths: how CNCF Distribution's router redirects, which paths it does not know, which methods it accepts.

The router has a table of patterns. A request that matches none of them never reaches the registry's code, which is why
the response is plain text where the API specifies JSON.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from html import escape
from urllib.parse import quote

from regtutor.protocol.endpoints import build, split_target
from regtutor.server.call import Call, Handler
from regtutor.server.handlers.api import check_api
from regtutor.server.handlers.uploads import get_upload, start_upload
from regtutor.server.http import Response
from regtutor.server.quirks.quirk import quirk
from regtutor.server.quirks.uploads import refuse_stale
from regtutor.server.quirks.wrapping import EVERY, Outcome, changes_request, changes_response, failure, without_headers
from regtutor.server.receiving import Handling, receives, response_of
from regtutor.server.respond import JSON, Refusal, respond

# Go's regular expressions never backtrack, but Python's do: these patterns match every text in only one way.
_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = rf"{_LABEL}(?:\.{_LABEL})*(?::[0-9]+)?"
_NAME = rf"(?P<repository>(?:{_HOST}/)?{_PART}(?:/{_PART})*)"
_DIGEST = r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+"
_TAG = r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}"
_UPLOAD_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")


@dataclass(frozen=True)
class _Page:
    """One pattern of the router, and the methods that it accepts there, in the order in which it lists them."""

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
    return respond(status, *headers, _TEXT, body=text.encode())


def _location(call: Call, path: str) -> str:
    query = call.head.target.partition("?")[2]
    return quote(path, safe="/:@!$&'()*+,;=~") + (f"?{query}" if query else "")


def _moved(call: Call, path: str) -> Response:
    location = _location(call, path)
    if call.head.method not in ("GET", "HEAD"):
        return respond(301, ("Location", location))
    html = f'<a href="{escape(location)}">Moved Permanently</a>.\n\n'.encode()
    return respond(301, ("Location", location), ("Content-Type", "text/html; charset=utf-8"), body=html)


@quirk(
    "json_without_charset",
    "Content-Type: application/json for errors and lists, instead of application/json; charset=utf-8",
    on=EVERY,
    in_3="api/errcode/handler.go#L11-L12",
)
def json_without_charset(handler: Handler) -> Handler:
    @receives
    def bare(call: Call) -> Handling:
        try:
            response = yield from response_of(handler(call))
        except Refusal as refusal:
            response = refusal.response()
        if response.header("Content-Type") != JSON:
            return response
        headers = (("Content-Type", "application/json"), *without_headers(response.headers, "Content-Type"))
        return Response(response.status, headers, response.body)

    return bare


@quirk(
    "root_is_alive",
    "200 without a body for / with any method, for health checks, instead of 404",
    on=EVERY,
    in_2="registry.go#L445-L461",
    in_3="registry.go#L456-L472",
)
def root_is_alive(handler: Handler) -> Handler:
    alive = Response(200, (("Cache-Control", "no-cache"), ("Content-Length", "0")))
    return lambda call: alive if _path(call) == "/" else handler(call)


@quirk(
    "paths_folded",
    "301 to the path without dot segments and double slashes, instead of 400 NAME_INVALID or 404",
    on=EVERY,
    in_2="api/v2/routes.go#L26-L40",
    in_3="api/v2/routes.go#L38-L52",
)
def fold_paths(handler: Handler) -> Handler:
    def folded(call: Call) -> Outcome:
        path = _path(call)
        clean = posixpath.normpath("/" + path.lstrip("/")) + ("/" if path.endswith("/") and path != "/" else "")
        return handler(call) if clean == path else respond(301, ("Location", _location(call, clean)))

    return folded


@quirk(
    "missing_slash_redirects",
    "301 to the path with (or without) a trailing slash if only that path exists; many clients follow it with GET",
    on=EVERY,
    in_2="api/v2/routes.go#L33",
    in_3="api/v2/routes.go#L45",
)
def redirect_slashes(handler: Handler) -> Handler:
    def redirected(call: Call) -> Outcome:
        path = _path(call)
        other = path[:-1] if path.endswith("/") else f"{path}/"
        return _moved(call, other) if _page(path) is None and _page(other) else handler(call)

    return redirected


@quirk(
    "no_referrers_api",
    "404 in plain text for a request for referrers, and no OCI-Subject after a push: clients maintain a referrers tag",
    on=EVERY,
    in_2="api/v2/descriptors.go#L389",
    in_3="api/v2/descriptors.go#L397",
)
def no_referrers(handler: Handler) -> Handler:
    def found(call: Call) -> Outcome:
        return _plain(404, "404 page not found\n") if _REFERRERS.fullmatch(_path(call)) else handler(call)

    return found


@quirk("no_referrers_api", on="put_manifest")
@changes_response
def see_no_subject(_call: Call, response: Response) -> Response:
    """201 without OCI-Subject: the client must maintain the list of referrers itself."""
    return Response(response.status, without_headers(response.headers, "OCI-Subject"), response.body)


@quirk(
    "unknown_paths_are_plain_404",
    "404 in plain text for repositories and tags that do not fit the grammar, and for any other path that the router "
    "does not have, instead of NAME_INVALID, TAG_INVALID and similar errors",
    on=EVERY,
    in_2="api/v2/descriptors.go#L519",
    in_3="api/v2/descriptors.go#L527",
)
def pages_only(handler: Handler) -> Handler:
    """404 in plain text for a path that matches no pattern; a referrers path is left to its own quirk."""

    def found(call: Call) -> Outcome:
        path = _path(call)
        known = _page(path) is not None or _REFERRERS.fullmatch(path)
        return handler(call) if known else _plain(404, "404 page not found\n")

    return found


@quirk(
    "long_names_fail",
    "500 UNKNOWN for a repository name of more than 255 characters, instead of 400 NAME_INVALID",
    on=EVERY,
    in_2="handlers/app.go#L677-L687",
    in_3="handlers/app.go#L742-L755",
)
@changes_request
def long_names_fail(call: Call) -> Call:
    found = _page(_path(call))
    name = found[1].groupdict().get("repository", "") if found else ""
    if len(name) > 255:
        raise failure(f"a name of {len(name)} characters; the limit is 255")
    return call


@quirk(
    "any_method_of_the_api",
    "200 for /v2/ with any method, even DELETE, instead of 405",
    on=EVERY,
    in_2="handlers/app.go#L895-L904",
    in_3="handlers/app.go#L956-L965",
)
def any_method_of_the_api(handler: Handler) -> Handler:
    return lambda call: check_api(call) if _API.pattern.fullmatch(_path(call)) else handler(call)


@quirk(
    "methods_refused_in_plain_text",
    "405 in plain text for a method that a path does not accept (such as HEAD of a list), and 200 for OPTIONS",
    on=EVERY,
    in_2="handlers/blob.go#L35",
    in_3="handlers/blob.go#L34",
)
def plain_methods(handler: Handler) -> Handler:
    def refused(call: Call) -> Outcome:
        found = _page(_path(call))
        if found is None or not found[0].methods or call.head.method in found[0].methods:
            return handler(call)
        allow = ("Allow", ", ".join(found[0].methods))
        return respond(200, allow) if call.head.method == "OPTIONS" else _plain(405, "Method not allowed\n", allow)

    return refused


@quirk(
    "uploads_is_a_session_without_a_name",
    "404 BLOB_UPLOAD_UNKNOWN for any method except POST if the path ends in uploads/, instead of 405",
    on=EVERY,
    in_2="handlers/blobupload.go#L148-L152",
    in_3="handlers/blobupload.go#L132-L136",
)
def sessions_without_a_name(handler: Handler) -> Handler:
    def unknown(call: Call) -> Outcome:
        found = _page(_path(call))
        if found is None or found[0] is not _UPLOADS or call.head.method not in set(_UPLOAD_METHODS) - {"POST"}:
            return handler(call)
        start = build("start_upload", repository=found[1]["repository"])
        raise Refusal(
            "BLOB_UPLOAD_UNKNOWN", given="no session in the path", next=f"POST {start}, then use its Location"
        )

    return unknown


@quirk(
    "stale_location_opens_nothing",
    "416 for POST to a Location of a session that a later response has replaced (see post_to_a_session_opens_another)",
    on=EVERY,
    in_3="handlers/blobupload.go#L313-L318",
)
@changes_request
def refuse_post_to_a_stale_session(call: Call) -> Call:
    found = _page(_path(call))
    if found is not None and found[0] is _SESSION and call.head.method == "POST":
        refuse_stale(replace(call, path=found[1].groupdict(), query=split_target(call.head.target)[1]))
    return call


@quirk(
    "post_to_a_session_opens_another",
    "202 and a new session for POST to the Location of a session, instead of 405",
    on=EVERY,
    in_2="handlers/blobupload.go#L32",
    in_3="handlers/blobupload.go#L33",
)
def post_to_a_session(handler: Handler) -> Handler:
    """A POST to the Location of a session opens another session; an invalid Location is refused."""

    def opened(call: Call) -> Outcome:
        found = _page(_path(call))
        if found is None or found[0] is not _SESSION or call.head.method != "POST":
            return handler(call)
        session = replace(call, path=found[1].groupdict(), query=split_target(call.head.target)[1])
        get_upload(session)
        handler(replace(session, head=replace(call.head, method="GET")))  # another quirk may refuse its Location
        return start_upload(session)

    return opened
