"""Metadata and reasons refuse what looks like personal data, on every route that takes them."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from bezant.kernel.database import Database
from fixtures_api import Api, Book, Tenant, fx_quote, open_book, open_desk

CARD = "4111 1111 1111 1111"
IBAN = "DE89370400440532013000"
EMAIL = "alice@example.com"
PHONE = "+44 20 7946 0123"

REFUSED = (422, "PERSONAL_DATA_REFUSED")
MISPLACED = (422, "CARD_NUMBER_MISPLACED")
"""No route but the vault's reads a body that holds a card number."""


async def _transaction(book: Book) -> tuple[str, dict[str, Any]]:
    return f"{book.path}/transactions", book.transfer("1")


async def _reversal(book: Book) -> tuple[str, dict[str, Any]]:
    return f"{book.path}/transactions/{book.transaction}/reverse", {}


async def _accrual(book: Book) -> tuple[str, dict[str, Any]]:
    leg = book.transfer("120")["postings"][0]
    return f"{book.path}/accruals", {**leg, "first_period": "2060-01", "periods": 12}


async def _conversion(book: Book) -> tuple[str, dict[str, Any]]:
    accounts = {"from_account": "wallet", "to_account": "dollars"}
    return f"{book.path}/fx/conversions", {"quote": await fx_quote(book), **accounts}


DIRECT: dict[str, Callable[[Book], Awaitable[tuple[str, dict[str, Any]]]]] = {
    "post_transaction": _transaction,
    "reverse_transaction": _reversal,
    "create_accrual": _accrual,
    "convert_currency": _conversion,
}
"""Routes whose bodies have `metadata` as a member, by their operation."""

NESTED = {"post_batch", "create_schedule"}
"""Those that have it further inside."""


@pytest.fixture(scope="module")
async def desk(tenant: Tenant) -> Book:
    return await open_desk(tenant)


