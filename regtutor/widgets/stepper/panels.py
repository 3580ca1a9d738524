"""The stepper's lines and small panels as HTML: pure functions of records and states, everything escaped.

Colours are those of ``front/view.css`` and ``front/push_stepper.css``. This module knows nothing of ipywidgets.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from regtutor.errors import RegtutorError
from regtutor.exchange import Exchange
from regtutor.stepping.draft import Draft
from regtutor.stepping.machine import Stepping
from regtutor.stepping.states import State
from regtutor.steps import STEPS


def position(stepping: Stepping) -> str:
    """Where one is: which request of how many, what its answer meant, and what comes next."""
    state, sent = stepping.state, stepping.states[-1].number
    if state.number == 0:
        where = "Before request 1" if sent or state.error is not None else "No request sent yet"
        where += f" ({stepping.choice.label}; {state.repository}:{stepping.tag})"
    else:
        where = f"Request {state.number} of {sent} so far"
    parts = [f"<strong>{escape(where)}</strong>"]
    if state.exchange is not None:
        yours = "Your version of " if state.edits else ""
        status = f"{state.exchange.status}, " if state.exchange.status else ""  # without one, the meaning says so
        parts.append(escape(f"{yours}{state.exchange.step}: {status}{state.exchange.meaning}"))
    parts.append(escape(_next(stepping)))
    counts = f'data-number="{state.number}" data-sent="{sent}"'
    return f'<div class="regtutor-position" role="status" {counts}>{". ".join(parts)}.</div>'


def sending(state: State) -> str:
    """What stands in the place of :func:`position` while the request is on its way."""
    assert state.draft is not None
    size = f", {state.draft.size} bytes" if state.draft.size else ""
    text = f"Sending request {state.number + 1}: {state.draft.step}{size} ..."
    return f'<div class="regtutor-position" role="status">{escape(text)}</div>'


def preparing(label: str) -> str:
    """What stands there while what a walk needs is pushed, unseen."""
    return f'<div class="regtutor-position" role="status">{escape(f"Getting ready: {label} ...")}</div>'


def _next(stepping: Stepping) -> str:
    state = stepping.state
    if state.error is not None:
        return "The walk stopped here"
    if state.draft is None:
        return f"The walk is complete: {stepping.choice.label}"
    if not stepping.live:
        return f"Looking back: what you see is as it was then, and nothing was undone. {state.draft.step} came next"
    changed = ", as you changed it" if state.draft.edited else ""
    return f"Next: {state.draft.step}{changed}"


def changed(state: State) -> str:
    """What the learner had changed in the request that was sent last."""
    return _list(f"What you changed in request {state.number}", state.edits) if state.edits else ""


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


def about_to_be_sent(state: State, *, live: bool) -> str:
    """What the request is for that is about to be sent, where it goes, and what the learner changed in it."""
    draft = state.draft
    if draft is None:
        text = "None: the walk is complete." if state.complete else "None: the walk stopped. Reset starts it anew."
        return _title("The request about to be sent") + f"<p>{text}</p>"
    title = "The request about to be sent" if live else "The request that came next"
    whither = f" It goes to {draft.origin}, which its target names." if draft.origin else ""
    lines = [
        _title(f"{title}: {draft.step}"),
        f"<p>{escape(purpose(draft.step) + whither)} {_BREAK if live else ''}</p>",
    ]
    if draft.edited:
        lines.append(_list("You changed", draft.edits))
    return "".join(lines) + notice(draft.warning)


_BREAK = "Change anything in it, right or wrong, and send it. (The connection adds Host and other headers of its own.)"


def purpose(step: str) -> str:
    """The first sentence of a step's docstring."""
    doc = (STEPS[step].__doc__ or "") if step in STEPS else ""
    return " ".join(doc.partition("\n\n")[0].split()).replace("``", "")


def body_of(draft: Draft | None) -> str:
    """How many bytes the body of a draft has, and where they come from."""
    if draft is None or draft.size is None:
        return ""
    return f'<p class="regtutor-size">{escape(f"{draft.size:,} bytes, from {draft.source}")}</p>'


def log(state: State) -> str:
    """The lines that the registry logged for the last request."""
    title = _title("What the registry logged")
    if state.unlogged:
        return f"{title}<p>{escape(state.unlogged)}</p>"
    if not state.log:
        return f"{title}<p>{'Nothing' if state.number else 'Nothing yet'}.</p>"
    text = escape("\n".join(state.log))
    return title + _scrolled(f"<pre>{text}</pre>", "What the registry logged")


def headers(exchanges: Sequence[Exchange]) -> str:
    """The header table of ``exchanges``: one row for each header that was received, one column for each exchange."""
    title = "The response headers so far"
    if not exchanges:
        return f"{_title(title)}<p>No response yet.</p>"
    # Only here: tables brings pandas along, and the rest of the stepper does without.
    from regtutor import tables

    table = tables.headers_table(exchanges).droplevel("side").rename_axis(index=None, columns="header").fillna("")
    return _title(title) + _scrolled(tables.whole(table)._repr_html_(), title)


def _list(title: str, items: Sequence[str]) -> str:
    rows = "".join(f"<li><code>{escape(item)}</code></li>" for item in items)
    return f'<div class="regtutor-edits" role="status">{escape(title)}:<ul>{rows}</ul></div>'


def _scrolled(inner: str, label: str) -> str:
    return f'<div class="regtutor-scroll" tabindex="0" role="region" aria-label="{escape(label)}">{inner}</div>'


def _title(text: str) -> str:
    return f'<div class="regtutor-title" role="heading" aria-level="4">{escape(text)}</div>'
