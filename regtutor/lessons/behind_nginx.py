"""The registry of lesson 09 as it is in production: behind nginx, with TLS."""

from __future__ import annotations

from regtutor.backends.behind_nginx import open_behind_nginx
from regtutor.backends.opening import open_registry
from regtutor.client.registry import Registry
from regtutor.errors import BackendMissing


def behind_nginx(reg: Registry) -> Registry:
    """Open a second registry of the same kind with tokens, behind nginx with TLS, and print its address.

    Parameters
    ----------
    reg: a registry that ``open_registry`` started.

    Returns
    -------
    A Registry with the users of the lessons. If nginx is not installed, it is regtutor's own registry, which serves TLS
    itself, and the printed sentence says so.
    """
    _close_the_last()
    which = reg.name if reg.name in ("native", "container") else "embedded"
    try:
        secured = open_behind_nginx(which)
    except BackendMissing as error:
        print(f"{error.what}, so this registry serves TLS itself. {error.next}.")
        secured = open_registry("embedded", quiet=True, auth="token", tls=True)
    print(f"Registry: {secured.name} at {secured.url}")
    _OPEN.append(secured)
    return secured


_OPEN: list[Registry] = []


def _close_the_last() -> None:
    """Close the registry that an earlier run of the cell opened."""
    while _OPEN:
        _OPEN.pop().close()
