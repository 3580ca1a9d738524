"""Runs the walks of regtutor against one URL, in a process of its own: one line of JSON for each walk."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import regtutor as rt
from regtutor.errors import RegtutorError
from regtutor.walks import tags

IMAGE = rt.sample_image()


def _pulled(reg: rt.Registry) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        return rt.pull_image(reg, "a/b", "v1", Path(folder) / "image", progress=False)


WALKS: Mapping[str, Callable[[rt.Registry], Any]] = {
    "check": lambda reg: rt.check_api(reg),
    "manifest": lambda reg: rt.get_manifest(reg, "a/b", "v1"),
    "tags": lambda reg: rt.run(tags("a/b", []), reg),
    "referrers": lambda reg: rt.list_referrers(reg, "a/b", IMAGE.digest),
    "inspect": lambda reg: rt.inspect_image(reg, "a/b", "v1"),
    "pull": _pulled,
    "push": lambda reg: rt.push_image(reg, IMAGE, "a/c", "v1", progress=False),
    "chunks": lambda reg: rt.upload_chunks(reg, "a/c", b"x" * 5000, chunk_size=2000, progress=False),
    "delete": lambda reg: rt.delete_image(reg, "a/b", "gone"),
    "probe": lambda reg: rt.probe(reg, repository="a/b", tag="v1"),
    "trial": lambda reg: rt.probe(reg, write=True),
}


def tried(walk: str, url: str) -> dict[str, Any]:
    """Run one walk, and explain what it recorded; the outcome, the seconds, and the largest memory so far in KiB."""
    began = time.monotonic()
    reg = rt.connect(url, timeout=(2, 0.7), deadline=1.0, max_small_body=1024 * 1024, username="me", password="pw")
    try:
        made = WALKS[walk](reg)
        outcome, said = "recorded", ""
    except RegtutorError as error:
        outcome, said = "named", str(error)
        made = error.transcript or error.exchange
    except Exception as error:  # noqa: BLE001 - the test shows it
        outcome, said, made = "unnamed", f"{type(error).__name__}: {error}", None
    if made is not None and walk not in ("probe", "trial"):
        rt.explain(getattr(made, "transcript", made))
    reg.close()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"outcome": outcome, "said": said[:2000], "seconds": time.monotonic() - began, "memory": memory}


if __name__ == "__main__":
    for line in sys.stdin:
        name, address = line.split()
        print(json.dumps(tried(name, address)), flush=True)
