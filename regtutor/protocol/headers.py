"""The table of headers: the meaning of each between a client and a registry, its sender, its grammar, and its clause.

This table has only the general meaning of a header. ``regtutor/findings`` explains a header with the values of one
exchange, and ``header_uses.py`` has the levels of a header in certain requests and responses. Names are matched without
case.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from regtutor.protocol.citations import (
    HABIT,
    HTTP_1_1,
    HTTP_CACHING,
    MAY,
    MUST,
    OUTSIDE,
    SHOULD,
    Citation,
    Document,
    Level,
)
from regtutor.protocol.clauses import (
    API_DIGEST_HEADER,
    API_UPLOADING,
    CHUNKS,
    LEGACY_HEADERS,
    LISTING_REFERRERS,
    MAIN_MANIFESTS,
    PUSHING_WITH_SUBJECT,
    WARNINGS,
    http,
)
from regtutor.protocol.secret_names import is_secret

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""The grammar of a header's name and of a method; RFC 9110, 5.6.2 "Tokens"."""

BREAKS_A_VALUE = re.compile(r"[\x00\r\n]")
"""The characters that no header's value may contain; RFC 9110, 5.5 "Field Values"."""

Sender = Literal["client", "registry", "either", "proxy"]

LINKS = Document("RFC 8288", "https://www.rfc-editor.org/rfc/rfc8288.html")
COOKIES = Document("RFC 6265", "https://www.rfc-editor.org/rfc/rfc6265.html")
FETCH = Document("WHATWG Fetch", "https://fetch.spec.whatwg.org/")
FORWARDED_PROTO = Document(
    "MDN", "https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-Proto"
)
FETCH_METADATA = Document("Fetch Metadata Request Headers", "https://www.w3.org/TR/fetch-metadata/")
FORWARDED_HOST = Document("MDN", "https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-Host")
HUB_LIMITS = Document("Docker Hub, usage and limits", "https://docs.docker.com/docker-hub/usage/pulls/")
HUB_PULLS = Citation(HUB_LIMITS, "View pull rate and limit", "view-pull-rate-and-limit")
HTTP_OLD = Document("RFC 2068", "https://www.rfc-editor.org/rfc/rfc2068.html")


@dataclass(frozen=True)
class Header:
    """One header.

    Attributes
    ----------
    name: as the documents spell it; case does not matter on the wire.
    sender: the ``client``, the ``registry``, ``either``, or a ``proxy`` between them.
    meaning: its meaning in a few words.
    grammar: the form of its value, with ``<...>`` for the parts that vary.
    level: how strongly the documents require it, if ``header_uses.py`` has no row for the exchange.
    citation: the clause that specifies it, or names it.
    condition: when the level applies; empty if it always does.
    """

    name: str
    sender: Sender
    meaning: str
    grammar: str
    level: Level
    citation: Citation
    condition: str = ""

    @property
    def secret(self) -> bool:
        """Whether its value is a secret, which no record contains."""
        return is_secret(self.name, "header")


def _row(
    name: str,
    sender: Sender,
    meaning: str,
    grammar: str,
    section: str | Citation,
    level: Level = OUTSIDE,
    condition: str = "",
) -> Header:
    """Return a row; a ``section`` that is a number is a section of RFC 9110 whose title is the header's name."""
    citation = section if isinstance(section, Citation) else http(f"{section} {name}")
    return Header(name, sender, meaning, grammar, level, citation, condition)


