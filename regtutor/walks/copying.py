"""The copy: from one repository to another, of the same registry or of two, byte for byte.

Requests to the registry that is copied from have the side ``"source"``. Manifests are put as they came, so that the
digests are the same at both ends. A blob is first offered to the target, then mounted where both are one registry, and
only else fetched and sent: through a file, since a request and its answer are one step of a walk, and the bytes of an
answer cannot be the body of a request that comes after it unless they lie somewhere. There is one such file at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import partial

from regtutor.content.image import Layer
from regtutor.content.incoming import Incoming
from regtutor.exchange import Exchange
from regtutor.message import Request
from regtutor.protocol.manifests import Descriptor
from regtutor.steps import draft, put_manifest
from regtutor.walks.answers import expect
from regtutor.walks.driving import Notes, Walk
from regtutor.walks.fetching import fetch_blob, fetch_manifest, verified
from regtutor.walks.indexes import fetch_children
from regtutor.walks.pushing import MOUNT_TRIES, nowhere, push_blob
from regtutor.walks.referring import add_referrer

SOURCE = "source"


def copy(
    source_repository: str,
    reference: str,
    repository: str,
    tag: str,
    incoming: Incoming,
    *,
    mount_from: Callable[[str], Sequence[str]] = nowhere,
) -> Walk:
    """The requests of a copy; of an index every image that it names is copied before it.

    Parameters
    ----------
    source_repository, reference: what to copy: a tag or a digest.
    repository, tag: where to; the tag may be the manifest's digest.
    incoming: where a blob lies while it is between the registries.
    mount_from: digest -> the repositories of the target to try a mount from, in order.

    Returns
    -------
    Notes: one for each layer that is not copied because its manifest says where else its bytes are, and one where the
    list of referrers under the target's referrers tag was changed.

    Raises
    ------
    PullFailed: if the source answers anything that ends the copy.
    PushFailed: the same of the target.
    ContentMismatch: if what the source gives, or what the target says that it stored, is not what its digest says.
    """
    top = yield from fetch_manifest(source_repository, reference, side=SOURCE)
    children = []
    if top.view.kind == "index":
        children = yield from fetch_children(source_repository, top, side=SOURCE)
    blobs = {blob.digest: blob for manifest in (*children, top) for blob in manifest.view.blobs}
    for blob in blobs.values():
        sources = [name for name in mount_from(blob.digest) if name != repository][:MOUNT_TRIES]
        yield from _copy_blob(source_repository, repository, blob, incoming, sources)
    notes: Notes = ()
    for name, manifest in [*((child.digest, child) for child in children), (tag, top)]:
        answer = yield draft(put_manifest, repository, name, manifest)
        expect(answer, 201)
        verified(answer, manifest.data)
        notes += yield from add_referrer(repository, manifest, answer)
    foreign = {layer.digest: layer for one in (*children, top) for layer in one.view.layers if layer.foreign}
    return notes + tuple(
        f"{layer.digest} was not copied: {layer.media_type} layers are fetched from {', '.join(layer.urls)}"
        for layer in foreign.values()
    )


def _copy_blob(
    source_repository: str, repository: str, blob: Descriptor, incoming: Incoming, sources: Sequence[str]
) -> Generator[Request, Exchange, None]:
    fetched = fetch_blob(source_repository, blob, incoming, side=SOURCE)
    path = partial(incoming.path, blob.digest)
    layer = Layer(blob.media_type, blob.digest, blob.size, opener=lambda: path().open("rb"))
    yield from push_blob(repository, layer, sources, before=fetched)
    incoming.drop(blob)
