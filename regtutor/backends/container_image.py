"""The container image of the registry: find one, build one from a local binary, or pull one if requested."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from regtutor.backends import distribution
from regtutor.backends.engine import Engine
from regtutor.backends.keeper import Keeper, Ran
from regtutor.backends.reachability import trouble_reaching
from regtutor.errors import BackendFailed, BackendMissing, UnknownOption

BUILT = "localhost/regtutor-registry:latest"
PRESENT = (BUILT, "docker.io/library/registry:2", "docker.io/library/registry:3")
"""The images that are used if the engine has them, in this order."""

VARIABLE = "REGTUTOR_IMAGE"
"""The environment variable that names the image to use by default, here and for ``compose.yaml``."""

OFFICIAL = "docker.io/library/registry"
"""The repository of the project's own images; a version is a tag of it."""

BUILD_SECONDS = 120.0
PULL_SECONDS = 600.0
UNREACHABLE_SECONDS = 3.0

_VERSION = re.compile(r"[0-9]+(?:[.-][0-9A-Za-z]+)*")
_ELF = b"\x7fELF"
_LIBRARY = re.compile(r"^[ \t]*(?:\S+ => )?(/\S+) \(0x", re.MULTILINE)

_TWO_CALLS = (
    'Build it from the registry binary of this machine: rt.open_registry("container", build=True). '
    'Or download it: rt.open_registry("container", pull=True)'
)
_NO_NETWORK = (
    "Check this machine's network or proxy, or build an image from a local binary: "
    'rt.open_registry("container", build=True)'
)


def image_of_version(version: str, image: str | None = None) -> str:
    """Return the name of the official image of a ``version``, such as ``"2"``, ``"3"`` or ``"3.1.1"``.

    Raises
    ------
    UnknownOption: if ``version`` cannot be a tag, or ``image`` is given as well.
    """
    if image is not None or not _VERSION.fullmatch(str(version)):
        raise UnknownOption(
            f"version={version!r} names no image" if image is None else "version= and image= were both given",
            f"a version is a tag of {OFFICIAL}, such as 2 or 3.1.1; image= is the whole name of an image",
            'Write rt.open_registry("container", version="3"), or give image= alone',
        )
    return f"{OFFICIAL}:{version}"


def present_image(engine: Engine, image: str | None = None) -> str | None:
    """Return ``image``, or the first image of :data:`PRESENT`, that the engine has; else None."""
    return next((name for name in ((image,) if image else PRESENT) if engine.has_image(name)), None)


def need_image(engine: Engine, image: str | None = None) -> str:
    """Return the same image as :func:`present_image`, or raise an error that explains how to get one.

    Raises
    ------
    BackendMissing: if the engine has no such image; the error contains the two calls that get one.
    """
    image = image or os.environ.get(VARIABLE)
    found = present_image(engine, image)
    if found is None:
        looked_for = image or f"any of {', '.join(PRESENT)}"
        next_ = _version_calls(image) if image and image.startswith(f"{OFFICIAL}:") else _TWO_CALLS
        raise BackendMissing("No registry image is available", f"{engine.name} does not have {looked_for}", next_)
    return found


def _version_calls(image: str) -> str:
    version = image.rpartition(":")[2]
    return (
        f'Download it: rt.open_registry("container", version="{version}", pull=True). Or run a binary of that version: '
        'rt.open_registry("native", binary="/path/to/registry")'
    )


def build_image(engine: Engine, keeper: Keeper, binary: str | Path | None = None, image: str | None = None) -> str:
    """Build an image with a registry binary of this machine, and return its name. Nothing is downloaded.

    Raises
    ------
    BackendMissing: if no binary is found, or the binary does not run in a Linux container.
    BackendFailed: if the engine cannot build the image; the error contains the output of the engine.
    """
    program = distribution.find_binary(binary)
    context = keeper.directory("build")
    lay_out(program, context)
    name = image or BUILT
    ran = keeper.run(
        [engine.program, "build", "--tag", name, "--file", str(context / "Containerfile"), str(context)],
        limit=BUILD_SECONDS,
    )
    if ran.status != 0:
        raise _failed(f"The image {name} could not be built", ran, BUILD_SECONDS, "Read the output of the engine below")
    return name


def lay_out(program: Path, context: Path) -> None:
    """Write the build context: the Containerfile, and ``rootfs/`` with the binary, its libraries and its configuration.

    Raises
    ------
    BackendMissing: if the binary is not a Linux binary.
    """
    with program.open("rb") as start:
        if start.read(len(_ELF)) != _ELF:
            raise BackendMissing(
                f"{program} does not run in a container",
                "it is not a Linux binary",
                'Use rt.open_registry("container", pull=True), or binary= with a Linux binary',
            )
    root = context / "rootfs"
    wanted = {"bin/registry": program, "regtutor/config.yml": distribution.CONFIG}
    wanted |= {library.lstrip("/"): Path(library) for library in libraries(program)}
    for inside, source in wanted.items():
        (root / inside).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, root / inside)
        (root / inside).chmod(0o644 if inside.endswith(".yml") else 0o755)
    (root / "var/lib/registry").mkdir(parents=True)
    shutil.copyfile(distribution.CONTAINER_FILES / "Containerfile", context / "Containerfile")


def libraries(program: Path) -> list[str]:
    """Return the shared libraries and the loader of a binary, from ``ldd``; an empty list for a static binary."""
    try:
        done = subprocess.run(["ldd", str(program)], stdin=subprocess.DEVNULL, capture_output=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BackendMissing(
            f"The libraries of {program} cannot be determined",
            f"ldd failed: {error}",
            'Use rt.open_registry("container", pull=True)',
        ) from error
    return _LIBRARY.findall(done.stdout.decode(errors="replace"))


def pull_image(engine: Engine, keeper: Keeper, pull: str | bool = True) -> str:
    """Download an image and return its name.

    Parameters
    ----------
    pull: True for registry:2, or a reference such as ``registry:3`` or ``mirror.example/library/registry:2``.

    Raises
    ------
    BackendFailed: if it cannot be downloaded; the error contains the output of the engine.
    """
    reference = "registry:2" if pull is True else str(pull)
    name = reference if "/" in reference else f"docker.io/library/{reference}"
    # An engine may still have it from a mirror, so it has a few seconds even if the host cannot be reached.
    unreachable = trouble_reaching(name)
    limit = UNREACHABLE_SECONDS if unreachable else PULL_SECONDS
    ran = keeper.run([engine.program, "pull", *engine.plain_http(name), name], limit=limit)
    if ran.status != 0 and unreachable:
        raise BackendFailed(f"The image {name} could not be pulled", unreachable, _NO_NETWORK)
    if ran.status != 0:
        raise _failed(
            f"The image {name} could not be pulled",
            ran,
            PULL_SECONDS,
            "Check the name and the network connection, or build an image from a local binary: "
            'rt.open_registry("container", build=True)',
        )
    return name


def _failed(what: str, ran: Ran, limit: float, next: str) -> BackendFailed:
    why = f"It took more than {limit:g} s" if ran.status is None else f"The engine ended with status {ran.status}"
    return BackendFailed(what, why, next, log="\n".join(ran.output.splitlines()[-distribution.LOG_LINES :]))
