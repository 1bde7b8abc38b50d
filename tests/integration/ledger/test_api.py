"""The ledger's routes, over a real ledger."""

import asyncio
from uuid import uuid4

import httpx
import pytest

from bezant.kernel.database import Database
from fixtures_api import Book, Tenant, fresh_key, open_book


async def test_what_is_posted_is_read_back_by_every_route(tenant: Tenant) -> None:
    book = await open_book(tenant)
    get = tenant.client.get
    stored = (await get(book.path)).json()
    assert (stored["id"], stored["time_zone"]) == (book.id, "UTC")
    assert book.id in await _listed_books(tenant)
    account = (await get(f"{book.path}/accounts/wallet")).json()
    assert (account["type"], account["status"]) == ("liability", "open")
    balance = (await get(f"{book.path}/accounts/wallet/balance")).json()
    assert (balance["posted"], balance["available"]) == ("100000", "100000")
    [entry] = (await get(f"{book.path}/accounts/wallet/entries")).json()["entries"]
    assert (entry["direction"], entry["counterparty"]) == ("credit", "world")
    recorded = (await get(f"{book.path}/transactions/{book.transaction}")).json()
    assert recorded["postings"][0]["transfer_id"] == entry["transfer_id"]


async def test_reading_what_may_identify_people_is_audited(
    tenant: Tenant, database: Database
) -> None:
    """References only: who read which transaction. One without metadata leaves no entry."""
    book = await open_book(tenant)
    named = await tenant.create(
        f"{book.path}/transactions", book.transfer("5", metadata={"name": "Ann Smith"})
    )
    for transaction in (named["id"], book.transaction):
        await tenant.client.get(f"{book.path}/transactions/{transaction}")
    entries = await database.fetch(
        "SELECT actor, resource, purpose, outcome, e::text AS text FROM audit_entry e"
        " WHERE tenant_id = $1 AND action = 'transaction.read' AND resource LIKE $2",
        tenant.id,
        f"{book.path}/%",
    )
    [entry] = entries
    assert entry["resource"] == f"{book.path}/transactions/{named['id']}"
    assert entry["actor"].startswith("key:")
    assert (entry["purpose"], entry["outcome"]) == ("asked for by its id", "done")
    assert "Ann" not in entry["text"]


