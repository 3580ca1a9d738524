"""The quirks, in their order: the first that is defined is the first that sees a request.

Each stands where its wrapper is made. A profile is the quirks of one version of CNCF Distribution.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from regtutor.errors import ServerError
from regtutor.server.call import Handler
from regtutor.server.quirks import blobs, lists, manifests, paths, uploads
from regtutor.server.quirks.quirk import VERSIONS, Quirk, quirks_of

QUIRKS: Mapping[str, Quirk] = quirks_of(paths, uploads, blobs, manifests, lists)

PROFILES: Mapping[str, tuple[str, ...]] = {
    f"distribution-{version}": tuple(quirk.name for quirk in QUIRKS.values() if version in quirk.citations)
    for version in VERSIONS
}
"""The quirks of each version of CNCF Distribution, by the name under which all of them are asked for."""


def chosen(names: str | Iterable[str]) -> tuple[Quirk, ...]:
    """The quirks that ``names`` asks for, in the order of the table.

    Parameters
    ----------
    names: one name, or several: of quirks and of profiles.

    Raises
    ------
    ServerError: for a name that is neither.
    """
    wanted: set[str] = set()
    for name in [names] if isinstance(names, str) else names:
        if name not in PROFILES and name not in QUIRKS:
            raise _unknown(name)
        wanted.update(PROFILES.get(name, (name,)))
    return tuple(quirk for quirk in QUIRKS.values() if quirk.name in wanted)


def _unknown(name: str) -> ServerError:
    close = difflib.get_close_matches(str(name), [*PROFILES, *QUIRKS], 3, 0.4)
    return ServerError(
        f"There is no quirk called {name!r}",
        f"there are the profiles {' and '.join(PROFILES)}, and {len(QUIRKS)} single ones",
        (f"Perhaps you meant {' or '.join(close)}; " if close else "") + "regtutor serve --quirks list shows all",
    )


def wrapped(quirks: Iterable[Quirk], request: str, handler: Handler) -> Handler:
    """``handler`` with what ``quirks`` put around that ``request``; the first of them outermost."""
    for quirk in reversed(tuple(quirks)):
        if request in quirk.wrappers:
            handler = quirk.wrappers[request](handler)
    return handler


def listed(quirks: Iterable[Quirk] = QUIRKS.values()) -> str:
    """Profiles and ``quirks`` as text, for a terminal: each with the versions, or the other registry, that have it."""
    profiles = [f"{name}  all that are marked {name.partition('-')[2]}" for name in PROFILES]
    rows = [f"{quirk.name}  ({', '.join(quirk.citations)})\n    {quirk.meaning}" for quirk in quirks]
    return "\n".join([*profiles, "", *rows])
