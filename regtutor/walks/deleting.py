"""Deleting an image: resolve its digest, read its subject, delete the manifest, check that it is gone."""

from __future__ import annotations

from collections.abc import Callable

from regtutor.client.registry import Registry
from regtutor.errors import DeleteFailed, InvalidArgument, InvalidManifest
from regtutor.exchange import Exchange, Transcript
from regtutor.protocol.manifests import ManifestView, parse_manifest
from regtutor.steps import delete_manifest, draft, get_manifest, head_manifest
from regtutor.steps.sender import needs_registry
from regtutor.walks.driving import Walk, run
from regtutor.walks.existence import check_manifest_gone
from regtutor.walks.expected_status import expect, stop
from regtutor.walks.redirects import follows_redirects
from regtutor.walks.referring import drop_referrer

_SWITCHED_OFF = (
    "Deletion is switched off there (Distribution: storage.delete.enabled), or you are not allowed to delete"
)
_BY_DIGEST_ONLY = (
    "This registry deletes manifests by digest only, together with all tags that point to them: "
    "delete the image itself if you intend that"
)

_NOT_A_MANIFEST = "The response names no digest, and its body is not a manifest, so nothing was deleted"


@needs_registry
def delete_image(
    reg: Registry,
    repository: str,
    reference: str,
    *,
    tag_only: bool = False,
    watch: Callable[[Exchange], None] | None = None,
) -> Transcript:
    """Delete an image, an index or an artifact: HEAD, GET for the subject, DELETE by the digest, HEAD to check.

    This also removes every tag that points to the manifest. If the manifest has a subject and the registry has no
    referrers API, the walk removes it from the list of referrers too. Blobs stay until the registry's garbage
    collection. After the DELETE, a HEAD of the digest, and of the tag if one was given, checks that they are gone.

    Parameters
    ----------
    reg: the registry.
    repository, reference: what to delete: a tag or a digest.
    tag_only: delete only the tag, and keep the manifest and its other tags; not every registry supports this.
    watch: called with each exchange as soon as it is made.

    Returns
    -------
    The transcript of every request that was made. Its notes list what was deleted and what stays, and say whether a
    list of referrers still names the manifest because the list could not be changed.

    Raises
    ------
    DeleteFailed: if the registry does not have the manifest, does not delete it, or still serves it after the DELETE,
        by its digest or by the tag.
    InvalidArgument: if ``tag_only`` is set and ``reference`` is a digest; no request was sent.
    ConnectionFailed: if the registry could not be reached.

    Source: OCI distribution-spec v1.1.1, "Content Management"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#content-management>.
    """
    title = f"deletion of {reference} in {repository} on {reg.name}"
    return run(delete(repository, reference, tag_only=tag_only), reg, watch=watch, title=title)


@follows_redirects
def delete(repository: str, reference: str, *, tag_only: bool = False) -> Walk:
    """The walk of :func:`delete_image`, with the same parameters."""
    if tag_only:
        _must_be_tag(reference)
        response = yield draft(delete_manifest, repository, reference)
        if response.status in (400, 405):
            stop(response, _BY_DIGEST_ONLY, DeleteFailed)
        unchecked = yield from check_manifest_gone(response, repository, reference)
        return (f"The tag {reference} was deleted; the manifest that it pointed to still exists", *unchecked)
    response = yield draft(head_manifest, repository, reference)
    expect(response, 200, kind=DeleteFailed)
    digest = response.headers.get("Docker-Content-Digest") or (reference if ":" in reference else "")
    response = yield draft(get_manifest, repository, digest or reference)
    expect(response, 200, kind=DeleteFailed)
    view = _view(response)
    digest = digest or _digest(response, view)
    response = yield draft(delete_manifest, repository, digest)
    if response.status in (400, 405):
        stop(response, _SWITCHED_OFF, DeleteFailed)
    tag = "" if ":" in reference else reference
    unchecked = yield from check_manifest_gone(response, repository, digest, tag)
    notes = [f"{digest} was deleted, and so was every tag that pointed to it", *unchecked]
    if view is not None and view.manifests:
        notes.append(f"The {len(view.manifests)} manifests that it names still exist")
    if view is not None and view.subject is not None:
        notes += yield from drop_referrer(repository, view.subject.digest, digest)
    return tuple(notes)


def _must_be_tag(reference: str) -> None:
    """Raise InvalidArgument for a digest: its DELETE would remove the manifest and every tag that points to it."""
    if ":" in reference:
        raise InvalidArgument(
            f"{reference} is not a tag",
            "tag_only deletes a tag and keeps its manifest, but a digest names the manifest itself",
            "Give the tag, or leave tag_only out to delete the manifest with every tag that points to it",
        )


def _digest(exchange: Exchange, view: ManifestView | None) -> str:
    """Return the digest of the bytes, if they are a manifest: no other bytes name something to delete."""
    digest = (exchange.response.body.digest if exchange.response else None) or ""
    if view is None or not digest:
        stop(exchange, _NOT_A_MANIFEST, DeleteFailed)
    return digest


def _view(exchange: Exchange) -> ManifestView | None:
    try:
        return parse_manifest(exchange.content)
    except InvalidManifest:
        return None  # it can still be deleted
