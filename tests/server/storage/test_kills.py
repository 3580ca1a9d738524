"""SIGKILL at random moments while four clients push: whatever was acknowledged is whole, and the store opens again."""

from __future__ import annotations

import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from regtutor.errors import StoreLocked
from regtutor.protocol.digests import parse
from regtutor.protocol.media_types import OCI_MANIFEST
from regtutor.server.app import App
from regtutor.server.storage.checking import check
from regtutor.server.storage.purging import sessions_in
from regtutor.server.storage.store import Store
from regtutor.server.storage.walking import needs
from tests.server.inline import digest, image_manifest

SCRIPT = Path(__file__).with_name("killed.py")
CLIENTS = 4


@contextmanager
def running(root: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A registry on ``root`` in another process, and its port."""
    command = [sys.executable, str(SCRIPT), str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


@dataclass
class Client:
    """Pushes images to a repository of its own until the registry is gone, and notes what was acknowledged."""

    repository: str
    seed: int
    blobs: list[str] = field(default_factory=list)
    manifests: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    tried: dict[str, str] = field(default_factory=dict)

    def run(self, port: int) -> None:
        generator = random.Random(self.seed)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        with suppress(OSError, http.client.HTTPException):
            while True:
                self._push(connection, generator)
        connection.close()

    def _push(self, connection: http.client.HTTPConnection, generator: random.Random) -> None:
        small, large = generator.randbytes(40), generator.randbytes(generator.randrange(1, 3_000_000))
        for data in (small, large):
            self._upload(connection, data, generator)
        manifest = image_manifest(small, large, annotations={"n": str(generator.random())})
        tag = f"t{generator.randrange(3)}"
        self.tried[tag] = digest(manifest)
        headers = {"Content-Type": OCI_MANIFEST}
        if self._ask(connection, "PUT", f"/v2/{self.repository}/manifests/{tag}", manifest, headers)[0] == 201:
            self.manifests.append(digest(manifest))
            self.tags[tag] = digest(manifest)

    def _upload(self, connection: http.client.HTTPConnection, data: bytes, generator: random.Random) -> None:
        location = self._ask(connection, "POST", f"/v2/{self.repository}/blobs/uploads/")[1]
        if generator.random() < 0.5:
            location = self._ask(connection, "PATCH", location, data[: len(data) // 2])[1]
            rest = data[len(data) // 2 :]
        else:
            rest = data
        if self._ask(connection, "PUT", f"{location}&digest={digest(data)}", rest)[0] == 201:
            self.blobs.append(digest(data))

    @staticmethod
    def _ask(
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> tuple[int, str]:
        connection.request(method, target, body, headers or {})
        response = connection.getresponse()
        response.read()
        location = response.getheader("Location") or ""
        return response.status, "/v2/" + location.partition("/v2/")[2]


def killed_once(root: Path, seed: int) -> list[Client]:
    """Serve ``root``, push from several clients, and kill the registry at a random moment."""
    generator = random.Random(seed)
    clients = [Client(f"client{number}", seed * CLIENTS + number) for number in range(CLIENTS)]
    with running(root) as (process, port):
        threads = [threading.Thread(target=client.run, args=(port,)) for client in clients]
        for thread in threads:
            thread.start()
        time.sleep(generator.uniform(0.0, 0.7))
        process.kill()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()
    return clients


def check_whole(store: Store, clients: list[Client]) -> int:
    """Check whatever was acknowledged, and return how much it is."""
    for client in clients:
        for name in client.blobs:
            blob = store.blob(client.repository, parse(name))
            assert blob is not None and blob.matches(), name
        for name in client.manifests:
            assert store.whole_manifest(client.repository, parse(name)) is not None, name
        for tag, name in client.tags.items():
            found = store.tagged(client.repository, tag)
            assert found is not None and str(found) in (name, client.tried[tag]), (tag, name, found)
            data = store.whole_manifest(client.repository, found)
            assert data is not None
            assert all(store.blob(client.repository, blob) is not None for blob in needs(data).blobs)
    return sum(len(client.blobs) + len(client.manifests) + len(client.tags) for client in clients)


def rounds_of(root: Path, count: int) -> int:
    """Kill it so many times, on the same directory, and return how much was acknowledged."""
    acknowledged, seed = 0, random.randrange(1_000_000)
    print(f"seed {seed}")
    for number in range(count):
        clients = killed_once(root, seed + number)
        with Store(root) as store:
            acknowledged += check_whole(store, clients)
            assert not list(store.own_path.glob("unfinished-*"))
    return acknowledged


def check_root(root: Path) -> None:
    """Check everything, and that the abandoned sessions go when they are old."""
    assert [problem for problem in check(root) if problem.kind != "left over"] == []
    sessions = list(sessions_in(root / "docker/registry/v2/repositories"))
    for session in sessions:
        (session / "startedat").write_text("2020-01-01T00:00:00Z")
        with suppress(FileNotFoundError):
            os.utime(session / "data", (0, 0))
    with Store(root) as store:
        App(store)
    assert not list(sessions_in(root / "docker/registry/v2/repositories"))
    assert check(root) == []


def test_what_was_acknowledged_survives_30_kills(tmp_path: Path) -> None:
    acknowledged = rounds_of(tmp_path, 30)
    assert acknowledged > 100, "the clients hardly pushed anything"
    check_root(tmp_path)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_what_was_acknowledged_survives_1000_kills(tmp_path: Path) -> None:
    acknowledged = 0
    for number in range(20):  # a directory for each 50, so that the disk does not fill
        root = tmp_path / str(number)
        acknowledged += rounds_of(root, 50)
        check_root(root)
        subprocess.run(["rm", "-r", root], check=True, timeout=120)
        print(f"{(number + 1) * 50} kills, {acknowledged} blobs, manifests and tags acknowledged, 0 lost")


def test_another_process_on_the_same_directory_is_refused_and_the_first_is_undisturbed(tmp_path: Path) -> None:
    with running(tmp_path) as (_, port):
        with pytest.raises(StoreLocked, match="another embedded registry"):
            Store(tmp_path)
        second = subprocess.run([sys.executable, SCRIPT, tmp_path], capture_output=True, text=True, timeout=60)
        assert second.returncode != 0 and "StoreLocked" in second.stderr
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/v2/_catalog")
        assert json.loads(connection.getresponse().read()) == {"repositories": []}
        connection.close()
