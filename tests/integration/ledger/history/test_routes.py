"""Balances and entries at any moment, as a client asks for them."""

from typing import Any

import pytest

from bezant.kernel.pagination import write_cursor
from bezant.ledger.history import Axis
from bezant.ledger.past import Asked
from fixtures_api import Book, Tenant, open_book

PAYMENTS = (
    ("2020-03-10T12:00:00Z", "300", "2020-03-12"),
    ("2020-01-05T09:00:00Z", "100", "2020-01-07"),
    ("2020-02-01T00:00:00Z", "200", "2020-01-06"),
)


@pytest.fixture
async def paid(tenant: Tenant) -> tuple[Book, list[dict[str, Any]]]:
    """A new book after three payments that were not made in the order in which they count."""
    book = await open_book(tenant)
    answers = []
    for effective_at, amount, value_date in PAYMENTS:
        body = book.transfer(amount, effective_at=effective_at)
        body["postings"][0] |= {"value_date": value_date, "booking_date": value_date}
        answers.append(await tenant.create(f"{book.path}/transactions", body))
    return book, answers


async def get(book: Book, what: str, **query: str) -> dict[str, Any]:
    answer = await book.tenant.client.get(f"{book.path}/accounts/wallet/{what}", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def posted(book: Book, **query: str) -> str:
    return str((await get(book, "balance", **query))["posted"])


async def test_a_balance_counts_what_had_happened_as_it_was_known(
    paid: tuple[Book, list[dict[str, Any]]],
) -> None:
    book, [first, second, third] = paid
    opening = 100_000  # it counts from when it was posted, which is later
    assert await posted(book) == str(opening + 600)
    assert await posted(book, effective_at="2020-01-05T08:59:59.999999Z") == "0"
    assert await posted(book, effective_at="2020-01-05T09:00:00Z") == "100"
    assert await posted(book, effective_at="2020-02-01T01:00:00+01:00") == "300"
    assert await posted(book, effective_at="2020-03-31T00:00:00Z") == "600"
    assert await posted(book, known_at=first["recorded_at"]) == str(opening + 300)
    year = {"effective_at": "2020-02-28T00:00:00Z"}
    assert await posted(book, **year, known_at=first["recorded_at"]) == "0"
    assert await posted(book, **year, known_at=second["recorded_at"]) == "100"
    assert await posted(book, **year, known_at=third["recorded_at"]) == "300"
    assert await posted(book, known_at="2001-01-01T00:00:00Z") == "0"


async def test_a_balance_of_the_past_says_which_moment_it_is_for(
    paid: tuple[Book, list[dict[str, Any]]],
) -> None:
    book, [first, _, third] = paid
    now = await get(book, "balance")
    assert {"effective_at", "known_at", "seq"}.isdisjoint(now)
    effective_at = "2020-12-31T00:00:00Z"
    then = await get(book, "balance", effective_at=effective_at, known_at=first["recorded_at"])
    assert then["seq"] == first["seq"]
    assert (then["effective_at"], then["known_at"]) == (effective_at, first["recorded_at"])
    assert (then["as_of"], then["version"]) == (first["recorded_at"], 1)
    as_known_now = await get(book, "balance", effective_at="2020-03-31T00:00:00Z")
    assert (as_known_now["seq"], as_known_now["version"]) == (third["seq"], 3)
    assert "known_at" not in as_known_now


async def test_entries_come_in_the_order_of_their_axis(
    paid: tuple[Book, list[dict[str, Any]]],
) -> None:
    book, [first, second, third] = paid

    async def amounts(**query: str) -> list[str]:
        entries = (await get(book, "entries", **query))["entries"]
        return [entry["amount"] for entry in entries]

    assert await amounts() == ["100000", "300", "100", "200"]
    assert (await amounts(axis="effective"))[:3] == ["100", "200", "300"]
    assert (await amounts(axis="value", to="2020-03-12")) == ["200", "100", "300"]
    between = {"from": "2020-02-01T00:00:00Z", "to": "2020-03-10T12:00:00Z"}
    assert await amounts(**between) == ["200", "300"]
    assert await amounts(effective_at="2020-02-01T00:00:00Z") == ["100", "200"]
    days = {"axis": "booking", "from": "2020-01-07", "to": "2020-01-07"}
    assert await amounts(**days) == ["100"]
    assert await amounts(**days, known_at=first["recorded_at"]) == []
    assert await amounts(**days, known_at=second["recorded_at"]) == ["100"]
    assert await amounts(known_at=second["recorded_at"]) == ["100", "300", "100000"]
    assert third["seq"] == (await get(book, "entries", axis="value"))["seq"]


async def test_pages_know_what_the_first_one_knew(
    paid: tuple[Book, list[dict[str, Any]]],
) -> None:
    book, _ = paid
    page = await get(book, "entries", axis="value", limit="2")
    seen, seq = page["entries"], page["seq"]
    backdated = book.transfer("50", effective_at="2020-01-01T00:00:00Z")
    backdated["postings"][0] |= {"value_date": "2020-03-01"}
    await book.tenant.create(f"{book.path}/transactions", backdated)
    while page["next"]:
        page = await get(book, "entries", axis="value", limit="1", cursor=page["next"])
        assert page["seq"] == seq
        seen += page["entries"]
    assert [entry["amount"] for entry in seen] == ["200", "100", "300", "100000"]


@pytest.mark.parametrize(
    ("what", "query", "code", "field"),
    [
        ("balance", {"effective_at": "2020-01-01"}, "MALFORMED", "effective_at"),
        ("balance", {"effective_at": "2020-01-01T00:00:00"}, "MALFORMED", "effective_at"),
        ("balance", {"effective_at": "1577836800"}, "MALFORMED", "effective_at"),
        ("balance", {"effective_at": "1950-01-01T00:00:00Z"}, "MALFORMED", "effective_at"),
        ("balance", {"known_at": "now"}, "MALFORMED", "known_at"),
        ("balance", {"known_at": "9998-01-01T00:00:00Z"}, "KNOWN_AT_IN_FUTURE", "known_at"),
        ("entries", {"known_at": "9998-01-01T00:00:00Z"}, "KNOWN_AT_IN_FUTURE", "known_at"),
        ("entries", {"axis": "recorded"}, "MALFORMED", "axis"),
        ("entries", {"axis": "value", "from": "2020-01-01T00:00:00Z"}, "MALFORMED", "from"),
        ("entries", {"from": "2020-01-01"}, "MALFORMED", "from"),
        ("entries", {"axis": "booking", "to": "2020-02-30"}, "MALFORMED", "to"),
        (
            "entries",
            {"axis": "value", "effective_at": "2020-01-01T00:00:00Z"},
            "MALFORMED",
            "effective_at",
        ),
        (
            "entries",
            {"to": "2020-01-01T00:00:00Z", "effective_at": "2020-01-01T00:00:00Z"},
            "MALFORMED",
            "effective_at",
        ),
        ("entries", {"axis": "value", "cursor": "x"}, "INVALID_CURSOR", "cursor"),
    ],
)
async def test_what_names_no_moment_is_refused(
    book: Book, what: str, query: dict[str, str], code: str, field: str
) -> None:
    path = f"{book.path}/accounts/wallet/{what}"
    answer = await book.tenant.client.get(path, params=query)
    assert (answer.json()["code"], answer.json()["field"]) == (code, field)
    assert answer.status_code == (422 if code == "KNOWN_AT_IN_FUTURE" else 400)


async def test_a_cursor_belongs_to_its_listing(
    paid: tuple[Book, list[dict[str, Any]]],
) -> None:
    book, _ = paid
    page = await get(book, "entries", axis="value", limit="1")
    path = f"{book.path}/accounts/wallet/entries"
    for others in ({}, {"axis": "booking"}, {"axis": "value", "to": "2020-03-12"}):
        query = {"cursor": page["next"], **others}
        answer = await book.tenant.client.get(path, params=query)
        assert answer.json()["code"] == "INVALID_CURSOR"


@pytest.mark.parametrize("place", ["9.999999999999999999.9.9", "9.-99999999999999999.9.29999"])
async def test_a_cursor_that_was_made_up_is_harmless(book: Book, place: str) -> None:
    listing = f"{book.path}/accounts/wallet/entries?{Asked(Axis.VALUE, None, None, None)}"
    query = {"axis": "value", "cursor": write_cursor(listing, place)}
    answer = await book.tenant.client.get(f"{book.path}/accounts/wallet/entries", params=query)
    assert answer.status_code in {200, 400}


async def test_another_tenants_past_is_unknown(book: Book, other_tenant: Tenant) -> None:
    for what in ("balance?effective_at=2020-01-01T00:00:00Z", "entries?axis=value"):
        path = f"{book.path}/accounts/wallet/{what}"
        assert (await other_tenant.client.get(path)).json()["code"] == "ACCOUNT_NOT_FOUND"
        assert (await book.tenant.client.get(path)).status_code == 200
