"""What the protocol says: data and pure functions, no input or output.

Everything here can be read without knowing how a byte travels. ``endpoints`` is the table of documented requests; every
other part of regtutor finds a request there by its name.
"""
