"""The table of quirks as a page: ``python -m regtutor.server.quirks.documentation > docs/quirks.md``."""

from __future__ import annotations

from collections.abc import Iterable

from regtutor.server.quirks.not_imitated import NOT_IMITATED
from regtutor.server.quirks.quirk import VERSIONS, Quirk
from regtutor.server.quirks.table import PROFILES, QUIRKS

_HEAD = """\
# Quirks: where CNCF Distribution deviates

<!-- Made by `python -m regtutor.server.quirks.documentation > docs/quirks.md`; a test compares it with the table. -->

The embedded registry follows the specification. On request it behaves like CNCF Distribution where that deviates:

    regtutor serve --quirks distribution-2.8
    rt.open_registry("embedded", quirks="distribution-3.1")
    rt.open_registry("in_process", quirks=["single_post_discards", "tags_not_paginated"])

A profile is the set of all quirks of one version. Both were compared with the real registry on 2026-11-26, request by
request: 2.8.2 as Debian packages it, and 3.1.1 built from its tag with Go 1.27.3. `tests/contract` repeats this with
the installed 2.8.2, and with the 3.1 that `REGTUTOR_DISTRIBUTION_3=PATH` names. Statuses, error codes and headers are
imitated; the second table lists what is not. `[Go]` marks what Go's HTTP library does, which can differ in a build with
another release of Go.
"""


def page(quirks: Iterable[Quirk] = QUIRKS.values()) -> str:
    """The page in Markdown, with a further column if one of ``quirks`` belongs to another registry."""
    quirks = tuple(quirks)
    profiles = [f"- `{name}`: {len(quirks)} quirks" for name, quirks in PROFILES.items()]
    elsewhere = ["Elsewhere"] if any(set(quirk.citations) - set(VERSIONS) for quirk in quirks) else []
    columns = [*VERSIONS, *elsewhere]
    heading = "| Quirk | Behavior of the registry | " + " | ".join(columns) + " |"
    rule = "| --- | --- |" + " --- |" * len(columns)
    table = [heading, rule, *(_row(quirk, columns) for quirk in quirks)]
    return "\n".join([_HEAD, *profiles, "", *table, "", *_left(), ""])


def _left() -> list[str]:
    """The section on what no quirk imitates."""
    rows = [f"| {left.behavior} | {', '.join(left.versions)} | {left.why} |" for left in NOT_IMITATED]
    return [
        "## Not imitated",
        "",
        "| Behavior of the registry | Versions | Reason, and the behavior of the imitation |",
        "| --- | --- | --- |",
        *rows,
    ]


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
