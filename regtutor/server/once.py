"""An end that only one thread can bring about: the rule for requests and for the writers of upload sessions."""

from __future__ import annotations


class Once:
    """Something that can be taken once: by the first caller, from whichever thread."""

    def __init__(self) -> None:
        # list.pop is atomic, so this needs no lock.
        self._left = [True]

    @property
    def taken(self) -> bool:
        """Whether it has been taken."""
        return not self._left

    def take(self) -> bool:
        """Take it: True for the first call, False for each further one."""
        try:
            return self._left.pop()
        except IndexError:
            return False
