"""Cursors are positions that only their own listing takes back."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from bezant.kernel.pagination import InvalidCursor, Page, read_cursor, turn_page, write_cursor

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


class Numbers(Struct, frozen=True):
    numbers: list[int]
    next: str | None


async def _read(after: str | None, limit: int) -> Numbers:
    start = 0 if after is None else int(after)
    numbers = list(range(start + 1, min(start + limit, 10) + 1))
    return Numbers(numbers, str(numbers[-1]) if numbers and numbers[-1] < 10 else None)


@given(NAMES, NAMES)
def test_a_position_is_read_back(listing: str, position: str) -> None:
    cursor = write_cursor(listing, position)
    assert read_cursor(listing, cursor) == position
    assert re.fullmatch(r"[A-Za-z0-9_-]+", cursor)


@given(NAMES, NAMES, NAMES)
def test_another_listing_does_not_take_it(one: str, other: str, position: str) -> None:
    if one != other:
        with pytest.raises(InvalidCursor):
            read_cursor(other, write_cursor(one, position))


@given(st.text(max_size=60))
def test_any_other_text_is_no_cursor(text: str) -> None:
    with pytest.raises(InvalidCursor):
        read_cursor("/v1/books", text)


@given(NAMES, st.data())
def test_an_edited_cursor_is_refused(position: str, data: st.DataObject) -> None:
    cursor = write_cursor("/v1/books", position)
    at = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda each: each != cursor[at]))
    with pytest.raises(InvalidCursor):
        read_cursor("/v1/books", cursor[:at] + other + cursor[at + 1 :])


@pytest.mark.parametrize("limit", [1, 3, 10, 100])
async def test_pages_follow_each_other_to_the_end(limit: int) -> None:
    page, found = Page(limit=limit), list[int]()
    while True:
        turned = await turn_page("/numbers", page, re.compile("[0-9]+"), _read)
        found += turned.numbers
        if turned.next is None:
            break
        page = Page(cursor=turned.next, limit=limit)
    assert found == list(range(1, 11))


async def test_a_position_of_another_form_is_refused() -> None:
    page = Page(cursor=write_cursor("/numbers", "1; DROP"))
    with pytest.raises(InvalidCursor):
        await turn_page("/numbers", page, re.compile("[0-9]+"), _read)
