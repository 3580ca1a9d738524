"""``rt.record``: a recording proxy with a timeline that grows while a client works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regtutor.backends.certificate import TLS
from regtutor.backends.recorder.kept import MOST
from regtutor.backends.recorder.proxy import RecordingProxy
from regtutor.client.registry import Registry
from regtutor.exchange import Exchange

if TYPE_CHECKING:
    from regtutor.widgets.transcript.transcript_view import TranscriptView


class Recorded(RecordingProxy):
    """A recording proxy that a notebook shows as a timeline. :func:`record` makes it."""

    _view: TranscriptView | None = None

    @property
    def view(self) -> TranscriptView:
        """The timeline of the exchanges; it gets each exchange when that has ended."""
        if self._view is None:
            from regtutor.widgets.transcript.transcript_view import TranscriptView

            self._view = TranscriptView(self.transcript[:0])
            self.watch(self._show)
        return self._view

    def _show(self, exchange: Exchange) -> None:
        if self._view is not None and len(self._view.rows) < self.limit:
            self._view.add(exchange)

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return self.view._repr_mimebundle_(**options)


def record(reg: Registry | str, *, port: int = 0, tls: TLS = False, limit: int = MOST) -> Recorded:
    """Start a reverse proxy on loopback that records what other programs send to a registry.

    Point docker, podman, skopeo, oras or curl at ``recorded.registry`` instead of the registry, then read
    ``recorded.transcript``.

    Parameters
    ----------
    reg: the registry, or its URL. Over TLS its trust (``verify=`` of ``connect``) is used. Its credentials are not:
        each client sends its own, which pass and are redacted in the record.
    port: of the proxy on 127.0.0.1; 0 for a free one.
    tls: True serves TLS to the clients, with a certificate made for it, whose CA is the file ``recorded.ca_file``. Or
        the paths of a certificate and of its key, as PEM.
    limit: number of exchanges that are kept; later ones are relayed and counted.

    Returns
    -------
    The proxy, which runs until ``close()`` or the end of a ``with`` block: ``url``, ``registry`` (host and port),
    ``transcript`` and ``view``, a TranscriptView that grows.

    Raises
    ------
    ServerError: if the port is in use, the certificate cannot be used, the registry runs inside this process
        (``in_process``), or an HTTP proxy is between.
    InvalidURL: if ``reg`` is a malformed URL.
    """
    return Recorded(reg, port=port, tls=tls, limit=limit)
