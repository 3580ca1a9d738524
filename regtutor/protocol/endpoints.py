"""The table of documented requests: one row each, and the functions that read it.

A row says what a request is called and how it looks on the wire; ``responses.py`` has the responses that are documented
for it. The step of the same name (``regtutor/steps``) builds the request; the handler of the same name
(``regtutor/server/handlers``) responds to it. :func:`build` goes from a name to a target, :func:`parse` from a method
and a target back to the name, and :func:`identify` says which endpoint a recorded request went to.

Two rows may share a method and a path: what tells them apart is which query names are there. ``POST .../uploads/`` with
``mount`` is another request than the same POST without it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote

from regtutor.errors import InvalidArgument
from regtutor.protocol.citations import Citation
from regtutor.protocol.clauses import ENDPOINT_CLAUSES
from regtutor.protocol.urls import origin_form


@dataclass(frozen=True)
class Endpoint:
    """One documented request.

    Attributes
    ----------
    name: what the step and the handler are called.
    family: the file that holds both: such as ``uploads`` or ``blobs``.
    end: the row of the distribution-spec's endpoint table, such as ``"end-4a"``; empty where it has none.
    method, template: the request line; ``{repository}`` may hold slashes, the other fields may not.
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
    def is_sent_to_a_session(self) -> bool:
        """Whether it is sent to an upload session: its address is the Location of an earlier response."""
        return "{session}" in self.template

    @property
    def leaves_a_session_open(self) -> bool:
        """Whether its success (202 or 204) can open an upload session or leave one open, and Location says where."""
        return self.family == "uploads" and self.method not in ("PUT", "DELETE")

    @property
    def may_be_elsewhere(self) -> bool:
        """Whether a registry may choose its address: that of an upload session, or of content that it redirects to."""
        redirected = self.method in ("GET", "HEAD") and self.family in ("blobs", "manifests")
        return self.is_sent_to_a_session or redirected

    @property
    def is_at_the_token_server(self) -> bool:
        """Whether a challenge names its address, the realm: any path, perhaps on another host."""
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
"""Every documented request, those with a more particular query before the others of the same method and path."""

BY_NAME: Mapping[str, Endpoint] = {endpoint.name: endpoint for endpoint in ENDPOINTS}

SENT_TO_A_SESSION: frozenset[str] = frozenset(endpoint.name for endpoint in ENDPOINTS if endpoint.is_sent_to_a_session)
"""The names of the requests to an upload session."""

LEAVES_A_SESSION_OPEN: frozenset[str] = frozenset(
    endpoint.name for endpoint in ENDPOINTS if endpoint.leaves_a_session_open
)
"""The names of the requests whose success can open an upload session or leave one open."""

_FIELD = {"repository": ".+", "session": "[^/]+", "digest": "[^/]+", "reference": "[^/]+"}


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", lambda m: f"(?P<{m[1]}>{_FIELD[m[1]]})", re.escape(template)))


_PATTERNS = {template: _pattern(template) for template in {endpoint.template for endpoint in ENDPOINTS}}


@dataclass(frozen=True)
class Match:
    """What :func:`parse` found: the ``endpoint``, the ``path`` fields and the ``query``, both percent-decoded."""

    endpoint: Endpoint
    path: Mapping[str, str]
    query: Mapping[str, str]


def build(name: str, *, query: Mapping[str, str] | None = None, **path: str) -> str:
    """The origin-form target of the request called ``name``.

    Parameters
    ----------
    name: a row of :data:`ENDPOINTS`.
    query: names and values that follow the ``?``, in this order; the digest's colon is left as it is.
    path: the fields of the row's template. They are sent as they are, right or wrong (the registry is to judge them),
        except for the characters that would end the path or the line: those are percent-encoded.

    Raises
    ------
    InvalidArgument: for a field or a value of the query that is no text, such as a layer in place of its digest.
    """
    values = {field: quote(_text(field, value), safe="/:@!$&'()*+,;=~[]") for field, value in path.items()}
    target = BY_NAME[name].template.format_map(values)
    pairs = "&".join(f"{key}={quote(_text(key, value), safe='/:')}" for key, value in (query or {}).items())
    return f"{target}?{pairs}" if pairs else target


