"""The table of quirks as a page: ``python -m regtutor.server.quirks.page > docs/quirks.md``."""

from __future__ import annotations

from collections.abc import Iterable

from regtutor.server.quirks.quirk import VERSIONS, Quirk
from regtutor.server.quirks.table import PROFILES, QUIRKS

_HEAD = """\
# Quirks: how CNCF Distribution answers otherwise

<!-- Made by `python -m regtutor.server.quirks.page > docs/quirks.md`; a test holds it against the table. -->

The embedded registry does what the specification says. Asked to, it behaves as CNCF Distribution does where that
differs:

    regtutor serve --quirks distribution-2.8
    rt.open_registry("embedded", quirks="distribution-3.1")
    rt.open_registry("in_process", quirks=["single_post_discards", "tags_not_paginated"])

A profile is all quirks of one version. The answers of `distribution-2.8` are held against those of a real 2.8.2,
request by request, in `tests/contract`; what is not imitated stands there with its reason (`NOT_IMITATED` in
`cells.py`), the rewrite of manifests to Schema 1 among it. `distribution-3.1` is from what was seen of 3.1.1, and from
its source; it was not compared with a real one there. Statuses and error codes are imitated, details are not: they
keep saying what was given, what was expected and what to try next.
"""


def page(quirks: Iterable[Quirk] = QUIRKS.values()) -> str:
    """The page, in Markdown; with a further column if one of ``quirks`` is another registry's."""
    quirks = tuple(quirks)
    profiles = [f"- `{name}`: {len(quirks)} quirks" for name, quirks in PROFILES.items()]
    elsewhere = ["Elsewhere"] if any(set(quirk.citations) - set(VERSIONS) for quirk in quirks) else []
    columns = [*VERSIONS, *elsewhere]
    heading = "| Quirk | What the registry then does | " + " | ".join(columns) + " |"
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
