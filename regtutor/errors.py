"""Every error that regtutor raises, with its meaning.

A refusal by a registry is *not* an error: a 404 is an observation, returned as an exchange. regtutor raises an error
when something prevents an exchange, or when the caller asked for one (``exchange.expect``, for example).

::

    RegtutorError                        what happened, why, and what to do next
    ├── InvalidDigest (ValueError)       not "algorithm:encoded"
    ├── InvalidReference (ValueError)    not "host/repository:tag" on the command line
    ├── InvalidManifest (ValueError)     bytes that are not a manifest: not JSON, too large, too deeply nested
    ├── InvalidArgument (TypeError)      an argument of the wrong type, such as an Exchange instead of a Request
    │   └── NoLocation                   None for a Location: the response that it was read from has none
    ├── InvalidBody (TypeError)          not bytes, a path, an open file or a layer
    ├── InvalidURL (ValueError)          not an http or https URL with a host
    ├── InvalidCredentials (ValueError)  a user name that Basic authentication cannot carry
    ├── InvalidHeader (ValueError)       a method or a header that would make the request's head malformed
    ├── CannotSave                       the file to save a body to cannot be written
    │   └── PullLocked                   another pull writes to the same destination
    ├── ImageError                       an image on disk that cannot be pushed; .path names the file
    │   ├── UnreadableImage              neither an OCI layout nor a docker save archive
    │   ├── TruncatedArchive             the archive ends in the middle of a file
    │   ├── MissingBlob                  the manifest names a blob that the image does not contain
    │   ├── DigestMismatch               the bytes do not match their digest
    │   ├── UnsafePath                   a name or a link that leads out of the layout
    │   ├── BadManifest                  a manifest, index or config that is broken, too large or too deep
    │   └── NoSuchPlatform               the index has no image for this platform
    ├── ConnectionFailed                 no complete response arrived; .exchange records the attempt
    ├── UnexpectedStatus                 exchange.expect(...) found another status; see .exchange
    ├── ContentMismatch                  a downloaded body does not match its digest; see .exchange
    ├── LocationLost                     a Location cannot be followed, because its secret part was not saved
    ├── TokenLost                        a token cannot be sent, because its secret part was not saved
    ├── InvalidChallenge (ValueError)    a challenge does not name a token server
    ├── InsecureTokenServer              a registry on https has a token server on plain http
    ├── TokenRefused                     the token server issued no token; see .exchange
    ├── ScopeNotGranted                  the token does not permit the request; see .exchange and .scopes
    ├── LoginFailed                      the registry did not accept the credentials; see .exchange
    ├── UnusableAuthFile                 a file of credentials or a credential helper cannot be used
    ├── UnsupportedTranscript            a file that this version cannot load
    ├── UnknownFormat (ValueError)       a format to which no transcript can be exported
    ├── BackendError                     a registry could not be opened or used
    │   ├── BackendMissing               a binary, an engine or an image is not installed
    │   │   └── UnknownBackend           no back end has this name
    │   ├── BackendFailed                a registry did not start; .log holds the last lines of its log
    │   │   └── UnusableDirectory        the directory for its content cannot be created or written to
    │   ├── UnknownOption (TypeError)    an option that this back end does not have
    │   └── NotObservable                logs() or tree() of a registry of which only the URL is known
    ├── PushFailed                       a registry stopped a push; see .exchange and .transcript
    ├── PullFailed                       the same for fetching content
    ├── ListFailed                       the same for listing tags or referrers
    ├── DeleteFailed                     the same for deleting
    ├── CourseError                      the notebooks, or a part of a lesson, cannot be found, copied or opened
    │   ├── PredictionMissing            a lesson asks for a guess before this request is sent
    │   └── NotBegun                     a task or a prediction came before the first cell of the lesson
    └── ServerError                      the embedded registry cannot perform what its owner requested
        └── StoreLocked                  another registry writes to this directory
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from regtutor.printable import visible, visible_lines

if TYPE_CHECKING:
    from pathlib import Path

    from regtutor.exchange import Exchange, Transcript
    from regtutor.findings.finding import Finding


_MOST_TOLD = 600
"""The most characters of a registry's own message in the text of an error."""


