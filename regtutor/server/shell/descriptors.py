"""The number of files and sockets that this process may have open at once."""

from __future__ import annotations

import sys

if sys.platform in ("win32", "emscripten"):

    def descriptor_limit() -> int | None:
        """None: this system sets no limit that matters."""
        return None

else:
    import resource

    def descriptor_limit() -> int | None:
        """The limit of this process, or None if it has none."""
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return None if soft == resource.RLIM_INFINITY else soft
