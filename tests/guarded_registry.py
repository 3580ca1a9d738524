"""A registry that asks for Bearer tokens, or for Basic, with a token server of its own on another port.

The registry behind the guard is regtutor's own App. Tokens look like JWTs and are not signed: the guard remembers them.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl

from regtutor.server.app import App
from regtutor.server.http import FileRange, Head, Response
from regtutor.server.storage.store import Store

PASSWORD = "c0rrect-h0rse"
REFRESH = "refresh-0f-ann"


def everything(_user: str, _name: str, _action: str) -> bool:
    return True


@dataclass
class Seen:
    """One request, as it came."""

    server: str
    method: str
    target: str
    authorization: str
    body: bytes = b""


@dataclass
class Guard:
    """What the guard asks for, and what it has seen; a test changes it at any time.

    Attributes
    ----------
    scheme: ``Bearer``, ``Basic``, or ``Both``.
    grants: whether a user (``""`` for nobody) may do something in a repository.
    lifetime: seconds that a token is really valid; the response says ``expires_in`` seconds.
    names_source: whether the challenge of a mount names its source.
    insufficient: whether a token that lacks a scope is told so by ``error="insufficient_scope"``, with this status.
    turns: whether the actions of a scope are in another order each time, as with Distribution.
    realm: what the challenge gives as the realm, with ``{token}`` for the token server's address.
    answer: responds to a token request instead of the token server; None lets it respond.
    """

    scheme: str = "Bearer"
    grants: Callable[[str, str, str], bool] = everything
    lifetime: float = 300.0
    expires_in: int | None = 300
    names_source: bool = True
    names_scope: bool = True
    refused_status: int = 401
    turns: bool = False
    realm: str = "{token}?via=regtutor"
    answer: Callable[[Seen], tuple[int, str, bytes] | None] = lambda _seen: None
    seen: list[Seen] = field(default_factory=list)
    issued: dict[str, tuple[frozenset[str], float]] = field(default_factory=dict)
    url: str = ""
    token_url: str = ""

    def asked(self, server: str) -> list[Seen]:
        return [one for one in self.seen if one.server == server]

    # -- the registry's side ---------------------------------------------------------------------------------------

    def refusal(self, method: str, target: str, authorization: str) -> Response | None:
        """None if the request may pass, else the 401."""
        scheme, _, value = authorization.partition(" ")
        if self.scheme in ("Basic", "Both") and scheme == "Basic":
            return None if self.user(authorization) else self._challenged(target, "")
        needed = self.needed(method, target)
        error = ""
        if scheme == "Bearer":
            scopes, ends = self.issued.get(value, (frozenset(), 0.0))
            if ends < time.monotonic():
                error = "invalid_token"
            elif needed <= scopes:
                return None
            else:
                error = "insufficient_scope"
        return self._challenged(target, error, needed)

    def _challenged(self, target: str, error: str, needed: frozenset[str] = frozenset()) -> Response:
        realm = self.realm.format(token=self.token_url)
        lines = [("WWW-Authenticate", 'Basic realm="people"')] if self.scheme in ("Basic", "Both") else []
        if self.scheme in ("Bearer", "Both"):
            source = parse_qsl(target.partition("?")[2])
            left_out = {f"repository:{value}:pull" for name, value in source if name == "from"}
            shown = needed if self.names_source else needed - left_out
            scope = " ".join(sorted(_joined(shown))) if self.names_scope else ""
            if self.turns and len(self.seen) % 2:
                scope = scope.replace("pull,push", "push,pull")
            parts = [f'Bearer realm="{realm}"', 'service="registry.test"']
            parts += [f'scope="{scope}"'] if scope else []
            lines.append(("WWW-Authenticate", ",".join(parts + ([f'error="{error}"'] if error else []))))
        status = self.refused_status if error == "insufficient_scope" else 401
        code = "DENIED" if status == 403 else "UNAUTHORIZED"
        body = json.dumps({"errors": [{"code": code, "message": "who are you?"}]}).encode()
        return Response(status, (*lines, ("Content-Type", "application/json")), body)

    def needed(self, method: str, target: str) -> frozenset[str]:
        path, _, query = target.partition("?")
        match = re.fullmatch(r"/v2/(.+)/(?:blobs|manifests|tags|referrers)/.*", path)
        if match is None:
            return frozenset()
        actions = {"GET": ("pull",), "HEAD": ("pull",), "DELETE": ("delete",)}.get(method, ("pull", "push"))
        if "/uploads/" in path and method == "DELETE":
            actions = ("pull", "push")
        found = {f"repository:{match[1]}:{action}" for action in actions}
        found |= {f"repository:{value}:pull" for name, value in parse_qsl(query) if name == "from"}
        return frozenset(found)

    # -- the token server's side -----------------------------------------------------------------------------------

    @staticmethod
    def user(authorization: str) -> str:
        name, _, password = base64.b64decode(authorization.partition(" ")[2]).decode().partition(":")
        return name if password == PASSWORD else ""

    def token(self, seen: Seen) -> tuple[int, str, bytes]:
        own = self.answer(seen)
        if own is not None:
            return own
        form = parse_qsl(seen.body.decode() if seen.method == "POST" else seen.target.partition("?")[2])
        values = dict(form)
        user = self.user(seen.authorization) if seen.authorization else ""
        if seen.authorization and not user:
            return 401, "application/json", b'{"errors":[{"code":"UNAUTHORIZED","message":"wrong password"}]}'
        if values.get("grant_type") == "refresh_token":
            user = "ann" if values["refresh_token"] == REFRESH else ""
        elif values.get("grant_type") == "password" and values.get("password") == PASSWORD:
            user = values["username"]
        if seen.method == "POST" and not user:
            return 400, "application/json", b'{"error":"invalid_grant"}'
        asked = frozenset(_atoms(scope for name, text in form if name == "scope" for scope in text.split()))
        granted = frozenset(one for one in asked if self.grants(user, *one.split(":", 1)[1].rsplit(":", 1)))
        return 200, "application/json", json.dumps(self.issue(user, granted, values)).encode()

    def issue(self, user: str, granted: frozenset[str], values: dict[str, str]) -> dict[str, Any]:
        access = [
            {"type": "repository", "name": scope.split(":")[1], "actions": scope.split(":")[2].split(",")}
            for scope in _joined(granted)
        ]
        now = int(time.time())
        claims = {"iss": "test", "sub": user, "aud": "registry.test", "iat": now, "exp": now + 300, "access": access}
        parts = ({"alg": "none"}, claims | {"jti": len(self.issued)}, "signature")
        token = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
        self.issued[token] = (granted, time.monotonic() + self.lifetime)
        made: dict[str, Any] = {"token": token, "access_token": token}
        if self.expires_in is not None:
            made["expires_in"] = self.expires_in
        if values.get("offline_token") or values.get("access_type") == "offline":
            made["refresh_token"] = REFRESH
        return made


def _atoms(scopes: Iterator[str]) -> set[str]:
    split = [scope.rpartition(":") for scope in scopes]
    return {f"{resource}:{action}" for resource, _, actions in split for action in actions.split(",")}


def _joined(atoms: frozenset[str]) -> list[str]:
    found: dict[str, list[str]] = {}
    for atom in sorted(atoms):
        resource, _, action = atom.rpartition(":")
        found.setdefault(resource, []).append(action)
    return [f"{resource}:{','.join(actions)}" for resource, actions in found.items()]


@contextmanager
def guarded(root: Path, **settings: Any) -> Iterator[Guard]:
    """A registry with its token server, on two ports of loopback."""
    guard = Guard(**settings)
    with Store(root) as store:
        app, lock = App(store), Lock()
        servers = [
            ThreadingHTTPServer(("127.0.0.1", 0), _registry_handler(guard, app, lock)),
            ThreadingHTTPServer(("127.0.0.1", 0), _token_handler(guard)),
        ]
        guard.url, tokens = (f"http://127.0.0.1:{server.server_port}" for server in servers)
        guard.token_url = f"{tokens}/auth/token"
        threads = [Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}) for server in servers]
        for thread in threads:
            thread.start()
        try:
            yield guard
        finally:
            for server, thread in zip(servers, threads, strict=True):
                server.shutdown()
                server.server_close()
                thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def say(self, response: Response) -> None:
        body = response.body
        if isinstance(body, FileRange):
            with body.path.open("rb") as file:
                file.seek(body.start)
                body = file.read(body.stop - body.start)
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        if response.status != 204 and not any(name.lower() == "content-length" for name, _ in response.headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _registry_handler(guard: Guard, app: App, lock: Lock) -> type[_Handler]:
    class Handler(_Handler):
        def refused(self) -> bool:
            authorization = self.headers.get("Authorization", "")
            guard.seen.append(Seen("registry", self.command, self.path, authorization))
            refusal = guard.refusal(self.command, self.path, authorization)
            if refusal is None:
                return False
            if not self.expects and self.headers.get("Content-Length", "0") != "0":
                self.rfile.read(int(self.headers["Content-Length"]))
            elif self.headers.get("Transfer-Encoding") or self.expects:
                self.close_connection = True
            self.say(refusal)
            return True

        expects = False

        def handle_expect_100(self) -> bool:
            self.expects = True
            if self.refused():
                self.close_connection = True
                return False
            return bool(super().handle_expect_100())

        def do(self) -> None:
            if self.expects:
                self.expects = False
            elif self.refused():
                return
            body = self._body()
            with lock:
                outcome = app.begin(Head(self.command, self.path, tuple(self.headers.items())))
                if not isinstance(outcome, Response):
                    with outcome:
                        outcome.write(body)
                        outcome = outcome.finish()
            self.say(outcome)

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found = b""
            while size := int(self.rfile.readline(), 16):
                found += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return found

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do

    return Handler


def _token_handler(guard: Guard) -> type[_Handler]:
    class Handler(_Handler):
        def do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            seen = Seen("token", self.command, self.path, self.headers.get("Authorization", ""), body)
            guard.seen.append(seen)
            status, media_type, data = guard.token(seen)
            self.say(Response(status, (("Content-Type", media_type),), data))

        do_GET = do_POST = do

    return Handler
