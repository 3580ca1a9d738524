"""References as they are typed: what is taken for which part, and what is refused."""

from __future__ import annotations

import pytest

from regtutor.errors import InvalidReference
from regtutor.protocol.references import parse_reference, parse_repository


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("localhost/a", ("localhost", "a", "latest")),
        ("127.0.0.1:5000/library/hello:v1", ("127.0.0.1:5000", "library/hello", "v1")),
        ("http://registry.example/a:b", ("http://registry.example", "a", "b")),
    ],
)
def test_a_reference_is_taken_apart(text: str, parts: tuple[str, str, str]) -> None:
    assert parse_reference(text) == parts


def test_a_colon_without_a_tag_after_it_is_refused() -> None:
    with pytest.raises(InvalidReference, match="nothing follows the last colon"):
        parse_reference("localhost:5000/library/hello:")


@pytest.mark.parametrize(
    "text",
    ["ftp://u:s3cret@host/a:b", "u:s3cret@host:5000", "http://u:s3cret@host/a@sha256:0", "u:s3cret@host:5000/a:"],
)
def test_a_refusal_shows_no_password(text: str) -> None:
    with pytest.raises(InvalidReference) as caught:
        parse_reference(text)
    assert "s3cret" not in repr(caught.value) + str(caught.value)
    assert "host" in str(caught.value)


DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("text", "named"),
    [(f"localhost/a@{DIGEST}", DIGEST), (f"localhost:5000/a:v1@{DIGEST}", DIGEST), ("localhost/a:v1", "v1")],
)
def test_a_digest_may_stand_in_place_of_the_tag_or_after_it(text: str, named: str) -> None:
    assert parse_reference(text, digest=True).tag == named


@pytest.mark.parametrize("text", ["localhost/a@", "localhost/a@sha256:12", "localhost/a@v1", f"localhost/a@@{DIGEST}"])
def test_what_stands_after_the_at_sign_must_be_a_digest(text: str) -> None:
    with pytest.raises(InvalidReference, match="is not a"):
        parse_reference(text, digest=True)


def test_where_a_tag_is_needed_a_digest_is_refused() -> None:
    with pytest.raises(InvalidReference, match="names a digest"):
        parse_reference(f"localhost/a@{DIGEST}")


def test_a_tag_or_a_digest_must_be_named_where_none_is_assumed() -> None:
    assert parse_reference("localhost/a:b", default="").tag == "b"
    assert parse_reference(f"localhost/a:b@{DIGEST}", digest=True, default="").tag == DIGEST
    with pytest.raises(InvalidReference, match="names no tag and no digest"):
        parse_reference("localhost:5000/a", default="")


def test_a_repository_has_neither_a_tag_nor_a_digest() -> None:
    assert parse_repository("localhost:5000/library/hello") == ("localhost:5000", "library/hello")
    assert parse_repository("https://registry.example/a") == ("https://registry.example", "a")
    for text in ("localhost/a:a", f"localhost/a@{DIGEST}", "localhost:5000", "localhost/A"):
        with pytest.raises(InvalidReference):
            parse_repository(text)
