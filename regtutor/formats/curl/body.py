"""The source of the body in a curl command: the command line itself, or a file.

A small body is part of the command. A large one is a file: its original file, or a file that a comment tells the
reader to create. A body that contains a secret is never written anywhere.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from pathlib import Path

from regtutor.exchange import Exchange
from regtutor.formats.curl.shell_words import PLAIN, quoted
from regtutor.message import Body, Request, digest_of
from regtutor.private_file import private_file
from regtutor.protocol.digests import sha256
from regtutor.protocol.secrets import redact_body

INLINE = 4 * 1024
"""The most bytes of a body that are written into the command."""

INLINE_MANIFEST = 64 * 1024
"""The most bytes of a manifest that are written into the command."""

_DIGEST_IN_TARGET = re.compile(r"(?:[?&]digest=|/blobs/)[a-z0-9]+(?::|%3A)([0-9a-f]{12})", re.IGNORECASE)


@dataclass(frozen=True)
class CurlBody:
    """A body for curl.

    Attributes
    ----------
    producer: a command that writes the body to the standard input of curl; empty if the body is a file.
    path: the file, as it is written in the command; empty if there is a producer.
    comment: a note for the reader, in one line, or empty.
    """

    producer: str = ""
    path: str = ""
    comment: str = ""


def blob_file(target: str) -> str:
    """Return a file name for the blob in ``target``: ``blob-<12 characters of its digest>.bin``."""
    found = _DIGEST_IN_TARGET.search(target)
    return f"blob-{found[1]}.bin" if found else "body.bin"


def curl_body(message: Exchange | Request, body_dir: Path | None) -> CurlBody | None:
    """Return the body of a draft or of a recorded request; None if it has no body.

    Parameters
    ----------
    message: a draft or an exchange.
    body_dir: the folder for a body that is too large for the command, or None to write no file.
    """
    if isinstance(message, Exchange):
        return _recorded(message, body_dir)
    if message.body is None or message.body.size == 0:
        return None
    return _drafted(message, message.body, body_dir)


def _limit(step: str) -> int:
    return INLINE_MANIFEST if step == "put_manifest" else INLINE


def _drafted(draft: Request, body: Body, body_dir: Path | None) -> CurlBody:
    if _is_file(body):
        return CurlBody(path=_as_argument(body.label))
    if body.size <= _limit(draft.step) or draft.step == "request_token":
        data = body.read()
        if redact_body(draft.header("Content-Type") or "", data) == data:
            return CurlBody(producer=_producer(data))
        return CurlBody(path="body.bin", comment="body.bin: write the body to this file; it contains a secret")
    digest = digest_of(body)
    name = f"blob-{digest.partition(':')[2][:12]}.bin"
    if body_dir is None:
        return CurlBody(path=name, comment=f"{name}: {body.size} bytes, {digest}; rt.curl(..., body_dir='.') writes it")
    with private_file(body_dir / name) as file:
        for chunk in body.chunks():
            file.write(chunk)
    return CurlBody(path=_as_argument(str(body_dir / name)))


_NO_PATHS = ("bytes", "open file")
"""Labels of bodies that do not come from a file, even if a file with that name exists."""


def _is_file(body: Body) -> bool:
    # The label of an open file is its name or a number; the size shows whether it is sent from its first byte.
    if body.digest is not None or not isinstance(body.label, str) or body.label in _NO_PATHS:
        return False
    path = Path(body.label)
    return path.is_file() and path.stat().st_size == body.size


def _recorded(exchange: Exchange, body_dir: Path | None) -> CurlBody | None:
    body = exchange.request.body
    if body.fate == "none":
        return None
    name = blob_file(exchange.request.target)
    kept = body.fate == "sent" and len(body.preview) == body.size and sha256([body.preview]) == body.digest
    if kept and body.size <= _limit(exchange.step):
        return CurlBody(producer=_producer(body.preview)) if body.size else None
    if kept and body_dir is not None:
        with private_file(body_dir / name) as file:
            file.write(body.preview)
        return CurlBody(path=_as_argument(str(body_dir / name)))
    what = f"{body.size} bytes, {body.digest}" if body.fate == "sent" else "the body, of which not all was sent"
    return CurlBody(path=name, comment=f"{name}: {what}; write the body to this file, it is not in the record")


def _as_argument(path: str) -> str:
    return f"./{path}" if path.startswith("-") else path


def _producer(data: bytes) -> str:
    """Return a command that prints ``data``: readable for text, base64 for anything else."""
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        text = "\0"
    if PLAIN.fullmatch(text):
        return f"printf %s {quoted(text)}"
    return f"base64 -d <<<{base64.b64encode(data).decode()}"
