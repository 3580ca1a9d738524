"""How a request goes over the wire: the registry as a client sees it, and the recorder that keeps what was sent."""
