"""The graph of a tag: its index, manifests, configs and layers, and who refers to whom."""
