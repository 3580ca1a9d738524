"""The table of endpoints, with one row each, and the functions that read it.

A row has the name of an endpoint and the form of its request; ``responses.py`` has its documented responses. The step
of the same name (``regtutor/steps``) builds the request, and the handler of the same name
(``regtutor/server/handlers``) responds to it. :func:`build` makes a target from a name, :func:`parse` finds the name
for a method and a target, and :func:`identify` finds the endpoint of a recorded request.

Two rows can have the same method and path and differ in their query names: ``POST .../uploads/`` with ``mount`` is not
the same request as the same POST without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote

from regtutor.errors import InvalidArgument
from regtutor.protocol.citations import Citation
from regtutor.protocol.clauses import ENDPOINT_CLAUSES
from regtutor.protocol.urls import origin_form


@dataclass(frozen=True)
class Endpoint:
    """An endpoint: one kind of request that the documents define.

    Attributes
    ----------
    name: the name of the step and of the handler.
    family: the name of the file that contains both, such as ``uploads`` or ``blobs``.
    end: the row of the distribution-spec's endpoint table, such as ``"end-4a"``; empty if it has no such row.
    method, template: the request line; ``{repository}`` can contain slashes, the other fields cannot.
    query: the query names that a request of this kind must carry.
    """

    name: str
    family: str
    end: str
    method: str
    template: str
    query: tuple[str, ...] = ()

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The clauses that specify it."""
        return ENDPOINT_CLAUSES[self.name]

    @property
    def may_be_elsewhere(self) -> bool:
        """Whether a registry can choose its address, for an upload session or for content to which it redirects."""
        redirected = self.method in ("GET", "HEAD") and self.family in ("blobs", "manifests")
        return self.name in SENT_TO_A_SESSION or redirected

    @property
    def is_at_the_token_server(self) -> bool:
        """Whether its address is the realm of a challenge, which can be any path on any host."""
        return self.family == "token"


def _row(name: str, family: str, end: str, method: str, template: str, *query: str) -> Endpoint:
    return Endpoint(name, family, end, method, template, query)


# fmt: off
ENDPOINTS: tuple[Endpoint, ...] = (
    _row("check_api",         "api",       "end-1",   "GET",    "/v2/"),
    _row("mount_blob",        "uploads",   "end-11",  "POST",   "/v2/{repository}/blobs/uploads/", "mount"),
    _row("post_blob",         "uploads",   "end-4b",  "POST",   "/v2/{repository}/blobs/uploads/", "digest"),
    _row("start_upload",      "uploads",   "end-4a",  "POST",   "/v2/{repository}/blobs/uploads/"),
    _row("patch_upload",      "uploads",   "end-5",   "PATCH",  "/v2/{repository}/blobs/uploads/{session}"),
    _row("get_upload",        "uploads",   "end-13",  "GET",    "/v2/{repository}/blobs/uploads/{session}"),
    _row("head_upload",       "uploads",   "",        "HEAD",   "/v2/{repository}/blobs/uploads/{session}"),
    _row("put_blob",          "uploads",   "end-6",   "PUT",    "/v2/{repository}/blobs/uploads/{session}", "digest"),
    _row("cancel_upload",     "uploads",   "",        "DELETE", "/v2/{repository}/blobs/uploads/{session}"),
    _row("head_blob",         "blobs",     "end-2",   "HEAD",   "/v2/{repository}/blobs/{digest}"),
    _row("get_blob",          "blobs",     "end-2",   "GET",    "/v2/{repository}/blobs/{digest}"),
    _row("delete_blob",       "blobs",     "end-10",  "DELETE", "/v2/{repository}/blobs/{digest}"),
    _row("head_manifest",     "manifests", "end-3",   "HEAD",   "/v2/{repository}/manifests/{reference}"),
    _row("get_manifest",      "manifests", "end-3",   "GET",    "/v2/{repository}/manifests/{reference}"),
    _row("put_manifest",      "manifests", "end-7",   "PUT",    "/v2/{repository}/manifests/{reference}"),
    _row("delete_manifest",   "manifests", "end-9",   "DELETE", "/v2/{repository}/manifests/{reference}"),
    _row("list_tags",         "tags",      "end-8a",  "GET",    "/v2/{repository}/tags/list"),
    _row("list_repositories", "catalog",   "",        "GET",    "/v2/_catalog"),
    _row("get_referrers",     "referrers", "end-12a", "GET",    "/v2/{repository}/referrers/{digest}"),
    _row("request_token",     "token",     "",        "GET",    "/token"),
)
# fmt: on
"""Every endpoint; of those with the same method and path, the one with the more specific query comes first."""

