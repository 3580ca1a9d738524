"""Quirks: optional deviations from the specification, as other registries have them, with one switch each.

``paths``, ``uploads``, ``blobs``, ``manifests`` and ``lists`` define the quirks by topic. ``table`` has all of them in
order, and the profiles, such as ``distribution-2.8``. ``quirk`` has the decorator that defines a quirk, ``wrapping``
the parts from which its wrapper is made. The handlers do not depend on any of this.
"""
