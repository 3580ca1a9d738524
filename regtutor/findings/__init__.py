"""Explain each line of a recorded exchange with its own values, and diagnose problems.

``explaining.py`` goes through a message line by line. ``request_headers.py``, ``response_headers.py`` and ``bodies.py``
have the meanings of the lines. The files of ``traps/`` (by theme) detect problems, and ``cause.py`` chooses
the one that explains a failure. This package reads records only: it sends no request and reads no file.
"""

from regtutor.findings.explaining import explain
from regtutor.findings.explanation import Explanation
from regtutor.findings.finding import Finding, Findings

__all__ = ["Explanation", "Finding", "Findings", "explain"]
