"""A request as a curl command that sends the same request when it is pasted into bash.

By default, curl adds headers and normalizes paths; the options here turn that off. A command never contains a secret:
a shell variable replaces it.

Source: curl's manual, "curl.1" <https://curl.se/docs/manpage.html>.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from regtutor.errors import InvalidHeader, InvalidURL
from regtutor.exchange import Exchange
from regtutor.formats.curl.body import CurlBody, blob_file, curl_body
from regtutor.formats.curl.shell_words import Part, Variable, quoted, with_variables, word
from regtutor.message import HeaderList, Request
from regtutor.protocol.headers import BREAKS_A_VALUE, TOKEN
from regtutor.protocol.secret_names import is_secret
from regtutor.protocol.secrets import REDACTED, redact_headers, redact_url
from regtutor.protocol.text import visible
from regtutor.protocol.urls import sendable_target, split_url

_REGISTRY = Variable("REGISTRY")
_LOOPBACK = re.compile(r"(127\.[0-9.]+|localhost|.*\.localhost|::1)")


@dataclass(frozen=True)
class _Sending:
    """The common form of a draft and a recorded exchange; it contains no secret."""

    step: str
    method: str
    base: tuple[Part, ...]
    target: tuple[Part, ...]
    headers: HeaderList
    proxy: str | None
    own: tuple[str, ...]
    """Headers that curl would add and that this request does not have, in lowercase."""
    output: str = ""
    reachable: bool = True
    """False for a registry inside this process, which has no socket."""
    written_base: tuple[Part, ...] = ()
    """The text for the command instead of ``base``, such as a variable."""
    output_options: str = ""
    """Options that write the response to files instead of printing it."""


def curl(
    message: Exchange | Request, *, registry_url: str | None = None, body_dir: str | os.PathLike[str] | None = None
) -> str:
    """Return a command for bash that sends the same request.

    Parameters
    ----------
    message: a draft (``rt.draft(...)``) or an exchange.
    registry_url: the registry of a draft whose target is only a path; by default the command uses ``$REGISTRY``.
    body_dir: the directory for a body that is too large for the command; by default the command refers to a file, and
        a comment states what it must contain.

    Returns
    -------
    Comments that begin with ``#``, then one command over several lines. A secret (removed from a record, never written
    from a draft) becomes a variable such as ``$REGTUTOR_AUTHORIZATION``. Bodies of up to 4 KiB, and manifests of up to
    64 KiB, are part of the command; a body from a file is read from that file. A downloaded blob is written to a file
    in the current directory.

    Raises
    ------
    InvalidURL: if the target is neither a path nor an http or https URL.
    InvalidHeader: if the request contains a lone surrogate, which is possible in a record from an edited file.
    CannotSave: if ``body_dir`` cannot be written to.
    """
    sending = _recorded(message) if isinstance(message, Exchange) else _drafted(message, registry_url)
    body = None
    if sending.method != "HEAD":  # curl sends no body with it
        body = curl_body(message, Path(body_dir) if body_dir is not None else None)
    try:
        return _command(sending, body)
    except UnicodeEncodeError:
        raise InvalidHeader(
            "No command can send this request",
            "it contains half a character (a lone surrogate), which cannot be sent",
            "Record the request again",
        ) from None


def curl_in_script(
    exchange: Exchange, body: CurlBody | None, base: tuple[Part, ...], target: tuple[Part, ...], output_options: str
) -> str:
    """Return the command of a recorded request for a script, which sets its URL and its output.

    Parameters
    ----------
    exchange: the recorded exchange.
    body: the source of its body, or None.
    base, target: the parts of the URL; ``base`` can be a variable, ``target`` can be empty.
    output_options: options of curl that write the response to files.
    """
    recorded = _recorded(exchange)
    sending = replace(recorded, target=target, written_base=base, output_options=output_options, reachable=True)
    return _command(sending, None if sending.method == "HEAD" else body)


def _command(sending: _Sending, body: CurlBody | None) -> str:
    options = [
        _first_line(sending),
        *_method(sending, body),
        *_proxy(sending),
        *_headers(sending, body),
        *_body(sending, body),
        *_target(sending),
    ]
    producer = f"{body.producer} |\n" if body and body.producer else ""
    comments = "".join(f"# {visible(line)}\n" for line in _comments(sending, body))
    return comments + producer + " \\\n  ".join(options)


def _recorded(exchange: Exchange) -> _Sending:
    if not exchange.method:
        raise InvalidURL(
            "This exchange has no request, so no command can send it",
            exchange.error or "no request was sent",
            "Choose an exchange in which a request was sent",
        )
    return _Sending(
        exchange.step,
        exchange.method,
        *url_parts(exchange.url),
        exchange.request.headers,
        exchange.proxy,
        ("user-agent", "accept"),
        blob_file(exchange.target) if exchange.step == "get_blob" else "",
        exchange.registry != "in_process",
    )


def _drafted(draft: Request, registry_url: str | None) -> _Sending:
    target = draft.shown_target
    if target.lower().startswith(("http://", "https://")):
        base, path = url_parts(target)
    elif not target.startswith("/"):
        raise InvalidURL(
            f"{target!r} is not a valid request target",
            "a target is a path that begins with '/', or an absolute http or https URL",
            "Begin the target with '/'",
        )
    elif registry_url is not None:
        base, path = url_parts(redact_url(registry_url.rstrip("/") + target))
    else:
        base, path = (_REGISTRY,), with_variables(sendable_target(target), secret_name)
    headers = redact_headers(draft.headers)
    if draft.body is not None and not {"content-length", "transfer-encoding"} & {name.lower() for name, _ in headers}:
        headers = (*headers, ("Transfer-Encoding", "chunked"))
    output = blob_file(target) if draft.step == "get_blob" else ""
    if isinstance(draft.into, (str, os.PathLike)):
        output = os.fspath(draft.into)
    host = urlsplit(_texts(base)).hostname or ""
    proxy = "" if _LOOPBACK.fullmatch(host) else None
    # curl adds its own User-Agent and Accept instead of those that the client would add.
    return _Sending(draft.step, draft.method, base, path, headers, proxy, (), output)


def _texts(parts: tuple[Part, ...]) -> str:
    return "".join(part for part in parts if isinstance(part, str))


def url_parts(redacted: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Split a URL into scheme with authority, and target.

    Raises
    ------
    InvalidURL: if no request can be sent to the URL.
    """
    split_url(redacted.replace(f"{REDACTED}@", "").replace(REDACTED, "x"))
    scheme, _, rest = redacted.partition("#")[0].partition("://")
    authority, path = re.fullmatch(r"([^/?]*)(.*)", rest, re.DOTALL).groups()  # type: ignore[union-attr]
    target = path if path.startswith("/") else f"/{path}"
    base = with_variables(f"{scheme}://{authority}", secret_name)
    return base, with_variables(sendable_target(target), secret_name)


