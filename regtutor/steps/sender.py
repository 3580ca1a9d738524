"""What a step needs of a registry: that it sends. Anything else in its place is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, Protocol, TypeVar

from regtutor.errors import InvalidArgument
from regtutor.exchange import Exchange
from regtutor.message import Request

P = ParamSpec("P")
R = TypeVar("R")


class Sender(Protocol):
    """Anything that takes a Request and returns the Exchange, such as a ``Registry``."""

    def send(self, request: Request) -> Exchange:
        """Send it, once."""
        ...


def needs_registry(function: Callable[P, R]) -> Callable[P, R]:
    """``function``, which refuses an address, or anything else that sends nothing, in the place of its registry.

    Raises
    ------
    InvalidArgument: what the function then raises.
    """

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        if args and not hasattr(args[0], "send"):
            refuse(args[0], function.__name__)
        return function(*args, **kwargs)

    return checked


def refuse(given: object, asker: str) -> None:
    """Say what a registry is, and how to get one; always raises InvalidArgument."""
    raise InvalidArgument(
        f"{asker} was given a {type(given).__name__} in the place of the registry",
        "a registry is an object that sends requests, not its address",
        'Get one first: reg = rt.connect("http://127.0.0.1:5000"), or reg = rt.open_registry()',
    )
