"""Every error that regtutor raises, and what each one means.

A refusal by a registry is *not* an error: a 404 is an observation, returned as an exchange. What is raised is what
keeps an exchange from happening, or what the caller asked to be told about.

::

    RegtutorError                        what happened, why, and what to do next
    ├── InvalidDigest (ValueError)       not "algorithm:encoded"
    ├── InvalidReference (ValueError)    not "host/repository:tag" on the command line
    ├── InvalidManifest (ValueError)     bytes that are no manifest: not JSON, too large, too deep
    ├── InvalidArgument (TypeError)      of another kind than what is taken there, such as None for a Location
    ├── InvalidBody (TypeError)          not bytes, a path, an open file or a layer
    ├── InvalidURL (ValueError)          not an http or https URL with a host
    ├── InvalidCredentials (ValueError)  a user name that Basic authentication cannot carry
    ├── InvalidHeader (ValueError)       a method or a header that would break the request's head
    ├── CannotSave                       the file that a body was to be saved into cannot be written
    │   └── PullLocked                   another pull writes to the same place
    ├── ImageError                       an image on disk that cannot be pushed; .path names the file
    │   ├── UnreadableImage              neither an OCI layout nor a docker save archive
    │   ├── TruncatedArchive             the archive ends in the middle of a file
    │   ├── MissingBlob                  the manifest names a blob that is not there
    │   ├── DigestMismatch               the bytes are not what their digest says
    │   ├── UnsafePath                   a name or link that climbs out of the layout
    │   ├── BadManifest                  a manifest, index or config that is broken, too large or too deep
    │   └── NoSuchPlatform               the index has no image for this platform
    ├── ConnectionFailed                 no complete answer came; .exchange holds what was seen
    ├── UnexpectedStatus                 exchange.expect(...) did not find its status; .exchange
    ├── ContentMismatch                  a downloaded body is not what its digest says; .exchange
    ├── LocationLost                     a Location whose secret part was not saved cannot be followed
    ├── TokenLost                        a token whose secret was not kept cannot be sent
    ├── InvalidChallenge (ValueError)    a challenge that names no token server
    ├── InsecureTokenServer              a registry on https whose token server is on plain http
    ├── TokenRefused                     the token server gave no token; .exchange
    ├── ScopeNotGranted                  the token does not permit this request; .exchange, .scopes
    ├── LoginFailed                      the registry did not accept the credentials; .exchange
    ├── UnusableAuthFile                 a file of credentials, or a credential helper, that cannot be used
    ├── UnsupportedTranscript            a file that this version cannot load
    ├── UnknownFormat (ValueError)       a format that no transcript is exported to
    ├── BackendError                     a registry that could not be had
    │   ├── BackendMissing               a binary, an engine or an image that is not installed
    │   │   └── UnknownBackend           a name that no back end has
    │   ├── BackendFailed                it was started and did not come up; .log holds its last lines
    │   │   └── UnusableDirectory        the directory for its content cannot be made or written to
    │   ├── UnknownOption (TypeError)    an option that this back end does not have
    │   └── NotObservable                logs() or tree() of a registry that is only known by its URL
    ├── PushFailed                       a walk that the registry stopped; .exchange and .transcript
    ├── PullFailed                       the same, while something was fetched
    ├── ListFailed                       the same, while tags or referrers were listed
    ├── DeleteFailed                     the same, while something was deleted
    ├── CourseError                      the notebooks cannot be found, copied or opened
    └── ServerError                      the embedded registry cannot do what its owner asked
        └── StoreLocked                  another registry writes to this directory
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from regtutor.exchange import Exchange, Transcript


class RegtutorError(Exception):
    """Base of all: ``what`` happened, ``why`` it did, and what to do ``next``; printed as ``what: why. next.``

    Parameters
    ----------
    what, why, next:
        One sentence each, without a secret; ``why`` and ``next`` may be empty.
    """

    transcript: Transcript | None = None
    """Every exchange that a walk had made when it was stopped by this error; None outside a walk."""

    exchange: Exchange | None = None
    """The exchange that ended with this error, or that it is about; None where there is none."""

    def __init__(self, what: str, why: str = "", next: str = "") -> None:
        self.what, self.why, self.next = what, why, next
        super().__init__(what, why, next)

    def __str__(self) -> str:
        happened = f"{self.what.rstrip('.:')}: {self.why}" if self.why else self.what
        sentences = [part for part in (happened, self.next) if part]
        return " ".join(part if part.endswith((".", "?", ":", "\n")) else f"{part}." for part in sentences)


class InvalidDigest(RegtutorError, ValueError):
    """A text that is not ``algorithm:encoded`` as the image-spec's descriptor section defines it."""


class InvalidReference(RegtutorError, ValueError):
    """A text that is not ``host/repository:tag``."""


class InvalidManifest(RegtutorError, ValueError):
    """Bytes that cannot be read as a manifest or an index."""


class InvalidArgument(RegtutorError, TypeError):
    """Something of another kind than what is taken there, such as an Exchange for a Request, or None for a Location."""


class InvalidBody(RegtutorError, TypeError):
    """Something that cannot be sent as a request body."""


