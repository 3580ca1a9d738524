// A list of any length; the page contains only its visible rows. One row is active, and Tab reaches it.
// This file does not depend on the content of a row.

import { h } from "./view.js";

/** The number of visible rows, and of rows that are drawn in advance above and below them. */
const SEEN_ROWS = 14;
const SPARE_ROWS = 6;

let longLists = 0;

/**
 * @typedef {{ label: string, draw: (position: number) => HTMLElement, choose: (position: number) => void,
 *   leave: () => void, moved: (first: number, last: number) => void, activated: (position: number) => void
 * }} LongListOptions
 * @typedef {{ element: HTMLElement, show: (count: number, active: number) => void,
 *   activate: (position: number, focus?: boolean) => void, active: () => number, reveal: () => void,
 *   close: () => void }} LongList
 */

/**
 * A listbox. `draw` returns the element of a row (a listbox's option, not yet placed); `choose` is called on click and
 * Enter, `leave` on Escape, `moved` with the visible rows whenever these change and before new ones are drawn,
 * `activated` when another row becomes active.
 * @param {LongListOptions} options
 * @returns {LongList}
 */
export function longList(options) {
  longLists += 1;
  const id = `regtutor-long-list-${longLists}-${Math.random().toString(36).slice(2, 8)}`;
  const inner = h("div", { class: "regtutor-long-list-inner", role: "presentation" });
  const element = h("div", { class: "regtutor-long-list", role: "listbox", "aria-label": options.label, id }, inner);
  /** @type {Map<number, HTMLElement>} */
  const drawn = new Map();
  const state = { count: 0, active: 0, height: 28, first: -1, last: -1 };

  /** @param {number} position */
  const place = (position) => {
    const row = options.draw(position);
    row.classList.add("regtutor-long-row");
    row.id = `${id}-${position}`;
    row.style.top = `${position * state.height}px`;
    row.setAttribute("role", "option");
    row.setAttribute("aria-setsize", String(state.count));
    row.setAttribute("aria-posinset", String(position + 1));
    row.tabIndex = position === state.active ? 0 : -1;
    row.dataset.position = String(position);
    return row;
  };
  const render = () => {
    const first = Math.floor(element.scrollTop / state.height);
    const last = Math.min(state.count, Math.ceil(element.scrollTop / state.height) + SEEN_ROWS);
    const wanted = new Set(range(Math.max(0, first - SPARE_ROWS), Math.min(state.count, last + SPARE_ROWS)));
    // The active row stays in the page, so that it keeps the focus and Tab finds it.
    if (state.active < state.count) wanted.add(state.active);
    for (const [position, row] of drawn) {
      if (wanted.has(position)) continue;
      row.remove();
      drawn.delete(position);
    }
    if (first !== state.first || last !== state.last) {
      state.first = first;
      state.last = last;
      options.moved(first, last);
    }
    for (const position of wanted) {
      if (drawn.has(position)) continue;
      // Rows are kept in the order of the list, since screen readers read them in that order.
      const next = Math.min(...[...drawn.keys()].filter((other) => other > position));
      const row = place(position);
      inner.insertBefore(row, drawn.get(next) ?? null);
      drawn.set(position, row);
    }
  };
  const forget = () => {
    const focused = element.contains(document.activeElement);
    const old = [...drawn.values()];
    drawn.clear();
    if (focused && state.active < state.count) {
      const row = place(state.active);
      drawn.set(state.active, row);
      inner.append(row);
      row.focus({ preventScroll: true });
    }
    for (const row of old) row.remove();
  };
  const redraw = () => {
    forget();
    render();
  };
  const measure = () => {
    const height = parseFloat(getComputedStyle(element).getPropertyValue("--regtutor-row")) || state.height;
    const top = element.scrollTop / state.height;
    state.height = height;
    element.style.height = `${Math.max(1, Math.min(SEEN_ROWS, state.count)) * height + 2}px`;
    inner.style.height = `${state.count * height}px`;
    // The head above the list leaves as much room at its right as the scroll bar needs.
    const bar = Math.max(0, element.offsetWidth - element.clientWidth - 2);
    element.parentElement?.style.setProperty("--regtutor-scroll-bar", `${bar}px`);
    if (Math.abs(top * height - element.scrollTop) > 1) element.scrollTop = top * height;
    redraw();
  };
  /** @param {number} position @param {boolean} [focus] */
  const activate = (position, focus = true) => {
    if (state.count === 0) return;
    const before = drawn.get(state.active);
    state.active = Math.max(0, Math.min(state.count - 1, position));
    if (before) before.tabIndex = -1;
    const top = state.active * state.height;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + state.height > element.scrollTop + SEEN_ROWS * state.height) {
      element.scrollTop = top - (SEEN_ROWS - 1) * state.height;
    }
    render();
    const row = drawn.get(state.active);
    if (row) row.tabIndex = 0;
    if (focus) row?.focus({ preventScroll: true });
    options.activated(state.active);
  };
  element.addEventListener("scroll", render, { passive: true });
  element.addEventListener("keydown", (event) => pressed(event, state, activate, options));
  element.addEventListener("click", (event) => {
    const row = event.target instanceof Element ? event.target.closest(".regtutor-long-row") : null;
    if (!(row instanceof HTMLElement)) return;
    activate(Number(row.dataset.position));
    options.choose(state.active);
  });
  const observer = new ResizeObserver(measure);
  observer.observe(element);
  return {
    element,
    activate,
    active: () => state.active,
    // Scrolls, the page too if needed, until the row that has the focus is visible.
    reveal: () => {
      if (element.contains(document.activeElement)) drawn.get(state.active)?.scrollIntoView({ block: "nearest" });
    },
    show: (count, active) => {
      state.count = count;
      state.active = Math.max(0, Math.min(count - 1, active));
      state.first = -1;
      measure();
    },
    close: () => observer.disconnect(),
  };
}

/**
 * @param {KeyboardEvent} event
 * @param {{ active: number, count: number }} state
 * @param {(position: number) => void} activate
 * @param {LongListOptions} options
 */
function pressed(event, state, activate, options) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  /** @type {Record<string, number>} */
  const moves = {
    ArrowUp: state.active - 1,
    ArrowDown: state.active + 1,
    PageUp: state.active - SEEN_ROWS + 1,
    PageDown: state.active + SEEN_ROWS - 1,
    Home: 0,
    End: state.count - 1,
  };
  if (event.key in moves) activate(moves[event.key]);
  else if (event.key === "Enter" || event.key === " ") options.choose(state.active);
  else if (event.key === "Escape") options.leave();
  else return;
  event.preventDefault();
}

/** @param {number} from @param {number} to */
function* range(from, to) {
  for (let number = from; number < to; number += 1) yield number;
}
