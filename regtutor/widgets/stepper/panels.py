"""The lines and small panels of the stepper as HTML: pure functions of records and states, everything escaped.

The colours are in ``front/view.css`` and ``front/push_stepper.css``. This module makes no widget.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from regtutor.errors import RegtutorError
from regtutor.exchange import Exchange
from regtutor.stepping.machine import Stepping
from regtutor.stepping.states import State
from regtutor.steps import STEPS
from regtutor.widgets.exchange.exchange_data import milliseconds, shortened


def position(stepping: Stepping) -> str:
    """Return the position line: the number of the request that is shown, and for screen readers what it was."""
    state, sent = stepping.state, stepping.states[-1].number
    if state.number == 0:
        where = "Before request 1" if sent or state.error is not None else "No request sent yet"
        parts = [f"{stepping.choice.label}; {state.repository}:{stepping.tag}"]
    else:
        where, parts = f"Request {state.number} of {sent} so far", []
    if state.exchange is not None:
        yours = "Your version of " if state.edits else ""
        status = f"{state.exchange.status}, " if state.exchange.status else ""  # else the meaning is the failure
        parts.append(f"{yours}{state.exchange.step}: {status}{state.exchange.meaning}")
    more = ". ".join([*parts, _next(stepping)])
    counts = f'data-number="{state.number}" data-sent="{sent}"'
    text = f'<strong>{escape(where)}</strong><span class="regtutor-heard">. {escape(more)}.</span>'
    return f'<div class="regtutor-position" role="status" {counts}>{text}</div>'


def sending(state: State) -> str:
    """Return the line that replaces :func:`position` while a request is on its way."""
    assert state.draft is not None
    size = f", {state.draft.size} bytes" if state.draft.size else ""
    text = f"Sending request {state.number + 1}: {state.draft.step}{size} ..."
    return f'<div class="regtutor-position" role="status">{escape(text)}</div>'


def preparing(label: str) -> str:
    """Return the line that is shown during the preparation of a walk."""
    return f'<div class="regtutor-position" role="status">{escape(f"Preparing: {label} ...")}</div>'


def _next(stepping: Stepping) -> str:
    state = stepping.state
    if state.error is not None:
        return "The walk stopped here"
    if state.draft is None:
        return f"The walk is complete: {stepping.choice.label}"
    if not stepping.live:
        return f"This is an earlier state, as it was then; nothing was undone. {state.draft.step} came next"
    changed = ", as you changed it" if state.draft.edited else ""
    return f"Next: {state.draft.step}{changed}"


def changed(state: State) -> str:
    """Return the learner's changes to the request that was sent last."""
    return _list(f"Your changes to request {state.number}", state.edits) if state.edits else ""


def notice(text: str, kind: str = "notice") -> str:
    """Return a line about the effect of a click; empty for an empty text."""
    return f'<div class="regtutor-{kind}" role="status">{escape(text)}</div>' if text else ""


def notices(effect: str, state: State) -> str:
    """Return the effect of the last click, the learner's changes and the note of a state, in a box that scrolls."""
    inside = notice(effect) + changed(state) + notice(state.note)
    box = '<div class="regtutor-notices-box" role="group" tabindex="0" aria-label="Notes about this state">'
    return f"{box}{inside}</div>" if inside else ""


def failure(error: Exception | None) -> str:
    """Return what happened, why, and what to do next as HTML; empty without an error."""
    if error is None:
        return ""
    lines = [part for part in error_lines(error) if part]
    first, rest = escape(lines[0]), "".join(f"<div>{escape(line)}</div>" for line in lines[1:])
    return f'<div class="regtutor-failure" role="alert"><strong>{first}</strong>{rest}</div>'


def error_lines(error: Exception) -> tuple[str, ...]:
    """Return what happened, why, and what to do next, for any exception."""
    if isinstance(error, RegtutorError):
        return tuple(str(part) for part in error.args)
    return (
        f"{type(error).__name__}: {error}",
        "This is not a response from the registry but an error in the program that sends the requests.",
        "The traceback is in the log (View > Show Log Console). Press Reset to start again.",
    )


def came_back(stepping: Stepping) -> str:
    """Return the title of the last response: its status, its meaning, and how long it took."""
    exchange = stepping.state.exchange
    if exchange is None:
        return _title("Last", "nothing has been sent in this walk") + f"<p>{escape(stepping.choice.shows)}</p>"
    status = "no response" if exchange.response is None else str(exchange.status)
    meaning = exchange.error if exchange.response is None else exchange.meaning
    text = shortened(f"{exchange.step}: {meaning}")
    facts = milliseconds(exchange.milliseconds)
    return (
        f'<div class="regtutor-title" role="heading" aria-level="4">'
        f'<b class="regtutor-status regtutor-{exchange.outcome}">{status}</b>'
        f'<span class="regtutor-headline" title="{escape(text)}">{escape(text)}</span>'
        f'<span class="regtutor-facts">{escape(facts)}</span></div>'
    )


def about_to_be_sent(state: State, *, live: bool) -> str:
    """Return the purpose and the destination of the request about to be sent, and the learner's changes to it."""
    draft = state.draft
    if draft is None:
        what = (
            "the walk is complete. Now try an experiment"
            if state.complete
            else "the walk stopped. Press Reset to start it again"
        )
        return _title("Next", what)
    destination = f" It goes to {draft.origin}, which its target names." if draft.origin else ""
    text = purpose(draft.step) + destination
    earlier = "" if live else notice("This is an earlier state, as it was then. Nothing was undone in the registry.")
    lines = [
        _title("Next" if live else "Then came", draft.step),
        f'<p class="regtutor-purpose" title="{escape(text)}">{escape(text)}</p>{earlier}',
    ]
    if draft.edited:
        lines.append(_list("You changed", draft.edits))
    return "".join(lines) + notice(draft.warning)


def purpose(step: str) -> str:
    """Return the first paragraph of a step's docstring."""
    doc = (STEPS[step].__doc__ or "") if step in STEPS else ""
    return " ".join(doc.partition("\n\n")[0].split()).replace("``", "")


def log(state: State) -> str:
    """Return the lines that the registry logged for the last request."""
    if state.unlogged:
        return f"<p>{escape(state.unlogged)}</p>"
    if not state.log:
        return f"<p>{'Nothing' if state.number else 'Nothing yet'}.</p>"
    text = escape("\n".join(state.log))
    return _scrolled(f"<pre>{text}</pre>", "The registry's log")


def headers(exchanges: Sequence[Exchange]) -> str:
    """Return the header table of ``exchanges``: a row for each header that was received, a column for each exchange."""
    if not exchanges:
        return "<p>No response yet.</p>"
    # Imported only here: tables imports pandas, and the rest of the stepper does not need it.
    from regtutor import tables

    table = tables.headers_table(exchanges).droplevel("side").rename_axis(index=None, columns="header").fillna("")
    return _scrolled(tables.whole(table)._repr_html_(), "The response headers so far")


def _list(title: str, items: Sequence[str]) -> str:
    rows = " ".join(f"<code>{escape(item)}</code>" for item in items)
    return f'<div class="regtutor-edits" role="status">{escape(title)}: {rows}</div>'


def _scrolled(inner: str, label: str) -> str:
    return f'<div class="regtutor-scroll" tabindex="0" role="region" aria-label="{escape(label)}">{inner}</div>'


def _title(name: str, what: str) -> str:
    heading = f'<b>{escape(name)}</b><span class="regtutor-headline">{escape(what)}</span>'
    return f'<div class="regtutor-title" role="heading" aria-level="4">{heading}</div>'