def secret_name(before: str) -> str:
    """Return the name of the variable that follows ``before``: from the query name, or USERINFO after ``//``."""
    found = re.search(r"[?&;]([^=&#;?]*)=$", before)
    return f"REGTUTOR_{found[1] if found else 'USERINFO' if before.endswith('//') else 'SECRET'}"


def _first_line(sending: _Sending) -> str:
    shown = "" if sending.method == "HEAD" else " --dump-header -" if sending.output else " --include"
    if sending.output_options:
        shown = f" {sending.output_options}"
    return f"curl --silent --show-error{shown} --globoff --path-as-is"


def _method(sending: _Sending, body: CurlBody | None) -> list[str]:
    if sending.method == "HEAD":
        return ["--head"]
    usual = "GET"
    if body is not None:
        usual = "PUT" if _is_upload(sending, body) else "POST"
    return [] if sending.method == usual else [f"-X {quoted(sending.method)}"]


def _is_upload(sending: _Sending, body: CurlBody) -> bool:
    """Whether curl can stream the file: it would append the file name to a path that ends with a slash."""
    path = _texts(sending.target).partition("?")[0]
    return sending.method == "PUT" and bool(body.path) and not path.endswith("/")


def _proxy(sending: _Sending) -> list[str]:
    options = []
    if sending.proxy == "":
        options.append("--noproxy '*'")
    elif sending.proxy:
        options.append(f"--proxy {word(*with_variables(sending.proxy, lambda _: 'REGTUTOR_PROXY_USERINFO'))}")
    if _texts(sending.base).lower().startswith("https:"):
        options.append("--http1.1")
    return [" ".join(options)] if options else []


