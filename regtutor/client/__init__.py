"""The client: registries, and the transport that sends requests and records what went over the wire."""
