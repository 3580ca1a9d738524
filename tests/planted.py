"""Planted secrets, a server that repeats everything it receives, and a search for a secret in each of its spellings."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import quote, quote_plus

USER = "ann"
PASSWORD = "pl@nted/pass+w0rd=1%"
PAYLOAD = base64.urlsafe_b64encode(b'{"sub": "ann", "jti": "planted-in-a-token"}').decode().rstrip("=")
BEARER = f"eyJhbGciOiJub25lIn0.{PAYLOAD}.c2lnbmF0dXJlLXBsYW50ZWQ"
REFRESH = "planted-refresh-token-7c1e"
IDENTITY = "planted-identity-token-93ab"
SIGNED = "planted/signature+4f0d=="
COOKIE = "planted-session-cookie-55"
SECRETS = (PASSWORD, BEARER, REFRESH, IDENTITY, SIGNED, COOKIE)

SIGNED_QUERIES = (
    "X-Amz-Signature",  # Amazon S3 and those that copy it, Cloudflare R2 among them
    "X-Amz-Security-Token",
    "X-Amz-Credential",
    "Signature",  # Amazon's older form, CloudFront, Alibaba OSS
    "X-Goog-Signature",  # Google Cloud Storage
    "X-Goog-Credential",
    "sig",  # Azure Blob Storage, also behind ghcr.io
    "hmac",
    "verify",  # Cloudflare in front of Docker Hub
    "x-oss-signature",  # Alibaba OSS
    "x-oss-security-token",
    "security-token",
    "q-signature",  # Tencent COS
    "x-cos-security-token",
    "x-obs-security-token",  # Huawei OBS
    "__token__",  # Akamai
    "hdnts",
    "hdnea",
    "__gda__",
    "access_token",
    "private_token",  # GitLab
    "job_token",
    "api_key",
    "apikey",
    "jwt",
)
"""Names of query fields whose value lets somebody in."""

HEADERS = (
    "Authorization",
    "Proxy-Authorization",
    "Cookie",
    "X-Registry-Auth",
    "X-Registry-Config",
    "X-Auth-Token",
    "X-Api-Key",
    "Api-Key",
    "X-Amz-Security-Token",
    "X-Goog-Iam-Authorization-Token",
    "Private-Token",
    "Job-Token",
    "Deploy-Token",
    "X-JFrog-Art-Api",
    "X-Vault-Token",
    "X-Csrf-Token",
    "X-Harbor-Csrf-Token",
)
"""Headers whose value is a secret."""


def signed(name: str) -> str:
    """A query whose field ``name`` is a signature."""
    return f"expires=1&{name}={quote(SIGNED, safe='')}&region=x"


def spellings(secret: str) -> Iterator[str]:
    """The secret as it is, percent-encoded, escaped, and inside base64 at each of the three alignments."""
    yield from {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), html.escape(secret)}
    yield from {json.dumps(secret)[1:-1], quote(quote(secret, safe=""), safe=""), repr(secret)[1:-1]}
    data = secret.encode()
    for shift in range(3):
        whole = base64.b64encode(b"x" * shift + data).decode().rstrip("=")
        inner = whole[(shift * 8 + 5) // 6 : len(whole) - 1]  # the first and the last character depend on neighbors
        yield from {inner, inner.replace("+", "-").replace("/", "_"), quote(inner, safe="")}


def leaks(text: str | bytes) -> list[str]:
    """The planted secrets that are in ``text``, in any spelling."""
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return [f"{secret} as {each}" for secret in SECRETS for each in spellings(secret) if each in text]


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one segment

    def _respond(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        received = f"{self.requestline}\n{self.headers}\n{self.rfile.read(length).decode('latin-1')}"
        kind = self.headers.get("Accept", "text/html")
        texts = {
            "application/json": json.dumps({"token": BEARER, "refresh_token": REFRESH, "errors": [], "echo": received}),
            "application/xml": f"<Error><URL>http://s3/x?{signed('X-Amz-Signature')}</URL>\n{received}</Error>",
        }
        body = texts.get(kind, f"<html><pre>{received}</pre></html>").encode()
        self.send_response(401)
        self.send_header("Content-Type", kind if kind in texts else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.send_header(
            "WWW-Authenticate", f'Bearer realm="http://{USER}:{quote(PASSWORD, safe="")}@auth/?{signed("sig")}"'
        )
        self.send_header("Location", f"http://cdn.example/blob?{signed('Signature')}")
        self.send_header("Link", f'<http://cdn.example/blob?{signed("verify")}>; rel="next"')
        self.send_header("Set-Cookie", f"session={COOKIE}; Path=/")
        self.send_header(
            "X-Debug", f"you sent {self.headers.get('Authorization', '')} {self.headers.get('Cookie', '')[-25:]}"
        )
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_HEAD = do_PUT = do_PATCH = do_DELETE = _respond

    def log_message(self, *_args: object) -> None:
        """Print nothing."""


@contextmanager
def echo() -> Iterator[str]:
    """A server that refuses every request and repeats it in the body; its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
