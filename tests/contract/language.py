"""How the contract is written down: a row is one literal request and the response that the documents require.

A row reads from top to bottom: what is *given* (states that ``preparations.py`` brings about), what is *sent*, what is
*received*, and the clause that requires it. A registry that responds otherwise has a :class:`Differs` with its literal
response and a verdict: ``allowed`` (the documents leave it open) or ``deviation`` (they do not).

In the texts, ``{name}`` is a value that the row's own run knows (:data:`preparations.CONTENT`, the repositories
``{repository}``, ``{other}`` and ``{nobody}``, ``{location}``, the Location of the latest response, and
``{former_location}``, the one before it). In a response,
``<name>`` is a pattern of :data:`PATTERNS`. A header that is not named may be there or not; ``Name: <absent>`` may not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import dedent
from typing import Any, Literal

PATTERNS = {
    "uuid": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "state": r"[A-Za-z0-9_=%-]+",
    "origin": r"(?:https?://[^/]+)?",
    "sha256": r"sha256:[0-9a-f]{64}",
    "any": r".*",
    "tag": r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}",
    "text": r".+",
}
"""The pattern of ``<name>`` in a header of a response. A Location may be absolute or relative, hence ``<origin>``."""

SPEC = "OCI distribution-spec v1.1.1, {} <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#{}>"
MAIN = (
    "OCI distribution-spec, main branch, {} "
    "<https://github.com/opencontainers/distribution-spec/blob/967efdc079b91785ad18c77cc4f8991a47feefbf/spec.md#{}>"
)
API = "Distribution 2.8.3 API, {} <https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/api.md#{}>"
RFC = "RFC 9110, {} <https://www.rfc-editor.org/rfc/rfc9110.html#section-{}>"


def spec(section: str) -> str:
    """A clause of the OCI distribution-spec, by the title of its section."""
    return SPEC.format(section, section.lower().replace(" ", "-"))


def main(section: str) -> str:
    """A clause of the specification's main branch that no release has, by the title of its section."""
    return MAIN.format(section, section.lower().replace(" ", "-"))


def api(section: str, anchor: str = "") -> str:
    """A clause of CNCF Distribution's API document, by the title of its section."""
    return API.format(section, anchor or re.sub(r"[^a-z0-9-]", "", section.lower().replace(" ", "-")))


def rfc(section: str) -> str:
    """A section of RFC 9110, such as ``"15.5.6 405 Method Not Allowed"``."""
    return RFC.format(section, section.split()[0])


@dataclass(frozen=True)
class Sent:
    """A request: its literal head, without Host, and the body."""

    head: str
    body: bytes = b""

    def filled(self, values: Mapping[str, str]) -> tuple[str, str, list[tuple[str, str]]]:
        """Method, target and headers, with ``values`` in the places of the fields."""
        first, *lines = dedent(self.head).strip().format_map(values).splitlines()
        method, target = first.removesuffix(" HTTP/1.1").split(" ", 1)
        return method, target, [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]


