"""``container``: CNCF Distribution in a container, with an image that was built here from Debian's binary."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
import yaml

from regtutor.backends import container, container_image, distribution
from regtutor.backends.container import ContainerHost, open_container
from regtutor.backends.keeper import Keeper
from regtutor.backends.native import open_native
from regtutor.errors import BackendFailed, BackendMissing, UnknownOption
from regtutor.storage_tree import StorageTree
from tests.backends.conftest import IMAGE
from tests.backends.watching import listens, push_blob, status

DATA = b"a layer, for all that a registry knows"


def podman_says(podman: str, *arguments: str) -> str:
    done = subprocess.run([podman, *arguments], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


@pytest.mark.container
class TestRunning:
    def test_it_answers_and_shows_its_log_and_its_storage(self, podman: str, image: str, temporary: Path) -> None:
        with open_container(engine=podman, image=image) as reg:
            assert (reg.name, status(reg.url)) == ("container", 200)
            assert reg.url.startswith("http://127.0.0.1:")
            assert reg.tree() == StorageTree()
            push_blob(reg.url, "library/hello", DATA)
            assert "POST /v2/library/hello/blobs/uploads/" in reg.logs()
            in_container = reg.tree()
        assert not list(temporary.iterdir()) and not listens(reg.url)
        assert podman_says(podman, "ps", "--all", "--quiet") == ""
        assert "POST /v2/library/hello/blobs/uploads/" in reg.logs() and len(reg.tree()) == 0
        with open_native() as reg:
            push_blob(reg.url, "library/hello", DATA)
            assert in_container == reg.tree()

    def test_a_wrong_setting_is_shown_from_the_log(self, podman: str, image: str, temporary: Path) -> None:
        with pytest.raises(BackendFailed) as caught:
            open_container(engine=podman, image=image, settings={"REGISTRY_STORAGE": "nonsense"})
        assert "panic: StorageDriver not registered: nonsense" in str(caught.value)
        assert podman_says(podman, "ps", "--all", "--quiet") == ""
        assert not list(temporary.iterdir())

    def test_the_storage_of_a_container_that_is_gone_is_an_error_that_says_so(self, podman: str, image: str) -> None:
        with open_container(engine=podman, image=image) as reg:
            assert isinstance(reg.host, ContainerHost)
            podman_says(podman, "rm", "--force", reg.host.container)
            with pytest.raises(BackendFailed, match=r"no such container|does not exist"):
                reg.tree()

    def test_the_image_runs_by_hand_too(self, podman: str, image: str) -> None:
        name = podman_says(podman, "run", "--detach", "--rm", "--publish", "127.0.0.1::5000", image).strip()
        try:
            address = podman_says(podman, "port", name, "5000/tcp").strip()
            assert container_answers(address)
        finally:
            podman_says(podman, "rm", "--force", name)


def container_answers(address: str) -> bool:
    from regtutor.backends.readiness import responds, wait_until_ready

    return wait_until_ready(lambda: responds(address), lambda: False)


@pytest.mark.container
class TestImages:
    def test_without_one_it_names_the_two_calls_that_get_one(self, podman: str) -> None:
        with pytest.raises(BackendMissing) as caught:
            open_container(engine=podman)
        assert 'rt.open_registry("container", build=True)' in str(caught.value)
        assert 'rt.open_registry("container", pull=True)' in str(caught.value)

    def test_build_makes_it_from_a_local_binary(self, podman: str, registry_binary: str) -> None:
        name = "localhost/regtutor-test-built:latest"
        with open_container(engine=podman, build=True, image=name, binary=registry_binary) as reg:
            assert status(reg.url) == 200
        assert container_image.present_image(reg.host.engine, name) == name  # type: ignore[union-attr]
        podman_says(podman, "rmi", name)

    def test_a_build_that_fails_shows_what_the_engine_said(
        self, podman: str, registry_binary: str, temporary: Path
    ) -> None:
        with pytest.raises(BackendFailed, match="could not be built") as caught:
            open_container(engine=podman, build=True, image="Not A Name", binary=registry_binary)
        assert "Not A Name" in caught.value.log or "invalid reference" in caught.value.log
        assert not list(temporary.iterdir())

    def test_pull_takes_it_from_a_registry(self, podman: str, image: str) -> None:
        """From a stand-in on loopback, into which the built image was pushed: nothing here reaches Docker Hub."""
        with open_native() as hub:
            reference = f"{hub.url.removeprefix('http://')}/library/registry:2"
            podman_says(podman, "push", "--tls-verify=false", image, reference)
            with open_container(engine=podman, pull=reference) as reg:
                assert status(reg.url) == 200
                assert reg.host.image == reference  # type: ignore[union-attr]
            assert "GET /v2/library/registry/manifests/2" in hub.logs()
            podman_says(podman, "rmi", reference)

    def test_a_version_is_a_tag_of_the_official_image(self, podman: str, image: str) -> None:
        """The image is a stand-in: a local build from Debian's binary under the official name, no download."""
        podman_says(podman, "tag", image, "docker.io/library/registry:2")
        with open_container(engine=podman, version="2") as reg:
            assert status(reg.url) == 200
            assert reg.host.image == "docker.io/library/registry:2"  # type: ignore[union-attr]
        podman_says(podman, "rmi", "docker.io/library/registry:2")

    def test_a_version_that_is_not_there_names_the_call_that_downloads_it(self, podman: str) -> None:
        with pytest.raises(BackendMissing, match=r"registry:3.*version=\"3\", pull=True.*binary="):
            open_container(engine=podman, version="3")

    def test_a_pull_without_a_network_is_one_sentence_within_ten_seconds(
        self, podman: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
        began = time.monotonic()
        with pytest.raises(BackendFailed, match="could not be pulled") as caught:
            open_container(engine=podman, pull="registry.invalid/library/registry:2")
        assert "the name registry.invalid cannot be resolved" in caught.value.why
        assert caught.value.log == ""
        assert time.monotonic() - began < 10.0

    def test_a_pull_that_fails_shows_what_the_engine_said(self, podman: str, temporary: Path) -> None:
        with open_native() as hub:
            reference = f"{hub.url.removeprefix('http://')}/library/absent:2"
            with pytest.raises(BackendFailed, match=r"could not be pulled.*build=True") as caught:
                open_container(engine=podman, pull=reference)
        assert "manifest unknown" in caught.value.log
        assert not list(temporary.iterdir())


@pytest.mark.parametrize(
    "options", [{"version": "2", "image": "x"}, {"version": "latest"}, {"version": "2 --privileged"}]
)
def test_a_version_is_a_number_and_excludes_an_image(options: dict[str, str]) -> None:
    with pytest.raises(UnknownOption, match="version"):
        open_container(**options)  # type: ignore[arg-type]


def test_without_an_engine_it_says_what_each_one_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("REGTUTOR_ENGINE", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackendMissing, match="docker is not installed; podman is not installed"):
        open_container()


def test_an_engine_that_does_not_answer_holds_nobody_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "docker").write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.delenv("REGTUTOR_ENGINE", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackendMissing, match=r"docker does not respond \(no response within 2 s\)"):
        open_container()


