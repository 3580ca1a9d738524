"""A push that the tests of the views look at."""

from __future__ import annotations

import pytest

from regtutor.backends.opening import open_registry
from regtutor.content.sample import sample_image
from regtutor.exchange import Transcript
from regtutor.pushing import push_image


@pytest.fixture(scope="session")
def pushed() -> Transcript:
    """A push of the sample image to the embedded registry."""
    with open_registry("embedded", quiet=True) as registry:
        return push_image(registry, sample_image(), "library/hello", "v1")
