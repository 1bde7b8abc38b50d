"""Tokenizing through the vault's HTTP face."""

import asyncio
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from bezant.kernel.card_numbers import luhn_sum
from fixtures_vault import Counter
from tokenized import IBAN, PAN, TOKENS, card, reveal, rows_of, value


async def test_a_card_becomes_a_token_that_shows_what_may_be_shown(counter: Counter) -> None:
    subject = uuid4()
    token = await counter.create(TOKENS, card(subject, number="4111 1111-1111 1111"))
    assert token["token"].startswith("tok_")
    assert (token["brand"], token["bin"], token["last_four"]) == ("visa", "41111111", "1111")
    assert token["subject_id"] == str(subject)
    assert (token["status"], token["reused"], token["cvc_held"]) == ("active", False, False)
    assert PAN not in msgspec.json.encode(token).decode()
    [revealed] = await reveal(counter, token["token"])
    assert revealed["card"] == {
        "number": PAN,
        "expiry_month": 12,
        "expiry_year": 2039,
        "holder": "Ann Lee",
    }


async def test_bank_accounts_and_other_values_are_tokenized_likewise(counter: Counter) -> None:
    iban = {"subject_id": str(uuid4()), "bank_account": {"iban": "gb82 west 1234 5698 7654 32"}}
    uk = {
        "subject_id": str(uuid4()),
        "bank_account": {"sort_code": "20-00-00", "account_number": "5577991"},
    }
    tokens = [
        (await counter.create(TOKENS, each))["token"] for each in (iban, uk, value("X12 / 9"))
    ]
    first, second, third = await reveal(counter, *tokens)
    assert first["bank_account"] == {"iban": IBAN}
    assert second["bank_account"] == {"sort_code": "200000", "account_number": "05577991"}
    assert third["value"] == "X12 / 9"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (card(number="4111111111111112"), "CARD_NUMBER_REFUSED"),
        (card(number="0000000000000000"), "CARD_NUMBER_REFUSED"),
        (card(expiry_year=2020), "CARD_EXPIRED"),
        (card(expiry_year=2999), "CARD_EXPIRY_REFUSED"),
        (card(holder="4111111111111111"), "CARD_HOLDER_REFUSED"),
        (card(format="shaped"), "TOKEN_FORMAT_REFUSED"),
        (value("ab", format="shaped"), "TOKEN_SHAPE_REFUSED"),
        (value("12345678", format="ff1"), "NEVER_ERASED_REQUIRED"),
        (value("12345", format="ff1", never_erased=True), "TOKEN_SHAPE_REFUSED"),
        (
            {"subject_id": str(uuid4()), "bank_account": {"iban": "GB82WEST12345698765433"}},
            "ACCOUNT_NUMBER_REFUSED",
        ),
        ({"subject_id": str(uuid4())}, "MALFORMED"),
        (card() | value("1"), "MALFORMED"),
        (card(cvc="12"), "MALFORMED"),
        ({"subject_id": str(uuid4()), "bank_account": {"sort_code": "200000"}}, "MALFORMED"),
    ],
)
async def test_what_is_no_such_value_is_refused_and_not_quoted(
    counter: Counter, body: dict[str, Any], code: str
) -> None:
    answer = await counter.post(TOKENS, body)
    assert answer.json()["code"] == code
    number = body.get("card", {}).get("number", "-" * 20)
    assert number not in answer.text
    assert await rows_of(counter, "vault_token") == 0


async def test_a_shaped_token_looks_like_its_value_and_is_no_card(counter: Counter) -> None:
    bare = await counter.create(TOKENS, card(format="card"))
    with_bin = await counter.create(TOKENS, card(format="card_bin"))
    shaped = await counter.create(TOKENS, value("AB-123456.x", format="shaped"))
    computed = await counter.create(TOKENS, card(format="ff1", never_erased=True))
    for token in (bare["token"], with_bin["token"], computed["token"]):
        assert len(token) == len(PAN)
        assert luhn_sum(token) != 0
    assert bare["token"].endswith("1111")
    assert with_bin["token"].startswith("41111111")
    assert shaped["token"][2] == "-"
    assert shaped["token"][3:9].isdigit()
    for token, expected in ((bare, PAN), (with_bin, PAN), (computed, PAN)):
        [revealed] = await reveal(counter, token["token"])
        assert revealed["card"]["number"] == expected


async def test_when_no_token_of_a_shape_is_free_it_is_said_so(counter: Counter) -> None:
    # 12 digits, of which the first six and the last four are kept, leave too few.
    answer = await counter.post(TOKENS, card(number="501800000009", format="card_bin"))
    assert answer.json()["code"] == "TOKEN_SHAPE_REFUSED"


async def test_a_subject_has_one_token_for_a_value_in_each_format(counter: Counter) -> None:
    subject = uuid4()
    first = await counter.create(TOKENS, card(subject))
    again = await counter.create(TOKENS, card(subject))
    assert (again["token"], again["reused"]) == (first["token"], True)
    others = [
        await counter.create(TOKENS, each)
        for each in (card(subject, format="card"), card(), card(subject, single_use=True))
    ]
    assert len({first["token"], *(other["token"] for other in others)}) == 4
    assert not any(other["reused"] for other in others)


