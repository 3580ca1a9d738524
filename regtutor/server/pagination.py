"""Pagination of lists: the page that ``n`` and ``last`` in the query select, and the Link to the next page.

Sources: OCI distribution-spec v1.1.1, "Listing Tags"
<https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags>; RFC 8288, "Web Linking"
<https://www.rfc-editor.org/rfc/rfc8288.html>.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from itertools import islice

from regtutor.message import HeaderList
from regtutor.protocol.endpoints import build
from regtutor.protocol.ranges import length
from regtutor.server.call import Call
from regtutor.server.respond import Refusal


def page_of(
    call: Call,
    endpoint: str,
    names: Iterable[str],
    order: Callable[[str], object] = str,
    *,
    is_sorted: bool = False,
    exists: Callable[[str], bool] = lambda _name: True,
    refusal: str = "PAGINATION_NUMBER_INVALID",
) -> tuple[list[str], HeaderList]:
    """The names that ``call`` requests, in order, and the Link header if there are more.

    Parameters
    ----------
    endpoint: the name of the endpoint, for the Link.
    names: all names.
    order: the sort key; ``last`` need not be one of the names.
    is_sorted: whether ``names`` is a list in this order.
    exists: whether a name is listed; called only for the names of the page and the one after it.
    refusal: the error code for an invalid ``n``; the default is CNCF Distribution's, which is not in OCI's list.

    Raises
    ------
    Refusal: with that code and 400, if ``n`` is not a number.
    """
    ordered = names if is_sorted and isinstance(names, list) else sorted(names, key=order)  # type: ignore[arg-type]
    last, number = call.query.get("last"), _number(call, refusal)
    if number == 0:
        return [], ()
    first = bisect_right(ordered, order(last), key=order) if last else 0  # type: ignore[call-overload]
    wanted = filter(exists, islice(ordered, first, None))
    page = list(wanted if number is None else islice(wanted, min(number, len(ordered))))
    if number is None or next(wanted, None) is None:
        return page, ()
    return page, (next_link(endpoint, call, {"n": str(number), "last": page[-1]}),)


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
