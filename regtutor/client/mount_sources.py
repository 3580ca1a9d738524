"""The candidates for a mount: the repositories that this client has pushed a blob to.

The API cannot list the repositories that have a blob, so a client remembers where it pushed one.
"""

from __future__ import annotations

from collections import OrderedDict

from regtutor.exchange import Exchange
from regtutor.message import Location, Request
from regtutor.protocol.urls import origin_form

_SESSIONS = 4096
_BLOBS = 65536


class PushedBlobs:
    """Maps a digest to the repositories that it was pushed to or mounted into, the latest first.

    The number of entries is limited; the oldest are dropped.
    """

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, str] = OrderedDict()
        self._blobs: OrderedDict[str, list[str]] = OrderedDict()

    def repositories(self, digest: str) -> tuple[str, ...]:
        """Return the repositories that ``digest`` was pushed to or mounted into, the latest first."""
        return tuple(self._blobs.get(digest, ()))

    def note(self, request: Request, exchange: Exchange) -> None:
        """Learn from an exchange that opened a session, finished an upload, or mounted a blob."""
        match = exchange.endpoint
        if match is None or match.endpoint.is_at_the_token_server:
            return
        if exchange.status == 202 and exchange.location is not None and exchange.method == "POST":
            self._note_session(match.path["repository"], exchange.location)
        elif exchange.status == 201 and match.endpoint.name == "put_blob":
            self._note_upload(_whole(request.target), match.query.get("digest"))
        elif exchange.status == 201 and match.endpoint.name == "mount_blob":
            self._add(match.query["mount"], match.path["repository"])

    def _note_session(self, repository: str, location: Location) -> None:
        self._sessions[_session(location.follow())] = repository
        if len(self._sessions) > _SESSIONS:
            self._sessions.popitem(last=False)

    def _note_upload(self, url: str, digest: str | None) -> None:
        repository = self._sessions.pop(_session(url), None)
        if repository is not None and digest:
            self._add(digest, repository)

    def _add(self, digest: str, repository: str) -> None:
        known = [name for name in self._blobs.pop(digest, []) if name != repository]
        self._blobs[digest] = [repository, *known]
        if len(self._blobs) > _BLOBS:
            self._blobs.popitem(last=False)


def _whole(target: str | Location) -> str:
    return target.follow() if isinstance(target, Location) else target


def _session(url: str) -> str:
    """Return the part of a session's Location that is the same in every response: its path."""
    return origin_form(url).partition("?")[0]
