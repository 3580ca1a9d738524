"""The ``_state`` of an upload Location, as CNCF Distribution writes and reads it."""

from __future__ import annotations

import base64
import hmac

from hypothesis import given
from hypothesis import strategies as st

from regtutor.server.location_state import UploadState, seal, unseal

SECRET = b"abc"
# Written by CNCF Distribution 2.8.2 with http.secret "abc".
WRITTEN = (
    "sUy44jTeH1P646MLFS65jXR5ANWtmJi0yzlMw3r8XsZ7Ik5hbWUiOiJhL2IiLCJVVUlEIjoiYjdkNzA2OWEtZjg4MS00NDYwLTk5ZTgtNTUzOWFj"
    "NzllOTUxIiwiT2Zmc2V0IjowLCJTdGFydGVkQXQiOiIyMDI2LTExLTIzVDE0OjA5OjQ2LjEzNjY3OTYyMVoifQ=="
)
STATE = UploadState("a/b", "b7d7069a-f881-4460-99e8-5539ac79e951", 0, "2026-11-23T14:09:46.136679621Z")


def test_what_distribution_wrote_is_read_and_written_alike() -> None:
    assert unseal(WRITTEN, SECRET) == STATE
    assert seal(STATE, SECRET) == WRITTEN


def test_another_secret_does_not_open_it() -> None:
    assert unseal(WRITTEN, b"abd") is None


@given(st.integers(0, len(WRITTEN) - 3), st.sampled_from("ABCxyz019-_!%"))
def test_a_change_of_one_character_is_noticed(position: int, character: str) -> None:
    changed = WRITTEN[:position] + character + WRITTEN[position + 1 :]
    assert unseal(changed, SECRET) == (STATE if changed == WRITTEN else None)


@given(st.text())
def test_a_text_that_is_no_state_is_none(text: str) -> None:
    assert unseal(text, SECRET) is None


@given(st.sampled_from([b"", b"[]", b"null", b"1", b'"x"', b"{}", b'{"Name": "a"}', b"\xff", b"[" * 10_000]))
def test_json_that_is_sealed_and_no_state_is_none(text: bytes) -> None:
    value = base64.urlsafe_b64encode(hmac.digest(SECRET, text, "sha256") + text).decode()
    assert unseal(value, SECRET) is None
