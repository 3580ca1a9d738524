"""The proxy for a request, and the environment variables for proxies and CAs.

The environment is read only on request (``connect(proxies="env")``), never implicitly by a library. Each setting is
kept with the name of the variable that it came from, so that the record can name it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field

from regtutor.errors import InvalidURL
from regtutor.protocol.secrets import redact_url
from regtutor.protocol.unsaved import Unsaved
from regtutor.protocol.urls import Address, split_url


def is_loopback(host: str) -> bool:
    """Return whether ``host`` (without brackets) names this machine's loopback interface."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def proxy_for(address: Address, proxies: Mapping[str, str]) -> str:
    """Return the URL of the proxy that a request to ``address`` goes through, or ``""``.

    Parameters
    ----------
    address: where the request goes.
    proxies: maps the scheme of the request's URL (or ``all``) to the URL of a proxy, and ``no_proxy`` to a
        comma-separated list of hosts that are contacted directly: names (with their subdomains), ``host:port``,
        networks such as ``10.0.0.0/8``, or ``*``.

    Raises
    ------
    InvalidURL: if the URL of the proxy is not an http or https URL.
    """
    proxy = proxies.get(address.scheme) or proxies.get("all") or ""
    if not proxy or is_loopback(address.host) or _excluded(address, proxies.get("no_proxy", "")):
        return ""
    whole = proxy if "://" in proxy else f"http://{proxy}"
    try:
        split_url(whole)
    except InvalidURL as error:
        raise InvalidURL(
            f"The proxy {redact_url(whole)} cannot be used",
            "its URL must be an http or https URL",
            "Give another one: connect(url, proxies={'https': 'http://host:port'}), or proxies=None for no proxy",
        ) from error
    return whole


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


@dataclass(frozen=True)
class Environment(Unsaved):
    """The settings that were found in environment variables.

    Attributes
    ----------
    proxies: see :func:`proxy_for`; not shown by repr, because the URL of a proxy can contain a password.
    ca_file: the path of a file (or directory) of CAs, or ``""``.
    sources: the name of the variable for each key of ``proxies``, and for ``ca_file``.
    """

    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_file: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)


_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "http": ("http_proxy", "HTTP_PROXY"),
    "https": ("https_proxy", "HTTPS_PROXY"),
    "all": ("all_proxy", "ALL_PROXY"),
    "no_proxy": ("no_proxy", "NO_PROXY"),
    "ca_file": ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"),
}


def from_environment(variables: Mapping[str, str]) -> Environment:
    """Return the settings for proxies and CAs in ``variables`` (such as ``os.environ``).

    If several variables for one setting are set, the first in :data:`_VARIABLES` counts.
    """
    found = {
        name: (variable, variables[variable])
        for name, row in _VARIABLES.items()
        if (variable := next((each for each in row if variables.get(each)), ""))
    }
    values = {name: value for name, (_, value) in found.items()}
    sources = {name: variable for name, (variable, _) in found.items()}
    return Environment(values, values.pop("ca_file", ""), sources)
