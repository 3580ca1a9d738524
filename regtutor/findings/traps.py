"""Known traps: what a refusal, a Location or an answer that looks like a success often comes from, and what to try.

Each function looks for one of them and gives a diagnosis or none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import SplitResult

from regtutor.exchange import Exchange
from regtutor.findings.asked import fields_of, split_url, step_of
from regtutor.findings.diagnosis import by_received, by_request_line, by_sent, by_status, codes_of, diagnosis, issue
from regtutor.findings.finding import Finding
from regtutor.findings.numbers import first_and_last
from regtutor.findings.responses import challenge
from regtutor.protocol.citations import DISTRIBUTION_API, DISTRIBUTION_SPEC, HTTP, Citation
from regtutor.protocol.media_types import MANIFEST_TYPES, essence
from regtutor.protocol.routes import split_target

_CHUNKS = Citation(DISTRIBUTION_SPEC, "Pushing a blob in chunks", "pushing-a-blob-in-chunks")
_POST_PUT = Citation(DISTRIBUTION_SPEC, "POST then PUT", "post-then-put")
_ERRORS = Citation(DISTRIBUTION_SPEC, "Error Codes", "error-codes")
_NAMES = Citation(DISTRIBUTION_SPEC, "Pulling manifests", "pulling-manifests")
_MOUNT = Citation(
    DISTRIBUTION_SPEC, "Mounting a blob from another repository", "mounting-a-blob-from-another-repository"
)
_TO_A_SESSION = frozenset({"patch_upload", "put_blob", "get_upload", "head_upload", "cancel_upload"})


def diagnose(exchange: Exchange) -> Iterator[Finding]:
    """Every known trap that this exchange shows."""
    for look in _LOOKS:
        yield from look(exchange)


def _urls(exchange: Exchange) -> tuple[SplitResult, SplitResult] | None:
    """Where the request went and where Location points to on the same host; None for another, or for what is no URL."""
    asked, told = split_url(exchange.url), split_url(exchange.headers.get("Location", ""))
    return (asked, told) if told.hostname and told.hostname == asked.hostname else None


def _location_without_tls(exchange: Exchange) -> Iterator[Finding]:
    urls = _urls(exchange)
    if urls and urls[0].scheme == "https" and urls[1].scheme == "http":
        yield diagnosis(
            "Location leaves https",
            "the request came by https, and Location says http: the proxy that does TLS does not tell the registry so",
            "Let the proxy send X-Forwarded-Proto: https, or set http.relativeurls: true in Distribution",
            issue(2225, "Location behind a proxy"),
            shown=by_received(exchange, "Location"),
            rule="vendor habit",
        )


def _location_without_port(exchange: Exchange) -> Iterator[Finding]:
    urls = _urls(exchange)
    if urls and urls[1].port is None and urls[0].port not in (None, 80, 443):
        yield diagnosis(
            "Location lost the port",
            f"the request went to port {urls[0].port}, and Location has none: a proxy sends Host without its port",
            "Let the proxy pass Host on as it came (nginx: proxy_set_header Host $http_host)",
            issue(2225, "Location behind a proxy"),
            shown=by_received(exchange, "Location"),
            rule="vendor habit",
        )


def _changed_location(exchange: Exchange) -> Iterator[Finding]:
    codes = codes_of(exchange)
    if exchange.status is None or exchange.status < 400 or step_of(exchange) not in _TO_A_SESSION:
        return
    if exchange.target.count("?") > 1:
        said = "the target has a second ?: what follows it is no query of its own, but a part of the value before it"
        again = "Append digest= with & where Location has a query already: Location.with_query does that"
    elif "BLOB_UPLOAD_INVALID" in codes and "_state" not in split_target(exchange.target)[1]:
        said = "the target has no _state, which a Location of Distribution carries: it was put together or cut"
        again = "Follow the latest Location byte for byte, with its query"
    else:
        return
    yield diagnosis("the Location was changed", said, again, _POST_PUT, shown=by_request_line(exchange), rule="allowed")


def _unknown_session(exchange: Exchange) -> Iterator[Finding]:
    if "BLOB_UPLOAD_UNKNOWN" in codes_of(exchange):
        yield diagnosis(
            "the upload session is gone",
            "it was closed, cancelled or purged; in a cluster the registries may share no storage or no http.secret",
            "POST .../blobs/uploads/ for a new session, and send the blob from its first byte",
            issue(1576, "upload sessions in a cluster"),
            shown=by_status(exchange),
            rule="vendor habit",
        )


def _out_of_order(exchange: Exchange) -> Iterator[Finding]:
    if exchange.status != 416 or step_of(exchange) not in _TO_A_SESSION:
        return
    there = first_and_last(exchange.headers.get("Range", ""))
    told = f"the bytes up to {there[1]} are there" if there else "the answer does not say which bytes are there"
    yield diagnosis(
        "not the next bytes",
        f"the chunk does not begin where the upload stands, or the Location is not the latest one; {told}",
        "GET the Location, and go on with the Location and behind the Range of that answer"
        + (f": Content-Range: {there[1] + 1}-..." if there and there != (0, 0) else ""),
        _CHUNKS,
        shown=by_received(exchange, "Range"),
    )


def _missing_blob(exchange: Exchange) -> Iterator[Finding]:
    if "MANIFEST_BLOB_UNKNOWN" not in codes_of(exchange):
        return
    repository = fields_of(exchange).get("repository", "this repository")
    yield diagnosis(
        "a blob of the manifest is missing",
        f"the manifest names a blob that is not in {repository}; that another repository has it does not help, and a "
        "mount that was answered 202 has brought nothing",
        f"HEAD /v2/{repository}/blobs/<digest> for the config and each layer, push those that are 404, then PUT again",
        _ERRORS,
        shown=by_request_line(exchange),
    )


def _not_mounted(exchange: Exchange) -> Iterator[Finding]:
    if step_of(exchange) != "mount_blob" or exchange.status != 202:
        return
    fields = fields_of(exchange)
    source = fields.get("from")
    why = f"{source} does not have the blob, or you may not pull from it" if source else "the request names no from="
    yield diagnosis(
        "202 is not mounted",
        f"the blob was not mounted: an upload session was opened instead ({why})",
        "PUT the blob's bytes to Location, or ask for a token that may pull from the source, and mount again",
        _MOUNT,
        shown=by_status(exchange),
        rule="allowed",
    )


def _not_stored(exchange: Exchange) -> Iterator[Finding]:
    if step_of(exchange) == "post_blob" and exchange.status == 202:
        yield diagnosis(
            "202 is not stored",
            "this registry takes no blob in a single POST: the bytes are gone, and a session was opened instead",
            "PUT the same bytes to Location, with the digest",
            Citation(DISTRIBUTION_SPEC, "Single POST", "single-post"),
            shown=by_status(exchange),
            rule="allowed",
        )


def _accept(exchange: Exchange) -> Iterator[Finding]:
    if step_of(exchange) not in ("get_manifest", "head_manifest") or exchange.status != 404:
        return
    named = {essence(part) for part in ",".join(exchange.request_headers.all("Accept")).split(",")}
    absent = [name for name in MANIFEST_TYPES if name not in named]
    if absent and "NAME_UNKNOWN" not in codes_of(exchange):
        sure = "accept header" in exchange.told.lower()
        yield diagnosis(
            "Accept does not name the type",
            f"{'the' if sure else 'perhaps the'} manifest is there, in a type that Accept does not name (*/* counts "
            f"for nothing at Distribution); not named: {', '.join(absent)}",
            f"Send Accept: {', '.join(MANIFEST_TYPES)}",
            issue(4385, "Accept and OCI manifests"),
            shown=by_sent(exchange, "Accept"),
            rule="vendor habit",
        )


def _wanted_credentials(exchange: Exchange) -> Iterator[Finding]:
    if exchange.status != 401:
        return
    scheme, told = challenge(exchange.headers.get("WWW-Authenticate", ""))
    given = "the credentials were refused" if "Authorization" in exchange.request_headers else "none were sent"
    if scheme.lower() == "bearer":
        query = "&".join(f"{name}={told[name]}" for name in ("service", "scope") if told.get(name))
        again = f"GET {told.get('realm', 'the realm')}?{query} with name and password, and send what it gives as "
        again += "Authorization: Bearer <token>; rt.connect(url, username=..., password=...) for Basic"
    else:
        again = "Name yourself: rt.connect(url, username=..., password=...)"
    alone = "/" not in fields_of(exchange).get("repository", "/")
    yield diagnosis(
        "credentials are wanted",
        f"the registry wants to know who asks, by the scheme {scheme or '(none named)'}; {given}",
        again + (". At Docker Hub, an official image is library/<name>" if alone else ""),
        Citation(HTTP, "15.5.2 401 Unauthorized", "section-15.5.2"),
        shown=by_received(exchange, "WWW-Authenticate"),
    )


def _denied(exchange: Exchange) -> Iterator[Finding]:
    if exchange.status == 403:
        yield diagnosis(
            "not permitted",
            "the registry knows who asks, and does not permit this; a signed address may permit GET and not HEAD",
            "Ask for a token whose scope names this repository and pull, push or delete",
            Citation(HTTP, "15.5.4 403 Forbidden", "section-15.5.4"),
            shown=by_status(exchange),
        )


def _too_large(exchange: Exchange) -> Iterator[Finding]:
    if exchange.status != 413:
        return
    proxy = not exchange.errors
    yield diagnosis(
        "too large for a proxy" if proxy else "too large for the registry",
        "the answer is not the API's error body, so most likely a proxy before the registry has a limit"
        if proxy
        else "the registry takes no body of this size",
        "Raise the proxy's limit (nginx: client_max_body_size 0), or send the blob in chunks"
        if proxy
        else "Send a smaller body: a blob in chunks, a manifest with less in its annotations",
        Citation(HTTP, "15.5.14 413 Content Too Large", "section-15.5.14"),
        shown=by_status(exchange),
        rule="allowed",
    )


def _missing_slash(exchange: Exchange) -> Iterator[Finding]:
    path, target = exchange.target.partition("?")[0], exchange.headers.get("Location", "")
    if exchange.status in (301, 302, 308) and split_url(target).path == f"{path}/":
        yield diagnosis(
            "the slash at the end is missing",
            f"the path is {path}/; many clients follow a 301 with GET, and so send another request than was meant",
            f"{exchange.method} {path}/",
            Citation(HTTP, "15.4.2 301 Moved Permanently", "section-15.4.2"),
            shown=by_request_line(exchange),
        )


def _upper_case(exchange: Exchange) -> Iterator[Finding]:
    repository = fields_of(exchange).get("repository", "")
    if (exchange.status or 0) >= 400 and repository != repository.lower():
        yield diagnosis(
            "upper case in the name",
            f"a repository's name is lower case, and {repository} is not; Distribution may say so by a plain 404",
            f"Send the same request for {repository.lower()}",
            _NAMES,
            shown=by_request_line(exchange),
        )


def _not_deleted(exchange: Exchange) -> Iterator[Finding]:
    deletes = step_of(exchange) in ("delete_blob", "delete_manifest")
    if deletes and (exchange.status == 405 or "UNSUPPORTED" in codes_of(exchange)):
        yield diagnosis(
            "deletion is switched off",
            "the registry does not delete, or not by a tag: Distribution needs storage.delete.enabled, a cache of "
            "another registry never deletes, and version 2.8 deletes manifests by digest only",
            "HEAD the manifest for its digest and DELETE that; else set storage.delete.enabled: true and restart",
            Citation(DISTRIBUTION_API, "Deleting an Image", "deleting-an-image"),
            shown=by_status(exchange),
            rule="allowed",
        )
    elif exchange.status == 405:
        yield diagnosis(
            "not a method of this path",
            f"{exchange.method} is not answered at this path; Allow: {exchange.headers.get('Allow', '(not sent)')}",
            "Compare method and path with the table of endpoints, the slash at the end included",
            Citation(DISTRIBUTION_SPEC, "Endpoints", "endpoints"),
            shown=by_request_line(exchange),
        )


def _deleted_by_another_digest(exchange: Exchange) -> Iterator[Finding]:
    reference = fields_of(exchange).get("reference", "")
    if step_of(exchange) == "delete_manifest" and exchange.status == 404 and ":" in reference:
        yield diagnosis(
            "perhaps the digest of another form",
            f"no manifest has the digest {reference}; that of the config or of a layer deletes no image, and without "
            "Accept Distribution 2.8 names the digest of a form that it rewrote",
            f"HEAD the tag with Accept: {', '.join(MANIFEST_TYPES)}, and DELETE its Docker-Content-Digest",
            issue(1579, "the digest of a rewritten manifest"),
            shown=by_request_line(exchange),
            rule="vendor habit",
        )


def _no_referrers(exchange: Exchange) -> Iterator[Finding]:
    if step_of(exchange) == "get_referrers" and exchange.status == 404:
        digest = fields_of(exchange).get("digest", "")
        yield diagnosis(
            "no referrers API",
            "this registry does not list referrers; their list is then kept under a tag, by those who push",
            f"GET the manifest under the tag {digest.replace(':', '-')}; rt.list_referrers does both",
            Citation(DISTRIBUTION_SPEC, "Listing Referrers", "listing-referrers"),
            shown=by_status(exchange),
            rule="allowed",
        )


def _slow_down(exchange: Exchange) -> Iterator[Finding]:
    if exchange.status == 429:
        after = exchange.headers.get("Retry-After")
        yield diagnosis(
            "too many requests",
            "the registry takes no more for now; at Docker Hub, GET of a manifest counts and HEAD does not",
            f"Wait {f'as Retry-After says: {after}' if after else 'a while'}, or ask as somebody with a name",
            _ERRORS,
            shown=by_received(exchange, "Retry-After"),
        )


def _no_answer(exchange: Exchange) -> Iterator[Finding]:
    if exchange.response is None:
        yield diagnosis(
            "no answer",
            f"no complete answer came: {exchange.error}",
            "See whether the registry runs, and whether it speaks http or https at this port",
            Citation(HTTP, "3.4 Messages", "section-3.4"),
            shown=by_request_line(exchange),
            rule="not mentioned",
        )


_LOOKS: tuple[Callable[[Exchange], Iterator[Finding]], ...] = (
    _location_without_tls,
    _location_without_port,
    _changed_location,
    _unknown_session,
    _out_of_order,
    _missing_blob,
    _not_mounted,
    _not_stored,
    _accept,
    _wanted_credentials,
    _denied,
    _too_large,
    _missing_slash,
    _upper_case,
    _not_deleted,
    _deleted_by_another_digest,
    _no_referrers,
    _slow_down,
    _no_answer,
)
