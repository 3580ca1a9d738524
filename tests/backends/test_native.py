"""``native``: CNCF Distribution's own binary, started here."""

from __future__ import annotations

from pathlib import Path

import pytest

from regtutor.backends import distribution, native
from regtutor.backends.native import open_native
from regtutor.errors import BackendFailed, BackendMissing
from tests.backends.watching import alive, listens, push_blob, status

pytestmark = [pytest.mark.registry, pytest.mark.usefixtures("temporary", "registry_binary")]
DATA = b"a layer, for all that a registry knows"


def test_it_answers_and_shows_its_log_and_its_storage(temporary: Path) -> None:
    with open_native() as reg:
        assert (reg.name, status(reg.url)) == ("native", 200)
        assert len(reg.tree()) == 0
        push_blob(reg.url, "library/hello", DATA)
        assert "POST /v2/library/hello/blobs/uploads/" in reg.logs()
        sizes = {path.split("/")[-1]: size for path, size in reg.tree()}
        assert sizes["data"] == len(DATA)
        assert all(path.startswith("docker/registry/v2/") for path, _ in reg.tree())
    assert not list(temporary.iterdir()) and not listens(reg.url)
    assert "POST /v2/library/hello/blobs/uploads/" in reg.logs()
    assert len(reg.tree()) == 0
    reg.close()


def test_a_given_directory_is_made_and_stays_and_may_have_any_name(tmp_path: Path) -> None:
    root = tmp_path / "made: by #us" / "storage"
    with open_native(root=root) as reg:
        push_blob(reg.url, "library/hello", DATA)
    assert [path.read_bytes() for path in root.glob("docker/registry/v2/blobs/sha256/*/*/data")] == [DATA]


def test_a_setting_reaches_the_registry() -> None:
    with open_native(settings={"REGISTRY_HTTP_HOST": "https://other.example"}) as reg:
        assert "https://other.example" in _upload_location(reg.url)


def _upload_location(url: str) -> str:
    import http.client

    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    connection.request("POST", "/v2/library/hello/blobs/uploads/")
    location = connection.getresponse().headers["Location"]
    connection.close()
    return location


def test_a_setting_in_the_environment_of_the_learner_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_HTTP_HOST", "https://other.example")
    with open_native() as reg:
        assert "other.example" not in _upload_location(reg.url)


def test_a_registry_that_logs_nothing_of_its_start_is_found_ready_all_the_same() -> None:
    with open_native(settings={"REGISTRY_LOG_LEVEL": "error"}) as reg:
        assert status(reg.url) == 200


def test_a_wrong_setting_is_shown_from_the_log(temporary: Path) -> None:
    with pytest.raises(BackendFailed, match="status 2") as caught:
        open_native(settings={"REGISTRY_STORAGE": "nonsense"})
    assert "multiple storage drivers specified" in caught.value.log
    assert "multiple storage drivers specified" in str(caught.value)
    assert not list(temporary.iterdir())


def test_a_setting_that_distribution_would_ignore_is_refused() -> None:
    with pytest.raises(BackendFailed, match="DELETE is not a setting"):
        open_native(settings={"DELETE": "true"})


def test_a_directory_that_cannot_be_written_to_is_named(temporary: Path) -> None:
    with pytest.raises(BackendFailed, match=r"/proc/storage.*root="):
        open_native(root="/proc/storage")
    assert not list(temporary.iterdir())


@pytest.mark.parametrize("binary", ["/bin/true", "/nowhere/registry", "/etc/passwd"])
def test_a_binary_that_is_no_registry_is_refused_with_what_to_do(binary: str) -> None:
    with pytest.raises(BackendMissing, match=r"is not a CNCF Distribution registry.*apt-get install docker-registry"):
        open_native(binary)


def test_a_program_called_registry_that_is_another_one_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry_binary: str
) -> None:
    (tmp_path / "docker-registry").write_text("#!/bin/sh\necho another program\n")
    (tmp_path / "docker-registry").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with pytest.raises(BackendMissing, match="on PATH"):
        distribution.find_binary()
    (tmp_path / "registry").symlink_to(registry_binary)
    assert distribution.find_binary() == tmp_path / "registry"


def test_the_version_is_that_of_the_binary(registry_binary: str) -> None:
    assert distribution.version(registry_binary).startswith("2.")


def test_a_port_that_is_taken_in_between_is_given_up_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_native() as first:
        taken = int(first.url.rpartition(":")[2])
        free = native._free_port
        ports = iter([taken, taken, free()])
        monkeypatch.setattr(native, "_free_port", lambda: next(ports))
        with open_native() as second:
            assert second.url != first.url
            push_blob(second.url, "library/hello", DATA)
            assert len(second.tree()) and not len(first.tree())


def test_a_binary_that_ended_leaves_its_log(temporary: Path) -> None:
    import os
    import signal

    with open_native() as reg:
        assert isinstance(reg.host, native.NativeHost)
        os.kill(reg.host.pid, signal.SIGKILL)
        assert reg.host.keeper.stop(reg.host.pid) == -signal.SIGKILL
        assert reg.host.ended() and not alive(reg.host.pid)
        assert "listening on" in reg.logs()
    assert not list(temporary.iterdir())
