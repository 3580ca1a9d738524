"""The certificate of a connection in one line: the names that it is for, its issuer and its dates."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import Any

_MOST_NAMES = 5


def certificate_note(certificate: dict[str, Any] | None) -> str:
    """Return the line, such as ``certificate for localhost, 127.0.0.1, issued by A, valid 2026-01-01 to 2027-01-01``.

    Parameters
    ----------
    certificate: as ``SSLSocket.getpeercert`` returns it; it is empty if the certificate was not checked.

    Returns
    -------
    The line, or ``""`` without a certificate.
    """
    if not certificate:
        return ""
    names = [str(value) for kind, value in certificate.get("subjectAltName", ()) if kind in ("DNS", "IP Address")]
    more = [f"and {len(names) - _MOST_NAMES} more"] if len(names) > _MOST_NAMES else []
    issuer = {name: value for part in certificate.get("issuer", ()) for name, value in part}
    by = issuer.get("commonName") or issuer.get("organizationName") or "an unnamed CA"
    dates = [_date(certificate[name]) for name in ("notBefore", "notAfter")]
    named = ", ".join([*names[:_MOST_NAMES], *more]) or "no name"
    return f"certificate for {named}, issued by {by}, valid {dates[0]} to {dates[1]}"


def _date(text: str) -> str:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC).strftime("%Y-%m-%d")
