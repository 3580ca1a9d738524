"""Capabilities of pushing manifests: the types that a registry accepts, its checks, and subjects."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from regtutor.comparison.capabilities.capability import Look, Verdict, capability, verdict
from regtutor.comparison.capabilities.content import manifest
from regtutor.comparison.capabilities.pulling import media_type
from regtutor.comparison.capabilities.trial import NotTried, Trial
from regtutor.exchange import Exchange
from regtutor.protocol.citations import MAY, MUST, OUTSIDE, Citation, Level
from regtutor.protocol.clauses import (
    ERROR_CODES,
    LISTING_REFERRERS,
    MAIN_MANIFESTS,
    PUSH,
    PUSHING_MANIFESTS,
    PUSHING_WITH_SUBJECT,
    PUT_MANIFEST,
    http,
)
from regtutor.protocol.digests import sha256
from regtutor.protocol.media_types import DOCKER_LIST, DOCKER_MANIFEST, DOCKER_SCHEMA1, OCI_INDEX, OCI_MANIFEST

ARTIFACT = "application/vnd.regtutor.probe"


def _manifest(
    name: str, question: str, requests: str, level: Level, citation: Citation | None, condition: str = ""
) -> Callable[[Look], Look]:
    return capability(name, "manifests", question, requests, level, citation, writes=True, condition=condition)


def _put(trial: Trial, tag: str, data: bytes, kind: str) -> Exchange:
    return trial.ask("put_manifest", trial.read().repository, tag, data, media_type=kind)


def _stored(exchange: Exchange) -> Verdict:
    return verdict(exchange.status == 201, exchange)


@_manifest("OCI image manifest", "Does it take one?", "PUT manifest", MUST, PUSHING_MANIFESTS)
def oci_manifest(trial: Trial) -> Verdict:
    return _stored(_put(trial, "oci", manifest(), OCI_MANIFEST))


@_manifest("OCI artifact", "Does it take a manifest with artifactType?", "PUT manifest", MUST, PUSHING_MANIFESTS)
def artifact(trial: Trial) -> Verdict:
    return _stored(_put(trial, "artifact", manifest(artifactType=ARTIFACT), OCI_MANIFEST))


def _index(kind: str, child: bytes, child_kind: str) -> bytes:
    platform = {"architecture": "amd64", "os": "linux"}
    named = {"mediaType": child_kind, "digest": sha256(child), "size": len(child), "platform": platform}
    return json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": [named]}).encode()


@_manifest("OCI index", "Does it take one?", "PUT index", MUST, PUSHING_MANIFESTS)
def oci_index(trial: Trial) -> Verdict:
    return _stored(_put(trial, "index", _index(OCI_INDEX, manifest(), OCI_MANIFEST), OCI_INDEX))


@_manifest("Docker manifest", "Does it take Version 2, Schema 2?", "PUT manifest", MAY, PUT_MANIFEST)
def docker_manifest(trial: Trial) -> Verdict:
    return _stored(_put(trial, "docker", manifest(DOCKER_MANIFEST), DOCKER_MANIFEST))


@_manifest("Docker manifest list", "Does it take one?", "PUT manifest, PUT list", MAY, PUT_MANIFEST)
def docker_list(trial: Trial) -> Verdict:
    child = manifest(DOCKER_MANIFEST)
    _put(trial, "docker", child, DOCKER_MANIFEST)
    return _stored(_put(trial, "list", _index(DOCKER_LIST, child, DOCKER_MANIFEST), DOCKER_LIST))


@_manifest("Docker schema 1", "Does it take an unsigned manifest of Version 2, Schema 1?", "PUT manifest",
           MAY, PUT_MANIFEST)  # fmt: skip
def schema_1(trial: Trial) -> Verdict:
    history: list[dict[str, Any]] = [{"v1Compatibility": json.dumps({"id": "0" * 64})}]
    layers = [{"blobSum": trial.read().blob}]
    value = {"schemaVersion": 1, "name": trial.repository, "tag": "v1", "architecture": "amd64", "fsLayers": layers}
    return _stored(_put(trial, "v1", json.dumps({**value, "history": history}).encode(), DOCKER_SCHEMA1))


@_manifest("Docker manifest without Accept", "Is a Docker manifest sent unchanged to a client that names no type?",
           "PUT manifest, GET manifest without Accept", OUTSIDE, http("12.5.1 Accept"))  # fmt: skip
def rewritten(trial: Trial) -> Verdict:
    data = manifest(DOCKER_MANIFEST)
    pushed = _put(trial, "docker", data, DOCKER_MANIFEST)
    if pushed.status != 201:
        raise NotTried(f"the manifest was refused: {pushed.status}")
    exchange = trial.ask("get_manifest", trial.read().repository, "docker", accept=())
    same = exchange.response is not None and exchange.response.body.digest == sha256(data)
    summary = media_type(exchange) + ("" if same else ", with another digest") if exchange.ok else ""
    return verdict(same, exchange, summary=summary)


@_manifest(
    "no Content-Type", "Does it refuse a manifest whose type no header names?", "PUT manifest", MAY, PUT_MANIFEST
)
def no_content_type(trial: Trial) -> Verdict:
    repository, data = trial.read().repository, manifest(annotations={"of": "no-type"})
    exchange = trial.ask("put_manifest", repository, "no-type", data, edit={"Content-Type": None})
    return verdict(exchange.status in (400, 415), exchange, bad=exchange.status == 201)


@_manifest(
    "detail of an error", "Does the detail of a refused manifest give the reason?", "PUT manifest", MAY, ERROR_CODES
)
def error_detail(trial: Trial) -> Verdict:
    edit = {"Content-Type": None}
    exchange = trial.ask("put_manifest", trial.read().repository, "no-detail", manifest(), edit=edit)
    given = any(entry.get("detail") for entry in exchange.errors)
    return verdict(given, exchange, summary="" if given else "the detail is empty")


@_manifest("another Content-Type", "Does it refuse a manifest whose mediaType differs from Content-Type?",
           "PUT manifest", MAY, PUT_MANIFEST)  # fmt: skip
def other_content_type(trial: Trial) -> Verdict:
    exchange = _put(trial, "other-type", manifest(annotations={"of": "other-type"}), DOCKER_MANIFEST)
    return verdict(exchange.status in (400, 415), exchange, bad=exchange.status == 201)


@_manifest("missing blob", "Does it refuse a manifest that names a blob which it does not have?", "PUT manifest",
           MAY, PUT_MANIFEST)  # fmt: skip
def missing_blob(trial: Trial) -> Verdict:
    exchange = _put(trial, "missing", manifest(layer=b"never sent"), OCI_MANIFEST)
    return verdict(exchange.status in (400, 404), exchange, bad=exchange.status == 201)


@_manifest("sparse index", "Does it take an index before the manifests that it lists?", "PUT index", MAY, PUSH)
def sparse_index(trial: Trial) -> Verdict:
    exchange = _put(trial, "sparse", _index(OCI_INDEX, b"never sent", OCI_MANIFEST), OCI_INDEX)
    return verdict(exchange.status == 201, exchange, bad=exchange.status in (400, 404))


@_manifest("several tags in one PUT", "Does it create the tags in the query (the specification's main branch)?",
           "PUT manifest ?tag=", OUTSIDE, MAIN_MANIFESTS)  # fmt: skip
def several_tags(trial: Trial) -> Verdict:
    data, tags = manifest(annotations={"of": "several tags"}), ("several-1", "several-2")
    repository = trial.read().repository
    exchange = trial.ask("put_manifest", repository, sha256(data), data, media_type=OCI_MANIFEST, tags=tags)
    if exchange.status != 201:
        return verdict(False, exchange)
    created = ", ".join(exchange.headers.all("OCI-Tag"))
    trial.leftovers.tags.update(dict.fromkeys((repository, tag) for tag in tags if tag in created))
    return verdict(all(tag in created for tag in tags), exchange, summary="OCI-Tag" if created else "no OCI-Tag")


def _with_subject(trial: Trial) -> tuple[Exchange, bytes]:
    data = manifest()
    subject = {"mediaType": OCI_MANIFEST, "digest": sha256(data), "size": len(data)}
    referrer = manifest(artifactType=ARTIFACT, subject=subject)
    return _put(trial, sha256(referrer), referrer, OCI_MANIFEST), referrer


@_manifest("subject", "Does it say that it lists a manifest under its subject (OCI-Subject)?",
           "PUT manifest with subject", MUST, PUSHING_WITH_SUBJECT,
           "if the registry has the referrers API")  # fmt: skip
def subject(trial: Trial) -> Verdict:
    exchange, _ = _with_subject(trial)
    named = "OCI-Subject" in exchange.headers
    return verdict(named, exchange, summary="OCI-Subject" if named else "no OCI-Subject" if exchange.ok else "")


@_manifest("referrers after a push", "Does the referrers API list it?", "PUT manifest with subject, GET referrers",
           MAY, LISTING_REFERRERS)  # fmt: skip
def listed(trial: Trial) -> Verdict:
    _, referrer = _with_subject(trial)
    exchange = trial.ask("get_referrers", trial.read().repository, trial.read().digest)
    found = sha256(referrer) in exchange.text
    return verdict(
        exchange.status == 200 and found, exchange, summary="" if found or not exchange.ok else "it is not listed"
    )


@_manifest("filter of referrers", "Does it filter referrers by artifactType?", "GET referrers?artifactType=",
           MAY, LISTING_REFERRERS)  # fmt: skip
def filtered(trial: Trial) -> Verdict:
    repository, digest = trial.read().repository, trial.read().digest
    exchange = trial.ask("get_referrers", repository, digest, artifact_type="application/vnd.regtutor.other")
    applied = exchange.headers.get("OCI-Filters-Applied")
    return verdict(applied is not None, exchange, summary="" if applied or not exchange.ok else "no filter was applied")
