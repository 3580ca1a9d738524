"""Citations: the documents that contain the rules, and references to their clauses.

The cited texts are the tagged releases: distribution-spec and image-spec v1.1.1, and CNCF Distribution's API document
as of v2.8.3. A feature that only the main branch of the distribution-spec has cites that branch, whose name says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Level = Literal["required", "recommended", "allowed", "vendor habit", "not in the registry documents"]
"""How strongly the documents require a line of a message, or a response.

``required``: MUST, in the distribution-spec, the image-spec or the cited RFC, which use such words as RFC 2119 defines
them. ``recommended``: SHOULD, in the same documents. ``allowed``: MAY, or named without such a word. Distribution's API
document does not refer to RFC 2119: a "should" or a "must" in it sets no level, so that its rows are ``allowed``.
``vendor habit``: the behavior of one registry, as it describes it. ``not in the registry documents``: the
distribution-spec and Distribution's API document do not name it; the cited clause defines it, and without a clause
nothing does.
"""

MUST: Final[Level] = "required"
SHOULD: Final[Level] = "recommended"
MAY: Final[Level] = "allowed"
HABIT: Final[Level] = "vendor habit"
OUTSIDE: Final[Level] = "not in the registry documents"

LEVELS: Mapping[Level, str] = {
    MUST: "a registry document, or the cited RFC, requires it (MUST)",
    SHOULD: "a document recommends it (SHOULD)",
    MAY: "a document allows it (MAY), or names it without such a word",
    HABIT: "the behavior of one registry, as that registry describes it",
    OUTSIDE: "no registry document names it; the cited clause, if there is one, defines it",
}
"""Each level with its meaning, for a legend."""


@dataclass(frozen=True)
class Document:
    """A document that contains rules: its short ``name`` and the ``url`` of the cited version."""

    name: str
    url: str


DISTRIBUTION_SPEC = Document(
    "OCI distribution-spec v1.1.1", "https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md"
)
DISTRIBUTION_SPEC_MAIN = Document(
    "OCI distribution-spec, main branch (not in v1.1.1)",
    "https://github.com/opencontainers/distribution-spec/blob/967efdc079b91785ad18c77cc4f8991a47feefbf/spec.md",
)
"""The main branch, for features that no release has yet. It is no registry document: nothing in it binds anybody."""
IMAGE_MANIFEST_SPEC = Document(
    "OCI image-spec v1.1.1, manifest", "https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md"
)
IMAGE_CONFIG_SPEC = Document(
    "OCI image-spec v1.1.1, config", "https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md"
)
IMAGE_LAYOUT_SPEC = Document(
    "OCI image-spec v1.1.1, image layout", "https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md"
)
DESCRIPTOR_SPEC = Document(
    "OCI image-spec v1.1.1, descriptors", "https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md"
)
DISTRIBUTION_API = Document(
    "CNCF Distribution 2.8.3, HTTP API V2",
    "https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/api.md",
)
DISTRIBUTION_API_3 = Document(
    "CNCF Distribution 3.0.0, HTTP API V2",
    "https://github.com/distribution/distribution/blob/v3.0.0/docs/content/spec/api.md",
)
DISTRIBUTION_CONFIGURATION = Document(
    "CNCF Distribution 2.8.3, configuration",
    "https://github.com/distribution/distribution/blob/v2.8.3/docs/configuration.md",
)
REGISTRY_DOCUMENTS = (DISTRIBUTION_SPEC, DISTRIBUTION_API, DISTRIBUTION_API_3)
"""The documents that describe requests to a registry."""

HTTP = Document("RFC 9110", "https://www.rfc-editor.org/rfc/rfc9110.html")
HTTP_CACHING = Document("RFC 9111", "https://www.rfc-editor.org/rfc/rfc9111.html")
HTTP_1_1 = Document("RFC 9112", "https://www.rfc-editor.org/rfc/rfc9112.html")


@dataclass(frozen=True)
class Citation:
    """A clause: its ``document``, its ``section`` by title or number, and the ``anchor`` of that section."""

    document: Document
    section: str
    anchor: str = ""

    @property
    def url(self) -> str:
        """The address of the clause."""
        return self.document.url + (f"#{self.anchor}" if self.anchor else "")

    def __str__(self) -> str:
        return f"{self.document.name}, {self.section} <{self.url}>"