async def test_fifty_at_once_for_one_card_are_given_one_token(counter: Counter) -> None:
    subject = uuid4()
    answers = await asyncio.gather(*(counter.post(TOKENS, card(subject)) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["token"] for answer in answers}) == 1
    assert [answer.json()["reused"] for answer in answers].count(False) == 1
    assert await rows_of(counter, "vault_token") == 1
    assert await rows_of(counter, "vault_value") == 3


async def test_a_renewed_card_keeps_its_token_and_has_the_new_expiry(counter: Counter) -> None:
    subject = uuid4()
    first = await counter.create(TOKENS, card(subject))
    await counter.create(TOKENS, card(subject, expiry_year=2040, holder=None))
    [revealed] = await reveal(counter, first["token"])
    assert revealed["card"]["expiry_year"] == 2040
    assert revealed["card"]["holder"] == "Ann Lee"
    assert await rows_of(counter, "vault_value") == 3


async def test_a_token_asked_for_again_lives_as_long_as_either_asked(counter: Counter) -> None:
    subject = uuid4()
    first = await counter.create(TOKENS, card(subject, ttl_s=60))
    longer = await counter.create(TOKENS, card(subject, ttl_s=600))
    shorter = await counter.create(TOKENS, card(subject, ttl_s=90))
    for_good = await counter.create(TOKENS, card(subject))
    assert first["expires_at"] < longer["expires_at"] == shorter["expires_at"]
    assert for_good["expires_at"] is None
    assert {each["token"] for each in (longer, shorter, for_good)} == {first["token"]}


async def test_a_repeat_is_answered_with_the_same_bytes_and_another_body_refused(
    counter: Counter,
) -> None:
    body, key = card(cvc="123"), {"Idempotency-Key": "once"}
    first = await counter.post(TOKENS, body, **key)
    again = await counter.post(TOKENS, body, **key)
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await counter.post(TOKENS, card(), **key)
    assert other.json()["code"] == "IDEMPOTENCY_KEY_REUSED"


async def test_what_is_stored_of_a_request_tells_nothing_of_its_card(counter: Counter) -> None:
    await counter.create(TOKENS, card(cvc="987"))
    [record] = await counter.room.database.fetch(
        "SELECT body, fingerprint FROM idempotency_record WHERE tenant_id = $1", counter.tenant.id
    )
    assert PAN.encode() not in record["body"]
    assert b"987" not in record["body"]
    assert b"Ann" not in record["body"]


async def test_a_batch_answers_each_item_by_itself(counter: Counter) -> None:
    subject = uuid4()
    good, bad, same = card(subject), card(number="4111111111111112"), card(subject)
    items = [each | {"id": str(uuid4())} for each in (good, bad, same)]
    results = (await counter.create(f"{TOKENS}/batch", {"tokens": items}))["results"]
    assert [each["status"] for each in results] == [201, 422, 201]
    assert results[1]["code"] == "CARD_NUMBER_REFUSED"
    assert results[1]["field"] == "card.number"
    assert results[0]["token"]["token"] == results[2]["token"]["token"]
    assert results[2]["token"]["reused"]


async def test_an_item_of_a_batch_is_idempotent_by_its_id(counter: Counter) -> None:
    item = card() | {"id": str(uuid4())}
    batch = {"tokens": [item]}
    [first] = (await counter.create(f"{TOKENS}/batch", batch))["results"]
    [again] = (await counter.create(f"{TOKENS}/batch", batch))["results"]
    assert again["token"] == first["token"]
    assert (first.get("stood_before", False), again["stood_before"]) == (False, True)
    other = {"tokens": [card() | {"id": item["id"]}]}
    [reused] = (await counter.create(f"{TOKENS}/batch", other))["results"]
    assert reused["code"] == "IDEMPOTENCY_KEY_REUSED"


async def test_an_id_that_comes_twice_in_a_batch_is_one_item(counter: Counter) -> None:
    item = card() | {"id": str(uuid4())}
    body = {"tokens": [item, item, card() | {"id": item["id"]}]}
    first, same, other = (await counter.create(f"{TOKENS}/batch", body))["results"]
    assert same["token"] == first["token"]
    assert same["stood_before"]
    assert other["code"] == "IDEMPOTENCY_KEY_REUSED"


async def test_twenty_equal_batches_at_once_make_each_token_once(counter: Counter) -> None:
    items = [card(single_use=True) | {"id": str(uuid4())} for _ in range(5)]
    answers = await asyncio.gather(
        *(counter.post(f"{TOKENS}/batch", {"tokens": items}) for _ in range(20))
    )
    assert {answer.status_code for answer in answers} == {200}
    given = {
        tuple(each["token"]["token"] for each in answer.json()["results"]) for answer in answers
    }
    assert len(given) == 1
    assert await rows_of(counter, "vault_token") == 5


async def test_the_same_batch_with_its_key_is_replayed(counter: Counter) -> None:
    body = {"tokens": [card() | {"id": str(uuid4())}]}
    key = {"Idempotency-Key": "batch"}
    first = await counter.post(f"{TOKENS}/batch", body, **key)
    again = await counter.post(f"{TOKENS}/batch", body, **key)
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_with_the_key_store_down_nothing_is_tokenized(counter: Counter) -> None:
    counter.room.key_store.is_down = True
    answer = await counter.post(TOKENS, card())
    assert (answer.status_code, answer.json()["code"]) == (503, "KEY_STORE_DOWN")
    assert await rows_of(counter, "vault_token") == 0
