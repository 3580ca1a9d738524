"""The cause of a failure: the one diagnosis, of all exchanges of a transcript, that says most about it.

The last exchange is not always the one that shows the cause: a Location that lost its scheme came in an earlier
response, and the request that followed it fails.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from regtutor.errors import RegtutorError
from regtutor.exchange import Exchange, Transcript
from regtutor.findings import traps
from regtutor.findings.finding import Finding
from regtutor.findings.request_purpose import fields_of
from regtutor.findings.traps.locations import location_of_another_host
from regtutor.protocol.urls import address_of

OF_A_LOCATION = ("Location changes https to http", "Location has no port")
"""Diagnoses of a response that explain the failure of a later request to its Location."""

OF_A_SESSION = ("the upload state was refused", "the Location was changed", "malformed digest")
"""Diagnoses of a request to a Location that a proxy causes as well, if it cuts the query."""

GENERAL = ("missing header", "no response", "Location is outside of /v2/")
"""Diagnoses that name a symptom: any other diagnosis of the same exchange says more."""


def cause_of(record: Exchange | Transcript, failed: Exchange | None = None) -> Finding | None:
    """Return the diagnosis that says most about a failure.

    Parameters
    ----------
    record: the exchange that failed, or the transcript that ended with it.
    failed: the exchange of the transcript that failed; by default, the last one that was refused, that got no response,
        or whose response is not the API's.

    Returns
    -------
    A diagnosis as :func:`~regtutor.findings.explain` gives it, with the next step; None if no exchange failed, or no
    trap applies.
    """
    exchanges = (record,) if isinstance(record, Exchange) else record.exchanges
    failed = failed or _failed(exchanges)
    if failed is None:
        return None
    before = list(exchanges[: exchanges.index(failed)]) if failed in exchanges else list(exchanges)
    found = sorted(traps.diagnose(failed), key=lambda item: item.name in GENERAL)
    led = _led_by_a_location(before, failed)
    if led is not None:
        return led
    if found and _query_is_in_doubt(found[0], failed) and _followed_exactly(before, failed):
        return _query_or_state_lost(found[0])
    return found[0] if found else None


def cause_of_error(error: RegtutorError) -> Finding | None:
    """Return the cause of an error that carries an exchange or a transcript; None without one, or if it says less."""
    record = error.transcript or error.exchange
    if record is None or error.exchange is None:
        return None
    cause = cause_of(record, error.exchange)
    # A symptom says less than the error itself, for example why no response came.
    return None if cause is not None and cause.name in GENERAL and error.next else cause


def _failed(exchanges: Sequence[Exchange]) -> Exchange | None:
    """Return the last exchange that failed; a refusal that clients expect counts only at the end."""
    for exchange in reversed(exchanges):
        if exchange.outcome in ("bad", "none"):
            return exchange
    last = exchanges[-1] if exchanges else None
    return last if last is not None and last.outcome == "quiet" else None


def _led_by_a_location(before: Sequence[Exchange], failed: Exchange) -> Finding | None:
    """Return the diagnosis of the latest earlier Location that led to the failed request."""
    there = address_of(failed.url, "")
    for exchange in reversed(before):
        place = address_of(exchange.headers.get("Location", ""), exchange.url)
        if there is None or place is None or place.origin.lower() != there.origin.lower():
            continue
        own = next((item for item in traps.diagnose(exchange) if item.name in OF_A_LOCATION), None)
        return own or (location_of_another_host(exchange) if failed.response is None else None)
    return None


def _query_is_in_doubt(found: Finding, failed: Exchange) -> bool:
    """Return whether the registry refused what the query of the request has, or the bytes although they match it."""
    if found.name in OF_A_SESSION:
        return True
    body, named = failed.request.body, fields_of(failed).get("digest")
    return found.name == "the digest does not match the bytes" and (body.digest == named or not body.size)


def _followed_exactly(before: Sequence[Exchange], failed: Exchange) -> bool:
    """Return whether the failed request went to the Location of the latest earlier response with one."""
    there = address_of(failed.url, "")
    places = (address_of(each.headers["Location"], each.url) for each in reversed(before) if "Location" in each.headers)
    place = next(places, None)
    return there is not None and place is not None and there.path.partition("?")[0] == place.path.partition("?")[0]


def _query_or_state_lost(found: Finding) -> Finding:
    return replace(
        found,
        name="the query of the Location did not arrive",
        meaning="the request followed the Location of the latest response, but the registry refuses it as if the query "
        "were missing or wrong: a proxy cuts the query, or another registry of a cluster responded, with another "
        "http.secret",
        next="Pass the query on (nginx: proxy_pass without $uri, or with $is_args$args), and give every registry of a "
        "cluster the same http.secret. GET /v2/<repository>/tags/list?n=x tells them apart: 200 means that the query "
        "is cut",
    )
