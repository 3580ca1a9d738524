"""What colours say of an answer, alike in every picture of an exchange."""

from __future__ import annotations

from regtutor.exchange import Exchange

_QUIET = {("HEAD", 404), ("GET", 404), ("HEAD", 401), ("GET", 401), ("POST", 401)}
"""Refusals after which a client goes on as a matter of course: it asked what is there, or who it must be."""


def outcome(exchange: Exchange) -> str:
    """``good``, ``quiet`` (no refusal, though it is 4xx), ``bad``, or ``none`` where no answer came."""
    if exchange.response is None:
        return "none"
    if exchange.ok:
        return "good"
    return "quiet" if (exchange.method, exchange.status) in _QUIET else "bad"
