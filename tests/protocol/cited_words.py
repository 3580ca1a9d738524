"""Writes ``cited_words.json``: for each section that a table cites, the words in it that a row may claim of it.

Run it by hand after a row cites a new section: ``python -m tests.protocol.cited_words DIRECTORY``. DIRECTORY holds the
documents: ``spec.md`` (distribution-spec v1.1.1) and ``spec-main.md`` (its main branch, at the commit that is cited);
``manifest.md``, ``descriptor.md``, ``media-types.md``, ``layer.md``
(image-spec v1.1.1); ``api2.md`` and ``api3.md`` (the API documents of Distribution 2.8.3 and 3.0.0);
``configuration.md`` (2.8.3, docs/configuration.md); ``token.md`` and ``oauth.md`` (2.8.3, docs/spec/auth);
``manifest-v2-1.md``, ``manifest-v2-2.md`` (2.8.3, docs/spec); ``errors2.go`` and ``register2.go`` (2.8.3,
registry/api/v2/errors.go and registry/api/errcode/register.go); ``register3.go`` (the same of 3.0.0); ``rfc9110.html``,
``rfc9111.html``, ``rfc9112.html`` (httpwg/http-core). The text of the documents is not kept.

The rule. A section is its heading and its text up to the next heading of any level; in Distribution's documents the
``On Success`` and ``On Failure`` headings under it belong to it. Its text is taken sentence by sentence; a block of
code belongs to the sentence before it, and so does what follows a colon. Of each sentence these words are kept:

- ``statuses``: numbers that are HTTP statuses; ``codes``: names of error codes;
- ``request`` and ``response``: names of headers that the tables have. The side of a header that only clients or only
  registries send is known; of another it is the one that the sentence names, or that of the first line of its code (a
  method or a status), and of a sentence that names both or neither, both;
- ``levels``: each of MUST, SHOULD and MAY together with each status and header of its sentence, as ``MUST 404``;
- ``binding``: each of MUST, SHOULD and MAY that occurs in the section at all, also as MUST NOT and SHOULD NOT;
- ``endpoints``: the ``end-N`` marks, or the method and path of a request, with ``<>`` for each field; ``<location>``
  stands for the address of an upload session; of the table of endpoints, each mark with each status too;
- ``media types``: the media types that the tables have.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from html import unescape
from http import HTTPStatus
from pathlib import Path

from regtutor.protocol import citations, clauses, media_types
from regtutor.protocol.citations import Citation
from regtutor.protocol.codes import CODES
from regtutor.protocol.header_uses import USES
from regtutor.protocol.headers import HEADERS
from regtutor.protocol.media_types import MEDIA_TYPES
from regtutor.protocol.responses import RESPONSES

DATA = Path(__file__).with_suffix(".json")
STATUSES = {str(status.value) for status in HTTPStatus}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
LEVELS = ("MUST", "SHOULD", "MAY")

_MARKDOWN_HEADING = re.compile(r"^(#{1,6}) (.+?)\s*#*$")
_RFC_HEADING = re.compile(r'<h\d id="rfc\.section\.([\d.]+)"[^>]*>(.*?)</h\d>', re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_SENTENCE = re.compile(r"(?<=\.)\s+(?=[A-Z_`])|\n\s*\n(?=\S)")


def markdown_sections(text: str) -> Iterator[tuple[str, str, str]]:
    """Anchor (as GitHub makes it), title and text of each section."""
    anchors: dict[str, int] = {}
    found: list[list[str]] = []
    fenced = False
    for line in text.splitlines():
        fenced ^= line.lstrip().startswith("```")
        heading = None if fenced else _MARKDOWN_HEADING.match(line)
        if heading is None:
            if found:
                found[-1][2] += line + "\n"
            continue
        title = heading[2].replace("`", "")
        anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        count = anchors.get(anchor, 0)
        anchors[anchor] = count + 1
        if re.match("On (Success|Failure)", title) and found:
            found[-1][2] += "\n"
            continue
        found.append([f"{anchor}-{count}" if count else anchor, title, ""])
    yield from ((anchor, title, words) for anchor, title, words in found)


def rfc_sections(text: str) -> Iterator[tuple[str, str, str]]:
    """The same of an RFC in the HTML of httpwg/http-core; a title begins with the section's number."""
    parts = list(_RFC_HEADING.finditer(text))
    ends = [part.start() for part in parts[1:]] + [len(text)]
    for part, end in zip(parts, ends, strict=True):
        title = " ".join(unescape(_TAG.sub("", part[2])).split()).replace(f"{part[1]}.", part[1], 1)
        body = re.sub(r"<(p|li|dt|dd|pre|tr)\b", r"\n\n<\1", text[part.end() : end])
        yield f"section-{part[1]}", title, unescape(_TAG.sub("", body))


