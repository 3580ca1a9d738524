"""Widgets: thin views of records, driven by clicks. Importing this package imports ipywidgets."""

from regtutor.widgets.digests.digest_graph import DigestGraph
from regtutor.widgets.exchange.exchange_view import ExchangeView
from regtutor.widgets.sequence.sequence_view import SequenceView
from regtutor.widgets.stepper.push_stepper import PushStepper
from regtutor.widgets.storage.registry_tree import RegistryTree
from regtutor.widgets.transcript.transcript_view import TranscriptView

__all__ = ["DigestGraph", "ExchangeView", "PushStepper", "RegistryTree", "SequenceView", "TranscriptView"]
