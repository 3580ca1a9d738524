"""One function for each documented request. Each builds one Request and ends in ``return reg.send(request)``.

A step follows no redirect, tries nothing twice and judges nothing that the registry is meant to judge: an answer of 404
is an observation, returned like any other. Who answers each step stands in ``regtutor/server/handlers``, in a file of
the same name.

:func:`draft` gives a step's request without sending it.
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
"""Every step by its name, which is also the name of its row in ``protocol.endpoints.ENDPOINTS``."""


class _Unsent:
    """Stands where a Registry would, and gives the request back instead of sending it."""

    @staticmethod
    def send(request: Request) -> Request:
        return request


def draft(step: Callable[..., Exchange], *args: Any, **kwargs: Any) -> Request:
    """The request that ``step`` would send, unsent.

    Parameters
    ----------
    step: a step, such as ``rt.put_blob``.
    args, kwargs: what the step takes after the registry.

    Returns
    -------
    A :class:`~regtutor.message.Request`: look at it, :meth:`~regtutor.message.Request.edit` it, and send it with
    ``reg.send(request)``.

    Raises
    ------
    InvalidArgument: if the registry is given too: a request that is not sent needs none.
    """
    if args and hasattr(args[0], "send"):
        raise InvalidArgument(
            f"The registry was given to draft {step.__name__}",
            "a draft is sent nowhere, and takes what the step takes after the registry",
            f"Write rt.draft(rt.{step.__name__}, ...) without it, and reg.send(...) what it returns",
        )
    request: Request = step(_Unsent(), *args, **kwargs)  # type: ignore[assignment]
    return request


__all__ = ["STEPS", "draft", *STEPS]
