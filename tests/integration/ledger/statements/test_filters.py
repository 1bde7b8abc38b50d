"""Entries of an account by code, booking date and metadata."""

from typing import Any

import pytest

from bezant.kernel.database import Database
from bezant.ledger.statements import matching
from fixtures_api import Book, Tenant, open_book


@pytest.fixture
async def filled(tenant: Tenant) -> Book:
    """A book whose wallet took three kinds of postings on nine days of March."""
    book = await open_book(tenant)
    for day in range(1, 10):
        leg = book.transfer(str(day))["postings"][0]
        leg |= {"code": ("a", "b", "c")[day % 3], "booking_date": f"2026-03-{day:02}"}
        metadata = {"invoice": str(day // 4), "both": "x"} if day % 2 else None
        body = {"postings": [leg], "metadata": metadata}
        await tenant.create(f"{book.path}/transactions", body)
    return book


async def amounts(book: Book, query: str, *, limit: int = 100) -> list[int]:
    """What is found over all pages."""
    found: list[int] = []
    cursor = ""
    while True:
        path = f"{book.path}/accounts/wallet/entries?{query}&limit={limit}{cursor}"
        answer = await book.tenant.client.get(path)
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        assert len(page["entries"]) <= limit
        found += [int(entry["amount"]) for entry in page["entries"]]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


CASES = [
    ("code=b", [1, 4, 7]),
    ("axis=booking&from=2026-03-04&to=2026-03-06", [4, 5, 6]),
    ("axis=booking&from=2026-03-08&to=2026-03-31", [8, 9]),
    ("axis=booking&to=2026-03-02", [1, 2]),
    ("code=b&axis=booking&from=2026-03-02&to=2026-03-31", [4, 7]),
    ("metadata_key=invoice&metadata_value=1", [5, 7]),
    ("metadata_key=both&metadata_value=x&code=b", [1, 7]),
    ("metadata_key=invoice&metadata_value=9", []),
    ("metadata_key=nothing&metadata_value=x", []),
    ("code=unused", []),
]


@pytest.mark.parametrize(("query", "expected"), CASES)
@pytest.mark.parametrize("limit", [100, 1])
async def test_only_what_is_asked_for_is_found(
    filled: Book, query: str, expected: list[int], limit: int
) -> None:
    assert await amounts(filled, query, limit=limit) == expected


@pytest.mark.parametrize(("query", "expected"), CASES)
async def test_a_page_looks_through_a_bounded_number_and_may_be_short(
    filled: Book, query: str, expected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "SCANNED_MAX", 2)
    assert await amounts(filled, query) == expected


async def test_pages_stay_where_they_are_while_entries_are_added(filled: Book) -> None:
    path = f"{filled.path}/accounts/wallet/entries?code=b&limit=2"
    first = (await filled.tenant.client.get(path)).json()
    leg = filled.transfer("70")["postings"][0] | {"code": "b", "booking_date": "2026-03-01"}
    await filled.tenant.create(f"{filled.path}/transactions", {"postings": [leg]})
    second = (await filled.tenant.client.get(f"{path}&cursor={first['next']}")).json()
    found = [entry["amount"] for page in (first, second) for entry in page["entries"]]
    assert found == ["1", "4", "7", "70"]


async def test_a_cursor_is_of_one_filter(filled: Book) -> None:
    path = f"{filled.path}/accounts/wallet/entries"
    page = (await filled.tenant.client.get(f"{path}?code=b&limit=1")).json()
    for other in ("code=a&", ""):
        answer = await filled.tenant.client.get(f"{path}?{other}cursor={page['next']}")
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_CURSOR")


async def test_erased_metadata_is_found_no_more_and_asking_is_audited(
    filled: Book, database: Database
) -> None:
    query = "metadata_key=invoice&metadata_value=1"
    assert await amounts(filled, query) == [5, 7]
    await database.transaction(
        lambda connection: connection.execute(
            "DELETE FROM transaction_content WHERE tenant_id = $1", filled.tenant.id
        )
    )
    assert await amounts(filled, query) == []
    await amounts(filled, "code=b")
    rows = await database.fetch(
        "SELECT action, purpose FROM audit_entry WHERE tenant_id = $1 AND resource = $2",
        filled.tenant.id,
        f"{filled.path}/accounts/wallet/entries",
    )
    assert [(row["action"], row["purpose"]) for row in rows] == [
        ("entries.search", "asked for by metadata")
    ] * 2


@pytest.mark.parametrize(
    "query",
    [
        "metadata_key=invoice",
        "metadata_value=1",
        "metadata_key=&metadata_value=1",
        "from=today",
        "code=b&from=2026-03-02T00:00:00Z",
        "code=b&axis=value",
        "code=b&known_at=2026-03-02T00:00:00Z",
    ],
)
async def test_half_a_filter_is_malformed(filled: Book, query: str) -> None:
    path = f"{filled.path}/accounts/wallet/entries?{query}"
    answer = await filled.tenant.client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (400, "MALFORMED")


async def test_another_tenant_finds_nothing_at_all(filled: Book, other_tenant: Tenant) -> None:
    for query in ("code=b", "metadata_key=invoice&metadata_value=1"):
        path = f"{filled.path}/accounts/wallet/entries?{query}"
        answer = await other_tenant.client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "ACCOUNT_NOT_FOUND")
