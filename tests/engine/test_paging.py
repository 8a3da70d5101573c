"""Cursors."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidInput
from engine.paging import MAX_DEPTH, decode_cursor, encode_cursor


@given(st.integers(0, MAX_DEPTH), st.text())
def test_a_cursor_leads_back_to_its_offset(offset, key):
    assert decode_cursor(encode_cursor(offset, key), key) == offset


def test_no_cursor_is_the_first_page():
    assert decode_cursor("", "any") == 0


@given(st.text(min_size=1, max_size=80))
def test_anything_else_is_refused(text):
    with pytest.raises(InvalidInput, match="does not belong to this query"):
        decode_cursor(text, "key")


def test_a_deeply_nested_cursor_is_refused():
    nested = base64.urlsafe_b64encode(b"[" * 100_000).decode()
    with pytest.raises(InvalidInput, match="does not belong to this query"):
        decode_cursor(nested, "key")


def test_a_cursor_of_another_query_is_refused():
    with pytest.raises(InvalidInput, match="does not belong"):
        decode_cursor(encode_cursor(24, "red dress"), "blue dress")
