"""Book transfers: settled in the commit that takes them, within every limit, once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from bezant.kernel.database import Database
from bezant.payments.states import LEGAL
from customers import CustomerBank, new_party
from fixtures_api import Tenant, fresh_key


def transfer(debtor: str, creditor: str, amount: int = 100, **more: object) -> dict[str, Any]:
    return {
        "debtor_account": debtor,
        "creditor": {"account_id": creditor},
        "asset": "EUR",
        "amount": str(amount),
        **more,
    }


async def two(bank: CustomerBank, amount: int = 10_000) -> tuple[str, str]:
    """A funded account and an empty one."""
    return await bank.funded(amount), (await bank.open())["id"]


async def test_a_transfer_is_settled_when_it_is_answered(own: Tenant, bank: CustomerBank) -> None:
    payer, payee = await two(bank)
    made = await own.create("/v1/payments", transfer(payer, payee, 1_250))
    assert made["state"] == "settled"
    assert (await bank.balance(payer))["booked"] == "8750"
    assert (await bank.balance(payee))["booked"] == "1250"
    path = f"/v1/payments/{made['id']}/transitions"
    steps = (await own.client.get(path)).json()["transitions"]
    assert [(step["before"], step["after"]) for step in steps] == [
        (None, "received"),
        ("received", "settled"),
    ]
    posted = await own.client.get(f"{bank.book_path}/transactions/{made['id']}")
    assert posted.status_code == 200, "the ledger knows the payment by its own identifier"


async def test_a_repeat_pays_nothing_more(own: Tenant, bank: CustomerBank) -> None:
    payer, payee = await two(bank)
    headers, body = fresh_key(), transfer(payer, payee)
    answers = await asyncio.gather(*(own.post("/v1/payments", body, **headers) for _ in range(10)))
    assert {answer.content for answer in answers} == {answers[0].content}
    assert (await bank.balance(payee))["booked"] == "100"


async def test_an_account_of_the_platform_is_paid_by_its_iban(
    own: Tenant, bank: CustomerBank
) -> None:
    payer, payee = await two(bank)
    creditor = {"iban": await bank.iban(payee), "name": "Ada Lovelace"}
    made = await own.create("/v1/payments", transfer(payer, payee) | {"creditor": creditor})
    assert made["creditor_account"] == payee


async def test_what_is_not_there_is_not_paid_and_leaves_no_order(
    own: Tenant, bank: CustomerBank
) -> None:
    payer, payee = await two(bank, 10)
    answer = await own.post("/v1/payments", transfer(payer, payee, 50_011))
    assert (answer.status_code, answer.json()["code"]) == (422, "OVERDRAFT_EXCEEDED")
    listed = await own.client.get(f"/v1/payments?debtor_account={payer}")
    assert listed.json()["payments"] == []


@pytest.mark.parametrize("days", [-1, 1], ids=["over", "standing"])
async def test_a_block_stops_payments_both_ways_until_it_is_over(
    own: Tenant, bank: CustomerBank, days: int
) -> None:
    payer, payee = await bank.funded(1_000), await bank.funded(1_000)
    until = (datetime.now(UTC) + timedelta(days=days)).isoformat()
    block = {"kind": "fraud", "direction": "both", "reason": "suspicion", "expires_at": until}
    await own.create(f"/v1/accounts/{payer}/blocks", block)
    answers = [
        await own.post("/v1/payments", transfer(payer, payee)),
        await own.post("/v1/payments", transfer(payee, payer)),
    ]
    expected = (201, None) if days < 0 else (422, "ACCOUNT_BLOCKED")
    assert [(each.status_code, each.json().get("code")) for each in answers] == [expected] * 2


async def test_an_account_whose_status_is_blocked_neither_pays_nor_is_paid(
    own: Tenant, bank: CustomerBank
) -> None:
    payer, payee = await bank.funded(1_000), await bank.funded(1_000)
    path = f"/v1/accounts/{payer}/status"
    await own.create(path, {"status": "blocked", "reason": "court_order"})
    for body in (transfer(payer, payee), transfer(payee, payer)):
        answer = await own.post("/v1/payments", body)
        assert (answer.status_code, answer.json()["code"]) == (422, "ACCOUNT_NOT_ACTIVE")
    await own.create(path, {"status": "active", "reason": "order_lifted"})
    await own.create("/v1/payments", transfer(payer, payee))
    await own.create("/v1/payments", transfer(payee, payer))


async def test_of_many_at_once_as_many_pass_as_there_is_money_for(
    own: Tenant, bank: CustomerBank
) -> None:
    payer, payee = await two(bank, 1_000)
    await own.client.put(
        f"/v1/accounts/{payer}/overdraft",
        json={"asset": "EUR", "amount": "0", "reason": "none"},
        headers=fresh_key(),
    )
    answers = await asyncio.gather(
        *(own.post("/v1/payments", transfer(payer, payee, 300)) for _ in range(20))
    )
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(201), statuses.count(422)) == (3, 17)
    assert (await bank.balance(payee))["booked"] == "900"


async def test_of_many_at_once_as_many_pass_as_the_limit_allows(
    own: Tenant, bank: CustomerBank
) -> None:
    payer, payee = await two(bank)
    limits = {"limits": [{"asset": "EUR", "window": "day", "amount": "1000"}]}
    done = await own.client.put(f"/v1/accounts/{payer}/limits", json=limits, headers=fresh_key())
    assert done.status_code == 200, done.text
    answers = await asyncio.gather(
        *(own.post("/v1/payments", transfer(payer, payee, 300)) for _ in range(20))
    )
    assert [answer.status_code for answer in answers].count(201) == 3
    codes = {answer.json()["code"] for answer in answers if answer.status_code == 422}
    assert codes == {"LIMIT_EXCEEDED"}


async def test_a_payment_that_needs_two_signatures_waits_for_them_and_is_paid_once(
    own: Tenant, bank: CustomerBank
) -> None:
    payer, payee = await two(bank)
    ada, grace, alan = [await new_party(own) for _ in range(3)]
    for party in (ada, grace, alan):
        mandate = {"party_id": party, "role": "holder"}
        await own.create(f"/v1/accounts/{payer}/parties", mandate)
    rules = {"bands": [{"asset": "EUR", "signatures": 2}]}
    path = f"/v1/accounts/{payer}/signing-rules"
    done = await own.client.put(path, json=rules, headers=fresh_key())
    assert done.status_code == 200, done.text

    made = await own.create("/v1/payments", transfer(payer, payee, 500, party_id=ada))
    assert made["state"] == "awaiting_approval"
    assert (await bank.balance(payee))["booked"] == "0"
    path = f"/v1/payments/{made['id']}"
    again = await own.post(f"{path}/approve", {"party_id": ada})
    assert again.json()["code"] == "ALREADY_APPROVED_BY_PARTY"
    stranger = await own.post(f"{path}/approve", {"party_id": str(uuid4())})
    assert stranger.json()["code"] == "MAY_NOT_ACT"
    signed = await asyncio.gather(
        *(own.post(f"{path}/approve", {"party_id": party}) for party in (grace, alan))
    )
    assert sorted(answer.status_code for answer in signed) == [200, 409]
    assert (await bank.balance(payee))["booked"] == "500"
    late = await own.post(f"{path}/withdraw", {"party_id": grace})
    assert late.json()["code"] == "PAYMENT_NOT_WAITING"


async def test_a_cancelled_payment_gives_back_what_it_spent_of_limits(
    own: Tenant, bank: CustomerBank
) -> None:
    payer, payee = await two(bank)
    ada, grace = await new_party(own), await new_party(own)
    for party in (ada, grace):
        await own.create(f"/v1/accounts/{payer}/parties", {"party_id": party, "role": "holder"})
    rules = {"bands": [{"asset": "EUR", "signatures": 2}]}
    path = f"/v1/accounts/{payer}/signing-rules"
    await own.client.put(path, json=rules, headers=fresh_key())
    limits = {"limits": [{"asset": "EUR", "window": "day", "amount": "500"}]}
    await own.client.put(f"/v1/accounts/{payer}/limits", json=limits, headers=fresh_key())
    made = await own.create("/v1/payments", transfer(payer, payee, 500, party_id=ada))
    more = await own.post("/v1/payments", transfer(payer, payee, 1, party_id=ada))
    assert more.json()["code"] == "LIMIT_EXCEEDED"
    path = f"/v1/payments/{made['id']}"
    cancelled = await own.create(f"{path}/cancel", {"reason": "customer_wish"})
    assert (cancelled["state"], cancelled["reason"]) == ("cancelled", "customer_wish")
    assert (await own.post(f"{path}/approve", {"party_id": grace})).status_code == 409
    await own.create("/v1/payments", transfer(payer, payee, 500, party_id=ada))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"debtor_account": str(uuid4())}, "UNKNOWN_DEBTOR_ACCOUNT"),
        ({"creditor": {"account_id": str(uuid4())}}, "UNKNOWN_CREDITOR_ACCOUNT"),
        (
            {"creditor": {"iban": "DE89370400440532013000", "name": "Ada"}},
            "UNKNOWN_CREDITOR_ACCOUNT",
        ),
        ({"creditor": {"iban": "DE89370400440532013001", "name": "Ada"}}, "CREDITOR_IBAN_INVALID"),
        ({"rail": "pigeons"}, "UNKNOWN_RAIL"),
        ({"rail": "scheme"}, "RAIL_UNFIT"),
        ({"asset": "JPY"}, "ASSET_NOT_HELD"),
    ],
    ids=["debtor", "creditor", "nobody's IBAN", "wrong IBAN", "rail", "rail inside", "asset"],
)
async def test_what_cannot_be_paid_is_refused_by_name(
    own: Tenant, bank: CustomerBank, change: dict[str, Any], code: str
) -> None:
    payer, payee = await two(bank)
    answer = await own.post("/v1/payments", transfer(payer, payee) | change)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_an_account_does_not_pay_itself(own: Tenant, bank: CustomerBank) -> None:
    payer, _ = await two(bank)
    itself = await own.post("/v1/payments", transfer(payer, payer))
    assert itself.json()["code"] == "SAME_ACCOUNTS"


async def test_what_a_payment_says_is_sealed_and_read_with_a_purpose(
    own: Tenant, bank: CustomerBank, database: Database
) -> None:
    payer, payee = await two(bank)
    said = {"debtor_name": "Ada Lovelace", "remittance": "For the engine", "end_to_end_id": "E-1"}
    made = await own.create("/v1/payments", transfer(payer, payee) | said)
    rows = await database.fetch(
        "SELECT sealed FROM payment_content WHERE tenant_id = $1 AND order_id = $2",
        own.id,
        UUID(made["id"]),
    )
    assert len(rows) == 1
    assert b"Lovelace" not in rows[0]["sealed"]
    path = f"/v1/payments/{made['id']}/content"
    assert (await own.client.get(path)).status_code == 400, "no purpose"
    content = (await own.client.get(f"{path}?purpose=support")).json()
    assert {name: content[name] for name in said} == said


async def test_the_database_knows_the_same_transitions_as_the_code(database: Database) -> None:
    rows = await database.fetch("SELECT from_state, to_state FROM legal_transition")
    written = {(before or "none", after) for before, every in LEGAL.items() for after in every}
    assert {(row["from_state"], row["to_state"]) for row in rows} == written


@pytest.mark.parametrize(
    ("seq", "before", "change", "constraint"),
    [
        (3, 2, ("settled", "received"), "from_state_to_state"),
        (4, 3, ("settled", "returned"), "before_seq"),
        (3, 2, ("received", "settled"), "before_seq"),
        (3, 1, ("settled", "returned"), "check"),
        (1, None, ("none", "received"), "pkey"),
    ],
    ids=["illegal", "a gap", "a fork", "a leap", "a second beginning"],
)
async def test_no_code_can_write_a_history_that_is_not_one(
    own: Tenant,
    bank: CustomerBank,
    database: Database,
    seq: int,
    before: int | None,
    change: tuple[str, str],
    constraint: str,
) -> None:
    payer, payee = await two(bank)
    made = await own.create("/v1/payments", transfer(payer, payee))
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await database.transaction(
            lambda connection: connection.execute(
                "INSERT INTO payment_transition (tenant_id, order_id, seq, before_seq, from_state,"
                " to_state, at, actor) VALUES ($1, $2, $3, $4, $5, $6, now(), 'forger')",
                own.id,
                UUID(made["id"]),
                seq,
                before,
                *change,
            )
        )
    assert constraint in str(refused.value.constraint_name)