def sentences(text: str) -> list[str]:
    """The sentences of a section, each with the code or the list that follows it."""
    found: list[str] = []
    for block in re.split(r"(```.*?```|(?:^    [^\n]*\n)+)", text, flags=re.DOTALL | re.MULTILINE):
        code = block.startswith(("```", "    "))
        for part in [block] if code else _SENTENCE.split(block):
            if found and (code or found[-1].rstrip().endswith(":")):
                found[-1] += "\n" + part
            elif part.strip():
                found.append(part)
    return found


def sides(sentence: str) -> tuple[str, ...]:
    """Whether a sentence is about a request, a response or both."""
    code = re.search(r"(?:```\w*\n|^    )\s*(\S+)", sentence, re.MULTILINE)
    if code and code[1] in METHODS:
        return ("request",)
    if code and code[1] in STATUSES:
        return ("response",)
    named = [side for side, words in _SIDES.items() if re.search(words, sentence, re.IGNORECASE)]
    return tuple(named) if len(named) == 1 else ("request", "response")


_ONE_SIDE = {"client": ("request",), "registry": ("response",)}
_SIDES = {
    "request": r"request header|\bclients? (?:\w+ )?(?:SHOULD|MUST|MAY|should|must|may)|issue an? |perform an? `"
    r"|post request MUST|request.*with the following headers",
    "response": r"\bresponse|\brespond|registry MUST return|will be returned",
}


def words(text: str) -> dict[str, list[str]]:
    """What of a section is kept."""
    kept: dict[str, set[str]] = {
        name: set() for name in ("statuses", "codes", "request", "response", "levels", "endpoints")
    }
    for sentence in sentences(text):
        statuses = set(re.findall(r"(?<![\w.-])\d{3}(?![\w-])", sentence)) & STATUSES
        headers = {name for name in HEADERS if re.search(rf"(?<![\w-]){_written(name)}(?![\w-])", sentence)}
        kept["statuses"] |= statuses
        kept["codes"] |= {name for name in CODES if re.search(rf"(?<!\w){name}(?!\w)", sentence)}
        for name in headers:
            for side in _ONE_SIDE.get(HEADERS[name].sender, sides(sentence)):
                kept[side].add(name)
        kept["levels"] |= {
            f"{level} {word}" for level in LEVELS if re.search(rf"\b{level}\b", sentence) for word in statuses | headers
        }
    kept["binding"] = {level for level in LEVELS if re.search(rf"\b{level}\b", text)}
    kept["media types"] = {name for name in MEDIA_TYPES if re.search(rf"{re.escape(name)}(?![\w+.-]*\w)", text)}
    kept["endpoints"] = set(re.findall(r"\[(end-\w+)\]", text)) | set(_requests(text)) | set(_rows(text))
    return {name: sorted(found) for name, found in kept.items()}


def _written(name: str) -> str:
    """A name without a dash could be a word of the language: it counts with its capital only."""
    if name == "etag":
        return "(?i:etags?)"
    return f"(?i:{name.replace('-', '[- ]')})" if "-" in name else HEADERS[name].name


def _requests(text: str) -> Iterator[str]:
    methods = "|".join(METHODS)
    for method, path in re.findall(rf"\b({methods})`? (/v2/\S*)", text):
        yield f"{method} {shape(path)}"
    if re.search(r"POST /token|token endpoint|token server", text):
        yield "token"
    if "<location>" in text:
        yield from (f"{method} <location>" for method in METHODS if re.search(rf"`{method}`|\b{method}\b", text))