class RegtutorError(Exception):
    """Base class: ``what`` happened, ``why``, and what to do ``next``; printed as ``what: why. next.``

    An error about an exchange is printed with the diagnosis of its :attr:`cause` and the next step of that diagnosis,
    each on a line of its own, instead of ``next``.

    Parameters
    ----------
    what, why, next:
        One sentence each, without secrets; ``why`` and ``next`` can be empty.
    """

    transcript: Transcript | None = None
    """The exchanges that a walk had made before this error stopped it; None outside a walk."""

    exchange: Exchange | None = None
    """The exchange that ended with this error, or that the error is about; None without one."""

    states_cause = False
    """Whether ``why`` and ``next`` are more exact than a diagnosis of the exchange, which is then not printed."""

    @property
    def cause(self) -> Finding | None:
        """The diagnosis of the exchange that shows the cause, as ``explain`` gives it; None without one."""
        if self.exchange is None:
            return None
        # Findings read records, which raise these errors: only a lookup at this moment can go upwards.
        try:
            module = import_module("regtutor.findings.cause")
        except OSError:  # no file can be opened any more, which may be what this error is about
            return None
        found: Finding | None = module.cause_of_error(self)
        return found

    def __init__(self, what: str, why: str = "", next: str = "") -> None:
        self.what, self.why, self.next = what, why, next
        super().__init__(what, why, next)

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython prints for this error."""
        lines: list[str] = import_module("regtutor.display").error_lines(self)
        return lines

    def __str__(self) -> str:
        happened = f"{self.what.rstrip('.:')}: {self.why}" if self.why else self.what
        cause = None if self.states_cause else self.cause
        if cause is None:
            return _sentences(happened, self.next)
        message = self.exchange.error_message[:_MOST_TOLD] if self.exchange else ""
        first = _sentences(happened, f"The registry says: {message}" if message else "")
        return "\n".join((first, _sentences(f"{cause.name}: {cause.meaning}"), _sentences(cause.next)))


def _sentences(*parts: str) -> str:
    """Return each part as a sentence, in one line."""
    return visible(" ".join(part if part.endswith((".", "?", ":")) else f"{part}." for part in parts if part))


class InvalidDigest(RegtutorError, ValueError):
    """A text that is not ``algorithm:encoded``, as the image-spec's descriptor section defines it."""


class InvalidReference(RegtutorError, ValueError):
    """A text that is not ``host/repository:tag``."""


class InvalidManifest(RegtutorError, ValueError):
    """Bytes that cannot be read as a manifest or an index."""


class InvalidArgument(RegtutorError, TypeError):
    """An argument of the wrong type, such as an Exchange instead of a Request."""


class NoLocation(InvalidArgument):
    """None was given as the Location of an upload session, because the response that it was read from has none."""


class InvalidBody(RegtutorError, TypeError):
    """An object that cannot be sent as a request body."""


class InvalidURL(RegtutorError, ValueError):
    """A text that is not an absolute http or https URL with a host."""


class InvalidCredentials(RegtutorError, ValueError):
    """A user name that cannot be sent: it is empty, or contains a colon."""


class InvalidHeader(RegtutorError, ValueError):
    """A method, a header name or a header value that would make the head of a request malformed."""


class CannotSave(RegtutorError):
    """The file to save a body to cannot be written."""


class PullLocked(CannotSave):
    """Another pull writes to the same destination."""


class ImageError(RegtutorError):
    """An image on disk that cannot be read as it is; ``path`` is the file to look at."""

    def __init__(self, what: str, why: str = "", next: str = "", *, path: Path | str | None = None) -> None:
        super().__init__(what, why, next)
        self.path = path


class UnreadableImage(ImageError):
    """Neither an OCI layout nor a ``docker save`` archive."""


class TruncatedArchive(ImageError):
    """The archive ends in the middle of a file."""


class MissingBlob(ImageError):
    """The manifest names a blob that the image does not contain."""


class DigestMismatch(ImageError):
    """The bytes of a blob do not match its digest (or its size)."""


class UnsafePath(ImageError):
    """A name or a link in the image that leads out of it."""


