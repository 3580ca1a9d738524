"""A quirk is defined where its wrapper is made: :func:`quirk` names it, says what it means, and where that is written.

::

    @quirk("catalog_refuses_large_n", "400 ... for an n of more than 1000", on="list_repositories", in_2="handlers/...")
    def refuse_large_n(handler: Handler) -> Handler: ...

A wrapper that two quirks share has two decorators. A quirk with different wrappers for different endpoints decorates
each of them; the first one has its meaning and its source. The order in a module is that of definition, and of two
decorators on one wrapper the lower one comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import ModuleType

from regtutor.protocol.citations import Citation, Document
from regtutor.server.quirks.wrapping import Wrapper, Wrappers

VERSIONS = {"2.8": "v2.8.2", "3.1": "v3.1.1"}
"""The versions of CNCF Distribution that have profiles, and the tags of the source that their quirks cite."""


@dataclass(frozen=True)
class Quirk:
    """One switch.

    Attributes
    ----------
    name: how it is asked for.
    meaning: what the registry then does, and what it does otherwise where that is not plain.
    citations: where that is written: the lines of source of each version of CNCF Distribution that does so, by that
        version, or a document about another registry, by the name of the document.
    wrappers: what it puts around which handlers.
    """

    name: str
    meaning: str
    citations: Mapping[str, Citation]
    wrappers: Wrappers


_DEFINED: dict[str, dict[str, Quirk]] = {}
"""The quirks of each module, by their names."""


def quirk(
    name: str,
    meaning: str = "",
    *,
    on: str | Iterable[str],
    in_2: str | None = None,
    in_3: str | None = None,
    source: Citation | None = None,
) -> Callable[[Wrapper], Wrapper]:
    """Define a quirk by its wrapper; or give the one that was just defined a further wrapper.

    Parameters
    ----------
    name: how it is asked for.
    meaning: what the registry then does; only where the name comes first.
    on: the endpoints whose handlers it wraps; ``EVERY`` wraps the choice among them.
    in_2, in_3: the file below ``registry/`` in CNCF Distribution 2.8 and 3.1, and its lines: ``handlers/tags.go#L36``.
    source: where it is written of another registry, such as GitLab's, ECR, Quay or go-containerregistry's.

    Raises
    ------
    ValueError: for a quirk without a meaning or a source, one that is defined twice, or wraps an endpoint twice.
    """
    citations = _in_distribution(in_2, in_3) | ({source.document.name: source} if source is not None else {})

    def define(wrapper: Wrapper) -> Wrapper:
        quirks = _DEFINED.setdefault(wrapper.__module__, {})
        known = quirks.get(name)
        if (known is None) != bool(meaning and citations) or (known is not None and (meaning or citations)):
            raise ValueError(f"the quirk {name} needs its meaning and its source once, where it is first defined")
        wrappers = dict.fromkeys([on] if isinstance(on, str) else on, wrapper)
        if known is not None and set(known.wrappers) & set(wrappers):
            raise ValueError(f"the quirk {name} has one wrapper for each endpoint")
        found = known or Quirk(name, meaning, citations, {})
        quirks[name] = replace(found, wrappers={**found.wrappers, **wrappers})
        return wrapper

    return define


def quirks_of(*modules: ModuleType) -> dict[str, Quirk]:
    """The quirks that ``modules`` define, by their names, in the order of the modules and of the definitions.

    Raises
    ------
    ValueError: for a name that two modules use.
    """
    found: dict[str, Quirk] = {}
    for module in modules:
        quirks = _DEFINED.get(module.__name__, {})
        if twice := set(found) & set(quirks):
            raise ValueError(f"quirks that two modules define: {', '.join(sorted(twice))}")
        found |= quirks
    return found


def _in_distribution(*files: str | None) -> dict[str, Citation]:
    found = {}
    for (version, tag), text in zip(VERSIONS.items(), files, strict=True):
        if text is not None:
            path, _, lines = text.partition("#")
            url = f"https://github.com/distribution/distribution/blob/{tag}/registry/{path}"
            document = Document(f"CNCF Distribution {tag.removeprefix('v')}, registry/{path}", url)
            found[version] = Citation(document, lines, lines)
    return found
