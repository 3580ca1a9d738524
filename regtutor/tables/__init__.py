"""Exchanges as tables: one pandas.DataFrame for each question about what went over the wire.

Every function returns a plain DataFrame with the columns and dtypes that its docstring lists, even if it has no rows.
Text is ``string``, a number that can be missing is ``Int64``, and a missing value is ``<NA>``; an empty string means
that an empty string was sent. Unprintable characters are escapes such as ``\\x1b``, because pandas prints text as is.
The data is complete; pandas *displays* at most 50 characters of a cell, and :func:`whole` displays all of them.

Only this package imports pandas, and only when a table is made. It does not depend on how records are made.
"""

from regtutor.tables.comparisons import capabilities_table, comparison_table, registries_table
from regtutor.tables.differences import diff_table
from regtutor.tables.findings import findings_table
from regtutor.tables.headers import headers_table
from regtutor.tables.summaries import bytes_table, layers_table, summary_table
from regtutor.tables.whole import Whole, is_ours, whole

__all__ = [
    "Whole",
    "bytes_table",
    "capabilities_table",
    "comparison_table",
    "diff_table",
    "findings_table",
    "headers_table",
    "is_ours",
    "layers_table",
    "registries_table",
    "summary_table",
    "whole",
]
