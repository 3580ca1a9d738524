"""What an exchange is about: the documented request that it is, and the fields of its target.

A request that was written by hand is recognised by its method and target, one to an opaque Location by its step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from regtutor.exchange import Exchange
from regtutor.protocol.endpoints import BY_NAME, Endpoint, parse, paths_like, split_target
from regtutor.protocol.urls import address_of

_MEANINGS = {
    "check_api": "asks whether this registry speaks the API",
    "mount_blob": "asks to have the blob {mount} of {from} in {repository}, without its bytes",
    "post_blob": "sends the blob {digest} to {repository} in a single request",
    "start_upload": "asks {repository} to open an upload session for a blob",
    "patch_upload": "sends bytes to an upload session of {repository}",
    "get_upload": "asks how far an upload session of {repository} has come",
    "head_upload": "asks how far an upload session of {repository} has come",
    "put_blob": "closes an upload session of {repository}: what it then holds is to be stored as {digest}",
    "cancel_upload": "asks to throw away an upload session of {repository}",
    "head_blob": "asks whether {repository} has the blob {digest}, without its bytes",
    "get_blob": "asks for the bytes of the blob {digest} of {repository}",
    "delete_blob": "asks to take the blob {digest} out of {repository}",
    "head_manifest": "asks whether {repository} has the manifest {reference}, without its bytes",
    "get_manifest": "asks for the manifest {reference} of {repository}",
    "put_manifest": "sends a manifest, to be stored in {repository} as {reference}",
    "delete_manifest": "asks to take {reference} out of {repository}",
    "list_tags": "asks for the tags of {repository}",
    "list_repositories": "asks for the repositories of the registry",
    "get_referrers": "asks which manifests of {repository} refer to {digest}",
}
"""What each documented request asks, with the fields of its target."""

_ELSEWHERE = {"repository": "the repository", "digest": "a digest", "reference": "a tag or digest"}


def endpoint_of(exchange: Exchange) -> Endpoint | None:
    """The row of the documented request that was sent; None for another."""
    match = parse(exchange.method, exchange.target)
    if match is not None:
        return match.endpoint
    # A PUT to a session that lost its digest is none of the documented requests; what it was meant to be is plain.
    meant = next((row for row, _ in paths_like(exchange.target) if row.method == exchange.method), None)
    return BY_NAME.get(exchange.step, meant)


def step_of(exchange: Exchange) -> str:
    """The name of the documented request that was sent, or of the step that sent it."""
    endpoint = endpoint_of(exchange)
    return endpoint.name if endpoint else exchange.step


def fields_of(exchange: Exchange) -> Mapping[str, str]:
    """The fields of the target: those of its path, and those of its query."""
    _, query = split_target(exchange.target)
    rows = paths_like(exchange.target)
    endpoint = endpoint_of(exchange)
    path = next((fields for row, fields in rows if row == endpoint), rows[0][1] if rows else {})
    return {**query, **path}


def on_another_host(exchange: Exchange) -> str:
    """The host that Location leads to, if it is not the one that was asked; else ``""``."""
    there, here = address_of(exchange.headers.get("Location", ""), exchange.url), address_of(exchange.url, "")
    return there.host if there and here and there.authority != here.authority else ""


def asked(exchange: Exchange) -> str:
    """What the request line asks, in a few words."""
    endpoint = endpoint_of(exchange)
    if not exchange.method:
        return "no request was sent"
    if endpoint is None:
        return "no document of the API names this request"
    fields = defaultdict(lambda: "nothing that is named", {**_ELSEWHERE, **fields_of(exchange)})
    return _MEANINGS[endpoint.name].format_map(fields)
