"""Link headers, as registries and proxies write them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtutor.protocol.links import links, next_link

NEXT = "/v2/a/tags/list?last=b&n=2"


@pytest.mark.parametrize(
    "value",
    [
        f'<{NEXT}>; rel="next"',
        f"<{NEXT}>; rel=next",
        f"<{NEXT}>;REL=NEXT",
        f'<{NEXT}> ; title="x" ; rel="prev next"',
        f'<{NEXT}>; title="a;rel=prev"; rel="next"',
        f'<{NEXT}>; title="a, <b>; rel=\\"prev\\""; rel="next"',
        f'<{NEXT}>; rel="next"; rel="prev"',
        f'<{NEXT}>; crossorigin; rel="next"',
        f"<{NEXT}>; title*=UTF-8''x; rel=next",
        f'</first>; rel="first", <{NEXT}>; rel="next"',
        f'</a,b>; rel="first",, <{NEXT}>; rel="next"',
        f'</first>, <{NEXT}>; rel="next"',
        f'{NEXT}; rel="next"',
        f' {NEXT} ; rel=next',
    ],
)  # fmt: skip
def test_the_next_page_is_found(value: str) -> None:
    assert next_link([value]) == NEXT
    assert next_link(['</x>; rel="last"', value]) == NEXT


@pytest.mark.parametrize(
    "value",
    ["", "<", NEXT, f"<{NEXT}>", f'<{NEXT}>; rel="prev"; rel="next"', f'<{NEXT}>; title="x; rel=next"', "; rel=next",
     f'<{NEXT}>; rel="nexte"', f'<{NEXT}>; rev="next"'],
)  # fmt: skip
def test_anything_else_is_no_next_page(value: str) -> None:
    assert next_link([value]) is None


@given(st.text(st.sampled_from("<>;,=\"\\ relnext/'*"), max_size=60))
def test_any_text_is_read(value: str) -> None:
    assert next_link([value]) is None or next_link([value]) in value
    assert len(list(links([value]))) <= len(value)


@pytest.mark.parametrize("piece", ["<", ",", ";", '"', "\\", "<a>,", "a;", ";a=", " ", '<a>;b="', "<>;rel=next,"])
def test_time_is_in_proportion_to_the_text(piece: str) -> None:
    started = time.process_time()
    list(links([piece * (200_000 // len(piece))]))
    assert time.process_time() - started < 5
