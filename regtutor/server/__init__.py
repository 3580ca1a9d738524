"""The embedded registry: small and readable, but a real registry.

``app`` is the registry without sockets. ``storage.store`` keeps its content, ``storage.sessions`` its unfinished
uploads, and ``shell.listen`` puts it on a socket. ``handlers`` has a file for each file of ``regtutor.steps``, with
functions of the same names in the same order: a step sends a request, and the handler of the same name responds to it.
``receiving`` explains how a handler receives a request body.
"""
