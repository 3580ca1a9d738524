"""The graph of a tag: its index, manifests, configs and layers, and their references to each other."""
