"""``regtutor`` and ``python -m regtutor``: the command line, from the start of the process to its end."""

import gc

from regtutor.ctrl_c import end_at_once

_COLLECTED_AFTER = 10_000


def main() -> None:
    """Run the command line, and end the process."""
    end_at_once()
    gc.set_threshold(_COLLECTED_AFTER)  # loading modules makes many objects, and none of them is garbage
    from regtutor.cli import main as command

    try:
        command(prog_name="regtutor")
    finally:
        gc.freeze()  # at its end, Python need not look for garbage among the objects of all modules


if __name__ == "__main__":
    main()
