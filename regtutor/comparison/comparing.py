"""``compare`` and ``compare_walk``: one request, or one walk, sent to several registries, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Any

from regtutor.client.registry import Registry
from regtutor.comparison.aligning import aligned
from regtutor.comparison.records import Comparison, Reached, Row
from regtutor.comparison.verdicts import compared
from regtutor.errors import InvalidArgument, RegtutorError
from regtutor.exchange import Exchange, Transcript
from regtutor.protocol.secrets import redact_url
from regtutor.walks.driving import Walk, Walker

Registries = Iterable[Registry] | Mapping[str, Registry]
"""Registries, or name -> registry."""


def compare(send: Callable[[Registry], Exchange], registries: Registries) -> Comparison:
    """Send one request to several registries, and compare the responses line by line.

    Parameters
    ----------
    send: sends the request to the registry that it is given, such as
        ``lambda reg: rt.head_blob(reg, "library/hello", digest)``, and returns the exchange.
    registries: a list of registries, or a mapping of a name to each.

    Returns
    -------
    A :class:`~regtutor.comparison.records.Comparison`: ``.table`` has a row for status, each header, body and time;
    ``.summary`` has a row for each registry; ``.exchanges`` has the exchanges. A registry that cannot be reached has
    its error in the summary, and does not stop the others.

    Raises
    ------
    InvalidArgument: if an item of ``registries`` is not a Registry, or ``send`` does not return an exchange.

    Source: the levels and clauses are those of ``regtutor/protocol``, such as OCI distribution-spec v1.1.1
    <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md>.
    """
    reached = tuple(_sent(send, name, reg) for name, reg in named(registries).items())
    exchanges = [each.transcript[0] if len(each.transcript) else None for each in reached]
    stopped = [bool(each.error) for each in reached]
    return Comparison(_title(exchanges, reached), reached, tuple(compared(0, _complete(exchanges), stopped)))


def compare_walk(walk: Walk | Callable[..., Walk | Transcript], registries: Registries) -> Comparison:
    """Drive the same walk on several registries, and compare the responses to each of its requests.

    Parameters
    ----------
    walk: a function that makes the walk, because a walk can be driven only once: without a parameter, or with the
        registry as its only parameter. It returns a walk or a transcript, so that
        ``lambda reg: rt.push_image(reg, image, "library/hello", "v1", progress=False)`` is valid. For a single
        registry the walk itself is valid.
    registries: a list of registries, or a mapping of a name to each.

    Returns
    -------
    A :class:`~regtutor.comparison.records.Comparison` with the rows of every request. Requests belong together if
    they have the same endpoint, repository and content.

    Raises
    ------
    InvalidArgument: if an item of ``registries`` is not a Registry, or one walk was given for several registries.
    """
    chosen = named(registries)
    if isinstance(walk, Generator) and len(chosen) > 1:
        raise InvalidArgument(
            f"One walk was given for {len(chosen)} registries",
            "a walk can be driven only once",
            "Give a function that makes it, such as lambda: push(image, repository, tag)",
        )
    reached = tuple(_walked(walk, name, reg) for name, reg in chosen.items())
    stopped = [bool(each.error) for each in reached]
    rows: list[Row] = []
    for number, exchanges in enumerate(aligned([each.transcript for each in reached]), start=1):
        rows += compared(number, _complete(exchanges), stopped)
    titles = [each.transcript.title for each in reached if each.transcript.title]
    title = titles[0].rpartition(" to ")[0] or titles[0] if titles else "a walk"
    return Comparison(f"{title}, on {', '.join(chosen)}", reached, tuple(rows))


def named(registries: Registries) -> dict[str, Registry]:
    """Return each registry under a unique name; the second of the same name gets a number.

    Raises
    ------
    InvalidArgument: if an item is not a Registry, or the list is empty.
    """
    if isinstance(registries, Mapping):
        given = [(str(name), reg) for name, reg in registries.items()]
    else:
        given = [(getattr(reg, "name", ""), reg) for reg in _items(registries)]
    found: dict[str, Registry] = {}
    for name, reg in given:
        if not isinstance(reg, Registry):
            raise InvalidArgument(
                f"A {type(reg).__name__} was given instead of a registry",
                "a comparison takes registries, or a mapping of names to registries",
                'Open each one first: rt.connect("http://127.0.0.1:5000") or rt.open_registry()',
            )
        number = sum(one == name or one.rpartition(" ")[0] == name for one in found) + 1
        found[name if name not in found else f"{name} {number}"] = reg
    if not found:
        raise InvalidArgument("No registry was given", "a comparison needs at least one", "Give a list of registries")
    return found


def _items(registries: Any) -> list[Any]:
    return (
        [registries] if isinstance(registries, Registry) or not isinstance(registries, Iterable) else list(registries)
    )


def _sent(send: Callable[[Registry], Exchange], name: str, reg: Registry) -> Reached:
    try:
        exchange = send(reg)
    except InvalidArgument:
        raise
    except RegtutorError as error:
        return _reached(name, reg, [error.exchange] if error.exchange else [], error=_said(error))
    if not isinstance(exchange, Exchange):
        raise InvalidArgument(
            f"The function returned a {type(exchange).__name__} for {name}",
            "it must return the exchange of the request that it sent",
            "Write lambda reg: rt.head_blob(reg, repository, digest), or use rt.compare_walk for several requests",
        )
    return _reached(name, reg, [exchange])


def _walked(walk: Walk | Callable[..., Walk | Transcript], name: str, reg: Registry) -> Reached:
    exchanges: list[Exchange] = []
    try:
        made = walk if isinstance(walk, Generator) else _made(walk, reg)
        if isinstance(made, Transcript):
            return _reached(name, reg, made, made.title)
        walker = Walker(made, reg, watch=exchanges.append)
        while walker.request is not None and not walker.failures:
            walker.step()
        made.close()
    except InvalidArgument:
        raise
    except RegtutorError as error:
        partial = error.transcript or exchanges or ([error.exchange] if error.exchange else [])
        return _reached(name, reg, partial, error=_said(error))
    failed = next((x.error for x in exchanges if x.error), "")
    return _reached(name, reg, exchanges, error=failed)


def _made(walk: Callable[..., Walk | Transcript], reg: Registry) -> Walk | Transcript:
    import inspect

    made = walk(reg) if inspect.signature(walk).parameters else walk()
    made = getattr(made, "transcript", made)
    if not isinstance(made, Transcript | Generator):
        raise InvalidArgument(
            f"The function returned a {type(made).__name__}",
            "it must return a walk or a transcript",
            "Write lambda reg: rt.push_image(reg, image, repository, tag, progress=False)",
        )
    return made


def _reached(name: str, reg: Registry, exchanges: Iterable[Exchange], title: str = "", error: str = "") -> Reached:
    return Reached(name, redact_url(reg.url), Transcript.of(exchanges, title), error)


def _said(error: RegtutorError) -> str:
    return f"{error.what}: {error.why}" if error.why else error.what


def _complete(exchanges: Iterable[Exchange | None]) -> list[Exchange | None]:
    """Replace exchanges without a response by None: the error of their registry has the reason."""
    return [x if x is not None and x.response is not None else None for x in exchanges]


def _title(exchanges: list[Exchange | None], reached: tuple[Reached, ...]) -> str:
    first = next((x for x in exchanges if x is not None), None)
    asked = f"{first.method} {first.target.partition('?')[0]}" if first and first.method else "one request"
    return f"{asked}, on {', '.join(each.name for each in reached)}"
