"""The behavior of CNCF Distribution that no quirk imitates, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NotImitated:
    """Behavior that no quirk imitates.

    Attributes
    ----------
    behavior: what Distribution does.
    versions: the versions that do it: keys of ``quirk.VERSIONS``.
    why: why it is not imitated, and what the embedded registry does instead.
    """

    behavior: str
    versions: tuple[str, ...]
    why: str


_BOTH = ("2.8", "3.1")

NOT_IMITATED: tuple[NotImitated, ...] = (
    NotImitated(
        "a repository name can have uppercase letters in the first of several parts",
        _BOTH,
        "names become paths on disk, and the store has one grammar for them: 400 NAME_INVALID",
    ),
    NotImitated(
        "a Docker manifest that is requested by its tag, without its type in Accept, is rewritten to Schema 1 and "
        "signed, or refused with 400 if that fails",
        ("2.8",),
        "nothing here makes Schema 1: the manifest is sent as it was pushed, or refused with 404 if Accept excludes it",
    ),
    NotImitated(
        "the data of a descriptor can differ from the content of its digest",
        _BOTH,
        "the parser of manifests compares them, at a push and after it: 400 MANIFEST_INVALID",
    ),
    NotImitated(
        "the response to an impossible Range announces the length of the blob and sends no byte [Go]",
        ("2.8",),
        "a broken message teaches nothing about registries: the text of 3.1 is sent",
    ),
    NotImitated(
        "the response 412 to If-Match announces the length of the blob and sends no byte [Go]",
        _BOTH,
        "a broken message teaches nothing about registries: the body is empty, and so is its length",
    ),
    NotImitated(
        "several ranges in one Range get 206 and a multipart body, as Go's HTTP library decides [Go]",
        _BOTH,
        "a server may ignore such a Range: 200 and the whole blob",
    ),
    NotImitated(
        "a request with Expect on a connection that is kept open is refused only after its body has arrived [Go]",
        ("2.8",),
        "this is a habit of the HTTP server: the request is refused at once, as by 3.1",
    ),
    NotImitated(
        "the error for a name of more than 255 characters is sent twice in one body, which is then not JSON",
        ("3.1",),
        "a client could not read the error: it is sent once",
    ),
    NotImitated(
        "the catalog does not list a repository whose only content is an index without manifests",
        ("2.8",),
        "Distribution then makes no folder for layers, by which 2.8 finds a repository; the store always makes one",
    ),
    NotImitated(
        "the catalog lists a repository whose only manifest was refused",
        ("3.1",),
        "Distribution makes the folder of the manifests before it has checked the manifest; the store does not",
    ),
    NotImitated(
        "the message and the detail of an error are other texts, in 2.8 often {}, in 3.1 one sentence",
        _BOTH,
        "errors teach: they contain what was given, what was expected and what to try next",
    ),
)
"""Everything that was found when each version was compared with its imitation, request by request. ``[Go]`` marks what
Go's HTTP library does: a build with another release of Go can differ."""
