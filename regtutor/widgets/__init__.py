"""Widgets: thin views of records, driven by clicks. Importing this package brings ipywidgets along."""

from regtutor.widgets.digest_graph import DigestGraph
from regtutor.widgets.exchange_view import ExchangeView
from regtutor.widgets.push_stepper import PushStepper
from regtutor.widgets.registry_tree import RegistryTree
from regtutor.widgets.sequence_view import SequenceView
from regtutor.widgets.transcript_view import TranscriptView

__all__ = ["DigestGraph", "ExchangeView", "PushStepper", "RegistryTree", "SequenceView", "TranscriptView"]
