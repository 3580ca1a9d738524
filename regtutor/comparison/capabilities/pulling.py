"""Capabilities of reading: the API itself, blobs and manifests. They change nothing."""

from __future__ import annotations

from regtutor.comparison.capabilities.capability import Verdict, capability, told, verdict
from regtutor.comparison.capabilities.trial import NotTried, Trial
from regtutor.exchange import Exchange
from regtutor.protocol.citations import MAY, MUST, OUTSIDE, SHOULD
from regtutor.protocol.clauses import (
    API_PULLING_A_LAYER,
    ENDPOINT_TABLE,
    EXISTENCE,
    FETCH_BLOB_PART,
    PULLING_BLOBS,
    PULLING_MANIFESTS,
    SUPPORT,
    http,
)
from regtutor.protocol.media_types import DOCKER_MANIFEST, DOCKER_SCHEMA1, OCI_INDEX, OCI_MANIFEST
from regtutor.protocol.urls import split_origin

_ACCEPT = http("12.5.1 Accept")
_NOT_MODIFIED = http("15.4.5 304 Not Modified")


def media_type(exchange: Exchange) -> str:
    """Return the media type of a response, without parameters."""
    return exchange.headers.get("Content-Type", "").partition(";")[0].strip()


@capability("API version", "api", "Does it speak the registry API?", "GET /v2/", MAY, SUPPORT)
def api_version(trial: Trial) -> Verdict:
    exchange = trial.ask("check_api")
    named = exchange.headers.get("Docker-Distribution-API-Version", "")
    speaks = exchange.status == 200 or (exchange.status == 401 and "WWW-Authenticate" in exchange.headers)
    if media_type(exchange) == "text/html":
        return Verdict("other", f"{told(exchange)}: a web page")
    return verdict(speaks, exchange, summary=named)


@capability(
    "authentication", "api", "Does it ask for credentials, and by which scheme?", "GET /v2/", MAY, ENDPOINT_TABLE
)
def authentication(trial: Trial) -> Verdict:
    exchange = trial.ask("check_api")
    schemes = [value.split()[0] for value in exchange.headers.all("WWW-Authenticate") if value.split()]
    if exchange.status == 401:
        return Verdict("yes", f"401: {', '.join(schemes) or 'no scheme is named'}")
    return Verdict("no", f"{exchange.status}: no credentials are required")


@capability("HEAD of a manifest", "pull", "Does HEAD give a manifest's digest, type and length?",
            "HEAD manifest", MUST, EXISTENCE)  # fmt: skip
def manifest_head(trial: Trial) -> Verdict:
    subject = trial.read()
    exchange = trial.ask("head_manifest", subject.repository, subject.tag)
    lacking = [name for name in ("Docker-Content-Digest", "Content-Length") if name not in exchange.headers]
    summary = f"without {' and '.join(lacking)}" if lacking and exchange.ok else media_type(exchange)
    return verdict(exchange.status == 200, exchange, summary=summary)


@capability(
    "HEAD of a blob", "pull", "Does HEAD say that a blob exists, with its length?", "HEAD blob", MUST, EXISTENCE
)
def blob_head(trial: Trial) -> Verdict:
    subject = trial.read()
    exchange = trial.ask("head_blob", subject.repository, subject.blob)
    return verdict(exchange.status == 200 or exchange.status in (302, 307), exchange)


@capability("unknown manifest", "pull", "Is a missing manifest a 404 with an error code?", "GET manifest",
            MUST, PULLING_MANIFESTS)  # fmt: skip
def unknown_manifest(trial: Trial) -> Verdict:
    exchange = trial.ask("get_manifest", trial.read().repository, "regtutor-no-such-tag")
    return verdict(exchange.status == 404, exchange)


def _blob_range(trial: Trial, wanted: str) -> Exchange:
    subject = trial.read()
    return trial.ask("get_blob", subject.repository, subject.blob, edit={"Range": wanted})


