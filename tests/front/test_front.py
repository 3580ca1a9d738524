"""The browser's side of the widgets, held without a browser: syntax, types, and what may not be in it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from regtutor.widgets import view

HERE = Path(__file__).parent
FRONT = HERE.parents[1] / "regtutor" / "widgets" / "front"
SCRIPTS = sorted(path.name for path in FRONT.glob("*.js"))
ENTRIES = [name for name in SCRIPTS if "export default" in (FRONT / name).read_text("utf-8")]
STYLES = sorted(path.name for path in FRONT.glob("*.css"))

LARGEST = 60_000
"""Bytes of one view's joined script: every widget instance carries it to the browser."""

FORBIDDEN = {
    "data that becomes markup": r"\b(innerHTML|outerHTML|insertAdjacentHTML|srcdoc|setHTMLUnsafe|DOMParser)\b",
    "text that becomes code": r"\beval\b|\bnew\s+Function\b|\bsetTimeout\(\s*[\"'`]|\bimport\s*\(",
    "a page that is written anew": r"\bdocument\.write",
    "an address": r"(?:https?:)?//(?=[\w-]+\.)(?!www\.w3\.org/2000/svg[\"'`])|@import|\burl\((?!#)",
    "a request": r"\b(fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon)\b(?=\s*\()",
}
"""What no file of the browser's side may hold, its comments aside."""

COMMENT = re.compile(r"/\*.*?\*/|^\s*//.*$", re.DOTALL | re.MULTILINE)


def module_faults(text: str, node: str, work: Path) -> str:
    """What ``node`` says of the syntax of a module; empty if nothing."""
    module = work / "checked.mjs"
    module.write_text(text, "utf-8")
    return subprocess.run([node, "--check", module], capture_output=True, text=True, timeout=30).stderr


@pytest.fixture(scope="session")
def node(require_program: Callable[[str, str], str]) -> str:
    return require_program("node", "nodejs")


@pytest.fixture(scope="session")
def type_faults(node: str, node_package: Callable[[str], Path]) -> Callable[[Path], str]:
    """Check the types of a project; what was found, as text."""
    compiler = node_package("typescript") / "lib" / "tsc.js"
    node_package("@anywidget/types")

    def check(project: Path) -> str:
        ran = subprocess.run([node, compiler, "--project", project], capture_output=True, text=True, timeout=120)
        assert (ran.returncode == 0) == (ran.stdout == ""), ran.stderr
        return ran.stdout

    return check


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_file_is_a_module_that_node_can_read(name: str, node: str, tmp_path: Path) -> None:
    assert module_faults((FRONT / name).read_text("utf-8"), node, tmp_path) == ""


@pytest.mark.parametrize("name", ENTRIES)
def test_the_joined_text_is_one_module_that_imports_nothing(name: str, node: str, tmp_path: Path) -> None:
    joined = view.script(name)
    assert module_faults(joined, node, tmp_path) == ""
    assert re.findall(r"^(?:import|export).*$", joined, re.MULTILINE) == re.findall(
        r"^export.*$", (FRONT / name).read_text("utf-8"), re.MULTILINE
    )
    assert joined.count("export default") == 1
    assert len(joined.encode()) < LARGEST


@pytest.mark.parametrize("name", SCRIPTS)
def test_names_are_imported_as_they_are_called_because_joining_renames_nothing(name: str) -> None:
    imported = re.findall(r"^import\b[^;]*;$", (FRONT / name).read_text("utf-8"), re.MULTILINE)
    assert [line for line in imported if re.search(r"\bas\b", line) or 'from "./' not in line] == []


def test_a_text_that_is_no_module_is_found(node: str, tmp_path: Path) -> None:
    twice = "const SVG = 1;\nconst SVG = 2;\nexport default {};\n"
    assert "SyntaxError" in module_faults(twice, node, tmp_path)


def test_the_types_fit(type_faults: Callable[[Path], str]) -> None:
    assert type_faults(HERE) == ""


MISSPELT = """
/** @typedef {{ index: number }} Traits */
/** @param {import("@anywidget/types").RenderProps<Traits>} props */
function render({ model, el }) {
  el.textContent = String(model.get("indx"));
}
export default { render };
"""


def test_a_misspelt_trait_is_found(type_faults: Callable[[Path], str], tmp_path: Path) -> None:
    (tmp_path / "view.js").write_text(MISSPELT)
    project = {"extends": str(HERE / "tsconfig.json"), "include": ["*.js"]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(project))
    faults = type_faults(tmp_path).splitlines()
    assert len(faults) == 1
    assert "view.js(5,37): error TS2345" in faults[0]


def forbidden(text: str) -> list[str]:
    """The kinds of forbidden things in a script or style sheet."""
    bare = COMMENT.sub("", text)
    return [kind for kind, pattern in FORBIDDEN.items() if re.search(pattern, bare)]


@pytest.mark.parametrize("name", [*SCRIPTS, *STYLES])
def test_nothing_makes_markup_or_code_of_data_and_nothing_is_fetched(name: str) -> None:
    assert forbidden((FRONT / name).read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("body.innerHTML = text;", "data that becomes markup"),
        ("eval(text);", "text that becomes code"),
        ('setTimeout("close()", 1);', "text that becomes code"),
        ("import(address);", "text that becomes code"),
        ("document.write(text);", "a page that is written anew"),
        ('const A = "https://esm.sh/x";', "an address"),
        ('const A = "//cdn.example.com/x.js";', "an address"),
        ("a { background: url(picture.png); }", "an address"),
        ('fetch("/api");', "a request"),
    ],
)
def test_what_is_forbidden_is_found(text: str, kind: str) -> None:
    assert forbidden(text) == [kind]


def test_the_name_of_svg_is_an_address_that_may_stand() -> None:
    assert forbidden('const SVG = "http://www.w3.org/2000/svg"; // drawn') == []


def test_the_lock_names_the_packages_and_no_host() -> None:
    package = json.loads((HERE / "package.json").read_text())
    lock = json.loads((HERE / "package-lock.json").read_text())
    locked = {path.removeprefix("node_modules/"): entry for path, entry in lock["packages"].items() if path}
    assert {name: entry["version"] for name, entry in locked.items()} == package["devDependencies"]
    assert [name for name, entry in locked.items() if "resolved" in entry or "integrity" not in entry] == []


def test_every_package_has_its_sentence_of_reason() -> None:
    package = json.loads((HERE / "package.json").read_text())
    reasons = (HERE.parents[1] / "docs/decisions/002-dependencies.md").read_text()
    rows = re.findall(r"^\| `(.+)` \| .+\. \|$", reasons, re.MULTILINE)
    assert sorted(rows) == sorted(package["devDependencies"])
