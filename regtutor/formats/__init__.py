"""What exchanges and transcripts can be turned into, and read back from: a command line, a file, HTML.

Records know only their own text; everything else that they can become is a function here. Nothing here sends anything.
"""

from regtutor.formats.curl.command import curl
from regtutor.formats.exporting import export
from regtutor.formats.transcript_file import load, save

__all__ = ["curl", "export", "load", "save"]
