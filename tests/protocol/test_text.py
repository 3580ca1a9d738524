"""What a registry sent cannot control a terminal, and is no longer than it may be."""

from __future__ import annotations

from regtutor.protocol.text import counted, cut, listed, visible, visible_lines


def test_what_does_not_print_is_written_as_an_escape() -> None:
    assert visible("a\tb\x1b[2J\u202e\ud800\n") == "a\tb\\x1b[2J\\u202e\\ud800\\n"
    assert visible_lines("a\r\nb") == "a\\r\nb"


def test_a_long_text_ends_with_an_ellipsis() -> None:
    assert (cut("abc", 3), cut("abcd", 3)) == ("abc", "ab\N{HORIZONTAL ELLIPSIS}")


def test_one_byte_is_not_written_as_several() -> None:
    assert [counted(number) for number in (0, 1, 2)] == ["0 bytes", "1 byte", "2 bytes"]


def test_a_list_is_written_as_in_a_sentence() -> None:
    assert [listed(parts) for parts in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
