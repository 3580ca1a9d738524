"""Walks that one steps through: what there is to choose, to change and to predict, and a state after each request.

``machine.py`` drives a walk and keeps the states; ``choices.py`` names the walks, ``editing.py`` breaks a request on
purpose, ``predicting.py`` asks what will be answered. Nothing here knows widgets: a terminal could show it as well.
"""

from regtutor.stepping.machine import NEW, RUN_LIMIT, SAME, Stepping
from regtutor.stepping.states import Change, State, changes

__all__ = ["NEW", "RUN_LIMIT", "SAME", "Change", "State", "Stepping", "changes"]
