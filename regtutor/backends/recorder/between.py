"""The parts of a recording that all of its connections share."""

from __future__ import annotations

from dataclasses import dataclass

from regtutor.backends.recorder.kept import Kept
from regtutor.backends.recorder.realms import Realms
from regtutor.backends.recorder.rewriting import Addresses
from regtutor.backends.recorder.upstream import Upstream


@dataclass(frozen=True)
class Between:
    """The registry, and the changes on the way to it and back.

    Attributes
    ----------
    upstream: where requests go.
    addresses: rewrites what the registry sends.
    realms: where the registry's challenges send clients for tokens.
    proxy: the origin of the proxy; a client can name it otherwise in Host.
    kept: the exchanges so far.
    """

    upstream: Upstream
    addresses: Addresses
    realms: Realms
    proxy: str
    kept: Kept
