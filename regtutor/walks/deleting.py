"""The end of an image: which manifest it is, what it refers to, and away with it."""

from __future__ import annotations

from regtutor.errors import DeleteFailed, InvalidArgument, InvalidManifest
from regtutor.exchange import Exchange
from regtutor.protocol.manifests import ManifestView, parse_manifest
from regtutor.steps import delete_manifest, draft, get_manifest, head_manifest
from regtutor.walks.answers import expect, stop
from regtutor.walks.driving import Walk
from regtutor.walks.referring import drop_referrer

_SWITCHED_OFF = "Deletion is switched off there (Distribution: storage.delete.enabled), or not permitted to you"
_BY_DIGEST_ONLY = (
    "This registry deletes manifests by digest only, and with one go all tags that point to it: "
    "delete the image itself if that is meant"
)


def delete(repository: str, reference: str, *, tag_only: bool = False) -> Walk:
    """The requests of a deletion: HEAD for the digest, GET for what it refers to, DELETE by the digest.

    Every tag that points to the manifest goes with it. If it refers to another one, and the registry has no API for
    referrers, it is taken out of the list that clients keep. Blobs stay until the registry collects its garbage.

    Parameters
    ----------
    repository, reference: what to delete: a tag or a digest.
    tag_only: delete the tag alone, and let the manifest and its other tags be; not every registry does that.

    Returns
    -------
    Notes: what was deleted, and what stays; also which list of referrers could not be brought up to date.

    Raises
    ------
    DeleteFailed: if the registry does not have it, or does not delete it.
    InvalidArgument: if ``tag_only`` is asked for and ``reference`` is a digest.

    Source: OCI distribution-spec v1.1.1, "Content Management"
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#content-management>.
    """
    if tag_only:
        _must_be_tag(reference)
        answer = yield draft(delete_manifest, repository, reference)
        if answer.status in (400, 405):
            stop(answer, _BY_DIGEST_ONLY, DeleteFailed)
        expect(answer, 202, kind=DeleteFailed)
        return (f"The tag {reference} is gone; what it pointed to is still there",)
    answer = yield draft(head_manifest, repository, reference)
    expect(answer, 200, kind=DeleteFailed)
    digest = answer.headers.get("Docker-Content-Digest") or (reference if ":" in reference else "")
    answer = yield draft(get_manifest, repository, digest or reference)
    expect(answer, 200, kind=DeleteFailed)
    digest, view = digest or _digest(answer), _view(answer)
    answer = yield draft(delete_manifest, repository, digest)
    if answer.status in (400, 405):
        stop(answer, _SWITCHED_OFF, DeleteFailed)
    expect(answer, 202, kind=DeleteFailed)
    notes = [f"{digest} is gone, and so is every tag that pointed to it"]
    if view is not None and view.manifests:
        notes.append(f"The {len(view.manifests)} manifests that it names are still there")
    if view is not None and view.subject is not None:
        notes += yield from drop_referrer(repository, view.subject.digest, digest)
    return tuple(notes)


def _must_be_tag(reference: str) -> None:
    """A DELETE by digest would take the manifest away, and every tag that points to it."""
    if ":" in reference:
        raise InvalidArgument(
            f"{reference} is no tag",
            "with tag_only a tag is deleted and its manifest stays; a digest is the manifest itself",
            "Name the tag, or leave tag_only out to delete the manifest with every tag that points to it",
        )


def _digest(answer: Exchange) -> str:
    return (answer.response.body.digest if answer.response else None) or ""


def _view(answer: Exchange) -> ManifestView | None:
    try:
        return parse_manifest(answer.content)
    except InvalidManifest:
        return None  # it can be deleted all the same
