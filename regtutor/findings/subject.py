"""The subject of an exchange: what its request asks, and the fields of its target."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from regtutor.exchange import Exchange

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
    "request_token": "asks the token server for a token that the registry will accept",
}
"""What each endpoint is asked, with the fields of its target."""

_ELSEWHERE = {"repository": "the repository", "digest": "a digest", "reference": "a tag or digest"}


def name_of(exchange: Exchange) -> str:
    """The name of the endpoint that was asked; ``""`` for a request that is no endpoint's."""
    return exchange.endpoint.endpoint.name if exchange.endpoint else ""


def fields_of(exchange: Exchange) -> Mapping[str, str]:
    """The fields of the target, those of its path and those of its query; empty for a request that is no endpoint's."""
    return {**exchange.endpoint.query, **exchange.endpoint.path} if exchange.endpoint else {}


def asked(exchange: Exchange) -> str:
    """What the request line asks, in a few words."""
    if not exchange.method:
        return "no request was sent"
    if exchange.endpoint is None:
        return "no document of the API names this request"
    fields = defaultdict(lambda: "nothing that is named", {**_ELSEWHERE, **fields_of(exchange)})
    return _MEANINGS[name_of(exchange)].format_map(fields)
