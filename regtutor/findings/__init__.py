"""What each line of an exchange means here, with its own values, and what went wrong: for a reader, from records only.

``explaining.py`` walks through a message line by line, ``request_headers.py``, ``response_headers.py`` and
``bodies.py`` say what a line means, and ``mismatches.py`` and ``traps/`` (by theme) know what goes wrong.
Nothing here asks a registry or reads a file.
"""

from regtutor.findings.explaining import explain
from regtutor.findings.finding import Finding, Findings

__all__ = ["Finding", "Findings", "explain"]
