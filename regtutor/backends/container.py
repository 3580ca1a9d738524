"""The back end ``container``: CNCF Distribution in a container, run by docker or podman on a free loopback port."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from regtutor.backends import distribution
from regtutor.backends.access import Access, DistributionAccess, access_of, distribution_access
from regtutor.backends.container_image import build_image, image_of_version, need_image, pull_image
from regtutor.backends.engine import Engine, find_engine
from regtutor.backends.keeper import Keeper, Ran
from regtutor.backends.readiness import READY_SECONDS, responds, wait_until_ready
from regtutor.client.connect import registry_of
from regtutor.client.registry import Registry
from regtutor.errors import BackendFailed
from regtutor.storage_tree import StorageTree

STORAGE = "/var/lib/registry"
PORT = "5000/tcp"
INSIDE = "/regtutor"
CONFIG_INSIDE = f"{INSIDE}/config.yml"
RUN_SECONDS = 10.0
"""Seconds that the engine has to start a container from an image that it has: it takes less than two."""
STOP_SECONDS = 2
_MESSAGE_LENGTH = 200


class ContainerHost:
    """A running container, with access to its log and storage through the engine."""

    name = "container"
    access: Access | None = None
    distribution_access = DistributionAccess()

    def __init__(self, keeper: Keeper, engine: Engine, container: str, image: str) -> None:
        self.keeper, self.engine, self.container, self.image = keeper, engine, container, image
        self.about = f"{image} in {engine.name}"
        self._last_log: str | None = None

    def logs(self) -> str:
        """Return the log, or the end of a very long one; after :meth:`close`, the log up to that time."""
        return self.engine.logs(self.container) if self._last_log is None else self._last_log

    def tree(self) -> StorageTree:
        """Return the storage directory inside the container; an empty tree after :meth:`close`."""
        return self.engine.tree(self.container, STORAGE) if self._last_log is None else StorageTree()

    def ended(self) -> bool:
        """Whether the container has stopped."""
        return not self.engine.running(self.container)

    def close(self) -> None:
        """Stop the container and remove it with its storage; a second call does nothing."""
        if self._last_log is not None:
            return
        try:
            self._last_log = self.logs()
        except BackendFailed as error:
            self._last_log = str(error)
        self.distribution_access.close()
        self.keeper.close()

    def lets_in(self, access: Access, given: DistributionAccess) -> None:
        """Keep the users, and the token server to stop at the end; ``about`` names the users."""
        self.access, self.distribution_access, self.about = access, given, f"{self.about}; {access.about}"


def open_container(
    *,
    build: bool = False,
    pull: bool | str = False,
    version: str | None = None,
    image: str | None = None,
    binary: str | Path | None = None,
    engine: str | None = None,
    settings: Mapping[str, str] | None = None,
    auth: str | None = None,
    users: Mapping[str, str] | None = None,
    policy: Mapping[str, Any] | None = None,
    token_seconds: int | None = None,
) -> Registry:
    """Run CNCF Distribution in a container; by default from an image that is already present.

    Parameters
    ----------
    build: build the image first, from ``binary`` or the registry binary on PATH.
    pull: download the image first: True for registry:2, or a reference such as ``registry:3``.
    version: use the official image of this version, such as ``"2"``, ``"3"`` or ``"3.1.1"``; with ``pull`` download it.
    image: the image to use, or the name of the image to build; by default ``$REGTUTOR_IMAGE``, else
        ``localhost/regtutor-registry:latest``, registry:2 or registry:3.
    binary: the registry binary for the image.
    engine: ``docker`` or ``podman``; by default ``$REGTUTOR_ENGINE``, else the first of the two that responds.
    settings: changes to the bundled configuration, such as ``{"REGISTRY_STORAGE_DELETE_ENABLED": "false"}``.
    auth: ``token`` asks for tokens of a token server in a thread of this process; ``basic`` asks for a name and a
        password. The Registry has no credentials; ``reg.host.about`` names the users.
    users: name to password, for users who may do everything; by default the users of the lessons.
    policy: users with rules of their own, as plain data, with ``auth="token"``; see ``server.token.policy.policy_of``.
    token_seconds: how long a token is valid; by default 300.

    Returns
    -------
    A Registry; the container is removed when the Registry is closed or this process ends.

    Raises
    ------
    UnknownOption: if ``version`` is given together with ``image``, or cannot be a tag.
    BackendMissing: if no engine or no image is available; the error contains the two calls that get an image.
    BackendFailed: if the registry does not start; the error contains the end of its log.
    """
    own = distribution.checked_settings(settings)
    access = access_of(auth, users, policy, token_seconds)
    if version is not None:
        image = image_of_version(version, image)
        pull = image if pull is True else pull
    chosen = find_engine(engine)
    keeper, given = Keeper(), DistributionAccess()
    try:
        name = _image(chosen, keeper, build, pull, image, binary)
        given = distribution_access(access, keeper.directory("auth"), INSIDE)
        host, address = _start(keeper, chosen, name, {**given.settings, **own}, given.files)
        if access is not None:
            host.lets_in(access, given)
        return registry_of(host, f"http://{address}")
    except BaseException:
        given.close()
        if not keeper.ending:
            keeper.close()
        raise


def _image(
    engine: Engine, keeper: Keeper, build: bool, pull: bool | str, image: str | None, binary: str | Path | None
) -> str:
    if build:
        return build_image(engine, keeper, binary, image)
    if pull:
        return pull_image(engine, keeper, pull)
    return need_image(engine, image)


def _start(
    keeper: Keeper, engine: Engine, image: str, settings: Mapping[str, str], files: Mapping[Path, str]
) -> tuple[ContainerHost, str]:
    home = keeper.directory("container")
    shutil.copyfile(distribution.CONFIG, home / "config.yml")
    (home / "config.yml").chmod(0o644)
    variables = [part for name, value in settings.items() for part in ("--env", f"{name}={value}")]
    # The configuration is mounted as well as built in, so that registry:2 and registry:3 use it too; "z" allows the
    # container to read it where SELinux labels files.
    arguments = ["--pull=never", "--publish", "127.0.0.1::5000", "--stop-timeout", str(STOP_SECONDS), *variables]
    for file, inside in {home / "config.yml": CONFIG_INSIDE, **files}.items():
        arguments += ["--volume", f"{file}:{inside}:ro,z"]
    arguments += [image, "serve", CONFIG_INSIDE]
    name, ran = keeper.container(engine.program, arguments, limit=RUN_SECONDS)
    if ran.status is None:
        keeper.let_go()  # to remove a container takes such an engine just as long, and nobody has to wait for that
        raise BackendFailed(
            f"{engine.name} run did not start the registry within {RUN_SECONDS:g} s",
            f"{engine.name} info responded, but run did not finish",
            f"Restart the service of {engine.name}, or use rt.open_registry('embedded'), which needs no engine",
        )
    if ran.status != 0:
        raise _failure(image, _why(ran), ran.output)
    host = ContainerHost(keeper, engine, name, image)
    if host.ended():
        raise _failure(image, "It ended immediately", host.logs())
    address = engine.address(name, PORT)
    if not wait_until_ready(lambda: responds(address), host.ended):
        why = "It ended" if host.ended() else f"It did not respond within {READY_SECONDS:g} s"
        raise _failure(image, why, host.logs())
    return host, address


def _why(ran: Ran) -> str:
    lines = ran.output.strip().splitlines()
    return (
        f"The engine reports: {lines[-1][:_MESSAGE_LENGTH]}" if lines else f"The engine ended with status {ran.status}"
    )


def _failure(image: str, why: str, log: str) -> BackendFailed:
    return distribution.did_not_start(
        f"The registry in a container of {image}",
        why,
        log,
        'Or use rt.open_registry("embedded"), which needs no engine',
    )
