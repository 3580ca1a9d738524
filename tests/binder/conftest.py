"""What playing a Binder session needs is what building the package needs."""

from tests.packaging.conftest import package_index, uv

__all__ = ["package_index", "uv"]
