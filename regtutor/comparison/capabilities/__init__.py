"""The capabilities of a registry: a table of small functions; the requests of each prove its verdict.

``capability.py`` has the table's form; ``pulling.py``, ``lists.py``, ``uploads.py``, ``manifests.py`` and
``deletes.py`` have its rows; ``probing.py`` goes through them and makes the card.
"""
