"""The key words (MUST, SHOULD, MAY and the rest) of each section of the specification, in the order of the text.

The text itself is not here. A test uses the key words to check that each of them belongs to a requirement. To compare
this table with the text::

    python -m tests.conformance.clauses spec.md

Source: OCI distribution-spec v1.1.1 <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md>.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

SPEC = "https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md"

_KEY_WORDS = re.compile(r"\b((?:MUST|SHOULD|SHALL)(?: NOT)?|MAY|OPTIONAL|REQUIRED|RECOMMENDED)\b")

_SECTIONS = {
    "Legacy Docker support HTTP headers": "MAY OPTIONAL SHOULD-NOT",
    "Legacy Docker support error codes": "MAY OPTIONAL SHOULD-NOT",
    "Notational Conventions": "MUST MUST-NOT REQUIRED SHALL SHALL-NOT SHOULD SHOULD-NOT "
    "RECOMMENDED RECOMMENDED MAY OPTIONAL",
    "Requirements": "MUST SHOULD MUST",
    "Pull": "MAY",
    "Pulling manifests": (
        "MUST MUST-NOT MUST MUST MUST SHOULD SHOULD-NOT SHOULD SHOULD SHOULD MUST MUST SHOULD MAY MAY MAY MUST "
        "SHOULD MUST"
    ),
    "Pulling blobs": "MUST MUST SHOULD MUST MAY MUST SHOULD MUST SHOULD",
    "Checking if content exists in the registry": "MUST SHOULD SHOULD MUST",
    "Push": "MUST MAY MUST",
    "POST then PUT": "MUST MUST MUST MAY MAY MAY SHOULD SHOULD-NOT MUST MUST",
    "Single POST": "MAY MUST MUST SHOULD SHOULD MUST MUST",
    "Pushing a blob in chunks": (
        "MUST SHOULD MUST MUST MUST SHOULD MAY MUST MUST SHOULD MUST MUST MAY MAY MUST OPTIONAL MUST MUST MUST "
        "MUST MUST SHOULD"
    ),
    "Mounting a blob from another repository": "MUST MUST MAY MAY SHOULD MAY MAY SHOULD MAY",
    "Pushing Manifests": (
        "SHOULD SHOULD-NOT SHOULD SHOULD MUST MUST MUST MAY MUST MUST MUST MUST MAY SHOULD MUST SHOULD SHOULD SHOULD"
    ),
    "Pushing Manifests with Subject": "MUST MUST SHOULD MUST SHOULD-NOT MUST MUST MUST MAY",
    "Listing Tags": "MUST MAY MUST MUST MAY MUST MAY MUST MUST MUST-NOT MUST MUST-NOT MUST MUST OPTIONAL",
    "Listing Referrers": "MUST MUST-NOT MUST MUST MUST MUST MUST MUST MUST MUST MUST MUST "
    "SHOULD MUST MUST MUST SHOULD SHOULD",
    "Content Management": "MAY MAY MAY MAY",
    "Deleting tags": "MUST MUST",
    "Deleting Manifests": "MUST MUST MUST SHOULD MAY MAY",
    "Deleting Blobs": "MUST MUST MUST",
    "Backwards Compatibility": "MUST MUST",
    "Unavailable Referrers API": "MUST MUST",
    "Referrers Tag Schema": "MAY",
    "Enabling the Referrers API": "MUST MAY MUST",
    "Determining Support": "MAY",
    "Error Codes": "MAY MUST MUST OPTIONAL SHOULD MAY OPTIONAL MAY MUST",
    "Warnings": "MAY MUST MUST-NOT MUST-NOT SHOULD SHOULD MUST-NOT",
}

SECTIONS: Mapping[str, tuple[str, ...]] = {
    title: tuple(word.replace("-", " ") for word in words.split()) for title, words in _SECTIONS.items()
}
"""The title of a section -> its key words in the order of the text. Sections without key words are left out."""


def key_words(text: str) -> dict[str, tuple[str, ...]]:
    """The key words of ``text``, the specification in Markdown: what :data:`SECTIONS` must be."""
    found: dict[str, list[str]] = {}
    title, in_example = "", False
    for line in text.splitlines():
        if line.startswith("```"):
            in_example = not in_example
        if not in_example and (heading := re.match(r"#+ (.+)", line)):
            title = heading[1].strip()
            continue
        for word in _KEY_WORDS.findall(line):
            found.setdefault(title, []).append(word)
    return {name: tuple(words) for name, words in found.items()}


def link(section: str) -> str:
    """The address of a section, by its title."""
    return f"{SPEC}#{section.lower().replace(' ', '-')}"


if __name__ == "__main__":
    differing = {*key_words(Path(sys.argv[1]).read_text()).items()} ^ {*SECTIONS.items()}
    print(*(differing or [f"the table agrees with {sys.argv[1]}: {sum(map(len, SECTIONS.values()))} key words"]))
    raise SystemExit(bool(differing))