def _headers(sending: _Sending, body: CurlBody | None) -> Iterable[str]:
    present = {name.lower() for name, _ in sending.headers}
    own = [*sending.own, *(("expect",) if body else ()), *(("content-type",) if body else ())]
    for name in own:
        if name not in present:
            yield f"-H '{name.title()}:'"
    authority = urlsplit(_texts(sending.base)).netloc.rpartition("@")[2]
    for name, value in _sendable(sending.headers):
        if name.lower() != "host" or value != authority:
            yield f"-H {_header(name, value)}"


def _sendable(headers: HeaderList) -> HeaderList:
    return tuple((n, v) for n, v in headers if TOKEN.fullmatch(n) and not BREAKS_A_VALUE.search(v))


def _header(name: str, value: str) -> str:
    if not value.strip():
        return quoted(f"{name};")
    if is_secret(name, "header"):
        return word(f"{name}: ", Variable(f"REGTUTOR_{name}"))
    return word(*with_variables(f"{name}: {value}", secret_name))


def _body(sending: _Sending, body: CurlBody | None) -> list[str]:
    output = [f"--output {quoted(sending.output)}"] if sending.output and sending.method != "HEAD" else []
    if body is None:
        return output
    if _is_upload(sending, body):
        return [*output, f"--upload-file {quoted(body.path)}"]
    return [*output, f"--data-binary {quoted('@' + (body.path or '-'))}"]


def _target(sending: _Sending) -> list[str]:
    """Return the URL; a target that is not ASCII is a separate option, because curl would percent-encode it."""
    base = sending.written_base or sending.base
    if _texts(sending.target).isascii():
        return [word(*base, *sending.target)]
    return [f"--request-target {word(*sending.target)}", word(*base, "/")]


def _comments(sending: _Sending, body: CurlBody | None) -> Iterable[str]:
    if not sending.reachable:
        yield "this registry has no socket, so curl cannot reach it; rt.open_registry('embedded') opens one that has"
    if _REGISTRY in sending.base:
        yield "REGISTRY: the URL of the registry, such as http://127.0.0.1:5000"
    words = [*sending.base, *sending.target, *with_variables(sending.proxy or "", lambda _: "REGTUTOR_PROXY_USERINFO")]
    for part in dict.fromkeys(words):
        if isinstance(part, Variable) and part != _REGISTRY:
            yield f"{part.name}: a secret part of the URL; commands and records contain no secrets"
    for name, value in sending.headers:
        if (name, value) not in _sendable(sending.headers):
            yield f"left out, because the header cannot be sent: {name!a}"
        elif is_secret(name, "header"):
            scheme = value.partition(" ")[0] if " " in value else ""
            begins = f", which begins with {scheme!a}" if scheme else ""
            variable = Variable(f"REGTUTOR_{name}").name
            yield f"{variable}: the value of {name}{begins}; commands and records contain no secrets"
        elif REDACTED in value:
            yield f"the value of {name} contains a secret, which is a variable here"
    if body is not None and body.comment:
        yield body.comment