async def test_fifty_identical_requests_at_once_have_one_effect_and_one_answer(
    tenant: Tenant,
) -> None:
    book = await open_book(tenant)
    headers, body = fresh_key(), book.transfer("7")
    answers = await asyncio.gather(
        *(
            tenant.client.post(f"{book.path}/transactions", json=body, headers=headers)
            for _ in range(50)
        )
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    replays = [answer for answer in answers if "idempotency-replayed" in answer.headers]
    assert len(replays) == 49
    balance = (await tenant.client.get(f"{book.path}/accounts/wallet/balance")).json()
    assert balance["posted"] == "100007"


async def test_a_refusal_is_replayed_as_well(book: Book) -> None:
    body, headers = book.transfer("1"), fresh_key()
    body["postings"][0]["debit"] = "nobody"
    first = await book.tenant.post(f"{book.path}/transactions", body, **headers)
    again = await book.tenant.post(f"{book.path}/transactions", body, **headers)
    assert (first.status_code, first.json()["code"]) == (422, "UNKNOWN_ACCOUNT")
    assert first.json()["field"] == "postings[0].debit"
    assert first.headers["content-type"] == "application/problem+json"
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"


async def test_tenants_do_not_share_idempotency_keys(book: Book, other_tenant: Tenant) -> None:
    headers = fresh_key()
    body = {"name": "Money", "assets": [{"code": "EUR", "scale": 2}]}
    mine = await book.tenant.post("/v1/books", body, **headers)
    theirs = await other_tenant.post("/v1/books", body, **headers)
    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert mine.json()["id"] != theirs.json()["id"]


async def test_a_dry_run_answers_200_and_posts_nothing(tenant: Tenant) -> None:
    book = await open_book(tenant)
    answer = await tenant.post(f"{book.path}/transactions", book.transfer("5", dry_run=True))
    assert answer.status_code == 200
    balance = (await tenant.client.get(f"{book.path}/accounts/wallet/balance")).json()
    assert balance["posted"] == "100000"


async def test_a_batch_has_a_result_per_item_and_repeats_nothing(tenant: Tenant) -> None:
    book = await open_book(tenant)
    good, bad = book.transfer("5", id=str(uuid4())), book.transfer("6", id=str(uuid4()))
    bad["postings"][0]["asset"] = "XXX"
    path, body = f"{book.path}/transactions/batch", {"transactions": [good, bad, good]}
    for _ in range(2):
        results = (await tenant.create(path, body))["results"]
        assert [each["status"] for each in results] == [201, 422, 201]
        assert results[1]["code"] == "UNKNOWN_ASSET"
    balance = (await tenant.client.get(f"{book.path}/accounts/wallet/balance")).json()
    assert balance["posted"] == "100005"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": 12.5}, "postings[0].amount"),
        ({"amount": 1250}, "postings[0].amount"),
        ({"amount": "12.50"}, "postings[0].amount"),
        ({"amount": "00"}, "postings[0].amount"),
        ({"amount": "-1"}, "postings[0].amount"),
        ({"amount": "1e3"}, "postings[0].amount"),
        ({"amount": "1\n"}, "postings[0].amount"),
        ({"amount": "\u0661"}, "postings[0].amount"),
        ({"amount": "9" * 39}, "postings[0].amount"),
        ({"amount": "9" * 40}, "postings[0].amount"),
        ({"asset": "eur"}, "postings[0].asset"),
        ({"asset": "EUR\n"}, "postings[0].asset"),
        ({"debit": ""}, "postings[0].debit"),
        ({"debit": "a b"}, "postings[0].debit"),
        ({"debit": "world\n"}, "postings[0].debit"),
        ({"debit": "a" * 129}, "postings[0].debit"),
        ({"code": "c\n"}, "postings[0].code"),
        ({"booking_date": "2026-02-30"}, "postings[0].booking_date"),
        ({"booking_date": "2026-01-01T00:00:00Z"}, "postings[0].booking_date"),
        ({"colour": "red"}, "postings[0].colour"),
    ],
)
async def test_a_bad_posting_is_a_400_that_names_the_field(
    book: Book, change: dict[str, object], field: str
) -> None:
    body = book.transfer()
    body["postings"][0] |= change
    answer = await book.tenant.post(f"{book.path}/transactions", body)
    assert (answer.status_code, answer.json().get("field")) == (400, field), answer.text


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"effective_at": "2026-01-01T00:00:00"}, "effective_at"),
        ({"effective_at": "0001-01-01T00:00:00+23:59"}, "effective_at"),
        ({"effective_at": "9999-12-31T23:59:59-23:59"}, "effective_at"),
        ({"effective_at": "9999-01-01T00:00:00Z"}, "effective_at"),
        ({"effective_at": "1969-12-31T23:59:59Z"}, "effective_at"),
        ({"effective_at": 0}, "effective_at"),
        ({"id": "7"}, "id"),
        ({"metadata": {"a": 1}}, "metadata[...]"),
        ({"metadata": {"": "a"}}, "metadata"),
        ({"metadata": {"a": "b\0"}}, "a"),
        ({"metadata": {str(n): "" for n in range(51)}}, "metadata"),
        ({"reason": "r" * 501}, "reason"),
        ({"reason": "\0"}, "reason"),
        ({"dry_run": "yes"}, "dry_run"),
        ({"postings": []}, "postings"),
    ],
)
async def test_a_bad_transaction_is_a_400_that_names_the_field(
    book: Book, members: dict[str, object], field: str
) -> None:
    answer = await book.tenant.post(f"{book.path}/transactions", book.transfer() | members)
    assert (answer.status_code, answer.json().get("field")) == (400, field), answer.text


async def test_the_edges_of_time_and_amount_are_taken(tenant: Tenant) -> None:
    book = await open_book(tenant)
    for at in ("1970-01-01T00:00:00Z", "9998-12-31T23:59:59.999999Z"):
        body = book.transfer("1", effective_at=at)
        assert (await tenant.post(f"{book.path}/transactions", body)).status_code == 201
    body = book.transfer(str(2**127 - 1))
    assert (await tenant.post(f"{book.path}/transactions", body)).status_code == 201
    balance = (await tenant.client.get(f"{book.path}/accounts/wallet/balance")).json()
    assert int(balance["posted"]) == 2**127 - 1 + 100_002


