"""Check whether this machine can reach the registry of an image: one lookup and one connection, in a few seconds.

An engine retries a pull for a long time before it reports that the registry cannot be reached.
"""

from __future__ import annotations

import os
import socket
from threading import Thread
from urllib.parse import urlsplit

CONNECT_SECONDS = 4.0
_ALIASES = {"docker.io": "registry-1.docker.io"}
_PROXIES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


def trouble_reaching(reference: str) -> str:
    """Return why this machine cannot reach the host of an image.

    Parameters
    ----------
    reference: the image, such as ``docker.io/library/registry:2``.

    Returns
    -------
    A clause, such as ``registry-1.docker.io cannot be resolved (...)``; ``""`` if the host accepts a connection, or if
    a proxy is configured, because this function does not try the proxy.
    """
    if any(os.environ.get(name) for name in _PROXIES):
        return ""
    parts = urlsplit("//" + reference)
    host = _ALIASES.get(parts.hostname or "", parts.hostname or "")
    said = [f"{host} did not respond within {CONNECT_SECONDS:g} s"]
    # A lookup takes no time limit, so it has a thread, which the end of this process does not wait for.
    thread = Thread(target=lambda: said.insert(0, _connected(host, parts.port or 443)), daemon=True)
    thread.start()
    thread.join(CONNECT_SECONDS)
    return said[0]


def _connected(host: str, port: int) -> str:
    try:
        socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
    except socket.gaierror as error:
        return f"the name {host} cannot be resolved ({error.strerror})"
    except OSError as error:
        return f"{host}:{port} cannot be reached ({error.strerror or error})"
    return ""
