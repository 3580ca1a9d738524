"""Link headers, which name the next page of a list.

Source: RFC 8288, "Web Linking", section 3 <https://www.rfc-editor.org/rfc/rfc8288.html#section-3>.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_LINK = re.compile(r'<([^>]*)>((?:[^,"]|"(?:[^"\\]|\\.)*")*)')
_RELATION = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))', re.IGNORECASE)


def next_link(values: Iterable[str]) -> str | None:
    """Return the unchanged target of the first link with the relation ``next``, or None.

    Parameters
    ----------
    values: the values of every Link header.
    """
    for value in values:
        for target, parameters in _LINK.findall(value):
            relation = _RELATION.search(parameters)
            if relation and "next" in (relation[1] or relation[2] or "").lower().split():
                return str(target)
    return None
