"""``python -m regtutor``: the command line, for when the ``regtutor`` script is not on PATH."""

from regtutor.cli import main

main(prog_name="regtutor")
