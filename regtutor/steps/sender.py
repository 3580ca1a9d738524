"""The interface that a step needs of a registry: ``send``. Any other object is refused with an explanation."""

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
        """Send ``request``, once."""
        ...


def needs_registry(function: Callable[P, R]) -> Callable[P, R]:
    """Wrap ``function`` so that it raises InvalidArgument if its first argument is not a registry.

    The most common mistake is to give the address of the registry instead of the registry.
    """

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        if args and not hasattr(args[0], "send"):
            refuse(args[0], function.__name__)
        return function(*args, **kwargs)

    return checked


def refuse(given: object, function: str) -> None:
    """Raise InvalidArgument, which explains what a registry is and how to get one."""
    raise InvalidArgument(
        f"{function} was given a {type(given).__name__} instead of a registry",
        "a registry is an object that sends requests, not its address",
        'Get one first: reg = rt.connect("http://127.0.0.1:5000"), or reg = rt.open_registry()',
    )
