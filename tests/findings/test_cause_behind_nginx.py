"""Wrong configurations of nginx in front of a registry: the failing push names each of them itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import regtutor as rt
from regtutor.errors import RegtutorError
from regtutor.findings.cause import cause_of
from tests.nginx import free_port, nginx

_HOST = "proxy_set_header Host $http_host;"
_ALL = f"{_HOST} proxy_set_header X-Forwarded-Proto $scheme;"


@dataclass(frozen=True)
class Wrong:
    """A configuration, and the words that must be in the diagnosis and in its next step."""

    server: str
    name: str
    next: str
    tls: bool = False
    names: tuple[str, ...] = ("127.0.0.1",)
    scheme: str = ""
    upload: str = "monolithic"


WRONG = {
    "no X-Forwarded-Proto behind TLS": Wrong(
        f"location / {{ proxy_pass http://UP; {_HOST} }}",
        "Location changes https to http",
        "X-Forwarded-Proto",
        tls=True,
    ),
    "Host without port": Wrong(
        "location / { proxy_pass http://UP; proxy_set_header Host $host; }", "Location has no port", "Host $http_host"
    ),
    "Host of the upstream": Wrong(
        "location / { proxy_pass http://UP; proxy_set_header Host registry.internal; }",
        "Location leads to another host",
        "Host $http_host",
    ),
    "client_max_body_size": Wrong(
        f"client_max_body_size 1k; location / {{ proxy_pass http://UP; {_ALL} }}",
        "too large for a proxy",
        "client_max_body_size 0",
    ),
    "a path prefix stripped": Wrong(
        f"location /v2/ {{ proxy_pass http://UP/; {_ALL} }}", "the path did not reach the API", "unchanged"
    ),
    "a rule's HTML 403": Wrong(
        f"location / {{ if ($request_method = PUT) {{ return 403; }} proxy_pass http://UP; {_ALL} }}",
        "a proxy responded, not the registry",
        "rule of nginx that forbids PUT",
    ),
    "a cut query": Wrong(
        f"location / {{ rewrite ^(.*)$ $1? break; proxy_pass http://UP; {_ALL} }}",
        "the query of the Location did not arrive",
        "$is_args$args",
    ),
    "http to a TLS port": Wrong(
        f"location / {{ proxy_pass http://UP; {_ALL} }}", "TLS on this port", "https://", tls=True, scheme="http"
    ),
    "certificate of another name": Wrong(
        f"location / {{ proxy_pass http://UP; {_ALL} }}",
        "the certificate is for another name",
        "subjectAltName",
        tls=True,
        names=("registry.example",),
    ),
    "upstream down": Wrong(
        f"location / {{ proxy_pass http://NOBODY; {_ALL} }}",
        "a proxy responded, not the registry",
        "Check that the registry runs",
    ),
    "a login page for everything": Wrong(
        "default_type text/html; location / { return 200 '<html><title>Sign in</title></html>'; }",
        "a web page instead of the API",
        "API",
    ),
}


@pytest.fixture(scope="module", params=["embedded", pytest.param("native", marks=pytest.mark.registry)])
def upstream(request: pytest.FixtureRequest, require_program: Callable[[str, str], str]) -> Iterator[str]:
    if request.param == "native":
        require_program("docker-registry", "docker-registry")
    with rt.open_registry(request.param, quiet=True) as registry:
        yield registry.url.removeprefix("http://")


@pytest.mark.parametrize("case", WRONG)
def test_a_failed_push_names_the_wrong_configuration(
    case: str, upstream: str, require_program: Callable[[str, str], str], tmp_path: Path
) -> None:
    wrong, program = WRONG[case], require_program("nginx", "nginx-light")
    server = wrong.server.replace("NOBODY", f"127.0.0.1:{free_port()}").replace("UP", upstream)
    with nginx(program, tmp_path / "nginx", server, tls=wrong.tls, names=wrong.names) as front:
        scheme = wrong.scheme or ("https" if wrong.tls else "http")
        with (
            rt.connect(f"{scheme}://{front.host}", verify=front.ca_file, proxies=None) as reg,
            pytest.raises(RegtutorError) as failed,
        ):
            rt.push_image(reg, rt.sample_image(), "library/hello", "v1", progress=False)
    error = failed.value
    cause = error.cause
    assert cause is not None, str(error)
    assert cause.name == wrong.name
    assert wrong.next in cause.next
    assert wrong.next in str(error) and len(str(error).splitlines()) <= 6
    assert "_state" not in str(error)
    assert error.transcript is not None and cause_of(error.transcript, error.exchange) == cause


@pytest.mark.parametrize("way", ["monolithic", "chunked", "streamed"])
def test_a_push_survives_http_1_0_to_the_registry_and_no_buffering(
    way: str, upstream: str, require_program: Callable[[str, str], str], tmp_path: Path
) -> None:
    server = f"location / {{ proxy_pass http://{upstream}; {_ALL} proxy_request_buffering off; proxy_buffering off; }}"
    with (
        nginx(require_program("nginx", "nginx-light"), tmp_path / "nginx", server) as front,
        rt.connect(f"http://{front.host}", proxies=None) as reg,
    ):
        transcript = rt.push_image(reg, rt.sample_image(), f"library/{way}", "v1", progress=False, upload=way)
    assert transcript[-1].status == 201
    assert cause_of(transcript) is None
