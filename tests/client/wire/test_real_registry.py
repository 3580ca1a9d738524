"""The transport against CNCF Distribution's own binary."""

from __future__ import annotations

import hashlib
import io
import resource
import socket
import subprocess
import tracemalloc

import pytest

from regtutor.client.registry import Registry
from regtutor.client.wire.transport import WireTransport
from regtutor.errors import ConnectionFailed
from regtutor.message import Body, Request

pytestmark = pytest.mark.registry
SIZE = 64 * 1024 * 1024


class Zeros(io.RawIOBase):
    """So many zero bytes, never in memory at once."""

    def __init__(self, size):
        self._left = size

    def read(self, size=-1):
        assert size > 0, "the body must be read in chunks"
        count = min(size, self._left)
        self._left -= count
        return bytes(count)


@pytest.fixture(scope="module")
def distribution(require_program, tmp_path_factory):
    """A registry on a free loopback port; tried again when another process took the port."""
    program = require_program("docker-registry", "docker-registry")
    root = tmp_path_factory.mktemp("distribution")
    for _ in range(3):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        config = root / "config.yml"
        config.write_text(
            f"version: 0.1\nstorage:\n  filesystem: {{rootdirectory: {root}/data}}\n"
            f"http: {{addr: '127.0.0.1:{port}'}}\nlog: {{level: error}}\n"
        )
        with (root / "log").open("wb") as log:
            process = subprocess.Popen([program, "serve", str(config)], stdout=log, stderr=log)
        try:
            if _comes_up(process, port):
                yield f"http://127.0.0.1:{port}"
                return
        finally:
            process.kill()
            process.wait(10)
    pytest.fail(f"docker-registry did not come up: {(root / 'log').read_text()[-2000:]}")


def _comes_up(process, port):
    transport = WireTransport(timeout=(1.0, 5.0))
    for _ in range(100):
        try:
            return transport.send(Request("check_api", "GET", "/v2/"), f"http://127.0.0.1:{port}/v2/", (), "x").ok
        except ConnectionFailed:
            try:
                process.wait(0.1)
                return False
            except subprocess.TimeoutExpired:
                continue
        finally:
            transport.close()
    return False


@pytest.fixture
def registry(distribution, transports):
    return Registry(distribution, transports(timeout=(5.0, 60.0)))


def _digest(size):
    zeros = hashlib.sha256()
    for _ in range(size // (1 << 20)):
        zeros.update(bytes(1 << 20))
    return f"sha256:{zeros.hexdigest()}"


def test_a_large_blob_goes_up_and_comes_down_in_constant_memory(registry, tmp_path):
    digest = _digest(SIZE)
    start = registry.send(Request("start_upload", "POST", "/v2/big/blobs/uploads/", (("Content-Length", "0"),)))
    headers = (("Content-Type", "application/octet-stream"), ("Content-Length", str(SIZE)), ("Expect", "100-continue"))
    body = Body(SIZE, lambda: Zeros(SIZE), "zeros", digest)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    try:
        put = registry.send(Request("put_blob", "PUT", start.location.with_query(digest=digest), headers, body))
        target = f"/v2/big/blobs/{digest}"
        got = registry.send(Request("get_blob", "GET", target, into=tmp_path / "layer", digest=digest))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert ([interim.start_line for interim in put.interims], put.status) == (["HTTP/1.1 100 Continue"], 201)
    assert (put.bytes_up, put.request.body.digest) == (SIZE, digest)
    assert (got.bytes_down, got.response.body.digest, got.response.body.fate) == (SIZE, digest, "saved")
    assert (tmp_path / "layer").stat().st_size == SIZE
    assert peak < 8 * 1024 * 1024
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40 * 1024, "KiB"


def test_a_wrong_state_is_refused_before_the_body(registry):
    start = registry.send(Request("start_upload", "POST", "/v2/small/blobs/uploads/", (("Content-Length", "0"),)))
    url, _, _ = start.location.follow().partition("?")
    headers = (("Content-Length", str(SIZE)), ("Expect", "100-continue"))
    target = f"{url}?_state=wrong&digest={_digest(0)}"
    refused = registry.send(Request("put_blob", "PUT", target, headers, Body(SIZE, lambda: Zeros(SIZE))))
    assert (refused.status, refused.request.body.fate, refused.bytes_up) == (404, "withheld", 0)
    assert refused.errors[0]["code"] == "BLOB_UPLOAD_INVALID"


def test_a_chunked_body_is_taken(registry):
    digest = _digest(1 << 20)
    start = registry.send(Request("start_upload", "POST", "/v2/chunked/blobs/uploads/", (("Content-Length", "0"),)))
    target = start.location.with_query(digest=digest)
    put = registry.send(Request("put_blob", "PUT", target, (), Body(1 << 20, lambda: Zeros(1 << 20))))
    assert (put.status, put.request_headers["Transfer-Encoding"]) == (201, "chunked")
