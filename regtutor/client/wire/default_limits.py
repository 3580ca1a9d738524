"""The limits of one response, where the caller gives no others; :mod:`regtutor.client.wire.limits` applies them.

They are in a module of their own, because the command line shows them in its help and needs no transport for that.
"""

from __future__ import annotations

CONNECT_TIMEOUT = 10.0
"""Seconds to connect."""

READ_TIMEOUT = 60.0
"""Seconds that can pass without a byte."""

DEADLINE = 300.0
"""Seconds from the end of the request to the end of a response that is small by nature."""

SMALL_BODY = 16 * 1024 * 1024
"""Bytes of the body of such a response."""

BLOB = 64 * 1024 * 1024 * 1024
"""Bytes of a blob whose size is not known from a descriptor."""
