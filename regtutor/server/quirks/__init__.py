"""What other registries do in another way, one switch each: the handlers know nothing of it.

``table`` has the switches and the profiles, such as ``distribution-2.8``; ``wrapping`` says what a switch is made of.
``paths``, ``uploads``, ``blobs``, ``manifests`` and ``lists`` have the wrappers, by what they are about.
"""
