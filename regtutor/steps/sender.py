"""The interface that a step needs of a registry: ``send``. Any other object is refused with an explanation."""

from __future__ import annotations

import inspect
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

    The most common mistake is to give the address of the registry instead of the registry. If arguments are missing, or
    are too many, Python's TypeError gets a note with the signature.
    """

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        if args and not hasattr(args[0], "send"):
            refuse(args[0], function.__name__)
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            _add_signature(error, function)
            raise

    return checked


def _add_signature(error: TypeError, function: Callable[..., object]) -> None:
    """Add the signature to the error of a call whose arguments do not fit; an error from inside gets none."""
    if error.__traceback__ is None or error.__traceback__.tb_next is not None:
        return
    whole = inspect.signature(function)
    names = [each.replace(annotation=each.empty) for each in whole.parameters.values()]
    shown = whole.replace(parameters=names, return_annotation=whole.empty)
    error.add_note(f"The signature is {function.__name__}{shown}; help({function.__name__}) explains each parameter.")


def refuse(given: object, function: str) -> None:
    """Raise InvalidArgument, which explains what a registry is and how to get one."""
    raise InvalidArgument(
        f"{function} was given a {type(given).__name__} instead of a registry",
        "a registry is an object that sends requests, not its address",
        'Get one first: reg = rt.connect("http://127.0.0.1:5000"), or reg = rt.open_registry()',
    )
