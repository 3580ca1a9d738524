"""The steps: one function for each endpoint. Each builds one Request and ends in ``return reg.send(request)``.

A step follows no redirects, retries nothing, and leaves every judgement to the registry: a response of 404 is an
observation, and is returned like any other. The handler that responds to a step is in ``regtutor/server/handlers``, in
a file of the same name.

:func:`draft` returns the request of a step without sending it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from regtutor.errors import InvalidArgument
from regtutor.exchange import Exchange
from regtutor.message import Request
from regtutor.steps.api import check_api
from regtutor.steps.blobs import delete_blob, get_blob, head_blob
from regtutor.steps.catalog import list_repositories
from regtutor.steps.manifests import delete_manifest, get_manifest, head_manifest, put_manifest
from regtutor.steps.referrers import get_referrers
from regtutor.steps.tags import list_tags
from regtutor.steps.token import request_token
from regtutor.steps.uploads import (
    cancel_upload,
    get_upload,
    head_upload,
    mount_blob,
    patch_upload,
    post_blob,
    put_blob,
    start_upload,
)

STEPS: dict[str, Callable[..., Exchange]] = {
    step.__name__: step
    for step in (
        check_api,
        start_upload,
        post_blob,
        patch_upload,
        get_upload,
        head_upload,
        put_blob,
        mount_blob,
        cancel_upload,
        head_blob,
        get_blob,
        delete_blob,
        head_manifest,
        get_manifest,
        put_manifest,
        delete_manifest,
        list_tags,
        list_repositories,
        get_referrers,
        request_token,
    )
}
"""The steps by name, which is also the name of the endpoint in ``protocol.endpoints.ENDPOINTS``."""


class _Unsent:
    """Replaces a Registry, and returns the request instead of sending it."""

    @staticmethod
    def send(request: Request) -> Request:
        return request


def draft(step: Callable[..., Exchange], *args: Any, **kwargs: Any) -> Request:
    """Return the request that ``step`` would send, without sending it.

    Parameters
    ----------
    step: a step, such as ``rt.put_blob``.
    args, kwargs: the arguments of the step after the registry.

    Returns
    -------
    A :class:`~regtutor.message.Request`. You can read it, :meth:`~regtutor.message.Request.edit` it, and send it with
    ``reg.send(request)``.

    Raises
    ------
    InvalidArgument: if the first argument is a registry: a draft is not sent, so it needs none.
    """
    if args and hasattr(args[0], "send"):
        raise InvalidArgument(
            f"A registry was given to draft {step.__name__}",
            "a draft is not sent, and takes only the arguments of the step after the registry",
            f"Write rt.draft(rt.{step.__name__}, ...) without it, and send the result with reg.send(...)",
        )
    request: Request = step(_Unsent(), *args, **kwargs)  # type: ignore[assignment]
    return request


__all__ = ["STEPS", "draft", *STEPS]
