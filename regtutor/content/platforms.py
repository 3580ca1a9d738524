"""Platforms: parsing, the platform of this machine, and matching.

Source: OCI image-spec v1.1.1, image-index.md, section "Image Index Property Descriptions"; the names are those of
GOOS and GOARCH in Go.
"""

from __future__ import annotations

import platform as machine
import re
from collections.abc import Sequence

from regtutor.errors import NoSuchPlatform
from regtutor.protocol.manifests import Platform

ARCHITECTURES = {
    "x86_64": Platform("linux", "amd64"),
    "amd64": Platform("linux", "amd64"),
    "aarch64": Platform("linux", "arm64"),
    "arm64": Platform("linux", "arm64"),
    "armv7l": Platform("linux", "arm", "v7"),
    "armv6l": Platform("linux", "arm", "v6"),
    "i686": Platform("linux", "386"),
    "i386": Platform("linux", "386"),
    "ppc64le": Platform("linux", "ppc64le"),
    "s390x": Platform("linux", "s390x"),
    "riscv64": Platform("linux", "riscv64"),
}
"""The machine name (lowercase), and the platform whose containers run there; containers are always Linux."""

_ARCHITECTURES = frozenset({one.architecture for one in ARCHITECTURES.values()}) | {"loong64", "mips64le", "ppc64"}
"""The architectures that can be given without an operating system."""

_DEFAULT_VARIANTS = {"arm64": "v8", "amd64": "v1", "arm": "v7"}


def machine_platform() -> Platform:
    """Return the platform of containers on this machine; linux/amd64 if the machine is unknown, such as a browser."""
    return ARCHITECTURES.get(machine.machine().lower(), ARCHITECTURES["amd64"])


def parse_platform(text: str | Platform) -> Platform:
    """Parse a platform such as ``linux/arm64``, ``linux/arm/v7`` or ``arm64`` (which means linux/arm64).

    A version of the operating system comes after a colon, ``windows/amd64:10.0.20348``, or in parentheses as containerd
    writes it, ``windows(10.0.20348)/amd64``.

    Raises
    ------
    NoSuchPlatform: if ``text`` is malformed; a single word must be a known architecture.
    """
    if isinstance(text, Platform):
        return text
    name, version = _version(text)
    parts = name.split("/")
    if len(parts) == 1 and text in _ARCHITECTURES:
        return Platform("linux", text)
    if len(parts) in (2, 3) and all(re.fullmatch(r"[A-Za-z0-9._-]+", part) for part in parts):
        os, architecture, variant = (*parts, "")[:3]
        return Platform(os, architecture, variant, version)
    raise NoSuchPlatform(
        f"{text!r} is not a platform",
        "a platform is os/architecture, os/architecture/variant, or a known architecture alone (of linux)",
        "Write linux/arm64, linux/arm/v7, arm64 or windows/amd64:10.0.20348, for example",
    )


def _version(text: str) -> tuple[str, str]:
    """Return a platform without the version of its operating system, and the version."""
    if found := re.fullmatch(r"([^/()]+)\(([^/()]+)\)(/.+)", text):
        return found[1] + found[3], found[2]
    name, _, version = text.partition(":")
    return (name, version) if version and "/" in name else (text, "")


def matches(wanted: Platform, found: Platform | None) -> bool:
    """Whether ``found`` matches ``wanted``, which without a variant or a version of the operating system matches any.

    ``found`` without a variant has the usual variant of its architecture. A version can be given without its last
    parts: 10.0.20348 matches 10.0.20348.2000.
    """
    if found is None or (found.os, found.architecture) != (wanted.os, wanted.architecture):
        return False
    if wanted.os_version and not f"{found.os_version}.".startswith(f"{wanted.os_version}."):
        return False
    usual = _DEFAULT_VARIANTS.get(wanted.architecture, "")
    return not wanted.variant or wanted.variant == (found.variant or usual)


def shown(platforms: Sequence[Platform | None]) -> str:
    """Return a list of platforms as text, each one once."""
    return ", ".join(sorted({str(found) if found else "unknown" for found in platforms})) or "none"
