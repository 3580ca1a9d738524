"""What is in a registry: the tags of a repository, what refers to a manifest; and the end of either."""

from __future__ import annotations

import click

from regtutor.cli.command import Asking, asking, teaching


@click.command()
@click.argument("repository", metavar="HOST/REPOSITORY")
@asking
@teaching
def tags(repository: str, asking: Asking) -> None:
    """List the tags of a repository, one in a line; a list in several pages is followed to its end."""
    from regtutor import run
    from regtutor.protocol.references import parse_repository
    from regtutor.walks import tags as walk

    host, name = parse_repository(repository)
    listed: list[str] = []
    with asking.connect(host, name) as reg, asking.traced() as keep:
        keep(run(walk(name, listed), reg, watch=asking.watch, title=f"tags of {name} on {reg.name}"))
    for tag in listed:
        click.echo(tag)


@click.command()
@click.argument("reference", metavar="HOST/REPOSITORY@DIGEST")
@click.option("--artifact-type", help="Only those of this type.")
@asking
@teaching
def referrers(reference: str, artifact_type: str | None, asking: Asking) -> None:
    """List what refers to a manifest, such as signatures: the digest and the artifact type, one in a line.

    Where the registry has no referrers API, the list under the referrers tag is read. regtutor inspect tells a tag's
    digest.
    """
    from regtutor import list_referrers
    from regtutor.protocol.references import parse_reference

    host, repository, named = parse_reference(reference, digest=True)
    if ":" not in named:
        raise click.BadParameter("referrers are those of a digest: see regtutor inspect for that of a tag")
    with asking.connect(host, repository) as reg, asking.traced() as keep:
        found = list_referrers(reg, repository, named, artifact_type, watch=asking.watch)
        keep(found.transcript)
    for descriptor in found:
        click.echo(f"{descriptor.digest}  {descriptor.artifact_type}".rstrip())


@click.command()
@click.argument("reference", metavar="HOST/REPOSITORY:TAG|@DIGEST")
@click.option("--tag-only", is_flag=True, help="Delete the tag alone; not every registry does that.")
@asking
@teaching
def delete(reference: str, tag_only: bool, asking: Asking) -> None:
    """Delete an image and every tag that points to it; its blobs stay until the registry collects its garbage.

    A tag or a digest must be named. The last line, on standard output, is what was deleted.
    """
    from regtutor import delete_image
    from regtutor.protocol.references import parse_reference

    host, repository, named = parse_reference(reference, digest=True, default="")
    if tag_only and ":" in named:
        raise click.BadParameter("--tag-only needs a tag")
    with asking.connect(host, repository) as reg, asking.traced() as keep:
        transcript = delete_image(reg, repository, named, tag_only=tag_only, watch=asking.watch)
        keep(transcript)
    click.echo(next(e.target for e in transcript if e.step == "delete_manifest").rpartition("/")[2])
