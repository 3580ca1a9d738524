"""Secrets that are held to be sent: no pickle and no traceback, with locals or without, shows one."""

from __future__ import annotations

import copy
import io
import pickle
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from IPython.core.ultratb import VerboseTB
from rich.console import Console
from rich.traceback import Traceback

import regtutor as rt
from regtutor.cli import main
from regtutor.client.credentials import Credentials
from regtutor.client.proxies import Environment
from regtutor.errors import InvalidArgument, RegtutorError
from regtutor.protocol.challenges import Challenge

SECRET = "s3cretS3cret"
BASIC = Credentials("me", SECRET).header()


def _secret() -> str:
    """The same: IPython shows the global variables of a line, and the caller's own variables are the caller's."""
    return SECRET


def _reg(url: str = "http://127.0.0.1:1", **more: Any) -> rt.Registry:
    return rt.connect(url, username="me", password=_secret(), headers=(("X-Api-Key", _secret()),), **more)


HOLDERS: dict[str, Callable[[], Any]] = {
    "Registry": _reg,
    "Registry with its credentials in every request": lambda: _reg().with_auth("me", SECRET),
    "Registry with a token": lambda: _reg().with_auth(token=SECRET),
    "its transport": lambda: _reg().transport,
    "Credentials": lambda: Credentials("me", SECRET),
    "Credentials with an identity token": lambda: Credentials("me", "", SECRET),
    "Request": lambda: rt.Request("x", "GET", f"/v2/?token={SECRET}", (("Authorization", f"Bearer {SECRET}"),)),
    "settings of the environment": lambda: Environment({"https": f"http://me:{SECRET}@proxy:3128"}),
}


@pytest.mark.parametrize("make", HOLDERS.values(), ids=HOLDERS)
def test_what_holds_a_secret_is_not_pickled_and_shows_none(make: Callable[[], Any]) -> None:
    held = make()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(InvalidArgument, match="cannot be pickled: it can hold a password"):
            pickle.dumps(held, protocol)
    assert SECRET not in repr(held) + str(held)
    assert copy.copy(held) is held and copy.deepcopy([held])[0] is held


def _refused(url: str) -> Any:
    return rt.check_api(_reg(url).with_auth("me", _secret()))


def _walk(url: str) -> Any:
    return rt.push_image(_reg(url).with_auth("me", _secret()), rt.sample_image(), "a/b", "v1", progress=False)


def _redirected(url: str) -> Any:
    return rt.get_upload(_reg(url), rt.Location(f"{url}/v2/a/blobs/uploads/x?token={_secret()}"))


def _cookie(url: str) -> Any:
    return _reg(url).send(rt.draft(rt.check_api).edit(headers=_cookies()))


def _token(url: str, method: str = "GET") -> Any:
    challenge = Challenge("Bearer", {"realm": f"{url}/token"})
    return rt.request_token(_reg(url), challenge, username="me", password=_secret(), method=method)


def _with_password(url: str) -> str:
    return url.replace("://", f"://me:{_secret()}@")


def _proxied(url: str) -> Any:
    return rt.check_api(_reg("http://registry.invalid", proxies={"http": _with_password(url)}))


def _tunnel(url: str) -> Any:
    return rt.check_api(_reg("https://registry.invalid", proxies={"https": _with_password(url)}))


def _cookies() -> dict[str, str]:
    return {"Cookie": _secret()}


FAILING: dict[str, Callable[[str], Any]] = {
    "a step": _refused,
    "a walk": _walk,
    "an upload's address": _redirected,
    "a cookie": _cookie,
    "a token by GET": _token,
    "a token by POST": lambda url: _token(url, "POST"),
    "a proxy": _proxied,
    "a tunnel": _tunnel,
}


@pytest.fixture(
    scope="module", params=[b"", b"HTTP/1.1 2", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"]
)
def broken(request: pytest.FixtureRequest) -> Iterator[str]:
    """A server that sends this, whatever it is asked, and closes the connection."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with sock:
                sock.settimeout(5)
                try:
                    sock.recv(65536)
                    sock.sendall(request.param)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


def _shown(error: BaseException) -> str:
    """A traceback as Python, IPython with ``%xmode Verbose`` and rich with locals print it."""
    out = io.StringIO()
    print("".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()), file=out)
    for line in VerboseTB(include_vars=True).structured_traceback(type(error), error, error.__traceback__):
        print(line, file=out)
    rich = Traceback.from_exception(type(error), error, error.__traceback__, show_locals=True, locals_max_string=10_000)
    Console(file=out, width=400).print(rich)
    return out.getvalue()


@pytest.mark.parametrize("fail", FAILING.values(), ids=FAILING)
def test_no_traceback_with_locals_shows_a_secret(fail: Callable[[str], Any], broken: str) -> None:
    with pytest.raises(RegtutorError) as caught:
        fail(broken)
    shown = _shown(caught.value)
    assert "_dispatched" in shown, "the frames that hold the request are there"
    assert SECRET not in shown and BASIC.partition(" ")[2] not in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ("push", "IMAGE", "ADDRESS/a:v1"), ("pull", "ADDRESS/a:v1", "OUT"), ("copy", "ADDRESS/a:v1", "127.0.0.1:1/b"),
        ("copy", "127.0.0.1:1/b", "ADDRESS/a:v1"), ("tags", "ADDRESS/a"), ("inspect", "ADDRESS/a:v1"),
        ("delete", "ADDRESS/a:v1"), ("referrers", "ADDRESS/a@sha256:" + "0" * 64), ("check", "ADDRESS"),
        ("request", "GET", "ADDRESS/v2/"), ("probe", "ADDRESS"), ("login", "ADDRESS", "--username", "me"),
        ("logout", "ADDRESS"), ("record", "--to", "ADDRESS", "--", "true"), ("push", "ADDRESS/x", "127.0.0.1:1/a"),
        ("show", "ADDRESS/x"), ("explain", "ADDRESS/x"), ("export", "ADDRESS/x", "--to", "har"),
        ("demo", "--registry", "ADDRESS"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)  # fmt: skip
@pytest.mark.parametrize("password", [f"Pw/{SECRET}", f"{SECRET}@x/", f"A?{SECRET}#x"])
def test_no_command_shows_the_password_in_an_address(arguments: tuple[str, ...], password: str, tmp_path: Any) -> None:
    values = {"ADDRESS": f"http://me:{password}@127.0.0.1:1", "IMAGE": str(tmp_path), "OUT": str(tmp_path / "out")}
    made = list(arguments)
    for name, value in values.items():
        made = [each.replace(name, value) for each in made]
    if made[0] in ("login", "logout"):
        made += ["--authfile", str(tmp_path / "a.json")]
    done = CliRunner().invoke(main, made, input="x\n")
    assert SECRET not in done.output, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception


@pytest.mark.parametrize("load", [rt.load_image, rt.load_index, rt.load])
@pytest.mark.parametrize("address", [f"http://me:{SECRET}@host/x", f"https://me:a/{SECRET}@host/x"])
def test_an_address_instead_of_a_path_is_named_without_its_password(load: Callable[[str], Any], address: str) -> None:
    with pytest.raises(RegtutorError, match="://<redacted>@host/x") as caught:
        load(address)
    assert SECRET not in str(caught.value)
