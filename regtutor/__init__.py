"""regtutor: learn how container registries work, request by request.

Everything that a notebook needs is available from this module::

    import regtutor as rt

    reg = rt.open_registry()
    image = rt.sample_image()
    start = rt.start_upload(reg, "library/hello")
    put = rt.put_blob(reg, start.location, image.layers[0])
    rt.headers_table([start, put])

Each name is loaded on first use, so importing the package loads neither pandas nor widgets nor a server.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # as typing has it; every command waits for this module, and needs nothing of typing yet
if TYPE_CHECKING:
    from regtutor.backends.maintenance import collect_garbage as collect_garbage
    from regtutor.backends.maintenance import fsck as fsck
    from regtutor.backends.opening import open_registry as open_registry
    from regtutor.client.arming import with_token as with_token
    from regtutor.client.connect import connect as connect
    from regtutor.client.registry import Registry as Registry
    from regtutor.comparison.capabilities.probing import probe as probe
    from regtutor.comparison.comparing import compare as compare
    from regtutor.comparison.comparing import compare_walk as compare_walk
    from regtutor.content.image import Image as Image
    from regtutor.content.image import Layer as Layer
    from regtutor.content.index import Index as Index
    from regtutor.content.reading.load import load_image as load_image
    from regtutor.content.reading.load import load_index as load_index
    from regtutor.content.sample.image import sample_image as sample_image
    from regtutor.content.sample.image import sample_index as sample_index
    from regtutor.content.sample.image import sample_layer as sample_layer
    from regtutor.errors import RegtutorError as RegtutorError
    from regtutor.exchange import Exchange as Exchange
    from regtutor.exchange import Transcript as Transcript
    from regtutor.findings import explain as explain
    from regtutor.formats import curl as curl
    from regtutor.formats import export as export
    from regtutor.formats import load as load
    from regtutor.formats import save as save
    from regtutor.message import Location as Location
    from regtutor.message import Request as Request
    from regtutor.protocol.challenges import challenges as challenges
    from regtutor.steps import cancel_upload as cancel_upload
    from regtutor.steps import check_api as check_api
    from regtutor.steps import delete_blob as delete_blob
    from regtutor.steps import delete_manifest as delete_manifest
    from regtutor.steps import draft as draft
    from regtutor.steps import get_blob as get_blob
    from regtutor.steps import get_manifest as get_manifest
    from regtutor.steps import get_referrers as get_referrers
    from regtutor.steps import get_upload as get_upload
    from regtutor.steps import head_blob as head_blob
    from regtutor.steps import head_manifest as head_manifest
    from regtutor.steps import head_upload as head_upload
    from regtutor.steps import list_repositories as list_repositories
    from regtutor.steps import list_tags as list_tags
    from regtutor.steps import mount_blob as mount_blob
    from regtutor.steps import patch_upload as patch_upload
    from regtutor.steps import post_blob as post_blob
    from regtutor.steps import put_blob as put_blob
    from regtutor.steps import put_manifest as put_manifest
    from regtutor.steps import request_token as request_token
    from regtutor.steps import start_upload as start_upload
    from regtutor.tables import bytes_table as bytes_table
    from regtutor.tables import diff_table as diff_table
    from regtutor.tables import findings_table as findings_table
    from regtutor.tables import headers_table as headers_table
    from regtutor.tables import layers_table as layers_table
    from regtutor.tables import summary_table as summary_table
    from regtutor.tables import whole as whole
    from regtutor.walks import run as run
    from regtutor.walks.copying import copy_image as copy_image
    from regtutor.walks.deleting import delete_image as delete_image
    from regtutor.walks.inspecting import inspect_image as inspect_image
    from regtutor.walks.logging_in import login as login
    from regtutor.walks.pulling import pull_image as pull_image
    from regtutor.walks.pushing import push_image as push_image
    from regtutor.walks.referring import list_referrers as list_referrers
    from regtutor.walks.uploading import resume_upload as resume_upload
    from regtutor.walks.uploading import upload_chunks as upload_chunks
    from regtutor.widgets.digests.digest_graph import DigestGraph as DigestGraph
    from regtutor.widgets.exchange.exchange_view import ExchangeView as ExchangeView
    from regtutor.widgets.recorded import record as record
    from regtutor.widgets.sequence.sequence_view import SequenceView as SequenceView
    from regtutor.widgets.stepper.push_stepper import PushStepper as PushStepper
    from regtutor.widgets.storage.registry_tree import RegistryTree as RegistryTree
    from regtutor.widgets.transcript.transcript_view import TranscriptView as TranscriptView

if TYPE_CHECKING:
    from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "backends.maintenance": ("collect_garbage", "fsck"),
    "backends.opening": ("open_registry",),
    "client.arming": ("with_token",),
    "client.connect": ("connect",),
    "client.registry": ("Registry",),
    "comparison.capabilities.probing": ("probe",),
    "comparison.comparing": ("compare", "compare_walk"),
    "content.image": ("Image", "Layer"),
    "content.index": ("Index",),
    "content.reading.load": ("load_image", "load_index"),
    "content.sample.image": ("sample_image", "sample_index", "sample_layer"),
    "errors": ("RegtutorError",),
    "exchange": ("Exchange", "Transcript"),
    "findings": ("explain",),
    "formats": ("curl", "export", "load", "save"),
    "message": ("Location", "Request"),
    "protocol.challenges": ("challenges",),
    "steps": (
        "cancel_upload",
        "check_api",
        "delete_blob",
        "delete_manifest",
        "draft",
        "get_blob",
        "get_manifest",
        "get_referrers",
        "get_upload",
        "head_blob",
        "head_manifest",
        "head_upload",
        "list_repositories",
        "list_tags",
        "mount_blob",
        "patch_upload",
        "post_blob",
        "put_blob",
        "put_manifest",
        "request_token",
        "start_upload",
    ),
    "tables": (
        "bytes_table",
        "diff_table",
        "findings_table",
        "headers_table",
        "layers_table",
        "summary_table",
        "whole",
    ),
    "walks": ("run",),
    "walks.copying": ("copy_image",),
    "walks.deleting": ("delete_image",),
    "walks.inspecting": ("inspect_image",),
    "walks.logging_in": ("login",),
    "walks.pulling": ("pull_image",),
    "walks.pushing": ("push_image",),
    "walks.referring": ("list_referrers",),
    "walks.uploading": ("resume_upload", "upload_chunks"),
    "widgets.digests.digest_graph": ("DigestGraph",),
    "widgets.exchange.exchange_view": ("ExchangeView",),
    "widgets.recorded": ("record",),
    "widgets.stepper.push_stepper": ("PushStepper",),
    "widgets.storage.registry_tree": ("RegistryTree",),
    "widgets.sequence.sequence_view": ("SequenceView",),
    "widgets.transcript.transcript_view": ("TranscriptView",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    try:
        module = importlib.import_module(f"{__name__}.{_HOME_OF[name]}")
    except OSError as error:  # such as EMFILE
        raise _cannot_load(name, error) from error
    value = getattr(module, name)
    globals()[name] = value
    return value


def _cannot_load(name: str, error: OSError) -> Exception:
    """The error for a name whose module cannot be read, if the module of errors can."""
    errors = sys.modules.get(f"{__name__}.errors")
    if errors is None:
        return error
    why = error.strerror or str(error)
    next = "If too many files are open, close registries and files, or raise the limit (ulimit -n)"
    named: Exception = errors.RegtutorError(f"rt.{name} cannot be loaded", why, next)
    return named


def __dir__() -> list[str]:
    own = {name for name, value in globals().items() if name.startswith("__") or _is_submodule(value)}
    return sorted({*own, *__all__})


def _is_submodule(value: object) -> bool:
    from types import ModuleType

    return isinstance(value, ModuleType) and value.__name__.startswith(f"{__name__}.")


if "IPython" in sys.modules:
    from regtutor import display as _display

    _display.register()
