"""The type of a requirement, and the decorator that names the requirements a test checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from tests.conformance.clauses import SECTIONS

Role = Literal["registry", "client", "words"]
"""The party that a requirement is for. ``words`` is for key words that require nothing of anybody."""

_STRENGTH = ("MUST NOT", "MUST", "SHOULD NOT", "SHOULD", "MAY", "OPTIONAL")

Test = TypeVar("Test", bound=Callable[..., object])


@dataclass(frozen=True)
class Requirement:
    """One requirement of the specification, in our own words.

    Attributes
    ----------
    id: its name in tests and in the document.
    section: the title of its section in the specification.
    words: the positions, from 1, of its key words in the section; empty if the text states it without one.
    says: the requirement.
    role: the party that it is for.
    choice: our decision, with the reason, if the specification leaves a choice.
    """

    id: str
    section: str
    words: tuple[int, ...]
    says: str
    role: Role = "registry"
    choice: str = ""

    @property
    def level(self) -> str:
        """The strongest of its key words, or ``states`` without one."""
        return self.levels[0]

    @property
    def levels(self) -> tuple[str, ...]:
        """Its key words, each once, the strongest first; ``states`` without one."""
        words = {SECTIONS[self.section][word - 1] for word in self.words}
        return tuple(word for word in _STRENGTH if word in words) or ("states",)


def of_clients(id: str, section: str, words: tuple[int, ...], says: str) -> Requirement:
    """A requirement for clients, which is therefore not checked on a registry."""
    return Requirement(id, section, words, says, "client")


def proves(*ids: str) -> Callable[[Test], Test]:
    """Name the requirements that a test checks."""

    def mark(test: Test) -> Test:
        test.proves = ids  # type: ignore[attr-defined]
        return test

    return mark
