"""All quirks in order: the first one that is defined is the first to see a request.

Each quirk is defined at its wrapper. A profile is the set of quirks of one version of CNCF Distribution.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from regtutor.errors import ServerError
from regtutor.server.call import Handler
from regtutor.server.quirks import blobs, lists, manifests, negotiation, paths, uploads
from regtutor.server.quirks.not_imitated import NOT_IMITATED
from regtutor.server.quirks.quirk import VERSIONS, Quirk, quirks_of

QUIRKS: Mapping[str, Quirk] = quirks_of(paths, uploads, blobs, negotiation, manifests, lists)

PROFILES: Mapping[str, tuple[str, ...]] = {
    f"distribution-{version}": tuple(quirk.name for quirk in QUIRKS.values() if version in quirk.citations)
    for version in VERSIONS
}
"""The quirks of each version of CNCF Distribution, under the name that selects all of them."""


def chosen(names: str | Iterable[str]) -> tuple[Quirk, ...]:
    """The quirks that ``names`` selects, in the order of the table.

    Parameters
    ----------
    names: one or more names of quirks and profiles.

    Raises
    ------
    ServerError: for a name that is neither a quirk nor a profile.
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
        f"the profiles are {' and '.join(PROFILES)}, and there are {len(QUIRKS)} single quirks",
        (f"Did you mean {' or '.join(close)}? " if close else "") + "List all with regtutor serve --quirks list",
    )


def wrapped(quirks: Iterable[Quirk], request: str, handler: Handler) -> Handler:
    """``handler`` with the wrappers of ``quirks`` for the endpoint ``request``; the first quirk is outermost."""
    for quirk in reversed(tuple(quirks)):
        if request in quirk.wrappers:
            handler = quirk.wrappers[request](handler)
    return handler


def listed(quirks: Iterable[Quirk] = QUIRKS.values()) -> str:
    """The profiles, ``quirks`` and what no quirk imitates, as text for a terminal.

    Each quirk has its versions after its name, or its other registry.
    """
    profiles = [f"{name}  all quirks marked {name.partition('-')[2]}" for name in PROFILES]
    rows = [f"{quirk.name}  ({', '.join(quirk.citations)})\n    {quirk.meaning}" for quirk in quirks]
    left = [f"{each.behavior}  ({', '.join(each.versions)})\n    {each.why}" for each in NOT_IMITATED]
    return "\n".join([*profiles, "", *rows, "", "Not imitated:", *left])
