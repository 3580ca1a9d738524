"""Step through a walk one request at a time: choose a walk, edit a request, predict the response, look back.

``machine.py`` drives a walk and keeps a state after each request; ``choices.py`` lists the walks, and
``fresh_repository.py`` finds a repository to start in; ``editing.py`` changes a request on purpose; ``predicting.py``
scores predictions of a response; ``experiments.py`` lists requests to try at the end of a walk. This package does not
depend on widgets: a terminal could show it as well.
"""

from regtutor.stepping.machine import NEW, RUN_LIMIT, SAME, Stepping
from regtutor.stepping.states import Change, State, changes

__all__ = ["NEW", "RUN_LIMIT", "SAME", "Change", "State", "Stepping", "changes"]
