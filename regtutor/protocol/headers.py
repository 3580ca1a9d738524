"""The table of headers: what each says between a client and a registry, who sends it, its grammar, and the clause.

What a header means in one exchange, with that exchange's own values, is said in ``regtutor/findings``; here is only
what is true of it always. ``header_uses.py`` has what the documents say of it in certain requests and responses. Names
are matched without case.
"""

from __future__ import annotations

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
    Rule,
)
from regtutor.protocol.clauses import (
    API_DIGEST_HEADER,
    API_UPLOADING,
    CHUNKS,
    LEGACY_HEADERS,
    LISTING_REFERRERS,
    PUSHING_WITH_SUBJECT,
    WARNINGS,
    http,
)
from regtutor.protocol.secrets import SECRET_HEADERS

Sender = Literal["client", "registry", "either", "proxy"]

LINKS = Document("RFC 8288", "https://www.rfc-editor.org/rfc/rfc8288.html")
COOKIES = Document("RFC 6265", "https://www.rfc-editor.org/rfc/rfc6265.html")
FETCH = Document("WHATWG Fetch", "https://fetch.spec.whatwg.org/")
FORWARDED_PROTO = Document(
    "MDN", "https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-Proto"
)
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
    sender: who sends it: the ``client``, the ``registry``, ``either``, or a ``proxy`` between them.
    meaning: what it says, in a few words.
    grammar: how its value is written, ``<...>`` for what varies.
    rule: how strongly the documents ask for it, where ``header_uses.py`` has no row for the exchange.
    citation: the clause that specifies it, or names it.
    condition: where the rule holds; empty where it always does.
    """

    name: str
    sender: Sender
    meaning: str
    grammar: str
    rule: Rule
    citation: Citation
    condition: str = ""

    @property
    def secret(self) -> bool:
        """Whether its value is a secret, which no record keeps."""
        return self.name.lower() in SECRET_HEADERS


def _row(
    name: str,
    sender: Sender,
    meaning: str,
    grammar: str,
    section: str | Citation,
    rule: Rule = OUTSIDE,
    condition: str = "",
) -> Header:
    """A row; a ``section`` that is a number is that of RFC 9110, under the header's own name."""
    citation = section if isinstance(section, Citation) else http(f"{section} {name}")
    return Header(name, sender, meaning, grammar, rule, citation, condition)


