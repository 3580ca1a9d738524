"""Compare the responses of several registries, and find out the capabilities of one registry.

``comparing.py`` sends one request or one walk to each registry; ``capabilities/`` tests what one registry supports. All
requests come from the steps.
"""