def _text(field: str, value: object) -> str:
    if isinstance(value, str):
        return value
    known = isinstance(getattr(value, "digest", None), str)
    raise InvalidArgument(
        f"The {field} that was given is of the type {type(value).__name__}",
        "what stands in a request's target is a text",
        "Give its digest: what.digest" if known else f"Give the {field} as a str",
    )


def split_target(target: str) -> tuple[str, Mapping[str, str]]:
    """The decoded path of an origin-form ``target``, and its query as a mapping (the first of a repeated name)."""
    path, _, query = target.partition("?")
    values: dict[str, str] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(key, value)
    return unquote(path), values


def paths_like(target: str) -> list[tuple[Endpoint, Mapping[str, str]]]:
    """Every row whose path fits ``target``, whatever its method and query, with the fields of the path."""
    path, _ = split_target(target)
    found = {template: match for template, pattern in _PATTERNS.items() if (match := pattern.fullmatch(path))}
    return [(endpoint, found[endpoint.template].groupdict()) for endpoint in ENDPOINTS if endpoint.template in found]


def parse(method: str, target: str) -> Match | None:
    """The row that ``method`` and an origin-form ``target`` ask for, or None where no row does.

    Rows stand in the table with the more particular one first (``mount_blob`` before ``start_upload``), so the first
    row whose method, path and query names fit is the answer.
    """
    _, query = split_target(target)
    for endpoint, fields in paths_like(target):
        if endpoint.method == method and all(name in query for name in endpoint.query):
            return Match(endpoint, fields, query)
    return None


_CHOSEN_BY_THE_REGISTRY = re.compile(r"(?!/v2(?:/|$)).*|/v2/.+/blobs/upload/.*", re.DOTALL)
"""Paths that are no endpoint's and may be a Location: those outside of ``/v2/``, and the upload sessions of GHCR."""


def identify(method: str, target: str, step: str = "") -> Match | None:
    """The endpoint of a request that was sent: its method and target decide, the step only if they say nothing.

    1. Method and path are those of an endpoint: it is that endpoint. Where several have them, the query names decide;
       a ``PUT`` to a session whose query lost its ``digest`` is ``put_blob`` still.
    2. The path is outside of ``/v2/``, or begins with ``/v2/<repository>/blobs/upload/``, as GHCR's upload sessions do:
       only the registry knows what such a Location means. If ``step`` is a request whose address a registry may
       choose (:attr:`Endpoint.may_be_elsewhere`), it says what the address is, and the method says which endpoint of
       that address was asked: ``patch_upload`` sent with ``DELETE`` is ``cancel_upload``. The path has no fields then.
    3. No request is known (a text of curl's that ends before it): the endpoint of ``step``, without fields.
    4. The step is ``request_token`` and the method GET, or POST as OAuth2 has it: it is that endpoint, at any path,
       since the realm of a challenge names its address.
    5. Else there is none. A path below ``/v2/`` that is no endpoint's belongs to none, whatever step drafted it.

    Parameters
    ----------
    method, target: as sent; the target in origin-form or in absolute-form; empty if no request is known.
    step: the name of the step that drafted it; any other text names no endpoint.

    Source of the exception in 2: a Location of GHCR's
    <https://github.com/dotnet/sdk-container-builds/issues/292>.
    """
    drafted = BY_NAME.get(step)
    if not method or not target:
        return Match(drafted, {}, {}) if drafted else None
    form = origin_form(target)
    path, query = split_target(form)
    rows = [(endpoint, fields) for endpoint, fields in paths_like(form) if endpoint.method == method]
    for endpoint, fields in rows:
        if all(name in query for name in endpoint.query):
            return Match(endpoint, fields, query)
    if rows:
        return Match(*rows[0], query)
    if drafted is not None and drafted.is_at_the_token_server:
        return Match(drafted, {}, query) if method in ("GET", "POST") else None
    if drafted is None or not drafted.may_be_elsewhere or not _CHOSEN_BY_THE_REGISTRY.fullmatch(path):
        return None
    same_address = (row for row in ENDPOINTS if row.template == drafted.template and row.method == method)
    return next((Match(row, {}, query) for row in same_address), None)


UNDOCUMENTED = "request"
"""What a request is called that is none of the documented ones, if no step drafted it."""


def step_of_request(method: str, target: str) -> str:
    """What a request that another program sent is called: by its method and target, or :data:`UNDOCUMENTED`."""
    match = parse(method, origin_form(target))
    return match.endpoint.name if match else UNDOCUMENTED
