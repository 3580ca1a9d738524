"""The registry of a lesson that needs one of its own, also where the rest of the course runs on a shared registry."""

from __future__ import annotations

import os
import sys
from typing import Any

from regtutor.backends.opening import BACKENDS, VARIABLE, open_registry
from regtutor.client.registry import Registry


def open_own(which: str, **options: Any) -> Registry:
    """Start a registry for one learner. Instead of one at a URL it starts regtutor's own, and a sentence says so.

    Parameters
    ----------
    which, options: as for ``rt.open_registry``.
    """
    wanted = os.environ.get(VARIABLE) or which if which == "auto" else which
    if wanted in (*BACKENDS, "auto"):
        return open_registry(which, **options)
    print("This lesson needs a registry of its own, so one is started on this computer:")
    return open_registry("in_process" if sys.platform == "emscripten" else "embedded", **options)
