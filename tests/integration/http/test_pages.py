"""Cursor pages over real listings."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from bezant.kernel.pagination import write_cursor
from fixtures_api import Book, Tenant, open_book


async def _pages(tenant: Tenant, path: str, limit: int) -> AsyncIterator[dict[str, Any]]:
    query: dict[str, Any] = {"limit": limit}
    while True:
        answer = await tenant.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield page
        if page["next"] is None:
            return
        query["cursor"] = page["next"]


async def test_pages_give_every_row_once_in_order(tenant: Tenant) -> None:
    book = await open_book(tenant)
    for _ in range(6):
        await tenant.create(f"{book.path}/transactions", book.transfer("1"))
    path = f"{book.path}/accounts/wallet/entries"
    whole = (await tenant.client.get(path)).json()["entries"]
    pages = [page["entries"] async for page in _pages(tenant, path, 3)]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [row for page in pages for row in page] == whole
    assert [row["seq"] for row in whole] == sorted(row["seq"] for row in whole)


async def test_rows_added_meanwhile_neither_repeat_nor_hide_others(tenant: Tenant) -> None:
    book = await open_book(tenant)
    path = f"{book.path}/accounts"
    ids = []
    async for page in _pages(tenant, path, 1):
        ids += [account["id"] for account in page["accounts"]]
        new = {"id": f"a-{uuid4().hex}", "asset": "EUR", "type": "liability"}
        if len(ids) < 4:
            await tenant.create(path, new)
    assert ids[-2:] == ["wallet", "world"]
    assert len(ids) == len(set(ids))


LISTINGS = ["/v1/books", "{book.path}/accounts", "{book.path}/accounts/wallet/entries"]


@pytest.mark.parametrize("listing", [*LISTINGS, "/v1/api-keys"])
async def test_a_cursor_that_the_listing_did_not_give_is_refused(book: Book, listing: str) -> None:
    path = listing.format(book=book)
    cursors = {
        "empty": "",
        "no base 64": "!!!",
        "another listing's": write_cursor("/elsewhere", "1.0"),
        "a stranger in our coding": write_cursor(path, "' OR 1=1 --"),
        "a NUL": write_cursor(path, "a\0b"),
        "too long a position": write_cursor(path, "9" * 140),
        "no ASCII": "é",
        "padded": write_cursor(path, "1.0") + "==",
    }
    for name, cursor in cursors.items():
        answer = await book.tenant.client.get(path, params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_CURSOR"), name
        assert answer.json()["field"] == "cursor"


async def test_a_cursor_with_one_character_changed_is_refused(book: Book) -> None:
    path = f"{book.path}/accounts"
    cursor = (await book.tenant.client.get(path, params={"limit": 1})).json()["next"]
    for at, character in enumerate(cursor):
        changed = cursor[:at] + ("A" if character != "A" else "B") + cursor[at + 1 :]
        answer = await book.tenant.client.get(path, params={"cursor": changed})
        assert answer.status_code == 400, changed


async def test_another_tenants_cursor_shows_nothing_of_it(book: Book, other_tenant: Tenant) -> None:
    await open_book(book.tenant)
    cursor = (await book.tenant.client.get("/v1/books", params={"limit": 1})).json()["next"]
    mine = (await book.tenant.client.get("/v1/books", params={"cursor": cursor})).json()["books"]
    seen = (await other_tenant.client.get("/v1/books", params={"cursor": cursor})).json()["books"]
    assert mine
    assert not {book["id"] for book in mine} & {book["id"] for book in seen}
