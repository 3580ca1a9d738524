"""The users of a registry that we start, and how it asks for credentials: ``auth=``, ``users=`` and ``policy=``.

One policy serves every back end: our own App checks it by itself, and CNCF Distribution is given the certificate of the
same token server, or a password file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regtutor.errors import ServerError

if TYPE_CHECKING:
    from regtutor.server.shell.authentication import Htpasswd
    from regtutor.server.shell.listen import Server
    from regtutor.server.token.issuing import TokenServer
    from regtutor.server.token.policy import Policy

SCHEMES = ("basic", "token")

_PASSWORD_FILE = "htpasswd"
_CERTIFICATE = "token.crt"


@dataclass(frozen=True)
class Access:
    """The users, and how the registry asks for their credentials.

    Attributes
    ----------
    auth: ``basic`` or ``token``.
    policy: the users and their rights; with ``basic`` every user may do everything.
    passwords: of these users.
    tokens: the token server; None with ``basic``.
    about: one line on the users. It has the passwords of the lessons' users, which are public, and no other.
    """

    auth: str
    policy: Policy
    passwords: Htpasswd = field(repr=False)
    tokens: TokenServer | None = field(repr=False)
    about: str

    @property
    def app_settings(self) -> dict[str, Any]:
        """The settings of our own App by which it checks each request itself."""
        from regtutor.server.token.guard import TokenGuard

        if self.tokens is not None:
            return {"tokens": self.tokens, "admit": TokenGuard(self.tokens).refusal}
        return {"admit": lambda call: self.passwords.refusal(call.head)}


def access_of(
    auth: str | None,
    users: Mapping[str, str] | None = None,
    policy: Mapping[str, Any] | Policy | None = None,
    token_seconds: int | None = None,
) -> Access | None:
    """The users that the options of ``open_registry`` name; None without ``auth``.

    Parameters
    ----------
    auth: ``basic``, ``token`` or None.
    users: name to password (plain text, or a bcrypt hash); each user may do everything.
    policy: rules for each user, see ``server.token.policy.policy_of``; only with ``token``.
    token_seconds: how long a token is valid; only with ``token``.

    Raises
    ------
    ServerError: for another ``auth``, options that do not go together, an invalid policy, or if a package that is
        needed is not installed.
    """
    _check(auth, users, policy, token_seconds)
    if auth is None:
        return None
    rules = _rules(auth, users, policy)
    passwords = _passwords(rules)
    tokens = _token_server(rules, passwords, token_seconds) if auth == "token" else None
    return Access(auth, rules, passwords, tokens, _about(auth, rules, own=users is not None or policy is not None))


def _check(auth: str | None, users: object, policy: object, token_seconds: int | None) -> None:
    if auth is not None and auth not in SCHEMES:
        raise ServerError(f"auth={auth!r} is unknown", f"there are {' and '.join(SCHEMES)}", 'Use auth="token"')
    if auth is None and (users is not None or policy is not None or token_seconds is not None):
        why = "users=, policy= and token_seconds= are for a registry that asks for credentials"
        raise ServerError("auth= is missing", why, 'Add auth="token" or auth="basic"')
    if users is not None and policy is not None:
        raise ServerError("users= and policy= do not go together", "a policy has its own users", "Give one of them")
    if auth == "basic" and (policy is not None or token_seconds is not None):
        why = "with Basic every user may do everything, as with CNCF Distribution"
        raise ServerError("policy= and token_seconds= need tokens", why, 'Use auth="token", or users= alone')


def _rules(auth: str, users: Mapping[str, str] | None, policy: Mapping[str, Any] | Policy | None) -> Policy:
    from regtutor.server.token.policy import LESSON_POLICY, LESSON_USERS, Policy, full_access, policy_of

    if users is not None:
        return full_access(users)
    if policy is None:
        learner = {"learner": LESSON_USERS["learner"]["password"]}
        return LESSON_POLICY if auth == "token" else full_access(learner)
    return policy if isinstance(policy, Policy) else policy_of(policy)


def _passwords(policy: Policy) -> Htpasswd:
    try:
        from regtutor.server.shell.listed_users import ListedUsers
    except ImportError as error:
        why = f"{error.name} is not installed"
        raise ServerError("A registry that asks for a password needs bcrypt", why, "Run pip install bcrypt") from error
    return ListedUsers({user.name: user.password for user in policy.users.values()})


def _token_server(policy: Policy, passwords: Htpasswd, seconds: int | None) -> TokenServer:
    from regtutor.server.token.issuing import DEFAULT_SECONDS, TokenServer
    from regtutor.server.token.key import SigningKey

    return TokenServer(policy, passwords, SigningKey(), seconds=DEFAULT_SECONDS if seconds is None else seconds)


def _about(auth: str, policy: Policy, *, own: bool) -> str:
    names = {name: "" if own else f"/{user.password}" for name, user in policy.users.items()}
    users = ", ".join(f"{name}{password}" for name, password in names.items())
    return f"auth: {auth}; users: {users or 'none'}"


@dataclass(frozen=True)
class DistributionAccess:
    """The configuration by which CNCF Distribution asks for credentials.

    Attributes
    ----------
    settings: ``REGISTRY_AUTH...`` variables.
    files: the files that the variables name: the path on this machine, and the path that the registry sees.
    server: the token server, listening in a thread of this process; None with ``basic``.
    """

    settings: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[Path, str] = field(default_factory=dict)
    server: Server | None = None

    def close(self) -> None:
        """Stop the token server; a second call does nothing."""
        if self.server is not None:
            self.server.close()


def distribution_access(access: Access | None, folder: Path, inside: str = "") -> DistributionAccess:
    """Prepare ``access`` for CNCF Distribution, and start the token server that it sends clients to.

    Parameters
    ----------
    folder: where the password file or the certificate goes.
    inside: the folder under which the registry sees it, if another one.

    Source: Distribution, "Configuring a registry", "auth"
    <https://distribution.github.io/distribution/about/configuration/#auth>.
    """
    if access is None:
        return DistributionAccess()
    tokens = access.tokens
    content = access.passwords.content() if tokens is None else tokens.key.certificate
    file = folder / (_PASSWORD_FILE if tokens is None else _CERTIFICATE)
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
        written.write(content)
    if inside:  # a container may run as another user; the folder itself is for this one only
        file.chmod(0o644)
    seen = f"{inside}/{file.name}" if inside else str(file)
    if tokens is None:
        options = {"HTPASSWD_REALM": access.passwords.realm, "HTPASSWD_PATH": seen}
        return DistributionAccess(_settings("htpasswd", options), {file: seen})
    server = _listening(tokens)
    options = {
        "TOKEN_REALM": f"{server.url}/token",
        "TOKEN_SERVICE": tokens.service,
        "TOKEN_ISSUER": tokens.issuer,
        "TOKEN_ROOTCERTBUNDLE": seen,
    }
    return DistributionAccess(_settings("token", options), {file: seen}, server)


def _settings(kind: str, options: Mapping[str, str]) -> dict[str, str]:
    from regtutor.backends.distribution import quoted

    return {"REGISTRY_AUTH": kind, **{f"REGISTRY_AUTH_{name}": quoted(value) for name, value in options.items()}}


def _listening(tokens: TokenServer) -> Server:
    from regtutor.server.shell.listen import Server
    from regtutor.server.token.app import TokenApp

    return Server(TokenApp(tokens)).start()
