"""The registry image for a container is the one of tests/backends: built from Debian's binary, not downloaded."""

from tests.backends.conftest import image

__all__ = ["image"]
