"""Pagination of lists: the page that ``n`` and ``last`` in the query select, and the Link to the next page.

Sources: OCI distribution-spec v1.1.1, "Listing Tags"
<https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags>; RFC 8288, "Web Linking"
<https://www.rfc-editor.org/rfc/rfc8288.html>.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from regtutor.message import HeaderList
from regtutor.protocol.endpoints import build
from regtutor.protocol.ranges import length
from regtutor.server.call import Call
from regtutor.server.respond import Refusal


def page_of(
    call: Call, endpoint: str, after: Callable[[str], Iterable[str]], refusal: str = "PAGINATION_NUMBER_INVALID"
) -> tuple[list[str], HeaderList]:
    """The names that ``call`` requests, in order, and the Link header if there are more.

    Parameters
    ----------
    endpoint: the name of the endpoint, for the Link.
    after: returns the names that sort after a name, which need not be one of them; all names for the empty text. Only
        the names of the page and the one after it are taken.
    refusal: the error code for an invalid ``n``; the default is CNCF Distribution's, which is not in OCI's list.

    Raises
    ------
    Refusal: with that code and 400, if ``n`` is not a number.
    """
    number = _number(call, refusal)
    if number == 0:
        return [], ()
    wanted = iter(after(call.query.get("last") or ""))
    if number is None:
        return list(wanted), ()
    page = list(islice(wanted, min(number, sys.maxsize)))
    if next(wanted, None) is None:
        return page, ()
    return page, (next_link(endpoint, call, {"n": str(number), "last": page[-1]}),)


def after_in(ordered: list[str], order: Callable[[str], object], last: str) -> Iterator[str]:
    """The names of a sorted list after ``last``.

    Parameters
    ----------
    order: the sort key.
    """
    first = bisect_right(ordered, order(last), key=order) if last else 0  # type: ignore[call-overload]
    return islice(ordered, first, None)


def next_link(endpoint: str, call: Call, query: dict[str, str]) -> tuple[str, str]:
    """The Link header to the next page: the same path with another query. It is relative, as RFC 8288 permits."""
    return "Link", f'<{build(endpoint, query=query, **call.path)}>; rel="next"'


def _number(call: Call, refusal: str) -> int | None:
    text = call.query.get("n")
    if text is None:
        return None
    number = length(text)
    if number is None:
        raise Refusal(
            refusal,
            given=text,
            expected="n=<number of entries>, 0 or more, in decimal digits",
            next="Send the same GET with a valid n, or without n for the whole list",
            status=400,
        )
    return number
