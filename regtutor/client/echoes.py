"""Responses that repeat a secret of their request, as error pages of proxies do: the record has it in neither place."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from regtutor.message import HeaderList
from regtutor.protocol.secret_names import is_secret
from regtutor.protocol.secrets import REDACTED

_SHORTEST = 6
"""A shorter secret is in many texts by chance."""


class Echoes:
    """The secrets in the headers of one request, in each spelling in which a response can repeat them.

    Parameters
    ----------
    headers: of the request, as sent.
    """

    def __init__(self, headers: HeaderList) -> None:
        secrets = {text for name, value in headers if is_secret(name, "header") for text in _secrets(name, value)}
        spellings = {each for text in secrets if len(text) >= _SHORTEST for each in _spellings(text)}
        self._texts = sorted(spellings, key=len, reverse=True)

    def out_of_headers(self, headers: HeaderList) -> HeaderList:
        """Return the headers of the response without these secrets."""
        return tuple((name, self._without(value)) for name, value in headers) if self._texts else headers

    def out_of_body(self, preview: bytes) -> bytes:
        """Return the first part of a body without these secrets, also without one that is cut off at its end."""
        for text in map(str.encode, self._texts):
            preview = preview.replace(text, REDACTED.encode())
            cut = next((size for size in range(len(text) - 1, _SHORTEST - 1, -1) if preview.endswith(text[:size])), 0)
            preview = preview[: len(preview) - cut] + REDACTED.encode() if cut else preview
        return preview

    def _without(self, value: str) -> str:
        for text in self._texts:
            value = value.replace(text, REDACTED)
        return value


def _secrets(name: str, value: str) -> Iterator[str]:
    """Yield the value, what follows its scheme, the password of Basic, and the value of each cookie."""
    scheme, _, rest = value.partition(" ")
    yield from (value, rest.strip())
    if "cookie" in name.lower():
        yield from (pair.partition("=")[2].strip() for pair in value.split(";"))
    if scheme.lower() == "basic":
        try:
            yield base64.b64decode(rest).decode().partition(":")[2]
        except ValueError:
            return


def _spellings(text: str) -> Iterable[str]:
    return {text, quote(text, safe=""), json.dumps(text)[1:-1]}