@dataclass(frozen=True)
class Answered:
    """The response: status, headers in order, body, interim statuses; whether the body had to be sent without a 100."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    interims: tuple[int, ...] = ()
    waited: bool = False

    def all(self, name: str) -> list[str]:
        """Every value of the header ``name``, matched without case."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def json(self) -> Any:
        """The body as JSON; None if it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def errors(self) -> tuple[str, ...]:
        """The codes of a JSON error body; empty if it is not one."""
        try:
            return tuple(entry["code"] for entry in json.loads(self.body)["errors"])
        except (ValueError, KeyError, TypeError):
            return ()


@dataclass(frozen=True)
class Answer:
    """The expected response.

    Attributes
    ----------
    head: the status line and the headers that matter, literal except for patterns; before them a ``100 Continue`` line
        if it must come first.
    body: exactly these bytes; None where it is not compared.
    json: what the body says as JSON, with ``{name}`` in its strings; None where they are not compared.
    errors: the codes in the JSON error body, in order; None where they are not compared.
    waited: whether a request with Expect gets a response only after its body has been sent.
    """

    head: str
    body: bytes | None = None
    errors: tuple[str, ...] | None = None
    waited: bool = False
    json: Any = None

    def complaints(self, seen: Answered, values: Mapping[str, str]) -> list[str]:
        """The differences between ``seen`` and this response, one sentence each."""
        starts, lines = _heads(self.head.format_map(values))
        found = [f"interim responses: {seen.interims}, not {starts}"] if list(seen.interims) != starts else []
        if seen.waited != self.waited:
            found.append(f"the body {'had' if seen.waited else 'did not have'} to be sent before any response came")
        status = int(lines[0].split()[1])
        if seen.status != status:
            found.append(f"status {seen.status}, not {status}")
        for line in lines[1:]:
            name, _, wanted = line.partition(": ")
            found += _header_complaints(name, wanted, seen.all(name))
        if self.body is not None and seen.body != self.body:
            found.append(f"body {seen.body[:300]!r}, not {self.body[:300]!r}")
        if self.errors is not None and seen.errors != self.errors:
            found.append(f"error codes {seen.errors} in {seen.body[:300]!r}, not {self.errors}")
        if self.json is not None and seen.json != _filled(self.json, values):
            found.append(f"body {seen.body[:500]!r}, not {_filled(self.json, values)}")
        return found


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    """JSON with ``values`` in the places of the fields in its strings."""
    if isinstance(value, str):
        return value.format_map(values)
    if isinstance(value, list):
        return [_filled(item, values) for item in value]
    return {key: _filled(item, values) for key, item in value.items()} if isinstance(value, dict) else value


def _heads(text: str) -> tuple[list[int], list[str]]:
    """The statuses of interim responses, and the lines of the final head."""
    lines = dedent(text).strip().splitlines()
    interims = []
    while lines[0].split()[1].startswith("1"):
        interims.append(int(lines.pop(0).split()[1]))
    return interims, lines


def _header_complaints(name: str, wanted: str, values: list[str]) -> list[str]:
    if wanted == "<absent>":
        return [f"{name} is there: {values}"] if values else []
    if not values:
        return [f"no {name}, wanted {wanted!r}"]
    pattern = re.sub(r"<(\w+)>", lambda match: PATTERNS[match[1]], re.escape(wanted))
    return [f"{name}: {value!r}, not {wanted!r}" for value in values if not re.fullmatch(pattern, value)]


@dataclass(frozen=True)
class Differs:
    """Another response of one registry: literal ``answer``, whether that is ``allowed``, by which ``source``, why."""

    answer: Answer
    verdict: Literal["allowed", "deviation"]
    source: str
    why: str


def allowed(
    head: str, source: str, why: str, *, body: bytes | None = None, errors: tuple[str, ...] | None = None
) -> Differs:
    """Another response, which the documents leave open."""
    return Differs(Answer(head, body, errors), "allowed", source, why)


def deviation(
    head: str,
    source: str,
    why: str,
    *,
    body: bytes | None = None,
    errors: tuple[str, ...] | None = None,
    waited: bool = False,
    json: Any = None,
) -> Differs:
    """Another response, which the documents do not permit."""
    return Differs(Answer(head, body, errors, waited, json), "deviation", source, why)


@dataclass(frozen=True)
class Row:
    """One line of the contract.

    Attributes
    ----------
    request: the name of the endpoint; ``none`` if the request belongs to no endpoint.
    says: what the registry does, in a few words; once for each request.
    given: the states that are brought about first, in order.
    differs: registry -> its own response. ``distribution`` means ``native`` and ``container``, the same binary, in
        version 2.8; ``embedded`` also for ``in_process``, the same registry without a socket.
    """

    request: str
    says: str
    sent: Sent
    answer: Answer
    source: str
    given: tuple[str, ...] = ()
    differs: Mapping[str, Differs] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For the test report."""
        return f"{self.request}: {self.says}"
