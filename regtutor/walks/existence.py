"""Finding out whether a repository has content, and whether an unusual success of an upload means that it does.

The specification names one status for each success. Some registries send another: Amazon ECR sends 201 for a chunk, and
others send 200, 202 or 204 for a blob or a manifest. A walk continues if the registry then shows the content.
"""

from __future__ import annotations

from collections.abc import Generator

from regtutor.errors import DeleteFailed, PushFailed
from regtutor.exchange import Exchange
from regtutor.message import Request
from regtutor.protocol.digests import is_well_formed, same_algorithm
from regtutor.steps import draft, head_blob, head_manifest
from regtutor.walks.expected_status import Failure, expect, stop
from regtutor.walks.redirects import Unfollowed, can_follow, redirected


def expect_success(exchange: Exchange, documented: int, kind: Failure = PushFailed) -> bool:
    """Stop the walk unless the response is a success; return whether it has the ``documented`` status.

    Another success than the documented one counts only as a response to the request that the walk drafted.
    """
    status, match = exchange.status, exchange.endpoint
    drafted = match is None or match.endpoint.name == exchange.step
    succeeded = drafted and status is not None and 200 <= status < 300
    expect(exchange, *((documented, status) if succeeded and status is not None else (documented,)), kind=kind)
    return status == documented


def blob_exists(repository: str, digest: str, size: int) -> Generator[Request, Exchange, bool]:
    """Return whether the repository has the blob.

    A registry can redirect to its storage, which can refuse the HEAD, because the signature of the address is often for
    GET only. Then the result is False, and the walk uploads the blob: the registry stores it once, however often it is
    sent.
    """
    request = draft(head_blob, repository, digest)
    exchange = yield Unfollowed.of(request)
    if can_follow(exchange):
        exchange = yield redirected(request, exchange)
        return exchange.status == 200 and exchange.headers.get("Content-Length") == str(size)
    expect(exchange, 200, 404)
    return exchange.status == 200 and not _names_another(exchange, digest)


def check_digest(exchange: Exchange, digest: str) -> None:
    """Stop the walk if a success names another digest than that of the content that was sent or mounted.

    Source: OCI distribution-spec v1.1.1, "Pushing Manifests"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests>.
    """
    if _names_another(exchange, digest):
        named = exchange.headers["Docker-Content-Digest"]
        stop(exchange, f"Docker-Content-Digest says that the registry stored {named!r}, but {digest} was sent")


def _names_another(exchange: Exchange, digest: str) -> bool:
    """Return whether the response names another digest; one of another algorithm can be that of the same content."""
    named = exchange.headers.get("Docker-Content-Digest", "").strip()
    return bool(named) and named != digest and (same_algorithm(named, digest) or not is_well_formed(named))


def check_blob_stored(
    exchange: Exchange, repository: str | None, digest: str, size: int
) -> Generator[Request, Exchange, None]:
    """Stop the walk unless ``exchange``, the end of an upload, has stored the blob; ask the registry if it is unclear.

    Parameters
    ----------
    repository: of the blob; if it is not known, any success counts.
    """
    documented = expect_success(exchange, 201)
    check_digest(exchange, digest)
    if documented or repository is None:
        return
    if not (yield from blob_exists(repository, digest, size)):
        stop(exchange, f"{_another(exchange, 201)}, and the repository does not have the blob")


def check_manifest_stored(
    exchange: Exchange, repository: str, reference: str, digest: str
) -> Generator[Request, Exchange, None]:
    """Stop the walk unless ``exchange`` has stored the manifest; ask the registry if the status does not say so."""
    documented = expect_success(exchange, 201)
    check_digest(exchange, digest)
    if documented:
        return
    found = yield draft(head_manifest, repository, reference)
    shown = found.headers.get("Docker-Content-Digest", digest)
    if found.status != 200 or (same_algorithm(shown, digest) and shown != digest):
        stop(exchange, f"{_another(exchange, 201)}, and the repository does not have the manifest")


def check_manifest_gone(
    exchange: Exchange, repository: str, reference: str, tag: str = ""
) -> Generator[Request, Exchange, tuple[str, ...]]:
    """Stop the walk unless ``exchange`` has deleted the manifest, and the registry does not serve it any more.

    A registry can respond with 202 and still serve the manifest: go-containerregistry's deletes a digest, but not the
    tags that point to it.

    Parameters
    ----------
    reference: the deleted tag or digest.
    tag: a tag that pointed to the deleted digest, and must be gone with it; empty for none.

    Returns
    -------
    Notes on what could not be checked.
    """
    documented = expect_success(exchange, 202, DeleteFailed)
    notes: list[str] = []
    for name in (reference, tag) if tag else (reference,):
        found = yield draft(head_manifest, repository, name)
        if found.status == 200 and _still_serves(found, reference):
            stop(found, _still_there(exchange, name, reference, documented), DeleteFailed, _delete_next(name))
        if found.status not in (200, 404):
            if not documented:
                stop(exchange, f"{_another(exchange, 202)}, and HEAD of {name} returned {found.status}", DeleteFailed)
            notes.append(f"The deletion of {name} could not be verified: HEAD returned {found.status}")
    return tuple(notes)


def _still_serves(found: Exchange, reference: str) -> bool:
    """Whether the response to HEAD is for the deleted content: a deleted tag, or the deleted digest."""
    digest = found.headers.get("Docker-Content-Digest", "")
    return ":" not in reference or not digest or not same_algorithm(digest, reference) or digest == reference


def _still_there(exchange: Exchange, name: str, reference: str, documented: bool) -> str:
    if not documented:
        return f"{_another(exchange, 202)}, and the repository still has {name}"
    if name == reference:
        return f"the registry returned 202 to DELETE, but HEAD of {name} still returns 200"
    return (
        f"the registry deleted {reference}, but still serves it under the tag {name}, as the registry of "
        "go-containerregistry does"
    )


def _delete_next(name: str) -> str:
    if ":" in name:
        return "Send the HEAD again later, because a cache can be the reason; then read the registry's log"
    return f"Delete the tag {name} itself: delete_image(..., tag_only=True), or regtutor delete --tag-only"


def digest_at_registry(pushed: Exchange, digest: str) -> str:
    """Return the digest by which the registry serves a pushed manifest: ``digest``, or one of another algorithm.

    A registry can store everything under sha256, also a manifest whose descriptor has a sha512 digest.

    Source: OCI distribution-spec v1.1.1, "Pushing Manifests"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests>.
    """
    named = pushed.headers.get("Docker-Content-Digest", "")
    return named if is_well_formed(named) and not same_algorithm(named, digest) else digest


def _another(exchange: Exchange, documented: int) -> str:
    return f"{exchange.method} returned {exchange.status}, not {documented}"
