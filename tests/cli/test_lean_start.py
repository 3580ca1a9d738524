"""What the command line imports: only the module of its command, and ``serve`` only what its first response needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

FIRST_RESPONSE = """
import json, socket, sys
from regtutor.cli import main, serving

def on_line(line):
    if line.startswith("Registry at"):
        port = int(line.partition(";")[0].rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), 30) as connection:
            connection.sendall(b"GET /v2/ HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n")
            answer = connection.makefile("rb").readline().decode()
        print(json.dumps([answer, sorted(sys.modules)]))
        raise KeyboardInterrupt

serving.tell = on_line
main(["serve", "--port", "0", "--root", sys.argv[1]])
"""

NOT_BEFORE_THE_FIRST_RESPONSE = (
    "regtutor.exchange",
    "regtutor.recorded_message",
    "regtutor.findings",
    "regtutor.tables",
    "regtutor.client.wire.transport",
    "regtutor.client.wire.head",
    "regtutor.server.quirks",
    "regtutor.server.token.policy",
    "regtutor.server.shell.authentication",
    "regtutor.backends.certificate",
    "regtutor.cli.images",
    "regtutor.cli.steps",
    "pandas",
    "requests",
    "urllib3",
    "bcrypt",
    "tomllib",
    "sqlite3",
)


def modules_after(program: str, *arguments: str) -> tuple[str, set[str]]:
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    answer, modules = json.loads(done.stdout.splitlines()[0])
    return answer, set(modules)


def test_the_first_response_of_serve_needs_few_modules(tmp_path: Path) -> None:
    answer, modules = modules_after(FIRST_RESPONSE, str(tmp_path))
    assert answer.startswith("HTTP/1.1 200")
    assert not modules & set(NOT_BEFORE_THE_FIRST_RESPONSE)
    assert sys.platform == "win32" or "filelock" not in modules
    assert len([name for name in modules if name.split(".")[0] == "regtutor"]) <= 95


@pytest.mark.parametrize(("command", "module"), [("serve", "serving"), ("push", "images"), ("gc", "maintenance")])
def test_a_command_imports_no_module_of_another_command(command: str, module: str) -> None:
    program = (
        "import json, sys\nfrom regtutor.cli import main\n"
        f"main.commands[{command!r}]\nprint(json.dumps(['', sorted(sys.modules)]))"
    )
    _, modules = modules_after(program)
    shared = {"invocation", "loading", "options", "output"}
    loaded = {name.removeprefix("regtutor.cli.") for name in modules if name.startswith("regtutor.cli.")}
    assert loaded <= {module, *shared}
