"""The transport over a socket, which records everything that it sends and receives.

``transport`` sends a request and returns the record. ``connection`` opens and pools connections, ``sending`` exchanges
the messages of one request over a connection, and ``tap`` wraps the socket. ``head``, ``request_body`` and
``response_body`` write and read the parts of the messages, and ``failures`` describes failures in sentences.
"""
