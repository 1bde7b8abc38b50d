"""No route of the API takes a card number, wherever in a request it is, and none repeats it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any
from uuid import uuid4

import msgspec
import pytest
from msgspec import Meta, Struct

from bezant.kernel.http.card_numbers import IS_NUMBER, CardNumberGuard, CardNumberMisplaced
from fixtures_api import Book, Tenant, fresh_key

PAN = "4000001234562015"
WRITTEN = [
    PAN,
    "4000 0012 3456 2015",
    "4000-0012-3456-2015",
    f"paid with {PAN}, thanks",
    PAN.translate({ord(digit): 0xFF10 + int(digit) for digit in "0123456789"}),  # full width
]


def with_reference(book: Book, text: str) -> dict[str, Any]:
    return {**book.transfer("1"), "metadata": {"note": text}}


@pytest.mark.parametrize("text", WRITTEN)
async def test_text_that_holds_a_card_number_is_refused(book: Book, text: str) -> None:
    answer = await book.tenant.post(f"{book.path}/transactions", with_reference(book, text))
    assert (answer.status_code, answer.json()["code"]) == (422, "CARD_NUMBER_MISPLACED")
    assert PAN not in answer.text


BODIES: dict[str, Mapping[str, Any]] = {
    "a name": {"name": PAN, "assets": [{"code": "EUR", "scale": 2}]},
    "an unknown member": {"name": "x", "assets": [{"code": "EUR", "scale": 2}], PAN: "1"},
    "an unknown value": {"name": "x", "assets": [{"code": PAN, "scale": 2}]},
    "an escaped name": {"name": PAN, "assets": []},
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_no_error_repeats_it(tenant: Tenant, body: Mapping[str, Any]) -> None:
    raw = msgspec.json.encode(body).replace(b"4000", b"\\u0034000")
    headers = {"Content-Type": "application/json", **fresh_key()}
    answer = await tenant.client.post("/v1/books", content=raw, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "CARD_NUMBER_MISPLACED")
    assert PAN not in answer.text


async def test_paths_queries_and_keys_are_looked_at_as_well(book: Book) -> None:
    client = book.tenant.client
    body = msgspec.json.encode(book.transfer("1"))
    kind = {"Content-Type": "application/json"}
    answers = [
        await client.get(f"{book.path}/accounts/cards:{PAN}"),
        await client.get(f"{book.path}/accounts", params={"cursor": PAN}),
        await client.get(f"{book.path}/accounts", params={PAN: "1"}),
        await client.post(
            f"{book.path}/transactions", content=body, headers={**kind, "Idempotency-Key": PAN}
        ),
    ]
    assert [answer.json()["code"] for answer in answers] == ["CARD_NUMBER_MISPLACED"] * 4
    assert not any(PAN in answer.text for answer in answers)


async def test_amounts_are_no_card_numbers(book: Book) -> None:
    """The control: sixteen digits that a card could have are minor units where declared."""
    answer = await book.tenant.post(f"{book.path}/transactions", book.transfer(PAN))
    assert answer.status_code == HTTPStatus.CREATED, answer.text


async def test_identifiers_are_no_card_numbers(book: Book) -> None:
    for _ in range(50):
        body = {**book.transfer("1", id=str(uuid4())), "metadata": {"order": uuid4().hex}}
        answer = await book.tenant.post(f"{book.path}/transactions", body)
        assert answer.status_code == HTTPStatus.CREATED, answer.text


class Marked(Struct):
    amount: Annotated[str, Meta(extra=IS_NUMBER)]
    note: str | None = None


class Nested(Struct):
    items: list[Marked]
    sums: list[Annotated[str, Meta(extra=IS_NUMBER)]] | None = None


def test_only_what_is_a_number_is_exempt_and_only_in_its_field() -> None:
    guard = CardNumberGuard(Nested)
    guard.check(msgspec.json.encode({"items": [{"amount": PAN}]}))
    for item in ({"amount": f"{PAN} EUR"}, {"amount": "1", "note": PAN}, {"amount": [PAN]}):
        with pytest.raises(CardNumberMisplaced):
            guard.check(msgspec.json.encode({"items": [item]}))


def test_lists_of_numbers_are_exempt_and_nothing_else_within_them() -> None:
    guard = CardNumberGuard(Nested)
    guard.check(msgspec.json.encode({"items": [], "sums": ["1", PAN]}))
    for sums in ([f"{PAN} EUR"], PAN, [[PAN]], [{"amounts": PAN}]):
        with pytest.raises(CardNumberMisplaced):
            guard.check(msgspec.json.encode({"items": [], "sums": sums}))


def test_a_name_that_is_a_number_here_and_text_there_is_a_defect() -> None:
    class Other(Struct):
        amount: str

    class Both(Struct):
        one: Marked
        other: Other

    with pytest.raises(AssertionError, match="amount"):
        CardNumberGuard(Both)


PHONE = "+4915112345678"  # thirteen digits with a card's beginning and check digit


async def test_telephone_numbers_are_no_card_numbers(tenant: Tenant) -> None:
    person = {"name": "Ann", "phone": PHONE}
    answer = await tenant.post("/v1/contacts", person)
    assert answer.status_code == HTTPStatus.CREATED, answer.text
    for elsewhere in ({"name": PHONE}, {"name": "Ann", "phone": PHONE.removeprefix("+")}):
        answer = await tenant.post("/v1/contacts", elsewhere)
        assert answer.json()["code"] == "CARD_NUMBER_MISPLACED", "the control"
