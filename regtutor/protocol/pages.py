"""Recognize a response that does not come from the API of a registry: a proxy's page, a login page, a portal.

A status has the meaning that the API gives it only if the type of the body is the API's. This module decides from the
plain values of a response, and reads at most the recorded part of the body.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from regtutor.printable import visible
from regtutor.protocol.media_types import essence

_HTML = ("text/html", "application/xhtml+xml")
_PAGE_TYPES = (*_HTML, "text/plain")
_BEGINS_AS_HTML = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]{0,200}<(?:!doctype html|html|head|body)\b", re.IGNORECASE)
_OF_THE_API = (
    "Docker-Distribution-API-Version",
    "Docker-Content-Digest",
    "Docker-Upload-UUID",
    "OCI-Subject",
    "OCI-Filters-Applied",
    "OCI-Chunk-Min-Length",
)
"""Headers that only a registry sends."""

_READS = ("check_api", "get_manifest", "get_blob", "list_tags", "list_repositories", "get_referrers", "get_upload")
"""Endpoints whose successful responses have a body, except for ``get_upload``, whose response has none."""

_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{1,300})", re.IGNORECASE)
_LOGIN = re.compile(r"type=[\"']?password|\b(?:sign|log)[ -]?in\b|single sign-on|\bSSO\b|SAMLRequest", re.IGNORECASE)
_PORTAL = re.compile(
    r"captive|hotspot|wi-?fi|guest (?:access|network)|accept (?:the|our) terms|(?:web|url) filter|"
    r"(?:page|site|access|category|request) (?:has been |is |was )?blocked|acceptable use",
    re.IGNORECASE,
)

_PROGRAMS: Mapping[str, str] = {
    "openresty": "openresty",
    "ingress-nginx|default backend - 404": "the Kubernetes ingress",
    "nginx": "nginx",
    "cloudflare": "Cloudflare",
    "cloudfront": "CloudFront",
    "akamaighost|errors\\.edgesuite": "Akamai",
    "haproxy|no server is available to handle this request|request forbidden by administrative rules": "HAProxy",
    "upstream connect error|no healthy upstream|\\bistio-envoy|\\benvoy": "Envoy",
    "traefik": "Traefik",
    "\\bcaddy": "Caddy",
    "squid": "Squid",
    "varnish": "Varnish",
    "zscaler": "Zscaler",
    "fortigate|fortinet|fortiguard": "FortiGate",
    "blue ?coat|symantec": "Blue Coat",
    "cisco umbrella|opendns": "Cisco Umbrella",
    "mcafee|skyhigh": "McAfee Web Gateway",
    "microsoft-iis|iis windows": "IIS",
    "awselb": "an AWS load balancer",
    "\\bapache": "Apache",
}
"""A pattern in the Server header or in the page -> the program that sent it; the first match counts."""


_MOST = 64 * 1024
"""How many bytes of a page are searched."""


@dataclass(frozen=True)
class Page:
    """A body that is not the API's.

    Attributes
    ----------
    kind: ``login page``, ``portal``, ``error page``, ``web page`` or ``plain text``.
    program: the program that sent it, such as ``nginx``, or ``""`` if it is not known.
    title: the title of the page, or the first line of the text; can be empty.
    """

    kind: str
    program: str = ""
    title: str = ""

    def __str__(self) -> str:
        article = "" if self.kind == "plain text" else "an " if self.kind == "error page" else "a "
        program = f" of {self.program}" if self.program else ""
        return visible(f"{article}{self.kind}{program}" + (f' ("{self.title}")' if self.title else ""))


@dataclass(frozen=True)
class Received:
    """The values of a response that decide whether it is the API's.

    Attributes
    ----------
    endpoint, method: of the request; the endpoint is ``""`` for an address that is not the API's.
    status: of the response.
    headers: of the response; names are matched without case.
    body: the recorded part of the body.
    named: the digest that the request names, or ``""``; ``digest``: that of the received bytes, or None.
    """

    endpoint: str
    method: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    named: str = ""
    digest: str | None = None


def may_be_a_page(content_type: str, body: bytes) -> bool:
    """Return whether :func:`page_in` has to look: False for nearly every response, whose type is one of the API.

    Parameters
    ----------
    content_type: the value of the Content-Type header, or ``""``.
    body: the recorded part of the body.
    """
    return _BEGINS_AS_HTML.match(body) is not None or essence(content_type) in _PAGE_TYPES


def page_in(got: Received) -> Page | None:
    """Return the page that came instead of the API's response, or None if the response can be the API's.

    A redirect is never a page, because many servers write a short page into one. An upload or a deletion without a
    body is not a page either, whatever Content-Type says.
    """
    if not got.endpoint or 300 <= got.status < 400 or got.status < 200:
        return None
    refused = got.status >= 400
    if not (_refusal_is_foreign(got) if refused else _success_is_foreign(got)):
        return None
    return _described(got)


def _type(got: Received) -> str:
    return essence(got.headers.get("Content-Type", ""))


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _is_html(got: Received) -> bool:
    return _BEGINS_AS_HTML.match(got.body) is not None


def _refusal_is_foreign(got: Received) -> bool:
    if _is_html(got) or (_type(got) in _HTML and (got.body or got.method == "HEAD")):
        return not _is_json(got.body)
    # Distribution itself responds to an unknown path or method in plain text, such as to a request for referrers.
    if got.endpoint == "get_referrers" or got.status == 405:
        return False
    return _type(got) == "text/plain" and bool(got.body.strip()) and not _is_json(got.body)


def _success_is_foreign(got: Received) -> bool:
    if got.endpoint == "get_blob" and (got.named == got.digest or "Docker-Content-Digest" in got.headers):
        return False  # a blob can be a web page
    if _is_html(got) and (got.endpoint != "get_blob" or got.named or _type(got) in _HTML):
        return True
    if _type(got) not in _PAGE_TYPES or any(name in got.headers for name in _OF_THE_API):
        return False
    if got.method == "HEAD":
        return got.status == 200
    if got.endpoint in _READS:
        return got.status == 200 and not _is_json(got.body)
    return got.status == 200 and bool(got.body.strip()) and not _is_json(got.body)


def _described(got: Received) -> Page:
    text = got.body[:_MOST].decode("utf-8", "replace")
    html = _type(got) in _HTML or _is_html(got)
    # Behind a proxy, Server can name the proxy although the page comes from a program behind it.
    about = text or got.headers.get("Server", "")
    program = next((name for words, name in _PROGRAMS.items() if re.search(words, about, re.IGNORECASE)), "")
    if not html:
        return Page("plain text", program, _first(text.strip().partition("\n")[0]))
    return Page(_kind(text, got.status), program, _title(text))


def _title(text: str) -> str:
    from html import unescape  # only here: few responses are pages, and its table of entities is large

    found = _TITLE.search(text)
    return _first(unescape(found[1])) if found else ""


def _kind(text: str, status: int) -> str:
    if _LOGIN.search(text):
        return "login page"
    if _PORTAL.search(text):
        return "portal"
    return "error page" if status >= 400 else "web page"


def _first(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 80 else f"{words[:79]}\N{HORIZONTAL ELLIPSIS}"
