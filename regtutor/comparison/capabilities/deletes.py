"""Capabilities of deletion. They come last, because they delete content of the others."""

from __future__ import annotations

import secrets

from regtutor.comparison.capabilities.capability import Verdict, capability, verdict
from regtutor.comparison.capabilities.content import manifest
from regtutor.comparison.capabilities.trial import NotTried, Trial
from regtutor.exchange import Exchange
from regtutor.protocol.citations import MAY
from regtutor.protocol.clauses import DELETING_BLOBS, DELETING_MANIFESTS, DELETING_TAGS
from regtutor.protocol.media_types import OCI_MANIFEST


def _pushed(trial: Trial, tag: str) -> Exchange:
    """Push a manifest of its own under ``tag``."""
    data = manifest(annotations={"of": tag})
    exchange = trial.ask("put_manifest", trial.read().repository, tag, data, media_type=OCI_MANIFEST)
    if exchange.status != 201:
        raise NotTried(f"the manifest was refused: {exchange.status}")
    return exchange


@capability("delete a tag", "deletion", "Does it delete a tag, and keep the manifest?",
            "PUT manifest, DELETE by tag, HEAD by tag, HEAD by digest", MAY, DELETING_TAGS, writes=True)  # fmt: skip
def tag(trial: Trial) -> Verdict:
    repository = trial.read().repository
    pushed = _pushed(trial, "delete-tag")
    exchange = trial.ask("delete_manifest", repository, "delete-tag")
    if exchange.status != 202:
        return verdict(False, exchange, bad=exchange.status in (400, 404, 405))
    by_tag = trial.ask("head_manifest", repository, "delete-tag")
    by_digest = trial.ask("head_manifest", repository, pushed.request.body.digest or "")
    return verdict(by_tag.status == 404 and by_digest.status == 200, exchange, by_tag, by_digest, bad=False)


@capability("delete a manifest", "deletion", "Does it delete a manifest by its digest, with its tags?",
            "PUT manifest, DELETE by digest, HEAD by tag", MAY, DELETING_MANIFESTS, writes=True)  # fmt: skip
def by_digest(trial: Trial) -> Verdict:
    repository = trial.read().repository
    pushed = _pushed(trial, "delete-manifest")
    exchange = trial.ask("delete_manifest", repository, pushed.request.body.digest or "")
    if exchange.status != 202:
        return verdict(False, exchange, bad=exchange.status in (400, 404, 405))
    after = trial.ask("head_manifest", repository, "delete-manifest")
    return verdict(after.status == 404, exchange, after, bad=False)


@capability("delete a blob", "deletion", "Does it delete a blob?", "POST, PUT, DELETE, HEAD", MAY, DELETING_BLOBS,
            writes=True)  # fmt: skip
def blob(trial: Trial) -> Verdict:
    stored = trial.ask("put_blob", trial.opened(), secrets.token_bytes(16))
    digest = stored.request.body.digest or ""
    exchange = trial.ask("delete_blob", trial.repository, digest)
    if exchange.status != 202:
        return verdict(False, exchange, bad=exchange.status in (400, 404, 405))
    after = trial.ask("head_blob", trial.repository, digest)
    return verdict(after.status == 404, exchange, after, bad=False)