@capability("ranges", "pull", "Does it send a part of a blob?", "GET blob, Range: bytes=0-3", SHOULD, PULLING_BLOBS)
def ranges(trial: Trial) -> Verdict:
    exchange = _blob_range(trial, "bytes=0-3")
    if exchange.status in (302, 307):
        raise NotTried(f"{exchange.status}: the bytes are at another address")
    return verdict(exchange.status == 206, exchange)


@capability("range beyond the end", "pull", "Is a range that begins after the last byte refused?",
            "GET blob, Range: bytes=SIZE-", MAY, FETCH_BLOB_PART)  # fmt: skip
def range_beyond(trial: Trial) -> Verdict:
    exchange = _blob_range(trial, f"bytes={trial.read().size}-")
    if exchange.status in (302, 307):
        raise NotTried(f"{exchange.status}: the bytes are at another address")
    return verdict(exchange.status == 416, exchange)


def _again(trial: Trial, step: str, reference: str) -> Verdict:
    first = trial.ask(step.replace("get_", "head_"), trial.read().repository, reference)
    etag = first.headers.get("ETag")
    if first.status in (302, 307):
        raise NotTried(f"{first.status}: the bytes are at another address")
    if etag is None:
        return verdict(False, first, summary="no ETag")
    second = trial.ask(step, trial.read().repository, reference, edit={"If-None-Match": etag})
    return verdict(second.status == 304, first, second)


@capability("304 for a manifest", "pull", "Does it name a manifest by an ETag, and send it once?",
            "HEAD manifest, GET manifest with If-None-Match", OUTSIDE, _NOT_MODIFIED)  # fmt: skip
def manifest_not_modified(trial: Trial) -> Verdict:
    return _again(trial, "get_manifest", trial.read().tag)


@capability("304 for a blob", "pull", "Does it name a blob by an ETag, and send it once?",
            "HEAD blob, GET blob with If-None-Match", OUTSIDE, _NOT_MODIFIED)  # fmt: skip
def blob_not_modified(trial: Trial) -> Verdict:
    return _again(trial, "get_blob", trial.read().blob)


@capability("redirect of a blob", "pull", "Does it send clients elsewhere for the bytes?", "GET blob",
            MAY, API_PULLING_A_LAYER)  # fmt: skip
def redirect(trial: Trial) -> Verdict:
    subject = trial.read()
    exchange = trial.ask("get_blob", subject.repository, subject.blob)
    sent_on = exchange.status in (302, 307) and exchange.location is not None
    where = split_origin(exchange.location.redacted)[0].partition("//")[2] if sent_on and exchange.location else ""
    return verdict(sent_on, exchange, bad=exchange.status == 200, summary=f"to {where}" if where else "")


def _with_accept(trial: Trial, accept: tuple[str, ...]) -> Verdict:
    subject = trial.read()
    exchange = trial.ask("get_manifest", subject.repository, subject.tag, accept=accept)
    return verdict(exchange.status == 200, exchange, summary=media_type(exchange) if exchange.ok else "")


@capability("no Accept", "pull", "Does it send a manifest to a client that names no type?",
            "GET manifest without Accept", OUTSIDE, _ACCEPT)  # fmt: skip
def no_accept(trial: Trial) -> Verdict:
    return _with_accept(trial, ())


@capability("Accept: */*", "pull", "Does it send a manifest to a client that takes any type?", "GET manifest",
            OUTSIDE, _ACCEPT)  # fmt: skip
def any_accept(trial: Trial) -> Verdict:
    return _with_accept(trial, ("*/*",))


@capability("Accept of other types", "pull", "Does it send a manifest of a type that Accept does not name?",
            "GET manifest, Accept without its type", OUTSIDE, _ACCEPT)  # fmt: skip
def other_accept(trial: Trial) -> Verdict:
    subject = trial.read()
    kind = media_type(trial.ask("head_manifest", subject.repository, subject.tag))
    others = [each for each in (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST) if each != kind]
    return _with_accept(trial, (others[-1] if kind != DOCKER_MANIFEST else DOCKER_SCHEMA1,))
