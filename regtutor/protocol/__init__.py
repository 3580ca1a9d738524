"""The registry protocol as data and pure functions, without input or output.

``endpoints`` is the table of endpoints. Every other part of regtutor looks up a request there by its name.
"""
