"""The stepper's panels as HTML: pure functions of records and states, everything escaped.

Colours come from JupyterLab's own variables (``push_stepper.css``), so that both themes stay readable. This module
knows nothing of ipywidgets.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import islice

from regtutor.errors import RegtutorError
from regtutor.exchange import Exchange
from regtutor.steps import STEPS
from regtutor.widgets.stepping import Change, State, Stepping, changes

TREE_LINES = 400
"""Lines of the registry's tree that are shown at most."""

_MARKS = {"<": "regtutor-received", "*": "regtutor-about"}
_SIGNS = {"new": "+", "changed": "~", "gone": "-"}


def position(stepping: Stepping) -> str:
    """Where one is: which request of how many, what its answer meant, and what comes next."""
    state, sent = stepping.state, stepping.states[-1].number
    if state.number == 0:
        where = f"No request sent yet to push to {state.repository}:{stepping.tag}" if sent == 0 else "Before request 1"
    else:
        where = f"Request {state.number} of {sent} so far"
    parts = [f"<strong>{escape(where)}</strong>"]
    if state.exchange is not None:
        parts.append(escape(f"{state.exchange.step}: {state.exchange.status or 'no answer'}, {state.exchange.meaning}"))
    parts.append(escape(_next(stepping)))
    counts = f'data-number="{state.number}" data-sent="{sent}"'
    return f'<div class="regtutor-position" role="status" {counts}>{". ".join(parts)}.</div>'


def sending(state: State) -> str:
    """What stands in the place of :func:`position` while the request is on its way."""
    assert state.draft is not None
    size = f", {state.draft.size} bytes" if state.draft.size else ""
    text = f"Sending request {state.number + 1}: {state.draft.step}{size} ..."
    return f'<div class="regtutor-position" role="status">{escape(text)}</div>'


def _next(stepping: Stepping) -> str:
    state = stepping.state
    if state.error is not None:
        return "The push stopped here"
    if state.draft is None:
        return f"The push is complete: {stepping.repository}:{stepping.tag} can be pulled"
    if not stepping.live:
        return f"Looking back: what you see is as it was then, and nothing was undone. {state.draft.step} came next"
    return f"Next: {state.draft.step}"


def notice(text: str, kind: str = "notice") -> str:
    """A line that says what a click did; empty for an empty text."""
    return f'<div class="regtutor-{kind}" role="status">{escape(text)}</div>' if text else ""


def failure(error: Exception | None) -> str:
    """What happened, why, and what to do next; empty without an error."""
    if error is None:
        return ""
    lines = [part for part in told(error) if part]
    first, rest = escape(lines[0]), "".join(f"<div>{escape(line)}</div>" for line in lines[1:])
    return f'<div class="regtutor-failure" role="alert"><strong>{first}</strong>{rest}</div>'


def told(error: Exception) -> tuple[str, ...]:
    """What happened, why, and what to do next, of any exception."""
    if isinstance(error, RegtutorError):
        return tuple(str(part) for part in error.args)
    return (
        f"{type(error).__name__}: {error}",
        "This is not an answer of the registry but a fault in the program that asked it.",
        "The traceback is in the log (View > Show Log Console). Reset starts anew.",
    )


def about_to_be_sent(state: State) -> str:
    """The request that would go out next, and what it is for."""
    if state.draft is None:
        text = "None: the push is complete." if state.complete else "None: the push stopped. Reset starts it anew."
        return _panel("The request about to be sent", f"<p>{text}</p>")
    why = f"<p>{escape(_purpose(state.draft.step))} The connection adds Host and other headers of its own.</p>"
    return _panel(f"The request about to be sent: {state.draft.step}", why + _lines(state.draft.as_text()))


def _purpose(step: str) -> str:
    """The first sentence of a step's docstring."""
    doc = (STEPS[step].__doc__ or "") if step in STEPS else ""
    return " ".join(doc.partition("\n\n")[0].split()).replace("``", "")


def sent(state: State) -> str:
    """The last request as it went over the wire, with the interim answers that came before its body."""
    title = f"Request {state.number}, as it was sent"
    if state.exchange is not None:
        return _panel(title, _lines(_halves(state.exchange)[0]))
    if state.number == 0:
        return _panel("The request that was sent", "<p>None yet.</p>")
    return _panel(title, "<p>There is no record of it: sending it failed.</p>")


def response(state: State) -> str:
    """What came back, and what it means."""
    if state.exchange is not None:
        return _panel("The response", _lines(_halves(state.exchange)[1]))
    return _panel("The response", "<p>None.</p>" if state.number else "<p>None yet.</p>")


def _halves(exchange: Exchange) -> tuple[str, str]:
    """The text of an exchange up to its final answer, and from there on, under what that means."""
    meaning, _, text = exchange.as_text().partition("\n")
    if exchange.response is None:
        return text, meaning
    # Every line of a body, and of an interim answer, begins otherwise.
    before, line, after = text.partition(f"\n< {exchange.response.start_line}")
    return before, f"{meaning}{line}{after}"


def headers(exchanges: Sequence[Exchange]) -> str:
    """The header table of ``exchanges``: one row for each header that was received, one column for each exchange."""
    title = "The response headers so far"
    if not exchanges:
        return _panel(title, "<p>No response yet.</p>")
    # Only here: tables brings pandas along, and the rest of the stepper does without.
    from regtutor import tables

    table = tables.headers_table(exchanges).droplevel("side").rename_axis(index=None, columns="header")
    return _panel(title, _scrolled(tables.whole(table)._repr_html_(), title))


def tree(stepping: Stepping) -> str:
    """The registry's storage at the shown state, and what the last request changed in it."""
    state = stepping.state
    title = "The registry's storage"
    if state.tree is None:
        return _panel(title, f"<p>{escape(state.unseen)}</p>")
    before = stepping.states[stepping.position - 1].tree if stepping.position else None
    changed = changes(before, state.tree)
    lines = state.tree.as_text().splitlines()
    text = "\n".join(lines[:TREE_LINES])
    if len(lines) > TREE_LINES:
        text += f"\n... and {len(lines) - TREE_LINES} more lines"
    return _panel(title, _changed(changed, state) + _scrolled(f"<pre>{escape(text)}</pre>", title))


def _changed(changed: Sequence[Change], state: State) -> str:
    if state.number == 0:
        return "<p>Before the first request.</p>"
    if not changed:
        return f"<p>Request {state.number} changed no file.</p>"
    shown = "\n".join(f"{_SIGNS[one.kind]} {one.path}  {one.size} bytes" for one in islice(changed, TREE_LINES))
    scrolled = _scrolled(f"<pre>{escape(shown)}</pre>", f"What request {state.number} changed")
    return f'<p>Request {state.number} changed:</p><div class="regtutor-changes">{scrolled}</div>'


def _lines(text: str) -> str:
    """Text as :meth:`Exchange.as_text` writes it, each line set as its mark asks for."""
    spans = (f'<span class="{_MARKS.get(line[:1], "")}">{escape(line)}</span>' for line in text.split("\n"))
    return _scrolled(f"<pre>{chr(10).join(spans)}</pre>", "message")


def _scrolled(inner: str, label: str) -> str:
    return f'<div class="regtutor-scroll" tabindex="0" role="region" aria-label="{escape(label)}">{inner}</div>'


def _panel(title: str, inner: str) -> str:
    return f'<div class="regtutor-title" role="heading" aria-level="4">{escape(title)}</div>{inner}'
