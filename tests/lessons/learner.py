"""A learner in a process of its own: ``python -m tests.lessons.learner``, started by ``test_shared_registry.py``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from regtutor.lessons import session
from regtutor.lessons.catalog import lesson_numbered
from regtutor.lessons.progress_report import report_of
from regtutor.lessons.source import read_source
from regtutor.lessons.task_report import TaskReport
from tests.lessons.running import kernel


def finish(number: str, registry: str, home: Path) -> dict[str, object]:
    """Run a lesson with its solutions and its checks on ``registry``; return what was not done, and where it was."""
    entry = lesson_numbered(number)
    undone: list[str] = []
    with kernel(registry, home) as learner:
        for cell in (cell for cell in read_source(entry.source) if cell.code):
            value = learner.run_cell(cell)
            if isinstance(value, TaskReport) and not value.passed:
                undone.append(value.text)
            for check in cell.checks:
                learner.run(check)
        now = session.current()
        total = report_of(now.results, (entry,)).total
        left = [part[1] - part[0] for part in (total.tasks, total.questions, total.predictions)]
        return {"undone": undone, "left": left, "me": now.me, "url": now.reg.url}


def main(registry: str, home: str, *numbers: str) -> None:
    results = {number: finish(number, registry, Path(home)) for number in numbers}
    (Path(home) / "results.json").write_text(json.dumps(results))


if __name__ == "__main__":
    main(*sys.argv[1:])
