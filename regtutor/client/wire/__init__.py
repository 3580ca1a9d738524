"""How one request travels over a socket, and how every byte of it is recorded.

``transport`` sends a request over a connection; ``sending`` is that request on its way, ``tap`` the socket that it goes
through, ``head``, ``request_body`` and ``response_body`` the parts of its messages, ``failures`` what can go wrong.
"""
