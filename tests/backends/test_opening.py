"""Which registry ``open_registry`` takes, what it says about it, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from regtutor.backends.opening import AUTO_SECONDS, BACKENDS, open_registry
from regtutor.errors import BackendMissing, UnknownBackend, UnknownOption
from tests.backends.watching import status

pytestmark = pytest.mark.usefixtures("temporary")


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty PATH, to put into it what a test finds there."""
    directory = tmp_path / "path"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    for name in ("REGTUTOR_REGISTRY", "REGTUTOR_ENGINE", "REGTUTOR_BINARY", "REGTUTOR_IMAGE"):
        monkeypatch.delenv(name, raising=False)
    return directory


@pytest.fixture
def on_path(path: Path, podman: str, registry_binary: str) -> None:
    """An engine and a registry binary; the engine's images are those that a test built."""
    (path / "podman").symlink_to(podman)
    (path / "docker-registry").symlink_to(registry_binary)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines have time to respond on a machine that runs many tests."""
    monkeypatch.setattr("regtutor.backends.opening.AUTO_SECONDS", 30.0)
    monkeypatch.setattr("regtutor.backends.asking._said", {})


def test_with_nothing_installed_it_is_embedded_and_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    with open_registry() as reg:
        assert reg.name == "embedded"
    assert capsys.readouterr().out == f"Registry: embedded at {reg.url}\n"
    assert "docker is not installed; podman is not installed" in reg.why
    assert "not native: No registry binary was found" in reg.why
    assert reg.with_auth("alice", "secret").why == reg.why


def test_engines_that_do_not_respond_are_asked_at_the_same_time_and_once(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regtutor.backends.asking._said", {})
    asked = path.parent / "asked"
    for name in ("docker", "podman"):
        (path / name).write_text(f"#!/bin/sh\necho {name} >> '{asked}'\nexec /bin/sleep 60\n")
        (path / name).chmod(0o755)
    began = time.monotonic()
    with open_registry(quiet=True) as first:
        assert time.monotonic() - began < 2 * AUTO_SECONDS + 1.0
    with open_registry(quiet=True) as second:
        assert first.why == second.why
    assert (
        "docker does not respond (no response within 0.5 s); podman does not respond (no response within 0.5 s)"
        in first.why
    )
    assert sorted(asked.read_text().split()) == ["docker", "podman"]


def test_an_engine_that_is_named_is_asked_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regtutor.backends.asking._said", {})
    docker = path / "docker"
    docker.write_text("#!/bin/sh\necho no daemon; exit 1\n")
    docker.chmod(0o755)
    open_registry(quiet=True).close()
    docker.write_text("#!/bin/sh\necho still starting; exit 1\n")
    with pytest.raises(BackendMissing, match="still starting"):
        open_registry("container", engine="docker")


@pytest.mark.registry
def test_the_native_binary_comes_before_embedded(path: Path, registry_binary: str) -> None:
    (path / "docker-registry").symlink_to(registry_binary)
    with open_registry() as reg:
        assert reg.name == "native"
    assert "it is CNCF Distribution 2." in reg.why


@pytest.mark.container
@pytest.mark.usefixtures("on_path", "patient")
def test_the_container_comes_first_if_its_image_is_present(image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regtutor.backends.container_image.PRESENT", (image,))
    with open_registry() as reg:
        assert (reg.name, status(reg.url)) == ("container", 200)
    assert f"it is {image} in podman" in reg.why


@pytest.mark.container
@pytest.mark.usefixtures("on_path", "patient")
def test_an_engine_without_an_image_is_passed_over_and_nothing_is_downloaded() -> None:
    with open_registry() as reg:
        assert reg.name == "native"
    assert "not container: No registry image is available" in reg.why


@pytest.mark.container
@pytest.mark.usefixtures("on_path", "patient")
def test_a_container_that_does_not_start_is_passed_over_with_its_reason(
    image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regtutor.backends.container_image.PRESENT", (image,))
    monkeypatch.setattr("regtutor.backends.container.CONFIG_INSIDE", "/nowhere:/there")
    with open_registry() as reg:
        assert reg.name == "native"
    assert "did not start (The engine reports: " in reg.why


@pytest.mark.registry
@pytest.mark.usefixtures("on_path")
def test_an_option_leaves_only_the_registries_that_have_it(tmp_path: Path) -> None:
    with open_registry(port=0, root=tmp_path / "storage") as reg:
        assert reg.name == "embedded"


def test_the_environment_names_a_back_end_for_auto_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGTUTOR_REGISTRY", "in_process")
    with open_registry() as reg:
        assert reg.name == "in_process"
    assert reg.why.startswith("$REGTUTOR_REGISTRY is set")
    with open_registry("embedded") as reg:
        assert reg.name == "embedded"


@pytest.mark.registry
def test_the_environment_names_the_binary_of_the_native_registry(
    path: Path, registry_binary: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = path.parent / "built-here"
    elsewhere.symlink_to(registry_binary)
    monkeypatch.setenv("REGTUTOR_BINARY", str(elsewhere))
    with open_registry(quiet=True) as reg:
        assert reg.name == "native" and reg.why.endswith(f", {elsewhere}.")


@pytest.mark.container
@pytest.mark.usefixtures("on_path", "patient")
def test_the_environment_names_the_image_of_the_container(image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGTUTOR_IMAGE", image)
    with open_registry(quiet=True) as reg:
        assert reg.name == "container" and f"it is {image} in podman" in reg.why


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
