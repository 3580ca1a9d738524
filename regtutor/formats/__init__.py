"""Conversions of exchanges and transcripts to and from other formats: a command line, a file, HTML.

Records only render themselves as text; every other conversion is a function in this package. Nothing here sends a
request.
"""

from regtutor.formats.curl.command import curl
from regtutor.formats.exporting import export
from regtutor.formats.transcript_file import load, save

__all__ = ["curl", "export", "load", "save"]
