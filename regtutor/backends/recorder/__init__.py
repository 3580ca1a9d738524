"""A recording reverse proxy: what another program sends to a registry, relayed byte for byte and kept as exchanges."""
