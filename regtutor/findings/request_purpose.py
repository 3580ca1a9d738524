"""The purpose of a request, and the fields of its target."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from regtutor.exchange import Exchange
from regtutor.protocol.endpoints import query_values

MEANINGS = {
    "check_api": "checks whether this registry speaks the API",
    "mount_blob": "asks the registry to mount the blob {mount} of {from} into {repository}, without sending its bytes",
    "post_blob": "sends the blob {digest} to {repository} in a single request",
    "start_upload": "asks the registry to open an upload session for a blob in {repository}",
    "patch_upload": "sends bytes to an upload session of {repository}",
    "get_upload": "requests the progress of an upload session of {repository}",
    "head_upload": "requests the progress of an upload session of {repository}",
    "put_blob": "closes an upload session of {repository}, to store its bytes as the blob {digest}",
    "cancel_upload": "asks the registry to cancel an upload session of {repository}",
    "head_blob": "checks whether {repository} has the blob {digest}, without requesting its bytes",
    "get_blob": "requests the bytes of the blob {digest} from {repository}",
    "delete_blob": "asks the registry to delete the blob {digest} from {repository}",
    "head_manifest": "checks whether {repository} has the manifest {reference}, without requesting its bytes",
    "get_manifest": "requests the manifest {reference} from {repository}",
    "put_manifest": "sends a manifest to store in {repository} as {reference}",
    "delete_manifest": "asks the registry to delete the {kind} {reference} from {repository}",
    "list_tags": "requests the list of the tags of {repository}",
    "list_repositories": "requests the list of the repositories of the registry",
    "get_referrers": "requests the list of the manifests of {repository} that refer to {digest}",
    "request_token": "requests a token that the registry will accept from the token server",
}
"""The purpose of a request to each endpoint, with the fields of its target."""

_DEFAULT_FIELDS = {
    "repository": "the repository",
    "digest": "a digest",
    "reference": "a tag or digest",
    "from": "another repository (none is named)",
}
"""The texts for fields that the target does not have."""


def name_of(exchange: Exchange) -> str:
    """Return the name of the request's endpoint; ``""`` if the request matches none."""
    return exchange.endpoint.endpoint.name if exchange.endpoint else ""


def fields_of(exchange: Exchange) -> Mapping[str, str]:
    """Return the fields of the target's path and query; empty if the request matches no endpoint."""
    return {**exchange.endpoint.query, **exchange.endpoint.path} if exchange.endpoint else {}


def requested_tags(exchange: Exchange) -> tuple[str, ...]:
    """Return the tags that a PUT of a manifest to its digest would create as well: ``?tag=<tag>&tag=<tag>``."""
    fields = exchange.endpoint.path if exchange.endpoint else {}
    if name_of(exchange) != "put_manifest" or ":" not in fields.get("reference", ""):
        return ()
    return query_values(exchange.target, "tag")


def _parameters(exchange: Exchange) -> str:
    """The meaning of the parameters that only the specification's main branch has; empty without one."""
    tags, algorithm = requested_tags(exchange), fields_of(exchange).get("digest-algorithm")
    if tags:
        return f", and to point the tags {', '.join(tags)} to it (the specification's main branch, not in v1.1.1)"
    if algorithm and name_of(exchange) == "start_upload":
        return f" whose digest will be a {algorithm} (the specification's main branch, not in v1.1.1)"
    return ""


def request_meaning(exchange: Exchange) -> str:
    """Return the purpose of the request, in a few words."""
    if not exchange.method:
        return "no request was sent" if exchange.response is None else "the request is not in this record"
    if exchange.endpoint is None:
        return "no document of the API names this request"
    kind = {"kind": "tag" if exchange.case == "tag" else "manifest"}
    fields = defaultdict(lambda: "(not named)", {**_DEFAULT_FIELDS, **fields_of(exchange), **kind})
    headers_only = exchange.method == "HEAD" and exchange.endpoint.endpoint.method == "GET"
    purpose = MEANINGS[name_of(exchange)].format_map(fields) + _parameters(exchange)
    return f"{purpose}, as GET does, but without a body" if headers_only else purpose