def _rows(text: str) -> Iterator[str]:
    """Of the distribution-spec's table of endpoints: each row's mark, alone and with each of its statuses."""
    for mark, cells in re.findall(r"^\| (end-\w+) +\|(.*)$", text, re.MULTILINE):
        yield mark
        yield from (f"{mark} {status}" for status in re.findall(r"`(\d{3})`", cells))


def shape(path: str) -> str:
    """A path without its query, with ``<>`` for each field."""
    return re.sub(r"<[^>]*>|\{[^}]*\}", "<>", path.partition("?")[0]).rstrip("`")


def source_words(text: str) -> dict[str, list[str]]:
    """What is kept of Distribution's Go source: each error code with its status, as ``DENIED 403``."""
    named = {f"Status{re.sub(r'[^A-Za-z]', '', status.phrase)}": status.value for status in HTTPStatus}
    rows = re.findall(r'Value:\s+"(\w+)",.*?HTTPStatusCode:\s+http\.(\w+)', text, re.DOTALL)
    return {"codes": sorted(f"{code} {named[status]}" for code, status in rows)}


FILES: dict[str, str] = {
    citations.DISTRIBUTION_SPEC.name: "spec.md",
    citations.DISTRIBUTION_SPEC_MAIN.name: "spec-main.md",
    citations.DISTRIBUTION_API.name: "api2.md",
    citations.DISTRIBUTION_API_3.name: "api3.md",
    citations.DISTRIBUTION_CONFIGURATION.name: "configuration.md",
    citations.HTTP.name: "rfc9110.html",
    citations.HTTP_CACHING.name: "rfc9111.html",
    citations.HTTP_1_1.name: "rfc9112.html",
    citations.DESCRIPTOR_SPEC.name: "descriptor.md",
    citations.IMAGE_MANIFEST_SPEC.name: "manifest.md",
    media_types.MEDIA_TYPES_SPEC.name: "media-types.md",
    media_types.LAYER_SPEC.name: "layer.md",
    media_types.DOCKER_SCHEMA_2.name: "manifest-v2-2.md",
    media_types.DOCKER_SCHEMA_1.name: "manifest-v2-1.md",
    clauses.TOKEN_AUTHENTICATION.name: "token.md",
    clauses.OAUTH2_AUTHENTICATION.name: "oauth.md",
    clauses.CODES_OF_2.document.name: "errors2.go",
    clauses.CODES_OF_ANY_2.document.name: "register2.go",
    clauses.CODES_OF_3.document.name: "register3.go",
}
"""The name of a cited document -> the file that holds it."""


def cited() -> list[Citation]:
    """Every clause that a row of the tables cites, once."""
    found = [row.citation for row in RESPONSES] + [use.citation for use in USES]
    found += [row.citation for row in HEADERS.values()]
    found += [clause for code in CODES.values() for clause in (code.citation, code.source)]
    found += [clause for several in clauses.ENDPOINT_CLAUSES.values() for clause in several]
    found += [clause for clause in vars(clauses).values() if isinstance(clause, Citation)]
    found += [row.citation for row in MEDIA_TYPES.values()]
    return list(dict.fromkeys(found))


def sections_of(path: Path) -> dict[str, dict[str, object]]:
    """Anchor -> title and words of each section of a document; a file of source has one, without an anchor."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".go":
        return {"": {"title": "error descriptors", **source_words(text)}}
    split = rfc_sections if path.suffix == ".html" else markdown_sections
    return {anchor: {"title": title, **words(body)} for anchor, title, body in split(text)}


def main(directory: Path) -> None:
    """Write the data file, of the sections that are cited."""
    documents = {name: sections_of(directory / file) for name, file in FILES.items()}
    kept: dict[str, dict[str, object]] = {}
    for clause in cited():
        section = documents.get(clause.document.name, {}).get(clause.anchor)
        if section is not None:
            kept.setdefault(clause.document.name, {})[clause.anchor] = section
    DATA.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
