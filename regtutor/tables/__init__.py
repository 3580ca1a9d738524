"""Exchanges as tables: what went over the wire, one pandas.DataFrame for each question that one asks of it.

Every function gives a plain DataFrame with the columns and dtypes that its docstring names, also when there is nothing
to show. Text is ``string``, a number that can be missing is ``Int64``, and what is missing is ``<NA>``: an empty text
means that an empty text was sent. The data is whole; pandas shortens what it *shows* to 50 characters, and
:func:`whole` shows all of it.

Only this package imports pandas, and it does so when a table is made. It knows nothing of how records come to be.
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
