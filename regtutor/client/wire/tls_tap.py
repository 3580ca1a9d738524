"""A tap above TLS: it sees HTTP, and not TLS records."""

from __future__ import annotations

import ssl

from regtutor.client.wire.certificate_note import certificate_note
from regtutor.client.wire.tap import Tap


class TLSTap(Tap):
    """A tap on a socket that can have TLS; a plain one, as with a forwarding proxy, works as well."""

    would_block = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

    @property
    def tls(self) -> str:
        """The TLS version, the cipher and the certificate, if it was checked; ``""`` for a plain connection."""
        if not isinstance(self._sock, ssl.SSLSocket):
            return ""
        cipher = self._sock.cipher()
        parts = (self._sock.version(), cipher[0] if cipher else "no cipher", certificate_note(self._sock.getpeercert()))
        return ", ".join(part for part in parts if part)
