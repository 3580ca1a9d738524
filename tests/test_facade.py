"""What ``import regtutor as rt`` gives, and what it does not load."""

from __future__ import annotations

import inspect
import json
import pkgutil
import subprocess
import sys

import pytest

import regtutor

FACADE = [
    "DigestGraph",
    "Exchange",
    "ExchangeView",
    "Image",
    "Index",
    "Layer",
    "Location",
    "PushStepper",
    "Registry",
    "RegistryTree",
    "RegtutorError",
    "Request",
    "SequenceView",
    "Transcript",
    "TranscriptView",
    "bytes_table",
    "cancel_upload",
    "challenges",
    "check_api",
    "collect_garbage",
    "compare",
    "compare_walk",
    "connect",
    "copy_image",
    "curl",
    "delete_blob",
    "delete_image",
    "delete_manifest",
    "diff_table",
    "draft",
    "explain",
    "export",
    "findings_table",
    "fsck",
    "get_blob",
    "get_manifest",
    "get_referrers",
    "get_upload",
    "head_blob",
    "head_manifest",
    "head_upload",
    "headers_table",
    "inspect_image",
    "layers_table",
    "list_referrers",
    "list_repositories",
    "list_tags",
    "load",
    "load_image",
    "load_index",
    "login",
    "mount_blob",
    "open_registry",
    "patch_upload",
    "post_blob",
    "probe",
    "pull_image",
    "push_image",
    "put_blob",
    "put_manifest",
    "record",
    "request_token",
    "resume_upload",
    "run",
    "sample_image",
    "sample_index",
    "sample_layer",
    "save",
    "start_upload",
    "summary_table",
    "upload_chunks",
    "whole",
    "with_token",
]

HEAVY = {"pandas", "ipywidgets", "anywidget", "tornado", "jupyterlab", "IPython", "numpy", "tqdm", "rich"}


def loaded_after(code: str) -> set[str]:
    """The modules that a fresh Python has loaded after ``code``."""
    program = f"{code}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_the_facade_is_what_is_written_here() -> None:
    assert regtutor.__all__ == FACADE


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_after("import regtutor") & HEAVY == set()


def test_importing_the_package_loads_no_part_of_it_but_itself() -> None:
    assert {name for name in loaded_after("import regtutor") if name.startswith("regtutor")} == {"regtutor"}


def test_the_steps_an_image_and_a_registry_in_this_process_need_neither_tables_nor_widgets_nor_tornado() -> None:
    code = (
        "import regtutor as rt\n"
        "with rt.open_registry('in_process', quiet=True) as reg:\n"
        "    rt.push_image(reg, rt.sample_image(), 'library/hello', 'v1')"
    )
    assert loaded_after(code) & {"pandas", "ipywidgets", "anywidget", "tornado", "jupyterlab"} == set()


def test_no_name_of_the_facade_is_also_a_module() -> None:
    modules = {module.name for module in pkgutil.iter_modules(regtutor.__path__)}
    assert modules & set(FACADE) == set()


@pytest.mark.parametrize("name", FACADE)
def test_each_name_is_there_and_explains_itself(name: str) -> None:
    value = getattr(regtutor, name)
    assert (inspect.getdoc(value) or "").strip()
    assert name in dir(regtutor)


def test_the_checker_s_imports_name_the_same_things_as_the_lazy_ones() -> None:
    source = inspect.getsource(regtutor)
    block = source.partition("if TYPE_CHECKING:\n")[2].partition("\n\n")[0]
    assert sorted(line.split()[-1] for line in block.splitlines()) == FACADE


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'push_everything'"):
        _ = regtutor.push_everything


def test_completion_offers_the_facade_and_nothing_of_the_module_itself() -> None:
    offered = set(dir(regtutor))
    assert set(regtutor.__all__) <= offered
    assert offered.isdisjoint({"Any", "importlib", "sys", "TYPE_CHECKING", "annotations", "ModuleType"})
    assert not [name for name in offered if name.startswith("_") and not name.startswith("__")]


def test_a_table_of_findings_takes_an_exchange() -> None:
    with regtutor.open_registry("in_process", quiet=True) as reg:
        exchange = regtutor.check_api(reg)
    assert regtutor.findings_table(exchange).equals(regtutor.findings_table(regtutor.explain(exchange)))
