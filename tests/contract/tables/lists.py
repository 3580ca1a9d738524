"""The contract: which tags a repository has, and which repositories there are."""

from tests.contract.cells import ERRORS, NO_SUCH_PAGE
from tests.contract.language import Answer, Differs, Row, Sent, allowed, api, deviation, rfc, spec

TAGS = spec("Listing Tags")
CATALOG = api("Listing Repositories")
LISTED = "HTTP/1.1 200 OK\nContent-Type: application/json; charset=utf-8\nLink: <absent>"
FIVE_TAGS = ("the image v1", "the tags C, 10, a and B")


def _ignores(what: str) -> dict[str, Differs]:
    """Distribution 2.8 gives all tags, in the order of its disk."""
    why = f"it does not look at {what}, and gives every tag in the order in which its disk has them"
    return {"distribution": deviation(LISTED, TAGS, why)}


_TAKES_ANY_N = "no document says what to answer to such an n; it takes it for none"
TAKES_ANY_N_OF_TAGS = {"distribution": allowed(LISTED, TAGS, _TAKES_ANY_N)}
TAKES_ANY_N_OF_NAMES = {"distribution": allowed(LISTED, CATALOG, _TAKES_ANY_N)}

LIST_TAGS = (
    Row(
        "list_tags",
        "gives the tag that there is",
        Sent("GET /v2/{repository}/tags/list HTTP/1.1"),
        Answer(LISTED, json={"name": "{repository}", "tags": ["v1"]}),
        TAGS,
        given=("the image v1",),
    ),
    Row(
        "list_tags",
        "gives all tags in lexical order, in which case does not count",
        Sent("GET /v2/{repository}/tags/list HTTP/1.1"),
        Answer(LISTED, json={"name": "{repository}", "tags": ["10", "a", "B", "C", "v1"]}),
        TAGS,
        given=FIVE_TAGS,
        differs=_ignores("their order"),
    ),
    Row(
        "list_tags",
        "gives the first n, and a Link to the next",
        Sent("GET /v2/{repository}/tags/list?n=2 HTTP/1.1"),
        Answer(
            'HTTP/1.1 200 OK\nLink: </v2/{repository}/tags/list?n=2&last=a>; rel="next"',
            json={"name": "{repository}", "tags": ["10", "a"]},
        ),
        TAGS,
        given=FIVE_TAGS,
        differs=_ignores("n"),
    ),
    Row(
        "list_tags",
        "gives the n after last, and a Link to the next",
        Sent("GET /v2/{repository}/tags/list?n=2&last=a HTTP/1.1"),
        Answer(
            'HTTP/1.1 200 OK\nLink: </v2/{repository}/tags/list?n=2&last=C>; rel="next"',
            json={"name": "{repository}", "tags": ["B", "C"]},
        ),
        TAGS,
        given=FIVE_TAGS,
        differs=_ignores("n and last"),
    ),
    Row(
        "list_tags",
        "gives no Link with the last n",
        Sent("GET /v2/{repository}/tags/list?n=2&last=B HTTP/1.1"),
        Answer(LISTED, json={"name": "{repository}", "tags": ["C", "v1"]}),
        TAGS,
        given=FIVE_TAGS,
        differs=_ignores("n and last"),
    ),
    Row(
        "list_tags",
        "gives all after last where there is no n",
        Sent("GET /v2/{repository}/tags/list?last=a HTTP/1.1"),
        Answer(LISTED, json={"name": "{repository}", "tags": ["B", "C", "v1"]}),
        TAGS,
        given=FIVE_TAGS,
        differs=_ignores("last"),
    ),
    Row(
        "list_tags",
        "continues also after a tag that does not exist",
        Sent("GET /v2/{repository}/tags/list?last=b2 HTTP/1.1"),
        Answer(LISTED, json={"name": "{repository}", "tags": ["C", "v1"]}),
        TAGS,
        given=FIVE_TAGS,
        differs=_ignores("last"),
    ),
    Row(
        "list_tags",
        "gives none and no Link where n is 0",
        Sent("GET /v2/{repository}/tags/list?n=0 HTTP/1.1"),
        Answer(LISTED, json={"name": "{repository}", "tags": []}),
        TAGS,
        given=("the image v1",),
        differs=_ignores("n"),
    ),
    Row(
        "list_tags",
        "gives all where n is more than there are",
        Sent("GET /v2/{repository}/tags/list?n=1000 HTTP/1.1"),
        Answer(LISTED, json={"name": "{repository}", "tags": ["v1"]}),
        TAGS,
        given=("the image v1",),
    ),
    Row(
        "list_tags",
        "gives an empty list where the last tag is gone",
        Sent("GET /v2/{repository}/tags/list HTTP/1.1"),
        Answer(LISTED, json={"name": "{repository}", "tags": []}),
        TAGS,
        given=("the image v1", "the manifest was deleted"),
        differs={
            "distribution": deviation(
                LISTED,
                TAGS,
                "it writes null where the body's form has a list",
                json={"name": "{repository}", "tags": None},
            )
        },
    ),
    Row(
        "list_tags",
        "gives an empty list where nothing was tagged",
        Sent("GET /v2/{repository}/tags/list HTTP/1.1"),
        Answer(LISTED, json={"name": "{repository}", "tags": []}),
        TAGS,
        given=("the manifest without a tag",),
        differs={
            "distribution": deviation(
                "HTTP/1.1 404 Not Found",
                TAGS,
                "it knows a repository by its tags, though the manifest can be pulled from there",
                errors=("NAME_UNKNOWN",),
            )
        },
    ),
    Row(
        "list_tags",
        "does not know a repository that nobody pushed to",
        Sent("GET /v2/{nobody}/tags/list HTTP/1.1"),
        Answer("HTTP/1.1 404 Not Found", errors=("NAME_UNKNOWN",)),
        TAGS,
    ),
    Row(
        "list_tags",
        "does not know a repository that only has an upload session",
        Sent("GET /v2/{repository}/tags/list HTTP/1.1"),
        Answer("HTTP/1.1 404 Not Found", errors=("NAME_UNKNOWN",)),
        TAGS,
        given=("a session",),
    ),
    Row(
        "list_tags",
        "refuses an n that is no number",
        Sent("GET /v2/{repository}/tags/list?n=two HTTP/1.1"),
        Answer("HTTP/1.1 400 Bad Request", errors=("UNSUPPORTED",)),
        TAGS,
        given=("the image v1",),
        differs=TAKES_ANY_N_OF_TAGS,
    ),
    Row(
        "list_tags",
        "refuses an n below 0",
        Sent("GET /v2/{repository}/tags/list?n=-1 HTTP/1.1"),
        Answer("HTTP/1.1 400 Bad Request", errors=("UNSUPPORTED",)),
        TAGS,
        given=("the image v1",),
        differs=TAKES_ANY_N_OF_TAGS,
    ),
    Row(
        "list_tags",
        "refuses a malformed name",
        Sent("GET /v2/{repository}/Upper/tags/list HTTP/1.1"),
        Answer("HTTP/1.1 400 Bad Request", errors=("NAME_INVALID",)),
        ERRORS,
        differs=NO_SUCH_PAGE,
    ),
    Row(
        "none",
        "a list of tags takes no PUT",
        Sent("PUT /v2/{repository}/tags/list HTTP/1.1\nContent-Length: 0"),
        Answer("HTTP/1.1 405 Method Not Allowed\nAllow: GET, HEAD", errors=("UNSUPPORTED",)),
        rfc("15.5.6 405 Method Not Allowed"),
        differs={
            "distribution": allowed(
                "HTTP/1.1 405 Method Not Allowed\nAllow: GET",
                ERRORS,
                "the body of an error may have any format",
                body=b"Method not allowed\n",
            )
        },
    ),
)