BY_NAME: Mapping[str, Endpoint] = {endpoint.name: endpoint for endpoint in ENDPOINTS}

SENT_TO_A_SESSION: frozenset[str] = frozenset(row.name for row in ENDPOINTS if "{session}" in row.template)
"""The names of the endpoints whose requests go to an upload session, whose address is the Location of an earlier
response."""

LEAVES_A_SESSION_OPEN: frozenset[str] = frozenset(
    row.name for row in ENDPOINTS if row.family == "uploads" and row.method not in ("PUT", "DELETE")
)
"""The names of the endpoints whose success (202 or 204) can open an upload session, or leave it open, at the address
in Location."""

_FIELD = {"repository": ".+", "session": "[^/]+", "digest": "[^/]+", "reference": "[^/]+"}


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", lambda m: f"(?P<{m[1]}>{_FIELD[m[1]]})", re.escape(template)))


def _mark(template: str) -> str:
    """Return the longest part of a template without a field: a path without it does not match."""
    return max(re.split(r"\{\w+\}", template), key=len)


_TEMPLATES = tuple(dict.fromkeys(endpoint.template for endpoint in ENDPOINTS))
_PATTERNS = tuple((template, _mark(template), _pattern(template)) for template in _TEMPLATES)
_ROWS_OF = {template: tuple(row for row in ENDPOINTS if row.template == template) for template in _TEMPLATES}


@dataclass(frozen=True)
class Match:
    """A result of :func:`parse`: the ``endpoint``, the ``path`` fields and the ``query``, both percent-decoded."""

    endpoint: Endpoint
    path: Mapping[str, str]
    query: Mapping[str, str]


def build(name: str, *, query: Mapping[str, str] | Iterable[tuple[str, str]] | None = None, **path: str) -> str:
    """Return the origin-form target of a request to the endpoint ``name``.

    Parameters
    ----------
    name: a row of :data:`ENDPOINTS`.
    query: the names and values after the ``?``, in this order, as pairs if a name is repeated; the colon of a digest is
        not encoded.
    path: the fields of the row's template. They are sent unchanged, valid or not, because the registry must judge them;
        only the characters that would end the path or the line are percent-encoded.

    Raises
    ------
    InvalidArgument: if a field or a query value is not a string, such as a layer instead of its digest.
    """
    values = {field: quote(_text(field, value), safe="/:@!$&'()*+,;=~[]") for field, value in path.items()}
    target = BY_NAME[name].template.format_map(values)
    given = query.items() if isinstance(query, Mapping) else query or ()
    pairs = "&".join(f"{key}={quote(_text(key, value), safe='/:')}" for key, value in given)
    return f"{target}?{pairs}" if pairs else target


def _text(field: str, value: object) -> str:
    if isinstance(value, str):
        return value
    known = isinstance(getattr(value, "digest", None), str)
    raise InvalidArgument(
        f"The {field} is of type {type(value).__name__}",
        "a request's target consists of strings",
        "Give its digest attribute" if known else f"Give the {field} as a str",
    )


def split_target(target: str) -> tuple[str, Mapping[str, str]]:
    """Return the decoded path of an origin-form ``target``, and its query (of a repeated name, the first value)."""
    path, _, query = target.partition("?")
    if not query:
        return unquote(path), {}
    values: dict[str, str] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(key, value)
    return unquote(path), values


def query_values(target: str, name: str) -> tuple[str, ...]:
    """Return every value of ``name`` in the query of ``target``, decoded, each value once, in order."""
    query = target.partition("?")[2]
    return tuple(dict.fromkeys(value for key, value in parse_qsl(query, keep_blank_values=True) if key == name))


def paths_like(target: str) -> list[tuple[Endpoint, Mapping[str, str]]]:
    """Return every row whose path matches ``target``, with any method and query, and the fields of the path."""
    return _rows(split_target(target)[0])


def _rows(path: str) -> list[tuple[Endpoint, Mapping[str, str]]]:
    found = {
        template: match.groupdict()
        for template, mark, pattern in _PATTERNS
        if mark in path and (match := pattern.fullmatch(path))
    }
    if len(found) == 1:
        ((template, fields),) = found.items()
        return [(row, fields) for row in _ROWS_OF[template]]
    return [(row, found[row.template]) for row in ENDPOINTS if row.template in found]


