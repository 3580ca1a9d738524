"""Read the source of a lesson: Markdown, in which some fences are cells, solutions, wrong answers and checks.

A fence whose info string begins with one of these words is not a part of the text::

    python ID           a code cell of the notebook, as the learner gets it
    solution ID         the code that replaces the cell ID in the teacher's edition
    wrong ID: PHRASE    wrong code for that cell: the next task is then not done, and its report has PHRASE
    check ID            statements of the text, as code that CI runs after the cell ID

Everything else is Markdown. A new Markdown cell begins at each heading and after each code cell.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from regtutor.errors import CourseError

_FENCE = re.compile(r"```(python|solution|wrong|check) ([A-Za-z0-9_-]{1,48})(?:: (.+))?")
_HEADING = re.compile(r"#{1,3} ")


@dataclass
class Cell:
    """A cell of a lesson.

    Attributes
    ----------
    id: the cell's identifier in the notebook.
    text: its Markdown or its code, as the learner gets it.
    code: whether it is a code cell.
    solution: the code that replaces it in the teacher's edition; empty if the learner has nothing to write.
    wrong: phrases of the report, and the wrong answers after which it contains them.
    checks: code that CI runs after the cell.
    """

    id: str
    text: str
    code: bool
    solution: str = ""
    wrong: list[tuple[str, str]] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)

    @property
    def tasks(self) -> list[str]:
        """The names of the tasks that the cell looks at."""
        return _called(self.text, "task") if self.code else []


@dataclass(frozen=True)
class _Fence:
    kind: str
    id: str
    phrase: str
    body: str


def read_source(path: Path) -> list[Cell]:
    """Return the cells of a lesson, in their order.

    Raises
    ------
    CourseError: if a fence does not end, names no cell, or a cell has two solutions or an identifier twice.
    """
    cells: list[Cell] = []
    known: dict[str, Cell] = {}
    for block in _blocks(path):
        if isinstance(block, str):
            cells.append(Cell(_text_id(cells), block, code=False))
        elif block.kind == "python":
            if block.id in known:
                raise _broken(path, f"two cells have the identifier {block.id}")
            known[block.id] = Cell(block.id, block.body, code=True)
            cells.append(known[block.id])
        elif block.id not in known:
            raise _broken(path, f"{block.kind} {block.id} comes before a cell with this identifier")
        else:
            _attach(known[block.id], block, path)
    return cells


def _attach(cell: Cell, block: _Fence, path: Path) -> None:
    if block.kind == "solution":
        if cell.solution:
            raise _broken(path, f"the cell {cell.id} has two solutions")
        cell.solution = block.body
    elif block.kind == "wrong":
        if not block.phrase:
            raise _broken(path, f"a wrong answer of {cell.id} has no phrase: write `wrong {cell.id}: phrase`")
        cell.wrong.append((block.phrase, block.body))
    else:
        cell.checks.append(block.body)


def _blocks(path: Path) -> Iterator[str | _Fence]:
    """Yield the Markdown of each cell, and each fence, in their order."""
    text: list[str] = []
    lines = iter(path.read_text(encoding="utf-8").splitlines())
    fenced = False
    for line in lines:
        match = None if fenced else _FENCE.fullmatch(line)
        if match is None:
            if _HEADING.match(line) and not fenced:
                yield from _markdown(text)
            fenced ^= line.startswith("```")
            text.append(line)
            continue
        yield from _markdown(text)
        body: list[str] = []
        for inner in lines:
            if inner == "```":
                break
            body.append(inner)
        else:
            raise _broken(path, f"the fence {line!r} does not end")
        yield _Fence(match[1], match[2], match[3] or "", "\n".join(body))
    yield from _markdown(text)


def _markdown(lines: list[str]) -> Iterator[str]:
    text = "\n".join(lines).strip()
    lines.clear()
    if text:
        yield text


def _text_id(cells: list[Cell]) -> str:
    """Return an identifier that stays the same when other parts of the lesson change."""
    before = next((cell.id for cell in reversed(cells) if cell.code), "top")
    number = sum(1 for cell in cells if cell.id.startswith(f"{before}-text"))
    return f"{before}-text-{number + 1}"


def _called(code: str, name: str) -> list[str]:
    """Return the first argument of each call of ``name`` in a cell, which can contain lines for a shell."""
    plain = "\n".join("pass" if line.lstrip().startswith(("!", "%")) else line for line in code.split("\n"))
    try:
        tree = ast.parse(plain)
    except SyntaxError:
        return []
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    named = (call for call in calls if isinstance(call.func, ast.Name) and call.func.id == name and call.args)
    return [str(call.args[0].value) for call in named if isinstance(call.args[0], ast.Constant)]


def called(cells: list[Cell], name: str) -> list[str]:
    """Return the first argument of each call of ``name``, such as ``task``, in the cells as the learner gets them."""
    return [argument for cell in cells if cell.code for argument in _called(cell.text, name)]


def _broken(path: Path, why: str) -> CourseError:
    return CourseError(f"{path.name} cannot be read", why, "See docs/writing-a-lesson.md.")