class BadManifest(ImageError):
    """A manifest, index or config in the image that is broken, too large or too deeply nested."""


class NoSuchPlatform(ImageError):
    """The index has no image for the requested platform."""


class _WithExchange(RegtutorError):
    def __init__(self, what: str, why: str = "", next: str = "", *, exchange: Exchange | None = None) -> None:
        super().__init__(what, why, next)
        self.exchange = exchange


class ConnectionFailed(_WithExchange):
    """No complete response arrived; ``exchange`` records everything that was sent and received."""


class UnexpectedStatus(_WithExchange):
    """``exchange.expect`` found another status; ``exchange`` is the exchange with that status."""


class ContentMismatch(_WithExchange):
    """A downloaded body does not match the requested digest; nothing was written."""


class PushFailed(_WithExchange):
    """A registry stopped a push: ``exchange`` has its response, ``transcript`` everything up to it."""


class PullFailed(_WithExchange):
    """A response to a request for content stopped a walk; it has the attributes of :class:`PushFailed`."""


class ListFailed(_WithExchange):
    """A response to a request for a list stopped a walk; it has the attributes of :class:`PushFailed`."""


class DeleteFailed(_WithExchange):
    """A registry stopped a deletion; the error has the attributes of :class:`PushFailed`."""


class LocationLost(RegtutorError):
    """A Location was loaded from a file or unpickled, and its secret part was not saved."""


class TokenLost(RegtutorError):
    """A token or a refresh token cannot be sent, because its secret was not saved."""


class InvalidChallenge(RegtutorError, ValueError):
    """No token can be requested for a challenge: its scheme is not Bearer, or its realm is missing or malformed."""


class InsecureTokenServer(RegtutorError):
    """A registry on https names a token server on plain http, where anyone on the network path can read a password."""

    states_cause = True


class TokenRefused(_WithExchange):
    """The token server issued no token; ``exchange`` is its response."""

    states_cause = True


class ScopeNotGranted(_WithExchange):
    """The registry refuses a request because the token does not permit it.

    ``exchange`` is the refusal, ``scopes`` are the requested scopes that were not granted.
    """

    states_cause = True

    scopes: tuple[str, ...] = ()


class LoginFailed(_WithExchange):
    """The registry did not accept the credentials; ``exchange`` is its last response."""

    states_cause = True


class UnusableAuthFile(RegtutorError):
    """A file of credentials cannot be read or written, or a credential helper failed."""


class UnsupportedTranscript(RegtutorError):
    """A transcript file in a format that this version of regtutor cannot load."""


class UnknownFormat(RegtutorError, ValueError):
    """A format, or a file name extension, to which no transcript can be exported; ``why`` lists the formats."""


class BackendError(RegtutorError):
    """A registry could not be opened or used."""


class BackendMissing(BackendError):
    """A binary, an engine or an image is not installed; ``next`` says how to get it."""


class UnknownBackend(BackendMissing):
    """No back end has this name; ``why`` lists the names."""


class BackendFailed(BackendError):
    """A registry did not start; ``log`` holds the last lines of its log."""

    def __init__(self, what: str, why: str = "", next: str = "", *, log: str = "") -> None:
        super().__init__(what, why, next)
        self.log = log

    def __str__(self) -> str:
        return super().__str__() + (f"\nThe last lines of its log:\n{visible_lines(self.log)}" if self.log else "")


class UnusableDirectory(BackendFailed):
    """The directory for a registry's content cannot be created or written to."""


class UnknownOption(BackendError, TypeError):
    """An option that this back end does not have; ``why`` lists its options."""


class NotObservable(BackendError):
    """``logs()`` or ``tree()`` was called for a registry of which only the URL is known."""


class CourseError(RegtutorError):
    """The course's notebooks, or a part of a lesson, cannot be found, copied or opened."""


class PredictionMissing(CourseError):
    """A lesson asks for a guess before this request is sent."""


class NotBegun(CourseError):
    """A task, a prediction or a question came before ``begin``, the first cell of a lesson."""


class ServerError(RegtutorError):
    """The embedded registry cannot perform an operation that its owner requested."""


class StoreLocked(ServerError):
    """Another embedded registry writes to this directory."""