def test_an_engine_whose_service_hangs_after_its_first_response_is_an_error_within_ten_seconds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "docker").write_text('#!/bin/sh\ntest "$1" = info || exec /bin/sleep 60\n')
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.delenv("REGTUTOR_ENGINE", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    began = time.monotonic()
    with pytest.raises(BackendFailed, match=r"image inspect .* failed: no response within 7 s"):
        open_container()
    assert time.monotonic() - began < 10.0


def test_an_engine_that_hangs_when_it_starts_the_container_is_one_sentence_and_nobody_waits_for_its_cleanup(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    waited: list[Keeper] = []
    (tmp_path / "docker").write_text('#!/bin/sh\ntest "$1" != run || exec /bin/sleep 60\n')
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.delenv("REGTUTOR_ENGINE", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(container, "RUN_SECONDS", 0.5)
    monkeypatch.setattr(Keeper, "close", waited.append)
    with pytest.raises(BackendFailed, match=r"docker run did not start the registry within 0\.5 s") as caught:
        open_container()
    assert "Restart the service of docker" in caught.value.next and waited == []


def test_the_engine_in_the_environment_is_the_only_one_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGTUTOR_ENGINE", "no-such-engine")
    with pytest.raises(BackendMissing, match=r"no-such-engine is not installed\. Install"):
        open_container()


@pytest.mark.registry
def test_the_build_context_has_the_binary_with_its_libraries_and_the_configuration(
    registry_binary: str, tmp_path: Path
) -> None:
    container_image.lay_out(Path(registry_binary), tmp_path)
    inside = {str(path.relative_to(tmp_path / "rootfs")) for path in (tmp_path / "rootfs").rglob("*") if path.is_file()}
    assert {"bin/registry", "regtutor/config.yml"} < inside
    libraries = {path.lstrip("/") for path in container_image.libraries(Path(registry_binary))}
    assert libraries and inside == libraries | {"bin/registry", "regtutor/config.yml"}


def test_a_static_binary_needs_no_libraries(tmp_path: Path) -> None:
    ends_with_42 = bytes.fromhex("bf2a000000b83c0000000f05")  # mov edi, 42; mov eax, 60 (exit); syscall
    program = tmp_path / "static"
    program.write_bytes(_static_elf(ends_with_42))
    program.chmod(0o755)
    assert container_image.libraries(program) == []


def _static_elf(code: bytes) -> bytes:
    """The smallest ELF executable for amd64: a header, one segment, the code."""
    base, size = 0x400000, 120 + len(code)
    numbers = (b"\x7fELF\x02\x01\x01" + bytes(9), (2, 2), (62, 2), (1, 4), (base + 120, 8), (64, 8), (0, 8), (0, 4))
    sizes = ((64, 2), (56, 2), (1, 2), (0, 2), (0, 2), (0, 2))
    segment = ((1, 4), (5, 4), (0, 8), (base, 8), (base, 8), (size, 8), (size, 8), (4096, 8))
    fields = (*numbers[1:], *sizes, *segment)
    return numbers[0] + b"".join(value.to_bytes(width, "little") for value, width in fields) + code


def test_a_script_is_no_binary_for_a_container(tmp_path: Path) -> None:
    script = tmp_path / "registry"
    script.write_text("#!/bin/sh\necho registry github.com/distribution/distribution/v3 3.1.1\n")
    script.chmod(0o755)
    assert distribution.version(script) == "3.1.1"
    with pytest.raises(BackendMissing, match="not a Linux binary"):
        container_image.lay_out(script, tmp_path / "context")


def test_compose_runs_the_same_registry() -> None:
    compose = yaml.safe_load((distribution.CONTAINER_FILES / "compose.yaml").read_text())
    service = compose["services"]["registry"]
    assert service["image"] == "${REGTUTOR_IMAGE:-docker.io/library/registry:2}"
    assert service["command"] == ["serve", "/regtutor/config.yml"]
    assert service["ports"] == ["127.0.0.1:${REGTUTOR_PORT:-5000}:5000"]
    assert "./config.yml:/regtutor/config.yml:ro" in service["volumes"]
    assert {volume.split(":")[0] for volume in service["volumes"]} - {"./config.yml"} == set(compose["volumes"])


def test_the_configuration_is_one_that_a_lesson_needs() -> None:
    config = yaml.safe_load(distribution.CONFIG.read_text())
    assert config["storage"]["delete"]["enabled"] is True
    assert "cache" not in config["storage"]
    assert config["storage"]["filesystem"]["rootdirectory"] == "/var/lib/registry"


def test_the_image_of_the_tests_is_not_the_learners() -> None:
    assert IMAGE not in container_image.PRESENT