LIST_REPOSITORIES = (
    Row(
        "list_repositories",
        "gives the names after last",
        Sent("GET /v2/_catalog?n=1&last={repository} HTTP/1.1"),
        Answer("HTTP/1.1 200 OK", json={"repositories": ["{other}"]}),
        CATALOG,
        given=("config and layer in {other}",),
    ),
    Row(
        "list_repositories",
        "gives a Link where there are more",
        Sent("GET /v2/_catalog?n=1&last=row0 HTTP/1.1"),
        Answer('HTTP/1.1 200 OK\nLink: </v2/_catalog?<any>last=<text>>; rel="next"'),
        CATALOG,
        given=("the blob hello", "the blob hello in {other}"),
    ),
    Row(
        "list_repositories",
        "gives none and no Link behind the end",
        Sent("GET /v2/_catalog?last=zzz HTTP/1.1"),
        Answer(LISTED, json={"repositories": []}),
        CATALOG,
        given=("the blob hello",),
    ),
    Row(
        "list_repositories",
        "gives none and no Link where n is 0",
        Sent("GET /v2/_catalog?n=0 HTTP/1.1"),
        Answer(LISTED, json={"repositories": []}),
        CATALOG,
        given=("the blob hello",),
    ),
    Row(
        "list_repositories",
        "does not name a repository that only has an upload session",
        Sent("GET /v2/_catalog?n=1&last={nobody} HTTP/1.1"),
        Answer("HTTP/1.1 200 OK", json={"repositories": ["{other}"]}),
        CATALOG,
        given=("a session", "the blob hello in {other}"),
    ),
    Row(
        "list_repositories",
        "refuses an n that is no number",
        Sent("GET /v2/_catalog?last=zzz&n=two HTTP/1.1"),
        Answer("HTTP/1.1 400 Bad Request", errors=("PAGINATION_NUMBER_INVALID",)),
        CATALOG,
        differs=TAKES_ANY_N_OF_NAMES,
    ),
    Row(
        "list_repositories",
        "refuses an n below 0",
        Sent("GET /v2/_catalog?last=zzz&n=-1 HTTP/1.1"),
        Answer("HTTP/1.1 400 Bad Request", errors=("PAGINATION_NUMBER_INVALID",)),
        CATALOG,
        differs=TAKES_ANY_N_OF_NAMES,
    ),
    Row(
        "list_repositories",
        "takes an n of more than a thousand",
        Sent("GET /v2/_catalog?last=zzz&n=1001 HTTP/1.1"),
        Answer(LISTED, json={"repositories": []}),
        CATALOG,
        differs={
            "distribution": allowed(
                "HTTP/1.1 400 Bad Request",
                CATALOG,
                "a registry may limit how much it gives at once; it refuses what is over 1000",
                errors=("PAGINATION_NUMBER_INVALID",),
            )
        },
    ),
)

ROWS = (*LIST_TAGS, *LIST_REPOSITORIES)
