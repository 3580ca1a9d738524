"""The page ``results.md`` and its plots, made from the reports of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from benchmarks.measuring import Comparison, Plot, Report

_HEAD = """# Benchmarks

This page was made by `make bench`; do not edit it. Each round measures every way once, in turn, so that a busy machine
slows all of them. The ratio is that of the medians, to the first row. {kind}

## The machine

| | |
|---|---|
"""
_QUICK = "**A quick run: the work is tiny, and the figures mean nothing.**"
_FULL = "Compare ratios: times depend on the machine."


def written(
    folder: Path, machine: Iterable[tuple[str, str]], reports: Mapping[str, tuple[str, Report, float]], *, quick: bool
) -> Path:
    """Write the page and its plots into ``folder``, and return the path of the page.

    Parameters
    ----------
    machine: the rows that describe the machine.
    reports: by the name of the subject: its heading, its report, and the seconds that it took.
    quick: whether this was a quick run.
    """
    lines = [_HEAD.format(kind=_QUICK if quick else _FULL)]
    lines += [f"| {name} | {value} |\n" for name, value in machine]
    for name, (heading, report, taken) in reports.items():
        lines += [f"\n## {heading}\n\n", *_section(report), f"\n`--only {name}`, {taken:.0f} s\n"]
        for plot in report.plots:
            _draw(plot, folder / "plots" / f"{plot.name}.svg")
    path = folder / "results.md"
    path.write_text("".join(lines))
    return path


def _section(report: Report) -> Iterator[str]:
    for note in report.notes:
        yield f"{note}\n\n"
    for comparison in report.comparisons:
        yield from _table(comparison)
    for plot in report.plots:
        yield f"![{plot.title}](plots/{plot.name}.svg)\n"


def _table(comparison: Comparison) -> Iterator[str]:
    yield f"| {comparison.work} | median, {comparison.unit} | min | max | ratio |\n|---|--:|--:|--:|--:|\n"
    first = next(iter(comparison.samples.values())).median if comparison.samples else 1.0
    for name, found in comparison.samples.items():
        ratio = found.median / first if first else 1.0
        cells = " | ".join(map(_number, (found.median, found.least, found.most)))
        yield f"| {name} | {cells} | {ratio:.2f} |\n"
    for name, why in comparison.missing.items():
        yield f"| {name} | {why} | | | |\n"
    yield "\n"
    for verdict in comparison.verdicts():
        yield f"- {verdict}.\n"
    yield "\n"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _draw(plot: Plot, path: Path) -> None:
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "regtutor"  # the same picture for the same figures
    from matplotlib import pyplot

    path.parent.mkdir(exist_ok=True)
    figure, axes = pyplot.subplots(figsize=(7, 4))
    for line in plot.lines:
        axes.plot([x for x, _ in line.points], [y for _, y in line.points], marker=".", label=line.name)
    if plot.logarithmic:
        axes.set_xscale("log")
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.set(title=plot.title, xlabel=plot.x, ylabel=plot.y)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, format="svg", bbox_inches="tight", metadata={"Date": None})
    pyplot.close(figure)
