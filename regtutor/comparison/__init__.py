"""Several registries, one request: what differs, what the specification allows, and what a registry can do.

``comparing.py`` sends one request or one walk to each registry; ``capabilities/`` asks one registry what it can do. The
requests are those of the steps, here as everywhere.
"""
