"""``embedded`` and ``in_process``: our own registry, with and without a socket."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from regtutor.backends.embedded import open_embedded
from regtutor.backends.in_process import open_in_process
from regtutor.client.registry import Registry
from regtutor.errors import BackendFailed, ServerError, StoreLocked
from regtutor.steps import check_api, put_blob, start_upload
from tests.backends.watching import listens, push_blob, status, within

DATA = b"a layer, for all that a registry knows"
Open = Callable[..., Registry]


@pytest.fixture(params=[open_embedded, open_in_process], ids=["embedded", "in_process"])
def opener(request: pytest.FixtureRequest, temporary: Path) -> Open:
    opened: Open = request.param
    return opened


def test_it_answers_and_shows_its_log_and_its_storage(opener: Open, temporary: Path) -> None:
    with opener() as reg:
        assert opener.__name__ == f"open_{reg.name}"
        assert check_api(reg).status == 200
        assert len(reg.tree()) == 0
        start = start_upload(reg, "library/hello")
        assert put_blob(reg, start.location, DATA).status == 201
        assert "POST /v2/library/hello/blobs/uploads/" in reg.logs()
        assert {path.split("/")[-1]: size for path, size in reg.tree()}["data"] == len(DATA)
        assert all(path.startswith("docker/registry/v2/") for path, _ in reg.tree())
    assert not list(temporary.iterdir())
    assert "POST /v2/library/hello/blobs/uploads/" in reg.logs() and len(reg.tree()) == 0
    reg.close()


def test_a_given_directory_stays_and_is_free_again(opener: Open, tmp_path: Path) -> None:
    for _ in range(2):
        with opener(root=tmp_path / "storage") as reg:
            start = start_upload(reg, "library/hello")
            put_blob(reg, start.location, DATA)
    blobs = (tmp_path / "storage").glob("docker/registry/v2/blobs/sha256/*/*/data")
    assert [path.read_bytes() for path in blobs] == [DATA]


def test_a_directory_in_use_is_refused_and_stays_in_use(opener: Open, tmp_path: Path) -> None:
    with opener(root=tmp_path / "storage") as reg:
        with pytest.raises(StoreLocked):
            opener(root=tmp_path / "storage")
        assert check_api(reg).status == 200


def test_a_directory_that_cannot_be_written_to_is_named(opener: Open) -> None:
    with pytest.raises(BackendFailed, match=r"/proc/storage.*root="):
        opener(root="/proc/storage")


def test_embedded_speaks_http_on_loopback(temporary: Path) -> None:
    with open_embedded() as reg:
        assert reg.url.startswith("http://127.0.0.1:") and status(reg.url) == 200
        push_blob(reg.url, "library/hello", DATA)
    assert not listens(reg.url) and not list(temporary.iterdir())


def test_a_port_that_is_taken_is_named_and_nothing_stays_behind(temporary: Path) -> None:
    with open_embedded() as first:
        before = set(temporary.iterdir())
        with pytest.raises(ServerError, match=first.url.rpartition(":")[2]):
            open_embedded(port=int(first.url.rpartition(":")[2]))
        assert set(temporary.iterdir()) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serving_says_each_request_and_ends_by_a_signal(number: int, temporary: Path) -> None:
    script = (
        "from functools import partial\n"
        "from regtutor.backends.embedded import serve_embedded\n"
        "serve_embedded(port=0, say=partial(print, flush=True))"
    )
    serving = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert serving.stdout
        url = serving.stdout.readline().decode().split()[2].rstrip(";")
        assert status(url) == 200
        assert "GET /v2/ 200" in serving.stdout.readline().decode()
        os.kill(serving.pid, number)
        _, complaint = serving.communicate(timeout=10)
        assert (serving.returncode, complaint) == (0, b"")
        assert within(1, lambda: not listens(url)) and not list(temporary.iterdir())
    finally:
        serving.kill()
