"""What a requirement is, and how a test says which ones it tries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from tests.conformance.clauses import SECTIONS

Role = Literal["registry", "client", "words"]
"""Who has to do it. ``words`` is for key words that ask nobody for anything."""

_STRENGTH = ("MUST NOT", "MUST", "SHOULD NOT", "SHOULD", "MAY", "OPTIONAL")

Test = TypeVar("Test", bound=Callable[..., object])


@dataclass(frozen=True)
class Requirement:
    """One thing that the specification asks for, in our own words.

    Attributes
    ----------
    id: how tests and the document name it.
    section: the title of its section in the specification.
    words: which key words of the section say it, counted from 1; none where the text states it without one.
    says: what is asked for.
    role: of whom.
    choice: what was decided where the specification leaves a choice, and why.
    """

    id: str
    section: str
    words: tuple[int, ...]
    says: str
    role: Role = "registry"
    choice: str = ""

    @property
    def level(self) -> str:
        """The strongest of its key words; ``states`` where there is none."""
        return self.levels[0]

    @property
    def levels(self) -> tuple[str, ...]:
        """Its key words, each once, the strongest first; ``states`` where there is none."""
        said = {SECTIONS[self.section][word - 1] for word in self.words}
        return tuple(word for word in _STRENGTH if word in said) or ("states",)


def of_clients(id: str, section: str, words: tuple[int, ...], says: str) -> Requirement:
    """What is asked of clients, and so is not tried on a registry."""
    return Requirement(id, section, words, says, "client")


def proves(*ids: str) -> Callable[[Test], Test]:
    """Says which requirements a test tries."""

    def mark(test: Test) -> Test:
        test.proves = ids  # type: ignore[attr-defined]
        return test

    return mark
