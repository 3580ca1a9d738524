"""The table of quirks as a page: ``python -m regtutor.server.quirks.documentation > docs/quirks.md``."""

from __future__ import annotations

from collections.abc import Iterable

from regtutor.server.quirks.quirk import VERSIONS, Quirk
from regtutor.server.quirks.table import PROFILES, QUIRKS

_HEAD = """\
# Quirks: where CNCF Distribution deviates

<!-- Made by `python -m regtutor.server.quirks.documentation > docs/quirks.md`; a test compares it with the table. -->

The embedded registry follows the specification. On request it behaves like CNCF Distribution where that deviates:

    regtutor serve --quirks distribution-2.8
    rt.open_registry("embedded", quirks="distribution-3.1")
    rt.open_registry("in_process", quirks=["single_post_discards", "tags_not_paginated"])

A profile is the set of all quirks of one version. `tests/contract` compares the responses of `distribution-2.8` with
those of a real 2.8.2, request by request. It also lists the behavior that is not imitated, with the reasons
(`NOT_IMITATED` in `cells.py`), such as the rewrite of manifests to Schema 1. `distribution-3.1` is based on what was
observed of 3.1.1, and on its source; the tests do not compare it with a real 3.1.1. Statuses and error codes are
imitated. Details are not: they still contain what was given, what was expected and what to try next.
"""


def page(quirks: Iterable[Quirk] = QUIRKS.values()) -> str:
    """The page in Markdown, with a further column if one of ``quirks`` belongs to another registry."""
    quirks = tuple(quirks)
    profiles = [f"- `{name}`: {len(quirks)} quirks" for name, quirks in PROFILES.items()]
    elsewhere = ["Elsewhere"] if any(set(quirk.citations) - set(VERSIONS) for quirk in quirks) else []
    columns = [*VERSIONS, *elsewhere]
    heading = "| Quirk | Behavior of the registry | " + " | ".join(columns) + " |"
    rule = "| --- | --- |" + " --- |" * len(columns)
    return "\n".join([_HEAD, *profiles, "", heading, rule, *(_row(quirk, columns) for quirk in quirks), ""])


def _row(quirk: Quirk, columns: list[str]) -> str:
    cells = [f"`{quirk.name}`", quirk.meaning.replace("*", "\\*").replace("|", "\\|")]
    links = dict.fromkeys(columns, "")
    for key, citation in quirk.citations.items():
        if key in VERSIONS:
            links[key] = f"[{citation.document.name.partition('registry/')[2]}]({citation.url})"
        else:
            links["Elsewhere"] = f"[{key}]({citation.url})"
    return "| " + " | ".join([*cells, *links.values()]) + " |"


if __name__ == "__main__":
    print(page(), end="")
