"""Which registry ``open_registry`` takes, what it says about it, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from regtutor.backends.opening import BACKENDS, open_registry
from regtutor.errors import UnknownBackend, UnknownOption
from tests.backends.watching import status

pytestmark = pytest.mark.usefixtures("temporary")


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty PATH, to put into it what a test finds there."""
    directory = tmp_path / "path"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.delenv("REGTUTOR_REGISTRY", raising=False)
    monkeypatch.delenv("REGTUTOR_ENGINE", raising=False)
    return directory


@pytest.fixture
def on_path(path: Path, podman: str, registry_binary: str) -> None:
    """An engine and a registry binary; the engine's images are those that a test built."""
    (path / "podman").symlink_to(podman)
    (path / "docker-registry").symlink_to(registry_binary)


def test_with_nothing_installed_it_is_embedded_and_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    with open_registry() as reg:
        assert reg.name == "embedded"
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert said.startswith(f"Registry: embedded at {reg.url}")
    assert "docker is not installed; podman is not installed" in said
    assert "not native: No registry binary was found" in said


@pytest.mark.registry
def test_the_native_binary_comes_before_embedded(
    path: Path, registry_binary: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (path / "docker-registry").symlink_to(registry_binary)
    with open_registry() as reg:
        assert reg.name == "native"
    assert "CNCF Distribution 2." in capsys.readouterr().out


@pytest.mark.container
@pytest.mark.usefixtures("on_path")
def test_the_container_comes_first_if_its_image_is_present(
    image: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("regtutor.backends.container_image.PRESENT", (image,))
    with open_registry() as reg:
        assert (reg.name, status(reg.url)) == ("container", 200)
    assert f"({image} in podman)" in capsys.readouterr().out


@pytest.mark.container
@pytest.mark.usefixtures("on_path")
def test_an_engine_without_an_image_is_passed_over_and_nothing_is_downloaded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with open_registry() as reg:
        assert reg.name == "native"
    assert "not container: No registry image is available" in capsys.readouterr().out


@pytest.mark.container
@pytest.mark.usefixtures("on_path")
def test_a_container_that_does_not_start_is_passed_over_with_its_reason(
    image: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("regtutor.backends.container_image.PRESENT", (image,))
    monkeypatch.setattr("regtutor.backends.container.CONFIG_INSIDE", "/nowhere:/there")
    with open_registry() as reg:
        assert reg.name == "native"
    assert "did not start (The engine says: " in capsys.readouterr().out


@pytest.mark.registry
@pytest.mark.usefixtures("on_path")
def test_an_option_leaves_only_the_registries_that_have_it(tmp_path: Path) -> None:
    with open_registry(port=0, root=tmp_path / "storage") as reg:
        assert reg.name == "embedded"


def test_the_environment_names_a_back_end_for_auto_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REGTUTOR_REGISTRY", "in_process")
    with open_registry() as reg:
        assert reg.name == "in_process"
    assert "Why: $REGTUTOR_REGISTRY is set." in capsys.readouterr().out
    with open_registry("embedded") as reg:
        assert reg.name == "embedded"


def test_the_environment_may_hold_a_url(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_registry("embedded", quiet=True) as running:
        monkeypatch.setenv("REGTUTOR_REGISTRY", running.url)
        with open_registry(quiet=True) as reg:
            assert (reg.url, reg.host) == (running.url, None)
        assert status(running.url) == 200


@pytest.mark.parametrize("which", ["http://registry.example:5000", "localhost:5000"])
def test_a_url_is_connected_to_with_its_own_options(which: str) -> None:
    with open_registry(which, quiet=True, username="alice", password="secret") as reg:
        assert reg.url.startswith("http://") and reg.credentials is not None


def test_quiet_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    open_registry("in_process", quiet=True).close()
    assert capsys.readouterr().out == ""


def test_a_password_in_a_url_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    open_registry("http://alice:secret@127.0.0.1:5000").close()
    assert "secret" not in capsys.readouterr().out


def test_an_unknown_name_lists_those_that_there_are() -> None:
    with pytest.raises(UnknownBackend, match=r"'harbor'.*auto, container, native, embedded, in_process, or a URL"):
        open_registry("harbor")


@pytest.mark.parametrize("which", ["auto", *BACKENDS, "http://127.0.0.1:5000"])
def test_an_unknown_option_is_named_with_those_that_there_are(which: str) -> None:
    with pytest.raises(UnknownOption, match=r"has no option colour=.*Its options are \w+="):
        open_registry(which, colour="red")
    with pytest.raises(TypeError):
        open_registry(which, colour="red")


@pytest.mark.parametrize("which", ["http://u:s3cret@127.0.0.1:5000", "u:s3cret@127.0.0.1:5000"])
def test_an_unknown_option_of_a_url_shows_no_password(which: str) -> None:
    with pytest.raises(UnknownOption, match=r"127\.0\.0\.1:5000 has no option root=") as caught:
        open_registry(which, root=1)
    assert "s3cret" not in repr(caught.value) + str(caught.value)


def test_loading_it_loads_no_server() -> None:
    script = (
        "import sys, regtutor.backends.opening, regtutor.backends.local_host, regtutor.backends.in_process\n"
        "print([name for name in ('tornado', 'pandas', 'ipywidgets') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "")
