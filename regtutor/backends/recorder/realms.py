"""Which requests of a client are for a token: those to the address that a challenge of the registry named before.

Source: CNCF Distribution 2.8.3, "How to authenticate"
<https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/token.md#how-to-authenticate>.
"""

from __future__ import annotations

from regtutor.message import HeaderList
from regtutor.protocol.challenges import parse_challenges
from regtutor.protocol.endpoints import split_target, step_of_request
from regtutor.protocol.urls import origin_form, same_origin, split_origin

_MOST = 16


class Realms:
    """The paths of the token server, as far as it has the address of the registry.

    Parameters
    ----------
    origin: scheme, host and port of the registry.
    """

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._paths: list[str] = []

    def note(self, headers: HeaderList) -> None:
        """Read the challenges in the ``headers`` of a response."""
        for challenge in parse_challenges(value for name, value in headers if name.lower() == "www-authenticate"):
            realm = challenge.realm
            path = _path(realm)
            own = realm.startswith("/") or (split_origin(realm)[0] and same_origin(realm, self._origin))
            if challenge.is_of("Bearer") and own and path not in self._paths:
                self._paths = [*self._paths, path][-_MOST:]

    def step_of(self, method: str, target: str) -> str:
        """Return the name of the endpoint of a request: ``request_token`` by GET, and by POST as OAuth2 does it."""
        if method in ("GET", "POST") and _path(target) in self._paths:
            return "request_token"
        return step_of_request(method, target)


def _path(target: str) -> str:
    return split_target(origin_form(target))[0]
