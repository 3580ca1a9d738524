"""A fresh store, an App over it, a Server in front of that, and CNCF Distribution's own binary beside them."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from regtutor.server.app import App
from regtutor.server.shell.listen import Server
from regtutor.server.storage.store import Store
from tests.server.inline import Inline


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "root") as store:
        yield store


@pytest.fixture
def inline(store: Store) -> Inline:
    return Inline(App(store))


@pytest.fixture
def server(store: Store) -> Iterator[Server]:
    with Server(App(store)) as server:
        yield server


@pytest.fixture
def distribution(require_program: Callable[[str, str], str], tmp_path: Path) -> Callable[[Path], Any]:
    """``with distribution(root) as url``: CNCF Distribution's binary serves ``root`` on a free loopback port."""
    program = require_program("docker-registry", "docker-registry")

    @contextmanager
    def serve(root: Path) -> Iterator[str]:
        config = tmp_path / "distribution.yml"
        storage = {"filesystem": {"rootdirectory": str(root)}, "delete": {"enabled": True}}
        # JSON is YAML; port 0 lets the system choose, and the log says which it chose.
        config.write_text(
            json.dumps({"version": "0.1", "storage": storage, "http": {"addr": "127.0.0.1:0", "secret": "shared"}})
        )
        with subprocess.Popen([program, "serve", str(config)], stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stderr is not None
                seen = []
                for line in process.stderr:
                    seen.append(line)
                    if match := re.search(r"listening on (127\.0\.0\.1:\d+)", line):
                        yield f"http://{match[1]}"
                        return
                pytest.fail("docker-registry did not come up:\n" + "".join(seen))
            finally:
                process.kill()

    return serve