class InvalidURL(RegtutorError, ValueError):
    """A text that is not an absolute http or https URL with a host."""


class InvalidCredentials(RegtutorError, ValueError):
    """A user name that cannot be sent: an empty one, or one with a colon in it."""


class InvalidHeader(RegtutorError, ValueError):
    """A method, a header name or a header value that would break the head of a request."""


class CannotSave(RegtutorError):
    """The file that a body was to be saved into cannot be written."""


class PullLocked(CannotSave):
    """Another pull writes to the same place."""


class ImageError(RegtutorError):
    """An image on disk that cannot be read as it stands; ``path`` is the file to look at."""

    def __init__(self, what: str, why: str = "", next: str = "", *, path: Path | str | None = None) -> None:
        super().__init__(what, why, next)
        self.path = path


class UnreadableImage(ImageError):
    """Neither an OCI layout nor a ``docker save`` archive."""


class TruncatedArchive(ImageError):
    """The archive ends in the middle of a file."""


class MissingBlob(ImageError):
    """The manifest names a blob that the image does not hold."""


class DigestMismatch(ImageError):
    """A blob's bytes are not what its digest (or its size) says."""


class UnsafePath(ImageError):
    """A name or a link in the image that leads out of it."""


class BadManifest(ImageError):
    """A manifest, index or config in the image that is broken, too large or too deeply nested."""


class NoSuchPlatform(ImageError):
    """The index holds no image for the platform that was asked for."""


class _WithExchange(RegtutorError):
    def __init__(self, what: str, why: str = "", next: str = "", *, exchange: Exchange | None = None) -> None:
        super().__init__(what, why, next)
        self.exchange = exchange


class ConnectionFailed(_WithExchange):
    """No complete answer came back; ``exchange`` records what was sent and seen until then."""


class UnexpectedStatus(_WithExchange):
    """``exchange.expect`` found another status; ``exchange`` is the one that was looked at."""


class ContentMismatch(_WithExchange):
    """A downloaded body whose bytes do not match the digest that was asked for; nothing was written."""


class PushFailed(_WithExchange):
    """A walk that the registry stopped: ``exchange`` is its answer, ``transcript`` everything up to it."""


class PullFailed(_WithExchange):
    """A walk that was stopped by what a registry answered when it was asked for content; as :class:`PushFailed`."""


class ListFailed(_WithExchange):
    """A walk that was stopped by what a registry answered when it was asked for a list; as :class:`PushFailed`."""


class DeleteFailed(_WithExchange):
    """A walk that the registry stopped when it should delete; as :class:`PushFailed`."""


class LocationLost(RegtutorError):
    """A Location that was loaded from a file or unpickled, and whose secret part was not saved."""


class TokenLost(RegtutorError):
    """A token, or a refresh token, whose secret is not here: a record keeps none."""


class InvalidChallenge(RegtutorError, ValueError):
    """A challenge that no token can be requested for: of another scheme than Bearer, or without a usable realm."""


class InsecureTokenServer(RegtutorError):
    """A registry on https names a token server on plain http: a password would be readable on the way there."""


class TokenRefused(_WithExchange):
    """The token server gave no token; ``exchange`` is its response."""


class ScopeNotGranted(_WithExchange):
    """The registry refuses a request because the token does not permit it.

    ``exchange`` is the refusal, ``scopes`` what was requested and not granted.
    """

    scopes: tuple[str, ...] = ()


class LoginFailed(_WithExchange):
    """The registry did not accept the credentials; ``exchange`` is its last response."""


class UnusableAuthFile(RegtutorError):
    """A file of credentials that cannot be read or written, or a credential helper that fails."""


class UnsupportedTranscript(RegtutorError):
    """A transcript file in a format that this version of regtutor cannot load."""


class UnknownFormat(RegtutorError, ValueError):
    """A format, or a file's ending, that no transcript can be exported to; ``why`` lists those that there are."""


class BackendError(RegtutorError):
    """A registry that could not be had."""


class BackendMissing(BackendError):
    """A binary, an engine or an image that is not there; ``next`` says how to get it."""


class UnknownBackend(BackendMissing):
    """A name that no back end has; ``why`` lists those that there are."""


class BackendFailed(BackendError):
    """A registry that was started and did not come up; ``log`` holds the last lines that it wrote."""

    def __init__(self, what: str, why: str = "", next: str = "", *, log: str = "") -> None:
        super().__init__(what, why, next)
        self.log = log

    def __str__(self) -> str:
        return super().__str__() + (f"\nThe last lines of its log:\n{self.log}" if self.log else "")


class UnusableDirectory(BackendFailed):
    """The directory that a registry shall keep its content in cannot be made or written to."""


class UnknownOption(BackendError, TypeError):
    """An option that this back end does not have; ``why`` lists those that it has."""


class NotObservable(BackendError):
    """``logs()`` or ``tree()`` of a registry that is only known by its URL."""


class CourseError(RegtutorError):
    """The course's notebooks cannot be found, copied or opened."""


class ServerError(RegtutorError):
    """The embedded registry cannot do what its owner asked."""


class StoreLocked(ServerError):
    """Another embedded registry writes to this directory."""
