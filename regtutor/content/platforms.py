"""Platforms: how one is written, what this machine is, and which of several is meant.

Source: OCI image-spec v1.1.1, image-index.md, section "Image Index Property Descriptions"; names are those of Go's
GOOS and GOARCH.
"""

from __future__ import annotations

import platform as machine
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
"""What a machine calls itself (lower case), and the platform whose containers run there: containers are Linux."""

_ARCHITECTURES = frozenset({one.architecture for one in ARCHITECTURES.values()}) | {"loong64", "mips64le", "ppc64"}
"""What may stand alone, without an operating system."""

_DEFAULT_VARIANTS = {"arm64": "v8", "amd64": "v1", "arm": "v7"}


def machine_platform() -> Platform:
    """The platform of this machine's containers; linux/amd64 where the machine is not known (such as a browser)."""
    return ARCHITECTURES.get(machine.machine().lower(), ARCHITECTURES["amd64"])


def parse_platform(text: str | Platform) -> Platform:
    """``text`` such as ``linux/arm64``, ``linux/arm/v7`` or ``arm64`` (of linux) as a platform.

    Raises
    ------
    NoSuchPlatform: if it is none; a single word must be an architecture that is known here.
    """
    if isinstance(text, Platform):
        return text
    parts = text.split("/")
    if len(parts) == 1 and text in _ARCHITECTURES:
        return Platform("linux", text)
    if len(parts) in (2, 3) and all(parts):
        return Platform(*parts)
    raise NoSuchPlatform(
        f"{text!r} is no platform",
        "one is os/architecture or os/architecture/variant, or an architecture of linux alone",
        "Write it like linux/arm64, linux/arm/v7 or arm64",
    )


def matches(wanted: Platform, found: Platform | None) -> bool:
    """Whether ``found`` is what was ``wanted``; no variant means the usual one."""
    if found is None or (found.os, found.architecture) != (wanted.os, wanted.architecture):
        return False
    usual = _DEFAULT_VARIANTS.get(wanted.architecture, "")
    return not wanted.variant or wanted.variant == (found.variant or usual)


def shown(platforms: Sequence[Platform | None]) -> str:
    """A list of platforms in words, each once."""
    return ", ".join(sorted({str(found) if found else "unknown" for found in platforms})) or "none"