def outcome(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("operation", DIRECT)
@pytest.mark.parametrize(
    ("value", "kind"),
    [(CARD, None), (IBAN, "iban"), (EMAIL, "email"), (PHONE, "phone")],
)
async def test_a_value_is_refused_by_its_key_and_not_quoted(
    desk: Book, operation: str, value: str, kind: str | None
) -> None:
    path, body = await DIRECT[operation](desk)
    body["metadata"] = {"invoice": "2031", "payer": f"from {value}"}
    answer = await desk.tenant.post(path, body)
    assert outcome(answer) == (REFUSED if kind else MISPLACED)
    problem = answer.json()
    assert (problem["field"], problem.get("looks_like")) == ("metadata.payer", kind)
    assert value not in answer.text


@pytest.mark.parametrize("operation", DIRECT)
async def test_a_key_is_refused_and_not_quoted(desk: Book, operation: str) -> None:
    path, body = await DIRECT[operation](desk)
    answer = await desk.tenant.post(path, {**body, "metadata": {EMAIL: "payer"}})
    assert outcome(answer) == REFUSED
    assert answer.json()["field"] == "metadata"
    assert EMAIL not in answer.text


@pytest.mark.parametrize("operation", sorted({*DIRECT} - {"convert_currency"}))
async def test_a_reason_is_refused_and_not_quoted(desk: Book, operation: str) -> None:
    path, body = await DIRECT[operation](desk)
    answer = await desk.tenant.post(path, {**body, "reason": f"Refund to {IBAN}"})
    assert outcome(answer) == REFUSED
    assert answer.json()["field"] == "reason"
    assert IBAN not in answer.text


async def test_a_schedule_is_refused_before_anything_comes_due(desk: Book) -> None:
    template = {**desk.transfer("1"), "metadata": {"payer": IBAN}}
    body = {"transaction": template, "first_at": "2060-01-01T00:00:00Z", "every": "day"}
    answer = await desk.tenant.post(f"{desk.path}/schedules", body)
    assert outcome(answer) == REFUSED
    assert answer.json()["field"] == "transaction.metadata.payer"


async def test_an_item_of_a_batch_is_refused_by_itself(desk: Book) -> None:
    items = [
        desk.transfer("1", id=str(uuid4()), metadata={"payer": each}) for each in ("ann", PHONE)
    ]
    answer = await desk.tenant.post(f"{desk.path}/transactions/batch", {"transactions": items})
    first, second = answer.json()["results"]
    assert first["status"] == 201
    assert (second["status"], second["code"], second["field"]) == (*REFUSED, "metadata.payer")
    assert PHONE not in answer.text


async def test_a_dry_run_is_refused_as_well(desk: Book) -> None:
    body = desk.transfer("1", metadata={"payer": EMAIL}, dry_run=True)
    assert outcome(await desk.tenant.post(f"{desk.path}/transactions", body)) == REFUSED


async def test_an_id_whose_content_was_refused_can_be_used(desk: Book) -> None:
    body = desk.transfer("1", id=str(uuid4()), metadata={"payer": EMAIL})
    assert outcome(await desk.tenant.post(f"{desk.path}/transactions", body)) == REFUSED
    body["metadata"] = {"payer": str(uuid4())}
    assert (await desk.tenant.post(f"{desk.path}/transactions", body)).status_code == 201


async def test_a_key_is_not_quoted_when_an_id_was_used_for_something_else(desk: Book) -> None:
    body = desk.transfer("1", id=str(uuid4()), metadata={"invoice": "2031"})
    await desk.tenant.create(f"{desk.path}/transactions", body)
    answer = await desk.tenant.post(
        f"{desk.path}/transactions", {**body, "metadata": {EMAIL: "payer"}}
    )
    assert outcome(answer) == REFUSED
    assert EMAIL not in answer.text


async def test_nothing_of_what_was_refused_is_stored(tenant: Tenant, database: Database) -> None:
    book = await open_book(tenant)
    secret = "carol@secret.example"
    body = book.transfer("1", metadata={"payer": secret})
    assert outcome(await tenant.post(f"{book.path}/transactions", body)) == REFUSED
    tables = await database.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        " AND table_type = 'BASE TABLE'"
    )
    assert len(tables) > 20
    for table in tables:
        rows = await database.fetch(f'SELECT t::text AS text FROM "{table["table_name"]}" t')
        # Bytes are written as hexadecimal.
        assert not any(secret in row["text"] for row in rows), table["table_name"]
        assert not any(secret.encode().hex() in row["text"] for row in rows), table["table_name"]


async def test_what_metadata_are_for_is_taken(desk: Book) -> None:
    metadata = {
        "vault": str(uuid4()),
        "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "due": "2026-11-28T15:42:04.123456+01:00",
        "invoice": "INV-2026-000123",
        "ordered": "1790000000000",
    }
    posted = await desk.tenant.create(
        f"{desk.path}/transactions", desk.transfer("1", metadata=metadata)
    )
    found = await desk.tenant.client.get(f"{desk.path}/transactions/{posted['id']}")
    assert found.json()["metadata"] == metadata


async def test_every_route_that_takes_metadata_is_here(api: Api) -> None:
    document = await api.document()
    schemas = document["components"]["schemas"]

    def names(schema: object, seen: frozenset[str] = frozenset()) -> set[str]:
        """The members that a body may have, however deep."""
        if isinstance(schema, list):
            return {name for each in schema for name in names(each, seen)}
        if not isinstance(schema, dict):
            return set()
        reference = str(schema.get("$ref", "")).rpartition("/")[2]
        inside = (
            names(schemas[reference], seen | {reference}) if reference not in {"", *seen} else ()
        )
        own = set(schema.get("properties", ()))
        return own.union(inside, *(names(each, seen) for each in schema.values()))

    taking = {
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
        if "metadata" in names(operation.get("requestBody", {}))
    }
    assert taking == {*DIRECT} | NESTED
