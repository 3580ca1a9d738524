"""URLs and targets are taken apart, and no byte of them is rewritten."""

from __future__ import annotations

import pytest

from regtutor.errors import InvalidURL
from regtutor.protocol.urls import address_of, origin_form, same_origin, sendable_target, split_origin, split_url


def test_a_url_is_taken_apart_as_it_stands() -> None:
    address = split_url("HTTPS://ann:pw@R.example:5000/v2/a%2Fb/../c?d=e#f")
    assert (address.scheme, address.authority, address.host, address.port) == (
        "https",
        "R.example:5000",
        "R.example",
        5000,
    )
    assert (address.target, address.path, address.userinfo) == ("/v2/a%2Fb/../c?d=e", "/v2/a%2Fb/../c", "ann:pw")
    assert (split_url("http://[::1]").host, split_url("http://[::1]").port) == ("::1", 80)
    assert (split_url("http://[::1]").names_port, split_url("http://[::1]:1").names_port) == (False, True)


@pytest.mark.parametrize(
    "url", ["", "/v2/", "ftp://h/", "http://", "http://[", "http://h:x/", "http://h:0/", "http://h:65536/"]
)
def test_what_no_request_can_go_to_is_refused_and_leads_nowhere(url: str) -> None:
    with pytest.raises(InvalidURL):
        split_url(url)
    assert address_of(url, "http://h") is None or url == "/v2/"


def test_a_location_leads_somewhere_seen_from_the_request() -> None:
    there = address_of("/u/1?a", "http://h:5000/v2/")
    assert there is not None and (there.origin, there.target) == ("http://h:5000", "/u/1?a")
    assert address_of("u/1", "http://h:5000/v2/") is None
    assert address_of("/u/1", "/v2/") is None


@pytest.mark.parametrize(
    ("target", "origin", "rest", "form"),
    [
        ("/v2/?x=http://h/y", "", "/v2/?x=http://h/y", "/v2/?x=http://h/y"),
        ("http://h:1/v2/?q", "http://h:1", "/v2/?q", "/v2/?q"),
        ("http://h", "http://h", "", "/"),
        ("http://h?q", "http://h", "?q", "/?q"),
        ("*", "", "*", "/"),
    ],
)
def test_a_target_is_cut_at_the_end_of_its_origin(target: str, origin: str, rest: str, form: str) -> None:
    assert split_origin(target) == (origin, rest)
    assert origin_form(target) == form


def test_two_urls_are_of_one_origin_whatever_the_case_of_the_host_and_the_path() -> None:
    assert same_origin("http://H/a", "http://h:80/b")
    assert not same_origin("http://h/", "https://h/")


def test_only_what_would_end_the_start_line_is_encoded() -> None:
    assert sendable_target("/v2/a b\r\n%2F?x={é}") == "/v2/a%20b%0D%0A%2F?x={é}"