def parse(method: str, target: str) -> Match | None:
    """Return the row for ``method`` and an origin-form ``target``, or None if no row matches.

    The table lists the more specific row first (``mount_blob`` before ``start_upload``), so the first row with this
    method, path and query names is the result. A HEAD without a row of its own has the row of GET: HEAD is the same
    request without the content of the response, and every server must support both methods.

    Source: RFC 9110, 9.1 "Overview" and 9.3.2 "HEAD" <https://www.rfc-editor.org/rfc/rfc9110.html#section-9.3.2>.
    """
    path, query = split_target(target)
    rows = _rows(path)
    for wanted in (method, "GET") if method == "HEAD" else (method,):
        for endpoint, fields in rows:
            if endpoint.method == wanted and (not endpoint.query or all(name in query for name in endpoint.query)):
                return Match(endpoint, fields, query)
    return None


_CHOSEN_BY_THE_REGISTRY = re.compile(r"(?!/v2(?:/|$)).*|/v2/.+/blobs/upload/.*", re.DOTALL)
"""Paths of no endpoint that can be a Location: those outside of ``/v2/``, and the upload sessions of GHCR."""


def identify(method: str, target: str, step: str = "") -> Match | None:
    """Return the endpoint of a recorded request: by its method and target, and by its step only if these do not decide.

    1. If :func:`parse` finds an endpoint, it is the result. If the endpoints with this method and path all need query
       names that the target does not have, the result is the first of them: a ``PUT`` to a session without ``digest``
       in its query is still ``put_blob``.
    2. If the path is outside of ``/v2/``, or begins with ``/v2/<repository>/blobs/upload/`` as GHCR's upload sessions
       do, only the registry knows the meaning of such a Location. If ``step`` is an endpoint whose address a registry
       can choose (:attr:`Endpoint.may_be_elsewhere`), the step decides what the address is, and the method decides
       which endpoint of that address was requested: ``patch_upload`` sent with ``DELETE`` is ``cancel_upload``. The
       result then has no path fields.
    3. If no request is known (curl's output can end before it), the result is the endpoint of ``step``, without fields.
    4. If ``step`` is ``request_token`` and the method is GET, or POST for OAuth2, that endpoint is the result, whatever
       the path, because the realm of a challenge names the address.
    5. Otherwise there is no endpoint. A path below ``/v2/`` that matches none belongs to none, whatever the step.

    Parameters
    ----------
    method, target: as sent; the target in origin-form or in absolute-form; empty if no request is known.
    step: the name of the step that drafted the request; any other text names no endpoint.

    Source of the exception in 2: a Location of GHCR,
    <https://github.com/dotnet/sdk-container-builds/issues/292>.
    """
    return (_identified if len(target) < _REMEMBERED else _identified.__wrapped__)(method, target, step)


_REMEMBERED = 1000
"""Targets shorter than this are identified once: a transcript has the same ones again and again."""


@lru_cache(4096)
def _identified(method: str, target: str, step: str) -> Match | None:
    drafted = BY_NAME.get(step)
    if not method or not target:
        return Match(drafted, {}, {}) if drafted else None
    form = origin_form(target)
    found = parse(method, form)
    if found is not None:
        return found
    path, query = split_target(form)
    incomplete = (Match(row, fields, query) for row, fields in paths_like(form) if row.method == method)
    first = next(incomplete, None)
    if first is not None:
        return first
    if drafted is not None and drafted.is_at_the_token_server:
        return Match(drafted, {}, query) if method in ("GET", "POST") else None
    if drafted is None or not drafted.may_be_elsewhere or not _CHOSEN_BY_THE_REGISTRY.fullmatch(path):
        return None
    same_address = (row for row in ENDPOINTS if row.template == drafted.template and row.method == method)
    return next((Match(row, {}, query) for row in same_address), None)


UNDOCUMENTED = "request"
"""The name of a request that no step drafted and that no endpoint matches."""


def step_of_request(method: str, target: str) -> str:
    """Return the name of the endpoint of a request that another program sent, or :data:`UNDOCUMENTED`."""
    # No endpoint depends on the digits of a digest, and a long file has a new digest in nearly every target.
    short = _DIGEST.sub("sha256:0", target)
    return (_step_of if len(short) < _REMEMBERED else _step_of.__wrapped__)(method, short)


_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@lru_cache(4096)
def _step_of(method: str, target: str) -> str:
    match = parse(method, origin_form(target))
    return match.endpoint.name if match else UNDOCUMENTED