@pytest.mark.parametrize(
    "account",
    ["no.such", "a%00b", "%ff", "a%2fb", "wallet%0A", "a" * 129, "a b", "-a", "%F0%9F%98%80"],
)
async def test_an_account_that_is_none_is_a_404(book: Book, account: str) -> None:
    for tail in ("", "/balance", "/entries"):
        answer = await book.tenant.client.get(f"{book.path}/accounts/{account}{tail}")
        assert answer.status_code == 404, tail


async def test_a_frozen_account_takes_nothing_until_it_is_opened_again(tenant: Tenant) -> None:
    book = await open_book(tenant)

    async def change(**members: object) -> httpx.Response:
        path = f"{book.path}/accounts/wallet"
        return await tenant.client.patch(path, json=members, headers=fresh_key())

    frozen = await change(status="frozen")
    assert (frozen.status_code, frozen.json()["status"]) == (200, "frozen")
    assert frozen.json()["limits"] == {"overdraft": "0"}, "what is left out stays"
    declined = await tenant.post(f"{book.path}/transactions", book.transfer("1"))
    assert (declined.status_code, declined.json()["code"]) == (422, "ACCOUNT_FROZEN")
    assert (await change(status="open")).status_code == 200
    assert (await tenant.post(f"{book.path}/transactions", book.transfer("1"))).status_code == 201
    closed = await change(status="closed")
    assert (closed.status_code, closed.json()["code"]) == (409, "ACCOUNT_NOT_EMPTY")
    assert closed.json()["posted"] == "100001"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"status": "melted"}, "status"),
        ({"status": None}, "status"),
        ({"limits": None}, "limits"),
        ({"limits": {"overdraft": 5}}, "limits.overdraft"),
        ({"limits": {"overdraft": "-5"}}, "limits.overdraft"),
        ({"limits": {"ceiling": "5"}}, "limits.ceiling"),
        ({"id": "another"}, "id"),
    ],
)
async def test_a_bad_change_is_a_400_that_names_the_field(
    book: Book, change: dict[str, object], field: str
) -> None:
    path = f"{book.path}/accounts/wallet"
    answer = await book.tenant.client.patch(path, json=change, headers=fresh_key())
    assert (answer.status_code, answer.json().get("field")) == (400, field), answer.text


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"assets": []}, 400, "MALFORMED"),
        ({"assets": [{"code": "EUR", "scale": 19}]}, 400, "MALFORMED"),
        ({"assets": [{"code": "EUR", "scale": 2.0}]}, 400, "MALFORMED"),
        ({"assets": [{"code": "EUR", "scale": "2"}]}, 400, "MALFORMED"),
        ({"assets": [{"code": "EUR", "scale": 2}] * 2}, 422, "ASSET_REPEATED"),
        ({"assets": [{"code": "EUR", "scale": 3}]}, 422, "ASSET_SCALE_MISMATCH"),
        ({"assets": [{"code": "JPY", "scale": 2}]}, 422, "ASSET_SCALE_MISMATCH"),
        ({"assets": [{"code": "KWD", "scale": 2}]}, 422, "ASSET_SCALE_MISMATCH"),
        ({"name": ""}, 400, "MALFORMED"),
        ({"name": "n" * 201}, 400, "MALFORMED"),
        ({"time_zone": "Mars/Olympus"}, 422, "UNKNOWN_TIME_ZONE"),
        ({"time_zone": "../../etc/passwd"}, 422, "UNKNOWN_TIME_ZONE"),
        ({"time_zone": ""}, 422, "UNKNOWN_TIME_ZONE"),
    ],
)
async def test_a_book_that_makes_no_sense_is_refused(
    tenant: Tenant, change: dict[str, object], status: int, code: str
) -> None:
    body = {"name": "Money", "assets": [{"code": "EUR", "scale": 2}]} | change
    answer = await tenant.post("/v1/books", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def _listed_books(tenant: Tenant) -> list[str]:
    found, query = [], ""
    while True:
        page = (await tenant.client.get(f"/v1/books?limit=1000{query}")).json()
        found += [each["id"] for each in page["books"]]
        if page["next"] is None:
            return found
        query = f"&cursor={page['next']}"
