"""Commands for whole images: push, pull, copy and inspect."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from regtutor.cli.invocation import Asking, asking, reference_named, teaching, tell

if TYPE_CHECKING:
    from regtutor.client.registry import Registry
    from regtutor.exchange import Transcript

ALL = "all"


@click.command(short_help="Push an image from this machine.")
@click.argument("image", type=click.Path(path_type=Path))
@click.argument("reference", metavar="HOST/REPOSITORY[:TAG]")
@click.option("--name", help="The image in the archive or layout, by its tag, its reference name or its digest.")
@click.option(
    "--platform", help="The image of an index, by its platform such as linux/arm64 or windows/amd64:10.0.20348, or all."
)
@click.option(
    "--mount-from", metavar="REPOSITORY", multiple=True, help="Try to mount blobs from this repository; repeatable."
)
@click.option(
    "--upload",
    type=click.Choice(["monolithic", "chunked", "streamed"]),
    default="monolithic",
    show_default=True,
    help="How to send blobs: in one PUT, in chunks, or in one PATCH without a stated length.",
)
@click.option(
    "--chunk-size",
    type=click.IntRange(1),
    default=4 * 1024 * 1024,
    show_default=True,
    metavar="BYTES",
    help="The size of a chunk, for --upload chunked.",
)
@click.option(
    "--expect/--no-expect",
    default=True,
    show_default=True,
    help="Whether to wait for 100 Continue before a blob is sent in one PUT, so that a refusal costs no upload.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 8),
    default=1,
    show_default=True,
    help="The number of blobs to push at the same time. With 1, the requests are sent one after another.",
)
@asking
@teaching
def push(
    image: Path,
    reference: str,
    name: str | None,
    platform: str | None,
    mount_from: tuple[str, ...],
    upload: str,
    chunk_size: int,
    expect: bool,
    jobs: int,
    asking: Asking,
) -> None:
    """Push IMAGE, an OCI layout (folder or tar) or a docker save archive.

    Requests to HOST use plain HTTP on loopback, and HTTPS elsewhere or with --ca-file. To choose, write the scheme
    before HOST: http:// for plain HTTP elsewhere, https:// for TLS on loopback. The default tag is latest.

    Each request is reported on standard error as it is made. The last line, on standard output, is the digest of the
    pushed image or index.
    """
    from regtutor import load_image, load_index, push_image

    host, repository, tag = reference_named(reference)
    loaded = load_index(image, name=name) if platform == ALL else load_image(image, platform=platform, name=name)
    with asking.connect(host, repository) as reg, asking.traced() as keep:
        transcript = push_image(
            reg,
            loaded,
            repository,
            tag,
            mount_from=mount_from or None,
            upload=upload,
            chunk_size=chunk_size,
            expect_continue=expect,
            jobs=jobs,
            progress=not asking.quiet,
            watch=asking.watch,
        )
        keep(transcript)
        tell(_stored(transcript, tag, loaded.digest))


def _stored(transcript: Transcript, tag: str, digest: str) -> str:
    """Return the digest by which the registry serves the manifest that was pushed as ``tag``."""
    from regtutor.walks.existence import digest_at_registry

    pushed = [e for e in transcript if e.step == "put_manifest" and e.target.rpartition("/")[2] == tag]
    return digest_at_registry(pushed[-1], digest) if pushed else digest


@click.command(short_help="Pull an image to this machine.")
@click.argument("reference", metavar="HOST/REPOSITORY[:TAG|@DIGEST]")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--platform",
    help="The image of an index, by its platform such as linux/arm64, or all. Default: this machine's platform.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["oci", "oci-archive", "docker-archive"]),
    default="oci",
    show_default=True,
    help="An OCI layout in the folder PATH, the same in a tar file, or a tar file for docker load.",
)
@asking
@teaching
def pull(reference: str, path: Path, platform: str | None, form: str, asking: Asking) -> None:
    """Pull an image and write it to PATH. Each digest is verified, and PATH changes only when the image is complete.

    After an interruption, the content received so far is kept next to PATH, and the same command resumes from it. The
    last line, on standard output, is the digest of the pulled image or index.
    """
    from regtutor import pull_image
    from regtutor.content.platforms import parse_platform

    host, repository, named = reference_named(reference, digest=True)
    wanted = platform if platform in (None, ALL) else parse_platform(platform or "")
    with asking.connect(host, repository) as reg, asking.traced() as keep:
        transcript = pull_image(
            reg,
            repository,
            named,
            path,
            platform=wanted,
            format=form,
            progress=not asking.quiet,
            watch=asking.watch,
        )
        keep(transcript)
        tell(_pulled(transcript, platform))


def _pulled(transcript: Transcript, platform: str | None) -> str:
    """Return the digest of the pulled manifest: the last one requested, or the first if the whole index was pulled."""
    manifests = [exchange for exchange in transcript if exchange.step == "get_manifest" and exchange.status == 200]
    exchange = manifests[0 if platform == ALL else -1]
    body = exchange.response.body if exchange.response else None
    return exchange.headers.get("Docker-Content-Digest") or (body and body.digest) or ""


@click.command(short_help="Copy an image between registries.")
@click.argument("source", metavar="HOST/REPOSITORY[:TAG|@DIGEST]")
@click.argument("target", metavar="HOST/REPOSITORY[:TAG]")
@click.option(
    "--source-username",
    help="The user name for the first HOST. Default: none, or that of --username if both are the same HOST.",
)
@asking
@teaching
def copy(source: str, target: str, source_username: str | None, asking: Asking) -> None:
    """Copy an image, or an index with all its images, byte for byte. The digests do not change.

    The default tag of both is latest. Blobs that the target already has are not sent; within one registry, blobs are
    mounted. The last line, on standard output, is the digest of the copied image or index.

    --username is the user name for the target, and -H is for the target only. Each password is one line of standard
    input: first the password for --source-username, then the one for --username.
    """
    from regtutor import copy_image

    source_host, source_repository, named = reference_named(source, digest=True)
    host, repository, tag = reference_named(target)
    with ExitStack() as stack:
        source_end = stack.enter_context(asking.anonymous(source_host, extra=source_host == host))
        target_end = stack.enter_context(asking.anonymous(host))
        named_in = (source_repository, repository)
        reg_from, reg = _source_and_target(asking, source_end, target_end, source_username, named_in)
        keep = stack.enter_context(asking.traced())
        transcript = copy_image(
            reg_from,
            source_repository,
            named,
            reg,
            repository,
            tag,
            progress=not asking.quiet,
            watch=asking.watch,
        )
        keep(transcript)
        tell(_stored(transcript, tag, _pulled(transcript, ALL)))


def _source_and_target(
    asking: Asking, source: Registry, target: Registry, source_username: str | None, repositories: tuple[str, str]
) -> tuple[Registry, Registry]:
    """Return both with their credentials. The target's are never sent to a source that is another registry."""
    same = (source.url.lower(), source.credentials) == (target.url.lower(), target.credentials)
    given = asking.username is not None or asking.token is not None
    if same and given and source_username in (None, asking.username):
        both = asking.authenticated(target, repositories[1], asking.username, asking.token)
        return both, both
    first = asking.authenticated(source, repositories[0], source_username)
    return first, asking.authenticated(target, repositories[1], asking.username, asking.token)


@click.command(short_help="Show the content of a tag or a digest.")
@click.argument("reference", metavar="HOST/REPOSITORY[:TAG|@DIGEST]")
@click.option("--raw", is_flag=True, help="Print the manifest's bytes and nothing else.")
@asking
@teaching
def inspect(reference: str, raw: bool, asking: Asking) -> None:
    """Show the content behind a tag or a digest: config and layers of an image, or the platforms of an index."""
    from regtutor import inspect_image

    host, repository, named = reference_named(reference, digest=True)
    with asking.connect(host, repository) as reg, asking.traced() as keep:
        found = inspect_image(reg, repository, named, watch=asking.watch)
        keep(found.transcript)
    if raw:
        click.echo(found.manifest.data, nl=False)
    else:
        tell(str(found))
