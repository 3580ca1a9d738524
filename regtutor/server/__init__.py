"""The embedded registry: small, readable, and a real registry.

``app`` is the registry without sockets, ``store`` keeps its content, ``sessions`` what is being uploaded, ``listen``
puts it on a socket. ``handlers`` has a file for each file of ``regtutor.steps``, with functions of the same names in
the same order: a step is one end of a request, the handler of that name is the other. ``receiving`` says how a handler
receives a body.
"""
