"""Defining a quirk: the decorator :func:`quirk` gives a wrapper its name, its meaning and its source.

::

    @quirk("catalog_refuses_large_n", "400 ... for an n of more than 1000", on="list_repositories", in_2="handlers/...")
    def refuse_large_n(handler: Handler) -> Handler: ...

A wrapper that two quirks share has two decorators. A quirk with different wrappers for different endpoints decorates
each of them; the first decorator has the meaning and the source. The order of the quirks in a module is the order of
their definitions. If a wrapper has two decorators, the lower one comes first.
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
    name: the name that selects it.
    meaning: the behaviour of the registry with this quirk and, if that is not obvious, without it.
    citations: the sources: for each version of CNCF Distribution with this behaviour, the lines of its code, under that
        version; for another registry, a document, under the name of the document.
    wrappers: the wrapper for each endpoint that the quirk changes.
    """

    name: str
    meaning: str
    citations: Mapping[str, Citation]
    wrappers: Wrappers


_DEFINED: dict[str, dict[str, Quirk]] = {}
"""The quirks of each module, by name."""


def quirk(
    name: str,
    meaning: str = "",
    *,
    on: str | Iterable[str],
    in_2: str | None = None,
    in_3: str | None = None,
    source: Citation | None = None,
) -> Callable[[Wrapper], Wrapper]:
    """Define a quirk with the decorated wrapper, or add a wrapper to a quirk of the same module.

    Parameters
    ----------
    name: the name that selects it.
    meaning: the behaviour of the registry with this quirk; only at the first use of the name.
    on: the endpoints whose handlers it wraps; ``EVERY`` wraps the choice of the handler.
    in_2, in_3: the file below ``registry/`` in CNCF Distribution 2.8 and 3.1, and its lines: ``handlers/tags.go#L36``.
    source: the document about another registry, such as GitLab's, ECR, Quay or go-containerregistry's.

    Raises
    ------
    ValueError: for a quirk without a meaning or a source, or that is defined twice or wraps an endpoint twice.
    """
    citations = _in_distribution(in_2, in_3) | ({source.document.name: source} if source is not None else {})

    def define(wrapper: Wrapper) -> Wrapper:
        quirks = _DEFINED.setdefault(wrapper.__module__, {})
        known = quirks.get(name)
        if (known is None) != bool(meaning and citations) or (known is not None and (meaning or citations)):
            raise ValueError(f"the quirk {name} needs a meaning and a source once, at its first definition")
        wrappers = dict.fromkeys([on] if isinstance(on, str) else on, wrapper)
        if known is not None and set(known.wrappers) & set(wrappers):
            raise ValueError(f"the quirk {name} can have only one wrapper for each endpoint")
        found = known or Quirk(name, meaning, citations, {})
        quirks[name] = replace(found, wrappers={**found.wrappers, **wrappers})
        return wrapper

    return define


def quirks_of(*modules: ModuleType) -> dict[str, Quirk]:
    """The quirks that ``modules`` define, by name, in the order of the modules and of the definitions.

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
