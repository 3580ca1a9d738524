"""A registry to be killed: ``python killed.py ROOT`` prints its port and serves until then."""

from __future__ import annotations

import sys
import threading

from regtutor.server.app import App
from regtutor.server.shell.listen import Server
from regtutor.server.storage.store import Store

if __name__ == "__main__":
    with Store(sys.argv[1]) as store, Server(App(store)) as server:
        print(server.port, flush=True)
        threading.Event().wait(600)
