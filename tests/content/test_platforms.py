"""How a platform is written, and what is none."""

from __future__ import annotations

import pytest

from regtutor.content.platforms import ARCHITECTURES, parse_platform
from regtutor.errors import NoSuchPlatform
from regtutor.protocol.manifests import Platform


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("linux/arm64", Platform("linux", "arm64")),
        ("linux/arm/v7", Platform("linux", "arm", "v7")),
        ("windows/amd64", Platform("windows", "amd64")),
        ("linux/of-tomorrow", Platform("linux", "of-tomorrow")),
        ("s390x", Platform("linux", "s390x")),
        ("loong64", Platform("linux", "loong64")),
    ],
)
def test_a_platform_is_os_architecture_and_variant_or_an_architecture_of_linux(text: str, platform: Platform) -> None:
    assert parse_platform(text) == parse_platform(platform) == platform


@pytest.mark.parametrize("platform", ARCHITECTURES.values())
def test_every_machine_s_platform_can_be_written(platform: Platform) -> None:
    assert parse_platform(str(platform)) == platform


@pytest.mark.parametrize("text", ["bogus", "linux", "", "/", "linux/", "/arm64", "linux//v7", "linux/arm/v7/x"])
def test_what_is_no_platform_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(NoSuchPlatform, match=r"is not a platform: .*linux/arm64"):
        parse_platform(text)
