"""Commands for the content of a repository: list tags, list referrers, delete images and tags."""

from __future__ import annotations

import click

from regtutor.cli.invocation import Asking, asking, reference_named, repository_named, teaching, tell


@click.command(short_help="List the tags of a repository.")
@click.argument("repository", metavar="HOST/REPOSITORY")
@asking
@teaching
def tags(repository: str, asking: Asking) -> None:
    """List all tags of a repository, one per line. All pages of a paginated list are fetched."""
    from regtutor import run
    from regtutor.walks import tags as walk

    host, name = repository_named(repository)
    listed: list[str] = []
    with asking.connect(host, name) as reg, asking.traced() as keep:
        keep(run(walk(name, listed), reg, watch=asking.watch, title=f"tags of {name} on {reg.name}"))
    for tag in listed:
        tell(tag)


@click.command(short_help="List signatures and other referrers.")
@click.argument("reference", metavar="HOST/REPOSITORY@DIGEST")
@click.option("--artifact-type", help="List only referrers of this artifact type.")
@asking
@teaching
def referrers(reference: str, artifact_type: str | None, asking: Asking) -> None:
    """List the referrers of a manifest, such as signatures: digest and artifact type, one per line.

    If the registry has no referrers API, the list under the referrers tag is read. To find the digest of a tag, use
    regtutor inspect.
    """
    from regtutor import list_referrers

    host, repository, named = reference_named(reference, digest=True)
    if ":" not in named:
        raise click.BadParameter("referrers needs a digest; regtutor inspect shows the digest of a tag")
    with asking.connect(host, repository) as reg, asking.traced() as keep:
        found = list_referrers(reg, repository, named, artifact_type, watch=asking.watch)
        keep(found.transcript)
    for descriptor in found:
        tell(f"{descriptor.digest}  {descriptor.artifact_type}".rstrip())


@click.command(short_help="Delete an image or a tag.")
@click.argument("reference", metavar="HOST/REPOSITORY:TAG|@DIGEST")
@click.option("--tag-only", is_flag=True, help="Delete only the tag. Not every registry supports this.")
@asking
@teaching
def delete(reference: str, tag_only: bool, asking: Asking) -> None:
    """Delete an image and every tag that points to it. Its blobs stay until the registry collects garbage.

    A tag or a digest is required. The last line, on standard output, is the deleted digest or tag.
    """
    from regtutor import delete_image

    host, repository, named = reference_named(reference, digest=True, default="")
    if tag_only and ":" in named:
        raise click.BadParameter("--tag-only needs a tag")
    with asking.connect(host, repository) as reg, asking.traced() as keep:
        transcript = delete_image(reg, repository, named, tag_only=tag_only, watch=asking.watch)
        keep(transcript)
    tell(next(e.target for e in transcript if e.step == "delete_manifest").rpartition("/")[2])
