"""Commands that run something on this machine: the embedded registry, the demo, and JupyterLab with the course."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from regtutor.cli.invocation import teaching, tell

_READABLE = click.Path(exists=True, dir_okay=False)

_LIMITS = {
    "max_connections": "The number of connections at once; further connections get 503. Default: up to 1000, and fewer "
    "if the process may open few files.",
    "head_timeout": "Seconds for the head of a request, and for a TLS handshake (408). Default: 30.",
    "body_timeout": "Seconds without a byte after which a body is aborted (408). Default: 60.",
    "idle_timeout": "Seconds for which an unused connection is kept. Default: 300.",
    "least_rate": "Bytes a second that a body must reach on average over a minute (408). Default: 100.",
}


def _limit_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add an option for each limit."""
    for name, text in reversed(_LIMITS.items()):
        kind = click.IntRange(min=1) if name == "max_connections" else click.FloatRange(min=0)
        command = click.option(f"--{name.replace('_', '-')}", name, type=kind, help=text)(command)
    return command


@click.command(short_help="Run the embedded registry.")
@click.option(
    "--root",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for the storage. Default: a temporary folder.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=5000,
    show_default=True,
    help="The port to listen on; 0 means any free port.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on. Beyond loopback, both --tls and --htpasswd are required.",
)
@click.option("--tls", is_flag=True, help="Serve TLS. Without --cert and --key, a certificate is made.")
@click.option("--cert", type=_READABLE, help="The certificate for --tls, with its chain, as PEM.")
@click.option("--key", type=_READABLE, help="The key of --cert, as PEM, without a password.")
@click.option(
    "--htpasswd", type=_READABLE, help="Require a user name and password from this file, made with htpasswd -B."
)
@click.option(
    "--auth",
    type=click.Choice(["basic", "token"]),
    help="Require a password of one of the lessons' users, or a token of the token server at /token.",
)
@click.option(
    "--policy",
    type=_READABLE,
    help="With --auth token: a JSON or TOML file with the users, their rights and the private repositories.",
)
@click.option("--insecure-public", is_flag=True, help="Listen beyond loopback even without --tls or --htpasswd.")
@click.option(
    "--quirks",
    metavar="NAME",
    multiple=True,
    help="Imitate distribution-2.8 or distribution-3.1, or enable a single quirk by its name; repeatable. "
    "Give list to print all names.",
)
@click.option(
    "--deletes/--no-deletes", default=True, show_default=True, help="Whether blobs, manifests and tags can be deleted."
)
@click.option(
    "--chunk-min-length",
    type=click.IntRange(1),
    metavar="BYTES",
    help="Announce the least size of a chunk (OCI-Chunk-Min-Length); smaller chunks are still accepted.",
)
@click.option(
    "--verify-reads",
    is_flag=True,
    help="Compare the bytes of each blob with its digest before it is sent. Manifests are always compared.",
)
@click.option(
    "--sparse-indexes",
    is_flag=True,
    help="Accept an index before the manifests that it lists; by default it is refused.",
)
@click.option(
    "--host-name",
    "hosts",
    metavar="NAME",
    multiple=True,
    help="A host name of the registry, such as that of a proxy in front of it; * for any; repeatable. IP addresses and "
    "names without a dot are accepted anyway. With --tls, --htpasswd or --auth, every name is accepted.",
)
@_limit_options
@teaching
def serve(
    root: Path | None,
    port: int,
    host: str,
    tls: bool,
    cert: str | None,
    key: str | None,
    htpasswd: str | None,
    auth: str | None,
    policy: str | None,
    insecure_public: bool,
    quirks: tuple[str, ...],
    deletes: bool,
    chunk_min_length: int | None,
    verify_reads: bool,
    sparse_indexes: bool,
    hosts: tuple[str, ...],
    **limits: float | None,
) -> None:
    """Run the embedded registry on loopback, and print each request until Ctrl-C."""
    from regtutor.backends.embedded import quirks_listed, serve_embedded

    if "list" in quirks:
        tell(quirks_listed())
        return
    if (cert is None) != (key is None) or (cert is not None and not tls):
        raise click.UsageError("give --cert and --key together, and with --tls")
    if policy is not None and auth != "token":
        raise click.UsageError("--policy needs --auth token: with basic, every user may do everything")
    serve_embedded(
        root,
        port,
        host=host,
        tls=(cert, key) if cert and key else tls,
        htpasswd=htpasswd,
        insecure_public=insecure_public,
        quirks=quirks,
        auth=auth,
        policy=policy,
        deletes=deletes,
        chunk_min_length=chunk_min_length,
        verify_reads=verify_reads,
        sparse_indexes=sparse_indexes,
        hosts=hosts,
        limits={name: value for name, value in limits.items() if value is not None},
        say=tell,
    )


@click.command(short_help="Push the sample image and watch.")
@click.option(
    "--registry", default="auto", show_default=True, help="auto, embedded, in_process, native, container, or a URL."
)
@teaching
def demo(registry: str) -> None:
    """Push the sample image, and print every exchange and the table of headers."""
    from regtutor.lessons.demo import demo as push_sample

    push_sample(registry)


@click.command(short_help="Open the course in JupyterLab.", context_settings={"ignore_unknown_options": True})
@click.option(
    "--to",
    "target",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("regtutor-notebooks"),
    show_default=True,
    help="The folder for the notebooks. Files that you edited there are kept.",
)
@click.argument("jupyter_args", nargs=-1, type=click.UNPROCESSED)
@teaching
def lab(target: Path, jupyter_args: tuple[str, ...]) -> None:
    """Copy the notebooks on first use and open one in JupyterLab: the first, or one that is named.

    Other arguments are passed to JupyterLab.
    """
    from regtutor.lessons.notebooks import open_lab

    sys.exit(open_lab(target, list(jupyter_args)))