# fmt: off
_ROWS = (
    _row("Accept", "client", "which media types the client can read", "<type>[, <type>...]", "12.5.1"),
    _row("Accept-Encoding", "client", "which content codings the client can undo", "identity | gzip | ...", "12.5.3"),
    _row("Accept-Ranges", "registry", "whether parts of the content can be asked for", "bytes | none", "14.3"),
    _row("Age", "proxy", "how long the response has been in a cache", "<seconds>",
         Citation(HTTP_CACHING, "5.1 Age", "section-5.1")),
    _row("Allow", "registry", "which methods this path takes", "<method>[, <method>...]", "10.2.1", MAY),
    _row("Authorization", "client", "who asks; its value is a secret", "<scheme> <credentials>", "11.6.2", MAY),
    _row("Cache-Control", "either", "for how long a copy may be kept", "<directive>[, <directive>...]",
         Citation(HTTP_CACHING, "5.2 Cache-Control", "section-5.2")),
    _row("Connection", "either", "what becomes of the connection after this exchange", "close | keep-alive", "7.6.1"),
    _row("Content-Encoding", "either", "which coding was applied to the content", "gzip | ...", "8.4"),
    _row("Content-Length", "either", "how many bytes the body has", "<bytes>", "8.6", MAY),
    _row("Content-Location", "registry", "the address of just this content", "<url>", "8.7"),
    _row("Content-Range", "either", "which bytes of the whole are in this body",
         "<first>-<last> in an upload, bytes <first>-<last>/<size> in a response", "14.4"),
    _row("Content-Type", "either", "what kind of content the body is", "<type>/<subtype>[; <parameter>]", "8.3", SHOULD,
         "if there is content"),
    _row("Cookie", "client", "what the server asked the client to remember; its value is a secret", "<name>=<value>",
         Citation(COOKIES, "4.2 Cookie", "section-4.2")),
    _row("Date", "registry", "when the response was made, by the server's clock", "<HTTP date>", "6.6.1", MUST,
         "if the server has a clock"),
    _row("Docker-Content-Digest", "registry", "the digest of the content that was stored or is sent",
         "<algorithm>:<encoded>", API_DIGEST_HEADER, MAY),
    _row("Docker-Distribution-API-Version", "registry", "which API is spoken here", "registry/2.0",
         LEGACY_HEADERS, MAY),
    _row("Docker-Upload-UUID", "registry", "the name of the upload session", "<uuid>", API_UPLOADING, HABIT),
    _row("ETag", "registry", "a name for exactly this content", '"<text>"', "8.8.3"),
    _row("Expect", "client", "the client waits for 100 Continue before it sends the body", "100-continue", "10.1.1"),
    _row("Host", "client", "which host and port the client means", "<host>[:<port>]",
         http("7.2 Host and :authority"), MUST),
    _row("If-None-Match", "client", "only if the content is another than this one", '"<text>"', "13.1.2"),
    _row("If-Range", "client", "the part if the content is still this one, else all of it", '"<text>"', "13.1.5"),
    _row("Keep-Alive", "registry", "how long an idle connection stays open", "timeout=<seconds>",
         Citation(HTTP_OLD, "19.7.1.1 The Keep-Alive Header", "section-19.7.1.1")),
    _row("Link", "registry", "where a list that was given in part goes on", '<url>; rel="next"',
         Citation(LINKS, "3 Link Serialisation in HTTP Headers", "section-3")),
    _row("Location", "registry", "where the client is to go on, or where what it made now is",
         "<url>, absolute or relative", "10.2.2", MAY),
    _row("OCI-Chunk-Min-Length", "registry", "how many bytes each chunk but the last should have at least", "<bytes>",
         CHUNKS, SHOULD, "if the registry has a minimum chunk size"),
    _row("OCI-Filters-Applied", "registry", "which filters of the request were applied", "artifactType",
         LISTING_REFERRERS, MUST, "if a filter was asked for and applied"),
    _row("OCI-Subject", "registry", "the registry knows the referrers API, and lists this manifest under its subject",
         "<digest>", PUSHING_WITH_SUBJECT, MUST, "if the manifest has a subject and the registry the referrers API"),
    _row("Proxy-Authorization", "client", "who asks a proxy; its value is a secret", "<scheme> <credentials>",
         "11.7.2"),
    _row("Range", "either", "which bytes: those that are wanted, or those that the upload session holds",
         "bytes=<first>-<last> in a request, 0-<last> in a response", "14.2"),
    _row("RateLimit-Limit", "registry", "how many pulls are free in a time", "<count>;w=<seconds>", HUB_PULLS, HABIT),
    _row("RateLimit-Remaining", "registry", "how many pulls are left", "<count>;w=<seconds>", HUB_PULLS, HABIT),
    _row("Retry-After", "registry", "when to ask again", "<seconds> or <HTTP date>", "10.2.3"),
    _row("Server", "registry", "which program responds", "<product>[/<version>]", "10.2.4"),
    _row("Set-Cookie", "registry", "what the client is asked to remember; its value is a secret", "<name>=<value>",
         Citation(COOKIES, "4.1 Set-Cookie", "section-4.1")),
    _row("Transfer-Encoding", "either", "how the body is framed where its length is not known beforehand", "chunked",
         Citation(HTTP_1_1, "6.1 Transfer-Encoding", "section-6.1")),
    _row("User-Agent", "client", "which program asks", "<product>[/<version>]", "10.1.5", SHOULD),
    _row("Vary", "registry", "which request headers the response depends on", "<name>[, <name>...]", "12.5.5"),
    _row("Via", "proxy", "which proxies the message went through", "<version> <name>", "7.6.3"),
    _row("Warning", "registry", "something that the user should be told", '299 - "<text>"', WARNINGS, MAY),
    _row("WWW-Authenticate", "registry", "how to say who you are, and where to get a token",
         '<scheme> <parameter>="<value>"[, ...]; for Bearer, realm is a URL', "11.6.1", MAY),
    _row("X-Content-Type-Options", "registry", "a browser is not to guess another media type", "nosniff",
         Citation(FETCH, "X-Content-Type-Options header", "x-content-type-options-header")),
    _row("X-Forwarded-Host", "proxy", "which host the client of a proxy asked for", "<host>[:<port>]",
         Citation(FORWARDED_HOST, "X-Forwarded-Host"), HABIT),
    _row("X-Forwarded-Proto", "proxy", "by which scheme the client of a proxy asked", "http | https",
         Citation(FORWARDED_PROTO, "X-Forwarded-Proto"), HABIT),
)
# fmt: on

HEADERS: Mapping[str, Header] = {row.name.lower(): row for row in _ROWS}
"""Every header that has a row, by its name in lower case."""
