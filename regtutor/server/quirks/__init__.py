"""What other registries do in another way, one switch each: the handlers know nothing of it.

``paths``, ``uploads``, ``blobs``, ``manifests`` and ``lists`` have the switches, by what they are about; ``table`` has
them all in their order, and the profiles, such as ``distribution-2.8``. ``quirk`` says how a switch is defined, and
``wrapping`` what it is made of.
"""
