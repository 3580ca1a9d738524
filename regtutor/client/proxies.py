"""Which proxy a request goes through, and what the environment says about proxies and CAs.

The environment is read when somebody asks for it (``connect(proxies="env")``), never by a library on its own: what was
found is kept with the variable that it came from, so that nothing is added unseen.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from regtutor.client.head import Address


def is_loopback(host: str) -> bool:
    """Whether ``host`` (without brackets) names this machine's loopback interface."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def proxy_for(address: Address, proxies: Mapping[str, str]) -> str:
    """The URL of the proxy that a request to ``address`` goes through, or ``""``.

    Parameters
    ----------
    proxies: the scheme of the request's URL (or ``all``) to a proxy's URL; ``no_proxy`` to hosts that are asked
        directly: names (their subdomains too), ``host:port``, networks such as ``10.0.0.0/8``, or ``*``.
    """
    proxy = proxies.get(address.scheme) or proxies.get("all") or ""
    if not proxy or is_loopback(address.host) or _excluded(address, proxies.get("no_proxy", "")):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _excluded(address: Address, no_proxy: str) -> bool:
    entries = [entry.strip().lower() for entry in no_proxy.split(",")]
    return any(_names(entry, address) or _in_network(address.host, entry) for entry in entries if entry)


def _names(entry: str, address: Address) -> bool:
    host, name = address.host.lower(), entry.removeprefix("*").removeprefix(".")
    wanted = f"{host}:{address.port}" if ":" in name else host
    return entry == "*" or wanted == name or wanted.endswith(f".{name}")


def _in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
