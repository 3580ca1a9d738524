"""The recording proxy before a registry: our own client through it, its limits, its watchers and its TLS."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import regtutor as rt
from regtutor.backends.local_host import LocalHost
from regtutor.backends.opening import open_registry
from regtutor.backends.recorder.kept import Kept
from regtutor.backends.recorder.proxy import RecordingProxy
from regtutor.client.registry import Registry
from regtutor.content.sample.image import sample_image
from regtutor.errors import InvalidURL, ServerError
from regtutor.exchange import Exchange, RequestRecord
from regtutor.walks.pushing import push_image
from tests.backends.recorder.raw import client_of


@pytest.mark.parametrize("upload", ["monolithic", "chunked", "streamed"])
@pytest.mark.parametrize("which", ["embedded", pytest.param("native", marks=pytest.mark.registry)])
def test_our_own_push_is_recorded_as_our_own_record_of_it(which: str, upload: str, registry_binary: str) -> None:
    options = {"binary": registry_binary} if which == "native" else {}
    with open_registry(which, quiet=True, **options) as reg, RecordingProxy(reg) as proxy:
        own = push_image(rt.connect(proxy.url), sample_image(), "library/hello", "v1", upload=upload, chunk_size=1000)
        recorded = proxy.transcript
        assert rt.get_manifest(reg, "library/hello", "v1").content == sample_image().manifest.data
    assert [told(exchange) for exchange in recorded] == [told(exchange) for exchange in own]
    here = {event.note for exchange in recorded for event in exchange.events if event.kind == "rewritten"}
    assert here == {f"In Location the client received {proxy.url}, this proxy, instead of {reg.url}"}


def told(exchange: Exchange) -> tuple[object, ...]:
    headers = [pair for pair in exchange.request.headers if pair[0] != "Host"]
    interims = [interim.status for interim in exchange.interims]
    response = exchange.response
    assert response is not None
    return (
        exchange.step,
        exchange.method,
        exchange.target,
        headers,
        exchange.request.body,
        interims,
        exchange.status,
        response.body,
        exchange.outcome,
    )


def test_manifests_and_lists_are_kept_whole_and_blobs_in_part(reg: Registry) -> None:
    image = sample_image()
    push_image(reg, image, "library/hello", "v1")
    large = max(image.layers, key=lambda layer: layer.size)
    with RecordingProxy(reg) as proxy:
        through = rt.connect(proxy.url)
        rt.get_manifest(through, "library/hello", "v1")
        rt.get_blob(through, "library/hello", large.digest)
        manifest, blob = proxy.transcript
    assert manifest.content == image.manifest.data
    assert blob.response is not None and len(blob.response.body.preview) <= 4096
    assert blob.response.body.digest == large.digest


def test_beyond_its_limit_exchanges_are_relayed_shown_and_counted(reg: Registry) -> None:
    shown: list[Exchange] = []
    with RecordingProxy(reg, limit=2) as proxy:
        proxy.watch(shown.append)
        through = rt.connect(proxy.url)
        for _ in range(5):
            assert rt.check_api(through).status == 200
    assert len(proxy.transcript) == 2 and len(shown) == 5
    assert proxy.transcript.notes == ("3 more exchanges were relayed and not kept",)


def test_the_bytes_that_are_kept_have_a_limit_too() -> None:
    kept = Kept("", 100, 1000)
    for _ in range(5):
        kept.add(Exchange("request", "http://x/", RequestRecord("GET", "/", (("X", "y" * 299),))))
    kept.close()
    assert len(kept.transcript) == 3


def test_a_watcher_sees_earlier_exchanges_first_and_one_that_fails_is_left_out(reg: Registry) -> None:
    shown: list[str] = []
    with RecordingProxy(reg) as proxy:
        through = rt.connect(proxy.url)
        rt.check_api(through)
        proxy.watch(lambda exchange: shown.append(exchange.step))
        proxy.watch(lambda exchange: 1 / 0)  # noqa: ARG005
        rt.list_tags(through, "library/none")
    assert shown == ["check_api", "list_tags"]
    assert proxy.transcript.notes == ("The exchanges were not shown any longer: ZeroDivisionError: division by zero",)


def test_a_slow_watcher_does_not_delay_the_client(reg: Registry) -> None:
    go = threading.Event()
    with RecordingProxy(reg) as proxy:
        proxy.watch(lambda exchange: go.wait(20))  # noqa: ARG005
        through = rt.connect(proxy.url)
        assert [rt.check_api(through).status for _ in range(20)] == [200] * 20
        assert len(proxy.transcript) == 20
        go.set()


def test_a_watcher_after_the_end_sees_everything(reg: Registry) -> None:
    shown: list[Exchange] = []
    with RecordingProxy(reg) as proxy:
        rt.check_api(rt.connect(proxy.url))
    proxy.watch(shown.append)
    proxy.close()
    assert tuple(shown) == proxy.transcript.exchanges and len(shown) == 1


def test_tls_on_both_sides() -> None:
    with open_registry("embedded", quiet=True, tls=True) as reg, RecordingProxy(reg, tls=True) as proxy:
        assert proxy.ca_file is not None and proxy.url.startswith("https://127.0.0.1:")
        with rt.connect(proxy.url, verify=proxy.ca_file) as through:
            own = push_image(through, sample_image(), "library/hello", "v1")
        recorded = proxy.transcript
    assert [exchange.status for exchange in recorded] == [exchange.status for exchange in own]
    assert recorded[0].events[0].note.startswith("TLSv1.3, ")
    assert not proxy.ca_file.exists()


def test_a_certificate_that_is_not_trusted_is_502_and_one_that_is_not_checked_is_told() -> None:
    with open_registry("embedded", quiet=True, tls=True) as reg:
        with RecordingProxy(reg.url) as proxy:
            refused = rt.check_api(rt.connect(proxy.url))
            (recorded,) = proxy.transcript
        assert refused.status == 502 and "--ca-file" not in refused.text
        assert recorded.status is None and f"The certificate of {reg.url} is not trusted" in recorded.error
        with RecordingProxy(rt.connect(reg.url, verify=False)) as proxy:
            assert rt.check_api(rt.connect(proxy.url)).status == 200
            assert "the certificate was not checked" in str(proxy.transcript)


def test_the_credentials_of_the_client_pass_and_are_in_no_record(tmp_path: Path) -> None:
    from tests.clients.doors import NAME, PASSWORD, open_door

    with open_door("password", tmp_path) as door, RecordingProxy(door.reg) as proxy:
        assert rt.check_api(rt.connect(proxy.url)).status == 401, "the proxy must not add those of the Registry"
        assert rt.check_api(rt.connect(proxy.url).with_auth(NAME, PASSWORD)).status == 200
        file = rt.save(proxy.transcript, tmp_path / "trace.json").read_text()
        shown = f"{proxy.transcript} {proxy.transcript.exchanges!r} {file}"
    assert PASSWORD not in shown and "Basic <redacted>" in shown
    assert "YW5uOnBhc3Mtd29yZC0x" not in shown


def test_a_registry_of_this_process_has_no_port() -> None:
    with open_registry("in_process", quiet=True) as reg, pytest.raises(ServerError, match="inside this process"):
        RecordingProxy(reg)


def test_a_registry_behind_an_http_proxy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    with pytest.raises(ServerError, match="reached through an HTTP proxy"):
        RecordingProxy("https://registry.example")


def test_a_malformed_url_and_a_port_in_use(reg: Registry) -> None:
    with pytest.raises(InvalidURL):
        RecordingProxy("http://registry.example/v2/")
    with pytest.raises(ServerError, match="cannot listen on"):
        RecordingProxy(reg, port=int(reg.url.rpartition(":")[2]))


def test_closing_it_twice_and_a_client_that_stays_connected(reg: Registry) -> None:
    with RecordingProxy(reg) as proxy:
        client = client_of(proxy)
        client.send(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
        client.head()
        assert client.read(2) == b"{}"
        assert repr(proxy) == f"<RecordingProxy at {proxy.url}: 1 exchanges>"
        proxy.close()
    assert client.rest() == b""


def test_a_registry_of_ours_through_it_closes_by_itself(reg: Registry) -> None:
    assert isinstance(reg.host, LocalHost)
    proxy = RecordingProxy(reg)
    through = rt.connect(proxy.url)
    assert rt.check_api(through).status == 200
    proxy.close()
    with pytest.raises(rt.RegtutorError, match=r"refused the connection|closed the connection"):
        rt.check_api(through)
