"""The ``_state`` of an upload Location: session state in the URL, so that the registry need not keep it.

It is the base64url form of an HMAC-SHA256 (32 bytes) followed by JSON with Name, UUID, Offset and StartedAt, as in CNCF
Distribution: two registries that share the secret and the storage accept each other's sessions. To a client it is
opaque. The HMAC prevents a client from forging it; nothing in it is secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass

_MAC_SIZE = hashlib.sha256().digest_size


@dataclass(frozen=True)
class UploadState:
    """The state of an upload: ``repository``, ``session``, ``offset`` in bytes, and ``started_at`` (RFC 3339)."""

    repository: str
    session: str
    offset: int
    started_at: str


def seal(state: UploadState, secret: bytes) -> str:
    """Encode ``state`` as the value of ``_state``."""
    fields = {"Name": state.repository, "UUID": state.session, "Offset": state.offset, "StartedAt": state.started_at}
    text = json.dumps(fields, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hmac.digest(secret, text, "sha256") + text).decode()


def unseal(value: str, secret: bytes) -> UploadState | None:
    """The state in ``value``, or None if that is not base64url, not sealed with ``secret``, or not a state."""
    try:
        sealed = base64.b64decode(value, altchars=b"-_", validate=True)
        mac, text = sealed[:_MAC_SIZE], sealed[_MAC_SIZE:]
        if not hmac.compare_digest(mac, hmac.digest(secret, text, "sha256")):
            return None
        fields = json.loads(text)
        return UploadState(fields["Name"], fields["UUID"], int(fields["Offset"]), fields["StartedAt"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