# fmt: off
_ROWS = (
    _row("Accept", "client", "the media types that the client accepts", "<type>[, <type>...]", "12.5.1"),
    _row("Accept-Encoding", "client", "the content codings that the client can decode", "identity | gzip | ...",
         "12.5.3"),
    _row("Accept-Ranges", "registry", "whether parts of the content can be requested", "bytes | none", "14.3"),
    _row("Age", "proxy", "the time that the response has been in a cache", "<seconds>",
         Citation(HTTP_CACHING, "5.1 Age", "section-5.1")),
    _row("Allow", "registry", "the methods that this path supports", "<method>[, <method>...]", "10.2.1", MAY),
    _row("Authorization", "client", "the client's credentials; the value is a secret", "<scheme> <credentials>",
         "11.6.2", MAY),
    _row("Cache-Control", "either", "how long a copy may be kept", "<directive>[, <directive>...]",
         Citation(HTTP_CACHING, "5.2 Cache-Control", "section-5.2")),
    _row("Connection", "either", "whether the connection stays open after this exchange", "close | keep-alive",
         "7.6.1"),
    _row("Content-Encoding", "either", "the coding that was applied to the content", "gzip | ...", "8.4"),
    _row("Content-Length", "either", "the number of bytes in the body", "<bytes>", "8.6", SHOULD,
         "if the size is known before the headers are sent"),
    _row("Content-Location", "registry", "the address of exactly this content", "<url>", "8.7"),
    _row("Content-Range", "either", "the bytes of the whole content that are in this body",
         "<first>-<last> in an upload, bytes <first>-<last>/<size> in a response", "14.4"),
    _row("Content-Type", "either", "the media type of the body", "<type>/<subtype>[; <parameter>]", "8.3", SHOULD,
         "if there is content"),
    _row("Cookie", "client", "data that the server asked the client to store; the value is a secret", "<name>=<value>",
         Citation(COOKIES, "4.2 Cookie", "section-4.2")),
    _row("Date", "registry", "when the response was made, by the server's clock", "<HTTP date>", "6.6.1", MUST,
         "if the server has a clock"),
    _row("Docker-Content-Digest", "registry", "the digest of the content that was stored or is sent",
         "<algorithm>:<encoded>", API_DIGEST_HEADER, MAY),
    _row("Docker-Distribution-API-Version", "registry", "the API that the registry speaks", "registry/2.0",
         LEGACY_HEADERS, MAY),
    _row("Docker-Upload-UUID", "registry", "the identifier of the upload session", "<uuid>", API_UPLOADING, HABIT),
    _row("ETag", "registry", "an identifier of exactly this content", '"<text>"', "8.8.3"),
    _row("Expect", "client", "the client waits for 100 Continue before it sends the body", "100-continue", "10.1.1"),
    _row("Host", "client", "the host and port that the request is for", "<host>[:<port>]",
         http("7.2 Host and :authority"), MUST),
    _row("If-Match", "client", "act only if the content is still this content", '"<text>"', "13.1.1"),
    _row("If-None-Match", "client", "send the content only if it differs from this content", '"<text>"', "13.1.2"),
    _row("If-Range", "client", "send the part if the content is unchanged, otherwise all of it", '"<text>"', "13.1.5"),
    _row("Keep-Alive", "registry", "how long an idle connection stays open", "timeout=<seconds>",
         Citation(HTTP_OLD, "19.7.1.1 The Keep-Alive Header", "section-19.7.1.1")),
    _row("Link", "registry", "the address of the next page of a list", '<url>; rel="next"',
         Citation(LINKS, "3 Link Serialisation in HTTP Headers", "section-3")),
    _row("Location", "registry", "the address for the next request, or of the content that was created",
         "<url>, absolute or relative", "10.2.2", MAY),
    _row("OCI-Chunk-Min-Length", "registry", "the least number of bytes that each chunk except the last should have",
         "<bytes>", CHUNKS, SHOULD, "if the registry has a minimum chunk size"),
    _row("OCI-Filters-Applied", "registry", "the filters of the request that were applied", "artifactType",
         LISTING_REFERRERS, MUST, "if a filter was requested and applied"),
    _row("OCI-Subject", "registry", "the registry has the referrers API and lists this manifest under its subject",
         "<digest>", PUSHING_WITH_SUBJECT, MUST, "if the manifest has a subject and the registry the referrers API"),
    _row("OCI-Tag", "registry", "the tags in the query of the request that now point to this manifest",
         "<tag>[, <tag>...]", MAIN_MANIFESTS),
    _row("Origin", "client", "the site whose page sends the request; only browsers send it", "<scheme>://<host>[:<port>]",
         Citation(FETCH, "`Origin` header", "origin-header")),
    _row("Proxy-Authorization", "client", "the credentials for a proxy; the value is a secret",
         "<scheme> <credentials>", "11.7.2"),
    _row("Range", "either", "the bytes that are requested, or those that the upload session holds",
         "bytes=<first>-<last> in a request, 0-<last> in a response", "14.2"),
    _row("RateLimit-Limit", "registry", "the number of pulls that are free in a period", "<count>;w=<seconds>",
         HUB_PULLS, HABIT),
    _row("RateLimit-Remaining", "registry", "the number of pulls that are left", "<count>;w=<seconds>",
         HUB_PULLS, HABIT),
    _row("Retry-After", "registry", "when to retry", "<seconds> or <HTTP date>", "10.2.3"),
    _row("Sec-Fetch-Site", "client", "whether a page of the same site sends the request; only browsers send it",
         "same-origin, same-site, cross-site or none",
         Citation(FETCH_METADATA, "2.3 The Sec-Fetch-Site HTTP Request Header", "sec-fetch-site-header")),
    _row("Server", "registry", "the program that responds", "<product>[/<version>]", "10.2.4"),
    _row("Set-Cookie", "registry", "data that the client is asked to store; the value is a secret", "<name>=<value>",
         Citation(COOKIES, "4.1 Set-Cookie", "section-4.1")),
    _row("Transfer-Encoding", "either", "how the body is framed if its length is not known in advance", "chunked",
         Citation(HTTP_1_1, "6.1 Transfer-Encoding", "section-6.1")),
    _row("User-Agent", "client", "the program that sends the request", "<product>[/<version>]", "10.1.5", SHOULD),
    _row("Vary", "registry", "the request headers that the response depends on", "<name>[, <name>...]", "12.5.5"),
    _row("Via", "proxy", "the proxies that the message passed through", "<version> <name>", "7.6.3"),
    _row("Warning", "registry", "a message that the user should see", '299 - "<text>"', WARNINGS, MAY),
    _row("WWW-Authenticate", "registry", "how to authenticate, and where to get a token",
         '<scheme> <parameter>="<value>"[, ...]; for Bearer, realm is a URL', "11.6.1", MAY),
    _row("X-Content-Type-Options", "registry", "an instruction to browsers not to guess another media type", "nosniff",
         Citation(FETCH, "X-Content-Type-Options header", "x-content-type-options-header")),
    _row("X-Forwarded-Host", "proxy", "the host that the client of a proxy requested", "<host>[:<port>]",
         Citation(FORWARDED_HOST, "X-Forwarded-Host"), HABIT),
    _row("X-Forwarded-Proto", "proxy", "the scheme that the client of a proxy used", "http | https",
         Citation(FORWARDED_PROTO, "X-Forwarded-Proto"), HABIT),
)
# fmt: on

HEADERS: Mapping[str, Header] = {row.name.lower(): row for row in _ROWS}
"""Every header that has a row, by its name in lowercase."""
