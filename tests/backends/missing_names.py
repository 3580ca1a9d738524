"""Takes from an interpreter what only POSIX systems have, before anything of regtutor is imported.

Windows has none of it, and a browser's kernel has empty modules. The standard library and psutil are built for each
system and know what it has, so subprocess and psutil keep the signals; regtutor does not.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import sys
import types
from pathlib import Path

MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "termios", "tty")
NAMES = {
    os: "fork forkpty geteuid getegid getpgid getpgrp getuid killpg mkfifo register_at_fork setpgid setsid"
    " O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_NONBLOCK",
    select: "poll POLLIN POLLOUT POLLERR POLLHUP POLLNVAL POLLPRI",
    signal: "SIGALRM SIGCONT SIGHUP SIGKILL SIGQUIT SIGSTOP SIGTSTP SIGUSR1 SIGUSR2 alarm pthread_sigmask setitimer",
}
REPORT = "REGTUTOR_TEST_REPORT"  # the folder into which each process writes, at its end, what it had


def take_away(fcntl: str) -> None:
    """Take the names away; ``fcntl`` is "empty" (a module without names) or "absent" (it cannot be imported)."""
    _take(select)
    import shutil
    import subprocess

    import psutil  # type: ignore[import-untyped,unused-ignore]

    whole = types.ModuleType("signal")
    vars(whole).update(vars(signal))
    subprocess.signal = psutil.signal = whole  # type: ignore[attr-defined]
    shutil._use_fd_functions = False  # type: ignore[attr-defined]  # as where os has no dir_fd: it needs O_NONBLOCK
    _take(os)
    _take(signal)
    for name in MODULES:
        sys.modules[name] = types.ModuleType(name) if fcntl == "empty" else None  # type: ignore[assignment]
    atexit.register(_report)


def keepers_program(program: str, fcntl: str) -> str:
    """What a keeper runs, in an interpreter without these names."""
    here = str(Path(__file__).parent)
    before = (
        f"import sys; sys.path += [{here!r}, *sys.argv[1:]]; import missing_names; missing_names.take_away({fcntl!r})"
    )
    return f"{before}; {program}"


def _take(module: types.ModuleType) -> None:
    for name in NAMES[module].split():
        vars(module).pop(name, None)


def _report() -> None:
    """At the end, so that nothing has brought a name back in between."""
    present = [
        f"{module.__name__}.{name}" for module in NAMES for name in NAMES[module].split() if hasattr(module, name)
    ]
    present += [name for name in MODULES if hasattr(sys.modules[name], "__file__")]
    loaded = sorted(name for name in sys.modules if name.startswith("regtutor."))
    Path(os.environ[REPORT], f"{os.getpid()}.json").write_text(json.dumps({"present": present, "loaded": loaded}))
