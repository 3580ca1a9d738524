"""The contract: which manifests refer to another one."""

from typing import Any

from tests.contract import preparations as content
from tests.contract.cells import ERRORS
from tests.contract.language import Answer, Row, Sent, allowed, spec
from tests.contract.preparations import OCI_INDEX, OCI_MANIFEST

REFERRERS = spec("Listing Referrers")
LISTED = f"HTTP/1.1 200 OK\nContent-Type: {OCI_INDEX}\nOCI-Filters-Applied: <absent>\nLink: <absent>"
FILTERED = f"HTTP/1.1 200 OK\nContent-Type: {OCI_INDEX}\nOCI-Filters-Applied: artifactType\nLink: <absent>"
NO_API = {
    "distribution": allowed(
        "HTTP/1.1 404 Not Found\nContent-Type: text/plain; charset=utf-8",
        spec("Unavailable Referrers API"),
        "it has no referrers API: clients keep and read the list under the referrers tag",
        body=b"404 page not found\n",
    )
}
SIGNATURE: dict[str, Any] = {
    "mediaType": OCI_MANIFEST,
    "digest": "{signature}",
    "size": len(content.SIGNATURE),
    "artifactType": "application/vnd.example.signature",
    "annotations": {"org.example.signed-by": "nobody"},
}
CONTENTS: dict[str, Any] = {
    "mediaType": OCI_MANIFEST,
    "digest": "{contents}",
    "size": len(content.CONTENTS),
    "artifactType": "application/vnd.example.contents",
}
INDEX: dict[str, Any] = {
    "mediaType": OCI_INDEX,
    "digest": "{referring_index}",
    "size": len(content.REFERRING_INDEX),
    "annotations": {"org.example.kind": "set"},
}


def get(query: str = "", digest: str = "{manifest}", repository: str = "{repository}") -> Sent:
    """``GET`` of the referrers of ``digest``."""
    return Sent(f"GET /v2/{repository}/referrers/{digest}{query} HTTP/1.1")


def listed(*entries: dict[str, Any], head: str = LISTED) -> Answer:
    """An index of these."""
    return Answer(head, json={"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(entries)})


def row(says: str, sent: Sent, answer: Answer, *given: str, source: str = REFERRERS) -> Row:
    return Row("get_referrers", says, sent, answer, source, given, NO_API)


ROWS = (
    row("names a manifest that has this one as its subject", get(), listed(SIGNATURE), "the image v1", "a signature"),
    row(
        "takes the type of an image manifest without artifactType from its config",
        get(),
        listed(CONTENTS),
        "the image v1",
        "a list of contents",
    ),
    row(
        "names an index, without a type where it has none",
        get(),
        listed(INDEX),
        "the image v1",
        "an index that refers",
    ),
    row("names a manifest whose subject is not there", get(), listed(SIGNATURE), "a signature"),
    row("gives an empty index where nothing refers to it", get(), listed(), "the image v1"),
    row("gives an empty index for a digest that nobody pushed", get(digest="{unknown}"), listed(), "the image v1"),
    row("gives an empty index for a repository that nobody pushed to", get(repository="{nobody}"), listed()),
    row(
        "does not name a manifest of another repository",
        get(repository="{other}"),
        listed(),
        "the image v1",
        "a signature",
        "config and layer in {other}",
    ),
    row(
        "does not name a manifest that was deleted",
        get(),
        listed(),
        "the image v1",
        "a signature",
        "the signature was deleted",
    ),
    row(
        "still names the referrers of a manifest that was deleted",
        get(),
        listed(SIGNATURE),
        "the image v1",
        "a signature",
        "the manifest was deleted",
    ),
    row(
        "names only those of the type that is asked for, and says so",
        get("?artifactType=application/vnd.example.signature"),
        listed(SIGNATURE, head=FILTERED),
        "the image v1",
        "a signature",
        "a list of contents",
    ),
    row(
        "looks for a type also where it comes from the config",
        get("?artifactType=application%2Fvnd.example.contents"),
        listed(CONTENTS, head=FILTERED),
        "the image v1",
        "a signature",
        "a list of contents",
    ),
    row(
        "gives an empty index where none has the type",
        get("?artifactType=text/plain"),
        listed(head=FILTERED),
        "the image v1",
        "a signature",
    ),
    row(
        "refuses a malformed digest",
        get(digest="sha256:hello"),
        Answer("HTTP/1.1 400 Bad Request", errors=("DIGEST_INVALID",)),
        "the image v1",
    ),
    row(
        "refuses a malformed name",
        get(repository="{repository}/Upper"),
        Answer("HTTP/1.1 400 Bad Request", errors=("NAME_INVALID",)),
        source=ERRORS,
    ),
)
